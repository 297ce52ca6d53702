import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  rootOfSubtrees,
  rootsOfSplit,
  splitSubtrees,
  subtreesBetween,
} from '../../../src/ledger/follower/subtrees.ts'
import { hashLeaf, rootOf } from '../../../src/merkle/tree.ts'

const leaves = (count: number) => Array.from({ length: count }, (_, i) => hashLeaf(Buffer.from(`leaf ${i}`)))
const hashesOf = (all: readonly Buffer[], subtrees: ReturnType<typeof subtreesBetween>) =>
  subtrees.map(({ height, index }) => rootOf(all.slice(index * 2 ** height, (index + 1) * 2 ** height)))
/** 0 < prefix <= size */
const SIZES = fc
  .tuple(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 600 }))
  .map(pair => pair.toSorted((a, b) => a - b) as [number, number])

describe('subtrees of a tree', () => {
  it('cover the leaves between without gap or overlap, each complete and aligned, and few', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a]
        const subtrees = subtreesBetween(low, high)
        let at = low
        for (const { height, index } of subtrees) {
          expect(index * 2 ** height).toBe(at)
          at += 2 ** height
        }
        expect(at).toBe(high)
        expect(subtrees.length).toBeLessThanOrEqual(2 * 53)
      }),
    )
  })

  it('have the root of the tree, cut anywhere', () => {
    fc.assert(
      fc.property(SIZES, ([prefix, size]) => {
        const all = leaves(size)
        const { before, after } = splitSubtrees(prefix, size)
        const hashes = hashesOf(all, [...before, ...after])
        expect(rootOfSubtrees([...before, ...after], hashes)).toEqual(rootOf(all))
        expect(rootsOfSplit(prefix, size, hashes)).toEqual({
          prefixRoot: rootOf(all.slice(0, prefix)),
          root: rootOf(all),
        })
      }),
    )
  })

  it('show nothing with a hash too many, too few, too short, or for sizes that cannot be', () => {
    const all = leaves(11)
    const { before, after } = splitSubtrees(5, 11)
    const hashes = hashesOf(all, [...before, ...after])
    expect(rootsOfSplit(5, 11, hashes)).toBeDefined()
    expect(rootsOfSplit(5, 11, hashes.slice(1))).toBeUndefined()
    expect(rootsOfSplit(5, 11, [...hashes, hashLeaf(Buffer.alloc(0))])).toBeUndefined()
    expect(rootsOfSplit(5, 11, [Buffer.alloc(31), ...hashes.slice(1)])).toBeUndefined()
    for (const [prefix, size] of [
      [0, 11],
      [12, 11],
      [-1, 11],
      [1.5, 11],
      [5, Number.NaN],
    ] as const)
      expect(rootsOfSplit(prefix, size, hashes)).toBeUndefined()
  })
})
