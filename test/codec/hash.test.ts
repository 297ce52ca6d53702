import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/codec/hash.ts'

describe('sha256', () => {
  it('gives the digest of FIPS 180-2 appendix B.1', () => {
    const digest = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    expect(sha256('abc').toString('hex')).toBe(digest)
    expect(sha256(Buffer.from('abc')).toString('hex')).toBe(digest)
  })

  it('hashes text as UTF-8 and a view without the rest of its buffer', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.uint8Array(), (text, bytes) => {
        expect(sha256(text)).toEqual(createHash('sha256').update(text, 'utf8').digest())
        const view = new Uint8Array([7, ...bytes, 7]).subarray(1, bytes.length + 1)
        expect(sha256(view)).toEqual(createHash('sha256').update(bytes).digest())
      }),
    )
  })
})
