import { LedgerError } from '../../ledger/errors.ts'
import { describeLog } from '../../ledger/log/description.ts'
import { parseLeaf } from '../../ledger/log/leaf.ts'
import { LogProofVerifier } from '../../ledger/log/verify-proof.ts'
import type {
  Ledger,
  LedgerDescription,
  LedgerHead,
  LedgerPosition,
  LedgerProof,
  LedgerTransaction,
  ProofCheck,
  Reorganisation,
} from '../../ledger/types.ts'
import type { TlogPolicy } from '../../merkle/policy.ts'
import { hashLeaf } from '../../merkle/tree.ts'
import type { NoteVerifier } from '../../merkle/vkey.ts'
import type { ProvenLeaf, ResolutionProof } from './resolution-proof.ts'

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
export class ProofLedger implements Ledger {
  readonly #log: PinnedLog
  readonly #checkpoint: string
  readonly #leaves = new Map<number, ProvenLeaf>()
  readonly #transactions: LedgerTransaction[] = []
  readonly #verifier: LogProofVerifier

  /** @throws LedgerError LEDGER_LEAF_INVALID */
  constructor({ checkpoint, transactions }: ResolutionProof, log: PinnedLog) {
    this.#log = log
    this.#checkpoint = checkpoint
    this.#verifier = new LogProofVerifier(log.origin, log.verifier, log.policy)
    for (const proven of transactions) {
      const { index: number, leaf } = proven
      const { time, anchorString, writer } = parseLeaf(leaf)
      const timeHash = hashLeaf(leaf).toString('hex')
      this.#leaves.set(number, proven)
      this.#transactions.push({ number, time, timestamp: time, timeHash, anchorString, writer })
    }
  }

  async anchor(): Promise<LedgerTransaction> {
    throw new LedgerError('LEDGER_READ_ONLY', 'nothing is anchored in a proof')
  }

  async transactions(after: number | undefined, limit: number): Promise<LedgerTransaction[]> {
    return this.#transactions.filter(({ number }) => after === undefined || number > after).slice(0, limit)
  }

  async head(): Promise<LedgerHead> {
    throw new LedgerError(
      'LEDGER_PARTIAL',
      'a proof holds some transactions of the log, and not where it ends',
    )
  }

  async reorganised(): Promise<Reorganisation> {
    return { changed: false }
  }

  async proof({ number }: LedgerPosition): Promise<LedgerProof> {
    const proven = this.#leaves.get(number)
    if (proven === undefined) {
      throw new LedgerError('LEDGER_TRANSACTION_UNKNOWN', `the proof has no transaction ${number}`)
    }
    return { kind: 'log', ...proven, checkpoint: this.#checkpoint }
  }

  verify(proof: LedgerProof, transaction: LedgerTransaction): ProofCheck[] {
    return proof.kind === 'log' ? this.#verifier.verify(proof, transaction).checks : []
  }

  describe(): LedgerDescription {
    const { origin, verifier, policy } = this.#log
    const log = describeLog(origin, verifier, policy)
    return {
      ...log,
      readOnly: true,
      partial: true,
      cannotShow: [
        'That the proof holds every operation of the DID: whoever made it may have left some out, such as one that ended the DID.',
        ...log.cannotShow,
      ],
    }
  }

  onTransaction(): () => void {
    return () => {}
  }

  async close(): Promise<void> {}
}
