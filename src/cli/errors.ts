import { EXIT } from '../trust/exit-status.ts'

/** What a command itself refuses or fails at; docs/cli.md lists them. */
export const CLI_ERRORS = {
  USAGE: 'The command line is not one that the command takes.',
  CONFIG_INVALID: 'A setting has a value that it cannot have, or the file of settings cannot be read.',
  CONFIG_KEY_UNKNOWN: 'The file of settings has a setting that does not exist.',
  DATA_UNAVAILABLE: 'The folder of a node cannot be made or used, or no node has run in it.',
  SECRET_FILE_UNSAFE: 'A file with a secret is open to other users of the machine.',
  SECRET_FILE_INVALID: 'A file with a secret holds something else.',
  LOG_KEY_MISSING: 'There is a log, and the key that it was begun with is gone.',
  LEDGER_MISMATCH: 'The folder is of a node with another ledger than the settings name.',
  LOG_NAME_MISMATCH: 'The settings name another log than the one in the folder.',
  POLICY_MISSING: 'The log in the folder has had witnesses, and no policy is given.',
  WITNESS_KEY_MISSING: 'There is no key of a witness, or the one that it has signed with is gone.',
  WITNESS_DATABASE_MISSING: 'There is the key of a witness, and its record of what it has cosigned is gone.',
  WITNESS_KEY_MISMATCH: 'The command names another witness, or type of key, than that in the folder.',
  REPAIR_UNFINISHED: 'A repair was stopped before its end.',
  ADDRESS_UNAVAILABLE: 'The node cannot listen where it should.',
  NODE_UNREACHABLE: 'The node did not answer.',
  NODE_ANSWER_INVALID: 'What answered is no node, or one of another version.',
  NODE_METHOD_MISMATCH: 'The node serves another DID method than the settings name.',
  TOKEN_MISSING: 'The file with the token of the node is not there.',
  TOKEN_NOT_SENT: 'The token would leave this machine unencrypted.',
  WRITER_EXISTS: 'The log has a writer of this name, or had one.',
  WRITER_UNKNOWN: 'The log has no writer of this name.',
  PASSPHRASE_MISSING: 'The passphrase of the keystore is not given, and cannot be asked for.',
  PASSPHRASES_DIFFER: 'A new passphrase was not typed twice alike.',
  KEY_OF_DID_MISSING: 'The keystore does not hold the key that the DID commits to.',
  INPUT_UNREADABLE: 'A file cannot be read, or is too large.',
  INPUT_INVALID: 'A file does not hold what the command reads from it.',
  OUTPUT_UNWRITABLE: 'A file cannot be written, or is there already.',
  NOT_CONFIRMED: 'A command that cannot be taken back was not confirmed.',
  OPERATION_REJECTED: 'The operation counts for nothing, or the DID takes no more operations.',
  WAITED_TOO_LONG: 'What was waited for has not happened yet.',
  RESOLUTION_FAILED: 'A driver of another DID method could not resolve the DID.',
  NOT_REPAIRABLE: 'What is damaged follows from nothing else, so that only a copy can replace it.',
  TOUR_FAILED: 'A step of the tour did not do what it says.',
  INTERRUPTED: 'A question on the terminal was not answered.',
} as const

export type CliErrorCode = keyof typeof CLI_ERRORS

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
