import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeUnixfsData } from '../../src/codec/unixfs-data.ts'
import { failure } from './failure.ts'
import { unixfs } from './unixfs-blocks.ts'

const decode = (hex: string) => decodeUnixfsData(Buffer.from(hex, 'hex'))

describe('decodeUnixfsData', () => {
  it('reads type, content and sizes', () => {
    expect(decode('0802120161180320012001')).toEqual({
      type: 'file',
      content: Buffer.from('a'),
      fileSize: 3,
      blockSizes: [1, 1],
    })
  })

  it('leaves out the size where it is not given', () => {
    expect(decode('0800')).toEqual({ type: 'raw', content: new Uint8Array(), blockSizes: [] })
  })

  it.each([
    ['mode, 7', '0802 38a403'],
    ['time of modification, 8', '0802 42020805'],
    ['hash and fan-out, 5 and 6', '0802 2822 308002'],
    ['an unknown field of 4 bytes', '0802 7d00000000'],
    ['an unknown field of 8 bytes', '0802 790000000000000000'],
  ])('skips %s', (_, hex) => {
    expect(decode(hex.replaceAll(' ', ''))).toEqual({
      type: 'file',
      content: new Uint8Array(),
      blockSizes: [],
    })
  })

  it('takes the last of several values, as protocol buffers do', () => {
    expect(decode('08010802120161120162').content).toEqual(Buffer.from('b'))
    expect(decode('08010802120161120162').type).toBe('file')
  })

  it.each([
    ['nothing', ''],
    ['no type', '120161'],
    ['a type that is not known', '0806'],
    ['a type that is no number', '0a0102'],
    ['content that is a number', '08021001'],
    ['sizes in packed form', '0802220101'],
    ['field 0', '08020001'],
    ['a group', '08020b0c'],
    ['nested groups without end', `0802${'7b'.repeat(1000)}`],
    ['a wire type that is not in use', '08020f'],
    ['content that is longer than the message', '08021202' + '61'],
    ['content of a length beyond exact numbers', '080212ffffffffffffffffff01'],
    ['4 bytes that are cut short', '08027d000000'],
    ['a size of ten bytes', '080218ffffffffffffffffff01'],
    ['a key cut short', '080280'],
  ])('refuses %s', (_, hex) => {
    expect(failure(() => decode(hex))).toBe('UNIXFS_INVALID')
  })

  it('reads back any parts', () => {
    const parts = fc.record({
      type: fc.nat(5),
      content: fc.uint8Array(),
      fileSize: fc.maxSafeNat(),
      blockSizes: fc.array(fc.maxSafeNat()),
    })
    fc.assert(
      fc.property(parts, ({ type, content, fileSize, blockSizes }) => {
        const decoded = decodeUnixfsData(unixfs({ type, content, fileSize, blockSizes }))
        expect(Uint8Array.from(decoded.content)).toEqual(content)
        expect([decoded.fileSize, decoded.blockSizes]).toEqual([fileSize, blockSizes])
      }),
    )
  })

  it('throws nothing but CodecError on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (rest, typed) => {
        const bytes = typed ? Uint8Array.of(8, 2, ...rest) : rest
        if (failure(() => decodeUnixfsData(bytes)) !== undefined) return
        expect(decodeUnixfsData(bytes).content.length).toBeLessThan(bytes.length)
      }),
    )
  })
})
