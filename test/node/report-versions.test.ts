import fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { longFormDid } from '../../src/sidetree/long-form.ts'
import { ROOTLINE } from '../../src/sidetree/parameters.ts'
import type { OperationRequest } from '../../src/sidetree/types.ts'
import { ReportBuilder } from '../../src/trust/builder.ts'
import { basesOf, checkInfo } from '../../src/trust/codes.ts'
import { exitStatus } from '../../src/trust/exit-status.ts'
import { neededEdges } from '../../src/trust/needs.ts'
import { renderText } from '../../src/trust/render-text.ts'
import type { Result, TrustReport } from '../../src/trust/types.ts'
import { addService, Controller, METHOD } from './parts.ts'
import { checksOf, expectHonestText, openChecks, ReportWorld, resultsOf, verdictsOf } from './report-world.ts'

describe('versions', () => {
  const controller = new Controller('P-256')
  let world: ReportWorld
  let first = ''
  let times: { afterCreate: string; update: string; afterUpdate: string }

  beforeAll(async () => {
    world = await new ReportWorld().start()
    await world.anchor([controller.create()])
    first = (await world.node.resolve(controller.did)).result.didDocumentMetadata['versionId'] as string
    world.wait(60)
    const afterCreate = rfc3339(world.log.time)
    world.wait(60)
    const update = rfc3339(world.log.time)
    await world.anchor([await controller.update([addService('a')])])
    world.wait(60)
    times = { afterCreate, update, afterUpdate: rfc3339(world.log.time) }
    world.wait(60)
  })
  beforeEach(() => {
    world.lies = {}
  })

  it('one that was asked for by its id says nothing of what is newest', async () => {
    const report = await world.explain(controller.did, { versionId: first })
    expect(verdictsOf(report)).toEqual(['verified', { document: 'verified', active: 'verified' }])
    expect(report.notShown).toContain('Whether this version is the newest: a version was asked for.')
    expect(checksOf(report, 'FILE_LISTS_OPERATION')).toHaveLength(1)
    expect(report.asOf).toBeUndefined()
  })

  it('one that was asked for by a time stands on the word of the ledger about its times', async () => {
    const report = await world.explain(controller.did, { versionTime: times.afterCreate })
    expect(verdictsOf(report)).toEqual([
      'verified',
      { document: 'verified', active: 'verified', newest: 'verified' },
    ])
    expect(checksOf(report, 'FILE_LISTS_OPERATION')).toHaveLength(1)
    expect(report.asOf).toBe(times.afterCreate)
    expect(report.summary).toMatch(/^Verified as of /)
    expect(resultsOf(report, 'LEAF_TIME')).toEqual(['pass', 'pass'])
    expect(report.claims[2]?.statement).toBe(
      `No operation that this ledger shows changes the document at ${times.afterCreate}.`,
    )
    expect(checksOf(report, 'CHECKPOINT_FRESH')).toEqual([])
  })

  it('a time after the last transaction is settled by the end of the ledger', async () => {
    const report = await world.explain(controller.did, { versionTime: times.afterUpdate })
    expect(report.verdict).toBe('verified')
    world.lies.head = head => ({ ...head, number: (head.number ?? 0) + 1 })
    // More of the second of the last transaction may come.
    const behind = world.explain(controller.did, { versionTime: times.update }).then(
      report => report.verdict,
      error => error.code,
    )
    expect(['undecided', 'VERSION_TIME_AHEAD']).toContain(await behind)
    expect((await world.explain(controller.did, { versionTime: times.afterCreate })).verdict).toBe('verified')
  })

  it('a second that the ledger is still in may bring more', async () => {
    const now = (await world.ledger.head()).timestamp
    const report = await world.explain(controller.did, { versionTime: rfc3339(now * 1000) })
    expect(openChecks(report)).toEqual(['VERSION_TIME_AHEAD undecided'])
    expect([report.verdict, exitStatus(report)]).toEqual(['undecided', 3])
  })

  it('a time is as good as what the ledger says of its leaves', async () => {
    world.lies.verify = checks =>
      checks.map(check => (check.code === 'LEAF_TIME' ? { ...check, result: 'skipped' } : check))
    const report = await world.explain(controller.did, { versionTime: times.afterCreate })
    expect(verdictsOf(report)).toEqual([
      'undecided',
      { document: 'undecided', active: 'undecided', newest: 'undecided' },
    ])
  })

  it('the time matters too where the rules of the protocol have changed', async () => {
    const other = new ReportWorld()
    other.versions = [ROOTLINE, { ...ROOTLINE, version: '1.1', genesisTime: 1_000_000_000 }]
    await other.start()
    const keys = new Controller('P-256')
    await other.anchor([keys.create()])
    expect(resultsOf(await other.explain(keys.did), 'LEAF_TIME')).toEqual(['pass'])
  })
})

describe('long forms', () => {
  it('one that is not anchored is undecided, as its keys may have been replaced', async () => {
    const world = await new ReportWorld().start()
    const controller = new Controller('P-256')
    const { long } = created(controller)
    const report = await world.explain(long)
    expect(openChecks(report)).toEqual(['NOT_PUBLISHED undecided'])
    expect(verdictsOf(report)).toEqual(['undecided', { document: 'verified', newest: 'undecided' }])
    expect(exitStatus(report)).toBe(3)
    expect(checksOf(report, 'LONG_FORM_STATE')[0]?.detail).toContain('comes to this document')
  })

  it('one whose create was anchored and then updated shows what it is now', async () => {
    const world = await new ReportWorld().start()
    const controller = new Controller('P-256')
    const { create, long } = created(controller)
    await world.anchor([create])
    await world.anchor([await controller.update([addService('later')])])
    const { resolution, report } = await world.node.explain(long)
    expect(JSON.stringify(resolution.result.didDocument)).toContain('later')
    expect(report.verdict).toBe('verified')
    expect(report.nodes.find(({ id }) => id === 'did')?.label).toBe(controller.did)
    expect(resultsOf(report, 'LONG_FORM_STATE')).toEqual(['pass'])
    expect(checksOf(report, 'STATE_RECOMPUTED')[0]?.detail).toMatch(/^2 operations/)
  })

  it('one of another DID is refused, also where the ledger tells the state', async () => {
    const world = await new ReportWorld().start()
    const [controller, other] = [new Controller('P-256'), new Controller('P-256')]
    await world.anchor([controller.create()])
    const foreign = created(other).long.split(':').at(-1)
    await expect(world.explain(`${controller.did}:${foreign}`)).rejects.toMatchObject({
      code: 'DID_SUFFIX_MISMATCH',
    })
  })
})

describe('a history that takes too long', () => {
  const COUNT = 1000
  const controller = new Controller('Ed25519')
  let world: ReportWorld

  beforeAll(async () => {
    world = await new ReportWorld().start()
    await world.anchor([controller.create()])
    for (let i = 0; i < COUNT; i++) await world.anchor([await controller.update([addService(`s${i % 5}`)])])
    world.wait(60)
  }, 120_000)
  beforeEach(() => {
    world.lies = {}
  })

  it('of a thousand updates in as many transactions is reported whole, and as text in brief', async () => {
    const report = await world.explain(controller.did)
    expect(report.verdict).toBe('verified')
    expect(checksOf(report, 'OPERATION_SIGNATURE')).toHaveLength(COUNT)
    expect(report.edges.length).toBeLessThan(COUNT * 16)
    const active = report.claims.find(({ id }) => id === 'active')
    expect(active === undefined ? 0 : neededEdges(active.needs).ids.length).toBeLessThan(20)
    const text = renderText(report, { width: 100 })
    expect(text).toContain('… 997 more PATCHES_APPLIED like these (pass), with the')
    expect(text.split('\n').length).toBeLessThan(600)
  })

  it('is undecided from where time ran out, and says so', async () => {
    const start = world.log.time
    let asked = 0
    world.lies.proof = (_, honest) => {
      asked++
      if (asked === 400) world.skew += 20_001
      return honest
    }
    const report = await world.explain(controller.did)
    world.skew = 0
    expect(world.log.time).toBe(start)
    expect([report.verdict, exitStatus(report)]).toEqual(['undecided', 3])
    const skipped = checksOf(report, 'FILE_LISTS_OPERATION').filter(({ result }) => result === 'skipped')
    expect(skipped).toHaveLength(51)
    expect(skipped[0]?.detail).toMatch(/^It was not read again: /)
    expect(report.nodes.find(({ id }) => id === 'operations-unread')?.label).toMatch(
      /^5\d\d more operations$/,
    )
    expect(openChecks(report).filter(check => check.endsWith('fail'))).toEqual([])
    expect(resultsOf(report, 'STATE_RECOMPUTED')).toEqual(['undecided'])
    const text = renderText(report, { width: 100 })
    expect(text).toContain('more FILE_LISTS_OPERATION like these (skipped)')
    expect(text.split('\n').length).toBeLessThan(700)
  })
})

describe('every check of a report counts', () => {
  let honest: TrustReport

  beforeAll(async () => {
    const world = await new ReportWorld().start()
    const controller = new Controller('P-256')
    const { create, long } = created(controller)
    await world.anchor([create])
    await world.anchor([await controller.update([addService('a')])])
    await world.anchor([await controller.recover([addService('b')])])
    world.wait(60)
    honest = await world.explain(long)
  })

  it('the whole report is verified', () => {
    expect(degraded(honest, new Map()).verdict).toBe('verified')
  })

  it('whichever checks are taken away, it is verified only if none of them was needed', () => {
    const needed = new Set(honest.claims.flatMap(claim => neededEdges(claim.needs).ids))
    const some = fc.array(
      fc.record({
        at: fc.nat(honest.edges.length - 1),
        result: fc.constantFrom<Result>('undecided', 'skipped', 'fail'),
      }),
      { maxLength: 6 },
    )
    fc.assert(
      fc.property(some, changes => {
        const results = new Map(changes.map(({ at, result }) => [honest.edges[at]?.id ?? '', result]))
        const report = degraded(honest, results)
        const touched = [...results.keys()].some(id => needed.has(id))
        expect(report.verdict === 'verified').toBe(!touched)
        expectHonestText(report)
      }),
    )
  })

  it('each alone', () => {
    for (const { id } of honest.edges) {
      const report = degraded(honest, new Map([[id, 'undecided']]))
      expect([id, report.verdict]).toEqual([id, 'undecided'])
    }
  })
})

/** The report written again, with other results for some of its checks, as far as their codes can have them. */
function degraded(report: TrustReport, results: ReadonlyMap<string, Result>): TrustReport {
  const builder = new ReportBuilder({ now: new Date(report.at) })
  for (const root of report.roots) builder.root(root)
  for (const node of report.nodes) if (node.kind !== 'root') builder.node(node)
  for (const { id, from, to, code, basis, detail, ...edge } of report.edges) {
    const wanted = results.get(id) ?? edge.result
    const cannot = checkInfo(code).never?.includes(wanted) || (wanted === 'fail' && basisIsWord(code))
    const result = cannot ? 'undecided' : wanted
    const own = id.includes(' ') ? {} : { id }
    const root = edge.root === undefined || edge.root === to ? {} : { root: edge.root }
    builder.edge({ from, to, code, basis, detail, result, ...own, ...root })
  }
  for (const { id, statement, node, required, needs } of report.claims) {
    builder.claim({ id, statement, node, required, needs })
  }
  return builder.build()
}

function basisIsWord(code: Parameters<typeof basesOf>[0]): boolean {
  return !basesOf(code).includes('computed')
}

/** A create, and the long form of the DID that it makes. */
function created(controller: Controller): { create: OperationRequest; long: string } {
  const create = controller.create()
  if (create.type !== 'create') throw new TypeError('not a create')
  return { create, long: longFormDid(create, METHOD) }
}

function rfc3339(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('.000Z', 'Z')
}
