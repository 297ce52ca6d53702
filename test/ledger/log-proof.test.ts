import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { TransparencyLog } from '../../src/ledger/log/transparency-log.ts'
import { verifyLogProof } from '../../src/ledger/log/verify-proof.ts'
import type { LedgerTransaction, LogProof } from '../../src/ledger/types.ts'
import { formatCheckpoint } from '../../src/merkle/checkpoint.ts'
import { signNote } from '../../src/merkle/note.ts'
import { formatSigningKey, parseSigningKey } from '../../src/merkle/signing-key.ts'
import { KEY, LogWorld, ORIGIN } from './log-world.ts'

describe('proofs of the log, verified without it', () => {
  let log: TransparencyLog
  let transactions: LedgerTransaction[]
  let transaction: LedgerTransaction
  let proof: LogProof
  beforeAll(async () => {
    log = await new LogWorld().open()
    transactions = await Promise.all(Array.from({ length: 300 }, (_, i) => log.anchor(`1.file${i}`, 'w')))
    transaction = transactions[270] as LedgerTransaction
    proof = await log.proof(transaction)
  })

  const results = (
    changed: Partial<LogProof> = {},
    said: Partial<LedgerTransaction> = {},
    verifier = KEY.verifier,
  ) => {
    const report = verifyLogProof({ ...proof, ...changed }, ORIGIN, verifier, { ...transaction, ...said })
    expect(report.checks.map(check => check.code)).toEqual([
      'LEAF_ANCHOR',
      'LOG_INCLUSION',
      'CHECKPOINT_SIGNATURE',
      'LEAF_TIME',
    ])
    for (const check of report.checks) expect(check.detail).toMatch(/^[A-Z].*\.$/)
    return report.checks.map(check => check.result)
  }

  it('every transaction has one', async () => {
    for (const one of transactions) {
      const report = verifyLogProof((await log.proof(one)) as LogProof, ORIGIN, KEY.verifier, one)
      expect(report.checks.map(check => check.result)).toEqual(['pass', 'pass', 'pass', 'pass'])
      expect(report.checkpoint?.size).toBe(300)
    }
  })

  it.each([
    ['another anchor string', { anchorString: '1.other' }],
    ['another writer', { writer: 'x' }],
    ['another number', { number: 7 }],
    ['another hash', { timeHash: '00' }],
  ])('a transaction with %s is not the one in the leaf', (_, said) => {
    expect(results({}, said)).toEqual(['fail', 'pass', 'pass', 'pass'])
  })

  it('another time is not the one in the leaf', () => {
    expect(results({}, { time: 1 })).toEqual(['pass', 'pass', 'pass', 'fail'])
    expect(results({}, { timestamp: 1 })).toEqual(['pass', 'pass', 'pass', 'fail'])
  })

  it('a leaf that is not in the tree is not included', () => {
    const leaf = Buffer.from(String(Buffer.from(proof.leaf)).replace('file270', 'file271'))
    expect(results({ leaf })).toEqual(['fail', 'fail', 'pass', 'pass'])
    expect(results({ leaf: Buffer.from('junk') })).toEqual(['fail', 'fail', 'pass', 'skipped'])
    expect(results({ inclusion: proof.inclusion.slice(1) })).toEqual(['pass', 'fail', 'pass', 'pass'])
    expect(results({ inclusion: [Buffer.alloc(3), ...proof.inclusion.slice(1)] })).toEqual([
      'pass',
      'fail',
      'pass',
      'pass',
    ])
  })

  it('a checkpoint that the log has not signed proves no inclusion', async () => {
    const other = parseSigningKey(formatSigningKey(ORIGIN, Buffer.alloc(32, 9)))
    const failed = ['pass', 'skipped', 'fail', 'pass']
    expect(results({ checkpoint: '' })).toEqual(failed)
    expect(results({ checkpoint: proof.checkpoint.replace('300', '301') })).toEqual(failed)
    expect(results({}, {}, other.verifier)).toEqual(failed)
    const foreign = await signNote(formatCheckpoint('other.example', 300, Buffer.alloc(32)), [KEY])
    expect(results({ checkpoint: foreign })).toEqual(failed)
  })

  it('a checkpoint of another tree does not include it', async () => {
    const empty = (await new LogWorld().open()).checkpoint()
    expect(results({ checkpoint: empty })).toEqual(['pass', 'fail', 'pass', 'pass'])
  })

  it('whatever the proof is made of, there is a report and no error, and it does not pass', () => {
    const foreign = fc.record({
      kind: fc.constant('log' as const),
      leaf: fc.uint8Array(),
      index: fc.oneof(fc.integer(), fc.double()),
      inclusion: fc.array(fc.uint8Array({ maxLength: 33 }), { maxLength: 70 }),
      checkpoint: fc.oneof(fc.string(), fc.constant(proof?.checkpoint ?? '')),
    })
    fc.assert(
      fc.property(foreign, made => {
        expect(results(made)).toContain('fail')
      }),
    )
  })
})
