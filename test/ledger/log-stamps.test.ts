import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/codec/hash.ts'
import { LedgerError } from '../../src/ledger/errors.ts'
import { parseLeaf } from '../../src/ledger/log/leaf.ts'
import type { TransparencyLog } from '../../src/ledger/log/transparency-log.ts'
import { verifyLog } from '../../src/ledger/log/verify-log.ts'
import type { Ledger } from '../../src/ledger/types.ts'
import { openCheckpoint } from '../../src/merkle/checkpoint.ts'
import { hashLeaf } from '../../src/merkle/tree.ts'
import { verifyInclusion } from '../../src/merkle/verify-proof.ts'
import { FollowerWorld } from './follower/follower-world.ts'
import { KEY as FOLLOWED, ORIGIN as FOLLOWED_ORIGIN, History, ScriptedLog } from './follower/scripted-log.ts'
import { KEY, LogWorld, ORIGIN } from './log-world.ts'

/** What is added to a log at once: anchors `a`, stamps `s`. */
type Wave = readonly ('a' | 's')[]
const waves = fc.array(
  fc.oneof(
    fc.array(fc.constantFrom('a' as const, 's' as const), { minLength: 1, maxLength: 40 }),
    fc.integer({ min: 1, max: 150 }).map(count => Array<'s'>(count).fill('s')),
  ),
  { maxLength: 6 },
)

async function add(log: TransparencyLog, wave: Wave, tag = ''): Promise<void> {
  await Promise.all(
    wave.map((kind, i) =>
      kind === 'a' ? log.anchor(`1.${tag}${i}`, 'w') : log.stamp(sha256(`${tag}${i}`), 'w'),
    ),
  )
}

/** Numbers of the anchors among leaves. */
function anchorsIn(entries: readonly Uint8Array[]): number[] {
  return entries.flatMap((entry, i) => (parseLeaf(entry).type === 'anchor' ? [i] : []))
}

async function paged(ledger: Ledger, limit: number): Promise<number[]> {
  const numbers: number[] = []
  for (;;) {
    const page = await ledger.transactions(numbers.at(-1), limit)
    expect(page.length).toBeLessThanOrEqual(limit)
    if (page.length === 0) return numbers
    numbers.push(...page.map(({ number }) => number))
  }
}

describe('stamps on a log', () => {
  it('come with the proof that they are in the published tree, also when many come at once', async () => {
    const world = new LogWorld()
    const log = await world.open()
    await add(log, ['a', 's', 'a'])
    const roots = Array.from({ length: 300 }, (_, i) => sha256(`root ${i}`))
    const proofs = await Promise.all(roots.map(root => log.stamp(root, 'node.example')))
    for (const [i, { index, leaf, inclusion, checkpoint }] of proofs.entries()) {
      const { size, root } = openCheckpoint(checkpoint, ORIGIN, KEY.verifier)
      expect(verifyInclusion(index, size, hashLeaf(leaf), inclusion, root)).toBe(true)
      expect(Buffer.from(world.entries()[index] ?? [])).toEqual(Buffer.from(leaf))
      expect(parseLeaf(leaf)).toMatchObject({
        type: 'stamp',
        root: roots[i]?.toString('hex'),
        writer: 'node.example',
      })
    }
  })

  it('that no leaf can hold are refused, and touch nothing that came with them', async () => {
    const world = new LogWorld()
    const log = await world.open()
    const code = 'LEDGER_STAMP_INVALID'
    const anchored = log.anchor('1.a', 'w')
    await expect(log.stamp(Buffer.alloc(31), 'w')).rejects.toMatchObject({ code })
    await expect(log.stamp(Buffer.alloc(32), '')).rejects.toMatchObject({ code })
    const wrong: unknown = 'f'.repeat(32)
    await expect(log.stamp(wrong as Uint8Array, 'w')).rejects.toThrow(TypeError)
    expect((await anchored).number).toBe(0)
    expect(world.entries().length).toBe(1)
    await log.close()
    await expect(log.stamp(Buffer.alloc(32), 'w')).rejects.toMatchObject({ code: 'LEDGER_CLOSED' })
  })

  it('are no transactions: any pages show the anchors between them, and the head is the newest of these', async () => {
    await fc.assert(
      fc.asyncProperty(waves, fc.integer({ min: 1, max: 90 }), async (added, limit) => {
        const world = new LogWorld()
        const log = await world.open()
        for (const [i, wave] of added.entries()) {
          await add(log, wave, `${i}-`)
          const anchors = anchorsIn(world.entries())
          expect((await log.head()).number).toBe(anchors.at(-1))
          expect(await paged(log, limit)).toEqual(anchors)
        }
        const after = await world.open()
        expect((await after.head()).number).toBe(anchorsIn(world.entries()).at(-1))
        expect(await paged(after, limit)).toEqual(anchorsIn(world.entries()))
      }),
      { numRuns: 40 },
    )
  })

  it('after any leaf, transactions go on with the next anchor', async () => {
    const world = new LogWorld()
    const log = await world.open()
    await add(log, [...Array<'s'>(70).fill('s'), 'a', ...Array<'s'>(200).fill('s'), 'a', 's', 's'])
    const [first, second] = anchorsIn(world.entries()) as [number, number]
    for (const [after, limit, expected] of [
      [undefined, 1, [first]],
      [0, 5, [first, second]],
      [first, 1, [second]],
      [first + 3, 1, [second]],
      [second, 10, []],
      [second + 2, 10, []],
      [10_000, 1, []],
    ] as const) {
      const found = await log.transactions(after, limit)
      expect(found.map(({ number }) => number)).toEqual(expected)
    }
  })

  it('a log of nothing else has no transactions, and its time goes on', async () => {
    const world = new LogWorld()
    const log = await world.open()
    await add(log, Array<'s'>(130).fill('s'))
    world.time += 5000
    expect(await log.head()).toMatchObject({ number: undefined, time: Math.floor(world.time / 1000) - 1 })
    expect(await log.transactions(undefined, 10)).toEqual([])
    expect(await (await world.open()).transactions(undefined, 10)).toEqual([])
  })

  it('have no proof as a transaction, and none is at their position', async () => {
    const log = await new LogWorld().open()
    const { leaf, index } = await log.stamp(sha256('x'), 'w')
    const position = { number: index, timeHash: hashLeaf(leaf).toString('hex') }
    await expect(log.proof(position)).rejects.toMatchObject({ code: 'LEDGER_TRANSACTION_UNKNOWN' })
    expect(await log.reorganised(position)).toMatchObject({ changed: true })
    const transaction = await log.anchor('1.a', 'w')
    expect(await log.reorganised(transaction)).toEqual({ changed: false })
    const proof = { ...(await log.proof(transaction)), leaf }
    expect(log.verify(proof, { ...transaction, timeHash: position.timeHash })[0]).toMatchObject({
      code: 'LEAF_ANCHOR',
      result: 'fail',
    })
  })

  it('tell nobody of a transaction; an anchor among them does', async () => {
    const log = await new LogWorld().open()
    let told = 0
    log.onTransaction(() => told++)
    const turn = () => new Promise(resolve => setImmediate(resolve))
    await add(log, ['s', 's'])
    await turn()
    expect(told).toBe(0)
    await add(log, ['s', 'a', 's'])
    await turn()
    expect(told).toBe(1)
  })

  it('are whole or not there, whatever fails or is killed, and those that were answered stay', async () => {
    const fault = fc.record({
      step: fc.integer({ min: 1, max: 6 }),
      applied: fc.boolean(),
      kills: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { minLength: 1, maxLength: 4 }), async faults => {
        const world = new LogWorld()
        const answered = new Map<number, string>()
        for (const [round, each] of faults.entries()) {
          const log = await world.open()
          await log.anchor(`1.${round}`, 'w')
          world.fault = { ...each }
          const stamps = Array.from({ length: 20 }, (_, i) => log.stamp(sha256(`${round} ${i}`), 'w'))
          for (const result of await Promise.allSettled(stamps)) {
            if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(LedgerError)
            else answered.set(result.value.index, Buffer.from(result.value.leaf).toString())
          }
          world.fault = undefined
        }
        await world.open()
        const entries = world.entries().map(entry => Buffer.from(entry).toString())
        for (const [index, leaf] of answered) expect(entries[index]).toBe(leaf)
        const { problems } = await verifyLog(world.process().store, ORIGIN, KEY.verifier, world.file)
        expect(problems).toEqual([])
      }),
      { numRuns: 60 },
    )
  })
})

describe('stamps on a log that is followed', () => {
  it('are followed and are no transactions, however many come after an anchor', async () => {
    const world = new LogWorld()
    const log = await world.open()
    await add(log, ['s', 'a', ...Array<'s'>(300).fill('s'), 'a', ...Array<'s'>(300).fill('s')])
    const anchors = anchorsIn(world.entries())
    // The same leaves, as the log of another would show them, some of them later.
    const followed = await ScriptedLog.serve(new History(world.entries().slice(0, 200)))
    const elsewhere = new FollowerWorld(followed)
    elsewhere.time = world.time
    const follower = await elsewhere.open()
    await follower.look()
    expect((await follower.head()).number).toBe(anchors[0])
    await followed.show(new History(world.entries()), world.entries().length)
    await follower.look()
    expect((await follower.head()).number).toBe(anchors[1])
    expect(follower.status().size).toBe(603)
    for (const limit of [1, 2, 100]) expect(await paged(follower, limit)).toEqual(anchors)
    expect(openCheckpoint(follower.checkpoint(), FOLLOWED_ORIGIN, FOLLOWED.verifier).size).toBe(603)
  })
})
