import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FollowLoop } from '../../../src/ledger/follower/follow-loop.ts'

describe('the loop of a follower', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** Waits between looks, in milliseconds, where each look ends as it is told. */
  async function waits(outcomes: readonly boolean[], random: number): Promise<number[]> {
    const times: number[] = []
    const left = [...outcomes]
    const look = async () => {
      times.push(Date.now())
      return left.shift() ?? true
    }
    const loop = new FollowLoop({ look, pollMs: 1_000, random: () => random })
    await loop.start()
    while (times.length <= outcomes.length) await vi.advanceTimersToNextTimerAsync()
    await loop.stop()
    return times.slice(1).map((time, i) => time - (times[i] as number))
  }

  it('waits as it is told between looks, with jitter', async () => {
    expect(await waits([true, true], 0)).toEqual([500, 500])
    expect(await waits([true, true], 1)).toEqual([1_000, 1_000])
  })

  it('waits twice as long after each failure, a minute at most, and as before after a success', async () => {
    const failures = Array.from({ length: 9 }, () => false)
    expect(await waits([...failures, true, false], 1)).toEqual([
      2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000, 1_000, 2_000,
    ])
  })

  it('ends the look that is under way, and begins no other', async () => {
    let looks = 0
    const look = (signal: AbortSignal) => {
      looks++
      return new Promise<boolean>(resolve => signal.addEventListener('abort', () => resolve(false)))
    }
    const loop = new FollowLoop({ look, pollMs: 1_000, random: () => 1 })
    loop.start()
    await loop.stop()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(looks).toBe(1)
  })
})
