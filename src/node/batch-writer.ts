import type { ContentStore } from '../content/types.ts'
import type { Ledger, LedgerTransaction } from '../ledger/types.ts'
import { cutBatch } from '../sidetree/batch-cut.ts'
import { type Batch, storeBatch } from '../sidetree/batch-write.ts'
import type { ProtocolParameters } from '../sidetree/parameters.ts'
import type { Judge } from './intake.ts'
import type { NextPosition } from './next-position.ts'
import type { OperationStore } from './operation-store.ts'
import type { OperationQueue } from './queue.ts'
import type { QueuedOperation } from './records.ts'

/** Transactions looked through at a time for a batch that may have been anchored before a stop. */
const PAGE = 256

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
    const { queue, content, ledger, writer } = this.#parts
    const { parameters } = await this.#parts.next()
    const batch = await this.#cut(parameters)
    if (batch === undefined) return 0
    const { anchorString } = await storeBatch(batch, parameters, bytes => content.put(bytes))
    const operations = batch.operations.map(({ id, sequence, didSuffix }) => ({ id, sequence, didSuffix }))
    await queue.begin({ anchorString, after: (await ledger.head()).number, operations })
    const transaction = await ledger.anchor(anchorString, writer)
    await queue.finish(transaction, this.#parts.now())
    return operations.length
  }

  /** Finishes a batch whose intent was written: it is on the ledger already, or it is anchored now. */
  async resume(): Promise<void> {
    const { queue, ledger, writer, now } = this.#parts
    const { intent } = queue
    if (intent === undefined) return
    const found = await this.#find(intent.anchorString, intent.after)
    const transaction = found ?? (await ledger.anchor(intent.anchorString, writer))
    await queue.finish(transaction, now())
  }

  async #find(anchorString: string, after: number | undefined): Promise<LedgerTransaction | undefined> {
    for (let cursor = after; ; ) {
      const page = await this.#parts.ledger.transactions(cursor, PAGE)
      const found = page.find(transaction => transaction.anchorString === anchorString)
      if (found !== undefined) return found
      cursor = page.at(-1)?.number
      if (cursor === undefined) return undefined
    }
  }

  async #cut(parameters: ProtocolParameters): Promise<Batch<QueuedOperation> | undefined> {
    const { queue, now, maxOperations } = this.#parts
    const judge = await this.#parts.judge()
    const limit = Math.min(maxOperations ?? parameters.maxOperationCount, parameters.maxOperationCount)
    const admitted: QueuedOperation[] = []
    for (const operation of queue.next(limit)) {
      const code = await judge(operation)
      if (code === undefined) admitted.push(operation)
      else await queue.reject(operation, code, 'the DID has changed since the operation was accepted', now())
    }
    const { batch, refused } = cutBatch(admitted, parameters, { maxOperations: limit })
    for (const { operation, code, message } of refused) await queue.reject(operation, code, message, now())
    return batch
  }
}
