import type { ContentStore } from '../content/types.ts'
import { LedgerError } from '../ledger/errors.ts'
import { findAnchor } from '../ledger/find-anchor.ts'
import type { Ledger } from '../ledger/types.ts'
import { cutBatch } from '../sidetree/batch-cut.ts'
import { type Batch, storeBatch } from '../sidetree/batch-write.ts'
import type { ProtocolParameters } from '../sidetree/parameters.ts'
import type { Judge } from './applicability.ts'
import type { NextPosition } from './next-position.ts'
import type { OperationStore } from './operation-store.ts'
import type { OperationQueue, RefusedOperation } from './queue.ts'
import type { BatchIntent, QueuedOperation } from './records.ts'

/** Why an operation is refused that once was accepted. */
const CHANGED = 'the DID has changed since the operation was accepted'

export interface BatchWriterParts {
  queue: OperationQueue
  operations: OperationStore
  content: ContentStore
  ledger: Ledger
  next: NextPosition
  /** Who anchors, in the ledger's own terms. */
  writer: string
  /** Unix milliseconds. */
  now: () => number
  /** Judges what waits by what the DIDs are now. */
  judge: () => Promise<Judge>
  /** Most operations in a batch; the protocol's limit holds in any case. */
  maxOperations?: number
}

/**
 * Takes operations from the queue to the ledger, so that a stop at any point neither loses nor doubles one:
 * files first (storing them again is harmless), then the intent, then the anchor, then the queue. An intent that
 * is found at start is looked for on the ledger before anything is anchored.
 */
export class BatchWriter {
  readonly #parts: BatchWriterParts

  constructor(parts: BatchWriterParts) {
    this.#parts = parts
  }

  /**
   * Anchors one batch of what waits; the caller sees to it that the observer has caught up, so that operations are
   * judged by the state that they will meet. Returns how many operations were anchored.
   */
  async write(): Promise<number> {
    await this.resume()
    const { queue, content, ledger } = this.#parts
    const { parameters } = await this.#parts.next()
    const batch = await this.#cut(parameters)
    if (batch === undefined) return 0
    const { anchorString } = await storeBatch(batch, parameters, bytes => content.put(bytes))
    const operations = batch.operations.map(({ id, sequence, didSuffix }) => ({ id, sequence, didSuffix }))
    const intent = { anchorString, after: (await ledger.head()).number, operations }
    await queue.begin(intent)
    return this.#anchor(intent)
  }

  /** Finishes a batch whose intent was written: it is on the ledger already, or it is anchored now. */
  async resume(): Promise<void> {
    const { queue, ledger, now } = this.#parts
    const { intent } = queue
    if (intent === undefined) return
    const found = await findAnchor(ledger, { anchorString: intent.anchorString }, intent.after)
    if (found === undefined) await this.#anchor(intent)
    else await queue.finish(found, now())
  }

  /** Anchors the batch of an intent; where the ledger refuses it, none of its operations is left without a status. */
  async #anchor(intent: BatchIntent): Promise<number> {
    const { queue, ledger, writer, now } = this.#parts
    try {
      const transaction = await ledger.anchor(intent.anchorString, writer)
      await queue.finish(transaction, now())
      return intent.operations.length
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error
      if (error.code === 'LEDGER_ENTRY_REFUSED') {
        await queue.abandon(refusedBy(error, intent), now())
        return 0
      }
      // Its files are stored again with the next batch.
      if (error.code === 'LEDGER_FILES_MISSING') await queue.abandon([], now())
      throw error
    }
  }

  async #cut(parameters: ProtocolParameters): Promise<Batch<QueuedOperation> | undefined> {
    const { queue, now, maxOperations } = this.#parts
    const judge = await this.#parts.judge()
    const limit = Math.min(maxOperations ?? parameters.maxOperationCount, parameters.maxOperationCount)
    const admitted: QueuedOperation[] = []
    for (const operation of queue.next(limit)) {
      const refusal = await judge(operation)
      if (refusal === undefined) admitted.push(operation)
      else await queue.reject(operation, refusal.code, CHANGED, now())
    }
    const { batch, refused } = cutBatch(admitted, parameters, { maxOperations: limit })
    for (const { operation, code, message } of refused) await queue.reject(operation, code, message, now())
    return batch
  }
}

/** The operations that a ledger has refused; all of them, where it names none of the batch. */
function refusedBy(
  { refusals, reason, message }: LedgerError,
  { operations }: BatchIntent,
): RefusedOperation[] {
  const named = refusals.flatMap(({ index, didSuffix, code, reason: why }) => {
    const operation = operations[index]
    return operation?.didSuffix === didSuffix ? [{ operation, code, reason: why }] : []
  })
  if (named.length > 0) return named
  return operations.map(operation => ({ operation, code: reason ?? 'OPERATION_REFUSED', reason: message }))
}
