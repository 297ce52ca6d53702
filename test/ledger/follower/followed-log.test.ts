import { describe, expect, it } from 'vitest'
import { encodeLeaf } from '../../../src/ledger/log/leaf.ts'
import { readHead } from '../../../src/ledger/log/records.ts'
import { verifyLog } from '../../../src/ledger/log/verify-log.ts'
import { openCheckpoint } from '../../../src/merkle/checkpoint.ts'
import { memoryStore } from '../../node/memory-store.ts'
import { FollowerWorld, lookCode } from './follower-world.ts'
import { anchors, History, KEY, ORIGIN, ScriptedLog, START } from './scripted-log.ts'

async function following(history: History) {
  const log = await ScriptedLog.serve(history)
  const world = new FollowerWorld(log)
  return { log, world, follower: await world.open() }
}

describe('a followed log', () => {
  it('shows nothing before its first look, and then everything up to the checkpoint', async () => {
    const { follower } = await following(new History(anchors(300)))
    expect(await follower.transactions(undefined, 10)).toEqual([])
    expect(await follower.head()).toMatchObject({ number: undefined, confirmed: { at: undefined } })
    await follower.look()
    const all = await follower.transactions(undefined, 1000)
    expect(all.map(({ anchorString }) => anchorString)).toEqual(
      Array.from({ length: 300 }, (_, i) => `1.a${i}`),
    )
    expect(await follower.head()).toMatchObject({ number: 299, time: START + 299 })
    expect(await follower.transactions(297, 10)).toEqual(all.slice(298))
  })

  it.each([1, 2, 255, 256, 257, 4095, 4096, 4097, 5000])(
    'follows to a size of %d in one look',
    async size => {
      const history = new History(anchors(size))
      const { follower, world } = await following(history)
      await follower.look()
      expect(follower.status()).toMatchObject({ size, held: size, frozen: false })
      const verification = await verifyLog(
        memoryStore(world.disk),
        ORIGIN,
        KEY.verifier,
        follower.checkpoint(),
      )
      expect(verification).toEqual({ size, root: Buffer.from(history.root()).toString('hex'), problems: [] })
    },
  )

  it('gives proofs that verify, each against the newest checkpoint', async () => {
    const { follower, log } = await following(new History(anchors(600)))
    await follower.look()
    const all = await follower.transactions(undefined, 1000)
    for (const transaction of all.filter((_, i) => i % 37 === 0 || i > 590)) {
      const proof = await follower.proof(transaction)
      expect(proof.checkpoint).toBe(log.note)
      const checks = follower.verify(proof, transaction)
      expect(checks.map(({ code, result }) => `${code} ${result}`)).toEqual(
        expect.arrayContaining(['LOG_INCLUSION pass', 'CHECKPOINT_SIGNATURE pass', 'LOG_CONSISTENCY pass']),
      )
      expect(checks.filter(({ result }) => result !== 'pass')).toEqual([])
    }
  })

  it('serves the files of the log as the log does, for the tree that it shows', async () => {
    const history = new History(anchors(700))
    const { follower } = await following(history)
    await follower.look()
    for (const [level, index, width] of [
      [0, 0, 256],
      [0, 2, 188],
      [0, 2, 3],
      [1, 0, 2],
    ] as const) {
      const path = `tile/${level}/${String(index).padStart(3, '0')}${width === 256 ? '' : `.p/${width}`}`
      expect(Buffer.from(follower.tile(level, index, width) ?? [])).toEqual(history.file(path))
    }
    expect(follower.tile(0, 2, 189)).toBeUndefined()
    expect(follower.tile(2, 0, 1)).toBeUndefined()
    expect(Buffer.from((await follower.entries(2, 188)) ?? [])).toEqual(
      history.file('tile/entries/002.p/188'),
    )
    expect(await follower.entries(3, 1)).toBeUndefined()
  })

  it('takes what is new alone, and tells listeners of anchors', async () => {
    const { follower, log } = await following(new History(anchors(1000)))
    await follower.look()
    log.asked.length = 0
    const heard = new Promise<void>(resolve => follower.onTransaction(resolve))
    await log.show(new History(anchors(1010)))
    await follower.look()
    await heard
    expect(log.asked).toEqual(['checkpoint', 'tile/entries/003.p/242'])
    expect((await follower.transactions(999, 100)).length).toBe(10)
    log.asked.length = 0
    await follower.look()
    expect(log.asked).toEqual(['checkpoint'])
  })

  it('takes a full tile where a partial one is gone', async () => {
    const { follower, log } = await following(new History(anchors(600)))
    const at300 = await log.history.checkpoint(300)
    log.lie = path => (path === 'checkpoint' ? Buffer.from(at300) : path.includes('.p/') ? 404 : undefined)
    await follower.look()
    expect(follower.status().size).toBe(300)
  })

  it('anchors nothing, and says so', async () => {
    const { follower } = await following(new History(anchors(3)))
    await expect(follower.anchor('1.a')).rejects.toMatchObject({ code: 'LEDGER_READ_ONLY' })
    expect(follower.describe().readOnly).toBe(true)
  })

  it('names the key of the log and whoever it is read from as what it rests on', async () => {
    const { follower, log } = await following(new History(anchors(3)))
    const { roots, id } = follower.describe()
    expect(id).toBe(ORIGIN)
    expect(roots.map(({ id }) => id)).toEqual(['log-key', 'log-source'])
    expect(roots[1]?.name).toContain(log.url)
  })

  it('goes on after a restart where it was', async () => {
    const { follower, world, log } = await following(new History(anchors(700)))
    await follower.look()
    const before = await follower.transactions(undefined, 1000)
    await follower.close()
    const again = await world.open()
    expect(await again.transactions(undefined, 1000)).toEqual(before)
    expect(again.checkpoint()).toBe(log.note)
    expect((await again.head()).number).toBe(699)
    await log.show(new History(anchors(900)))
    await again.look()
    expect((await again.transactions(undefined, 1000)).slice(0, 700)).toEqual(before)
  })

  it('refuses a database of another log or key', async () => {
    const { follower, world } = await following(new History(anchors(7)))
    await follower.look()
    await expect(world.open({ origin: 'other.example' })).rejects.toMatchObject({
      code: 'LEDGER_KEY_MISMATCH',
    })
  })

  it('a follower that starts late and one that ran all the time hold the same, byte for byte', async () => {
    const log = await ScriptedLog.serve()
    const early = new FollowerWorld(log)
    const ran = await early.open()
    for (const size of [0, 1, 3, 255, 256, 300, 511, 512, 5000, 5001, 9000]) {
      await log.show(new History(anchors(size)))
      await ran.look()
      expect(ran.status().size).toBe(size)
    }
    const late = new FollowerWorld(log)
    const started = await late.open()
    await started.look()
    const tree = ['e', 'h', 'p', 't'].map(kind => ({
      gte: Buffer.from(kind),
      lt: Buffer.from(`${kind}\xff`, 'latin1'),
    }))
    for (const range of tree) expect(late.disk.dump(range)).toEqual(early.disk.dump(range))
    expect(await started.transactions(undefined, 10_000)).toEqual(await ran.transactions(undefined, 10_000))
  })
})

describe('the leaves of a followed log', () => {
  const leafAt = (time: number, name: string) =>
    encodeLeaf({ type: 'anchor', time, anchorString: `1.${name}`, writer: 'w' })

  it('are refused where their times decrease: nothing is applied, and health says why', async () => {
    const { follower } = await following(new History([...anchors(5), leafAt(START, 'early')]))
    expect(await lookCode(follower)).toBe('LEDGER_LEAF_TIME')
    expect(follower.status().size).toBe(0)
    expect(follower.problems()).toMatchObject([
      { code: 'LEDGER_LEAF_TIME', detail: expect.stringContaining('leaf 5') },
    ])
  })

  it('are refused where one is earlier than the last of the checkpoint before', async () => {
    const { follower, log } = await following(new History(anchors(5)))
    await follower.look()
    await log.show(new History([...anchors(5), leafAt(START + 3, 'early')]))
    expect(await lookCode(follower)).toBe('LEDGER_LEAF_TIME')
    expect(follower.status().size).toBe(5)
  })

  it('are refused more than five minutes ahead of the clock here, and taken once it is that late', async () => {
    const { follower, world } = await following(new History([leafAt(START, 'a'), leafAt(START + 900, 'b')]))
    world.time = (START + 900 - 301) * 1000
    expect(await lookCode(follower)).toBe('LEDGER_LEAF_TIME')
    expect(follower.problems()[0]?.detail).toContain('301 s in the future')
    world.time += 1000
    expect(await lookCode(follower)).toBeUndefined()
    expect(follower.problems()).toEqual([])
    expect(follower.status().size).toBe(2)
  })

  it('are refused where they are none of this software', async () => {
    const { follower } = await following(new History([...anchors(5), Buffer.from('{"type":"other"}')]))
    expect(await lookCode(follower)).toBe('LEDGER_LEAF_INVALID')
    expect(follower.problems()).toMatchObject([{ code: 'LEDGER_LEAF_INVALID' }])
    expect(follower.status()).toMatchObject({ size: 0, held: 0 })
  })
})

describe('a checkpoint that nobody confirms', () => {
  it('is a problem after a while, also where the log shows an older one, and none once it is confirmed', async () => {
    const { follower, log, world } = await following(new History(anchors(20)))
    await follower.look()
    const confirmed = { at: Math.floor(world.time / 1000), by: 'source' }
    expect((await follower.head()).confirmed).toEqual(confirmed)
    await log.show(log.history, 10)
    world.time += 599_000
    expect(await lookCode(follower)).toBe('LEDGER_CHECKPOINT_OLD')
    expect(follower.problems()).toEqual([])
    world.time += 2_000
    expect(follower.problems()).toMatchObject([
      { code: 'LEDGER_STALE', detail: expect.stringContaining('LEDGER_CHECKPOINT_OLD') },
    ])
    expect((await follower.head()).confirmed).toEqual(confirmed)
    expect(follower.status()).toMatchObject({ size: 20, frozen: false })
    await log.show(log.history)
    await follower.look()
    expect(follower.problems()).toEqual([])
  })

  it('is a problem of a log that does not answer', async () => {
    const { follower, log, world } = await following(new History(anchors(20)))
    await follower.look()
    log.lie = () => 503
    expect(await lookCode(follower)).toBe('LEDGER_UNREACHABLE')
    world.time += 601_000
    expect(follower.problems()).toMatchObject([{ code: 'LEDGER_STALE' }])
    expect(follower.problems()[0]?.detail).not.toContain('localhost')
  })
})

it('kept checkpoints: the newest of each 256 leaves', async () => {
  const { follower, log, world } = await following(new History(anchors(10)))
  for (const size of [10, 20, 300, 400, 600]) {
    await log.show(new History(anchors(size)))
    await follower.look()
  }
  const kept = world.disk.entries({ gte: Buffer.from('c'), lt: Buffer.from('d') }).map(([, note]) => note)
  expect(kept.map(note => openCheckpoint(note, ORIGIN, KEY.verifier).size)).toEqual([20, 400, 600])
  expect(readHead(memoryStore(world.disk))?.size).toBe(600)
  const covering = async (index: number) => Number((await follower.keptCheckpoint(index))?.split('\n')[1])
  expect(await Promise.all([0, 19, 20, 399, 400, 599, 600].map(covering))).toEqual([
    20,
    20,
    400,
    400,
    600,
    600,
    Number.NaN,
  ])
})
