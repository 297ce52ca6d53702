import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMultibase, encodeBase58btc, encodeMultibase64url } from '../../src/codec/multibase.ts'
import { failure } from './failure.ts'

describe('multibase', () => {
  it.each([
    // draft-msporny-base58-03, section 5.
    ['z2NEpo7TZRRrLZSi2U', Buffer.from('Hello World!')],
    ['z11233QC4', Buffer.from('0000287fb4cd', 'hex')],
    // Multibase specification, tests/basic.csv.
    ['z7paNL19xttacUY', Buffer.from('yes mani !')],
    ['ueWVzIG1hbmkgIQ', Buffer.from('yes mani !')],
    ['z', Buffer.alloc(0)],
    ['u', Buffer.alloc(0)],
  ])('%s', (text, bytes) => {
    expect(decodeMultibase(text)).toEqual(bytes)
    expect(text.startsWith('z') ? encodeBase58btc(bytes) : encodeMultibase64url(bytes)).toBe(text)
  })

  it.each([
    ['nothing', ''],
    ['a base that is not in use here', 'f796573'],
    ['an upper-case prefix', 'Z7paNL19xttacUY'],
    ['a character outside base58', 'z7paNL19xttacU0'],
    ['white space before', 'z 7paNL19xttacUY'],
    ['white space after', 'z7paNL19xttacUY '],
    ['a character beyond one byte', 'z7paNL19xttacU\u0159'],
    ['padding', 'ueWVzIG1hbmkgIQ=='],
    ['unused bits that are set', 'ueWVzIG1hbmkgIR'],
    ['base58 too long to decode in good time', `z${'2'.repeat(4096)}`],
  ])('refuses %s', (_, text) => {
    expect(failure(() => decodeMultibase(text))).toBe('MULTIBASE_INVALID')
  })

  it('round-trips in both bases', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        expect(Uint8Array.from(decodeMultibase(encodeBase58btc(bytes)))).toEqual(bytes)
        expect(Uint8Array.from(decodeMultibase(encodeMultibase64url(bytes)))).toEqual(bytes)
      }),
    )
  })

  it('has one spelling in each base', () => {
    const character = fc.constantFrom(...'z1123AZzu-_0OIl =\n\u0141')
    const foreign = fc.oneof(fc.string({ unit: character, maxLength: 12 }), fc.string({ unit: 'binary' }))
    fc.assert(
      fc.property(fc.constantFrom('z', 'u', ''), foreign, (prefix, rest) => {
        const text = prefix + rest
        if (failure(() => decodeMultibase(text)) !== undefined) return
        const bytes = decodeMultibase(text)
        expect([encodeBase58btc(bytes), encodeMultibase64url(bytes)]).toContain(text)
      }),
    )
  })
})
