import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MerkleError } from '../../src/merkle/errors.ts'
import { consistencyProof, inclusionProof, treeRoot } from '../../src/merkle/make-proof.ts'
import { TileCache, tileHashes } from '../../src/merkle/tile.ts'
import { TileBuilder } from '../../src/merkle/tile-builder.ts'
import { tileWidth } from '../../src/merkle/tile-path.ts'
import { rootOf } from '../../src/merkle/tree.ts'
import { verifyConsistency, verifyInclusion } from '../../src/merkle/verify-proof.ts'
import { leaves, naiveRoot } from './naive.ts'

const plain = (all: Buffer[]) => (height: number, index: number) =>
  naiveRoot(all.slice(index * 2 ** height, (index + 1) * 2 ** height))

/** The tiles of a tree, kept as a log would keep them. */
function tiles(all: Buffer[], step: number) {
  const kept = new Map<string, Buffer>()
  const builder = new TileBuilder()
  for (let i = 0; i < all.length; i += step) {
    for (const { level, index, bytes } of builder.append(all.slice(i, i + step)))
      kept.set(`${level}/${index}`, bytes)
  }
  const read = (level: number, index: number, width: number) => {
    const tile = kept.get(`${level}/${index}`) ?? (level === 0 ? builder.tail(0) : Buffer.alloc(0))
    return tile.subarray(0, width * 32)
  }
  return { builder, kept, read }
}

const size = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 700 }))

describe('proofs', () => {
  it('each leaf of each small tree is included, each smaller tree is a prefix, and no other', () => {
    const all = leaves(20)
    for (let n = 1; n <= all.length; n++) {
      const root = naiveRoot(all.slice(0, n))
      for (let m = 1; m <= n; m++) {
        const inclusion = inclusionProof(m - 1, n, plain(all))
        expect(verifyInclusion(m - 1, n, all[m - 1] as Buffer, inclusion, root)).toBe(true)
        const consistency = consistencyProof(m, n, plain(all))
        const before = naiveRoot(all.slice(0, m))
        expect(verifyConsistency(m, n, before, root, consistency)).toBe(true)
        for (let other = 1; other <= all.length; other++) {
          const right = other === m
          expect(verifyInclusion(other - 1, n, all[m - 1] as Buffer, inclusion, root)).toBe(right)
          expect(verifyConsistency(other, n, before, root, consistency)).toBe(right)
        }
      }
    }
  })

  it('made from tiles they verify, for a tree read at any of its sizes', () => {
    fc.assert(
      fc.property(size, fc.nat(), fc.nat(), fc.integer({ min: 1, max: 300 }), (n, a, b, step) => {
        const all = leaves(n)
        const at = 1 + (a % n)
        const index = b % at
        const read = tileHashes(at, tiles(all, step).read)
        const root = rootOf(all.slice(0, at))
        expect(Buffer.from(treeRoot(at, read))).toEqual(Buffer.from(root))
        const inclusion = inclusionProof(index, at, read)
        expect(verifyInclusion(index, at, all[index] as Buffer, inclusion, root)).toBe(true)
        const consistency = consistencyProof(index + 1, at, read)
        expect(verifyConsistency(index + 1, at, rootOf(all.slice(0, index + 1)), root, consistency)).toBe(
          true,
        )
      }),
    )
  })

  it('any flipped bit in a proof or root is refused', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 200 }),
        fc.nat(),
        fc.nat(),
        fc.nat({ max: 255 }),
        (n, at, which, bit) => {
          const all = leaves(n)
          const index = at % n
          const root = Buffer.from(rootOf(all))
          const proof = inclusionProof(index, n, plain(all)).map(hash => Buffer.from(hash))
          const hashes = [...proof, root]
          const hurt = hashes[which % hashes.length] as Buffer
          hurt[bit >> 3] = (hurt[bit >> 3] as number) ^ (1 << (bit & 7))
          expect(verifyInclusion(index, n, all[index] as Buffer, proof, root)).toBe(false)
        },
      ),
    )
  })

  it('a proof with hashes more or fewer is refused', () => {
    const all = leaves(13)
    const root = rootOf(all)
    const proof = inclusionProof(5, 13, plain(all))
    expect(verifyInclusion(5, 13, all[5] as Buffer, proof.slice(1), root)).toBe(false)
    expect(verifyInclusion(5, 13, all[5] as Buffer, proof.slice(0, -1), root)).toBe(false)
    expect(verifyInclusion(5, 13, all[5] as Buffer, [...proof, root], root)).toBe(false)
  })

  it('a hash that is not 32 bytes is refused, and so is a size that is no safe integer', () => {
    const [leaf] = leaves(1) as [Buffer]
    expect(verifyInclusion(0, 1, leaf, [], leaf)).toBe(true)
    expect(verifyInclusion(0, 1, leaf.subarray(1), [], leaf.subarray(1))).toBe(false)
    expect(verifyInclusion(0, 1, leaf, [], Buffer.concat([leaf, leaf]))).toBe(false)
    for (const wrong of [2 ** 53, Number.NaN, 1.5, -1, Number.POSITIVE_INFINITY]) {
      expect(verifyInclusion(0, wrong, leaf, [], leaf)).toBe(false)
      expect(verifyInclusion(wrong, wrong, leaf, [], leaf)).toBe(false)
      expect(verifyConsistency(wrong, wrong, leaf, leaf, [])).toBe(false)
    }
  })

  it('sizes beyond 32 bits are counted exactly', () => {
    // Leaf 2^33 of a tree of 2^33 + 1 stands alone on the right: one sibling, the root of all before it.
    const [leaf, before] = leaves(2) as [Buffer, Buffer]
    const root = rootOf([before, leaf])
    expect(verifyInclusion(2 ** 33, 2 ** 33 + 1, leaf, [before], root)).toBe(true)
    expect(verifyInclusion(2 ** 33, 2 ** 33 + 2, leaf, [before], root)).toBe(false)
    expect(verifyConsistency(2 ** 33, 2 ** 33 + 1, before, root, [leaf])).toBe(true)
  })

  it('no proof is made beyond the tree, or from the empty one', () => {
    const read = plain(leaves(4))
    for (const make of [
      () => inclusionProof(4, 4, read),
      () => inclusionProof(0, 0, read),
      () => inclusionProof(-1, 4, read),
      () => consistencyProof(0, 4, read),
      () => consistencyProof(5, 4, read),
    ]) {
      expect(make).toThrow(expect.objectContaining({ code: 'RANGE_INVALID' }))
    }
  })
})

describe('tile builder', () => {
  it('keeps the tiles of the definition, however the leaves are grouped, also when begun anew from its tails', () => {
    fc.assert(
      fc.property(size, fc.integer({ min: 1, max: 300 }), fc.nat(), (n, step, cut) => {
        const all = leaves(n)
        const { builder, kept } = tiles(all, step)
        for (const [id, bytes] of kept) {
          const [level = 0, index = 0] = id.split('/').map(Number)
          expect(bytes.length).toBe(32 * tileWidth(n, level, index))
          for (let i = 0; i < bytes.length / 32; i++) {
            const span = 256 ** level
            const first = (index * 256 + i) * span
            expect(bytes.subarray(i * 32, i * 32 + 32)).toEqual(
              Buffer.from(rootOf(all.slice(first, first + span))),
            )
          }
        }
        const half = cut % n
        const first = new TileBuilder()
        first.append(all.slice(0, half))
        const second = new TileBuilder(
          half,
          [0, 1, 2].map(level => split(first.tail(level))),
        )
        second.append(all.slice(half))
        expect(Buffer.from(second.root())).toEqual(Buffer.from(builder.root()))
        expect(second.tail(0)).toEqual(builder.tail(0))
      }),
    )
  })

  it('does not start from partial tiles that do not fit the size', () => {
    expect(() => new TileBuilder(3, [leaves(2)])).toThrow(TypeError)
    expect(() => new TileBuilder(256, [])).toThrow(TypeError)
    expect(() => new TileBuilder(256, [[], leaves(1), leaves(1)])).toThrow(TypeError)
  })
})

describe('tiles as a source of hashes', () => {
  it('a cache reads no tile twice while it has room, and gives the same hashes as the tree grows', () => {
    const all = leaves(700)
    const { read } = tiles(all, 100)
    let reads = 0
    const counted = (level: number, index: number, width: number) => {
      reads++
      return read(level, index, width)
    }
    const cache = new TileCache(8)
    for (const n of [300, 700, 300]) {
      for (const index of [0, 7, 299]) {
        const proof = inclusionProof(index, n, tileHashes(n, counted, cache))
        expect(verifyInclusion(index, n, all[index] as Buffer, proof, rootOf(all.slice(0, n)))).toBe(true)
      }
    }
    // Of 300 leaves two tiles and one above them, of 700 two and one more that differ.
    expect(reads).toBeLessThanOrEqual(7)
    const small = new TileCache(1)
    for (let i = 0; i < 3; i++) inclusionProof(0, 700, tileHashes(700, counted, small))
    expect(reads).toBeGreaterThan(10)
  })

  it('a tile of another length is refused', () => {
    const read = tileHashes(3, () => Buffer.alloc(64))
    expect(() => read(0, 0)).toThrow(MerkleError)
    expect(() => read(0, 0)).toThrow(expect.objectContaining({ code: 'TILE_INVALID' }))
  })

  it('a subtree that the size does not complete is refused', () => {
    const read = tileHashes(3, () => Buffer.alloc(96))
    expect(() => read(1, 1)).toThrow(expect.objectContaining({ code: 'RANGE_INVALID' }))
    expect(() => read(8, 0)).toThrow(expect.objectContaining({ code: 'RANGE_INVALID' }))
  })
})

function split(bytes: Buffer): Buffer[] {
  return Array.from({ length: bytes.length / 32 }, (_, i) => bytes.subarray(i * 32, i * 32 + 32))
}
