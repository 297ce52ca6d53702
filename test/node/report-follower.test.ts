import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { LedgerError } from '../../src/ledger/errors.ts'
import type { Confirmation } from '../../src/ledger/types.ts'
import { Controller } from './parts.ts'
import { checksOf, openChecks, ReportWorld, resultsOf, verdictsOf } from './report-world.ts'

const controller = new Controller('P-256')
let world: ReportWorld

beforeAll(async () => {
  world = await new ReportWorld().start()
  await world.anchor([controller.create()])
})
beforeEach(() => {
  world.lies = {}
})

const now = () => Math.floor(world.log.time / 1000)

/** The report where the ledger is followed, and was confirmed as told. Its last leaf is a day old. */
async function explained(confirmed: Confirmation) {
  world.lies.head = head => ({ ...head, time: now() - 86_400, timestamp: now() - 86_400, confirmed })
  return world.explain(controller.did)
}

describe('the report of a DID on a log that is followed', () => {
  it.each(['witnesses', 'source'] as const)(
    'is verified while the checkpoint was confirmed lately: %s',
    async by => {
      for (const age of [0, 300, -300]) {
        const report = await explained({ at: now() - age, by })
        expect(openChecks(report)).toEqual([])
        expect(verdictsOf(report)[0]).toBe('verified')
        expect(checksOf(report, 'CHECKPOINT_FRESH')[0]?.detail).toContain(`${Math.abs(age)} seconds`)
      }
    },
  )

  it.each(['witnesses', 'source'] as const)(
    'is undecided for now where that is too long ago, or to come: %s',
    async by => {
      for (const at of [now() - 301, now() + 301, undefined]) {
        const report = await explained({ at, by })
        expect(openChecks(report)).toEqual(['CHECKPOINT_FRESH undecided'])
        expect(verdictsOf(report)).toEqual([
          'undecided',
          { document: 'verified', active: 'verified', newest: 'undecided' },
        ])
      }
    },
  )

  it('is undecided for now where the log has signed two histories, and still says what the document is', async () => {
    world.lies.head = () => {
      throw new LedgerError('LEDGER_FROZEN', 'the log has signed two histories')
    }
    const report = await world.explain(controller.did)
    expect(resultsOf(report, 'CHECKPOINT_FRESH')).toEqual(['undecided'])
    expect(resultsOf(report, 'COMPLETENESS')).toEqual(['undecided'])
    expect(checksOf(report, 'COMPLETENESS')[0]?.detail).toContain('LEDGER_FROZEN')
    expect(verdictsOf(report)).toEqual([
      'undecided',
      { document: 'verified', active: 'verified', newest: 'undecided' },
    ])
  })
})
