import { MerkleError } from './errors.ts'
import { EMPTY_ROOT, hashNode, isTreeSize } from './tree.ts'

/** Hash of the complete subtree of 2^height leaves that begins at leaf index * 2^height. */
export type HashReader = (height: number, index: number) => Uint8Array

/**
 * The inclusion proof of a leaf: sibling hashes, the leaf's own sibling first (RFC 9162 section 2.1.3.1).
 * @throws MerkleError RANGE_INVALID where the tree of this size has no such leaf
 */
export function inclusionProof(index: number, size: number, read: HashReader): Uint8Array[] {
  if (!isTreeSize(index) || !isTreeSize(size) || index >= size) {
    throw new MerkleError('RANGE_INVALID', `a tree of size ${size} has no leaf ${index}`)
  }
  const proof: Uint8Array[] = []
  let low = 0
  let high = size
  while (high - low > 1) {
    const middle = low + splitPoint(high - low)
    if (index < middle) {
      proof.push(rangeHash(middle, high, read))
      high = middle
    } else {
      proof.push(rangeHash(low, middle, read))
      low = middle
    }
  }
  return proof.reverse()
}

/**
 * The proof that the tree of `size1` leaves is a prefix of the one of `size2` leaves (RFC 9162 section 2.1.4.1).
 * @throws MerkleError RANGE_INVALID unless 0 < size1 <= size2
 */
export function consistencyProof(size1: number, size2: number, read: HashReader): Uint8Array[] {
  if (!isTreeSize(size1) || !isTreeSize(size2) || size1 === 0 || size1 > size2) {
    throw new MerkleError('RANGE_INVALID', `no consistency proof leads from size ${size1} to size ${size2}`)
  }
  const proof: Uint8Array[] = []
  let low = 0
  let high = size2
  while (size1 !== high) {
    const middle = low + splitPoint(high - low)
    if (size1 <= middle) {
      proof.push(rangeHash(middle, high, read))
      high = middle
    } else {
      proof.push(rangeHash(low, middle, read))
      low = middle
    }
  }
  if (low > 0) proof.push(rangeHash(low, high, read))
  return proof.reverse()
}

/** Root of the tree of the first `size` leaves (RFC 9162 section 2.1.1). */
export function treeRoot(size: number, read: HashReader): Uint8Array {
  if (!isTreeSize(size)) throw new MerkleError('RANGE_INVALID', `${size} is no tree size`)
  return size === 0 ? EMPTY_ROOT : rangeHash(0, size, read)
}

/** Hash over the leaves from `low` to before `high`, where `low` is a multiple of the span; at most 53 deep. */
function rangeHash(low: number, high: number, read: HashReader): Uint8Array {
  const split = splitPoint(high - low)
  if (high - low === 1) return read(0, low)
  if (split * 2 === high - low) return read(Math.log2(split * 2), low / (split * 2))
  return hashNode(rangeHash(low, low + split, read), rangeHash(low + split, high, read))
}

/** The largest power of two that is less than `count`; 1 for 1. */
function splitPoint(count: number): number {
  let split = 1
  while (split * 2 < count) split *= 2
  return split
}
