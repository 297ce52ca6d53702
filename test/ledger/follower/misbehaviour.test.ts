import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LedgerError } from '../../../src/ledger/errors.ts'
import { parseForkEvidence, verifyForkEvidence } from '../../../src/ledger/follower/fork-evidence.ts'
import { formatCheckpoint } from '../../../src/merkle/checkpoint.ts'
import { signNote } from '../../../src/merkle/note.ts'
import { formatSigningKey, parseSigningKey } from '../../../src/merkle/signing-key.ts'
import { FollowerWorld, lookCode } from './follower-world.ts'
import { anchors, History, KEY, type Lie, ORIGIN, ScriptedLog } from './scripted-log.ts'

const SIZE = 300
const GOOD = new History(anchors(SIZE))
const LONGER = new History(anchors(700))
/** Differs from the good one at leaf 200. */
const FORK = new History([...anchors(200), ...anchors(500, 'b', 200)])

/** A follower that has followed the good history to its end. */
async function followed(size = SIZE) {
  const log = await ScriptedLog.serve(GOOD)
  await log.show(GOOD, size)
  const world = new FollowerWorld(log)
  const follower = await world.open()
  await follower.look()
  return { log, world, follower }
}

function flipped(bytes: Buffer, at = 0): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

const STRANGER = parseSigningKey(formatSigningKey(ORIGIN, Buffer.alloc(32, 77)))

describe('what anyone on the way could have sent is refused, counted, and asked for again; it freezes nobody', () => {
  const onPath = (test: (path: string) => boolean, lie: (honest: Buffer) => ReturnType<Lie>): Lie => {
    return (path, honest) => (test(path) && honest !== undefined ? lie(honest) : undefined)
  }
  const isNote = (path: string) => path === 'checkpoint'
  const isEntries = (path: string) => path.startsWith('tile/entries/')
  const endless: ReturnType<Lie> = (_, response) => {
    response.writeHead(200)
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      if (!response.destroyed) response.once('drain', more)
    }
    more()
  }
  const lies: [string, Lie, string][] = [
    ['a flipped entry', onPath(isEntries, honest => flipped(honest, 40)), 'LEDGER_SOURCE_INVALID'],
    [
      'a bundle that is cut short',
      onPath(isEntries, honest => honest.subarray(0, -1)),
      'LEDGER_SOURCE_INVALID',
    ],
    [
      'a bundle with an entry more',
      onPath(isEntries, honest => Buffer.concat([honest, Buffer.from([0, 1, 65])])),
      'LEDGER_SOURCE_INVALID',
    ],
    ['an oversized bundle', onPath(isEntries, () => Buffer.alloc(4 << 20)), 'LEDGER_SOURCE_INVALID'],
    ['endless bytes for entries', onPath(isEntries, () => endless), 'LEDGER_SOURCE_INVALID'],
    ['nothing for entries', onPath(isEntries, () => Buffer.alloc(0)), 'LEDGER_SOURCE_INVALID'],
    ['no entries', onPath(isEntries, () => 404), 'LEDGER_UNREACHABLE'],
    [
      'a redirect',
      onPath(
        isEntries,
        () => (_, response) => void response.writeHead(302, { location: 'http://localhost:1/' }).end(),
      ),
      'LEDGER_UNREACHABLE',
    ],
    ['endless bytes for the checkpoint', onPath(isNote, () => endless), 'LEDGER_SOURCE_INVALID'],
    ['random bytes for the checkpoint', onPath(isNote, () => randomBytes(300)), 'LEDGER_CHECKPOINT_REFUSED'],
    ['nothing for the checkpoint', onPath(isNote, () => Buffer.alloc(0)), 'LEDGER_CHECKPOINT_REFUSED'],
    [
      'a checkpoint with a flipped signature',
      onPath(isNote, honest => flipped(honest, honest.length - 8)),
      'LEDGER_CHECKPOINT_REFUSED',
    ],
    [
      'a checkpoint with another size',
      onPath(isNote, honest => Buffer.from(honest.toString().replace('\n700\n', '\n701\n'))),
      'LEDGER_CHECKPOINT_REFUSED',
    ],
    [
      'a note with 10,000 signatures',
      onPath(isNote, honest => Buffer.from(`${honest}${'— x.example AAAAAAAA\n'.repeat(10_000)}`)),
      'LEDGER_CHECKPOINT_REFUSED',
    ],
    ['no checkpoint', onPath(isNote, () => 500), 'LEDGER_UNREACHABLE'],
    [
      'a connection that breaks',
      onPath(isNote, () => request => void request.socket.destroy()),
      'LEDGER_UNREACHABLE',
    ],
  ]

  it.each(lies)('%s', async (_, lie, code) => {
    const { follower, log } = await followed()
    await log.show(LONGER)
    log.lie = lie
    for (let i = 0; i < 3; i++) expect(await lookCode(follower)).toBe(code)
    expect(follower.status()).toMatchObject({ size: SIZE, held: SIZE, frozen: false, lastError: { code } })
    expect(follower.status().failures.get(code)).toBe(3)
    expect(follower.problems()).toEqual([])
    log.lie = () => undefined
    await follower.look()
    expect(follower.status()).toMatchObject({ size: 700, lastError: undefined })
  })

  it.each(['another key of the same name', 'another log'])('a checkpoint of %s', async which => {
    const { follower, log } = await followed()
    await log.show(LONGER)
    log.note =
      which === 'another log'
        ? await signNote(formatCheckpoint('other.example', 700, LONGER.root()), [KEY])
        : await LONGER.checkpoint(700, [STRANGER])
    expect(await lookCode(follower)).toBe('LEDGER_CHECKPOINT_REFUSED')
    expect(follower.status()).toMatchObject({ size: SIZE, frozen: false })
  })

  it('flipped tiles while a long way is caught up', async () => {
    const long = new History(anchors(9_000))
    const { follower, log } = await followed()
    await log.show(long)
    log.lie = onPath(
      path => /^tile\/\d/.test(path),
      honest => flipped(honest, honest.length - 1),
    )
    expect(await lookCode(follower)).toBe('LEDGER_SOURCE_INVALID')
    log.lie = onPath(
      path => path === 'tile/entries/020',
      honest => flipped(honest, 50),
    )
    expect(await lookCode(follower)).toBe('LEDGER_SOURCE_INVALID')
    expect(follower.status()).toMatchObject({ size: SIZE, frozen: false })
    expect(follower.status().held).toBeGreaterThan(SIZE)
    expect((await follower.transactions(undefined, 10_000)).length).toBe(SIZE)
    log.lie = () => undefined
    await follower.look()
    expect(follower.status().size).toBe(9_000)
  })

  it('any bytes in place of any file', async () => {
    const { follower, log } = await followed()
    await log.show(LONGER)
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(isNote, isEntries),
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }).map(bytes => () => Buffer.from(bytes)),
          fc.nat().map(at => (honest: Buffer) => flipped(honest, at % honest.length)),
          fc.nat().map(length => (honest: Buffer) => honest.subarray(0, length % honest.length)),
        ),
        async (test, change) => {
          log.lie = onPath(test, change)
          try {
            await follower.look()
            throw new TypeError('a lie was taken')
          } catch (error) {
            expect(error).toBeInstanceOf(LedgerError)
          }
          expect(follower.status()).toMatchObject({ size: SIZE, frozen: false })
        },
      ),
    )
  })
})

describe('an older checkpoint of the same tree', () => {
  it('is ignored: a log that shrinks takes nothing back', async () => {
    const { follower, log } = await followed()
    for (const size of [0, 1, 100, 299]) {
      await log.show(GOOD, size)
      expect(await lookCode(follower)).toBe('LEDGER_CHECKPOINT_OLD')
      expect(follower.status()).toMatchObject({ size: SIZE, frozen: false })
    }
    expect(follower.checkpoint()).toBe(await GOOD.checkpoint())
  })
})

describe('two histories that the log itself has signed', () => {
  const expectFrozen = async ({ follower, world }: Awaited<ReturnType<typeof followed>>, sizes: number[]) => {
    expect(await lookCode(follower)).toBe('LEDGER_FROZEN')
    expect(follower.status()).toMatchObject({ frozen: true })
    expect(follower.problems()).toMatchObject([{ code: 'LEDGER_FROZEN' }])
    await expect(follower.head()).rejects.toMatchObject({ code: 'LEDGER_FROZEN' })
    const evidence = parseForkEvidence(Buffer.from(world.evidence ?? ''))
    expect(verifyForkEvidence(evidence, ORIGIN, KEY.verifier)).toMatchObject({ proven: true })
    expect(evidence.checkpoints.map(note => Number(note.split('\n')[1]))).toEqual(sizes)
  }

  it('freeze it: another root for the size that it has', async () => {
    const all = await followed()
    await all.log.show(FORK, SIZE)
    await expectFrozen(all, [SIZE, SIZE])
  })

  it.each([301, 512, 700])('freeze it: a tree of %d leaves that does not extend its own', async size => {
    const all = await followed()
    await all.log.show(FORK, size)
    all.log.history = new History(FORK.entries.slice(0, size))
    await expectFrozen(all, [SIZE, size])
  })

  it('freeze it also where its own size is a power of two', async () => {
    const all = await followed(256)
    await all.log.show(FORK)
    await expectFrozen(all, [256, 700])
  })

  it('freeze it: an older checkpoint of another tree', async () => {
    const all = await followed()
    await all.log.show(FORK, 250)
    await expectFrozen(all, [250, SIZE])
  })

  it('do not, where the tiles of the other tree cannot be had or are wrong; until they can', async () => {
    const all = await followed()
    await all.log.show(FORK)
    all.log.lie = path => (path.startsWith('tile/') ? 404 : undefined)
    expect(await lookCode(all.follower)).toBe('LEDGER_UNREACHABLE')
    all.log.history = LONGER
    all.log.lie = () => undefined
    expect(await lookCode(all.follower)).toBe('LEDGER_SOURCE_INVALID')
    expect(all.follower.status()).toMatchObject({ size: SIZE, frozen: false })
    all.log.history = FORK
    await expectFrozen(all, [SIZE, 700])
  })

  it('freeze it: a checkpoint that it has seen and could not apply, and later another of that size', async () => {
    const all = await followed()
    await all.log.show(FORK)
    all.log.lie = path => (path.startsWith('tile/') ? 404 : undefined)
    expect(await lookCode(all.follower)).toBe('LEDGER_UNREACHABLE')
    await all.follower.close()
    all.follower = await all.world.open()
    all.log.lie = () => undefined
    await all.log.show(LONGER)
    await expectFrozen(all, [700, 700])
  })

  it('freeze it: a checkpoint that it has seen and could not apply, and later a larger tree that is another', async () => {
    const all = await followed()
    await all.log.show(FORK)
    all.log.lie = path => (path.startsWith('tile/') ? 404 : undefined)
    expect(await lookCode(all.follower)).toBe('LEDGER_UNREACHABLE')
    await all.follower.close()
    all.follower = await all.world.open()
    all.log.lie = () => undefined
    await all.log.show(new History(anchors(900)))
    await expectFrozen(all, [700, 900])
    expect(all.follower.status().size).toBe(SIZE)
  })

  it('keep it frozen: it takes no further anchor, also after a restart, and shows what it had', async () => {
    const all = await followed()
    await all.log.show(FORK)
    await expectFrozen(all, [SIZE, 700])
    const { evidence } = all.world
    await all.log.show(LONGER)
    expect(await lookCode(all.follower)).toBe('LEDGER_FROZEN')
    await all.follower.close()
    all.world.evidence = undefined
    const again = await all.world.open()
    expect(all.world.evidence).toBe(evidence)
    expect(await lookCode(again)).toBe('LEDGER_FROZEN')
    const shown = await again.transactions(undefined, 1_000)
    expect(shown.length).toBe(SIZE)
    const last = shown.at(-1)
    if (last === undefined) throw new TypeError('nothing is shown')
    expect(again.verify(await again.proof(last), last).every(({ result }) => result === 'pass')).toBe(true)
    expect(again.describe().cannotShow.at(-1)).toContain('two histories')
  })

  it('are missed by one that has seen neither: it takes the first that it is shown', async () => {
    const log = await ScriptedLog.serve(FORK)
    const follower = await new FollowerWorld(log).open()
    await follower.look()
    expect(follower.status().size).toBe(700)
  })

  it('while a long way was being caught up: what was taken for the other tree gives way', async () => {
    const log = await ScriptedLog.serve(GOOD)
    const world = new FollowerWorld(log)
    const follower = await world.open()
    await follower.look()
    const branch = new History([...anchors(400), ...anchors(12_000, 'c', 400)])
    await log.show(branch)
    log.lie = path => (path === 'tile/entries/030' ? 404 : undefined)
    expect(await lookCode(follower)).toBe('LEDGER_UNREACHABLE')
    expect(follower.status().held).toBeGreaterThan(1_000)
    log.lie = () => undefined
    await log.show(LONGER)
    await follower.look()
    expect(follower.status()).toMatchObject({ size: 700, held: 700, frozen: false })
    // The tree that it was shown first is larger still, and not forgotten.
    await log.show(new History(anchors(12_500)))
    expect(await lookCode(follower)).toBe('LEDGER_FROZEN')
    const evidence = parseForkEvidence(Buffer.from(world.evidence ?? ''))
    expect(verifyForkEvidence(evidence, ORIGIN, KEY.verifier).proven).toBe(true)
  })
})
