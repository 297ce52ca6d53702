import { openCheckpoint, type SignedCheckpoint } from '../../merkle/checkpoint.ts'
import { MerkleError } from '../../merkle/errors.ts'
import { meetsQuorum, type TlogPolicy } from '../../merkle/policy.ts'
import { hashLeaf } from '../../merkle/tree.ts'
import { verifyInclusion } from '../../merkle/verify-proof.ts'
import type { NoteVerifier } from '../../merkle/vkey.ts'
import type { TrustReport } from '../../trust/types.ts'
import { LedgerError } from '../errors.ts'
import type { LogSource } from '../follower/log-source.ts'
import type { LogProof } from '../types.ts'
import { type Receipt, verifyReceipt } from './receipt.ts'
import { type ReceiptFacts, type ReceiptOutcome, reportOnReceipt } from './receipt-report.ts'
import { inclusionFrom, searchLeaf } from './search.ts'

/** What whoever checks a receipt brings. */
export interface ReceiptVerification {
  origin: string
  /** The key of the log. */
  verifier: NoteVerifier
  /** Whose cosignatures count. Absent, or with the quorum `none`: the word of the log is enough. */
  policy?: TlogPolicy
  now: Date
  signal?: AbortSignal
}

/** What checking a receipt comes to. */
export interface CheckedReceipt {
  outcome: ReceiptOutcome
  report: TrustReport
  /** As it was signed; undefined where it is none of this log. */
  receipt: Receipt | undefined
  /** That the leaf is on the log, where it is. */
  proof: LogProof | undefined
  /** The checkpoint that was read, and its signatures; undefined where there is none of this log. */
  checkpoint: string | undefined
}

/**
 * Whether a log has honoured a receipt, by the newest checkpoint of the log that `source` has and its leaves. What the
 * source gives is compared with what the log has signed; where it cannot be had, the outcome is undecided.
 * @throws StoreError
 */
export async function checkReceipt(
  note: string,
  source: LogSource,
  verification: ReceiptVerification,
): Promise<CheckedReceipt> {
  const signal = verification.signal ?? new AbortController().signal
  const checkpoint = await orLedgerError(async () => (await source.checkpoint(signal)).toString())
  return checkAgainst(note, checkpoint, source, verification, 'receipt')
}

/**
 * Whether a receipt and a checkpoint show that a log has broken its promise: with the leaves of the checkpoint, from
 * whoever has them.
 */
export function checkBrokenReceipt(
  { receipt, checkpoint }: { receipt: string; checkpoint: string },
  source: LogSource,
  verification: ReceiptVerification,
): Promise<CheckedReceipt> {
  return checkAgainst(receipt, checkpoint, source, verification, 'evidence')
}

async function checkAgainst(
  note: string,
  checkpoint: string | LedgerError,
  source: LogSource,
  verification: ReceiptVerification,
  mode: 'receipt' | 'evidence',
): Promise<CheckedReceipt> {
  const { origin, verifier, signal = new AbortController().signal } = verification
  const policy = verification.policy?.quorum === 'none' ? undefined : verification.policy
  const receipt = await orLedgerError(async () => verifyReceipt(note, origin, verifier))
  const signed = open(checkpoint, origin, verifier, policy)
  const facts: ReceiptFacts = {
    ...{ note, receipt, checkpoint: signed, search: undefined, inclusion: undefined },
    after: policy === undefined ? new Set() : cosignedAfter(signed, receipt, policy),
  }
  if (!(receipt instanceof LedgerError) && !(signed instanceof LedgerError)) {
    facts.search = await orLedgerError(() => searchLeaf(source, signed.size, receipt, signal))
    facts.inclusion = await inclusionOf(facts.search, signed, source, signal)
  }
  const { report, outcome } = reportOnReceipt(facts, { ...verification, policy, mode })
  return {
    outcome,
    report,
    receipt: receipt instanceof LedgerError ? undefined : receipt,
    proof: proofOf(facts, checkpoint),
    checkpoint: signed instanceof LedgerError ? undefined : (checkpoint as string),
  }
}

async function inclusionOf(
  search: ReceiptFacts['search'],
  { size, root }: SignedCheckpoint,
  source: LogSource,
  signal: AbortSignal,
): Promise<ReceiptFacts['inclusion']> {
  if (search === undefined || search instanceof LedgerError || search.inTime === undefined) return undefined
  const { index, bytes } = search.inTime
  const hashes = await orLedgerError(() => inclusionFrom(source, size, index, signal))
  if (hashes instanceof LedgerError) return hashes
  return { hashes, leads: verifyInclusion(index, size, hashLeaf(bytes), hashes, root) }
}

function proofOf(
  { search, inclusion }: ReceiptFacts,
  checkpoint: string | LedgerError,
): LogProof | undefined {
  if (search === undefined || search instanceof LedgerError || search.inTime === undefined) return undefined
  if (inclusion === undefined || inclusion instanceof LedgerError || !inclusion.leads) return undefined
  const { index, bytes: leaf } = search.inTime
  return { kind: 'log', leaf, index, inclusion: inclusion.hashes, checkpoint: checkpoint as string }
}

/**
 * Witnesses that have cosigned a checkpoint after the deadline, if every quorum has one of them: a larger tree that was
 * published by then would have had the cosignature of one, which does not go back.
 */
function cosignedAfter(
  checkpoint: SignedCheckpoint | LedgerError,
  receipt: Receipt | LedgerError,
  policy: TlogPolicy,
): ReadonlySet<string> {
  if (checkpoint instanceof LedgerError || receipt instanceof LedgerError) return new Set()
  const late = checkpoint.signatures.filter(({ timestamp }) => (timestamp ?? 0) > receipt.deadline)
  const after = new Set(late.map(({ verifier }) => verifier.vkey))
  const others = policy.witnesses.map(({ verifier }) => verifier.vkey).filter(vkey => !after.has(vkey))
  return meetsQuorum(policy, new Set(others)) ? new Set() : after
}

function open(
  note: string | LedgerError,
  origin: string,
  verifier: NoteVerifier,
  policy: TlogPolicy | undefined,
): SignedCheckpoint | LedgerError {
  if (note instanceof LedgerError) return note
  try {
    return openCheckpoint(note, origin, verifier, policy?.witnesses.map(witness => witness.verifier) ?? [])
  } catch (cause) {
    if (!(cause instanceof MerkleError)) throw cause
    return new LedgerError('LEDGER_CHECKPOINT_REFUSED', cause.message, cause)
  }
}

async function orLedgerError<T>(work: () => Promise<T>): Promise<T | LedgerError> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof LedgerError) return error
    throw error
  }
}
