import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../src/merkle/checkpoint.ts'
import { MerkleError } from '../../src/merkle/errors.ts'
import { formatTlogProof, parseTlogProof } from '../../src/merkle/tlog-proof.ts'
import { hashLeaf } from '../../src/merkle/tree.ts'
import { verifyConsistency, verifyInclusion } from '../../src/merkle/verify-proof.ts'
import { parseVkey } from '../../src/merkle/vkey.ts'
import {
  formatAddCheckpoint,
  parseAddCheckpoint,
  parseCosignatures,
} from '../../src/merkle/witness-request.ts'
import { corpusJson, hasCorpus } from '../corpus.ts'

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytes => Buffer.from(bytes))
const NOTE = 'log.example\n1\nAAAA\n\n— log.example AAAAAAAA\n'
const size = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })

describe('a request to a witness (C2SP tlog-witness)', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(size, fc.array(hash, { maxLength: 63 }), (old, proof) => {
        const text = formatAddCheckpoint({ old, proof, checkpoint: NOTE })
        expect(parseAddCheckpoint(Buffer.from(text))).toEqual({ old, proof, checkpoint: NOTE })
      }),
    )
  })

  it.each([
    ['more than 63 hashes', `old 1\n${`${'A'.repeat(43)}=\n`.repeat(64)}\n${NOTE}`],
    ['a hash of another length', `old 1\nAAAA\n\n${NOTE}`],
    ['a size with a leading zero', `old 01\n\n${NOTE}`],
    ['a negative size', `old -1\n\n${NOTE}`],
    ['a size beyond 2^53', `old 9007199254740992\n\n${NOTE}`],
    ['no size', `\n${NOTE}`],
    ['no empty line', 'old 1\n'],
    ['nothing', ''],
  ])('with %s is refused', (_, body) => {
    expect(() => parseAddCheckpoint(Buffer.from(body))).toThrow(
      expect.objectContaining({ code: 'WITNESS_REQUEST_INVALID' }),
    )
  })

  it('of any bytes is read, or refused with a MerkleError; so are answers', () => {
    fc.assert(
      fc.property(bytes(NOTE, 'old 1\n'), body => {
        expectOnly(() => parseAddCheckpoint(body))
        expectOnly(() => parseCosignatures(body))
      }),
    )
  })

  it('is answered with at most 100 signatures', () => {
    const line = '— w.example AAAAAAAA\n'
    expect(parseCosignatures(Buffer.from(line.repeat(100)))).toEqual(Array.from({ length: 100 }, () => line))
    expect(() => parseCosignatures(Buffer.from(line.repeat(10_000)))).toThrow(MerkleError)
  })
})

describe('a proof of a log entry (C2SP tlog-proof)', () => {
  it('is read as it was written', () => {
    const extra = fc.option(
      fc.uint8Array({ maxLength: 100 }).map(data => Buffer.from(data)),
      { nil: undefined },
    )
    fc.assert(
      fc.property(size, fc.array(hash, { maxLength: 63 }), extra, (index, hashes, data) => {
        const proof = { ...(data && { extra: data }), index, hashes, checkpoint: NOTE }
        expect(parseTlogProof(formatTlogProof(proof))).toEqual(proof)
      }),
    )
  })

  it('of any bytes is read, or refused with a MerkleError', () => {
    fc.assert(
      fc.property(bytes(NOTE, 'c2sp.org/tlog-proof@v1\nindex 3\n'), body => {
        expectOnly(() => parseTlogProof(body))
      }),
    )
  })
})

interface Derived {
  logVkey: string
  witnessVkey: string
  good: { [name: string]: unknown }
}

describe.runIf(hasCorpus)('the exchanges of the corpus', () => {
  const derived = hasCorpus ? corpusJson<Derived>('ledger', 'derived', 'tlog-good-and-fork.json') : undefined

  it('a request is read, and its proof leads to its checkpoint', () => {
    const { good, logVkey } = derived as Derived
    const text = Object.values(good).find(value => typeof value === 'string' && value.startsWith('old '))
    const { old, proof, checkpoint } = parseAddCheckpoint(Buffer.from(text as string))
    const log = parseVkey(logVkey)
    const [before, after] = [good[`checkpoint${old}`] as string, checkpoint].map(note =>
      openCheckpoint(note, log.name, log),
    )
    if (before === undefined || after === undefined) throw new TypeError('a checkpoint is missing')
    expect(verifyConsistency(old, after.size, before.root, after.root, proof)).toBe(true)
    expect(formatAddCheckpoint({ old, proof, checkpoint })).toBe(text)
  })

  it('proofs of entries are read, and lead to their checkpoints', () => {
    const { good, logVkey, witnessVkey } = derived as Derived
    const texts = JSON.stringify(good).match(/"c2sp\.org\/tlog-proof@v1(?:[^"\\]|\\.)*"/g) ?? []
    expect(texts.length).toBeGreaterThan(0)
    const entries = corpusJson<{ entries?: string[]; leaves?: string[] }>('ledger', 'tessera-log', 'KEY.json')
    const log = parseVkey(logVkey)
    for (const quoted of texts) {
      const text = JSON.parse(quoted) as string
      const { index, hashes, checkpoint } = parseTlogProof(text)
      const {
        size: treeSize,
        root,
        signatures,
      } = openCheckpoint(checkpoint, log.name, log, [parseVkey(witnessVkey)])
      expect(signatures.length).toBeGreaterThan(0)
      const entry = (entries.entries ?? entries.leaves ?? [])[index] ?? ''
      expect(verifyInclusion(index, treeSize, hashLeaf(Buffer.from(entry)), hashes, root)).toBe(true)
    }
  })
})

/** Bytes by chance, and those of something valid with a change. */
function bytes(note: string, start: string) {
  const valid = Buffer.from(`${start}\n${note}`)
  const changed = fc
    .tuple(fc.nat({ max: valid.length - 1 }), fc.integer({ min: 0, max: 255 }))
    .map(([at, byte]) => Buffer.from(valid).fill(byte, at, at + 1))
  const cut = fc.nat({ max: valid.length }).map(length => valid.subarray(0, length))
  return fc.oneof(
    fc.uint8Array().map(data => Buffer.from(data)),
    changed,
    cut,
  )
}

function expectOnly(parse: () => unknown): void {
  try {
    parse()
  } catch (error) {
    expect(error).toBeInstanceOf(MerkleError)
  }
}
