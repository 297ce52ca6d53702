import { crc32, gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gunzip, gzip } from '../../src/codec/gzip.ts'
import { corpusJson, hasCorpus } from '../corpus.ts'
import { failure } from './failure.ts'

const LIMIT = { maxOutputBytes: 1 << 20 }
const MANY = { ...LIMIT, members: 'many' } as const
const HELLO = gzip(Buffer.from('hello hello hello'))
/** The DEFLATE stream and trailer of {@link HELLO}, to go after another header. */
const BODY = HELLO.subarray(10)

const header = (flags: number, ...fields: number[]) =>
  Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3, ...fields])
const withHeader = (flags: number, ...fields: number[]) => Buffer.concat([header(flags, ...fields), BODY])
const changed = (at: number, change: (byte: number) => number) => {
  const bytes = Buffer.from(HELLO)
  bytes[at] = change(bytes.readUInt8(at))
  return bytes
}
const last = HELLO.length - 1

describe('gzip', () => {
  it('writes the same header at every time: no date, no name', () => {
    expect(gzip(Buffer.from('a')).subarray(0, 10).toString('hex')).toBe('1f8b0800000000000003')
  })

  it('writes what zlib reads', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), bytes => {
        expect(Uint8Array.from(gunzipSync(gzip(bytes)))).toEqual(bytes)
      }),
    )
  })
})

describe('gunzip of exactly one member', () => {
  it('reads back what gzip wrote, and what zlib wrote at each level', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.nat(9), (bytes, level) => {
        expect(Uint8Array.from(gunzip(gzip(bytes), LIMIT))).toEqual(bytes)
        expect(Uint8Array.from(gunzip(gzipSync(bytes, { level }), LIMIT))).toEqual(bytes)
      }),
    )
  })

  it.each([
    ['text flag', withHeader(0x01)],
    ['extra field', withHeader(0x04, 3, 0, 1, 0, 2)],
    ['empty extra field', withHeader(0x04, 0, 0)],
    ['name', withHeader(0x08, 0x61, 0x62, 0)],
    ['empty name', withHeader(0x08, 0)],
    ['comment', withHeader(0x10, 0x61, 0)],
    ['name and comment', withHeader(0x18, 0x61, 0, 0x62, 0)],
    ['header CRC', withHeader(0x02, crc32(header(0x02)) & 0xff, (crc32(header(0x02)) >> 8) & 0xff)],
  ])('reads a header with %s, as zlib does', (_, bytes) => {
    expect(gunzip(bytes, LIMIT).toString()).toBe('hello hello hello')
    expect(gunzipSync(bytes).toString()).toBe('hello hello hello')
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['another magic number', changed(0, byte => byte + 1)],
    ['another magic number in its second byte', changed(1, byte => byte + 1)],
    ['another method', changed(2, () => 7)],
    ['a reserved flag, 20', withHeader(0x20)],
    ['a reserved flag, 80', withHeader(0x80)],
    ['a wrong header CRC', withHeader(0x02, 1, 2)],
    ['an extra field that is longer than the file', header(0x04, 0xff, 0xff, 1)],
    ['an extra field without its length', header(0x04, 1)],
    ['a name without end', header(0x08, 0x61, 0x62)],
    ['a header CRC that is cut short', header(0x02, 1)],
    ['a header alone', header(0)],
    ['a wrong CRC', changed(last - 7, byte => byte ^ 1)],
    ['a wrong size', changed(last - 3, byte => byte ^ 1)],
    ['a size that is wrong by 2^24', changed(last, byte => byte ^ 1)],
    ['a block of the reserved type', changed(10, () => 0x07)],
    ['a zlib stream', Buffer.from('789c010000ffff00000001', 'hex')],
  ])('refuses %s, as zlib does', (_, bytes) => {
    expect(failure(() => gunzip(bytes, LIMIT))).toBe('GZIP_INVALID')
    expect(failure(() => gunzip(bytes, MANY))).toBe('GZIP_INVALID')
    expect(() => gunzipSync(bytes)).toThrow()
  })

  it.each([
    ['a second member', HELLO],
    ['an empty member', gzip(Buffer.alloc(0))],
    ['a zero byte', Buffer.alloc(1)],
    ['zeros, as tar pads', Buffer.alloc(512)],
    ['text', Buffer.from('text')],
    ['the start of a member', HELLO.subarray(0, 5)],
  ])('refuses %s after the member', (_, rest) => {
    expect(failure(() => gunzip(Buffer.concat([HELLO, rest]), LIMIT))).toBe('GZIP_TRAILING_DATA')
  })

  it('refuses a member cut short at any length', () => {
    for (let length = 0; length < HELLO.length; length++) {
      expect(
        failure(() => gunzip(HELLO.subarray(0, length), LIMIT)),
        `${length} bytes`,
      ).toBe('GZIP_INVALID')
    }
  })

  it('reads a view without the rest of its buffer', () => {
    const inside = Buffer.concat([Buffer.from('xx'), HELLO, Buffer.from('yy')]).subarray(2, -2)
    expect(gunzip(inside, LIMIT).toString()).toBe('hello hello hello')
  })

  it('bounds the output, the bound included', () => {
    for (const size of [0, 1, 2, 1023, 1024, 16_384, 70_000]) {
      const bytes = gzip(Buffer.alloc(size))
      for (const members of ['one', 'many'] as const) {
        expect(gunzip(bytes, { maxOutputBytes: size, members })).toHaveLength(size)
        if (size === 0) continue
        expect(failure(() => gunzip(bytes, { maxOutputBytes: size - 1, members }))).toBe('GZIP_TOO_LARGE')
      }
    }
  })

  it('stops a bomb at the bound, whatever size it claims', () => {
    const bomb = gzip(Buffer.alloc(64 << 20))
    bomb.writeUInt32LE(1, bomb.length - 4)
    expect(bomb.length).toBeLessThan(70_000)
    expect(failure(() => gunzip(bomb, LIMIT))).toBe('GZIP_TOO_LARGE')
    expect(failure(() => gunzip(bomb, MANY))).toBe('GZIP_TOO_LARGE')
  })

  it('accepts of mutated members only what zlib reads as the same bytes', () => {
    fc.assert(
      fc.property(mutated(fc.constant(HELLO)), bytes => {
        if (failure(() => gunzip(bytes, LIMIT)) !== undefined) return
        expect(gunzip(bytes, LIMIT)).toEqual(gunzipSync(bytes))
      }),
    )
  })

  it('throws nothing but CodecError on any bytes after a header', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.uint8Array(), (flags, rest) => {
        const bytes = Buffer.concat([header(flags), rest])
        if (failure(() => gunzip(bytes, LIMIT)) === undefined) {
          expect(gunzip(bytes, LIMIT)).toEqual(gunzipSync(bytes))
        }
      }),
    )
  })
})

describe('gunzip of many members', () => {
  it('joins members, and ignores all that follows a zero byte', () => {
    const two = Buffer.concat([HELLO, gzip(Buffer.from('!'))])
    const padded = Buffer.concat([two, Buffer.from('\0 anything')])
    expect(gunzip(two, MANY).toString()).toBe('hello hello hello!')
    expect(gunzip(padded, MANY).toString()).toBe('hello hello hello!')
  })

  it('bounds the sum', () => {
    const two = Buffer.concat([HELLO, HELLO])
    expect(gunzip(two, { maxOutputBytes: 34, members: 'many' })).toHaveLength(34)
    expect(failure(() => gunzip(two, { maxOutputBytes: 33, members: 'many' }))).toBe('GZIP_TOO_LARGE')
  })

  it('agrees with zlib on members, garbage and mutations', () => {
    const part = fc.oneof(
      fc.uint8Array({ maxLength: 20 }).map(gzip),
      fc.constantFrom(Buffer.alloc(1), Buffer.from([0x1f]), Buffer.from([0x1f, 0x8b]), Buffer.from('x')),
    )
    const joined = fc.array(part, { minLength: 1, maxLength: 4 }).map(parts => Buffer.concat(parts))
    fc.assert(
      fc.property(fc.oneof(joined, mutated(joined)), bytes => {
        const code = failure(() => gunzip(bytes, MANY))
        if (code === undefined) expect(gunzip(bytes, MANY)).toEqual(gunzipSync(bytes))
        else expect(() => gunzipSync(bytes)).toThrow()
      }),
    )
  })
})

describe.runIf(hasCorpus)('gunzip on published files', () => {
  it('reads the files of the golden batch and of ION on testnet as one member each', () => {
    type Golden = { files: { [role: string]: { gzipBase64: string } } }
    const golden = corpusJson<Golden>('sidetree/generated/golden-batch.json')
    const ion = corpusJson<{ [name: string]: unknown }>('ledger/ion-testnet/testnet3-2377445-3.json')
    const files = [
      ...Object.values(golden.files).map(file => Buffer.from(file.gzipBase64, 'base64')),
      ...Object.entries(ion).flatMap(([name, value]) =>
        name.endsWith('GzHex') ? [Buffer.from(String(value), 'hex')] : [],
      ),
    ]
    expect(files).toHaveLength(8)
    for (const file of files) expect(gunzip(file, LIMIT)).toEqual(gunzipSync(file))
  })
})

/** One byte changed, some taken out, or some put in. */
function mutated(original: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  return fc
    .tuple(original, fc.nat(), fc.nat(2), fc.uint8Array({ maxLength: 2 }))
    .map(([bytes, position, removed, inserted]) => {
      const at = position % (bytes.length + 1)
      return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + removed)])
    })
}
