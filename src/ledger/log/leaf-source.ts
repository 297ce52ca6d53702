import type { Leaf } from './leaf.ts'

/** A leaf where it stands in its log. */
export interface IndexedLeaf {
  index: number
  bytes: Uint8Array
  leaf: Leaf
}

/** Where leaves of a log are read in order. */
export interface LeafSource {
  /** Leaves from `first` on, at most `limit`, in order; fewer, but at least one while there are more. */
  leaves(first: number, limit: number): Promise<IndexedLeaf[]>
}
