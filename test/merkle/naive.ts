import { sha256 } from '../../src/codec/hash.ts'

/** The tree hash as RFC 9162 section 2.1.1 defines it, by plain recursion over the leaf hashes. */
export function naiveRoot(leafHashes: Uint8Array[]): Buffer {
  if (leafHashes.length === 0) return sha256('')
  if (leafHashes.length === 1) return Buffer.from(leafHashes[0] as Uint8Array)
  let split = 1
  while (split * 2 < leafHashes.length) split *= 2
  return sha256(
    Buffer.concat([
      Buffer.from([1]),
      naiveRoot(leafHashes.slice(0, split)),
      naiveRoot(leafHashes.slice(split)),
    ]),
  )
}

/** Leaf hashes of a tree of this size, all different. */
export function leaves(size: number, tag = 'leaf'): Buffer[] {
  return Array.from({ length: size }, (_, i) => sha256(`\0${tag} ${i}`))
}
