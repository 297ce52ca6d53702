import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LedgerError } from '../../../src/ledger/errors.ts'
import {
  encodeStampProof,
  MAX_STAMP_PROOF_BYTES,
  parseStampProof,
  type StampProof,
  stampProofObject,
} from '../../../src/ledger/stamp/stamp-proof.ts'
import { verifyStamp } from '../../../src/ledger/stamp/verify-stamp.ts'
import { parseVkey } from '../../../src/merkle/vkey.ts'
import { digestOf, stamped } from './stamp-world.ts'

const [PROOF] = (await stamped('hello\n', 'another', 'a third')) as [StampProof]
const BYTES = encodeStampProof(PROOF)
const INVALID = expect.objectContaining({ code: 'LEDGER_STAMP_PROOF_INVALID' })

/** The proof as JSON with members changed; undefined takes one out. */
function changed(change: Record<string, unknown>): Buffer {
  return Buffer.from(JSON.stringify({ ...stampProofObject(PROOF), ...change }))
}

describe('proofs of a stamp (docs/spec/stamp.md)', () => {
  it('the example of the specification is what is written, and verifies', () => {
    const text = readFileSync(new URL('../../../docs/spec/stamp.md', import.meta.url), 'utf8')
    const [example = '', vkey = '', what = ''] = [...text.matchAll(/```text\n(.*)\n```/g)].map(
      match => match[1],
    )
    const bytes = Buffer.from(example)
    const proof = parseStampProof(bytes)
    expect(encodeStampProof(proof)).toEqual(bytes)
    expect(text).toContain(`${bytes.length} bytes`)
    expect(proof).toEqual(PROOF)
    const verifier = parseVkey(vkey)
    const digest = digestOf(`${what}\n`)
    const { report } = verifyStamp(proof, { digest, origin: verifier.name, verifier, now: new Date() })
    expect(report.verdict).toBe('verified')
  })

  it('survive, in one spelling', async () => {
    for (const proof of await stamped(...Array.from({ length: 21 }, (_, i) => `${i}`))) {
      expect(parseStampProof(encodeStampProof(proof))).toEqual(proof)
    }
  })

  it('are read in other spellings of the same object', () => {
    expect(parseStampProof(Buffer.from(JSON.stringify(stampProofObject(PROOF), null, 2)))).toEqual(PROOF)
  })

  const other = stampProofObject(PROOF)
  it.each<[string, Record<string, unknown>]>([
    ['another version', { v: 2 }],
    ['another type', { type: 'stamp' }],
    ['another member', { time: 1 }],
    ['a member missing', { salt: undefined }],
    ['a digest in capitals', { digest: String(other['digest']).toUpperCase() }],
    ['a digest of 31 bytes', { digest: String(other['digest']).slice(2) }],
    ['a digest with a line end', { digest: `${other['digest']}\n` }],
    ['a salt of 31 bytes', { salt: Buffer.alloc(31).toString('base64url') }],
    ['a salt with padding', { salt: `${other['salt']}=` }],
    ['a salt that is a number', { salt: 1 }],
    ['an index as text', { index: '0' }],
    ['a negative index', { index: -1 }],
    ['an index of half', { index: 0.5 }],
    ['an index that is not below the size', { index: 3 }],
    ['a size of 2^53', { size: 2 ** 53 }],
    ['a path that is no list', { path: {} }],
    ['a path of 64 hashes', { path: Array(64).fill(other['salt']) }],
    ['a hash of 33 bytes in the path', { path: [Buffer.alloc(33).toString('base64url')] }],
    ['a list in the path', { path: [[other['salt']]] }],
    ['a leaf that is no base64url', { leaf: '{' }],
    ['a leaf of 4,097 bytes', { leaf: Buffer.alloc(4097).toString('base64url') }],
    ['a log proof that is none', { proof: 'c2sp.org/tlog-proof@v2\n' }],
    ['a log proof that is an object', { proof: {} }],
    [
      'extra data in its log proof',
      { proof: String(other['proof']).replace('\nindex', '\nextra AAAA\nindex') },
    ],
  ])('are refused with %s', (_, change) => {
    expect(() => parseStampProof(changed(change))).toThrow(INVALID)
  })

  it('are refused with a member twice, in another encoding, and beyond their largest size', () => {
    const text = BYTES.toString()
    expect(() => parseStampProof(Buffer.from(text.replace('"size":3', '"size":3,"size":3')))).toThrow(INVALID)
    expect(() => parseStampProof(Buffer.from(`\ufeff${text}`))).toThrow(INVALID)
    expect(() => parseStampProof(Buffer.from(text, 'utf16le'))).toThrow(INVALID)
    const padded = Buffer.concat([BYTES, Buffer.alloc(MAX_STAMP_PROOF_BYTES, 0x20)])
    expect(() => parseStampProof(padded)).toThrow(INVALID)
    expect(parseStampProof(padded.subarray(0, MAX_STAMP_PROOF_BYTES))).toEqual(PROOF)
  })

  it('cut short at any length are refused', () => {
    for (let length = 0; length < BYTES.length; length++) {
      expect(() => parseStampProof(BYTES.subarray(0, length))).toThrow(INVALID)
    }
  })

  it('of any bytes or any JSON throw nothing but that they are none', () => {
    const only = (input: Uint8Array) => {
      try {
        parseStampProof(input)
      } catch (error) {
        expect(error).toBeInstanceOf(LedgerError)
        expect(error).toEqual(INVALID)
      }
    }
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(Buffer.from)), input => {
        only(input)
      }),
    )
    const members = fc.constantFrom(...Object.keys(other))
    fc.assert(
      fc.property(members, fc.jsonValue(), (member, value) => {
        only(changed({ [member]: value }))
      }),
    )
    fc.assert(
      fc.property(fc.nat({ max: BYTES.length - 1 }), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const input = Buffer.from(BYTES)
        input[at] = byte
        only(input)
      }),
    )
  })
})
