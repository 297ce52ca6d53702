import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { generateLogKey } from '../../src/ledger/log/key.ts'
import { publishedCheckpointFile } from '../../src/ledger/log/published-checkpoint.ts'
import { TransparencyLog } from '../../src/ledger/log/transparency-log.ts'
import { openCheckpoint } from '../../src/merkle/checkpoint.ts'
import { parseBundle } from '../../src/merkle/entry-bundle.ts'
import { consistencyProof, treeRoot } from '../../src/merkle/make-proof.ts'
import { parseSigningKey } from '../../src/merkle/signing-key.ts'
import { parseTile, tileHashes } from '../../src/merkle/tile.ts'
import { hashLeaf, rootOf } from '../../src/merkle/tree.ts'
import { verifyConsistency } from '../../src/merkle/verify-proof.ts'
import { Store } from '../../src/store/store.ts'
import { tempFolder } from '../temp.ts'
import { KEY, LogWorld, ORIGIN } from './log-world.ts'
import { ledgerSuite } from './suite.ts'

const folder = tempFolder()
let number = 0

ledgerSuite(
  'the embedded log on disk',
  async () => {
    const place = join(folder, `log-${number++}`)
    const signer = parseSigningKey(generateLogKey(ORIGIN))
    const open = async () => {
      const store = await Store.open(place)
      const published = publishedCheckpointFile(`${place}-checkpoint`)
      return {
        store,
        ledger: await TransparencyLog.open({ store, published, signer, origin: ORIGIN, clock: Date }),
      }
    }
    let opened = await open()
    return {
      ledger: opened.ledger,
      reopen: async () => {
        await opened.ledger.close()
        await opened.store.close()
        opened = await open()
        return opened.ledger
      },
      cleanUp: () => opened.store.close(),
    }
  },
  { durable: true, reorganises: false, proves: true },
)

const open = (log: TransparencyLog) => openCheckpoint(log.checkpoint(), ORIGIN, KEY.verifier)
const fill = (log: TransparencyLog, count: number, tag = 'a') =>
  Promise.all(Array.from({ length: count }, (_, i) => log.anchor(`1.${tag}${i}`, 'w')))

describe('group commit', () => {
  it('anchors that come together share one commit and one checkpoint', async () => {
    const world = new LogWorld()
    const log = await world.open()
    const before = { commits: world.commits, signed: world.signed.length }
    await fill(log, 500)
    expect(world.commits - before.commits).toBe(1)
    expect(world.signed.length - before.signed).toBe(1)
    expect(open(log).size).toBe(500)
  })

  it('anchors that come during a commit share the next one, and each is answered under a checkpoint that covers it', async () => {
    const world = new LogWorld()
    const log = await world.open()
    const before = world.commits
    const anchors: Promise<void>[] = []
    for (let i = 0; i < 20; i++) {
      anchors.push(
        log.anchor(`1.x${i}`, 'w').then(transaction => {
          expect(open(log).size).toBeGreaterThan(transaction.number)
          expect(world.file).toBe(log.checkpoint())
        }),
      )
      await new Promise(resolve => setImmediate(resolve))
    }
    await Promise.all(anchors)
    expect(world.commits - before).toBeLessThan(20)
  })

  it('an anchor that is refused does not touch those that came with it', async () => {
    const world = new LogWorld()
    const log = await world.open()
    const results = await Promise.allSettled([
      log.anchor('1.a', 'w'),
      log.anchor('', 'w'),
      log.anchor('1.b', 'w'),
    ])
    expect(results.map(result => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(open(log).size).toBe(2)
  })

  it('more than fit in one commit take several', async () => {
    const world = new LogWorld()
    const log = await world.open()
    await fill(log, 2500)
    expect(open(log).size).toBe(2500)
    expect(Buffer.from(open(log).root)).toEqual(Buffer.from(rootOf(world.entries().map(hashLeaf))))
  })
})

describe('what the log serves (C2SP tlog-tiles)', () => {
  it('tiles and entries of every width of a tree that grew in any steps give each of its checkpoints', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 4 }),
        async steps => {
          const world = new LogWorld()
          const log = await world.open()
          const checkpoints = [open(log)]
          for (const [i, count] of steps.entries()) {
            await fill(log, count, `${i}-`)
            checkpoints.push(open(log))
          }
          const leaves = world.entries().map(hashLeaf)
          const newest = checkpoints.at(-1) as ReturnType<typeof open>
          for (const { size, root } of checkpoints) {
            const read = tileHashes(size, (level, index, width) => {
              const tile = log.tile(level, index, width)
              if (tile === undefined)
                throw new TypeError('the log does not serve a tile of its own checkpoint')
              return tile
            })
            expect(Buffer.from(treeRoot(size, read))).toEqual(Buffer.from(root))
            expect(Buffer.from(rootOf(leaves.slice(0, size)))).toEqual(Buffer.from(root))
            if (size === 0) continue
            const all = tileHashes(
              newest.size,
              (level, index, width) => log.tile(level, index, width) as Uint8Array,
            )
            const proof = consistencyProof(size, newest.size, all)
            expect(verifyConsistency(size, newest.size, root, newest.root, proof)).toBe(true)
          }
        },
      ),
      { numRuns: 20 },
    )
  })

  it('bundles hold the leaves whose hashes the tiles hold', async () => {
    const world = new LogWorld()
    const log = await world.open()
    await fill(log, 300)
    for (const [index, width] of [
      [0, 256],
      [0, 7],
      [1, 44],
      [1, 1],
    ] as const) {
      const bundle = await log.entries(index, width)
      const tile = log.tile(0, index, width)
      if (bundle === undefined || tile === undefined) throw new TypeError('not served')
      const hashes = parseBundle(bundle, width).map(entry => hashLeaf(entry))
      expect(parseTile(tile, width).map(hash => Buffer.from(hash))).toEqual(hashes)
    }
    expect(log.tile(1, 0, 1)?.length).toBe(32)
  })

  it('serves nothing beyond the published tree', async () => {
    const world = new LogWorld()
    const log = await world.open()
    await fill(log, 300)
    for (const [level, index, width] of [
      [0, 1, 45],
      [0, 1, 256],
      [0, 2, 1],
      [1, 0, 2],
      [2, 0, 1],
      [63, 0, 1],
      [0, -1, 1],
      [-1, 0, 1],
      [0, 0, 0],
      [0, 0, 257],
      [0, 0.5, 1],
      [0, Number.MAX_SAFE_INTEGER, 1],
    ] as const) {
      expect(log.tile(level, index, width)).toBeUndefined()
      if (level === 0) expect(await log.entries(index, width)).toBeUndefined()
    }
  })

  it('shows neither leaf nor checkpoint of a batch before that checkpoint is recorded as published', async () => {
    const world = new LogWorld()
    const log = await world.open()
    await fill(log, 3)
    const before = log.checkpoint()
    const running = fill(log, 300, 'b')
    let looks = 0
    while (world.file === before) {
      expect(log.checkpoint()).toBe(before)
      expect((await log.transactions(undefined, 1000)).length).toBe(3)
      expect(log.tile(0, 0, 4)).toBeUndefined()
      expect((await log.head()).number).toBe(2)
      looks++
      await new Promise(resolve => setImmediate(resolve))
    }
    await running
    expect(looks).toBeGreaterThan(0)
    expect(open(log).size).toBe(303)
  })

  it('begins with a signed checkpoint of the empty tree', async () => {
    const world = new LogWorld()
    const log = await world.open()
    expect(open(log).size).toBe(0)
    expect(world.file).toBe(log.checkpoint())
  })
})

describe('the key and the record of what was published', () => {
  it('a generated key is new each time and named as asked', () => {
    const [a, b] = [generateLogKey('a.example'), generateLogKey('a.example')]
    expect(a).not.toBe(b)
    expect(parseSigningKey(a).verifier.name).toBe('a.example')
  })

  it('the file holds the last note, and none at first', async () => {
    const path = join(tempFolder(), 'checkpoint')
    const file = publishedCheckpointFile(path)
    expect(await file.read()).toBeUndefined()
    await file.write('first\n')
    await file.write('second\n')
    expect(await file.read()).toBe('second\n')
    expect(readFileSync(path, 'utf8')).toBe('second\n')
  })

  it('a file that cannot be used is an error of the ledger', async () => {
    const place = tempFolder()
    await expect(publishedCheckpointFile(place).read()).rejects.toMatchObject({ code: 'LEDGER_UNREACHABLE' })
    await expect(publishedCheckpointFile(join(place, 'no', 'such')).write('x')).rejects.toMatchObject({
      code: 'LEDGER_UNREACHABLE',
    })
  })

  it('the description names the key as the root, for order and time', async () => {
    const log = await new LogWorld().open()
    const { id, roots } = log.describe()
    expect(id).toBe(ORIGIN)
    expect(roots).toMatchObject([
      { fingerprint: `sha256:${KEY.verifier.fingerprint}`, trustedFor: ['ledger-order', 'ledger-time'] },
    ])
  })
})
