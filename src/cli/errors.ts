import { EXIT } from '../trust/exit-status.ts'

/** What a command itself refuses or fails at. */
export type CliErrorCode =
  /** The command line is not one that the command takes. */
  | 'USAGE'
  /** A setting has a value that it cannot have, or the file of settings cannot be read. */
  | 'CONFIG_INVALID'
  | 'CONFIG_KEY_UNKNOWN'
  /** The folder of a node cannot be made or used. */
  | 'DATA_UNAVAILABLE'
  /** A file with a secret is open to other users, or is not what it should be. */
  | 'SECRET_FILE_UNSAFE'
  | 'SECRET_FILE_INVALID'
  /** There is a log, and the key that it was begun with is gone. */
  | 'LOG_KEY_MISSING'
  /** The settings name another log than the one in the folder. */
  | 'LOG_NAME_MISMATCH'
  /** A repair was stopped before it was done. */
  | 'REPAIR_UNFINISHED'
  | 'ADDRESS_UNAVAILABLE'
  | 'NODE_UNREACHABLE'
  /** What answered is no node, or one of another version. */
  | 'NODE_ANSWER_INVALID'
  /** The node serves another DID method than the settings name. */
  | 'NODE_METHOD_MISMATCH'
  | 'TOKEN_MISSING'
  /** The token would leave this machine unencrypted. */
  | 'TOKEN_NOT_SENT'
  | 'PASSPHRASE_MISSING'
  | 'PASSPHRASES_DIFFER'
  /** The keystore does not hold the key that the DID commits to. */
  | 'KEY_OF_DID_MISSING'
  | 'INPUT_UNREADABLE'
  | 'INPUT_INVALID'
  /** A command that cannot be taken back was not confirmed. */
  | 'NOT_CONFIRMED'
  | 'OPERATION_REJECTED'
  | 'WAITED_TOO_LONG'
  /** A DID that another driver than a node's resolves could not be resolved. */
  | 'RESOLUTION_FAILED'
  /** What is on the disk is not what was written. */
  | 'DAMAGE_FOUND'
  | 'NOT_REPAIRABLE'
  /** A step of the tour did not do what it says. */
  | 'TOUR_FAILED'
  | 'INTERRUPTED'

type ExitStatus = (typeof EXIT)[keyof typeof EXIT]

export interface CliErrorDetails {
  /** What the user can do about it. */
  hint?: string
  /** Exit status of the command; default 1. */
  status?: ExitStatus
  cause?: unknown
}

/** A command that cannot do what was asked. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: CliErrorCode
  readonly hint: string | undefined
  readonly status: ExitStatus

  constructor(code: CliErrorCode, message: string, details: CliErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.hint = details.hint
    this.status = details.status ?? EXIT.usage
  }
}

/** A problem that a node answered with (RFC 9457). `code` and `reason` are the node's. */
export class NodeProblem extends Error {
  override readonly name = 'NodeProblem'
  readonly httpStatus: number
  readonly code: string
  readonly reason: string | undefined

  constructor(httpStatus: number, code: string, message: string, reason?: string) {
    super(message)
    this.httpStatus = httpStatus
    this.code = code
    this.reason = reason
  }

  get status(): ExitStatus {
    if (this.code === 'DID_DEACTIVATED') return EXIT.ended
    const later = this.httpStatus === 404 || this.httpStatus === 429 || this.httpStatus >= 500
    return later ? EXIT.undecided : EXIT.usage
  }
}
