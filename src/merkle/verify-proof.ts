import { HASH_BYTES, hashNode, isTreeSize } from './tree.ts'

/**
 * Whether the leaf is number `index` in the tree of this size and root (RFC 9162 section 2.1.3.2). False for
 * anything else, also for a hash that is not 32 bytes or a size that is no safe integer.
 * @param proof sibling hashes, the leaf's own sibling first
 */
export function verifyInclusion(
  index: number,
  size: number,
  leafHash: Uint8Array,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isTreeSize(index) || !isTreeSize(size) || index >= size) return false
  if (!areHashes([leafHash, root]) || !areHashes(proof)) return false
  let fn = index
  let sn = size - 1
  let hash = leafHash
  for (const sibling of proof) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      hash = hashNode(sibling, hash)
      while (fn % 2 === 0 && fn !== 0) {
        fn = half(fn)
        sn = half(sn)
      }
    } else {
      hash = hashNode(hash, sibling)
    }
    fn = half(fn)
    sn = half(sn)
  }
  return sn === 0 && equal(hash, root)
}

/**
 * Whether the tree of size `size1` is a prefix of the tree of size `size2` (RFC 9162 section 2.1.4.2). False for
 * size1 = 0: every tree begins with the empty one, so such a proof shows nothing, and who accepts the empty tree
 * as a start (C2SP tlog-witness does) asks for the empty proof itself.
 */
export function verifyConsistency(
  size1: number,
  size2: number,
  root1: Uint8Array,
  root2: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  return verifySubtreeConsistency(0, size1, size2, root1, root2, proof)
}

/**
 * Whether the leaf is number `index` in the subtree over the leaves from `start` to before `end`
 * (draft-ietf-plants-merkle-tree-certs, subtree inclusion proofs).
 */
export function verifySubtreeInclusion(
  index: number,
  start: number,
  end: number,
  leafHash: Uint8Array,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  return isSubtree(start, end) && verifyInclusion(index - start, end - start, leafHash, proof, root)
}

/**
 * Whether the subtree over the leaves from `start` to before `end` is part of the tree of this size
 * (draft-ietf-plants-merkle-tree-certs, subtree consistency proofs; start 0 is RFC 9162 section 2.1.4.2).
 */
export function verifySubtreeConsistency(
  start: number,
  end: number,
  size: number,
  subtreeRoot: Uint8Array,
  root: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!isSubtree(start, end) || !isTreeSize(size) || end > size) return false
  if (!areHashes([subtreeRoot, root]) || !areHashes(proof)) return false
  let fn = start
  let sn = end - 1
  let tn = size - 1
  const shift = () => {
    fn = half(fn)
    sn = half(sn)
    tn = half(tn)
  }
  // The subtree's own right edge: where it ends the tree, all of it; else up to its last complete subtree.
  while (sn !== fn && (sn === tn || sn % 2 === 1)) shift()
  const [first, rest] = sn === fn ? [subtreeRoot, proof] : [proof[0], proof.slice(1)]
  if (first === undefined) return false
  let subtreeHash = first
  let treeHash = first
  for (const hash of rest) {
    if (tn === 0) return false
    if (sn % 2 === 1 || sn === tn) {
      if (fn < sn) subtreeHash = hashNode(hash, subtreeHash)
      treeHash = hashNode(hash, treeHash)
      while (sn % 2 === 0 && sn !== 0) shift()
    } else {
      treeHash = hashNode(treeHash, hash)
    }
    shift()
  }
  return tn === 0 && equal(subtreeHash, subtreeRoot) && equal(treeHash, root)
}

/** A subtree begins at a multiple of the smallest power of two that its width fits into, and is not empty. */
function isSubtree(start: number, end: number): boolean {
  if (!isTreeSize(start) || !isTreeSize(end) || start >= end) return false
  let span = 1
  while (span < end - start) span *= 2
  return start % span === 0
}

function half(n: number): number {
  return Math.floor(n / 2)
}

function areHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every(hash => hash.length === HASH_BYTES)
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
