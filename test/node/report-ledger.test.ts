import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { LedgerError } from '../../src/ledger/errors.ts'
import type { LogProof, ProofCheck } from '../../src/ledger/types.ts'
import { formatCheckpoint, parseCheckpoint } from '../../src/merkle/checkpoint.ts'
import { parseNote, signNote } from '../../src/merkle/note.ts'
import { formatSigningKey, parseSigningKey } from '../../src/merkle/signing-key.ts'
import { exitStatus } from '../../src/trust/exit-status.ts'
import { KEY, ORIGIN } from '../ledger/log-world.ts'
import { addService, Controller } from './parts.ts'
import { checksOf, openChecks, ReportWorld, resultsOf, verdictsOf } from './report-world.ts'

const controller = new Controller('P-256')
const other = new Controller('P-256')
let world: ReportWorld

beforeAll(async () => {
  world = await new ReportWorld().start()
  await world.anchor([controller.create()])
  await world.anchor([other.create()])
  await world.anchor([await controller.update([addService('a')])])
  world.wait(60)
})
beforeEach(() => {
  world.lies = {}
  world.skew = 0
})

/** Lies about the proof of the create, and of nothing else. */
const lieOfCreate = (lie: (honest: LogProof) => LogProof | Promise<LogProof>): void => {
  world.lies.proof = ({ number }, honest) => (number === 0 ? lie(honest) : honest)
}

describe('the report of a DID on a log', () => {
  it('is verified where all is as it should be, and names the log and the clock', async () => {
    const report = await world.explain(controller.did)
    expect(openChecks(report)).toEqual([])
    expect(verdictsOf(report)).toEqual([
      'verified',
      { document: 'verified', active: 'verified', newest: 'verified' },
    ])
    expect(report.roots.map(({ id }) => id)).toEqual(['log-key', 'clock'])
    expect(exitStatus(report)).toBe(0)
  })

  it('says of its checks what was compared with what', async () => {
    const report = await world.explain(controller.did)
    expect(checksOf(report, 'REVEAL_COMMITMENT')[0]?.detail).toMatch(
      /^The key was hashed twice and gives the commitment Ei/,
    )
    expect(checksOf(report, 'ANCHOR_STRING')[0]?.detail).toMatch(
      /^The anchor string names Qm\w+ and declares 1 operations; the files have 1\.$/,
    )
    expect(checksOf(report, 'STATE_RECOMPUTED')[0]?.detail).toMatch(
      /^2 operations, read again and resolved anew, come to version /,
    )
    expect(report.notShown.join()).toContain('the ledger was not read again')
  })
})

describe('a ledger that proves something else', () => {
  it('the proof of another transaction: the leaf is not that of the anchor', async () => {
    const proof = await world.ledger.proof((await world.ledger.transactions(0, 1))[0] as never)
    lieOfCreate(() => proof)
    const report = await world.explain(controller.did)
    expect(openChecks(report)).toEqual(['DID_ACTIVE undecided', 'LEAF_ANCHOR fail'])
    expect(verdictsOf(report)).toEqual([
      'rejected',
      { document: 'rejected', active: 'undecided', newest: 'verified' },
    ])
    expect(exitStatus(report)).toBe(2)
  })

  it('a leaf that was changed is neither that of the anchor nor in the tree', async () => {
    lieOfCreate(honest => ({
      ...honest,
      leaf: Buffer.from(String(Buffer.from(honest.leaf)).replace('test', 'tent')),
    }))
    const report = await world.explain(controller.did)
    expect(openChecks(report)).toEqual(['DID_ACTIVE undecided', 'LEAF_ANCHOR fail', 'LOG_INCLUSION fail'])
    expect(report.verdict).toBe('rejected')
  })

  it('a path that does not lead to the root', async () => {
    lieOfCreate(honest => ({ ...honest, inclusion: honest.inclusion.toReversed() }))
    const report = await world.explain(controller.did)
    expect(openChecks(report)).toEqual(['DID_ACTIVE undecided', 'LOG_INCLUSION fail'])
    expect([report.verdict, exitStatus(report)]).toEqual(['rejected', 2])
  })

  it('a checkpoint of the same tree that another key has signed', async () => {
    const signer = parseSigningKey(formatSigningKey(ORIGIN, Buffer.alloc(32, 9)))
    const checkpoint = await signNote(parseNote(world.ledger.checkpoint()).text, [signer])
    lieOfCreate(honest => ({ ...honest, checkpoint }))
    const report = await world.explain(controller.did)
    expect(openChecks(report)).toEqual([
      'CHECKPOINT_SIGNATURE fail',
      'DID_ACTIVE undecided',
      'LOG_INCLUSION skipped',
    ])
    expect(report.verdict).toBe('rejected')
  })

  it('a checkpoint of another log, by the right key', async () => {
    const { size, root } = parseCheckpoint(parseNote(world.ledger.checkpoint()).text)
    const checkpoint = await signNote(formatCheckpoint('other.example', size, root), [KEY])
    lieOfCreate(honest => ({ ...honest, checkpoint }))
    expect(openChecks(await world.explain(controller.did))).toContain('CHECKPOINT_SIGNATURE fail')
  })

  it('what is no note at all', async () => {
    lieOfCreate(honest => ({ ...honest, checkpoint: 'nothing\u0007' }))
    const report = await world.explain(controller.did)
    expect(openChecks(report)).toContain('CHECKPOINT_SIGNATURE fail')
    expect(report.verdict).toBe('rejected')
  })

  it('no proof: undecided, as its being silent proves nothing', async () => {
    lieOfCreate(() => Promise.reject(new LedgerError('LEDGER_TRANSACTION_UNKNOWN', 'no such transaction')))
    const report = await world.explain(controller.did)
    expect(openChecks(report)).toEqual(['DID_ACTIVE undecided', 'LEAF_ANCHOR undecided'])
    expect([report.verdict, exitStatus(report)]).toEqual(['undecided', 3])
  })

  it.each(['LEAF_ANCHOR', 'LOG_INCLUSION', 'CHECKPOINT_SIGNATURE'] as const)(
    'a proof of which %s is not looked at shows nothing',
    async code => {
      world.lies.verify = checks => checks.filter(check => check.code !== code)
      const report = await world.explain(controller.did)
      expect(report.verdict).toBe('undecided')
      expect(openChecks(report)).toContain(`${code} skipped`)
      expect(report.claims.map(claim => claim.verdict)).not.toContain('verified')
    },
  )

  it.each(['skipped', 'undecided', 'fail'] as const)('checks that all come back as %s', async result => {
    world.lies.verify = checks => checks.map((check): ProofCheck => ({ ...check, result }))
    const report = await world.explain(controller.did)
    expect(report.verdict).toBe(result === 'fail' ? 'rejected' : 'undecided')
    expect(report.claims.map(claim => claim.verdict)).not.toContain('verified')
    // The time of a leaf is the log's word, and what someone says is never false.
    expect(resultsOf(report, 'LEAF_TIME')).not.toContain('fail')
  })

  it('checkpoints of several sizes in one report, as the log grows while it is made', async () => {
    const old = await world.ledger.proof((await world.ledger.transactions(undefined, 1))[0] as never)
    await world.anchor([new Controller('P-256').create()])
    lieOfCreate(() => old)
    const report = await world.explain(controller.did)
    expect(report.verdict).toBe('verified')
    expect(report.nodes.filter(({ kind }) => kind === 'checkpoint')).toHaveLength(2)
  })

  it('a time that the ledger contradicts itself about', async () => {
    world.lies.verify = checks =>
      checks.map(check => (check.code === 'LEAF_TIME' ? { ...check, result: 'fail' } : check))
    const report = await world.explain(controller.did)
    expect(openChecks(report)).toEqual(['DID_ACTIVE undecided', 'LEAF_TIME undecided'])
    expect(report.verdict).toBe('undecided')
  })
})

describe('whether it is the newest', () => {
  const newest = { document: 'verified', active: 'verified', newest: 'undecided' }
  const cases: [string, () => void, string][] = [
    [
      'the ledger speaks for a time long past',
      () => {
        world.skew = 301_000
      },
      'CHECKPOINT_FRESH',
    ],
    [
      'the ledger is ahead of this machine',
      () => {
        world.skew = -400_000
      },
      'CHECKPOINT_FRESH',
    ],
    [
      'the head is stale',
      () => {
        world.lies.head = head => ({ ...head, timestamp: head.timestamp - 3600 })
      },
      'CHECKPOINT_FRESH',
    ],
    [
      'the node has not caught up',
      () => {
        world.lies.head = head => ({ ...head, number: (head.number ?? 0) + 1 })
      },
      'COMPLETENESS',
    ],
    [
      'the ledger was reorganised',
      () => {
        world.lies.transactions = all => all.map(one => ({ ...one, timeHash: '00' }))
      },
      'COMPLETENESS',
    ],
    [
      'the ledger lost what was read',
      () => {
        world.lies.transactions = () => []
      },
      'COMPLETENESS',
    ],
    [
      'the ledger does not say where it ends',
      () => {
        world.lies.head = () => {
          throw new LedgerError('LEDGER_UNREACHABLE', 'the ledger cannot be reached')
        }
      },
      'COMPLETENESS',
    ],
  ]
  it.each(cases)('is undecided where %s', async (_, lie, code) => {
    lie()
    const report = await world.explain(controller.did)
    expect(openChecks(report)).toContain(`${code} undecided`)
    expect(verdictsOf(report)).toEqual(['undecided', newest])
    expect(exitStatus(report)).toBe(3)
  })

  it('is undecided where the checkpoint has leaves that were not read', async () => {
    const cursor = await world.ledger.head()
    const grown = await signNote(formatCheckpoint(ORIGIN, 99, Buffer.alloc(32)), [KEY])
    world.lies.proof = ({ number }, honest) =>
      number === cursor.number ? { ...honest, checkpoint: grown } : honest
    const report = await world.explain(other.did)
    expect(checksOf(report, 'COMPLETENESS')[0]).toMatchObject({
      result: 'undecided',
      detail: expect.stringContaining('grown meanwhile, to 99'),
    })
    expect(report.verdict).not.toBe('verified')
  })
})
