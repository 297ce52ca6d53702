import { describe, expect, it } from 'vitest'
import { Cosigning, type CosigningEvent } from '../../src/ledger/log/cosigning.ts'
import type { PostToWitness } from '../../src/ledger/log/witness-client.ts'
import { Witness } from '../../src/ledger/witness/witness.ts'
import { openCheckpoint } from '../../src/merkle/checkpoint.ts'
import { signatureLine, textOfNote } from '../../src/merkle/note.ts'
import { parsePolicy } from '../../src/merkle/policy.ts'
import { COSIGNATURE_V1 } from '../../src/merkle/signature-types.ts'
import { formatSigningKey, parseCosignerKey } from '../../src/merkle/signing-key.ts'
import { parseAddCheckpoint, SIZE_TYPE } from '../../src/merkle/witness-request.ts'
import type { Change } from '../../src/store/store.ts'
import { KEY, LogWorld, ORIGIN, START } from './log-world.ts'

const NAMES = ['w0', 'w1', 'w2']
const COSIGNERS = NAMES.map((name, i) =>
  parseCosignerKey(formatSigningKey(`${name}.example`, Buffer.alloc(32, 40 + i), COSIGNATURE_V1)),
)
const TEXT = 'text/plain'

type Answer = { status: number; mediaType: string | undefined; body: Uint8Array }
/** What a witness does with a request in place of answering it as it should. */
type Fault = (body: string, honest: () => Promise<Answer>) => Promise<Answer>

/** A log with three witnesses, two of which are a quorum; each outlives the log, and has the faults of a test. */
class Scene {
  readonly world = new LogWorld()
  readonly faults = new Map<string, Fault>()
  readonly events: CosigningEvent[] = []
  readonly #disks = NAMES.map(() => new Map<string, Uint8Array>())
  #cosigning: Cosigning | undefined

  async open(quorum = 2) {
    const cosigning = new Cosigning({
      policy: parsePolicy(
        [
          ...COSIGNERS.map(
            ({ verifier }, i) => `witness ${NAMES[i]} ${verifier.vkey} https://${NAMES[i]}.example`,
          ),
          `group g ${quorum} ${NAMES.join(' ')}`,
          'quorum g\n',
        ].join('\n'),
      ),
      post: this.#post,
      now: () => Math.floor(this.world.time / 1000),
      onEvent: event => this.events.push(event),
    })
    this.#cosigning = cosigning
    return this.world.open({ cosigning })
  }

  get cosigning(): Cosigning {
    if (this.#cosigning === undefined) throw new TypeError('no log was opened')
    return this.#cosigning
  }

  failures(): string[] {
    return this.events.flatMap(event =>
      event.type === 'witness-failed' ? [`${event.witness} ${event.failure.code}`] : [],
    )
  }

  readonly #post: PostToWitness = async (url, body) => {
    const name = /w\d/.exec(url)?.[0] ?? ''
    const honest = async (): Promise<Answer> => {
      const answer = await this.witness(NAMES.indexOf(name)).addCheckpoint(Buffer.from(body))
      if (answer.status === 200)
        return { status: 200, mediaType: TEXT, body: Buffer.from(answer.cosignatures) }
      if (answer.status === 409) return sizeAnswer(answer.size)
      return { status: answer.status, mediaType: TEXT, body: Buffer.from(answer.reason) }
    }
    return (this.faults.get(name) ?? ((_, answer) => answer()))(body, honest)
  }

  witness(i: number): Witness {
    const disk = this.#disks[i] as Map<string, Uint8Array>
    const store = {
      get: (key: Uint8Array) => disk.get(Buffer.from(key).toString('hex')),
      commit: async (changes: Change[]) => {
        for (const { key, value = '' } of changes)
          disk.set(Buffer.from(key).toString('hex'), Buffer.from(value as string))
      },
    }
    const logs = [{ origin: ORIGIN, verifier: KEY.verifier }]
    const cosigner = COSIGNERS[i] as (typeof COSIGNERS)[number]
    return new Witness({ store, logs, cosigner, now: () => Math.floor(this.world.time / 1000) })
  }
}

function sizeAnswer(size: number): Answer {
  return { status: 409, mediaType: SIZE_TYPE, body: Buffer.from(`${size}\n`) }
}

function answer(body: string): Answer {
  return { status: 200, mediaType: TEXT, body: Buffer.from(body) }
}

const UNREACHABLE: Fault = () => Promise.reject(new TypeError('no route'))
const HANGING: Fault = () => new Promise(() => {})

function cosignersOf(note: string): string[] {
  const { signatures } = openCheckpoint(
    note,
    ORIGIN,
    KEY.verifier,
    COSIGNERS.map(({ verifier }) => verifier),
  )
  return signatures.map(({ verifier }) => verifier.name).filter(name => name !== ORIGIN)
}

/** Lets what is under way go on. */
async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
}

describe('a log with witnesses', () => {
  it('publishes what a quorum has cosigned, and nothing before', async () => {
    const scene = new Scene()
    const log = await scene.open()
    expect(cosignersOf(log.checkpoint()).length).toBeGreaterThanOrEqual(2)
    const gate = Promise.withResolvers<void>()
    for (const name of NAMES) scene.faults.set(name, (_, honest) => gate.promise.then(honest))
    const anchored = log.anchor('1.a', 'w')
    await turns()
    expect(await log.transactions(undefined, 10)).toEqual([])
    expect((await log.head()).number).toBeUndefined()
    expect(scene.world.file).toContain(`${ORIGIN}\n0\n`)
    expect(log.tile(0, 0, 1)).toBeUndefined()
    gate.resolve()
    expect((await anchored).number).toBe(0)
    expect(cosignersOf(log.checkpoint()).length).toBeGreaterThanOrEqual(2)
    expect(scene.world.file).toBe(log.checkpoint())
    expect(await log.transactions(undefined, 10)).toHaveLength(1)
  })

  it('is held up by no minority: gone, hanging, or refusing', async () => {
    for (const fault of [
      UNREACHABLE,
      HANGING,
      async () => ({ status: 500, mediaType: TEXT, body: Buffer.alloc(0) }),
    ]) {
      const scene = new Scene()
      const log = await scene.open()
      scene.faults.set('w1', fault)
      for (let i = 0; i < 3; i++) await log.anchor(`1.${i}`, 'w')
      expect(cosignersOf(log.checkpoint()).sort()).toEqual(['w0.example', 'w2.example'])
    }
  })

  it('brings a witness up to date that was away, from whatever size that one is at', async () => {
    const scene = new Scene()
    const log = await scene.open()
    scene.faults.set('w1', UNREACHABLE)
    for (let i = 0; i < 300; i += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, j) => log.anchor(`1.${i + j}`, 'w')))
    }
    scene.faults.delete('w1')
    scene.faults.set('w0', UNREACHABLE)
    await log.anchor('1.last', 'w')
    expect(cosignersOf(log.checkpoint()).sort()).toEqual(['w1.example', 'w2.example'])
  })

  it('publishes later what waits for a quorum, and says so meanwhile', async () => {
    const scene = new Scene()
    const log = await scene.open()
    scene.faults.set('w0', UNREACHABLE)
    scene.faults.set('w1', UNREACHABLE)
    const anchored = log.anchor('1.a', 'w')
    await expect.poll(() => scene.cosigning.waitingSince).toBe(START)
    expect(log.problems()).toEqual([])
    scene.world.time += 60_000
    expect(log.problems()).toMatchObject([{ code: 'LEDGER_QUORUM_MISSING' }])
    expect(await log.transactions(undefined, 10)).toEqual([])
    scene.faults.clear()
    expect((await anchored).number).toBe(0)
    expect(log.problems()).toEqual([])
  })

  it('gives up waiting when it is closed, and publishes once it is opened again', async () => {
    const scene = new Scene()
    const log = await scene.open()
    for (const name of NAMES) scene.faults.set(name, UNREACHABLE)
    const anchored = log.anchor('1.a', 'w')
    const failure = expect(anchored).rejects.toMatchObject({ code: 'LEDGER_OUTCOME_UNKNOWN' })
    await turns()
    await log.close()
    await failure
    scene.faults.clear()
    const again = await scene.open()
    expect(await again.transactions(undefined, 10)).toMatchObject([{ number: 0, anchorString: '1.a' }])
  })

  it('takes no answer that is not a cosignature of this witness, of this checkpoint, now', async () => {
    const line = (i: number, note: string, time: number) =>
      signatureLine(textOfNote(note), (COSIGNERS[i] as (typeof COSIGNERS)[number]).at(time))
    const checkpointOf = (body: string) => parseAddCheckpoint(Buffer.from(body)).checkpoint
    const other = `${ORIGIN}\n7\n${Buffer.alloc(32, 1).toString('base64')}\n\n— x AAAAAAAA\n`
    const faults: Fault[] = [
      async body => answer(await line(2, checkpointOf(body), START)),
      async () => answer(await line(1, other, START)),
      async body => answer(await line(1, checkpointOf(body), START - 301)),
      async body => answer(await line(1, checkpointOf(body), START + 301)),
      async () => answer(''),
      async () => answer('no signature\n'),
      async () => answer('— w AAAAAAAA\n'.repeat(10_000)),
      async () => answer('\u{0}'.repeat(100_000)),
      async () => sizeAnswer(Number.MAX_SAFE_INTEGER),
      async () => ({ ...sizeAnswer(0), mediaType: TEXT }),
      async () => ({ status: 409, mediaType: SIZE_TYPE, body: Buffer.from('1e3\n') }),
    ]
    for (const fault of faults) {
      const scene = new Scene()
      const log = await scene.open()
      scene.faults.set('w1', fault)
      // The third one comes last, so that the log has looked at what the second has sent.
      scene.faults.set('w2', async (_, honest) => turns().then(honest))
      await log.anchor('1.a', 'w')
      expect(cosignersOf(log.checkpoint()).sort()).toEqual(['w0.example', 'w2.example'])
      expect(scene.failures().some(failure => failure.startsWith('w1 '))).toBe(true)
    }
  })

  it('has its checkpoint cosigned again while it does not grow', async () => {
    const scene = new Scene()
    const log = await scene.open()
    const timesOf = (note: string) =>
      openCheckpoint(
        note,
        ORIGIN,
        KEY.verifier,
        COSIGNERS.map(({ verifier }) => verifier),
      ).signatures.flatMap(({ timestamp }) => (timestamp === undefined ? [] : [timestamp]))
    expect(Math.max(...timesOf(log.checkpoint()))).toBe(START)
    scene.world.time += 60_000
    const [, transaction] = await Promise.all([log.cosignAgain(), log.anchor('1.a', 'w')])
    expect(transaction.number).toBe(0)
    await log.cosignAgain()
    expect(Math.min(...timesOf(log.checkpoint()))).toBe(START + 60)
    expect(await log.transactions(undefined, 10)).toHaveLength(1)
  })

  it('hands its witnesses no checkpoint that is not durable', async () => {
    const scene = new Scene()
    const log = await scene.open()
    scene.faults.set('w0', async (body, honest) => {
      const { size } = openCheckpoint(checkpointIn(body), ORIGIN, KEY.verifier)
      expect(scene.world.durableSize()).toBe(size)
      return honest()
    })
    for (let i = 0; i < 3; i++) await log.anchor(`1.${i}`, 'w')
  })

  it('shows in its proofs who has cosigned, and what a verifier without them lacks', async () => {
    const scene = new Scene()
    const log = await scene.open()
    const transaction = await log.anchor('1.a', 'w')
    const proof = await log.proof(transaction)
    const witnessed = (checkpoint: string) =>
      log
        .verify({ ...proof, checkpoint }, transaction)
        .filter(({ code }) => code === 'CHECKPOINT_WITNESSED')
        .map(({ result }) => result)
    expect(witnessed(proof.checkpoint)).toEqual(['pass'])
    const lines = proof.checkpoint.split('\n')
    const cut = `${lines.slice(0, 6).join('\n')}\n`
    expect(cosignersOf(cut).length).toBeLessThan(2)
    expect(witnessed(cut)).toEqual(['undecided'])
    expect(log.describe().roots.map(({ id }) => id)).toEqual(['log-key', 'log-witnesses'])
  })
})

describe('the start of a log with witnesses', () => {
  it('waits for so many that any quorum of the past has one of them', async () => {
    const scene = new Scene()
    await (await scene.open(1)).close()
    // Any single one may have cosigned something newer.
    scene.faults.set('w2', UNREACHABLE)
    const opening = scene.open(1)
    await expect.poll(() => scene.events.some(({ type }) => type === 'waiting-for-witnesses')).toBe(true)
    scene.faults.clear()
    expect(cosignersOf((await opening).checkpoint())).toHaveLength(3)
  })

  it('refuses to sign when a witness has seen more than the database has', async () => {
    const scene = new Scene()
    const log = await scene.open()
    await log.anchor('1.a', 'w')
    await log.close()
    const [disk, file] = [new Map(scene.world.disk), scene.world.file]
    const later = await scene.open()
    await later.anchor('1.b', 'w')
    await later.close()
    // Database and record of what was published, both put back.
    scene.world.disk = disk
    scene.world.file = file
    await expect(scene.open()).rejects.toMatchObject({ code: 'LEDGER_ROLLED_BACK' })
  })
})

function checkpointIn(body: string): string {
  return parseAddCheckpoint(Buffer.from(body)).checkpoint
}
