import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LedgerError } from '../../../src/ledger/errors.ts'
import type { LogSource } from '../../../src/ledger/follower/log-source.ts'
import type { Leaf } from '../../../src/ledger/log/leaf.ts'
import { verifyLogProof } from '../../../src/ledger/log/verify-proof.ts'
import { formatBrokenReceipt, parseBrokenReceipt } from '../../../src/ledger/submission/broken-receipt.ts'
import {
  type CheckedReceipt,
  checkBrokenReceipt,
  checkReceipt,
  type ReceiptVerification,
} from '../../../src/ledger/submission/check-receipt.ts'
import { signReceipt } from '../../../src/ledger/submission/receipt.ts'
import type { TlogPolicy } from '../../../src/merkle/policy.ts'
import { formatSigningKey, parseSigningKey } from '../../../src/merkle/signing-key.ts'
import { hashLeaf } from '../../../src/merkle/tree.ts'
import { exitStatus } from '../../../src/trust/exit-status.ts'
import { KEY, ORIGIN, START } from '../log-world.ts'
import {
  ANCHOR,
  cosigned,
  other,
  others,
  policyOf,
  promised,
  RECEIPT,
  receiptNote,
  type Shown,
  shown,
  sourceOf,
  WAIT,
} from './receipt-world.ts'

const PINNED: ReceiptVerification = { origin: ORIGIN, verifier: KEY.verifier, now: new Date(START * 1000) }
const OTHER_KEY = parseSigningKey(formatSigningKey(ORIGIN, Buffer.alloc(32, 99)))

async function check(
  what: Shown | LogSource,
  policy?: TlogPolicy,
  note?: string,
): Promise<CheckedReceipt & { status: number }> {
  const source = 'entries' in what && 'note' in what ? sourceOf(what) : (what as LogSource)
  const pinned = policy === undefined ? PINNED : { ...PINNED, policy }
  const checked = await checkReceipt(note ?? (await receiptNote()), source, pinned)
  return { ...checked, status: exitStatus(checked.report) }
}

/** Whether a receipt and the checkpoint of a log are evidence against it, by the leaves that a source has. */
async function evidence(of: Shown, source = sourceOf(of), policy?: TlogPolicy) {
  const text = formatBrokenReceipt({ receipt: await receiptNote(), checkpoint: of.note })
  const pinned = policy === undefined ? PINNED : { ...PINNED, policy }
  const { report } = await checkBrokenReceipt(parseBrokenReceipt(Buffer.from(text)), source, pinned)
  return report.verdict
}

describe('a receipt was honoured', () => {
  it.each([1, 5, 256, 257, 600])(
    'where the leaf is the last of %d, with a proof that verifies',
    async size => {
      const log = await shown([...others(size - 1).map(leaf => ({ ...leaf, time: START })), promised(10)])
      const { outcome, status, proof, receipt } = await check(log)
      expect([outcome, status]).toEqual(['honoured', 0])
      expect(receipt).toEqual(RECEIPT)
      if (proof === undefined) throw new TypeError('no proof')
      const transaction = {
        number: size - 1,
        time: START + 10,
        timestamp: START + 10,
        timeHash: hashLeaf(proof.leaf).toString('hex'),
        anchorString: ANCHOR,
        writer: 'alice',
      }
      const { checks } = verifyLogProof(proof, ORIGIN, KEY.verifier, transaction)
      expect(checks.every(({ result }) => result === 'pass')).toBe(true)
    },
  )

  it('in the last second before the deadline is over', async () => {
    expect(await check(await shown([promised(WAIT)]))).toMatchObject({ outcome: 'honoured' })
  })

  it('whatever else is on the log, leaves of kinds that are not known here among them', async () => {
    const unknown = Buffer.from('{"type":"map","v":1}')
    const log = await shown([other(0), unknown, promised(1), unknown, other(2 * WAIT)])
    expect(await check(log)).toMatchObject({ outcome: 'honoured', status: 0 })
    expect(await evidence(log)).toBe('rejected')
  })

  it('and the report names the log as the one whose word the time is', async () => {
    const { report } = await check(await shown([promised(1)]))
    expect(report.roots.map(({ id }) => id)).toContain('log-key')
    const edge = report.edges.find(({ code }) => code === 'LEAF_TIME')
    expect(edge).toMatchObject({ basis: 'remote', to: 'log-key' })
  })
})

describe('a receipt was broken', () => {
  it.each<[string, Leaf[]]>([
    ['without the leaf', [other(0), other(WAIT + 1)]],
    ['with the leaf, after the deadline', [other(0), promised(WAIT + 1)]],
    ['with a leaf of another writer', [{ ...promised(1), writer: 'bob' } as Leaf, other(WAIT + 1)]],
    [
      'with a leaf of another batch',
      [{ ...promised(1), anchorString: `4${ANCHOR.slice(1)}` } as Leaf, other(WAIT + 1)],
    ],
    [
      'with a stamp as the leaf that is later',
      [other(0), { type: 'stamp', time: START + WAIT + 1, root: 'ab'.repeat(32), writer: 'w' }],
    ],
    ['in a tree of many leaves', [...others(700), other(WAIT + 1)]],
  ])('where the tree goes beyond the deadline %s', async (_, leaves) => {
    const log = await shown(leaves)
    const { outcome, status, report, checkpoint } = await check(log)
    expect([outcome, status]).toEqual(['broken', 2])
    expect(report.claims.find(({ id }) => id === 'broken')?.verdict).toBe('verified')
    expect(checkpoint).toBe(log.note)
    expect(await evidence(log)).toBe('verified')
  })

  it('where so many witnesses have cosigned after the deadline that every quorum has one of them', async () => {
    const log = await shown([other(0)], [KEY, ...cosigned(WAIT + 1, 'w0', 'w1')])
    const { outcome, status, report } = await check(log, policyOf(2))
    expect([outcome, status]).toEqual(['broken', 2])
    expect(report.roots.some(({ trustedFor }) => trustedFor.includes('cosigning-time'))).toBe(true)
    expect(await evidence(log, sourceOf(log), policyOf(2))).toBe('verified')
    // Who trusts no witness learns nothing of the time from them.
    expect(await evidence(log)).toBe('undecided')
  })
})

describe('it is undecided', () => {
  it.each<[string, Leaf[]]>([
    ['as long as the deadline is not over', [other(0), other(WAIT)]],
    ['for an empty log', []],
  ])('%s', async (_, leaves) => {
    const log = await shown(leaves)
    expect(await check(log)).toMatchObject({ outcome: 'undecided', status: 3 })
    expect(await evidence(log)).toBe('undecided')
  })

  it('where a witness has cosigned after the deadline that anyone can show an old checkpoint', async () => {
    const log = await shown([other(0)], [KEY, ...cosigned(1, 'w0', 'w1'), ...cosigned(WAIT + 1, 'w2')])
    expect(await check(log, policyOf(2))).toMatchObject({ outcome: 'undecided' })
    // Two of three are a quorum of one, and another quorum has none of them.
    const two = await shown([other(0)], [KEY, ...cosigned(WAIT + 1, 'w0', 'w1')])
    expect(await check(two, policyOf(1))).toMatchObject({ outcome: 'undecided' })
  })

  it('where witnesses have cosigned in the last second before the deadline is over', async () => {
    const log = await shown([other(0)], [KEY, ...cosigned(WAIT, 'w0', 'w1', 'w2')])
    expect(await check(log, policyOf(2))).toMatchObject({ outcome: 'undecided' })
  })

  it('where the leaf is there, and too few witnesses have cosigned', async () => {
    const log = await shown([promised(1)], [KEY, ...cosigned(2, 'w0')])
    expect(await check(log, policyOf(2))).toMatchObject({ outcome: 'undecided', status: 3 })
    const enough = await shown([promised(1)], [KEY, ...cosigned(2, 'w0', 'w2')])
    expect(await check(enough, policyOf(2))).toMatchObject({ outcome: 'honoured', status: 0 })
  })

  const broken = () => shown([other(0), other(WAIT + 1)])
  it.each<[string, (honest: LogSource) => Partial<LogSource>]>([
    [
      'another leaf than the log has signed',
      honest => ({ entries: async (...asked) => (await honest.entries(...asked)).toReversed() }),
    ],
    ['no leaves', () => ({ entries: unreachable })],
    ['no checkpoint', () => ({ checkpoint: unreachable })],
    ['a checkpoint that is none', () => ({ checkpoint: async () => Buffer.from('x') })],
  ])('where whoever is asked for the log gives %s', async (_, lie) => {
    const honest = sourceOf(await broken())
    expect(await check({ ...honest, ...lie(honest) })).toMatchObject({ outcome: 'undecided', status: 3 })
  })

  it('where the checkpoint is signed by another key', async () => {
    const log = await shown([other(0), other(WAIT + 1)], [OTHER_KEY])
    expect(await check(log)).toMatchObject({ outcome: 'undecided', checkpoint: undefined })
    // As evidence it has to stand.
    expect(await evidence(log)).toBe('rejected')
  })

  it('where a leaf that the log has not is slipped in, or its place is not shown', async () => {
    const log = await broken()
    const [first] = (await shown([promised(1)])).entries
    const slipped = {
      ...sourceOf(log),
      entries: async () => [first as Uint8Array, log.entries[1] as Uint8Array],
    }
    expect(await check(slipped)).toMatchObject({ outcome: 'undecided', proof: undefined })
    expect(await evidence(log, slipped)).toBe('undecided')
    const honoured = sourceOf(await shown([...others(3), promised(5)]))
    expect(await check({ ...honoured, hashes: unreachable })).toMatchObject({ outcome: 'undecided' })
  })
})

async function unreachable(): Promise<never> {
  throw new LedgerError('LEDGER_UNREACHABLE', 'no answer')
}

describe('it is no receipt of the log', () => {
  it.each([
    ['signed by another key', () => signReceipt(RECEIPT, OTHER_KEY)],
    ['of another log', () => signReceipt({ ...RECEIPT, origin: 'other.example' }, KEY)],
    ['no note at all', async () => 'hello'],
    ['a checkpoint', async () => (await shown([])).note],
  ])('where it is %s', async (_, note) => {
    const checked = await check(await shown([promised(1)]), undefined, await note())
    expect(checked).toMatchObject({ outcome: 'void', status: 2, receipt: undefined, proof: undefined })
  })
})

describe('whatever a log shows', () => {
  const leaf = fc.oneof(
    fc.integer({ min: 0, max: 2 * WAIT }).map(other),
    fc.integer({ min: 0, max: 2 * WAIT }).map(promised),
  )
  const history = fc.array(leaf, { maxLength: 20 }).map(leaves => leaves.toSorted((a, b) => a.time - b.time))

  it('it is honoured if and only if the leaf is there in time, and broken only if it is not and cannot be', async () => {
    await fc.assert(
      fc.asyncProperty(history, async leaves => {
        const log = await shown(leaves)
        const inTime = leaves.some(
          each => each.type === 'anchor' && each.anchorString === ANCHOR && each.time <= RECEIPT.deadline,
        )
        const over = leaves.some(({ time }) => time > RECEIPT.deadline)
        const expected = inTime ? 'honoured' : over ? 'broken' : 'undecided'
        expect((await check(log)).outcome).toBe(expected)
        expect(await evidence(log)).toBe(inTime ? 'rejected' : over ? 'verified' : 'undecided')
      }),
    )
  })

  it('nobody can make evidence against a log that has honoured, whatever leaves they send', async () => {
    await fc.assert(
      fc.asyncProperty(history, history, async (before, sent) => {
        const log = await shown([
          ...before.filter(({ time }) => time <= START + 5),
          promised(5),
          other(2 * WAIT),
        ])
        const liar = { ...sourceOf(await shown(sent)), checkpoint: sourceOf(log).checkpoint }
        expect(await evidence(log, liar)).not.toBe('verified')
        expect((await check(liar)).outcome).not.toBe('broken')
      }),
    )
  })
})

describe('the file of evidence', () => {
  it('reads back, and has no other members', async () => {
    const evidence = { receipt: await receiptNote(), checkpoint: (await shown([])).note }
    const text = formatBrokenReceipt(evidence)
    expect(parseBrokenReceipt(Buffer.from(text))).toEqual(evidence)
    const object = JSON.parse(text)
    for (const change of [
      { v: 2 },
      { type: 'log-fork' },
      { more: 1 },
      { receipt: 1 },
      { checkpoint: undefined },
    ]) {
      expect(() => parseBrokenReceipt(Buffer.from(JSON.stringify({ ...object, ...change })))).toThrow(
        expect.objectContaining({ code: 'LEDGER_EVIDENCE_INVALID' }),
      )
    }
  })

  it('throws nothing but LedgerError, whatever is read', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map(text => Buffer.from(text)),
        ),
        bytes => {
          expect(() => parseBrokenReceipt(bytes)).toThrow(LedgerError)
        },
      ),
    )
  })
})
