import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contradict, formatCheckpoint, openCheckpoint, parseCheckpoint } from '../../src/merkle/checkpoint.ts'
import { MerkleError } from '../../src/merkle/errors.ts'
import { signNote } from '../../src/merkle/note.ts'
import { formatSigningKey, parseSigningKey } from '../../src/merkle/signing-key.ts'
import { EMPTY_ROOT } from '../../src/merkle/tree.ts'
import { verifyConsistency } from '../../src/merkle/verify-proof.ts'
import { parseVkey } from '../../src/merkle/vkey.ts'
import { corpusJson, hasCorpus } from '../corpus.ts'

const ROOT = Buffer.alloc(32, 7)
const B64 = ROOT.toString('base64')
const log = parseSigningKey(formatSigningKey('log.example', Buffer.alloc(32, 1)))
const witness = parseSigningKey(formatSigningKey('witness.example', Buffer.alloc(32, 2)))

describe('checkpoints (C2SP tlog-checkpoint)', () => {
  it('says what was written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), size => {
        const text = formatCheckpoint('log.example', size, ROOT)
        expect(parseCheckpoint(text)).toEqual({ origin: 'log.example', size, root: ROOT, extensions: [] })
      }),
    )
    expect(parseCheckpoint(formatCheckpoint('o', 0, EMPTY_ROOT)).size).toBe(0)
  })

  it('keeps extension lines apart', () => {
    expect(parseCheckpoint(`o\n1\n${B64}\na\nb\n`).extensions).toEqual(['a', 'b'])
  })

  it.each([
    ['nothing', ''],
    ['an empty origin', `\n1\n${B64}\n`],
    ['a leading zero', `o\n01\n${B64}\n`],
    ['a sign', `o\n+1\n${B64}\n`],
    ['an exponent', `o\n1e3\n${B64}\n`],
    ['a hexadecimal size', `o\n0x1\n${B64}\n`],
    ['an empty size', `o\n\n${B64}\n`],
    ['a space', `o\n 1\n${B64}\n`],
    ['a size of 2^53', `o\n9007199254740992\n${B64}\n`],
    ['a size of 2^64', `o\n18446744073709551616\n${B64}\n`],
    ['a root of 31 bytes', `o\n1\n${Buffer.alloc(31).toString('base64')}\n`],
    ['a root of 33 bytes', `o\n1\n${Buffer.alloc(33).toString('base64')}\n`],
    ['a root without padding', `o\n1\n${B64.replace('=', '')}\n`],
    ['no newline at the end', `o\n1\n${B64}`],
    ['an empty extension line', `o\n1\n${B64}\n\n`],
    ['another root of the empty tree', `o\n0\n${B64}\n`],
  ])('refuses one with %s', (_, text) => {
    expect(() => parseCheckpoint(text)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_INVALID' }))
  })

  it('throws only its own error for any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.string()).map(lines => lines.join('\n')),
        ),
        text => {
          try {
            parseCheckpoint(text)
          } catch (error) {
            expect(error).toBeInstanceOf(MerkleError)
          }
        },
      ),
    )
  })

  it('opens for its origin and its log key only', async () => {
    const note = await signNote(formatCheckpoint('origin.example', 3, ROOT), [log])
    expect(openCheckpoint(note, 'origin.example', log.verifier)).toMatchObject({ size: 3 })
    expect(() => openCheckpoint(note, 'log.example', log.verifier)).toThrow(
      expect.objectContaining({ code: 'CHECKPOINT_ORIGIN_MISMATCH' }),
    )
    expect(() => openCheckpoint(note, 'origin.example', witness.verifier)).toThrow(
      expect.objectContaining({ code: 'NOTE_UNVERIFIED' }),
    )
  })

  it('a cosigner does not stand in for the log', async () => {
    const note = await signNote(formatCheckpoint('origin.example', 3, ROOT), [witness])
    expect(() => openCheckpoint(note, 'origin.example', log.verifier, [witness.verifier])).toThrow(
      expect.objectContaining({ code: 'NOTE_UNVERIFIED' }),
    )
  })
})

describe.runIf(hasCorpus)('a log that forks (derived vectors)', () => {
  const vector = hasCorpus
    ? corpusJson<{
        logVkey: string
        witnessVkey: string
        good: Record<'checkpoint10' | 'checkpoint15' | 'checkpoint15_cosigned', string> & {
          consistency_10_15: string[]
        }
        fork: Record<'fork14' | 'fork15' | 'fork15_cosigned_by_misbehaving_witness', string> & {
          consistency_10_fork15: string[]
        }
      }>('ledger/derived/tlog-good-and-fork.json')
    : undefined
  const setUp = () => {
    if (vector === undefined) throw new TypeError('no corpus')
    const key = parseVkey(vector.logVkey)
    const open = (note: string) =>
      openCheckpoint(note, 'example.com/log/testdata', key, [parseVkey(vector.witnessVkey)])
    return { ...vector, open, hashes: (proof: string[]) => proof.map(hash => Buffer.from(hash, 'base64')) }
  }

  it('all its checkpoints are signed, and two of one size contradict', () => {
    const { good, fork, open } = setUp()
    expect(contradict(open(good.checkpoint15), open(fork.fork15))).toBe(true)
    expect(contradict(open(good.checkpoint15), open(good.checkpoint15_cosigned))).toBe(false)
    expect(contradict(open(good.checkpoint10), open(fork.fork15))).toBe(false)
    expect(open(fork.fork14).size).toBe(14)
  })

  it('the cosignatures carry their time, also the one of the witness that misbehaves', () => {
    const { good, fork, open } = setUp()
    const times = (note: string) => open(note).signatures.map(signature => signature.timestamp)
    expect(times(good.checkpoint15_cosigned)).toEqual([undefined, 1_700_000_015])
    expect(times(fork.fork15_cosigned_by_misbehaving_witness)).toEqual([undefined, 1_700_000_016])
  })

  it('both trees extend the tree of size 10, with each its own proof', () => {
    const { good, fork, open, hashes } = setUp()
    const [ten, fifteen, forked] = [good.checkpoint10, good.checkpoint15, fork.fork15].map(open)
    if (ten === undefined || fifteen === undefined || forked === undefined) throw new TypeError('no corpus')
    const honest = hashes(good.consistency_10_15)
    const other = hashes(fork.consistency_10_fork15)
    expect(verifyConsistency(10, 15, ten.root, fifteen.root, honest)).toBe(true)
    expect(verifyConsistency(10, 15, ten.root, forked.root, other)).toBe(true)
    expect(verifyConsistency(10, 15, ten.root, forked.root, honest)).toBe(false)
    expect(verifyConsistency(15, 15, fifteen.root, forked.root, [])).toBe(false)
  })
})
