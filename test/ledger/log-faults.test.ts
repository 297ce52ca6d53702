import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LedgerError } from '../../src/ledger/errors.ts'
import { type AnchorLeaf, parseLeaf } from '../../src/ledger/log/leaf.ts'
import type { TransparencyLog } from '../../src/ledger/log/transparency-log.ts'
import type { LedgerTransaction } from '../../src/ledger/types.ts'
import { parseCheckpoint } from '../../src/merkle/checkpoint.ts'
import { parseNote } from '../../src/merkle/note.ts'
import { hashLeaf, rootOf } from '../../src/merkle/tree.ts'
import { type Fault, LogWorld } from './log-world.ts'

type Step =
  | { kind: 'anchors'; count: number; fault: Fault | null }
  | { kind: 'restart'; fault: Fault | null }
  | { kind: 'backup' }
  | { kind: 'restore' }

const fault = fc.option(
  fc.record({ step: fc.integer({ min: 1, max: 4 }), applied: fc.boolean(), kills: fc.boolean() }),
  { nil: null },
)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('anchors' as const),
      count: fc.integer({ min: 1, max: 120 }),
      fault,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart' as const), fault }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'backup' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restore' as const }) },
)

/** A life of a log: anchors, faults, restarts and restored backups, and all that was promised on the way. */
class Life {
  readonly world = new LogWorld()
  readonly acknowledged: LedgerTransaction[] = []
  readonly asked: string[] = []
  #log: TransparencyLog | undefined
  #backup = this.world.backup()

  async live(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#take(step)
    this.world.fault = undefined
    await this.#opened()
  }

  async #take(step: Step): Promise<void> {
    this.world.time += 1000
    if (step.kind === 'backup') this.#backup = this.world.backup()
    if (step.kind === 'restore') await this.#restore()
    if (step.kind === 'restart') {
      this.#log = undefined
      this.#setFault(step.fault)
      await this.#opened()
    }
    if (step.kind === 'anchors') {
      await this.#opened()
      this.#setFault(step.fault)
      await this.#anchor(step.count)
    }
  }

  async #anchor(count: number): Promise<void> {
    const log = this.#log as TransparencyLog
    const strings = Array.from({ length: count }, (_, i) => `1.${this.asked.length + i}`)
    this.asked.push(...strings)
    // In two waves, so that some wait while others are under way.
    const wave = (part: string[]) => Promise.allSettled(part.map(string => log.anchor(string, 'w')))
    const first = wave(strings.slice(0, count / 2))
    await new Promise(resolve => setImmediate(resolve))
    const results = [...(await first), ...(await wave(strings.slice(count / 2)))]
    for (const result of results) {
      if (result.status === 'fulfilled') this.acknowledged.push(result.value)
      else expect(result.reason).toHaveProperty('code')
    }
    // A process that was killed is gone; one that only saw an error goes on.
    try {
      await log.transactions(undefined, 1)
    } catch {
      this.#log = undefined
    }
  }

  /** An older database is put back: the log must not open, unless nothing is missing from it. */
  async #restore(): Promise<void> {
    this.#log = undefined
    const newest = this.world.backup()
    this.world.fault = undefined
    this.world.disk = new Map(this.#backup)
    const signedBefore = this.world.signed.length
    const published =
      this.world.file === undefined ? 0 : parseCheckpoint(parseNote(this.world.file).text).size
    if (this.world.entries().length < published) {
      await expect(this.world.open()).rejects.toMatchObject({ code: 'LEDGER_ROLLED_BACK' })
      expect(this.world.signed.length).toBe(signedBefore)
    }
    this.world.disk = newest
  }

  async #opened(): Promise<void> {
    for (let tries = 0; this.#log === undefined; tries++) {
      try {
        this.#log = await this.world.open()
      } catch (error) {
        // Only the fault that was set may keep it from opening, once.
        expect(tries).toBe(0)
        expect(this.world.fault).toBeUndefined()
        expect(error).toHaveProperty('code')
      }
    }
  }

  #setFault(fault: Fault | null): void {
    this.world.fault = fault === null ? undefined : { ...fault }
  }
}

describe('a log whose steps fail and whose process is killed', () => {
  it('never signs two trees that disagree, and loses and doubles nothing that it acknowledged', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async steps => {
        const life = new Life()
        await life.live(steps)
        const entries = life.world.entries()
        const hashes = entries.map(hashLeaf)
        // Every tree that was ever signed is a prefix of the one that is left: so they all agree.
        for (const text of life.world.signed) {
          const { size, root } = parseCheckpoint(text)
          expect(size).toBeLessThanOrEqual(entries.length)
          expect(Buffer.from(root)).toEqual(Buffer.from(rootOf(hashes.slice(0, size))))
        }
        // Nothing left the process that was not signed.
        for (const note of life.world.written) expect(life.world.signed).toContain(parseNote(note).text)
        const strings = entries.map(entry => (parseLeaf(entry) as AnchorLeaf).anchorString)
        for (const { number, anchorString, timeHash } of life.acknowledged) {
          expect(strings[number]).toBe(anchorString)
          expect(hashes[number]?.toString('hex')).toBe(timeHash)
        }
        expect(new Set(strings).size).toBe(strings.length)
        for (const string of strings) expect(life.asked).toContain(string)
      }),
    )
  })

  it.each([
    { step: 1, applied: false, there: 0 },
    { step: 1, applied: true, there: 1 },
    { step: 2, applied: false, there: 1 },
    { step: 2, applied: true, there: 1 },
  ])(
    'an error at step $step (took effect: $applied) leaves the outcome unknown, and `transactions` tells it',
    async one => {
      const world = new LogWorld()
      const log = await world.open()
      world.fault = { step: one.step, applied: one.applied, kills: false }
      await expect(log.anchor('1.a', 'w')).rejects.toMatchObject({ code: 'LEDGER_OUTCOME_UNKNOWN' })
      const found = await log.transactions(undefined, 10)
      expect(found.map(transaction => transaction.anchorString)).toEqual(Array(one.there).fill('1.a'))
      expect((await log.anchor('1.b', 'w')).number).toBe(one.there)
      await log.close()
      expect(await (await world.open()).transactions(undefined, 10)).toHaveLength(one.there + 1)
    },
  )

  it('while it cannot recover, it answers nothing rather than something old', async () => {
    const world = new LogWorld()
    const log = await world.open()
    world.fault = { step: 2, applied: false, kills: false }
    const failing = log.anchor('1.a', 'w')
    await expect(failing).rejects.toBeInstanceOf(LedgerError)
    world.fault = { step: 1, applied: false, kills: false }
    await expect(log.transactions(undefined, 10)).rejects.toMatchObject({ code: 'STORE_FULL' })
    expect(await log.transactions(undefined, 10)).toHaveLength(1)
  })

  it('a kill between commit and publication: the next process publishes what is durable', async () => {
    const world = new LogWorld()
    const log = await world.open()
    const before = log.checkpoint()
    world.fault = { step: 2, applied: false, kills: true }
    await expect(log.anchor('1.a', 'w')).rejects.toMatchObject({ code: 'LEDGER_OUTCOME_UNKNOWN' })
    expect(world.file).toBe(before)
    const next = await world.open()
    expect(parseCheckpoint(parseNote(next.checkpoint()).text).size).toBe(1)
    expect(world.file).toBe(next.checkpoint())
  })
})
