import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LedgerError } from '../../../src/ledger/errors.ts'
import {
  type ForkEvidence,
  formatForkEvidence,
  parseForkEvidence,
  verifyForkEvidence,
} from '../../../src/ledger/follower/fork-evidence.ts'
import { splitSubtrees } from '../../../src/ledger/follower/subtrees.ts'
import { formatSigningKey, parseSigningKey } from '../../../src/merkle/signing-key.ts'
import { hashLeaf, rootOf } from '../../../src/merkle/tree.ts'
import { parseVkey } from '../../../src/merkle/vkey.ts'
import { corpusJson, hasCorpus } from '../../corpus.ts'
import { anchors, History, KEY, ORIGIN } from './scripted-log.ts'

const good = new History(anchors(40))
const fork = new History([...anchors(20), ...anchors(20, 'b', 20)])

/** The hashes that lead to the root of the first `size` entries, cut after `prefix`. */
function split({ entries }: History, prefix: number, size: number): Uint8Array[] {
  const { before, after } = splitSubtrees(prefix, size)
  return [...before, ...after].map(({ height, index }) =>
    rootOf(entries.slice(index * 2 ** height, (index + 1) * 2 ** height).map(hashLeaf)),
  )
}

async function larger(m: number, n: number, first = good, second = fork): Promise<ForkEvidence> {
  return { checkpoints: [await first.checkpoint(m), await second.checkpoint(n)], hashes: split(second, m, n) }
}

const proven = (evidence: ForkEvidence, origin = ORIGIN, key = KEY) =>
  verifyForkEvidence(evidence, origin, key.verifier).proven

describe('evidence of two histories', () => {
  it('is two roots for one size', async () => {
    const checkpoints = [await good.checkpoint(30), await fork.checkpoint(30)] as const
    const { proven, checks } = verifyForkEvidence({ checkpoints, hashes: [] }, ORIGIN, KEY.verifier)
    expect(proven).toBe(true)
    expect(checks.map(({ passed }) => passed)).toEqual([true, true, true])
  })

  it('is a larger tree that does not begin as the smaller one does, for every pair of sizes, powers of two too', async () => {
    for (const m of [21, 24, 31, 32, 33]) {
      for (const n of [m + 1, 40]) expect(proven(await larger(m, n))).toBe(true)
    }
  })

  it('shows nothing where the larger tree extends the smaller one', async () => {
    for (const m of [1, 16, 20]) expect(proven(await larger(m, 40))).toBe(false)
    const same = await good.checkpoint(30)
    expect(proven({ checkpoints: [same, same], hashes: [] })).toBe(false)
  })

  it('shows nothing with hashes that do not lead to the signed root', async () => {
    const honest = await larger(20, 40)
    expect(proven({ ...honest, hashes: split(good, 20, 40) })).toBe(false)
    const evidence = await larger(24, 40)
    expect(proven({ ...evidence, hashes: split(good, 24, 40) })).toBe(false)
    for (const i of evidence.hashes.keys()) {
      const hashes = evidence.hashes.map((hash, j) => (i === j ? Buffer.alloc(32, 1) : hash))
      expect(proven({ ...evidence, hashes })).toBe(false)
    }
    expect(proven({ ...evidence, hashes: [] })).toBe(false)
  })

  it('shows nothing of another log, by another key, or with the larger tree first', async () => {
    const evidence = await larger(24, 40)
    expect(proven(evidence, 'other.example')).toBe(false)
    const other = parseSigningKey(formatSigningKey(ORIGIN, Buffer.alloc(32, 6)))
    expect(proven(evidence, ORIGIN, other)).toBe(false)
    const [first, second] = evidence.checkpoints
    expect(proven({ ...evidence, checkpoints: [second, first] })).toBe(false)
    const forged = second.replace(/.{8}=\n$/, 'AAAAAAA=\n')
    expect(proven({ ...evidence, checkpoints: [first, forged] })).toBe(false)
  })

  it('is the same after it was written and read', async () => {
    const evidence = await larger(24, 40)
    const read = parseForkEvidence(Buffer.from(formatForkEvidence(evidence)))
    expect(read).toEqual({ ...evidence, hashes: evidence.hashes.map(hash => Buffer.from(hash)) })
    expect(proven(read)).toBe(true)
  })

  it('is refused as a file that is not exactly one', async () => {
    const text = formatForkEvidence(await larger(24, 40))
    const file = JSON.parse(text)
    const files = [
      { ...file, v: 2 },
      { ...file, type: 'other' },
      { ...file, more: 1 },
      { ...file, checkpoints: file.checkpoints.slice(1) },
      { ...file, checkpoints: [...file.checkpoints, ''] },
      { ...file, checkpoints: 'x' },
      { ...file, hashes: ['AAAA'] },
      { ...file, hashes: [1] },
      { ...file, hashes: [[]] },
      [],
    ]
    for (const wrong of files) {
      expect(() => parseForkEvidence(Buffer.from(JSON.stringify(wrong)))).toThrow(
        expect.objectContaining({ code: 'LEDGER_EVIDENCE_INVALID' }),
      )
    }
    for (let length = 0; length < text.length - 1; length++) {
      expect(() => parseForkEvidence(Buffer.from(text.slice(0, length)))).toThrow(LedgerError)
    }
  })

  it('throws nothing else on any bytes, and proves nothing with a byte changed in what is signed or hashed', async () => {
    const text = Buffer.from(formatForkEvidence(await larger(24, 40)))
    const judge = (bytes: Uint8Array) => {
      try {
        return verifyForkEvidence(parseForkEvidence(bytes), ORIGIN, KEY.verifier).proven
      } catch (error) {
        expect(error).toBeInstanceOf(LedgerError)
        return false
      }
    }
    expect(judge(text)).toBe(true)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), bytes => {
        expect(judge(bytes)).toBe(false)
      }),
    )
    const whitespace = /\s/
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Buffer.from(text)
        bytes[at] = (bytes[at] ?? 0) ^ change
        // Of a change that still proves it, the file must say the same: white space between its members.
        if (judge(bytes)) expect(whitespace.test(String.fromCharCode(text[at] ?? 0))).toBe(true)
      }),
    )
  })

  it('is what its specification shows', () => {
    const page = readFileSync('docs/spec/fork-evidence.md', 'utf8')
    const blocks = [...page.matchAll(/```(?:json|text)\n([^`]+)```/g)].map(([, block]) => block)
    const [file = '', key = ''] = blocks
    const evidence = parseForkEvidence(Buffer.from(file))
    expect(formatForkEvidence(evidence)).toBe(file)
    expect(verifyForkEvidence(evidence, 'log.example', parseVkey(key.trim())).proven).toBe(true)
  })

  it.runIf(hasCorpus)(
    'is there for the published fork at one size, and at another with its hashes alone',
    () => {
      const set = corpusJson<{
        logVkey: string
        good: { checkpoint10: string; checkpoint15: string }
        fork: { fork14: string; fork15: string }
      }>('ledger/derived/tlog-good-and-fork.json')
      const { logVkey, good, fork } = set
      const judge = (checkpoints: [string, string]) =>
        verifyForkEvidence({ checkpoints, hashes: [] }, 'example.com/log/testdata', parseVkey(logVkey)).proven
      expect(judge([good.checkpoint15, fork.fork15])).toBe(true)
      expect(judge([good.checkpoint10, fork.fork15])).toBe(false)
      expect(judge([fork.fork14, good.checkpoint15])).toBe(false)
      expect(judge([good.checkpoint15, good.checkpoint15])).toBe(false)
    },
  )
})
