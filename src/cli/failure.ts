import { CommanderError } from 'commander'
import { DidError } from '../../did-methods/index.ts'
import { CodecError } from '../codec/errors.ts'
import { ContentError } from '../content/errors.ts'
import { KeyError, type KeyErrorCode } from '../keys/errors.ts'
import { LedgerError } from '../ledger/errors.ts'
import { MerkleError } from '../merkle/errors.ts'
import { NetError } from '../net/errors.ts'
import { NodeError } from '../node/errors.ts'
import { SidetreeError } from '../sidetree/errors.ts'
import { StoreError, type StoreErrorCode } from '../store/errors.ts'
import { EXIT } from '../trust/exit-status.ts'
import { CliError, NodeProblem } from './errors.ts'

/** How a command that failed ends. */
export interface Failure {
  code: string
  /** One sentence, without a full stop. */
  message: string
  hint?: string
  status: number
  /** Where it happened, for what nobody foresaw. */
  stack?: string
}

/** Words an error for whoever ran the command. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CliError) {
    const { code, message, status, hint } = error
    return { code, message, status, ...(hint === undefined ? {} : { hint }) }
  }
  if (error instanceof NodeProblem) return problemFailure(error)
  if (error instanceof CommanderError) return { code: 'USAGE', message: error.message, status: EXIT.usage }
  if (error instanceof StoreError) return storeFailure(error)
  if (error instanceof KeyError) return withHint(error, keyStatus(error.code), KEY_HINTS[error.code])
  if (error instanceof NetError) {
    return withHint(error, error.transient ? EXIT.undecided : EXIT.policy, undefined)
  }
  if (error instanceof DidError) {
    return withHint(error, error.transient ? EXIT.undecided : EXIT.usage, undefined)
  }
  if (error instanceof LedgerError) return withHint(error, EXIT.internal, LEDGER_HINTS[error.code])
  if (error instanceof SidetreeError || error instanceof CodecError || error instanceof MerkleError) {
    return withHint(error, EXIT.usage, undefined)
  }
  if (error instanceof ContentError || error instanceof NodeError)
    return withHint(error, EXIT.internal, undefined)
  return unforeseen(error)
}

function problemFailure({ code, reason, message, status }: NodeProblem): Failure {
  const named = reason === undefined || message.includes(reason) ? message : `${message} (${reason})`
  const hint = PROBLEM_HINTS[code]
  return { code, message: named, status, ...(hint === undefined ? {} : { hint }) }
}

const PROBLEM_HINTS: { readonly [code: string]: string } = {
  DID_UNKNOWN:
    'check the DID, or wait until its create operation is anchored; its long form resolves at once',
  TOKEN_INVALID: 'name the token file of this node with --token-file, or its folder with --data',
  HOST_NOT_ALLOWED: 'add the name to "hosts" in the settings of the node',
  RATE_LIMITED: 'try again in a minute',
}

function storeFailure(error: StoreError): Failure {
  const status = error.code === 'STORE_LOCKED' ? EXIT.usage : EXIT.internal
  return withHint(error, status, STORE_HINTS[error.code])
}

const STORE_HINTS: { readonly [code in StoreErrorCode]?: string } = {
  STORE_LOCKED: 'a node runs on this folder: stop it, or give another folder with --data',
  STORE_CORRUPT: 'run "rootline check" to see what is damaged, and "rootline repair" to repair it',
  STORE_FULL: 'make room on the disk; what was acknowledged is still there',
}

const KEY_HINTS: { readonly [code in KeyErrorCode]?: string } = {
  KEYSTORE_NOT_FOUND:
    'make one with "rootline key generate" or "rootline did create", or name it with --keystore',
}

function keyStatus(code: KeyErrorCode): number {
  return code === 'KEYSTORE_UNAVAILABLE' || code === 'KEYSTORE_DAMAGED' ? EXIT.internal : EXIT.usage
}

const LEDGER_HINTS: { readonly [code: string]: string } = {
  LEDGER_ROLLED_BACK:
    'put back the newest copy of the folder, with its file log-checkpoint. Only if you know that this is the newest ' +
    'copy and that file is lost: "rootline up --accept-unknown-history"',
  LEDGER_QUORUM_MISSING:
    'see that the witnesses of the policy answer. Only if those of the policy before are gone for good, and you know that ' +
    'this is the newest copy of the folder: "rootline up --policy FILE --accept-unknown-history"',
  LEDGER_CORRUPT: 'run "rootline check" to see what is damaged',
  LEDGER_KEY_MISMATCH:
    'put back the file log.key that this log was begun with; to follow another log, use another folder',
  LEDGER_CLOCK_BEHIND: 'set the clock of this machine right',
  LEDGER_CLOCK_AHEAD: 'set the clock of this machine right',
}

function withHint(error: Error & { code: string }, status: number, hint: string | undefined): Failure {
  const { code, message } = error
  return { code, message, status, ...(hint === undefined ? {} : { hint }) }
}

function unforeseen(error: unknown): Failure {
  const base = {
    code: 'INTERNAL',
    status: EXIT.internal,
    hint: 'this is a fault of the program: please report it',
  }
  if (!(error instanceof Error)) return { ...base, message: String(error) }
  return { ...base, message: error.message, ...(error.stack === undefined ? {} : { stack: error.stack }) }
}
