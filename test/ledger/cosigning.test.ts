import { describe, expect, it } from 'vitest'
import { Cosigning } from '../../src/ledger/log/cosigning.ts'
import { WitnessClient } from '../../src/ledger/log/witness-client.ts'
import { formatCheckpoint, openCheckpoint } from '../../src/merkle/checkpoint.ts'
import { signatureLine, signNote, textOfNote } from '../../src/merkle/note.ts'
import { parsePolicy, type TlogPolicy } from '../../src/merkle/policy.ts'
import { ML_DSA_44 } from '../../src/merkle/signature-types.ts'
import { formatSigningKey, parseCosignerKey } from '../../src/merkle/signing-key.ts'
import { EMPTY_ROOT } from '../../src/merkle/tree.ts'
import { parseAddCheckpoint, SIZE_TYPE } from '../../src/merkle/witness-request.ts'
import { StoreError } from '../../src/store/errors.ts'
import { KEY, ORIGIN, START } from './log-world.ts'
import {
  answer,
  COSIGNERS,
  cosignersOf,
  NAMES,
  policyOf,
  sizeAnswer,
  TEXT,
  UNREACHABLE,
  WitnessedWorld,
  type WitnessFault,
} from './witnessed-world.ts'

const HANGING: WitnessFault = () => new Promise(() => {})

/** Lets what is under way go on. */
async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
}

describe('a log with witnesses', () => {
  it('publishes what a quorum has cosigned, and nothing before', async () => {
    const scene = new WitnessedWorld()
    const log = await scene.open()
    expect(cosignersOf(log.checkpoint()).length).toBeGreaterThanOrEqual(2)
    const gate = Promise.withResolvers<void>()
    for (const name of NAMES) scene.faults.set(name, (_, honest) => gate.promise.then(honest))
    const anchored = log.anchor('1.a', 'w')
    await turns()
    expect(await log.transactions(undefined, 10)).toEqual([])
    expect((await log.head()).number).toBeUndefined()
    expect(scene.world.file).toContain(`${ORIGIN}\n0\n`)
    // What witnesses are asked to cosign can be read, as mirrors do before they cosign.
    expect(log.tile(0, 0, 1)).toHaveLength(32)
    expect(log.checkpoint()).toContain(`${ORIGIN}\n0\n`)
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
      const scene = new WitnessedWorld()
      const log = await scene.open()
      scene.faults.set('w1', fault)
      for (let i = 0; i < 3; i++) await log.anchor(`1.${i}`, 'w')
      expect(cosignersOf(log.checkpoint()).sort()).toEqual(['w0.example', 'w2.example'])
    }
  })

  it('brings a witness up to date that was away, from whatever size that one is at', async () => {
    const scene = new WitnessedWorld()
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
    const scene = new WitnessedWorld()
    const log = await scene.open()
    scene.faults.set('w0', UNREACHABLE)
    scene.faults.set('w1', UNREACHABLE)
    const anchored = log.anchor('1.a', 'w')
    await expect.poll(() => scene.cosigning.waitingSince).toBe(START)
    expect(log.problems()).toEqual([])
    scene.world.time += 60_000
    expect(log.problems()).toEqual([
      {
        code: 'LEDGER_QUORUM_MISSING',
        detail:
          'too few witnesses have cosigned the newest checkpoint for 60 s; missing: w0 (unreachable), w1 (unreachable)',
      },
    ])
    expect(await log.transactions(undefined, 10)).toEqual([])
    scene.faults.clear()
    expect((await anchored).number).toBe(0)
    expect(log.problems()).toEqual([])
  })

  it('gives up waiting when it is closed, and publishes once it is opened again', async () => {
    const scene = new WitnessedWorld()
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

  it('answers what waits behind a checkpoint that is cosigned again before it lets go of the database', async () => {
    const scene = new WitnessedWorld()
    const log = await scene.open()
    const gate = Promise.withResolvers<void>()
    for (const name of NAMES) scene.faults.set(name, (_, honest) => gate.promise.then(honest))
    const again = log.cosignAgain()
    let answered = false
    const anchored = log.anchor('1.a', 'w').finally(() => {
      answered = true
    })
    await turns()
    const closed = log.close().then(() => answered)
    gate.resolve()
    expect(await closed).toBe(true)
    expect((await anchored).number).toBe(0)
    await again
  })

  it('does not wait long for witnesses that hang, once it is closed', async () => {
    const scene = new WitnessedWorld()
    const log = await scene.open()
    for (const name of NAMES) scene.faults.set(name, HANGING)
    const failure = expect(log.anchor('1.a', 'w')).rejects.toMatchObject({ code: 'LEDGER_OUTCOME_UNKNOWN' })
    await turns()
    await log.close()
    await failure
  })

  it('tells once that a witness fails, and that it is back; and counts each time', async () => {
    const scene = new WitnessedWorld()
    const log = await scene.open()
    // The other two answer after it, so that it is looked at in each round.
    for (const name of ['w0', 'w2']) scene.faults.set(name, async (_, honest) => turns().then(honest))
    scene.faults.set('w1', UNREACHABLE)
    for (let i = 0; i < 3; i++) await log.anchor(`1.${i}`, 'w')
    expect(scene.failures()).toEqual(['w1 unreachable'])
    const status = () => log.witnesses().find(({ name }) => name === 'w1')
    expect(status()).toMatchObject({ failures: 3, failure: 'unreachable', cosignedAt: START })
    scene.faults.set('w1', async () => ({ status: 500, mediaType: TEXT, body: Buffer.alloc(0) }))
    await log.anchor('1.refused', 'w')
    scene.faults.delete('w1')
    await log.anchor('1.back', 'w')
    expect(scene.failures()).toEqual(['w1 unreachable', 'w1 refused'])
    expect(scene.events.at(-1)).toEqual({ type: 'witness-back', witness: 'w1' })
    expect(status()).toMatchObject({ failures: 4, failure: undefined })
  })

  it('asks a witness again after a proof for it could not be made', async () => {
    const scene = new WitnessedWorld()
    const log = await scene.open()
    await log.anchor('1.a', 'w')
    const head = { size: 1, checkpoint: log.checkpoint().split('\n').slice(0, 5).join('\n').concat('\n') }
    const failing = () => {
      throw new StoreError('STORE_CORRUPT', 'world', 'a tile is damaged')
    }
    const { cosigning } = scene
    await expect(cosigning.cosign({ ...head, proof: failing })).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
    })
    expect(cosignersOf(await cosigning.cosign({ ...head, proof: () => [] })).length).toBeGreaterThanOrEqual(2)
  })

  it('needs a policy that asks for someone', () => {
    const policy = parsePolicy(`witness w0 ${COSIGNERS[0]?.verifier.vkey} https://w0.example\nquorum none\n`)
    expect(() => new Cosigning({ policy, post: async () => answer(''), now: () => START })).toThrow(TypeError)
  })

  it('takes no answer that is not a cosignature of this witness, of this checkpoint, now', async () => {
    const line = (i: number, note: string, time: number) =>
      signatureLine(textOfNote(note), (COSIGNERS[i] as (typeof COSIGNERS)[number]).at(time))
    const checkpointOf = (body: string) => parseAddCheckpoint(Buffer.from(body)).checkpoint
    const other = `${ORIGIN}\n7\n${Buffer.alloc(32, 1).toString('base64')}\n\n— x AAAAAAAA\n`
    const faults: WitnessFault[] = [
      async body => answer(await line(2, checkpointOf(body), START)),
      async () => answer(await line(1, other, START)),
      async body => answer(await line(1, checkpointOf(body), START - 301)),
      async body => answer(await line(1, checkpointOf(body), START + 301)),
      async body => answer(await line(1, checkpointOf(body), START - 365 * 86_400)),
      async body => answer(await line(1, checkpointOf(body), START + 365 * 86_400)),
      async () => answer(''),
      async () => answer('no signature\n'),
      async () => answer('— w AAAAAAAA\n'.repeat(10_000)),
      async () => answer('\u{0}'.repeat(100_000)),
      async () => sizeAnswer(Number.MAX_SAFE_INTEGER),
      async () => ({ ...sizeAnswer(0), mediaType: TEXT }),
      async () => ({ status: 409, mediaType: SIZE_TYPE, body: Buffer.from('1e3\n') }),
    ]
    for (const fault of faults) {
      const scene = new WitnessedWorld()
      const log = await scene.open()
      scene.faults.set('w1', fault)
      // The third one comes last, so that the log has looked at what the second has sent.
      scene.faults.set('w2', async (_, honest) => turns().then(honest))
      await log.anchor('1.a', 'w')
      expect(cosignersOf(log.checkpoint()).sort()).toEqual(['w0.example', 'w2.example'])
      expect(scene.failures().some(failure => failure.startsWith('w1 '))).toBe(true)
    }
  })

  it('takes no cosignature without a time, which it calls that', async () => {
    const cosigner = parseCosignerKey(formatSigningKey('pq.example', Buffer.alloc(32, 70), ML_DSA_44))
    const client = (time: number) =>
      new WitnessClient({
        name: 'pq',
        verifier: cosigner.verifier,
        url: 'https://pq.example',
        post: async (_, body) =>
          answer(await signatureLine(textOfNote(checkpointIn(body)), cosigner.at(time))),
        now: () => START,
      })
    const checkpoint = await signNote(formatCheckpoint(ORIGIN, 0, EMPTY_ROOT), [KEY])
    const head = { size: 0, checkpoint, proof: () => [] }
    expect(await client(START).ask(head)).toHaveProperty('line')
    expect(await client(0).ask(head)).toMatchObject({
      failure: { code: 'invalid', detail: 'has cosigned without a time' },
    })
  })

  it('has its checkpoint cosigned again while it does not grow', async () => {
    const scene = new WitnessedWorld()
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

  it('still vouches for the time while it is only cosigned again', async () => {
    const scene = new WitnessedWorld()
    const log = await scene.open()
    await log.anchor('1.a', 'w')
    scene.world.time += 3_600_000
    const gate = Promise.withResolvers<void>()
    for (const name of NAMES) scene.faults.set(name, (_, honest) => gate.promise.then(honest))
    const again = log.cosignAgain()
    await turns()
    expect((await log.head()).time).toBe(START + 3599)
    const anchored = log.anchor('1.b', 'w')
    gate.resolve()
    await again
    expect((await anchored).time).toBe(START + 3600)
  })

  it('vouches for no time after a leaf that waits for witnesses', async () => {
    const scene = new WitnessedWorld()
    const log = await scene.open()
    await log.anchor('1.a', 'w')
    scene.world.time += 10_000
    for (const name of NAMES) scene.faults.set(name, UNREACHABLE)
    const anchored = log.anchor('1.b', 'w')
    await turns()
    scene.world.time += 10_000
    expect((await log.head()).time).toBe(START)
    scene.faults.clear()
    expect((await anchored).time).toBe(START + 10)
    expect((await log.head()).time).toBe(START + 19)
  })

  it('keeps what is published, and takes anchors, where it cannot be cosigned again', async () => {
    const scene = new WitnessedWorld()
    const log = await scene.open()
    const before = log.checkpoint()
    for (const name of NAMES) scene.faults.set(name, UNREACHABLE)
    await log.cosignAgain()
    expect(log.checkpoint()).toBe(before)
    expect(await log.transactions(undefined, 10)).toEqual([])
    const anchored = log.anchor('1.a', 'w')
    await expect.poll(() => scene.world.durableSize()).toBe(1)
    scene.faults.clear()
    expect((await anchored).number).toBe(0)
  })

  it('holds no reader up for witnesses after its disk has failed', async () => {
    const scene = new WitnessedWorld()
    const log = await scene.open()
    for (const step of [1, 2]) {
      scene.world.fault = { step, applied: true, kills: false }
      await expect(log.anchor(`1.${step}`, 'w')).rejects.toMatchObject({ code: 'LEDGER_OUTCOME_UNKNOWN' })
      for (const name of NAMES) scene.faults.set(name, UNREACHABLE)
      await expect(log.transactions(undefined, 10)).rejects.toMatchObject({ code: 'LEDGER_QUORUM_MISSING' })
      await expect(log.head()).rejects.toMatchObject({ code: 'LEDGER_QUORUM_MISSING' })
      // Nothing was taken: this is no outcome that is unknown.
      await expect(log.anchor('1.no', 'w')).rejects.toMatchObject({ code: 'LEDGER_QUORUM_MISSING' })
      scene.faults.clear()
      expect(await log.transactions(undefined, 10)).toHaveLength(step)
    }
  })

  it('hands its witnesses no checkpoint that is not durable', async () => {
    const scene = new WitnessedWorld()
    const log = await scene.open()
    scene.faults.set('w0', async (body, honest) => {
      const { size } = openCheckpoint(checkpointIn(body), ORIGIN, KEY.verifier)
      expect(scene.world.durableSize()).toBe(size)
      return honest()
    })
    for (let i = 0; i < 3; i++) await log.anchor(`1.${i}`, 'w')
  })

  it('shows in its proofs who has cosigned, and what a verifier without them lacks', async () => {
    const scene = new WitnessedWorld()
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
    const cosignatures = log.verify(proof, transaction).flatMap(check => check.cosignatures ?? [])
    expect(cosignatures.map(({ root }) => root.name.replace('the witness ', '')).sort()).toEqual(
      cosignersOf(proof.checkpoint)
        .map(name => name.replace('.example', ''))
        .sort(),
    )
  })
})

describe('the start of a log with witnesses', () => {
  it('waits for so many that any quorum of the past has one of them', async () => {
    const scene = new WitnessedWorld()
    await (await scene.open(1)).close()
    // Any single one may have cosigned something newer.
    scene.faults.set('w2', UNREACHABLE)
    const opening = scene.open(1)
    await expect.poll(() => scene.events.some(({ type }) => type === 'waiting-for-witnesses')).toBe(true)
    scene.faults.clear()
    expect(cosignersOf((await opening).checkpoint())).toHaveLength(3)
  })

  it('refuses to sign when a witness has seen more than the database has', async () => {
    const scene = new WitnessedWorld()
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

  it('refuses to sign when a witness has seen another history of the same size', async () => {
    const scene = new WitnessedWorld()
    await (await scene.open()).close()
    const [disk, file] = [new Map(scene.world.disk), scene.world.file]
    // A copy of the log that no witness has heard of takes one leaf, and the log itself another.
    const copy = await scene.world.open()
    await copy.anchor('1.copy', 'w')
    await copy.close()
    const copied = { disk: scene.world.disk, file: scene.world.file }
    Object.assign(scene.world, { disk, file })
    const log = await scene.open()
    await log.anchor('1.log', 'w')
    await log.close()
    Object.assign(scene.world, copied)
    await expect(scene.open()).rejects.toMatchObject({
      code: 'LEDGER_ROLLED_BACK',
      message: expect.stringContaining('refuses the tree of 1 leaves as another history'),
    })
  })

  it('gives up when it is released, and takes up its place at the next start', async () => {
    const scene = new WitnessedWorld()
    for (const name of NAMES) scene.faults.set(name, UNREACHABLE)
    const opening = scene.open()
    await expect.poll(() => scene.events.some(({ type }) => type === 'waiting-for-witnesses')).toBe(true)
    scene.cosigning.release()
    await expect(opening).rejects.toMatchObject({ code: 'LEDGER_QUORUM_MISSING' })
    expect(scene.world.file).toBeUndefined()
    scene.faults.clear()
    expect(cosignersOf((await scene.open()).checkpoint()).length).toBeGreaterThanOrEqual(2)
  })
})

function checkpointIn(body: string): string {
  return parseAddCheckpoint(Buffer.from(body)).checkpoint
}

describe('the start of a log with another policy than before', () => {
  const NONE = parsePolicy('quorum none\n')

  it('asks the witnesses of both, and publishes what those of the new one have cosigned', async () => {
    const scene = new WitnessedWorld()
    await (await scene.world.open({ cosigning: scene.collect(policyOf(1, ['w0'])) })).close()
    const gate = Promise.withResolvers<void>()
    scene.faults.set('w0', (_, honest) => gate.promise.then(honest))
    const cosigning = scene.collect(policyOf(1, ['w1']), policyOf(1, ['w0']))
    const opening = scene.world.open({ cosigning })
    await turns()
    const written = scene.world.written.length
    gate.resolve()
    const log = await opening
    expect(scene.world.written).toHaveLength(written + 1)
    expect(cosignersOf(log.checkpoint())).toEqual(['w1.example'])
    // From then on they are asked no more.
    scene.faults.set('w0', UNREACHABLE)
    await log.anchor('1.a', 'w')
    expect(log.witnesses().map(({ name }) => name)).toEqual(['w1'])
    expect(scene.failures()).toEqual([])
  })

  it.each<[string, TlogPolicy]>([
    ['other witnesses', policyOf(1, ['w1'])],
    ['none', NONE],
  ])(
    'refuses to sign, with %s, when one of before has seen more than the database has',
    async (_, policy) => {
      const scene = new WitnessedWorld()
      const before = policyOf(1, ['w0'])
      const log = await scene.world.open({ cosigning: scene.collect(before) })
      const [disk, file] = [new Map(scene.world.disk), scene.world.file]
      await log.anchor('1.a', 'w')
      await log.close()
      // All of the disk is put back: nobody but the witness of before knows of the anchor.
      Object.assign(scene.world, { disk, file })
      const opening = scene.world.open({ cosigning: scene.collect(policy, before) })
      await expect(opening).rejects.toMatchObject({ code: 'LEDGER_ROLLED_BACK' })
    },
  )

  it('waits for no more of before than one in each quorum', async () => {
    const scene = new WitnessedWorld()
    await (await scene.open()).close()
    scene.faults.set('w2', UNREACHABLE)
    const cosigning = scene.collect(policyOf(1, ['w0']), policyOf(2))
    const log = await scene.world.open({ cosigning })
    expect(cosignersOf(log.checkpoint())).toEqual(['w0.example'])
  })

  it('says whom it waits for, and ends when it is told to', async () => {
    const scene = new WitnessedWorld()
    scene.faults.set('w2', UNREACHABLE)
    const cosigning = scene.collect(NONE, policyOf(1, ['w2']))
    const opening = scene.world.open({ cosigning })
    const ended = expect(opening).rejects.toMatchObject({ code: 'LEDGER_QUORUM_MISSING' })
    await expect
      .poll(() => scene.events)
      .toContainEqual({
        type: 'waiting-for-witnesses',
        witnesses: ['w2 (of the policy before)'],
      })
    cosigning.release()
    await ended
    expect(scene.world.written).toEqual([])
  })

  it('goes on without witnesses once those of before have been asked', async () => {
    const scene = new WitnessedWorld()
    const log = await scene.world.open({ cosigning: scene.collect(NONE, policyOf(2)) })
    for (const name of NAMES) scene.faults.set(name, UNREACHABLE)
    expect((await log.anchor('1.a', 'w')).number).toBe(0)
    await log.cosignAgain()
    expect(cosignersOf(log.checkpoint())).toEqual([])
    expect(log.describe().roots.map(({ id }) => id)).toEqual(['log-key'])
  })
})
