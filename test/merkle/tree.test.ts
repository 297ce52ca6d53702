import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EMPTY_ROOT, Frontier, hashLeaf, hashNode, rootOf } from '../../src/merkle/tree.ts'
import { leaves, naiveRoot } from './naive.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('tree hashes (RFC 9162 section 2.1.1)', () => {
  it('gives the known hashes of the empty tree and of the empty leaf', () => {
    expect(hex(EMPTY_ROOT)).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    expect(hex(hashLeaf(Buffer.alloc(0)))).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    )
  })

  it('gives the known root of the classic eight leaves', () => {
    const inputs = [
      '',
      '00',
      '10',
      '2021',
      '3031',
      '40414243',
      '5051525354555657',
      '606162636465666768696a6b6c6d6e6f',
    ]
    const root = rootOf(inputs.map(input => hashLeaf(Buffer.from(input, 'hex'))))
    expect(hex(root)).toBe('5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328')
  })

  it('parts leaves from nodes: a leaf of two hashes is not their node', () => {
    const [a, b] = leaves(2) as [Buffer, Buffer]
    expect(hex(hashLeaf(Buffer.concat([a, b])))).not.toBe(hex(hashNode(a, b)))
  })

  it('takes no hash of another length', () => {
    expect(() => hashNode(Buffer.alloc(31), Buffer.alloc(32))).toThrow(TypeError)
  })

  it('appending gives the root of the definition, at each size', () => {
    const all = leaves(130)
    const frontier = new Frontier()
    for (let size = 0; size <= all.length; size++) {
      expect(hex(frontier.root())).toBe(hex(naiveRoot(all.slice(0, size))))
      const next = all[size]
      if (next !== undefined) frontier.append(next)
    }
  })

  it('tells each complete subtree once, with its hash', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), size => {
        const all = leaves(size)
        const told = new Map<string, string>()
        const frontier = new Frontier()
        for (const leaf of all) {
          frontier.append(leaf, (height, index, hash) => {
            expect(told.has(`${height}/${index}`)).toBe(false)
            told.set(`${height}/${index}`, hex(hash))
          })
        }
        for (const [id, hash] of told) {
          const [height = 0, index = 0] = id.split('/').map(Number)
          const first = index * 2 ** height
          expect(hash).toBe(hex(naiveRoot(all.slice(first, first + 2 ** height))))
        }
        expect(told.size).toBe(2 * size - frontier.subtrees.length)
      }),
    )
  })
})
