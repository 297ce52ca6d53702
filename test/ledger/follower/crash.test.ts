import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { verifyLog } from '../../../src/ledger/log/verify-log.ts'
import { memoryStore } from '../../node/memory-store.ts'
import { FollowerWorld, lookCode } from './follower-world.ts'
import { anchors, History, KEY, ORIGIN, ScriptedLog } from './scripted-log.ts'

const SIZES = [0, 10, 300, 4_500, 4_501]
const histories = SIZES.map(size => new History(anchors(size)))
const LAST = histories.at(-1) as History

/** Follows all sizes, being killed at the commits given, and started again. */
async function follow(log: ScriptedLog, kills: readonly { commit: number; applied: boolean }[]) {
  const world = new FollowerWorld(log)
  const waiting = [...kills]
  let follower = await world.open()
  world.kill = waiting.shift()
  for (const history of histories) {
    await log.show(history)
    for (;;) {
      const code = await lookCode(follower)
      const { size } = follower.status()
      expect(SIZES).toContain(size)
      if (code === undefined) break
      expect(code).toBe('STORE_CLOSED')
      follower = await world.open()
      world.kill = waiting.shift()
      expect(follower.status().size).toBeGreaterThanOrEqual(size)
      const shown = await follower.transactions(undefined, 20_000)
      expect(shown.length).toBe(follower.status().size)
    }
  }
  return { world, follower }
}

describe('a follower that is killed at any commit', () => {
  it('shows whole checkpoints alone, and ends with what one has that was never killed', async () => {
    const log = await ScriptedLog.serve()
    const whole = await follow(log, [])
    const all = whole.world.disk.dump()
    const transactions = await whole.follower.transactions(undefined, 20_000)
    expect(transactions.length).toBe(4_501)
    for (let commit = 1; commit <= whole.world.commits; commit++) {
      for (const applied of [true, false]) {
        const killed = await follow(log, [{ commit, applied }])
        expect(killed.world.disk.dump()).toEqual(all)
        expect(await killed.follower.transactions(undefined, 20_000)).toEqual(transactions)
      }
    }
    const { problems, size } = await verifyLog(
      memoryStore(whole.world.disk),
      ORIGIN,
      KEY.verifier,
      await LAST.checkpoint(),
    )
    expect({ problems, size }).toEqual({ problems: [], size: 4_501 })
  }, 60_000)

  it('again and again', async () => {
    const log = await ScriptedLog.serve()
    const all = (await follow(log, [])).world.disk.dump()
    const kill = fc.record({ commit: fc.integer({ min: 1, max: 8 }), applied: fc.boolean() })
    const kills = fc.sample(fc.array(kill, { minLength: 2, maxLength: 8 }), 10)
    for (const some of kills) expect((await follow(log, some)).world.disk.dump()).toEqual(all)
  }, 60_000)

  it('finds the same evidence again where it was killed while it kept that', async () => {
    const fork = new History([...anchors(200), ...anchors(300, 'b', 200)])
    for (const applied of [true, false]) {
      const log = await ScriptedLog.serve(new History(anchors(300)))
      const world = new FollowerWorld(log)
      const follower = await world.open()
      await follower.look()
      await log.show(fork)
      // Its checkpoint is kept first, then the evidence.
      world.kill = { commit: 2, applied }
      expect(await lookCode(follower)).toBe('STORE_CLOSED')
      const again = await world.open()
      expect(again.status().frozen).toBe(applied)
      expect(await lookCode(again)).toBe('LEDGER_FROZEN')
      expect(world.evidence).toContain('log-fork')
    }
  })
})
