import { describe, expect, it } from 'vitest'
import { sha256 } from '../../../src/codec/hash.ts'
import { Witness } from '../../../src/ledger/witness/witness.ts'
import { formatCheckpoint } from '../../../src/merkle/checkpoint.ts'
import { consistencyProof } from '../../../src/merkle/make-proof.ts'
import { signNote, verifyNote } from '../../../src/merkle/note.ts'
import { COSIGNATURE_V1 } from '../../../src/merkle/signature-types.ts'
import { formatSigningKey, parseCosignerKey, parseSigningKey } from '../../../src/merkle/signing-key.ts'
import { hashLeaf, rootOf } from '../../../src/merkle/tree.ts'
import { formatAddCheckpoint, parseCosignatures } from '../../../src/merkle/witness-request.ts'
import type { Change } from '../../../src/store/store.ts'

const START = 1_800_000_000
const ORIGIN = 'log.example/tree'
const LOG = parseSigningKey(formatSigningKey(ORIGIN, Buffer.alloc(32, 1)))
const COSIGNER = parseCosignerKey(formatSigningKey('witness.example', Buffer.alloc(32, 2), COSIGNATURE_V1))

/** A disk that outlives the witness, and a clock. */
class World {
  readonly disk = new Map<string, Uint8Array>()
  time = START
  /** Waits for each commit before it takes effect. */
  slow: Promise<void> | undefined
  failing = false

  open(): Witness {
    const store = {
      get: (key: Uint8Array) => this.disk.get(Buffer.from(key).toString('hex')),
      commit: async (changes: Change[]) => {
        await this.slow
        if (this.failing) throw new TypeError('the disk failed')
        for (const { key, value = '' } of changes)
          this.disk.set(Buffer.from(key).toString('hex'), Buffer.from(value as string))
      },
    }
    const logs = [{ origin: ORIGIN, verifier: LOG.verifier }]
    return new Witness({ store, logs, cosigner: COSIGNER, now: () => this.time })
  }
}

/** A log of so many entries, of which those from `fork` on are of another history. */
class Log {
  readonly #leaves: Buffer[]

  constructor(size: number, fork = Number.POSITIVE_INFINITY) {
    this.#leaves = Array.from({ length: size }, (_, i) =>
      hashLeaf(Buffer.from(`${i < fork ? '' : 'other '}${i}`)),
    )
  }

  async checkpoint(size: number, origin = ORIGIN, key = LOG): Promise<string> {
    return signNote(formatCheckpoint(origin, size, rootOf(this.#leaves.slice(0, size))), [key])
  }

  async request(old: number, size: number): Promise<Buffer> {
    const checkpoint = await this.checkpoint(size)
    return Buffer.from(formatAddCheckpoint({ old, proof: this.proof(old, size), checkpoint }))
  }

  proof(old: number, size: number): Uint8Array[] {
    if (old === 0 || old >= size) return []
    return consistencyProof(old, size, (level, index) =>
      rootOf(this.#leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)),
    )
  }
}

const ID = sha256(ORIGIN).toString('hex')

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
})
