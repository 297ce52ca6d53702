import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MerkleError } from '../../src/merkle/errors.ts'
import { hashesAtLevel, parseTilePath, tilePath, tileWidth } from '../../src/merkle/tile-path.ts'
import { corpusJson, hasCorpus } from '../corpus.ts'

describe('tile paths (C2SP tlog-tiles)', () => {
  it.runIf(hasCorpus)('the published examples', () => {
    const vector = corpusJson<{
      index: [number, string][]
      treeSize70000: Record<
        'level0' | 'level1' | 'level2',
        { full: number; partialWidth: number; partialPath: string }
      >
      treeSize256: { level0: string; level1: string }
    }>('ledger/derived/tile-paths.json')
    for (const [index, path] of vector.index) {
      expect(tilePath({ level: 0, index, width: 256 })).toBe(`tile/0/${path}`)
      expect(parseTilePath(`tile/entries/${path}`)).toEqual({ level: 'entries', index, width: 256 })
    }
    for (const [name, expected] of Object.entries(vector.treeSize70000)) {
      const level = Number(name.slice(-1))
      expect(Math.floor(hashesAtLevel(70_000, level) / 256)).toBe(expected.full)
      const width = tileWidth(70_000, level, expected.full)
      expect(width).toBe(expected.partialWidth)
      expect(tilePath({ level, index: expected.full, width })).toBe(expected.partialPath)
    }
    expect(tilePath({ level: 0, index: 0, width: tileWidth(256, 0, 0) })).toBe(vector.treeSize256.level0)
    expect(tilePath({ level: 1, index: 0, width: tileWidth(256, 1, 0) })).toBe(vector.treeSize256.level1)
  })

  it('a path leads to its tile and back', () => {
    const tile = fc.record({
      level: fc.oneof(fc.constant('entries' as const), fc.integer({ min: 0, max: 63 })),
      index: fc.oneof(fc.nat({ max: 2000 }), fc.maxSafeNat()),
      width: fc.integer({ min: 1, max: 256 }),
    })
    fc.assert(
      fc.property(tile, id => {
        expect(parseTilePath(tilePath(id))).toEqual(id)
      }),
    )
  })

  it.each([
    'tile/0/1',
    'tile/0/0001',
    'tile/0/x000/001',
    'tile/0/000/001',
    'tile/0/x001',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/00/000',
    'tile/64/000',
    'tile/-1/000',
    'tile/entries/../000',
    'tile/0/000/',
    '/tile/0/000',
    `tile/0/x900/${'x999/'.repeat(5)}999`,
    'tile/0/000\n',
    '',
  ])('refuses %j', path => {
    expect(() => parseTilePath(path)).toThrow(expect.objectContaining({ code: 'TILE_PATH_INVALID' }))
  })

  it('throws only its own error, and accepts only the one spelling, for any text', () => {
    const text = fc.oneof(
      fc.string(),
      fc.stringMatching(/^tile\/[0-9]{1,2}\/(x[0-9]{3}\/){0,7}[0-9]{1,4}(\.p\/[0-9]{1,4})?$/),
    )
    fc.assert(
      fc.property(text, path => {
        try {
          expect(tilePath(parseTilePath(path))).toBe(path)
        } catch (error) {
          expect(error).toBeInstanceOf(MerkleError)
        }
      }),
    )
  })
})
