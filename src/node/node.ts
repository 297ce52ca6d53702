import { setTimeout } from 'node:timers/promises'
import type { ContentStore } from '../content/types.ts'
import type { LeafSource } from '../ledger/log/leaf-source.ts'
import type { Ledger, LedgerProblem } from '../ledger/types.ts'
import { type DidMethod, didPrefix } from '../sidetree/did.ts'
import { longFormDid } from '../sidetree/long-form.ts'
import type { ProtocolVersions } from '../sidetree/parameters.ts'
import type { Store } from '../store/store.ts'
import type { BatchAdmission } from './admission.ts'
import { AdmittedBatches } from './admitted-batches.ts'
import { BatchScheduler } from './batch-scheduler.ts'
import { BatchWriter } from './batch-writer.ts'
import { CheckPool } from './check-pool.ts'
import { NodeError } from './errors.ts'
import { Explainer } from './explainer.ts'
import { bindToLedger } from './identity.ts'
import { Intake } from './intake.ts'
import { KnownVerdicts } from './known-verdicts.ts'
import { headOrSeen } from './ledger-head.ts'
import { MapKeeper, type MappedLedger, reasonOf } from './map/map-keeper.ts'
import type { OperationMap } from './map/operation-map.ts'
import { nextPositionOn } from './next-position.ts'
import { Observer, type ObserverEvent } from './observer.ts'
import { OperationStore } from './operation-store.ts'
import { outcomeOf } from './outcome.ts'
import { makeResolutionProof } from './proof/make-proof.ts'
import { OperationQueue, type QueueLimits } from './queue.ts'
import type { OperationRecord, TransactionRecord } from './records.ts'
import { Resolver } from './resolver.ts'
import { formatTime } from './time.ts'
import { TransactionApplier } from './transaction-applier.ts'
import { TransactionReader } from './transaction-reader.ts'
import type {
  Explanation,
  HistoryEntry,
  NodeStatus,
  OperationStatus,
  Resolution,
  SidetreeNode,
  Submission,
  VersionOptions,
} from './types.ts'

/** What a node is made of, and its settings. */
export interface NodeParts {
  method: DidMethod
  versions: ProtocolVersions
  /** Database of this node alone; the node closes it. */
  store: Store
  /** Left open when the node stops: whoever opened it closes it. */
  content: ContentStore
  ledger: Ledger
  /** Who anchors, in the ledger's own terms. */
  writer: string
  /**
   * The map of the operations on this ledger, for proofs that they are all; left open when the node stops. Absent where the
   * ledger has none.
   */
  map?: { operations: OperationMap; leaves: LeafSource }
  /** That of the ledger, which judges by what this node knows; absent where the ledger judges nothing. */
  admission?: BatchAdmission
  /** Unix milliseconds. Default: this machine's clock. */
  now?: () => number
  /** From 0 to 1, for the jitter of retries. Default: Math.random. */
  random?: () => number
  settings?: NodeSettings
  onEvent?: (event: NodeEvent) => void
}

export interface NodeSettings {
  /** Wait for more operations before a batch is cut, in milliseconds. Default 1,000. */
  batchIntervalMs?: number
  /** Most operations in a batch. Default: the protocol's limit. */
  maxBatchOperations?: number
  /** Wait between looks at the ledger, in milliseconds. Default 5,000. */
  pollMs?: number
  /** Longest wait for a file, in milliseconds. Default 10,000. */
  fetchTimeoutMs?: number
  /** Threads that check signatures. Default: one for each core. */
  workers?: number
  queue?: QueueLimits
}

/** Wait of `settled` after a batch that failed, in milliseconds. */
const SETTLE_RETRY = 20

/** What happened in a node, for its log and metrics. */
export type NodeEvent =
  | ObserverEvent
  | { type: 'accepted'; id: string }
  | { type: 'batched'; operations: number }
  | { type: 'batch-failed'; error: unknown }

/**
 * Starts a node: takes up what the last process left, and begins to follow the ledger.
 * @throws NodeError NODE_STORE_MISMATCH where the store belongs to another ledger; StoreError, LedgerError
 */
export async function startNode(parts: NodeParts): Promise<SidetreeNode> {
  const queue = await OperationQueue.load(parts.store, parts.settings?.queue)
  await bindToLedger(parts.store, parts.ledger.describe(), parts.method)
  const node = new Node(parts, queue)
  node.start()
  return node
}

class Node implements SidetreeNode {
  readonly method: string
  readonly #parts: NodeParts
  readonly #operations: OperationStore
  readonly #queue: OperationQueue
  readonly #pool: CheckPool
  readonly #observer: Observer
  readonly #batches: BatchScheduler
  readonly #intake: Intake
  readonly #resolver: Resolver
  readonly #explainer: Explainer
  readonly #map: MapKeeper | undefined
  #stopped: Promise<void> | undefined

  constructor(parts: NodeParts, queue: OperationQueue) {
    const { store, ledger, content, versions, method, writer, settings = {}, onEvent = () => {} } = parts
    const now = parts.now ?? Date.now
    this.method = method.name
    this.#parts = parts
    this.#queue = queue
    const operations = new OperationStore(store)
    this.#operations = operations
    const pool = new CheckPool(settings)
    this.#pool = pool
    const next = nextPositionOn(ledger, operations, versions, now)
    const known = new KnownVerdicts()
    const admitted = new AdmittedBatches()
    const reader = new TransactionReader({ ...settings, content, pool, versions, now, known, admitted })
    const applier = new TransactionApplier(operations, versions)
    const observer = new Observer({
      ...settings,
      ledger,
      operations,
      reader,
      applier,
      now,
      random: parts.random ?? Math.random,
      onEvent,
    })
    this.#observer = observer
    const caughtUp = () => observer.caughtUp()
    const intake = new Intake({ queue, operations, ledger, pool, versions, known, next, now, caughtUp })
    parts.admission?.begin({ operations, pool, versions, known, admitted, next, caughtUp })
    this.#intake = intake
    const judge = () => intake.judge()
    const limit = settings.maxBatchOperations
    const writerParts = { queue, operations, content, ledger, next, writer, now, judge }
    const batchWriter = new BatchWriter(
      limit === undefined ? writerParts : { ...writerParts, maxOperations: limit },
    )
    this.#batches = new BatchScheduler({ ...settings, queue, writer: batchWriter, caughtUp, onEvent })
    const readUntil = () => this.#readUntil()
    this.#resolver = new Resolver({
      location: store.location,
      method,
      versions,
      operations,
      queue,
      next,
      readUntil,
    })
    this.#map = mapKeeper(parts)
    this.#explainer = new Explainer({ resolver: this.#resolver, operations, ledger, content, versions, now })
  }

  start(): void {
    this.#observer.start()
    this.#batches.start()
    this.#map?.start()
  }

  async submit(request: Uint8Array): Promise<Submission> {
    if (this.#stopped !== undefined) throw new NodeError('NODE_STOPPING', 'the node is stopping')
    if (this.#parts.ledger.describe().readOnly === true) {
      throw new NodeError(
        'NODE_READ_ONLY',
        'this node follows the log of another: hand the operation to that one',
      )
    }
    const { record, accepted, request: parsed } = await this.#intake.accept(request)
    if (accepted) {
      this.#parts.onEvent?.({ type: 'accepted', id: record.id })
      this.#batches.wake()
    }
    const submission: Submission = { status: await this.#statusOf(record), accepted }
    return parsed.type === 'create'
      ? { ...submission, longFormDid: longFormDid(parsed, this.#parts.method) }
      : submission
  }

  async operation(id: string): Promise<OperationStatus> {
    const record = this.#queue.record(id)
    if (record === undefined)
      throw new NodeError('OPERATION_UNKNOWN', 'no operation with this id was accepted here')
    return this.#statusOf(record)
  }

  resolve(did: string, options: VersionOptions = {}): Promise<Resolution> {
    return this.#resolver.resolve(did, options)
  }

  atHand(did: string): Resolution | undefined {
    return this.#resolver.atHand(did)
  }

  explain(did: string, options: VersionOptions = {}): Promise<Explanation> {
    return this.#explainer.explain(did, options)
  }

  async prove(text: string): Promise<Uint8Array> {
    const { did, published } = await this.#resolver.find(text, {})
    if (!published) {
      throw new NodeError('DID_UNKNOWN', 'the DID is not anchored: its long form is its own proof', {
        reason: 'NOT_ANCHORED',
      })
    }
    const { ledger, content, versions } = this.#parts
    const proofParts = { ledger, content, versions, operations: this.#operations }
    const keeper = this.#map
    return makeResolutionProof(
      did.shortForm,
      did.suffix,
      keeper === undefined ? proofParts : { ...proofParts, view: size => keeper.view(size) },
    )
  }

  history(did: string): Promise<HistoryEntry[]> {
    return this.#resolver.history(did)
  }

  async transactions(after: number | undefined, limit: number): Promise<TransactionRecord[]> {
    const records: TransactionRecord[] = []
    for await (const record of this.#operations.transactions(after)) {
      if (records.length >= limit) break
      records.push(record)
    }
    return records
  }

  async status(): Promise<NodeStatus> {
    const { ledger } = this.#parts
    const description = ledger.describe()
    const head = await headOrSeen(ledger, this.#operations)
    const cursor = this.#operations.cursor()?.number
    const problems = [...(ledger.problems?.() ?? []), ...this.#mapProblems()]
    return {
      method: this.method,
      ledger: {
        kind: description.kind,
        id: description.id,
        newest: head.number,
        time: formatTime(head.timestamp * 1000),
        ...(problems.length === 0 ? {} : { problems }),
      },
      observer: {
        cursor,
        lag: head.number === undefined ? 0 : head.number - (cursor ?? -1),
        reorganisations: this.#observer.reorganisations,
        running: this.#observer.running,
        ...errorText(this.#observer.lastError),
      },
      queue: {
        operations: this.#queue.size,
        ...(this.#queue.oldest === undefined ? {} : { oldest: formatTime(this.#queue.oldest) }),
        batching: this.#queue.intent !== undefined,
        ...errorText(this.#batches.lastError),
      },
      unresolvable: await this.#unresolvable(),
      ...this.#mapStatus(),
    }
  }

  #mapProblems(): LedgerProblem[] {
    const wrong = this.#parts.map?.operations.wrong
    if (wrong === undefined) return []
    const { index, stated, computed } = wrong
    const detail = `the map leaf ${index} of the log states the root ${stated}, and the anchors before it come to ${computed}`
    return [{ code: 'LEDGER_MAP_WRONG', detail }]
  }

  #mapStatus(): Pick<NodeStatus, 'map'> {
    const operations = this.#parts.map?.operations
    if (operations === undefined) return {}
    const { size, wrong } = operations
    const error = this.#map?.lastError
    return {
      map: {
        size,
        ...(error === undefined ? {} : { lastError: reasonOf(error) }),
        ...(wrong === undefined ? {} : { wrong }),
      },
    }
  }

  async settled(): Promise<void> {
    for (let done = false; !done; ) {
      await this.#batches.flush()
      await this.#observer.caughtUp()
      done = this.#queue.size === 0
      if (this.#batches.lastError !== undefined) await setTimeout(SETTLE_RETRY)
    }
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    this.#parts.ledger.release?.()
    await this.#batches.stop()
    await this.#observer.stop()
    await this.#map?.stop()
    await this.#pool.close()
    await this.#parts.store.close()
  }

  async #unresolvable(): Promise<NodeStatus['unresolvable']> {
    const records = await this.#operations.unresolvables()
    const oldest = records.reduce<number | undefined>(
      (least, { firstSeen }) => (least === undefined ? firstSeen : Math.min(least, firstSeen)),
      undefined,
    )
    return {
      count: records.length,
      ...(oldest === undefined ? {} : { oldest: formatTime(oldest) }),
      transactions: records.slice(0, 100).map(({ transaction, firstSeen, attempts, nextAttempt, cause }) => ({
        transactionNumber: transaction.number,
        anchorString: transaction.anchorString,
        firstSeen: formatTime(firstSeen),
        attempts,
        nextAttempt: formatTime(nextAttempt),
        code: cause.code,
        detail: cause.detail,
      })),
    }
  }

  /** The ledger was read up to now where nothing on it is newer than the cursor; else up to the cursor's time. */
  async #readUntil(): Promise<number> {
    const head = await headOrSeen(this.#parts.ledger, this.#operations)
    const newest = this.#operations.newest()
    if (head.number === newest?.number) return head.timestamp
    return newest?.timestamp ?? 0
  }

  async #statusOf(record: OperationRecord): Promise<OperationStatus> {
    const { id, didSuffix, type, acceptedAt } = record
    const base = {
      id,
      did: `${didPrefix(this.#parts.method)}${didSuffix}`,
      type: type as OperationStatus['type'],
      acceptedAt: formatTime(acceptedAt),
    }
    if (record.state === 'rejected')
      return { ...base, state: 'rejected', code: record.code, reason: record.reason }
    if (record.state === 'queued') {
      const batched = this.#queue.intent?.operations.some(operation => operation.id === id) ?? false
      return { ...base, state: batched ? 'batched' : 'queued', ahead: this.#queue.ahead(record.sequence) }
    }
    const { ledger, versions } = this.#parts
    return { ...base, ...(await outcomeOf(record, { operations: this.#operations, ledger, versions })) }
  }
}

function mapKeeper({ map, ledger, settings = {} }: NodeParts): MapKeeper | undefined {
  if (map === undefined) return undefined
  const { operations, leaves } = map
  const mapped: MappedLedger = {
    head: () => ledger.head(),
    onTransaction: listener => ledger.onTransaction(listener),
    leaves: (first, limit) => leaves.leaves(first, limit),
  }
  return new MapKeeper({ ...settings, map: operations, ledger: mapped })
}

function errorText(error: unknown): { lastError?: string } {
  if (error === undefined) return {}
  return { lastError: error instanceof Error ? error.message : String(error) }
}
