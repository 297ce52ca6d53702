import { meetsQuorum } from '../../merkle/policy.ts'
import { isTreeSize } from '../../merkle/tree.ts'
import { logSource } from '../../trust/roots.ts'
import { LedgerError } from '../errors.ts'
import { describeLog } from '../log/description.ts'
import type { IndexedLeaf } from '../log/leaf-source.ts'
import type { TreeView } from '../log/tree-view.ts'
import { LogProofVerifier } from '../log/verify-proof.ts'
import type {
  Ledger,
  LedgerDescription,
  LedgerHead,
  LedgerPosition,
  LedgerProblem,
  LedgerProof,
  LedgerTransaction,
  LogProof,
  ProofCheck,
  Reorganisation,
} from '../types.ts'
import { consistencyWith } from './consistency.ts'
import { FollowLoop } from './follow-loop.ts'
import { Follower, type FollowerParts, type Published } from './follower.ts'
import { formatForkEvidence } from './fork-evidence.ts'
import { rootlineLeaves } from './leaf-rules.ts'
import { type LookFailure, Looks } from './looks.ts'
import { openReceived } from './received.ts'
import { keptFrom } from './records.ts'
import { SubmittedAnchors, type SubmittingParts } from './submitted-anchors.ts'

/** What a followed log is made of, beside what its follower is. */
export interface FollowedLogParts extends Omit<FollowerParts, 'leaves'> {
  /** What the source is called in reports: its URL. */
  sourceName: string
  /** Keeps the text of evidence where an operator finds it; the database has it too. Called again at each opening. */
  keepEvidence?: (evidence: string) => Promise<void>
  /** Unix milliseconds. */
  now: () => number
  /** From 0 to 1, for the jitter of waits. */
  random: () => number
  /** Wait between looks at the log, in milliseconds. Default 5,000. */
  pollMs?: number
  /** How long the newest checkpoint may go unconfirmed before that is a problem, in milliseconds. Default 600,000. */
  staleMs?: number
  /** How batches are handed in to the log. Absent: nothing is anchored here. */
  submitting?: SubmittingParts
  /** What became of a look at the log. */
  onLook?: (outcome: LookOutcome) => void
}

/** What became of a look: how many leaves are shown now, and why it failed, if it did. */
export interface LookOutcome {
  size: number
  error?: unknown
}

/** How a follower fares. */
export interface FollowStatus {
  /** Leaves that are shown, and that are held. */
  size: number
  held: number
  /** When the source last showed the newest checkpoint known here: Unix milliseconds. */
  confirmedAt: number | undefined
  /** Why the last look failed. */
  lastError: LookFailure | undefined
  /** Failed looks, by code. */
  failures: ReadonlyMap<string, number>
  frozen: boolean
}

const DEFAULT_POLL_MS = 5_000
const DEFAULT_STALE_MS = 600_000
/**
 * A ledger that is another's log, followed over HTTP: it shows what the log and the witnesses of its policy have
 * signed and this machine has verified, and anchors nothing.
 */
export class FollowedLog implements Ledger {
  readonly #parts: FollowedLogParts
  readonly #follower: Follower
  readonly #proofs: LogProofVerifier
  readonly #loop: FollowLoop
  readonly #listeners = new Set<() => void>()
  readonly #looks: Looks
  readonly #submitted: SubmittedAnchors | undefined
  /** The tree whose transactions are shown, and the number of its newest anchor, behind which other leaves may lie. */
  #shown: { view: TreeView; newest: number | undefined } | undefined
  #looking: Promise<void> = Promise.resolve()
  #evidenceKept = false
  #closed = false

  private constructor(parts: FollowedLogParts, follower: Follower) {
    this.#parts = parts
    this.#follower = follower
    this.#proofs = new LogProofVerifier(parts.origin, parts.verifier, parts.policy)
    this.#looks = new Looks(parts.now())
    const { submitting } = parts
    this.#submitted = submitting && new SubmittedAnchors({ ...parts, ...submitting, log: this })
    this.#loop = new FollowLoop({
      look: signal => this.#look(signal),
      pollMs: parts.pollMs ?? DEFAULT_POLL_MS,
      random: parts.random,
    })
  }

  /**
   * Takes up what the database holds; `start` begins to follow.
   * @throws LedgerError LEDGER_KEY_MISMATCH, LEDGER_CORRUPT; StoreError
   */
  static async open(parts: FollowedLogParts): Promise<FollowedLog> {
    const follower = await Follower.open({ ...parts, leaves: rootlineLeaves(parts.now) })
    const log = new FollowedLog(parts, follower)
    await log.#show(undefined)
    await log.#keepEvidence()
    await log.#submitted?.load()
    await log.#submitted?.settle()
    return log
  }

  /** Looks at the log now and, until `close`, again and again; returns once the first look has ended, however it did. */
  start(): Promise<void> {
    return this.#loop.start()
  }

  /** Looks at the log once, after any look that is under way. @throws as `Follower.look` */
  look(signal: AbortSignal = new AbortController().signal): Promise<void> {
    const turn = this.#looking.then(() => this.#lookOnce(signal))
    this.#looking = turn.catch(() => {})
    return turn
  }

  /**
   * Hands a batch in to the log, where this node is one of its writers, and returns once its leaf is shown here: what the
   * log says of it by then was verified.
   */
  async anchor(anchorString: string): Promise<LedgerTransaction> {
    if (this.#closed) throw new LedgerError('LEDGER_CLOSED', 'the log is closed')
    if (this.#submitted !== undefined) return this.#submitted.anchor(anchorString)
    const why = 'this node follows the log of another, and anchors nothing on it'
    throw new LedgerError('LEDGER_READ_ONLY', why)
  }

  async transactions(after: number | undefined, limit: number): Promise<LedgerTransaction[]> {
    if (after !== undefined && !isTreeSize(after)) throw new TypeError('after is no transaction number')
    if (!Number.isSafeInteger(limit) || limit < 1) throw new TypeError('a limit is a positive integer')
    const { view, newest } = this.#shown ?? {}
    if (view === undefined || newest === undefined) return []
    return view.transactions(after === undefined ? 0 : after + 1, newest, limit)
  }

  /** Leaves of every type of the tree that is shown, from `first` on, at most `limit`, in order. */
  async leaves(first: number, limit: number): Promise<IndexedLeaf[]> {
    return this.#view?.leaves(first, limit) ?? []
  }

  mapLeaf(): LogProof | undefined {
    const { published } = this.#follower
    const found = published?.view.mapLeaf()
    return published === undefined || found === undefined
      ? undefined
      : { kind: 'log', ...found, checkpoint: published.note }
  }

  /** @throws LedgerError LEDGER_FROZEN: what is newest is not known any more, and never will be */
  async head(): Promise<LedgerHead> {
    if (this.#follower.evidence !== undefined) throw frozen()
    const { view, newest } = this.#shown ?? {}
    const time = (await view?.lastTime()) ?? 0
    const { confirmedAt } = this.#looks
    const heard = confirmedAt === undefined ? undefined : Math.floor(confirmedAt / 1000)
    return {
      number: newest,
      size: view?.size ?? 0,
      time,
      timestamp: time,
      confirmed: this.#witnessed
        ? { at: this.#follower.quorumTime(), by: 'witnesses' }
        : { at: heard, by: 'source' },
    }
  }

  /** The log that is followed never takes a transaction back: one that did would freeze this follower. */
  async reorganised(since: LedgerPosition): Promise<Reorganisation> {
    const stands = this.#view?.entryAt(since) !== undefined
    return stands ? { changed: false } : { changed: true, newestValid: undefined }
  }

  async proof(transaction: LedgerPosition): Promise<LogProof> {
    const { published } = this.#follower
    const leaf = published?.view.entryAt(transaction)
    if (published === undefined || leaf === undefined) {
      const why = `the log has no such transaction ${transaction.number}`
      throw new LedgerError('LEDGER_TRANSACTION_UNKNOWN', why)
    }
    const { number: index } = transaction
    const inclusion = published.view.inclusion(index)
    return { kind: 'log', leaf, index, inclusion, checkpoint: published.note }
  }

  verify(proof: LedgerProof, transaction: LedgerTransaction): ProofCheck[] {
    if (proof.kind !== 'log') {
      return [{ code: 'LEAF_ANCHOR', result: 'fail', detail: 'The proof is of another kind of ledger.' }]
    }
    const { checks, checkpoint } = this.#proofs.verify(proof, transaction)
    return [...checks, consistencyWith(this.#view, checkpoint)]
  }

  describe(): LedgerDescription {
    const { origin, verifier, policy, sourceName } = this.#parts
    const { roots, cannotShow, ...log } = describeLog(origin, verifier, policy)
    return {
      ...log,
      ...(this.#submitted === undefined ? { readOnly: true } : {}),
      roots: this.#witnessed ? roots : [...roots, logSource(sourceName)],
      cannotShow: [
        ...cannotShow,
        ...(this.#follower.evidence === undefined
          ? []
          : ['Which of the two histories that this log has signed is shown to others.']),
      ],
    }
  }

  problems(): LedgerProblem[] {
    if (this.#follower.evidence !== undefined) {
      const { code, message } = frozen()
      return [{ code, detail: message }]
    }
    const { now, staleMs = DEFAULT_STALE_MS } = this.#parts
    const witnessed = this.#follower.quorumTime()
    return this.#looks.problems(now(), staleMs, witnessed === undefined ? undefined : witnessed * 1000)
  }

  status(): FollowStatus {
    const { published, held, evidence } = this.#follower
    return {
      size: published?.signed.size ?? 0,
      held,
      confirmedAt: this.#looks.confirmedAt,
      lastError: this.#looks.failure,
      failures: new Map(this.#looks.failures),
      frozen: evidence !== undefined,
    }
  }

  onTransaction(listener: () => void): () => void {
    const own = () => listener()
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  /** A batch that waits for its leaf waits no longer; it is looked for once the log is opened again. */
  release(): void {
    this.#submitted?.release()
  }

  /** Ends the look under way, and lets go of the database. */
  async close(): Promise<void> {
    this.#closed = true
    this.release()
    await this.#loop.stop()
  }

  /** The newest checkpoint that was applied, as the log and its witnesses have signed it; empty where there is none. */
  checkpoint(): string {
    return this.#follower.published?.note ?? ''
  }

  /**
   * The oldest checkpoint that was kept of those that cover a leaf: of each 256 leaves, the newest. Its cosignatures
   * bound the time of the leaf from above.
   */
  async keptCheckpoint(index: number): Promise<string | undefined> {
    const { origin, verifier } = this.#parts
    for await (const [, note] of this.#parts.store.entries(keptFrom(index + 1))) {
      if (openReceived({ origin, verifier, witnesses: [] }, note).signed.size > index)
        return Buffer.from(note).toString('utf8')
    }
    return undefined
  }

  /** A tile of hashes (C2SP tlog-tiles) of the tree that is shown. */
  tile(level: number, index: number, width?: number): Uint8Array | undefined {
    return this.#view?.tile(level, index, width)
  }

  /** An entry bundle (C2SP tlog-tiles) of the tree that is shown. */
  async entries(index: number, width?: number): Promise<Uint8Array | undefined> {
    return this.#view?.entries(index, width)
  }

  get #view(): TreeView | undefined {
    return this.#follower.published?.view
  }

  /** Whether the policy asks for anyone's cosignature. */
  get #witnessed(): boolean {
    const { policy } = this.#parts
    return policy !== undefined && !meetsQuorum(policy, new Set())
  }

  async #look(signal: AbortSignal): Promise<boolean> {
    if (this.#follower.evidence !== undefined) return true
    const { onLook = () => {} } = this.#parts
    try {
      await this.look(signal)
      onLook({ size: this.status().size })
      return true
    } catch (error) {
      if (!signal.aborted) onLook({ size: this.status().size, error })
      return false
    }
  }

  async #lookOnce(signal: AbortSignal): Promise<void> {
    const before = this.#follower.published
    try {
      await this.#follower.look(signal)
      this.#looks.succeeded(this.#parts.now())
    } catch (error) {
      if (!signal.aborted) this.#looks.failed(error)
      throw error
    } finally {
      await this.#show(before)
      await this.#keepEvidence()
      await this.#submitted?.settle()
    }
  }

  /** Shows the transactions that a look has brought, and tells listeners of them. */
  async #show(before: Published | undefined): Promise<void> {
    const view = this.#view
    if (view === undefined || view === before?.view) return
    const newest = await view.newestAnchor(before?.signed.size ?? 0)
    this.#shown = { view, newest: newest ?? this.#shown?.newest }
    if (newest !== undefined) for (const listener of this.#listeners) setImmediate(listener)
  }

  async #keepEvidence(): Promise<void> {
    const { evidence } = this.#follower
    if (evidence === undefined || this.#evidenceKept) return
    await this.#parts.keepEvidence?.(formatForkEvidence(evidence))
    this.#evidenceKept = true
  }
}

function frozen(): LedgerError {
  return new LedgerError(
    'LEDGER_FROZEN',
    'the log has signed two histories: "rootline log evidence" shows them',
  )
}
