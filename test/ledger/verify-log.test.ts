import { describe, expect, it } from 'vitest'
import { encodeLeaf } from '../../src/ledger/log/leaf.ts'
import { entryKey, HEAD_KEY, tileKey } from '../../src/ledger/log/records.ts'
import { verifyLog } from '../../src/ledger/log/verify-log.ts'
import { openCheckpoint } from '../../src/merkle/checkpoint.ts'
import { formatSigningKey, parseSigningKey } from '../../src/merkle/signing-key.ts'
import { StoreError } from '../../src/store/errors.ts'
import { KEY, LogWorld, ORIGIN } from './log-world.ts'

const at = (key: Uint8Array) => Buffer.from(key).toString('latin1')

async function grown(count: number): Promise<LogWorld> {
  const world = new LogWorld()
  const log = await world.open()
  for (let i = 0; i < count; i += 100) {
    world.time += 1000
    const part = Array.from({ length: Math.min(100, count - i) }, (_, j) => log.anchor(`1.${i + j}`, 'w'))
    await Promise.all(part)
  }
  return world
}

const verify = (world: LogWorld) => verifyLog(world.process().store, ORIGIN, KEY.verifier, world.file)

describe('a log verified whole', () => {
  it('finds nothing wrong with logs of all sizes, and the root that was published', async () => {
    for (const count of [0, 1, 255, 256, 257, 700]) {
      const world = await grown(count)
      const { size, root, problems } = await verify(world)
      expect(problems).toEqual([])
      expect(size).toBe(count)
      const published = openCheckpoint(world.file ?? '', ORIGIN, KEY.verifier)
      expect(root).toBe(Buffer.from(published.root).toString('hex'))
    }
  })

  const spoil: [string, (world: LogWorld) => void, RegExp][] = [
    ['a missing entry', w => w.disk.delete(at(entryKey(5))), /entry 5 is missing/],
    ['a missing last entry', w => w.disk.delete(at(entryKey(299))), /counts 300 entries, and there are 299/],
    [
      'an entry too many',
      w =>
        w.disk.set(
          at(entryKey(300)),
          encodeLeaf({ type: 'anchor', time: 2e9, anchorString: '1.x', writer: 'w' }),
        ),
      /counts 300 entries, and there are 301/,
    ],
    [
      'an entry that is no leaf',
      w => w.disk.set(at(entryKey(7)), Buffer.from('junk')),
      /entry 7 is not a leaf/,
    ],
    [
      'an entry with another content',
      w =>
        w.disk.set(
          at(entryKey(7)),
          encodeLeaf({ type: 'anchor', time: 1_800_000_001, anchorString: '1.x', writer: 'w' }),
        ),
      /tile 0 of level 0/,
    ],
    [
      'an entry that is earlier than the one before',
      w =>
        w.disk.set(
          at(entryKey(7)),
          encodeLeaf({ type: 'anchor', time: 1, anchorString: '1.7', writer: 'w' }),
        ),
      /time of entry 7/,
    ],
    ['a missing tile', w => w.disk.delete(at(tileKey(0, 0))), /tile 0 of level 0/],
    ['a changed tile', w => w.disk.set(at(tileKey(1, 0)), Buffer.alloc(32)), /tile 0 of level 1/],
    ['no head', w => w.disk.delete(at(HEAD_KEY)), /no head/],
    ['a head that cannot be read', w => w.disk.set(at(HEAD_KEY), Buffer.from('x')), /reading stopped/],
  ]
  it.each(spoil)('finds %s', async (_, change, problem) => {
    const world = await grown(300)
    change(world)
    expect((await verify(world)).problems.join('\n')).toMatch(problem)
  })

  it('finds a head that does not follow from the entries', async () => {
    for (const [change, problem] of [
      [{ root: 'ab' }, /root of the head/],
      [{ time: 5 }, /time of the head/],
      [{ origin: 'other.example' }, /another log/],
      [{ vkey: 'x' }, /another key/],
    ] as const) {
      const world = await grown(3)
      const head = JSON.parse(String(world.disk.get(at(HEAD_KEY))))
      world.disk.set(at(HEAD_KEY), Buffer.from(JSON.stringify({ ...head, ...change })))
      expect((await verify(world)).problems.join('\n')).toMatch(problem)
    }
  })

  it('finds a published checkpoint that is ahead, of another history, or of another key', async () => {
    const [short, long] = [await grown(3), await grown(300)]
    short.file = long.file
    expect((await verify(short)).problems).toEqual([expect.stringMatching(/size 300 was published/)])
    const other = await grown(3)
    const log = await (async () => {
      const world = new LogWorld()
      const opened = await world.open()
      await opened.anchor('1.another', 'w')
      return opened
    })()
    other.file = log.checkpoint()
    expect((await verify(other)).problems).toEqual([expect.stringMatching(/another history/)])
    const stranger = parseSigningKey(formatSigningKey(ORIGIN, Buffer.alloc(32, 9))).verifier
    const { problems } = await verifyLog(long.process().store, ORIGIN, stranger, long.file)
    expect(problems.join('\n')).toMatch(/published checkpoint: no known key/)
    expect(problems.join('\n')).toMatch(/another key/)
  })

  it('says where the database itself stops', async () => {
    const world = await grown(10)
    const { store } = world.process()
    const broken = {
      ...store,
      entries: async function* (): AsyncGenerator<[Uint8Array, Uint8Array]> {
        yield [entryKey(0), world.entries()[0] as Uint8Array]
        throw new StoreError('STORE_CORRUPT', 'world', 'a value does not match its checksum')
      },
    }
    const { size, problems } = await verifyLog(broken, ORIGIN, KEY.verifier)
    expect(size).toBe(1)
    expect(problems).toEqual(['reading stopped: a value does not match its checksum'])
  })
})
