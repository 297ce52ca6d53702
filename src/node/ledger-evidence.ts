import { LedgerError } from '../ledger/errors.ts'
import type {
  Ledger,
  LedgerHead,
  LedgerPosition,
  LedgerProof,
  LedgerTransaction,
  ProofCheck,
} from '../ledger/types.ts'
import { basesOf } from '../trust/codes.ts'
import { type CheckpointName, checkpointNameOf } from './checkpoint-name.ts'
import type { MapEvidence } from './proof/proven-map.ts'

/** What a proof shows of a transaction. */
export interface LedgerEvidence {
  /** None of what is only someone's word has failed: it is undecided then. */
  checks: ProofCheck[]
  /** Absent where the ledger has none. */
  checkpoint?: CheckpointName
}

/** What proofs of transactions come from, and are checked by. */
export type ProofSource = Pick<Ledger, 'proof' | 'verify' | 'describe'>

/** How far a node has read a ledger, beside how far that goes. */
export interface LedgerProgress {
  /** Newest point of the ledger, asked before the cursor was read; or why there is none. */
  head: LedgerHead | LedgerError
  /** Last transaction that this node has taken. */
  cursor: LedgerPosition | undefined
  /** That transaction, as the ledger has it now, and its proof. Absent where the ledger has another there, or none. */
  reached?: { transaction: LedgerTransaction; proof: LedgerEvidence }
  /** What a map of the ledger shows of the operations, where that is what their being all rests on. */
  map?: MapEvidence
}

/**
 * Asks the ledger where it ends, then the store how far it was read, so that a state that is read after this holds all
 * up to the cursor.
 */
export async function readProgress(
  ledger: Ledger,
  cursorOf: () => LedgerPosition | undefined,
): Promise<LedgerProgress> {
  const head = await failing(() => ledger.head())
  const cursor = cursorOf()
  if (cursor === undefined) return { head, cursor }
  const after = cursor.number === 0 ? undefined : cursor.number - 1
  const found = await failing(() => ledger.transactions(after, 1))
  const transaction = found instanceof LedgerError ? undefined : found[0]
  if (transaction?.number !== cursor.number || transaction.timeHash !== cursor.timeHash)
    return { head, cursor }
  return { head, cursor, reached: { transaction, proof: await proveTransaction(ledger, transaction) } }
}

/** Fetches the proof of a transaction and checks it. What the ledger cannot prove now is undecided. */
export async function proveTransaction(
  ledger: ProofSource,
  transaction: LedgerTransaction,
): Promise<LedgerEvidence> {
  const { number, timeHash } = transaction
  const proof = await failing(() => ledger.proof({ number, timeHash }))
  if (proof instanceof LedgerError) {
    const code = ledger.describe().kind === 'log' ? 'LEAF_ANCHOR' : 'LEDGER_WORD'
    const detail = `The ledger gives no proof of transaction ${number}: ${proof.message} (${proof.code}).`
    return { checks: [{ code, result: 'undecided', detail }] }
  }
  const checks = whole(proof, ledger.verify(proof, transaction)).map(withoutFalseWord)
  return proof.kind === 'log' ? { checks, checkpoint: checkpointNameOf(proof.checkpoint) } : { checks }
}

/** What a proof has to show. LEAF_TIME is looked at only where an answer hangs on it. */
const NEEDED = {
  log: ['LEAF_ANCHOR', 'LOG_INCLUSION', 'CHECKPOINT_SIGNATURE'],
  word: ['LEDGER_WORD'],
} as const satisfies { [kind in LedgerProof['kind']]: readonly ProofCheck['code'][] }

/** A check that was not made is there as one that was skipped, so that it is missed. */
function whole({ kind }: LedgerProof, checks: ProofCheck[]): ProofCheck[] {
  const missing = NEEDED[kind].filter(code => !checks.some(check => check.code === code))
  const detail = 'The ledger did not check this of its proof.'
  return [...checks, ...missing.map((code): ProofCheck => ({ code, result: 'skipped', detail }))]
}

/** What someone says is never false here, only undecided. */
function withoutFalseWord(check: ProofCheck): ProofCheck {
  const word = !basesOf(check.code).includes('computed')
  return word && check.result === 'fail' ? { ...check, result: 'undecided' } : check
}

async function failing<T>(ask: () => Promise<T>): Promise<T | LedgerError> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof LedgerError) return error
    throw error
  }
}
