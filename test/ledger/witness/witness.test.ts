import { describe, expect, it } from 'vitest'
import { Witness } from '../../../src/ledger/witness/witness.ts'
import { formatCheckpoint } from '../../../src/merkle/checkpoint.ts'
import { MAX_NOTE_BYTES, signNote, verifyNote } from '../../../src/merkle/note.ts'
import { ML_DSA_44 } from '../../../src/merkle/signature-types.ts'
import { formatSigningKey, parseCosignerKey, parseSigningKey } from '../../../src/merkle/signing-key.ts'
import { formatAddCheckpoint, parseCosignatures } from '../../../src/merkle/witness-request.ts'
import { COSIGNER, ID, LOG, Log, ORIGIN, START, World } from './witness-world.ts'

async function statusOf(witness: Witness, body: Uint8Array | Promise<Uint8Array>): Promise<number> {
  return (await witness.addCheckpoint(await body)).status
}

describe('a witness', () => {
  it('cosigns a checkpoint that continues the one before, with the time', async () => {
    const world = new World()
    const witness = world.open()
    const log = new Log(9)
    for (const [old, size] of [
      [0, 3],
      [3, 3],
      [3, 8],
      [8, 9],
    ] as const) {
      world.time += 10
      const answer = await witness.addCheckpoint(await log.request(old, size))
      expect(answer.status).toBe(200)
      const [line = ''] = parseCosignatures(Buffer.from('cosignatures' in answer ? answer.cosignatures : ''))
      const { signatures } = verifyNote((await log.checkpoint(size)) + line, [COSIGNER.verifier])
      expect(signatures.map(({ timestamp }) => timestamp)).toEqual([world.time])
      const newest = verifyNote(witness.newest(ID) ?? '', [COSIGNER.verifier, LOG.verifier])
      expect(newest.signatures).toHaveLength(2)
    }
  })

  it('begins with any size, and with the empty tree, of which nothing has to be shown', async () => {
    const log = new Log(7)
    expect(await statusOf(new World().open(), log.request(0, 7))).toBe(200)
    const witness = new World().open()
    expect(await statusOf(witness, log.request(0, 0))).toBe(200)
    expect(await statusOf(witness, log.request(0, 7))).toBe(200)
    const proof = new Log(7).proof(3, 7)
    const body = formatAddCheckpoint({ old: 0, proof, checkpoint: await log.checkpoint(7) })
    expect(await statusOf(new World().open(), Buffer.from(body))).toBe(422)
  })

  it('goes on after a restart from what it has answered', async () => {
    const world = new World()
    const log = new Log(9)
    expect(await statusOf(world.open(), log.request(0, 5))).toBe(200)
    expect(await world.open().addCheckpoint(await log.request(0, 9))).toEqual({ status: 409, size: 5 })
    expect(await statusOf(world.open(), log.request(5, 9))).toBe(200)
  })

  it('refuses a fork, of the same size and a larger one, and an older checkpoint', async () => {
    const witness = new World().open()
    const [log, fork] = [new Log(9), new Log(9, 4)]
    await witness.addCheckpoint(await log.request(0, 6))
    expect(await statusOf(witness, fork.request(6, 6))).toBe(422)
    expect(await statusOf(witness, fork.request(6, 9))).toBe(422)
    expect(await statusOf(witness, log.request(0, 5))).toBe(409)
    expect(await statusOf(witness, log.request(7, 5))).toBe(400)
    expect(await statusOf(witness, log.request(6, 9))).toBe(200)
  })

  it('keeps two checkpoints of one size that the log has signed, across restarts', async () => {
    const world = new World()
    const [log, fork] = [new Log(6), new Log(6, 4)]
    await world.open().addCheckpoint(await log.request(0, 6))
    expect(world.open().evidence(ID)).toBeUndefined()
    // Whatever old size it claims.
    await world.open().addCheckpoint(await fork.request(2, 6))
    const [first = '', second = ''] = world.open().evidence(ID) ?? []
    expect(verifyNote(first, [LOG.verifier]).text).not.toBe(verifyNote(second, [LOG.verifier]).text)
  })

  it('answers no request on what another has just changed (roll-back race)', async () => {
    const world = new World()
    const witness = world.open()
    const log = new Log(9)
    await witness.addCheckpoint(await log.request(0, 1))
    const gate = Promise.withResolvers<void>()
    world.slow = gate.promise
    const [long, short] = [log.request(1, 9), log.request(1, 3)].map(async body =>
      witness.addCheckpoint(await body),
    )
    gate.resolve()
    expect(await long).toMatchObject({ status: 200 })
    expect(await short).toEqual({ status: 409, size: 9 })
    expect(witness.newest(ID)).toContain(`${ORIGIN}\n9\n`)
  })

  it('gives no cosignature away that is not durable', async () => {
    const world = new World()
    const witness = world.open()
    const log = new Log(9)
    await witness.addCheckpoint(await log.request(0, 3))
    world.failing = true
    await expect(witness.addCheckpoint(await log.request(3, 9))).rejects.toThrow('the disk failed')
    world.failing = false
    expect(await statusOf(witness, log.request(3, 9))).toBe(200)
  })

  it('knows its logs by origin, and their keys', async () => {
    const witness = new World().open()
    const log = new Log(3)
    const ask = async (checkpoint: string) =>
      statusOf(witness, Buffer.from(formatAddCheckpoint({ old: 0, proof: [], checkpoint })))
    expect(await ask(await log.checkpoint(3, 'other.example'))).toBe(404)
    const other = parseSigningKey(formatSigningKey(ORIGIN, Buffer.alloc(32, 9)))
    expect(await ask(await log.checkpoint(3, ORIGIN, other))).toBe(403)
    const signed = await log.checkpoint(3)
    const broken = signed.replace(/.{8}\n$/, match => `AAAA${match.slice(4)}`)
    expect(await ask(broken)).toBe(403)
    expect(await statusOf(witness, Buffer.from('old 0\n\nnonsense'))).toBe(400)
    expect(witness.newest(ID)).toBeUndefined()
  })

  it('never signs with an earlier time than before; and not at all when its clock was set far back', async () => {
    const world = new World()
    const witness = world.open()
    const log = new Log(9)
    const timeOf = async (old: number, size: number) => {
      const answer = await witness.addCheckpoint(await log.request(old, size))
      if (!('cosignatures' in answer)) return answer.status
      return verifyNote((await log.checkpoint(size)) + answer.cosignatures, [COSIGNER.verifier]).signatures[0]
        ?.timestamp
    }
    expect(await timeOf(0, 3)).toBe(START)
    world.time -= 300
    expect(await timeOf(3, 4)).toBe(START)
    world.time -= 1
    expect(await timeOf(4, 5)).toBe(503)
    world.time = START + 1
    expect(await timeOf(4, 5)).toBe(START + 1)
  })

  it('answers 422 to an empty tree with another root, whose signature it has verified first', async () => {
    const world = new World()
    const text = formatCheckpoint(ORIGIN, 0, Buffer.alloc(32, 1))
    const other = parseSigningKey(formatSigningKey(ORIGIN, Buffer.alloc(32, 9)))
    const ask = async (checkpoint: string) =>
      statusOf(world.open(), Buffer.from(formatAddCheckpoint({ old: 0, proof: [], checkpoint })))
    expect(await ask(await signNote(text, [LOG]))).toBe(422)
    expect(await ask(await signNote(text, [other]))).toBe(403)
    // Nor does it take the place of evidence that can be verified.
    expect(await statusOf(world.open(), new Log(3).request(0, 0))).toBe(200)
    expect(await ask(await signNote(text, [LOG]))).toBe(422)
    expect(world.open().evidence(ID)).toBeUndefined()
  })

  it('answers 403 to signature lines that are none, and to more than 100', async () => {
    const witness = new World().open()
    const checkpoint = await new Log(3).checkpoint(3)
    const foreign = '— other.example AAAAAAAA\n'
    const ask = (more: string) =>
      statusOf(
        witness,
        Buffer.from(formatAddCheckpoint({ old: 0, proof: [], checkpoint: checkpoint + more })),
      )
    expect(await ask('— other.example\n')).toBe(403)
    expect(await ask(foreign.repeat(10_000))).toBe(403)
    expect(await ask(foreign.repeat(99))).toBe(200)
  })

  it('keeps one signature of the log, however often the note repeats it', async () => {
    const witness = new World().open()
    const checkpoint = await new Log(3).checkpoint(3)
    const line = `${checkpoint.trimEnd().split('\n').at(-1)}\n`
    const repeated = checkpoint + line.repeat(99)
    const body = formatAddCheckpoint({ old: 0, proof: [], checkpoint: repeated })
    expect(await statusOf(witness, Buffer.from(body))).toBe(200)
    expect(witness.newest(ID)?.split('\n')).toHaveLength(checkpoint.split('\n').length + 1)
  })

  it('takes the largest note that a cosignature fits on, and none that is larger', async () => {
    const world = new World()
    const start = formatCheckpoint(ORIGIN, 3, Buffer.alloc(32, 1))
    const room = MAX_NOTE_BYTES - Buffer.byteLength(await signNote(start, [LOG])) - 2
    const ask = async (length: number) => {
      // What takes the most bytes in a record of the database.
      const checkpoint = await signNote(`${start}${'"'.repeat(length)}\n`, [LOG])
      const old = world.open().status()[0]?.newest?.size ?? 0
      return statusOf(world.open(), Buffer.from(formatAddCheckpoint({ old, proof: [], checkpoint })))
    }
    expect(await ask(room)).toBe(400)
    expect(await ask(room - 200)).toBe(200)
    expect(await ask(room - 200)).toBe(200)
  })

  it('tells how it fares with its logs', async () => {
    const world = new World()
    const [log, fork] = [new Log(6), new Log(6, 4)]
    const status = () => world.open().status()
    expect(status()).toEqual([{ origin: ORIGIN, newest: undefined, hasTwoHistories: false }])
    await world.open().addCheckpoint(await log.request(0, 6))
    const newest = { size: 6, time: START }
    expect(status()).toEqual([{ origin: ORIGIN, newest, hasTwoHistories: false }])
    await world.open().addCheckpoint(await fork.request(6, 6))
    expect(status()).toEqual([{ origin: ORIGIN, newest, hasTwoHistories: true }])
    world.time -= 300
    expect(world.open().logsAheadOfClock()).toEqual([])
    world.time -= 1
    expect(world.open().logsAheadOfClock()).toEqual([ORIGIN])
  })
})

describe('a witness with a key of ML-DSA-44', () => {
  it('refuses a checkpoint that its key cannot sign, and keeps nothing of it', async () => {
    const origin = 'o'.repeat(256)
    const log = parseSigningKey(formatSigningKey('log.example', Buffer.alloc(32, 1)))
    const disk = new Map<string, Uint8Array>()
    const witness = new Witness({
      store: { get: key => disk.get(Buffer.from(key).toString('hex')), commit: () => Promise.reject(disk) },
      logs: [{ origin, verifier: log.verifier }],
      cosigner: parseCosignerKey(formatSigningKey('witness.example', Buffer.alloc(32, 2), ML_DSA_44)),
      now: () => START,
    })
    const checkpoint = await signNote(formatCheckpoint(origin, 1, Buffer.alloc(32, 1)), [log])
    const body = formatAddCheckpoint({ old: 0, proof: [], checkpoint })
    expect(await witness.addCheckpoint(Buffer.from(body))).toMatchObject({ status: 400 })
  })
})
