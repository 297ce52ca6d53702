import { Cosigning, type CosigningEvent } from '../../src/ledger/log/cosigning.ts'
import type { PostToWitness } from '../../src/ledger/log/witness-client.ts'
import { Witness } from '../../src/ledger/witness/witness.ts'
import { openCheckpoint } from '../../src/merkle/checkpoint.ts'
import { parsePolicy, type TlogPolicy } from '../../src/merkle/policy.ts'
import { COSIGNATURE_V1 } from '../../src/merkle/signature-types.ts'
import { formatSigningKey, parseCosignerKey } from '../../src/merkle/signing-key.ts'
import { SIZE_TYPE } from '../../src/merkle/witness-request.ts'
import type { Change } from '../../src/store/store.ts'
import { KEY, LogWorld, ORIGIN } from './log-world.ts'

export const NAMES = ['w0', 'w1', 'w2']
export const COSIGNERS = NAMES.map((name, i) =>
  parseCosignerKey(formatSigningKey(`${name}.example`, Buffer.alloc(32, 40 + i), COSIGNATURE_V1)),
)
export const TEXT = 'text/plain'

export type Answer = { status: number; mediaType: string | undefined; body: Uint8Array }
/** What a witness does with a request in place of answering it as it should. */
export type WitnessFault = (body: string, honest: () => Promise<Answer>) => Promise<Answer>

/** So many of these witnesses are a quorum. */
export function policyOf(quorum: number, names: readonly string[] = NAMES): TlogPolicy {
  const lines = names.map(name => {
    const vkey = COSIGNERS[NAMES.indexOf(name)]?.verifier.vkey
    return `witness ${name} ${vkey} https://${name}.example`
  })
  return parsePolicy([...lines, `group g ${quorum} ${names.join(' ')}`, 'quorum g\n'].join('\n'))
}

/** A log with three witnesses, two of which are a quorum; each outlives the log, and has the faults of a test. */
export class WitnessedWorld {
  readonly world = new LogWorld()
  readonly faults = new Map<string, WitnessFault>()
  readonly events: CosigningEvent[] = []
  readonly #disks = NAMES.map(() => new Map<string, Uint8Array>())
  #cosigning: Cosigning | undefined

  async open(quorum = 2, before?: TlogPolicy) {
    return this.world.open({ cosigning: this.collect(policyOf(quorum), before) })
  }

  /** What collects cosignatures for one process of the log. */
  collect(policy = policyOf(2), before?: TlogPolicy): Cosigning {
    const cosigning = new Cosigning({
      policy,
      ...(before === undefined ? {} : { before }),
      post: this.#post,
      now: () => Math.floor(this.world.time / 1000),
      onEvent: event => this.events.push(event),
    })
    this.#cosigning = cosigning
    return cosigning
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

export function sizeAnswer(size: number): Answer {
  return { status: 409, mediaType: SIZE_TYPE, body: Buffer.from(`${size}\n`) }
}

export function answer(body: string): Answer {
  return { status: 200, mediaType: TEXT, body: Buffer.from(body) }
}

/** A witness that is away. */
export const UNREACHABLE: WitnessFault = () => Promise.reject(new TypeError('no route'))

/** Names of those whose cosignatures are on a checkpoint. */
export function cosignersOf(note: string): string[] {
  const { signatures } = openCheckpoint(
    note,
    ORIGIN,
    KEY.verifier,
    COSIGNERS.map(({ verifier }) => verifier),
  )
  return signatures.map(({ verifier }) => verifier.name).filter(name => name !== ORIGIN)
}
