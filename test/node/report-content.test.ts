import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ContentError } from '../../src/content/errors.ts'
import { evaluate } from '../../src/trust/evaluate.ts'
import { exitStatus } from '../../src/trust/exit-status.ts'
import { DEFAULT_POLICY } from '../../src/trust/policy.ts'
import { addService, Controller } from './parts.ts'
import { type Anchored, checksOf, openChecks, ReportWorld, verdictsOf } from './report-world.ts'

const ROLES = ['coreIndex', 'provisionalIndex', 'provisionalProof', 'chunk'] as const

describe.each([
  ['that hands out single blocks', true],
  ['that hands out files alone', false],
])('a content store %s', (_, blocks) => {
  const controller = new Controller('P-256')
  const other = new Controller('P-256')
  let world: ReportWorld
  let honest: Anchored
  let foreign: Anchored

  beforeAll(async () => {
    world = new ReportWorld()
    world.blocks = blocks
    await world.start()
    await world.anchor([controller.create(), other.create()])
    honest = await world.anchor([await controller.update([addService('a')])])
    foreign = await world.anchor([await other.update([addService('b')])])
    world.wait(60)
  })
  beforeEach(() => {
    world.lies = {}
  })

  it('that is honest: the bytes of each file were hashed here', async () => {
    const report = await world.explain(controller.did)
    expect(openChecks(report)).toEqual([])
    const files = checksOf(report, 'FILE_CID')
    expect(files).toHaveLength(7)
    for (const { detail } of files) expect(detail).toMatch(/^The bytes were hashed here and give Qm\w{44}\.$/)
  })

  it.each(ROLES)('that gives another valid file for the %s file', async role => {
    world.lies.content = (cid, get) =>
      cid === honest.uris[role] ? world.content.get(String(foreign.uris[role]), { maxBytes: 1e6 }) : get()
    const report = await world.explain(controller.did)
    expect(openChecks(report)).toContain('FILE_CID undecided')
    expect(openChecks(report).filter(check => check.endsWith('fail'))).toEqual([])
    expect(verdictsOf(report)).toEqual([
      'undecided',
      { document: 'undecided', active: 'undecided', newest: 'verified' },
    ])
    expect(exitStatus(report)).toBe(3)
  })

  it.each(ROLES)('that has lost the %s file', async role => {
    world.lies.content = async (cid, get) => {
      if (cid === honest.uris[role]) throw new ContentError('CONTENT_NOT_FOUND', 'it is gone')
      return get()
    }
    const report = await world.explain(controller.did)
    expect(openChecks(report)).toContain('FILE_CID undecided')
    expect(openChecks(report)).toContain('FILE_LISTS_OPERATION undecided')
    expect(report.verdict).toBe('undecided')
  })

  it.each(['CONTENT_TOO_LARGE', 'CONTENT_NOT_A_FILE', 'CONTENT_CID_INVALID'] as const)(
    'that says %s of a file which is sound: its word makes nothing invalid',
    async code => {
      world.lies.content = async (cid, get) => {
        if (cid === honest.uris['chunk']) throw new ContentError(code, 'so it says')
        return get()
      }
      const report = await world.explain(controller.did)
      expect(openChecks(report)).toContain('FILE_CID undecided')
      expect(openChecks(report).filter(check => check.endsWith('fail'))).toEqual([])
      expect(report.verdict).toBe('undecided')
    },
  )
})

describe('transactions whose files cannot be had', () => {
  const controller = new Controller('P-256')
  const stranger = new Controller('P-256')
  let world: ReportWorld
  let gone: (uri: string) => boolean = () => false

  beforeAll(async () => {
    world = await new ReportWorld().start()
    world.lies.content = async (cid, get) => {
      if (gone(cid)) throw new ContentError('CONTENT_NOT_FOUND', 'it is not to be had')
      return get()
    }
    await world.anchor([controller.create(), stranger.create()])
    world.wait(60)
  })

  /** Anchors a batch of which one file is not to be had, and lets the caller look. */
  const without = async (role: string, requests: Parameters<ReportWorld['anchor']>[0]) => {
    gone = () => false
    const probe = await new ReportWorld().start()
    const { uris } = await probe.anchor(requests)
    gone = cid => cid === uris[role]
    const { number } = await world.anchor(requests)
    return { number, report: await world.explain(controller.did) }
  }
  /** Lets the files be had again, so that the next case starts afresh. */
  const heal = async () => {
    gone = () => false
    world.wait(3600)
    await world.node.settled()
    while ((await world.node.status()).unresolvable.count > 0) await world.node.settled()
  }

  it.each([
    ['chunk', 'DELTA_UNAVAILABLE'],
    ['provisionalProof', 'PROOF_UNAVAILABLE'],
  ] as const)('the %s file of a batch that names the DID: it may have changed', async (role, code) => {
    const { report, number } = await without(role, [await controller.update([addService('a')])])
    expect(openChecks(report)).toEqual([`${code} undecided`])
    expect(checksOf(report, code)[0]).toMatchObject({ to: `anchor-${number}` })
    expect(verdictsOf(report)).toEqual([
      'undecided',
      { document: 'verified', active: 'verified', newest: 'undecided' },
    ])
    const past = await world.explain(controller.did, { versionTime: at(world.log.time - 30_000) })
    expect(past.verdict).toBe('verified')
    await heal()
    expect((await world.explain(controller.did)).verdict).toBe('verified')
  })

  it.each(['coreIndex', 'provisionalIndex'])(
    'the %s file of any batch: that it does not name the DID is an assumption',
    async role => {
      const { report } = await without(role, [await stranger.update([addService('b')])])
      expect(openChecks(report)).toEqual([])
      expect(report.verdict).toBe('verified')
      expect(report.summary).toContain('the writers of one anchor with unavailable files')
      expect(checksOf(report, 'UNAVAILABLE_ANCHORS')).toMatchObject([
        { basis: 'assumed', root: 'unavailable-anchors' },
      ])
      const { verdict } = evaluate(report, { ...DEFAULT_POLICY, refuse: [{ id: 'unavailable-anchors' }] })
      expect(verdict).toBe('undecided')
      await heal()
      expect(checksOf(await world.explain(controller.did), 'UNAVAILABLE_ANCHORS')).toEqual([])
    },
  )

  it('a batch that names another DID says nothing of this one', async () => {
    const { report } = await without('chunk', [await stranger.update([addService('c')])])
    expect(openChecks(report)).toEqual([])
    expect(checksOf(report, 'UNAVAILABLE_ANCHORS')).toEqual([])
    await heal()
  })
})

function at(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
