import { describe, expect, it } from 'vitest'
import { LeafClock, systemClock } from '../../src/ledger/log/clock.ts'
import { LogWorld, START } from './log-world.ts'

const DAY = 24 * 3600

describe('the clock rules of the log', () => {
  it('the log sets the time of a leaf, in whole seconds, the same for a batch', async () => {
    const world = new LogWorld()
    const log = await world.open()
    world.time = START * 1000 + 1999
    const made = await Promise.all([log.anchor('1.a', 'w'), log.anchor('1.b', 'w')])
    expect(made.map(({ time, timestamp }) => [time, timestamp])).toEqual([
      [START + 1, START + 1],
      [START + 1, START + 1],
    ])
  })

  it('it does not append while its clock is behind the last leaf, and does once it is not', async () => {
    const world = new LogWorld()
    const log = await world.open()
    await log.anchor('1.a', 'w')
    world.time -= 1
    await expect(log.anchor('1.b', 'w')).rejects.toMatchObject({ code: 'LEDGER_CLOCK_BEHIND' })
    expect(await log.transactions(undefined, 10)).toHaveLength(1)
    world.time += 1
    expect((await log.anchor('1.b', 'w')).number).toBe(1)
  })

  it('also after a restart', async () => {
    const world = new LogWorld()
    await (await world.open()).anchor('1.a', 'w')
    world.time -= DAY * 1000
    const log = await world.open()
    await expect(log.anchor('1.b', 'w')).rejects.toMatchObject({ code: 'LEDGER_CLOCK_BEHIND' })
  })

  it('nor while its clock is before this software was written', async () => {
    const world = new LogWorld()
    world.time = 0
    const log = await world.open()
    await expect(log.anchor('1.a', 'w')).rejects.toMatchObject({ code: 'LEDGER_CLOCK_BEHIND' })
  })

  it('nor when the clock was moved more than a day ahead of what elapsed', async () => {
    const world = new LogWorld()
    const log = await world.open()
    await log.anchor('1.a', 'w')
    world.time += DAY * 1000
    await log.anchor('1.b', 'w')
    world.time += 1000
    await expect(log.anchor('1.c', 'w')).rejects.toMatchObject({ code: 'LEDGER_CLOCK_AHEAD' })
    world.elapsed += 1000
    expect((await log.anchor('1.c', 'w')).number).toBe(2)
  })

  it('nor more than five years after the last leaf; a log may be idle for less', async () => {
    const world = new LogWorld()
    await (await world.open()).anchor('1.a', 'w')
    world.time += 4 * 365 * DAY * 1000
    expect((await (await world.open()).anchor('1.b', 'w')).number).toBe(1)
    world.time += 6 * 365 * DAY * 1000
    const log = await world.open()
    await expect(log.anchor('1.c', 'w')).rejects.toMatchObject({ code: 'LEDGER_CLOCK_AHEAD' })
  })

  it('a clock that is no number is not believed', () => {
    for (const now of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      expect(() => new LeafClock({ now: () => now }).next(undefined)).toThrow(
        expect.objectContaining({ code: 'LEDGER_CLOCK_BEHIND' }),
      )
    }
  })

  it('the head moves with the clock, as no earlier leaf will come', async () => {
    const world = new LogWorld()
    const log = await world.open()
    await log.anchor('1.a', 'w')
    expect(await log.head()).toEqual({ number: 0, size: 1, time: START, timestamp: START })
    world.time += 100_000
    world.elapsed += 100_000
    expect(await log.head()).toEqual({ number: 0, size: 1, time: START + 99, timestamp: START + 99 })
    world.time -= 1000
    await expect(log.anchor('1.b', 'w')).rejects.toMatchObject({ code: 'LEDGER_CLOCK_BEHIND' })
    world.time += 1000
    expect((await log.anchor('1.b', 'w')).time).toBe(START + 100)
  })

  it('the head does not move with a clock that is not believed', async () => {
    const world = new LogWorld()
    const log = await world.open()
    await log.anchor('1.a', 'w')
    world.time += 400 * DAY * 1000
    expect((await log.head()).time).toBe(START)
    world.time = START * 1000
    expect((await log.anchor('1.b', 'w')).number).toBe(1)
  })

  it('the clocks of this machine go', () => {
    expect(systemClock.now()).toBeGreaterThan(START * 0)
    expect(systemClock.elapsed?.()).toBeGreaterThan(0)
  })
})
