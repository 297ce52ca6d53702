import { sha256 } from '../codec/hash.ts'

/** Length of a hash, in bytes. */
export const HASH_BYTES = 32

/** Root of the tree without leaves: SHA-256 of nothing (RFC 9162 section 2.1.1). */
export const EMPTY_ROOT: Uint8Array = sha256('')

/** One buffer for all node hashes: hashing is synchronous, and this is the hot path of building and proving. */
const scratch = Buffer.alloc(1 + 2 * HASH_BYTES, 0x01)

/** Hash of a leaf: SHA-256(0x00 || entry) (RFC 9162 section 2.1.1). */
export function hashLeaf(entry: Uint8Array): Buffer {
  const prefixed = Buffer.allocUnsafe(entry.length + 1)
  prefixed[0] = 0x00
  prefixed.set(entry, 1)
  return sha256(prefixed)
}

/** Hash of an inner node: SHA-256(0x01 || left || right), each of 32 bytes (RFC 9162 section 2.1.1). */
export function hashNode(left: Uint8Array, right: Uint8Array): Buffer {
  if (left.length !== HASH_BYTES || right.length !== HASH_BYTES) throw new TypeError('a hash has 32 bytes')
  scratch.set(left, 1)
  scratch.set(right, 1 + HASH_BYTES)
  return sha256(scratch)
}

/** True for what can be the size of a tree here: an integer from 0 to 2^53 - 1. */
export function isTreeSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

/** Called for each complete subtree: 2^height leaves from leaf index * 2^height on. */
export type SubtreeListener = (height: number, index: number, hash: Buffer) => void

/**
 * The complete subtrees that a tree is made of, largest first: enough to append to it and to know its root. Holds
 * one hash for each bit set in the size.
 */
export class Frontier {
  #size: number
  readonly #subtrees: Buffer[]

  /** @param subtrees the hashes of the complete subtrees, largest first: one for each bit set in `size` */
  constructor(size = 0, subtrees: readonly Buffer[] = []) {
    this.#size = size
    this.#subtrees = [...subtrees]
  }

  get size(): number {
    return this.#size
  }

  /** Hashes of the complete subtrees, largest first. */
  get subtrees(): readonly Buffer[] {
    return this.#subtrees
  }

  /** Appends the leaf with this hash and tells `listener` each complete subtree that it ends, the leaf first. */
  append(leafHash: Buffer, listener?: SubtreeListener): void {
    let hash = leafHash
    let index = this.#size
    listener?.(0, index, hash)
    for (let height = 1; index % 2 === 1; height++) {
      const left = this.#subtrees.pop()
      if (left === undefined) throw new TypeError('the frontier does not hold the subtrees of its size')
      hash = hashNode(left, hash)
      index = (index - 1) / 2
      listener?.(height, index, hash)
    }
    this.#subtrees.push(hash)
    this.#size++
  }

  /** Root of the tree (RFC 9162 section 2.1.1). */
  root(): Uint8Array {
    let root = this.#subtrees.at(-1)
    if (root === undefined) return EMPTY_ROOT
    for (let i = this.#subtrees.length - 2; i >= 0; i--) root = hashNode(this.#subtrees[i] as Buffer, root)
    return root
  }
}

/** Root of the tree over these leaf hashes. */
export function rootOf(leafHashes: Iterable<Buffer>): Uint8Array {
  const frontier = new Frontier()
  for (const hash of leafHashes) frontier.append(hash)
  return frontier.root()
}
