import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64url, encodeBase64url, isBase64url } from '../../src/codec/base64url.ts'
import { failure } from './failure.ts'

describe('base64url', () => {
  it.each([
    ['', ''],
    ['66', 'Zg'],
    ['666f', 'Zm8'],
    ['666f6f', 'Zm9v'],
    ['666f6f62', 'Zm9vYg'],
    ['fbff', '-_8'],
  ])('RFC 4648 section 10: %s is %s', (hex, text) => {
    expect(encodeBase64url(Buffer.from(hex, 'hex'))).toBe(text)
    expect(decodeBase64url(text).toString('hex')).toBe(hex)
  })

  it.each([
    ['padding', 'Zg=='],
    ['white space inside', 'Zm 9v'],
    ['a line feed at the end', 'Zm9v\n'],
    ['the alphabet of plain base64', '+/8'],
    ['unused bits that are set, two characters', 'Zh'],
    ['unused bits that are set, three characters', 'Zm9'],
    ['a length that no bytes have', 'Zm9vY'],
    ['a single character', 'Z'],
    ['a character beyond ASCII', 'Zm9\u0176'],
    ['NUL', 'Zm9v\0'],
  ])('refuses %s', (_, text) => {
    expect(failure(() => decodeBase64url(text))).toBe('BASE64URL_INVALID')
    expect(isBase64url(text)).toBe(false)
  })

  it('encodes the bytes of a view, not its whole buffer', () => {
    expect(encodeBase64url(new Uint8Array([0, 0x66, 0x6f, 0]).subarray(1, 3))).toBe('Zm8')
  })

  it('round-trips every byte string', () => {
    fc.assert(
      fc.property(fc.uint8Array(), bytes => {
        expect(Uint8Array.from(decodeBase64url(encodeBase64url(bytes)))).toEqual(bytes)
      }),
    )
  })

  it('has one spelling of each byte string: what it decodes, it encodes alike', () => {
    const character = fc.constantFrom(...'AQgwZ012-_+/= \n')
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: character, maxLength: 6 })), text => {
        const accepted = failure(() => decodeBase64url(text)) === undefined
        expect(isBase64url(text)).toBe(accepted)
        if (accepted) expect(encodeBase64url(decodeBase64url(text))).toBe(text)
      }),
    )
  })
})
