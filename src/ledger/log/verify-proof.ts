import { openCheckpoint, type SignedCheckpoint } from '../../merkle/checkpoint.ts'
import { MerkleError } from '../../merkle/errors.ts'
import type { TlogPolicy } from '../../merkle/policy.ts'
import { hashLeaf } from '../../merkle/tree.ts'
import { verifyInclusion } from '../../merkle/verify-proof.ts'
import type { NoteVerifier } from '../../merkle/vkey.ts'
import { LedgerError } from '../errors.ts'
import { rfc3339 } from '../time.ts'
import type { LedgerTransaction, LogProof, ProofCheck } from '../types.ts'
import { checkWitnesses } from './check-witnesses.ts'
import { type Leaf, parseLeaf } from './leaf.ts'

/** What the checks of a proof found, from the transaction towards the log's key. */
export interface LogProofReport {
  /**
   * LEAF_ANCHOR, LOG_INCLUSION, CHECKPOINT_SIGNATURE, where a policy asks for witnesses CHECKPOINT_WITNESSED, and
   * LEAF_TIME, each once, in this order.
   */
  checks: ProofCheck[]
  /** Hash of the leaf that the proof carries. */
  leafHash: Uint8Array
  /** The checkpoint, if it is signed by the log's key. */
  checkpoint: SignedCheckpoint | undefined
}

/** What the checks of a leaf of any type found. */
export interface LeafReport extends LogProofReport {
  /** Why it cannot be read, where it cannot. */
  leaf: Leaf | LedgerError
}

/**
 * Verifies that transactions are on a log, without the log: the leaf says what the transaction says, is included in
 * the tree of the checkpoint, and the log's key has signed that. A bad proof is a failed check, never an error.
 * Many proofs share a checkpoint, so the one that was verified last is remembered.
 */
export class LogProofVerifier {
  readonly #origin: string
  readonly #verifier: NoteVerifier
  readonly #policy: TlogPolicy | undefined
  #last: { note: string; opened: SignedCheckpoint | MerkleError } | undefined

  /**
   * @param origin of the log, and `verifier` its key: both pinned by whoever verifies
   * @param policy of whoever verifies; with the quorum `none`, no witness counts
   */
  constructor(origin: string, verifier: NoteVerifier, policy?: TlogPolicy) {
    this.#origin = origin
    this.#verifier = verifier
    this.#policy = policy?.quorum === 'none' ? undefined : policy
  }

  verify(proof: LogProof, transaction: LedgerTransaction): LogProofReport {
    const { leaf, leafHash, checkpoint, checks: included } = this.verifyLeaf(proof)
    const anchor = checkAnchor(proof, leaf, leafHash, transaction)
    return { checks: [anchor, ...included, checkTime(leaf, transaction)], leafHash, checkpoint }
  }

  /** Verifies that a leaf is on the log: the checks from LOG_INCLUSION on, but for the time of the leaf. */
  verifyLeaf(proof: LogProof): LeafReport {
    const leafHash = hashLeaf(proof.leaf)
    const opened = this.#open(proof.checkpoint)
    const checkpoint = opened instanceof MerkleError ? undefined : opened
    const checks = [
      checkInclusion(proof, leafHash, checkpoint),
      checkSignature(opened, this.#verifier),
      ...(this.#policy === undefined ? [] : [checkWitnesses(checkpoint, this.#policy)]),
    ]
    return { leaf: readLeaf(proof.leaf), leafHash, checkpoint, checks }
  }

  /** Leaves in the tree of a checkpoint; 0 where the log has not signed it. */
  sizeOf(note: string): number {
    const opened = this.#open(note)
    return opened instanceof MerkleError ? 0 : opened.size
  }

  #open(note: string): SignedCheckpoint | MerkleError {
    if (this.#last?.note !== note) {
      const witnesses = this.#policy?.witnesses.map(({ verifier }) => verifier) ?? []
      this.#last = { note, opened: open(note, this.#origin, this.#verifier, witnesses) }
    }
    return this.#last.opened
  }
}

/** Verifies one proof, as {@link LogProofVerifier} does. */
export function verifyLogProof(
  proof: LogProof,
  origin: string,
  verifier: NoteVerifier,
  transaction: LedgerTransaction,
): LogProofReport {
  return new LogProofVerifier(origin, verifier).verify(proof, transaction)
}

function checkAnchor(
  proof: LogProof,
  leaf: Leaf | LedgerError,
  leafHash: Uint8Array,
  transaction: LedgerTransaction,
): ProofCheck {
  const code = 'LEAF_ANCHOR'
  if (leaf instanceof LedgerError) return { code, result: 'fail', detail: `${sentence(leaf)}.` }
  if (leaf.type !== 'anchor') return { code, result: 'fail', detail: `Leaf ${proof.index} is no anchor.` }
  const differences = [
    ...(leaf.anchorString === transaction.anchorString ? [] : ['the anchor string']),
    ...(leaf.writer === transaction.writer ? [] : ['the writer']),
    ...(proof.index === transaction.number ? [] : ['the number']),
    ...(Buffer.from(leafHash).toString('hex') === transaction.timeHash ? [] : ['the hash']),
  ]
  if (differences.length > 0) {
    return {
      code,
      result: 'fail',
      detail: `The leaf is of another transaction: it differs in ${differences.join(', ')}.`,
    }
  }
  return {
    code,
    result: 'pass',
    detail: `Leaf ${proof.index} holds the anchor string and the writer of the transaction.`,
  }
}

function checkInclusion(
  proof: LogProof,
  leafHash: Uint8Array,
  checkpoint: SignedCheckpoint | undefined,
): ProofCheck {
  const code = 'LOG_INCLUSION'
  if (checkpoint === undefined) {
    return { code, result: 'skipped', detail: 'There is no checkpoint signed by the log to compare with.' }
  }
  const { size, root } = checkpoint
  return verifyInclusion(proof.index, size, leafHash, proof.inclusion, root)
    ? {
        code,
        result: 'pass',
        detail: `Leaf ${proof.index} is in the tree of ${size} leaves that the checkpoint states.`,
      }
    : {
        code,
        result: 'fail',
        detail: `The proof does not lead from leaf ${proof.index} to the root of the checkpoint.`,
      }
}

function checkSignature(opened: SignedCheckpoint | MerkleError, verifier: NoteVerifier): ProofCheck {
  const code = 'CHECKPOINT_SIGNATURE'
  return opened instanceof MerkleError
    ? { code, result: 'fail', detail: `${sentence(opened)}.` }
    : {
        code,
        result: 'pass',
        detail: `The checkpoint of size ${opened.size} is signed by ${verifier.name}+${verifier.keyId}.`,
      }
}

/** That the leaf has a time is computed; that the time is true is the log's word. */
function checkTime(leaf: Leaf | LedgerError, transaction: LedgerTransaction): ProofCheck {
  const code = 'LEAF_TIME'
  if (leaf instanceof LedgerError) return { code, result: 'skipped', detail: 'The leaf cannot be read.' }
  const time = rfc3339(leaf.time)
  return leaf.time === transaction.time && leaf.time === transaction.timestamp
    ? { code, result: 'pass', detail: `The log says that it took the leaf at ${time}.` }
    : { code, result: 'fail', detail: `The leaf gives the time ${time}, which is not the transaction's.` }
}

function open(
  note: string,
  origin: string,
  verifier: NoteVerifier,
  witnesses: readonly NoteVerifier[],
): SignedCheckpoint | MerkleError {
  try {
    return openCheckpoint(note, origin, verifier, witnesses)
  } catch (error) {
    if (error instanceof MerkleError) return error
    throw error
  }
}

function readLeaf(bytes: Uint8Array): Leaf | LedgerError {
  try {
    return parseLeaf(bytes)
  } catch (error) {
    if (error instanceof LedgerError) return error
    throw error
  }
}

function sentence(error: Error): string {
  return error.message.charAt(0).toUpperCase() + error.message.slice(1)
}
