import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/codec/hash.ts'
import type { TransparencyLog } from '../../src/ledger/log/transparency-log.ts'
import type { LedgerTransaction } from '../../src/ledger/types.ts'
import { parseCheckpoint } from '../../src/merkle/checkpoint.ts'
import { textOfNote } from '../../src/merkle/note.ts'
import { hashLeaf, rootOf } from '../../src/merkle/tree.ts'
import { type Fault, ORIGIN } from './log-world.ts'
import { ledgerSuite } from './suite.ts'
import { cosignersOf, NAMES, UNREACHABLE, WitnessedWorld } from './witnessed-world.ts'

ledgerSuite(
  'the embedded log with witnesses',
  async () => {
    const scene = new WitnessedWorld()
    const ledger = await scene.open()
    const reopen = async () => {
      await ledger.close()
      return scene.open()
    }
    return { ledger, reopen }
  },
  { durable: true, reorganises: false, proves: true },
)

const ID = sha256(ORIGIN).toString('hex')

/** What holds at any moment, whatever was killed: all that was signed, seen or cosigned is of the one history. */
function expectOneHistory(scene: WitnessedWorld): void {
  const { world } = scene
  const hashes = world.entries().map(hashLeaf)
  const isPrefix = (text: string) => {
    const { size, root } = parseCheckpoint(text)
    expect(size).toBeLessThanOrEqual(hashes.length)
    expect(Buffer.from(root)).toEqual(Buffer.from(rootOf(hashes.slice(0, size))))
  }
  for (const text of world.signed) isPrefix(text)
  for (const note of world.written) expect(cosignersOf(note).length).toBeGreaterThanOrEqual(2)
  for (const i of NAMES.keys()) {
    const seen = scene.witness(i).newest(ID)
    if (seen !== undefined) isPrefix(textOfNote(seen))
    expect(scene.witness(i).evidence(ID)).toBeUndefined()
  }
}

describe('a log with witnesses that is killed while it publishes', () => {
  it.each([
    { at: 'before the leaves are durable', step: 1, applied: false, there: 0 },
    { at: 'when they are durable', step: 1, applied: true, there: 1 },
    { at: 'when a quorum has cosigned', step: 2, applied: false, there: 1 },
    { at: 'when the checkpoint is written', step: 2, applied: true, there: 1 },
  ])('$at', async ({ step, applied, there }) => {
    const scene = new WitnessedWorld()
    const log = await scene.open()
    scene.world.fault = { step, applied, kills: true }
    await expect(log.anchor('1.a', 'w')).rejects.toMatchObject({ code: 'LEDGER_OUTCOME_UNKNOWN' })
    const next = await scene.open()
    expect(await next.transactions(undefined, 10)).toHaveLength(there)
    expect((await next.anchor('1.b', 'w')).number).toBe(there)
    expectOneHistory(scene)
  })

  it.each([1, 2, 3])('when %s of three witnesses have cosigned and none was heard', async count => {
    const scene = new WitnessedWorld()
    const log = await scene.open()
    const before = scene.world.file
    for (const [i, name] of NAMES.entries()) {
      scene.faults.set(name, async (_, honest) => {
        if (i < count) await honest()
        throw new TypeError('the line is cut')
      })
    }
    const anchored = expect(log.anchor('1.a', 'w')).rejects.toHaveProperty('code')
    await expect.poll(() => scene.cosigning.waitingSince).toBeTypeOf('number')
    expect(scene.world.file).toBe(before)
    // From here on the old process can do nothing more.
    scene.world.fault = { step: 1, applied: false, kills: true }
    await scene.world.open().catch(() => {})
    scene.cosigning.release()
    await anchored
    scene.faults.clear()
    const next = await scene.open()
    expect(await next.transactions(undefined, 10)).toMatchObject([{ number: 0, anchorString: '1.a' }])
    expectOneHistory(scene)
  })
})

interface Step {
  anchors: number
  fault: Fault | null
  /** A witness that is away, or 3: none is. */
  away: number
  /** Ends the process, and tries to begin with a copy of all of its disk that was made earlier. */
  restore: boolean
}

const step: fc.Arbitrary<Step> = fc.record({
  anchors: fc.integer({ min: 0, max: 20 }),
  fault: fc.option(
    fc.record({ step: fc.integer({ min: 1, max: 4 }), applied: fc.boolean(), kills: fc.boolean() }),
    { nil: null },
  ),
  away: fc.integer({ min: 0, max: 3 }),
  restore: fc.boolean(),
})

/** A life of a log whose disk fails, whose process is killed, whose folder is put back, with one witness away at a time. */
class Life {
  readonly scene = new WitnessedWorld()
  readonly acknowledged: LedgerTransaction[] = []
  #asked = 0
  #log: TransparencyLog | undefined
  #copy = { disk: this.scene.world.backup(), file: this.scene.world.file }

  async take({ anchors, fault, away, restore }: Step): Promise<void> {
    const { world, faults } = this.scene
    world.time += 1000
    faults.clear()
    const name = NAMES[away]
    if (name !== undefined) faults.set(name, UNREACHABLE)
    if (restore) await this.#restore()
    await this.#opened()
    world.fault = fault === null ? undefined : { ...fault }
    await this.#anchor(anchors)
    world.fault = undefined
  }

  async end(): Promise<void> {
    this.scene.faults.clear()
    await this.#opened()
    await this.#drop()
  }

  async #anchor(count: number): Promise<void> {
    const log = this.#log as TransparencyLog
    const strings = Array.from({ length: count }, () => `1.${this.#asked++}`)
    for (const result of await Promise.allSettled(strings.map(string => log.anchor(string, 'w')))) {
      if (result.status === 'fulfilled') this.acknowledged.push(result.value)
      else expect(result.reason).toHaveProperty('code')
    }
    // A process that was killed is gone; one that only saw an error goes on.
    await log.transactions(undefined, 1).catch(() => this.#drop())
  }

  async #restore(): Promise<void> {
    const { world } = this.scene
    await this.#drop()
    const newest = { disk: world.backup(), file: world.file }
    const published = newest.file === undefined ? 0 : parseCheckpoint(textOfNote(newest.file)).size
    Object.assign(world, { disk: new Map(this.#copy.disk), file: this.#copy.file })
    if (world.entries().length < published) {
      await expect(this.scene.open()).rejects.toMatchObject({ code: 'LEDGER_ROLLED_BACK' })
    }
    Object.assign(world, newest)
    this.#copy = { disk: new Map(newest.disk), file: newest.file }
  }

  async #opened(): Promise<void> {
    this.#log ??= await this.scene.open()
  }

  async #drop(): Promise<void> {
    if (this.#log === undefined) return
    await this.#log.close()
    this.#log = undefined
  }
}

describe('a log with witnesses whose steps fail, whose process is killed and whose folder is put back', () => {
  it('never signs two histories, shows nothing without a quorum, and loses nothing that it acknowledged', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async steps => {
        const life = new Life()
        for (const one of steps) await life.take(one)
        await life.end()
        expectOneHistory(life.scene)
        const hashes = life.scene.world.entries().map(entry => hashLeaf(entry).toString('hex'))
        for (const { number, timeHash } of life.acknowledged) expect(hashes[number]).toBe(timeHash)
        expect(new Set(life.acknowledged.map(({ number }) => number)).size).toBe(life.acknowledged.length)
      }),
    )
  })
})
