import { sha256 } from '../../codec/hash.ts'

/** Bytes of a key, a value and a hash. */
export const BYTES = 32

/** Hash of a subtree without keys. */
export const EMPTY: Uint8Array = Buffer.alloc(BYTES)

/** Filled anew for each hash, which is made at once. */
const leaf = Buffer.alloc(1 + 2 * BYTES, 0x03)
const node = Buffer.alloc(1 + 2 * BYTES, 0x04)

/** Hash of a subtree that holds one key, wherever it stands: SHA-256(0x03 || key || value). */
export function hashMapLeaf(key: Uint8Array, value: Uint8Array): Buffer {
  leaf.set(key, 1)
  leaf.set(value, 1 + BYTES)
  return sha256(leaf)
}

/** Hash of a subtree that holds more than one key: SHA-256(0x04 || left || right). */
export function hashMapNode(left: Uint8Array, right: Uint8Array): Buffer {
  node.set(left, 1)
  node.set(right, 1 + BYTES)
  return sha256(node)
}

/** Bit of a key at a depth, the most significant of its first byte at depth 0. */
export function bitOf(key: Uint8Array, depth: number): 0 | 1 {
  return (((key[depth >> 3] as number) >> (7 - (depth & 7))) & 1) as 0 | 1
}
