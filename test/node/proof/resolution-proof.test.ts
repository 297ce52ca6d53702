import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeBase64url } from '../../../src/codec/base64url.ts'
import { parseVkey } from '../../../src/merkle/vkey.ts'
import { NodeError } from '../../../src/node/errors.ts'
import { encodeResolutionProof, parseResolutionProof } from '../../../src/node/proof/resolution-proof.ts'
import { claim, verify } from './proof-world.ts'

const page = readFileSync(new URL('../../../docs/spec/resolution-proof.md', import.meta.url), 'utf8')
const [example = '', vkey = ''] = [...page.matchAll(/```text\n([^`]*?)\n```/g)].map(match => String(match[1]))

describe('docs/spec/resolution-proof.md', () => {
  it('has an example that is read, is written so, and is verified', async () => {
    const proof = parseResolutionProof(Buffer.from(example))
    expect(encodeResolutionProof(proof).toString()).toBe(example)
    expect(page).toContain(`This one has ${Buffer.byteLength(example)} bytes`)
    const verifier = parseVkey(vkey)
    const explanation = await verify(proof, { log: { origin: verifier.name, verifier } })
    expect(claim(explanation, 'document')).toBe('verified')
    expect(explanation.resolution.result.didDocument?.['id']).toBe(proof.did)
  })
})

describe('the form of a proof', () => {
  const valid = JSON.parse(example) as Record<string, unknown>
  const [fileName = ''] = Object.keys(valid['files'] as object)
  const parse = (text: string) => parseResolutionProof(Buffer.from(text))
  const refused = expect.objectContaining({ code: 'PROOF_INVALID' })

  it.each([
    ['another version', { v: 2 }],
    ['another type', { type: 'proof' }],
    ['one more member', { more: 1 }],
    ['a DID that is no text', { did: 1 }],
    ['transactions that are no list', { transactions: {} }],
    ['a transaction that is none', { transactions: [1] }],
    ['files that are no object', { files: [] }],
    ['a file that is not base64url', { files: { a: '=' } }],
    ['a checkpoint that is no text', { checkpoint: null }],
    ['a profile that is not known', { profile: 'other' }],
    ['a DID that is long', { did: 'd'.repeat(1_025) }],
    ['a checkpoint that is larger than a note', { checkpoint: 'n'.repeat((1 << 19) + 1) }],
    [
      'more files than there may be',
      { files: Object.fromEntries(Array.from({ length: 25_001 }, (_, i) => [i, ''])) },
    ],
    ['more transactions than there may be', { transactions: Array.from({ length: 5_001 }, () => 0) }],
    ['one more member in a transaction', { transactions: [{ index: 0, leaf: '', inclusion: [], more: 1 }] }],
    [
      'more hashes than there may be',
      { transactions: [{ index: 0, leaf: '', inclusion: Array.from({ length: 64 }, () => 'A'.repeat(43)) }] },
    ],
    ['a hash of another length', { transactions: [{ index: 0, leaf: '', inclusion: ['AAAA'] }] }],
    ['an index that is none', { transactions: [{ index: -1, leaf: '', inclusion: [] }] }],
    ['one transaction twice', { transactions: [0, 0].map(index => ({ index, leaf: '', inclusion: [] })) }],
    [
      'transactions out of order',
      { transactions: [1, 0].map(index => ({ index, leaf: '', inclusion: [] })) },
    ],
  ])('with %s is refused', (_, change) => {
    expect(() => parse(JSON.stringify({ ...valid, ...change }))).toThrow(refused)
  })

  it.each([
    ['nested deep', '['.repeat(100_000)],
    ['nested deep in a member', `{"files":${'{"a":'.repeat(100_000)}`],
    ['a member twice', example.replace('"did":', '"did":"did:rootline:a","did":')],
    ['a file twice', example.replace('"files":{', `"files":{"${fileName}":"","${fileName}":"",`)],
    ['bytes after its end', `${example}x`],
    ['an index beyond what can be told apart', example.replace('"index":0', '"index":9007199254740993')],
    ['an index that is a fraction', example.replace('"index":0', '"index":0.5')],
    ['a number that is none', example.replace('"index":0', '"index":1e400')],
    ['base64url with padding', example.replace('"}],"type"', '=="}],"type"')],
    ['a lone surrogate', example.replace('"v":1', '"v":1,"\\ud800":1')],
    ['nothing', ''],
  ])('%s is refused', (_, text) => {
    expect(text).not.toBe(example)
    expect(() => parse(text)).toThrow(refused)
  })

  it('of which the bytes are not the canonical ones is read as the same, and written in the one spelling', () => {
    const indented = parse(JSON.stringify(valid, null, 2))
    expect(encodeResolutionProof(indented).toString()).toBe(example)
  })

  it('is written as it is read, whatever it holds', () => {
    const bytes = fc.uint8Array({ maxLength: 40 })
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
    const indices = fc.uniqueArray(fc.nat(), { maxLength: 5 })
    const proofs = fc.record({
      did: fc.string({ unit: 'grapheme', maxLength: 40 }),
      profile: fc.constantFrom('rootline' as const, 'ion' as const),
      checkpoint: fc.string({ unit: 'grapheme', maxLength: 100 }),
      transactions: fc
        .tuple(indices, bytes, fc.array(hash, { maxLength: 63 }))
        .map(([all, leaf, inclusion]) =>
          all.toSorted((a, b) => a - b).map(index => ({ index, leaf, inclusion })),
        ),
      files: fc
        .array(fc.tuple(fc.string({ minLength: 1, maxLength: 10 }), bytes), { maxLength: 5 })
        .map(entries => new Map(entries)),
    })
    fc.assert(
      fc.property(proofs, proof => {
        const encoded = encodeResolutionProof(proof)
        expect(encodeResolutionProof(parseResolutionProof(encoded))).toEqual(encoded)
        const { files, transactions } = parseResolutionProof(encoded)
        expect([...files].map(([name, file]) => [name, encodeBase64url(file)]).sort()).toEqual(
          [...proof.files].map(([name, file]) => [name, encodeBase64url(file)]).sort(),
        )
        expect(transactions.map(({ index }) => index)).toEqual(proof.transactions.map(({ index }) => index))
      }),
    )
  })

  it('of any bytes, changed anywhere, or cut off, is refused with a NodeError and nothing else', () => {
    const bytes = Buffer.from(example)
    const only = (input: Uint8Array) => {
      try {
        parseResolutionProof(input)
      } catch (error) {
        expect(error).toBeInstanceOf(NodeError)
      }
    }
    for (let length = 0; length < bytes.length; length++) {
      expect(() => parseResolutionProof(bytes.subarray(0, length))).toThrow(refused)
    }
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat(), fc.nat({ max: 255 }), (input, at, byte) => {
        only(input)
        const changed = Buffer.from(bytes)
        changed[at % changed.length] = byte
        only(changed)
      }),
    )
  })
})
