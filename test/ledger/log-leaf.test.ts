import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LedgerError } from '../../src/ledger/errors.ts'
import { type AnchorLeaf, encodeLeaf, parseLeaf, type StampLeaf } from '../../src/ledger/log/leaf.ts'
import { hashLeaf } from '../../src/merkle/tree.ts'

const LEAF: AnchorLeaf = {
  type: 'anchor',
  time: 1_800_000_000,
  anchorString: '2.QmExample',
  writer: 'node.example',
}
const STAMP: StampLeaf = { type: 'stamp', time: 1_800_000_000, root: '0f'.repeat(32), writer: 'node.example' }
const bytesOf = (text: string) => Buffer.from(text)

const leafText = fc
  .string({ minLength: 1, maxLength: 300, unit: 'grapheme' })
  .filter(text => !/\p{Cc}/u.test(text) && Buffer.byteLength(text) <= 1024)
const time = fc.integer({ min: 0, max: 253_402_300_799 })
const leaf = fc.oneof(
  fc.record({ type: fc.constant('anchor' as const), time, anchorString: leafText, writer: leafText }),
  fc.record({
    type: fc.constant('stamp' as const),
    time,
    root: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytes => Buffer.from(bytes).toString('hex')),
    writer: leafText,
  }),
  fc.record({
    type: fc.constant('map' as const),
    time,
    root: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytes => Buffer.from(bytes).toString('hex')),
  }),
)

describe('leaves of the log (docs/spec/log-leaf.md)', () => {
  it('the example of the specification is what is written, and hashes to what it says', () => {
    const text = readFileSync(new URL('../../docs/spec/log-leaf.md', import.meta.url), 'utf8')
    const blocks = [...text.matchAll(/```text\n(.*)\n```/g)].map(match => match[1] as string)
    for (const [i, type] of ['anchor', 'stamp', 'map'].entries()) {
      const bytes = bytesOf(blocks[2 * i] as string)
      expect(parseLeaf(bytes).type).toBe(type)
      expect(encodeLeaf(parseLeaf(bytes))).toEqual(bytes)
      expect(hashLeaf(bytes).toString('hex')).toBe(blocks[2 * i + 1])
      expect(text).toContain(`${bytes.length} bytes`)
    }
    expect(blocks.length).toBe(6)
  })

  it('a leaf survives, in one spelling', () => {
    fc.assert(
      fc.property(leaf, one => {
        expect(parseLeaf(encodeLeaf(one))).toEqual(one)
      }),
    )
  })

  it.each([
    ['an empty anchor string', { anchorString: '' }],
    ['an anchor string of 1,025 bytes', { anchorString: 'x'.repeat(1025) }],
    ['a control character', { anchorString: '1.a\nb' }],
    ['a lone surrogate', { anchorString: '1.\ud800' }],
    ['an empty writer', { writer: '' }],
    ['a writer with a control character', { writer: 'a\u007f' }],
  ])('is not written with %s', (_, change) => {
    expect(() => encodeLeaf({ ...LEAF, ...change })).toThrow(
      expect.objectContaining({ code: 'LEDGER_ANCHOR_INVALID' }),
    )
  })

  it.each([
    ['a root of 31 bytes', { root: '0f'.repeat(31) }],
    ['a root in capitals', { root: '0F'.repeat(32) }],
    ['a root with a line end', { root: `${'0f'.repeat(32)}\n` }],
    ['an empty writer', { writer: '' }],
  ])('is no stamp with %s', (_, change) => {
    expect(() => encodeLeaf({ ...STAMP, ...change })).toThrow(
      expect.objectContaining({ code: 'LEDGER_STAMP_INVALID' }),
    )
    const text = JSON.stringify({ root: STAMP.root, time: 1, type: 'stamp', v: 1, writer: 'w', ...change })
    expect(() => parseLeaf(bytesOf(text))).toThrow(expect.objectContaining({ code: 'LEDGER_LEAF_INVALID' }))
  })

  it('is not written with a time that is none, or with what is no text', () => {
    for (const time of [-1, 0.5, Number.NaN, 2 ** 53, 253_402_300_800]) {
      expect(() => encodeLeaf({ ...LEAF, time })).toThrow(TypeError)
    }
    const wrong: unknown = 7
    expect(() => encodeLeaf({ ...LEAF, writer: wrong as string })).toThrow(TypeError)
  })

  it.each([
    ['white space', '{"anchorString":"2.Qm","time":1, "type":"anchor","v":1,"writer":"w"}'],
    ['another order', '{"time":1,"anchorString":"2.Qm","type":"anchor","v":1,"writer":"w"}'],
    [
      'an escape that is not needed',
      '{"anchorString":"\\u0032.Qm","time":1,"type":"anchor","v":1,"writer":"w"}',
    ],
    [
      'a repeated member',
      '{"anchorString":"2.Qm","anchorString":"2.Qm","time":1,"type":"anchor","v":1,"writer":"w"}',
    ],
    ['another member', '{"anchorString":"2.Qm","fee":1,"time":1,"type":"anchor","v":1,"writer":"w"}'],
    ['a member missing', '{"anchorString":"2.Qm","time":1,"type":"anchor","v":1}'],
    ['another version', '{"anchorString":"2.Qm","time":1,"type":"anchor","v":2,"writer":"w"}'],
    ['a version as text', '{"anchorString":"2.Qm","time":1,"type":"anchor","v":"1","writer":"w"}'],
    ['a type of later', '{"time":1,"type":"map","v":1}'],
    ['a type that every object has', '{"time":1,"type":"constructor","v":1}'],
    [
      'the members of an anchor in a stamp',
      '{"anchorString":"2.Qm","time":1,"type":"stamp","v":1,"writer":"w"}',
    ],
    [
      'a root in an anchor',
      `{"anchorString":"2.Qm","root":"${'0f'.repeat(32)}","time":1,"type":"anchor","v":1,"writer":"w"}`,
    ],
    ['a stamp without a writer', `{"root":"${'0f'.repeat(32)}","time":1,"type":"stamp","v":1}`],
    ['no type', '{"anchorString":"2.Qm","time":1,"v":1,"writer":"w"}'],
    ['a fraction of a second', '{"anchorString":"2.Qm","time":1.5,"type":"anchor","v":1,"writer":"w"}'],
    ['a time as an exponent', '{"anchorString":"2.Qm","time":1e3,"type":"anchor","v":1,"writer":"w"}'],
    ['a time of minus zero', '{"anchorString":"2.Qm","time":-0,"type":"anchor","v":1,"writer":"w"}'],
    [
      'a time beyond 2^53',
      '{"anchorString":"2.Qm","time":9007199254740993,"type":"anchor","v":1,"writer":"w"}',
    ],
    ['a time as text', '{"anchorString":"2.Qm","time":"1","type":"anchor","v":1,"writer":"w"}'],
    ['a list as the anchor string', '{"anchorString":["2.Qm"],"time":1,"type":"anchor","v":1,"writer":"w"}'],
    ['an empty writer', '{"anchorString":"2.Qm","time":1,"type":"anchor","v":1,"writer":""}'],
    ['a list for an object', '[]'],
    ['nothing', ''],
    ['a byte order mark', '\ufeff{"anchorString":"2.Qm","time":1,"type":"anchor","v":1,"writer":"w"}'],
  ])('is refused with %s', (_, text) => {
    expect(() => parseLeaf(bytesOf(text))).toThrow(expect.objectContaining({ code: 'LEDGER_LEAF_INVALID' }))
  })

  it('is refused beyond 65,535 bytes', () => {
    expect(() => parseLeaf(Buffer.alloc(65_536, 0x20))).toThrow(
      expect.objectContaining({ code: 'LEDGER_LEAF_INVALID' }),
    )
  })

  it('cut short at any length, changed in any byte, or made of any bytes, it is refused or another leaf', () => {
    const bytes = encodeLeaf(STAMP)
    for (let length = 0; length < bytes.length; length++) {
      expect(() => parseLeaf(bytes.subarray(0, length))).toThrow(LedgerError)
    }
    const onlyCanonical = (input: Uint8Array) => {
      try {
        expect(encodeLeaf(parseLeaf(input))).toEqual(Buffer.from(input))
      } catch (error) {
        expect(error).toBeInstanceOf(LedgerError)
      }
    }
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const changed = Buffer.from(bytes)
        changed[at] = byte
        onlyCanonical(changed)
      }),
    )
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(bytesOf)), input => {
        onlyCanonical(input)
      }),
    )
  })
})
