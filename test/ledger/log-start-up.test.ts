import { describe, expect, it } from 'vitest'
import { entryKey, HEAD_KEY, tileKey } from '../../src/ledger/log/records.ts'
import { TransparencyLog } from '../../src/ledger/log/transparency-log.ts'
import { formatCheckpoint } from '../../src/merkle/checkpoint.ts'
import { signNote } from '../../src/merkle/note.ts'
import { formatSigningKey, parseSigningKey } from '../../src/merkle/signing-key.ts'
import { KEY, LogWorld, ORIGIN } from './log-world.ts'

const at = (key: Uint8Array) => Buffer.from(key).toString('latin1')

async function grown(count: number): Promise<LogWorld> {
  const world = new LogWorld()
  const log = await world.open()
  await Promise.all(Array.from({ length: count }, (_, i) => log.anchor(`1.${i}`, 'w')))
  await log.close()
  return world
}

async function refused(world: LogWorld, code: string, options = {}): Promise<void> {
  const signed = world.signed.length
  await expect(world.open(options)).rejects.toMatchObject({ code })
  expect(world.signed.length).toBe(signed)
}

describe('the start-up guard', () => {
  it('opens what it closed, and counts the opening', async () => {
    const world = await grown(300)
    const log = await world.open()
    expect(await log.transactions(undefined, 1000)).toHaveLength(300)
    expect(JSON.parse(String(world.disk.get(at(HEAD_KEY))))).toMatchObject({ epoch: 2, size: 300 })
  })

  it('a database that was put back to an earlier state does not sign', async () => {
    const world = await grown(3)
    const backup = world.backup()
    const log = await world.open()
    await log.anchor('1.later', 'w')
    world.disk = backup
    await refused(world, 'LEDGER_ROLLED_BACK')
  })

  it('nor does an empty one beside the record of a longer log', async () => {
    const world = await grown(3)
    world.disk = new Map()
    await refused(world, 'LEDGER_ROLLED_BACK')
  })

  it('nor one that was put back and has grown another way, to the same size or beyond', async () => {
    for (const extra of [1, 2]) {
      const world = await grown(3)
      const backup = world.backup()
      const before = world.file
      await (await world.open()).anchor('1.later', 'w')
      const after = world.file
      Object.assign(world, { disk: backup, file: before })
      const fork = await world.open()
      for (let i = 0; i < extra; i++) await fork.anchor(`1.fork${i}`, 'w')
      world.file = after
      await refused(world, 'LEDGER_ROLLED_BACK')
    }
  })

  it('nor one with entries whose record of publication is gone, unless the operator vouches for it', async () => {
    const world = await grown(3)
    world.file = undefined
    await refused(world, 'LEDGER_ROLLED_BACK')
    const log = await world.open({ acceptUnknownHistory: true })
    expect(await log.transactions(undefined, 10)).toHaveLength(3)
    expect(world.file).toBe(log.checkpoint())
  })

  it('a record that is behind the database is brought up to it', async () => {
    const world = await grown(3)
    const before = world.file
    await (await world.open()).anchor('1.later', 'w')
    const after = world.file
    world.file = before
    await world.open()
    expect(world.file).toBe(after)
  })

  it('another key or another origin is refused, by the database and by the record', async () => {
    const other = parseSigningKey(formatSigningKey(ORIGIN, Buffer.alloc(32, 9)))
    await refused(await grown(3), 'LEDGER_KEY_MISMATCH', { signer: other })
    await refused(await grown(3), 'LEDGER_KEY_MISMATCH', { origin: 'other.example' })
    const world = await grown(3)
    world.file = await signNote(formatCheckpoint(ORIGIN, 1, Buffer.alloc(32)), [other])
    await refused(world, 'LEDGER_KEY_MISMATCH')
    world.file = await signNote(formatCheckpoint('other.example', 1, Buffer.alloc(32)), [KEY])
    await refused(world, 'LEDGER_KEY_MISMATCH')
  })

  it('a record that cannot be read is refused', async () => {
    const world = await grown(3)
    for (const file of ['', 'x', world.file?.slice(0, -1)]) {
      Object.assign(world, { file })
      await refused(world, 'LEDGER_CORRUPT')
    }
  })

  it.each([
    ['an entry of the right edge', entryKey(299)],
    ['an entry in the middle of it', entryKey(257)],
    ['the partial tile above', tileKey(1, 0)],
    ['a full tile that the record needs', tileKey(0, 0)],
  ])('without %s it does not open', async (_, key) => {
    const world = new LogWorld()
    const log = await world.open()
    await Promise.all(Array.from({ length: 300 }, (_, i) => log.anchor(`1.${i}`, 'w')))
    const before = world.file
    await log.anchor('1.last', 'w')
    await log.close()
    // The record is of the tree before the last leaf, so that its root has to be computed from the tiles.
    world.file = before
    if (key.equals(tileKey(0, 0)))
      world.file = await signNote(formatCheckpoint(ORIGIN, 100, Buffer.alloc(32)), [KEY])
    world.disk.delete(at(key))
    await refused(world, 'LEDGER_CORRUPT')
  })

  it('an entry that was changed does not open', async () => {
    const world = await grown(3)
    const [key] = [at(entryKey(1))]
    const text = String(world.disk.get(key)).replace('1.1', '1.9')
    world.disk.set(key, Buffer.from(text))
    await refused(world, 'LEDGER_CORRUPT')
  })

  it.each(['', '{', '[]', '{}', '{"epoch":1,"size":-1}', 'null'])(
    'a head that is %j does not open',
    async head => {
      const world = await grown(3)
      world.disk.set(at(HEAD_KEY), Buffer.from(head))
      await refused(world, 'LEDGER_CORRUPT')
    },
  )

  it('a head with another size, root or time does not open', async () => {
    for (const change of [
      { size: 2 },
      { size: 4 },
      { size: 0 },
      { root: 'ab' },
      { time: 1 },
      { time: undefined },
    ]) {
      const world = await grown(3)
      const head = JSON.parse(String(world.disk.get(at(HEAD_KEY))))
      world.disk.set(at(HEAD_KEY), Buffer.from(JSON.stringify({ ...head, ...change })))
      await refused(world, 'LEDGER_CORRUPT')
    }
  })

  it('two logs do not share a database, one after the other may', async () => {
    const world = new LogWorld()
    const { store, published } = world.process()
    const parts = { store, published, signer: KEY, origin: ORIGIN, clock: { now: () => world.time } }
    const first = await TransparencyLog.open(parts)
    await expect(TransparencyLog.open(parts)).rejects.toMatchObject({ code: 'LEDGER_IN_USE' })
    await first.close()
    await (await TransparencyLog.open(parts)).close()
  })

  it('a log whose database another has taken over signs no more', async () => {
    const world = new LogWorld()
    const first = await world.open()
    await first.anchor('1.a', 'w')
    const second = await world.open()
    await second.anchor('1.b', 'w')
    const signed = world.signed.length
    for (let i = 0; i < 2; i++) {
      await expect(first.anchor('1.c', 'w')).rejects.toMatchObject({ code: 'LEDGER_HEAD_MOVED' })
    }
    expect(world.signed.length).toBe(signed)
    expect((await second.anchor('1.d', 'w')).number).toBe(2)
  })

  it('wants an origin that a checkpoint can have', async () => {
    for (const origin of ['', 'a b', 'a\nb'])
      await expect(new LogWorld().open({ origin })).rejects.toThrow(TypeError)
  })
})
