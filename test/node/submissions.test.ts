import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { packCar } from '../../src/content/car.ts'
import type { Entry } from '../../src/ledger/admission.ts'
import { LedgerError } from '../../src/ledger/errors.ts'
import { parseLeaf } from '../../src/ledger/log/leaf.ts'
import { TransparencyLog } from '../../src/ledger/log/transparency-log.ts'
import { verifyReceipt } from '../../src/ledger/submission/receipt.ts'
import { parseVkey } from '../../src/merkle/vkey.ts'
import { type SubmissionEvent, Submissions, type SubmissionsParts } from '../../src/node/submissions.ts'
import { ROOTLINE } from '../../src/sidetree/parameters.ts'
import { KEY, LogWorld, ORIGIN } from '../ledger/log-world.ts'
import { tempFolder } from '../temp.ts'
import { addService, bodyOf, Controller, LOG_VKEY, startTestNode, type TestNode } from './parts.ts'
import { handIn, rootOf } from './submission-car.ts'
import { until } from './world.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

interface Taking extends TestNode {
  submissions: Submissions
  events: SubmissionEvent[]
}

async function taking(folder = tempFolder(), change: Partial<SubmissionsParts> = {}): Promise<Taking> {
  const world = await startTestNode(folder, parts => ({
    ...parts,
    settings: { batchIntervalMs: 3_600_000, pollMs: 3_600_000, workers: 0 },
  }))
  const events: SubmissionEvent[] = []
  const submissions = new Submissions({
    ...world.own,
    deadlineSeconds: 3600,
    now: Date.now,
    onEvent: event => events.push(event),
    ...change,
  })
  await submissions.start()
  const close = async () => {
    submissions.stop()
    await world.close()
  }
  closers.push(close)
  return { ...world, close, submissions, events }
}

/** A DID that the node has anchored. */
async function anchored({ node }: TestNode): Promise<Controller> {
  const controller = new Controller()
  await node.submit(bodyOf(controller.create()))
  await node.settled()
  return controller
}

const leavesOf = (world: TestNode) => world.ledger.transactions(undefined, 100)
const open = (receipt: string) => verifyReceipt(receipt, 'log.example/test', parseVkey(LOG_VKEY))

describe('a submission', () => {
  it('is answered with a receipt, stored, anchored in the name of its writer, and observed', async () => {
    const world = await taking()
    const controller = await anchored(world)
    const update = await controller.update([addService('a')])
    const { anchorString, car, files } = await handIn([update, new Controller().create()])
    const before = Math.floor(Date.now() / 1000)
    const { receipt, leaf } = await world.submissions.submit({ anchorString, writer: 'alice' }, car)
    const promised = open(receipt)
    expect(promised).toMatchObject({ origin: 'log.example/test', anchorString, writer: 'alice' })
    expect(promised.time).toBeGreaterThanOrEqual(before)
    expect(promised.deadline - promised.time).toBe(3600)
    expect(leaf).toBeUndefined()
    await until(() => world.events.some(({ type }) => type === 'kept'))
    const [, transaction] = await leavesOf(world)
    expect(transaction).toMatchObject({ number: 1, anchorString, writer: 'alice' })
    expect(transaction?.time).toBeLessThanOrEqual(promised.deadline)
    await world.node.settled()
    expect(await world.node.history(controller.did)).toHaveLength(2)
    for (const cid of Object.values(files)) expect(await world.content.has(cid)).toBe(true)
  })

  it('that is handed in again, also at the same time, has the same receipt and one leaf', async () => {
    const world = await taking()
    const { anchorString, car } = await handIn([new Controller().create()])
    const submit = () => world.submissions.submit({ anchorString, writer: 'alice' }, car)
    const [one, two] = await Promise.all([submit(), submit()])
    await until(() => world.events.some(({ type }) => type === 'kept'))
    const three = await submit()
    expect(new Set([one, two, three].map(({ receipt }) => receipt)).size).toBe(1)
    expect(three.leaf).toBe(0)
    expect(await leavesOf(world)).toHaveLength(1)
  })

  it('of another writer who hands in the same batch is refused, since nothing in it applies any more', async () => {
    const world = await taking()
    const { anchorString, car } = await handIn([new Controller().create()])
    const submit = (writer: string) => world.submissions.submit({ anchorString, writer }, car)
    const outcomes = await Promise.allSettled([submit('alice'), submit('bob')])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(outcomes[1]).toMatchObject({ reason: { refusals: [{ code: 'CREATE_SUPERSEDED' }] } })
  })

  it('may leave out a file that the log holds', async () => {
    const world = await taking()
    const request = new Controller().create()
    const { car: whole, anchorString } = await handIn([request])
    const { car, files } = await handIn([request], { without: ['chunk'] })
    const entry = { anchorString, writer: 'alice' }
    await expect(world.submissions.submit(entry, car)).rejects.toMatchObject({ code: 'LEDGER_FILES_MISSING' })
    expect(await world.content.has(files.chunk ?? '')).toBe(false)
    await world.content.put(await fileOf(whole, anchorString, files.chunk))
    await expect(world.submissions.submit(entry, car)).resolves.toMatchObject({ leaf: undefined })
  })
})

/** A file of a CAR, by way of a store that has taken it. */
async function fileOf(car: Buffer, anchorString: string, cid = ''): Promise<Uint8Array> {
  const world = await taking()
  await world.submissions.submit({ anchorString, writer: 'carol' }, car)
  return world.content.get(cid, { maxBytes: 1 << 24 })
}

describe('a submission that is refused', () => {
  const bomb = gzipSync(Buffer.alloc(200 << 20))

  it.each([
    ['without its chunk file', { without: ['chunk'] as const }, 'LEDGER_FILES_MISSING'],
    ['without its core index file', { without: ['coreIndex'] as const }, 'LEDGER_FILES_MISSING'],
    ['with a zip bomb', { tamper: { chunk: () => bomb } }, 'LEDGER_ENTRY_REFUSED'],
    [
      'with a file that is too large',
      { tamper: { chunk: () => Buffer.alloc(10_000_001) } },
      'LEDGER_ENTRY_REFUSED',
    ],
    [
      'with a file that is no gzip',
      { tamper: { coreIndex: () => Buffer.from('{}') } },
      'LEDGER_ENTRY_REFUSED',
    ],
  ])('%s leaves nothing behind', async (_, how, code) => {
    const world = await taking()
    const { anchorString, car, files } = await handIn([new Controller().create()], how)
    const submitting = world.submissions.submit({ anchorString, writer: 'alice' }, car)
    await expect(submitting).rejects.toMatchObject({ code })
    for (const cid of Object.values(files)) expect(await world.content.has(cid)).toBe(false)
    expect(await leavesOf(world)).toEqual([])
    expect(world.events).toEqual([])
  })

  it('for its operations says which and why', async () => {
    const world = await taking()
    const controller = await anchored(world)
    const spent = await controller.update([addService('a')])
    await world.node.submit(bodyOf(spent))
    await world.node.settled()
    const old = await controller.fork(spent, [addService('b')])
    const { anchorString, car } = await handIn([new Controller().create(), old])
    await expect(world.submissions.submit({ anchorString, writer: 'alice' }, car)).rejects.toMatchObject({
      code: 'LEDGER_ENTRY_REFUSED',
      refusals: [{ index: 1, didSuffix: controller.suffix, code: 'COMMITMENT_UNKNOWN' }],
    })
    expect(await leavesOf(world)).toHaveLength(2)
  })

  it('because a block does not hash to its CID, or it is no CAR', async () => {
    const world = await taking()
    const { anchorString, car } = await handIn([new Controller().create()])
    const damaged = Buffer.from(car)
    damaged[car.length - 1] = (damaged[car.length - 1] ?? 0) ^ 1
    for (const body of [damaged, car.subarray(0, -1), Buffer.from('{}'), Buffer.alloc(0)]) {
      const submitting = world.submissions.submit({ anchorString, writer: 'alice' }, body)
      await expect(submitting).rejects.toMatchObject({ code: 'SUBMISSION_INVALID' })
    }
  })

  it.each(['', '1', '0.Qm', 'x'.repeat(1024), '1.QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG\n'])(
    'because its anchor string is %j',
    async anchorString => {
      const world = await taking()
      const submitting = async () =>
        world.submissions.submit({ anchorString, writer: 'alice' }, Buffer.alloc(0))
      await expect(submitting()).rejects.toMatchObject({ code: expect.stringMatching(/^ANCHOR_STRING_/) })
    },
  )
})

describe('a promise', () => {
  it('is kept by the next process where this one was killed before the leaf', async () => {
    const folder = tempFolder()
    const { anchorString, car } = await handIn([new Controller().create()])
    const entry = { anchorString, writer: 'alice' }
    const first = await taking(folder)
    const { log } = first.own
    const hanging = new Submissions({
      ...first.own,
      // The process ends between the receipt and the leaf.
      log: {
        transactions: (...asked) => log.transactions(...asked),
        head: () => log.head(),
        anchor: (anchor, writer, options) =>
          log.anchor(anchor, writer, {
            admitted: async () => {
              await options.admitted?.()
              throw new LedgerError('LEDGER_CLOSED', 'killed')
            },
          }),
      },
      deadlineSeconds: 3600,
      now: Date.now,
    })
    const { receipt } = await hanging.submit(entry, car)
    hanging.stop()
    expect(await leavesOf(first)).toEqual([])
    await closers.pop()?.()

    const second = await taking(folder)
    expect(await leavesOf(second)).toMatchObject([entry])
    expect(await second.submissions.submit(entry, Buffer.alloc(0))).toEqual({ receipt, leaf: 0 })
    expect(second.events).toMatchObject([{ type: 'kept', leaf: 0 }])
    await second.node.settled()
    expect(await second.node.transactions(undefined, 10)).toMatchObject([{ outcome: 'applied' }])
  })

  it('is kept later where the log could not do it at once', async () => {
    let failures = 1
    const world = await taking()
    const { log } = world.own
    const events: SubmissionEvent[] = []
    const submissions = new Submissions({
      ...world.own,
      log: {
        transactions: (...asked) => log.transactions(...asked),
        head: () => log.head(),
        anchor: (anchor, writer, { admitted, ...options }) =>
          log.anchor(anchor, writer, {
            ...options,
            admitted: async () => {
              await admitted?.()
              if (failures-- > 0) throw new LedgerError('LEDGER_CLOCK_BEHIND', 'not now')
            },
          }),
      },
      deadlineSeconds: 3600,
      now: Date.now,
      onEvent: event => events.push(event),
    })
    const { anchorString, car } = await handIn([new Controller().create()])
    await submissions.submit({ anchorString, writer: 'alice' }, car)
    await until(() => events.some(({ type }) => type === 'kept'))
    expect(events.map(({ type }) => type)).toEqual(['promised', 'owed', 'kept'])
    expect(await leavesOf(world)).toHaveLength(1)
  })

  it('is given with a leaf that comes once, whatever step fails and wherever the process is killed', async () => {
    const entry: Entry = { anchorString: '1.QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG', writer: 'alice' }
    const car = packCar(rootOf(entry.anchorString), [])
    for (let step = 1; step <= 6; step++) {
      for (const applied of [false, true]) {
        const world = new LogWorld()
        const first = await process(world)
        world.fault = { step, applied, kills: true }
        const given = await first.submit(entry, car).catch(() => undefined)
        await until(() => world.fault === undefined || leaves(world, entry) > 0)
        first.stop()
        world.fault = undefined

        const second = await process(world)
        if (given !== undefined) expect(leaves(world, entry)).toBe(1)
        const again = await second.submit(entry, car)
        if (given !== undefined) expect(again.receipt).toBe(given.receipt)
        await until(() => leaves(world, entry) > 0)
        second.stop()
        const third = await process(world)
        third.stop()
        expect(leaves(world, entry)).toBe(1)
      }
    }
  })
})

/** Submissions to a log that admits everything, as a new process has them. */
async function process(world: LogWorld): Promise<Submissions> {
  const { store, published } = world.process()
  const clock = { now: () => world.time, elapsed: () => world.elapsed }
  const log = await TransparencyLog.open({ store, published, signer: KEY, origin: ORIGIN, clock })
  const submissions = new Submissions({
    log,
    store,
    signer: KEY,
    origin: ORIGIN,
    admission: { withFiles: (_entry, _files, work) => work() },
    content: { put: async () => '' },
    versions: [ROOTLINE],
    deadlineSeconds: 3600,
    now: () => world.time,
  })
  await submissions.start()
  return submissions
}

function leaves(world: LogWorld, entry: Entry): number {
  return world.entries().filter(bytes => {
    const leaf = parseLeaf(bytes)
    return leaf.type === 'anchor' && leaf.anchorString === entry.anchorString && leaf.writer === entry.writer
  }).length
}
