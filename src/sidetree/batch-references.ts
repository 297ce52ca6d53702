import type { BatchOutcome } from './batch-read.ts'
import { anchoredDigest } from './operation-id.ts'
import type { AnchoredOperation } from './types.ts'

/**
 * An operation that an index file of a batch names. It need not apply; where a file beside the index counts for nothing,
 * it cannot.
 */
export interface BatchReference {
  didSuffix: string
  /** Position in its batch: creates, recovers, deactivates, updates, each as its file lists them. */
  operationIndex: number
  /** base64url of the 32 bytes of `operationDigest`. */
  digest: string
}

/**
 * All that index files which count name in a batch, in batch order; nothing where the batch counts for nothing. Of an
 * update that is dropped, only what the provisional index file says is taken, with no signed data and no delta: whether
 * the files beside it were read at all depends on which came first.
 * @param outcome of a reading that is complete, or discarded
 */
export function batchReferences(outcome: BatchOutcome): BatchReference[] {
  if (outcome.status !== 'complete') return []
  return [...outcome.operations, ...outcome.dropped.map(named)].map((operation, operationIndex) => ({
    didSuffix: operation.didSuffix,
    operationIndex,
    digest: anchoredDigest(operation),
  }))
}

function named({ type, didSuffix, revealValue }: AnchoredOperation): AnchoredOperation {
  return revealValue === undefined ? { type, didSuffix } : { type, didSuffix, revealValue }
}
