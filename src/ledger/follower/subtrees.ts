import { hashNode } from '../../merkle/tree.ts'
import type { TreeView } from '../log/tree-view.ts'

/** A complete subtree: the 2^height leaves from leaf index * 2^height on. */
export interface Subtree {
  height: number
  index: number
}

/**
 * The complete subtrees that the leaves from `low` to before `high` consist of, in order: the fewest that there can be,
 * at most twice the bits of `high`.
 */
export function subtreesBetween(low: number, high: number): Subtree[] {
  const subtrees: Subtree[] = []
  for (let at = low; at < high; ) {
    let height = 0
    let span = 1
    while (at % (span * 2) === 0 && at + span * 2 <= high) {
      span *= 2
      height++
    }
    subtrees.push({ height, index: at / span })
    at += span
  }
  return subtrees
}

/** The subtrees of a tree of `size` leaves, cut so that its first `prefix` leaves are made of the first of them. */
export function splitSubtrees(prefix: number, size: number): { before: Subtree[]; after: Subtree[] } {
  return { before: subtreesBetween(0, prefix), after: subtreesBetween(prefix, size) }
}

/**
 * Root of the tree that complete subtrees make up (RFC 9162 section 2.1.1).
 * @param subtrees without a gap from leaf 0 on
 * @param hashes one of each, of 32 bytes
 */
export function rootOfSubtrees(subtrees: readonly Subtree[], hashes: readonly Uint8Array[]): Uint8Array {
  const stack: Uint8Array[] = []
  for (const [i, subtree] of subtrees.entries()) {
    let hash = hashes[i] as Uint8Array
    // What is left of an odd one is its sibling: all before it is merged already.
    for (let { index } = subtree; index % 2 === 1; index = (index - 1) / 2) {
      hash = hashNode(stack.pop() as Uint8Array, hash)
    }
    stack.push(hash)
  }
  return stack.reduceRight((right, left) => hashNode(left, right))
}

/**
 * What hashes show of a tree: its root, and the root that its first `prefix` leaves have. They are those of
 * `splitSubtrees(prefix, size)`, so that whoever knows the root of the tree knows the other root too: other hashes
 * would not lead to the same root.
 * @returns undefined unless 0 < prefix <= size and there are as many hashes of 32 bytes as it takes
 */
export function rootsOfSplit(
  prefix: number,
  size: number,
  hashes: readonly Uint8Array[],
): { prefixRoot: Uint8Array; root: Uint8Array } | undefined {
  if (!(Number.isSafeInteger(prefix) && Number.isSafeInteger(size) && prefix > 0 && prefix <= size))
    return undefined
  const { before, after } = splitSubtrees(prefix, size)
  if (hashes.length !== before.length + after.length || hashes.some(({ length }) => length !== 32))
    return undefined
  return {
    prefixRoot: rootOfSubtrees(before, hashes),
    root: rootOfSubtrees([...before, ...after], hashes),
  }
}

/** Hashes that lead to the root of a tree, cut after `prefix` leaves: of the subtrees of {@link splitSubtrees}. */
export function splitHashes(view: TreeView, prefix: number): Uint8Array[] {
  const { before, after } = splitSubtrees(prefix, view.size)
  const read = view.hashes()
  return [...before, ...after].map(({ height, index }) => read(height, index))
}
