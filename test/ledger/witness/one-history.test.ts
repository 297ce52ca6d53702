import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { WitnessAnswer } from '../../../src/ledger/witness/witness.ts'
import { parseCheckpoint } from '../../../src/merkle/checkpoint.ts'
import { parseNote, verifyNote } from '../../../src/merkle/note.ts'
import { formatAddCheckpoint } from '../../../src/merkle/witness-request.ts'
import { COSIGNER, ID, Log, START, World } from './witness-world.ts'

const LARGEST = 9
/** Histories of one log, which has forked after so many entries. */
const HISTORIES = [new Log(LARGEST), new Log(LARGEST, 2), new Log(LARGEST, 6)]
/** The log's checkpoints of each history, by size. */
const NOTES = await Promise.all(
  HISTORIES.map(log => Promise.all(Array.from({ length: LARGEST + 1 }, (_, size) => log.checkpoint(size)))),
)

interface Ask {
  history: number
  size: number
  /** `newest`: the size that the witness is at before this step. */
  old: number | 'newest'
}

type Step =
  /** They arrive together. */
  | { asks: Ask[] }
  | { restart: true }
  /** Seconds that the clock is set on, or back. */
  | { clock: number }
  /** From now on commits fail, before they take effect or after, until some have. */
  | { fault: 'lost' | 'applied' }

/** What the witness is at. */
interface State {
  size: number
  root: string | undefined
  time: number | undefined
  hasTwoHistories: boolean
}

const size = fc.integer({ min: 0, max: LARGEST })
const ask: fc.Arbitrary<Ask> = fc.record({
  history: fc.nat({ max: HISTORIES.length - 1 }),
  size,
  old: fc.oneof({ weight: 4, arbitrary: fc.constant('newest' as const) }, { weight: 1, arbitrary: size }),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ asks: fc.array(ask, { minLength: 1, maxLength: 4 }) }) },
  { weight: 1, arbitrary: fc.constant({ restart: true } as const) },
  { weight: 2, arbitrary: fc.record({ clock: fc.integer({ min: -400, max: 400 }) }) },
  { weight: 1, arbitrary: fc.record({ fault: fc.constantFrom('lost' as const, 'applied' as const) }) },
)

it('a witness cosigns one history, in order of time, whatever is asked of it and whatever fails', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async steps => {
      const world = new World()
      const cosigned: string[] = []
      let witness = world.open()
      for (const one of steps) {
        if ('restart' in one) witness = world.open()
        else if ('clock' in one) world.time += one.clock
        else if ('fault' in one) [world.failing, world.applied] = [true, one.fault === 'applied']
        else {
          const before = stateOf(world)
          const asks = one.asks.map(asked => ({
            ...asked,
            old: asked.old === 'newest' ? before.size : asked.old,
          }))
          world.commits = 0
          const answers = await Promise.allSettled(asks.map(asked => witness.addCheckpoint(bodyOf(asked))))
          const given = answers.map(answer => (answer.status === 'fulfilled' ? answer.value : undefined))
          for (const [i, answer] of given.entries()) {
            if (answer?.status === 200) cosigned.push(noteOf(asks[i] as Ask) + answer.cosignatures)
          }
          if (world.failing && world.commits > 0) {
            // Nothing is given away that may not be on disk.
            expect(given.some(answer => answer?.status === 200)).toBe(false)
            world.failing = false
          } else expectAnswers(before, asks, given, world)
        }
      }
      expectOneHistory(cosigned, stateOf(world))
    }),
  )
})

function noteOf({ history, size: at }: Ask): string {
  return NOTES[history]?.[at] as string
}

function rootAt(history: number, at: number): string {
  return Buffer.from(parseCheckpoint(parseNote(NOTES[history]?.[at] as string).text).root).toString('hex')
}

function bodyOf(asked: Ask & { old: number }): Buffer {
  const proof = (HISTORIES[asked.history] as Log).proof(asked.old, asked.size)
  return Buffer.from(formatAddCheckpoint({ old: asked.old, proof, checkpoint: noteOf(asked) }))
}

function stateOf(world: World): State {
  const witness = world.open()
  const [status] = witness.status()
  const newest = witness.newest(ID)
  return {
    size: status?.newest?.size ?? 0,
    root:
      newest === undefined
        ? undefined
        : Buffer.from(parseCheckpoint(parseNote(newest).text).root).toString('hex'),
    time: status?.newest?.time,
    hasTwoHistories: status?.hasTwoHistories ?? false,
  }
}

/** The answers are those that the rules of C2SP tlog-witness give, one request after another; and so is what is kept. */
function expectAnswers(
  before: State,
  asks: readonly (Ask & { old: number })[],
  given: readonly (WitnessAnswer | undefined)[],
  world: World,
): void {
  let state = before
  for (const [i, asked] of asks.entries()) {
    const root = rootAt(asked.history, asked.size)
    if (state.root !== undefined && asked.size === state.size && root !== state.root) {
      state = { ...state, hasTwoHistories: true }
    }
    const status = statusFor(state, asked, world.time)
    expect(given[i]?.status).toBe(status)
    if (status === 200) {
      state = { ...state, size: asked.size, root, time: Math.max(world.time, state.time ?? 0) }
    }
  }
  expect(stateOf(world)).toEqual(state)
}

function statusFor(state: State, asked: Ask & { old: number }, now: number): number {
  if (asked.old > asked.size) return 400
  if (asked.old !== state.size) return 409
  // The history that is asked for is that of the witness up to its size.
  const continues = state.size === 0 || rootAt(asked.history, state.size) === state.root
  if (!continues) return 422
  return state.time !== undefined && now < state.time - 300 ? 503 : 200
}

/** There is a history that has all of them, and what is kept is not behind the last. */
function expectOneHistory(cosigned: readonly string[], kept: State): void {
  const signed = cosigned.map(note => {
    const { text, signatures } = verifyNote(note, [COSIGNER.verifier])
    const { size: at, root } = parseCheckpoint(text)
    return { size: at, root: Buffer.from(root).toString('hex'), time: signatures[0]?.timestamp ?? 0 }
  })
  const inOrder = (values: number[]) => expect(values).toEqual([...values].sort((a, b) => a - b))
  inOrder([...signed.map(one => one.size), kept.size])
  inOrder([...signed.map(one => one.time), kept.time ?? Math.max(START, ...signed.map(one => one.time))])
  const fitting = HISTORIES.filter((_, history) =>
    signed.every(one => rootAt(history, one.size) === one.root),
  )
  expect(fitting.length).toBeGreaterThan(0)
}
