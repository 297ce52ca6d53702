import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeBundle, parseBundle } from '../../src/merkle/entry-bundle.ts'
import { MerkleError } from '../../src/merkle/errors.ts'

const entries = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 20 })
const copies = (parts: Uint8Array[]) => parts.map(part => Buffer.from(part))

describe('entry bundles (C2SP tlog-tiles, Log entries)', () => {
  it('entries survive', () => {
    fc.assert(
      fc.property(entries, all => {
        expect(copies(parseBundle(encodeBundle(all), all.length))).toEqual(copies(all))
      }),
    )
  })

  it('an entry may have 65,535 bytes and no more', () => {
    const largest = Buffer.alloc(65_535, 7)
    expect(copies(parseBundle(encodeBundle([largest]), 1))).toEqual([largest])
    expect(() => encodeBundle([Buffer.alloc(65_536)])).toThrow(
      expect.objectContaining({ code: 'ENTRY_TOO_LARGE' }),
    )
  })

  it('a bundle cut at any length, or with another count, is refused', () => {
    const bundle = encodeBundle([Buffer.from('one'), Buffer.alloc(0), Buffer.from('three')])
    for (let length = 0; length < bundle.length; length++) {
      expect(() => parseBundle(bundle.subarray(0, length), 3)).toThrow(
        expect.objectContaining({ code: 'BUNDLE_INVALID' }),
      )
    }
    expect(() => parseBundle(bundle, 2)).toThrow(MerkleError)
    expect(() => parseBundle(bundle, 4)).toThrow(MerkleError)
  })

  it('any bytes are a bundle that encodes back to them, or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 5 }), (bytes, count) => {
        try {
          expect(encodeBundle(parseBundle(bytes, count))).toEqual(Buffer.from(bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(MerkleError)
        }
      }),
    )
  })
})
