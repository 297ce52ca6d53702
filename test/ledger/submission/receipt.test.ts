import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LedgerError } from '../../../src/ledger/errors.ts'
import {
  formatReceipt,
  parseReceipt,
  type Receipt,
  signReceipt,
  verifyReceipt,
} from '../../../src/ledger/submission/receipt.ts'
import { formatCheckpoint, openCheckpoint, parseCheckpointLines } from '../../../src/merkle/checkpoint.ts'
import { MerkleError } from '../../../src/merkle/errors.ts'
import { signNote } from '../../../src/merkle/note.ts'
import { formatSigningKey, parseSigningKey } from '../../../src/merkle/signing-key.ts'
import { parseVkey } from '../../../src/merkle/vkey.ts'
import { KEY, ORIGIN } from '../log-world.ts'

const RECEIPT: Receipt = {
  origin: ORIGIN,
  anchorString: '3.QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG',
  writer: 'alice',
  time: 1_800_000_000,
  deadline: 1_800_086_400,
}
const OTHER = parseSigningKey(formatSigningKey(ORIGIN, Buffer.alloc(32, 4)))

const line = fc
  .string({ minLength: 1, maxLength: 40, unit: 'grapheme' })
  .filter(text => !/\p{Cc}/u.test(text))
const anyReceipt = fc
  .record({
    origin: fc.stringMatching(/^[a-z0-9./-]{1,40}$/),
    anchorString: fc.tuple(fc.nat(), line).map(([count, uri]) => `${count}.${uri}`),
    writer: line,
    time: fc.nat(),
    wait: fc.integer({ min: 1, max: 1_000_000 }),
  })
  .map(({ wait, ...rest }): Receipt => ({ ...rest, deadline: rest.time + wait }))

describe('docs/spec/submission-receipt.md', () => {
  const page = readFileSync(new URL('../../../docs/spec/submission-receipt.md', import.meta.url), 'utf8')
  const [note = '', vkey = ''] = [...page.matchAll(/```text\n(.*?)```/gs)].map(([, block = '']) => block)

  it('has a receipt that reads as it says, byte for byte', async () => {
    expect(note).toBe(await signReceipt(RECEIPT, KEY))
    expect(Buffer.byteLength(note)).toBe(Number(/of\s([0-9]+) bytes/.exec(page)?.[1]))
    expect(verifyReceipt(note, ORIGIN, parseVkey(vkey.trim()))).toEqual(RECEIPT)
  })
})

describe('a receipt', () => {
  it('reads back as it was written', () => {
    fc.assert(
      fc.property(anyReceipt, receipt => {
        expect(parseReceipt(formatReceipt(receipt))).toEqual(receipt)
      }),
    )
  })

  it('is refused where one byte of it is another', async () => {
    const bytes = Buffer.from(await signReceipt(RECEIPT, KEY))
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ change
        expect(() => verifyReceipt(changed, ORIGIN, KEY.verifier)).toThrow(
          expect.objectContaining({ code: 'LEDGER_RECEIPT_INVALID' }),
        )
      }),
    )
  })

  it('is never taken for a checkpoint, whatever is in it', () => {
    fc.assert(
      fc.property(anyReceipt, receipt => {
        expect(() => parseCheckpointLines(formatReceipt(receipt))).toThrow(MerkleError)
      }),
    )
  })

  it('is not what a checkpoint of the same key reads as', async () => {
    const checkpoint = await signNote(formatCheckpoint(ORIGIN, 7, Buffer.alloc(32, 1)), [KEY])
    expect(openCheckpoint(checkpoint, ORIGIN, KEY.verifier).size).toBe(7)
    expect(() => verifyReceipt(checkpoint, ORIGIN, KEY.verifier)).toThrow('its first line is another')
  })

  it.each([
    ['of another log', async () => signReceipt({ ...RECEIPT, origin: 'other.example' }, KEY)],
    ['that another key has signed', async () => signReceipt(RECEIPT, OTHER)],
    ['that nobody has signed', async () => formatReceipt(RECEIPT)],
    ['with a further line', async () => signNote(`${formatReceipt(RECEIPT)}more\n`, [KEY])],
    ['with a line too few', async () => signNote(formatReceipt(RECEIPT).replace('alice\n', ''), [KEY])],
    [
      'with a number in another spelling',
      async () => signNote(formatReceipt(RECEIPT).replace('\n18', '\n+18'), [KEY]),
    ],
  ])('%s is refused', async (_, note) => {
    const bytes = await note()
    expect(() => verifyReceipt(bytes, ORIGIN, KEY.verifier)).toThrow(
      expect.objectContaining({ code: 'LEDGER_RECEIPT_INVALID' }),
    )
  })

  it.each<[string, Partial<Receipt>]>([
    ['an origin with white space', { origin: 'log example' }],
    ['no anchor string', { anchorString: '' }],
    ['an anchor string without a full stop', { anchorString: 'Qm' }],
    ['an anchor string of two lines', { anchorString: '1.a\nb' }],
    ['no writer', { writer: '' }],
    ['a writer that is too long', { writer: 'w'.repeat(1025) }],
    ['a deadline that is no later', { deadline: RECEIPT.time }],
    ['a time that is no whole second', { time: 1.5 }],
    ['a deadline that RFC 3339 cannot write', { deadline: 253_402_300_800 }],
  ])('is not made with %s', (_, change) => {
    expect(() => formatReceipt({ ...RECEIPT, ...change })).toThrow(LedgerError)
  })

  it('throws nothing but LedgerError, whatever is read', () => {
    const read = (text: string | Uint8Array) => {
      try {
        verifyReceipt(text, ORIGIN, KEY.verifier)
      } catch (error) {
        expect(error).toBeInstanceOf(LedgerError)
      }
    }
    fc.assert(fc.property(fc.oneof(fc.string(), fc.uint8Array({ maxLength: 200 })), read))
    read('x'.repeat(1 << 20))
  })
})
