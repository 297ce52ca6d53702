import { LedgerError } from '../../ledger/errors.ts'
import { quorumTime } from '../../ledger/follower/quorum.ts'
import { describeLog } from '../../ledger/log/description.ts'
import { parseLeaf } from '../../ledger/log/leaf.ts'
import { LogProofVerifier } from '../../ledger/log/verify-proof.ts'
import type {
  LedgerDescription,
  LedgerHead,
  LedgerPosition,
  LedgerProof,
  LedgerTransaction,
  ProofCheck,
} from '../../ledger/types.ts'
import type { TlogPolicy } from '../../merkle/policy.ts'
import { hashLeaf } from '../../merkle/tree.ts'
import type { NoteVerifier } from '../../merkle/vkey.ts'
import type { Root } from '../../trust/types.ts'
import type { LedgerProgress, ProofSource } from '../ledger-evidence.ts'
import { proveTransaction } from '../ledger-evidence.ts'
import type { ChainedReference } from '../map/chain.ts'
import { checkMap, type ProvenMap } from './proven-map.ts'
import { type ProvenLeaf, proofInvalid, type ResolutionProof } from './resolution-proof.ts'

/** The log that a proof is of, as whoever verifies it has pinned it. */
export interface PinnedLog {
  origin: string
  verifier: NoteVerifier
  policy?: TlogPolicy
}

/**
 * A log of which no more is known than what a proof holds: some of its transactions, and nothing of what lies between
 * and after them.
 */
export class ProofLedger implements ProofSource {
  readonly transactions: readonly LedgerTransaction[]
  readonly #log: PinnedLog
  readonly #checkpoint: string
  readonly #leaves: ReadonlyMap<number, ProvenLeaf>
  readonly #map: ProvenMap | undefined
  readonly #verifier: LogProofVerifier

  /** @throws NodeError PROOF_INVALID where a leaf is no anchor, or there is none */
  constructor({ checkpoint, transactions, map }: ResolutionProof, log: PinnedLog) {
    this.#map = map
    this.#log = log
    this.#checkpoint = checkpoint
    this.#verifier = new LogProofVerifier(log.origin, log.verifier, log.policy)
    this.#leaves = new Map(transactions.map(proven => [proven.index, proven]))
    this.transactions = transactions.map(transactionIn)
  }

  async proof({ number }: LedgerPosition): Promise<LedgerProof> {
    const proven = this.#leaves.get(number)
    if (proven === undefined) {
      throw new LedgerError('LEDGER_TRANSACTION_UNKNOWN', `the proof has no transaction ${number}`)
    }
    return this.#proofOf(proven)
  }

  verify(proof: LedgerProof, transaction: LedgerTransaction): ProofCheck[] {
    return proof.kind === 'log' ? this.#verifier.verify(proof, transaction).checks : []
  }

  describe(): LedgerDescription {
    const { origin, verifier, policy } = this.#log
    const log = describeLog(origin, verifier, policy)
    if (this.#map !== undefined) return { ...log, roots: log.roots.map(trustedForMap) }
    return {
      ...log,
      partial: true,
      cannotShow: [
        'That the proof holds every operation of the DID: whoever made it may have left some out, such as one that ended the DID, or one that came first, so that another counts here and never did.',
        ...log.cannotShow,
      ],
    }
  }

  /**
   * How far the proof goes: to its last transaction, and as of when witnesses knew of no larger tree.
   * @param references to the DID, in ledger order, which its map is held against
   */
  async progress(didSuffix: string, references: readonly ChainedReference[]): Promise<LedgerProgress> {
    const last = this.transactions.at(-1)
    if (last === undefined) throw proofInvalid('it has no transactions')
    const { number, timeHash, time, timestamp } = last
    const confirmed = { at: this.#cosignedAt(last), by: 'witnesses' } as const
    const head: LedgerHead = { number: undefined, time, timestamp, confirmed }
    const reached = { transaction: last, proof: await proveTransaction(this, last) }
    const progress = { head, cursor: { number, timeHash }, reached }
    if (this.#map === undefined) return progress
    const map = checkMap(this.#map, this.#checkpoint, this.#verifier, didSuffix, references)
    return { ...progress, map }
  }

  /** When a quorum of the policy last cosigned the checkpoint: Unix seconds. */
  #cosignedAt(transaction: LedgerTransaction): number | undefined {
    const { policy } = this.#log
    const proven = this.#leaves.get(transaction.number)
    if (policy === undefined || proven === undefined) return undefined
    const { checkpoint } = this.#verifier.verify(this.#proofOf(proven), transaction)
    return checkpoint && quorumTime(policy, checkpoint.signatures)
  }

  #proofOf(proven: ProvenLeaf): Extract<LedgerProof, { kind: 'log' }> {
    return { kind: 'log', ...proven, checkpoint: this.#checkpoint }
  }
}

/** The key of the log speaks for its map too; a quorum of witnesses does not. */
function trustedForMap(root: Root): Root {
  if (!root.trustedFor.includes('ledger-order')) return root
  return { ...root, trustedFor: [...root.trustedFor, 'operation-map'] }
}

function transactionIn({ index: number, leaf }: ProvenLeaf): LedgerTransaction {
  try {
    const parsed = parseLeaf(leaf)
    if (parsed.type !== 'anchor') throw proofInvalid(`leaf ${number} is no anchor`)
    const { time, anchorString, writer } = parsed
    return { number, time, timestamp: time, timeHash: hashLeaf(leaf).toString('hex'), anchorString, writer }
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause
    throw proofInvalid(`leaf ${number} is no anchor: ${cause.message}`, cause)
  }
}
