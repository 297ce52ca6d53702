import type { LedgerPosition } from '../ledger/types.ts'
import type { OperationRequest } from '../sidetree/types.ts'
import type { Change, Store } from '../store/store.ts'
import { NodeError } from './errors.ts'
import * as keys from './keys.ts'
import {
  type AnchoredPlace,
  type BatchIntent,
  decodeRecord,
  encodeRecord,
  type OperationRecord,
  type QueuedOperation,
} from './records.ts'

/** What is kept in memory of an operation that waits. */
interface Waiting {
  id: string
  sequence: number
  didSuffix: string
  acceptedAt: number
  /** False until the operation is durable: it holds its place in the order, but no batch takes it. */
  durable: boolean
}

/** An operation of a batch that is refused, and why. */
export interface RefusedOperation {
  operation: BatchIntent['operations'][number]
  code: string
  reason: string
}

/** Bounds of the queue. */
export interface QueueLimits {
  /** Operations that may wait at a time. Default 100,000. */
  maxOperations?: number
  /** Operations of one DID that may wait at a time. Default 8. */
  maxPerDid?: number
}

/**
 * Operations that were accepted and wait for a batch, in order of acceptance, and what became of those that left.
 * Each change is durable when its promise resolves.
 */
export class OperationQueue {
  readonly #store: Store
  readonly #maxOperations: number
  readonly #maxPerDid: number
  readonly #waiting = new Map<number, Waiting>()
  readonly #bySuffix = new Map<string, Waiting[]>()
  #nextSequence = 0
  #intent: BatchIntent | undefined

  private constructor(store: Store, limits: QueueLimits) {
    this.#store = store
    this.#maxOperations = limits.maxOperations ?? 100_000
    this.#maxPerDid = limits.maxPerDid ?? 8
  }

  /** The queue as the last process left it. */
  static async load(store: Store, limits: QueueLimits = {}): Promise<OperationQueue> {
    const queue = new OperationQueue(store, limits)
    for await (const [, value] of store.entries(keys.queuedRange()))
      await queue.#takeUp(decodeRecord<QueuedOperation>(value))
    const intent = store.get(keys.INTENT)
    queue.#intent = intent === undefined ? undefined : decodeRecord<BatchIntent>(intent)
    return queue
  }

  get size(): number {
    return this.#waiting.size
  }

  /** When the operation that waits longest was accepted: Unix milliseconds. */
  get oldest(): number | undefined {
    for (const entry of this.#waiting.values()) return entry.acceptedAt
    return undefined
  }

  /** The batch that is being anchored. */
  get intent(): BatchIntent | undefined {
    return this.#intent
  }

  /** Operations of a DID that wait, in order of acceptance. */
  waitingFor(didSuffix: string): QueuedOperation[] {
    return (this.#bySuffix.get(didSuffix) ?? [])
      .filter(entry => entry.durable)
      .flatMap(entry => this.#read(entry.sequence) ?? [])
  }

  /** True where some operation of the DID waits. */
  has(didSuffix: string): boolean {
    return this.#bySuffix.has(didSuffix)
  }

  /** How many operations were accepted before this one and still wait. */
  ahead(sequence: number): number {
    let count = 0
    for (const other of this.#waiting.keys()) {
      if (other >= sequence) break
      count++
    }
    return count
  }

  /** What became of an operation; undefined for one that is not known, or whose acceptance failed. */
  record(id: string): OperationRecord | undefined {
    const record = this.#stored(id)
    if (record?.state !== 'queued' || this.#waiting.get(record.sequence)?.id === id) return record
    return undefined
  }

  /** @throws NodeError QUEUE_FULL, DID_QUEUE_FULL */
  requireRoom(didSuffix: string): void {
    if (this.#waiting.size >= this.#maxOperations) {
      throw new NodeError('QUEUE_FULL', `${this.#waiting.size} operations wait already; try again later`)
    }
    const own = this.#bySuffix.get(didSuffix)?.length ?? 0
    if (own >= this.#maxPerDid) {
      throw new NodeError(
        'DID_QUEUE_FULL',
        `${own} operations of this DID wait already; try again once they are anchored`,
      )
    }
  }

  /** Adds an operation; its place in the order is the order of the calls. */
  async add(operation: Omit<QueuedOperation, 'sequence'>): Promise<OperationRecord> {
    const queued: QueuedOperation = { ...operation, sequence: this.#nextSequence++ }
    const record = queuedRecord(queued)
    const entry = this.#remember(queued)
    try {
      await this.#store.commit([
        { key: keys.queuedKey(queued.sequence), value: encodeRecord(queued) },
        { key: keys.statusKey(queued.id), value: encodeRecord(record) },
      ])
    } catch (error) {
      this.#forget(queued.sequence)
      throw error
    }
    entry.durable = true
    return record
  }

  /** The longest-waiting operations, at most one of each DID and `limit` in all, in order of acceptance. */
  next(limit: number): QueuedOperation[] {
    const chosen: QueuedOperation[] = []
    const taken = new Set<string>()
    for (const entry of this.#waiting.values()) {
      if (chosen.length >= limit) break
      if (taken.has(entry.didSuffix)) continue
      taken.add(entry.didSuffix)
      const operation = entry.durable ? this.#read(entry.sequence) : undefined
      if (operation !== undefined) chosen.push(operation)
    }
    return chosen
  }

  /** Says durably that a batch is about to be anchored. */
  async begin(intent: BatchIntent): Promise<void> {
    await this.#store.commit([{ key: keys.INTENT, value: encodeRecord(intent) }])
    this.#intent = intent
  }

  /** Takes the operations of the batch out of the queue: they are on the ledger. */
  async finish({ number, timeHash }: LedgerPosition, anchoredAt: number): Promise<void> {
    const intent = this.#intent
    if (intent === undefined) return
    const changes: Change[] = [{ key: keys.INTENT }]
    for (const [operationIndex, operation] of intent.operations.entries()) {
      const place = { transactionNumber: number, timeHash, operationIndex, anchoredAt }
      changes.push(...this.#leave(operation, { state: 'anchored', ...place }))
    }
    await this.#store.commit(changes)
    for (const { sequence } of intent.operations) this.#forget(sequence)
    this.#intent = undefined
  }

  /**
   * Gives up a batch that is not on the ledger and will not be: its operations wait for another, but for those that
   * leave the queue because they are refused.
   */
  async abandon(refused: readonly RefusedOperation[], rejectedAt: number): Promise<void> {
    const changes: Change[] = [{ key: keys.INTENT }]
    for (const { operation, code, reason } of refused)
      changes.push(...this.#leave(operation, { state: 'rejected', code, reason, rejectedAt }))
    await this.#store.commit(changes)
    for (const { operation } of refused) this.#forget(operation.sequence)
    this.#intent = undefined
  }

  /** Takes an operation out of the queue that can never be applied. */
  async reject(operation: QueuedOperation, code: string, reason: string, rejectedAt: number): Promise<void> {
    await this.#store.commit(this.#leave(operation, { state: 'rejected', code, reason, rejectedAt }))
    this.#forget(operation.sequence)
  }

  /** Takes up an operation that the last process left, unless its status says that it does not wait any more. */
  async #takeUp(queued: QueuedOperation): Promise<void> {
    const { id, sequence } = queued
    const record = this.#stored(id)
    const changes: Change[] = []
    if (record === undefined) {
      changes.push({ key: keys.statusKey(id), value: encodeRecord(queuedRecord(queued)) })
    } else if (record.state !== 'queued' || record.sequence !== sequence) {
      // Its acceptance failed and came to light later: it was accepted again then, and may be anchored by now.
      changes.push({ key: keys.queuedKey(sequence) })
      this.#nextSequence = Math.max(this.#nextSequence, sequence + 1)
    }
    if (changes.length > 0) await this.#store.commit(changes)
    if (record === undefined || changes.length === 0) this.#remember(queued).durable = true
  }

  #leave(
    operation: { id: string; sequence: number },
    place:
      | ({ state: 'anchored' } & AnchoredPlace)
      | { state: 'rejected'; code: string; reason: string; rejectedAt: number },
  ): Change[] {
    const queued = { key: keys.queuedKey(operation.sequence) }
    const before = this.#stored(operation.id)
    // A repair may have lost it.
    if (before === undefined) return [queued]
    const { type, acceptedAt, didSuffix, id } = before
    const record: OperationRecord = { id, didSuffix, type, acceptedAt, ...place }
    return [queued, { key: keys.statusKey(id), value: encodeRecord(record) }]
  }

  /** Undefined for an operation that is just leaving: its record goes a moment before it is forgotten here. */
  #read(sequence: number): QueuedOperation | undefined {
    const bytes = this.#store.get(keys.queuedKey(sequence))
    return bytes === undefined ? undefined : decodeRecord<QueuedOperation>(bytes)
  }

  #stored(id: string): OperationRecord | undefined {
    const bytes = this.#store.get(keys.statusKey(id))
    return bytes === undefined ? undefined : decodeRecord<OperationRecord>(bytes)
  }

  #remember({ id, sequence, didSuffix, acceptedAt }: QueuedOperation): Waiting {
    const entry: Waiting = { id, sequence, didSuffix, acceptedAt, durable: false }
    this.#waiting.set(sequence, entry)
    const own = this.#bySuffix.get(didSuffix)
    if (own === undefined) this.#bySuffix.set(didSuffix, [entry])
    else own.push(entry)
    this.#nextSequence = Math.max(this.#nextSequence, sequence + 1)
    return entry
  }

  #forget(sequence: number): void {
    const entry = this.#waiting.get(sequence)
    if (entry === undefined) return
    this.#waiting.delete(sequence)
    const left = (this.#bySuffix.get(entry.didSuffix) ?? []).filter(other => other.sequence !== sequence)
    if (left.length === 0) this.#bySuffix.delete(entry.didSuffix)
    else this.#bySuffix.set(entry.didSuffix, left)
  }
}

function queuedRecord({ id, didSuffix, request, acceptedAt, sequence }: QueuedOperation): OperationRecord {
  return { id, didSuffix, type: (request as OperationRequest).type, acceptedAt, state: 'queued', sequence }
}
