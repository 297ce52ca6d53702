import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeVarint, encodeVarint } from '../../src/codec/varint.ts'
import { failure } from './failure.ts'

const LARGEST = Number.MAX_SAFE_INTEGER

describe('varint', () => {
  it.each([
    [0, '00'],
    [1, '01'],
    [127, '7f'],
    [128, '8001'],
    [255, 'ff01'],
    [300, 'ac02'],
    [16384, '808001'],
    [2 ** 32, '8080808010'],
    [LARGEST, 'ffffffffffffff0f'],
  ])('%d is %s', (value, hex) => {
    expect(Buffer.from(encodeVarint(value)).toString('hex')).toBe(hex)
    expect(decodeVarint(Buffer.from(hex, 'hex'))).toEqual({ value, end: hex.length / 2 })
  })

  it.each([
    ['nothing', ''],
    ['one that is cut short', '80'],
    ['a longer spelling', '8000'],
    ['a longer spelling of 1', '818000'],
    ['2^53', '8080808080808010'],
    ['nine bytes', 'ffffffffffffffff7f'],
    ['ten bytes', 'ffffffffffffffffff01'],
    ['no end', 'ff'.repeat(100)],
  ])('refuses %s', (_, hex) => {
    expect(failure(() => decodeVarint(Buffer.from(hex, 'hex')))).toBe('VARINT_INVALID')
  })

  it('takes what is no such integer as misuse', () => {
    for (const value of [-1, 0.5, Number.NaN, LARGEST + 1]) {
      expect(() => encodeVarint(value)).toThrow(TypeError)
    }
  })

  it('reads at an offset, and says where it ends', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.uint8Array(), fc.uint8Array(), (value, before, after) => {
        const bytes = Buffer.concat([before, encodeVarint(value), after])
        const end = bytes.length - after.length
        expect(decodeVarint(bytes, before.length)).toEqual({ value, end })
      }),
    )
  })

  it('has one spelling of each number', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), bytes => {
        if (failure(() => decodeVarint(bytes)) !== undefined) return
        const { value, end } = decodeVarint(bytes)
        expect(encodeVarint(value)).toEqual(bytes.subarray(0, end))
      }),
    )
  })
})
