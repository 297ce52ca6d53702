import type { ProtocolParameters } from '../sidetree/parameters.ts'
import type { FetchedBatch } from './batch-fetcher.ts'

/** Operations that are kept, unless one batch alone has more: as many as the observer reads ahead. */
const MAX_OPERATIONS = 25_000

/** A batch that was read whole. */
export type CompleteBatch = Extract<FetchedBatch, { status: 'complete' }>

/**
 * Batches as admission has read them, for the observer, which need not read them a second time a moment later. Each
 * is given once. Nothing depends on one being here: what is not is read from the content store.
 */
export class AdmittedBatches {
  readonly #kept = new Map<string, { params: ProtocolParameters; batch: CompleteBatch }>()
  #operations = 0

  /** Keeps a batch, and forgets the oldest ones where there are too many. */
  add(anchorString: string, params: ProtocolParameters, batch: CompleteBatch): void {
    this.delete(anchorString)
    this.#kept.set(anchorString, { params, batch })
    this.#operations += batch.operations.length
    for (const oldest of this.#kept.keys()) {
      if (this.#operations <= MAX_OPERATIONS || oldest === anchorString) break
      this.delete(oldest)
    }
  }

  /** The batch of an anchor string, if it was read by these rules. */
  take(anchorString: string, params: ProtocolParameters): CompleteBatch | undefined {
    const kept = this.#kept.get(anchorString)
    this.delete(anchorString)
    return kept?.params === params ? kept.batch : undefined
  }

  delete(anchorString: string): void {
    this.#operations -= this.#kept.get(anchorString)?.batch.operations.length ?? 0
    this.#kept.delete(anchorString)
  }
}
