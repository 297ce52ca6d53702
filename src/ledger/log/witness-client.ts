import { MerkleError } from '../../merkle/errors.ts'
import { parseDecimal } from '../../merkle/hash-lines.ts'
import { verifyNote } from '../../merkle/note.ts'
import type { SignatureFacts } from '../../merkle/signature-types.ts'
import type { NoteVerifier } from '../../merkle/vkey.ts'
import { formatAddCheckpoint, parseCosignatures, SIZE_TYPE } from '../../merkle/witness-request.ts'

/** A checkpoint that the log has signed and nobody has seen yet. */
export interface SignedHead {
  size: number
  checkpoint: string
  /** Consistency proof from a smaller size. */
  proof: (old: number) => Uint8Array[]
}

/** How a witness fares, for health and metrics. */
export interface WitnessStatus {
  name: string
  /** When it last cosigned: Unix seconds; undefined while it has not. */
  cosignedAt: number | undefined
  cosignatures: number
  failures: number
  /** Why it did not cosign when it was asked last; undefined where it did, or was not asked yet. */
  failure: WitnessFailure['code'] | undefined
}

/** Sends a request to a witness: its URL and the body. Bounded in time and size; rejects where no answer comes. */
export type PostToWitness = (
  url: string,
  body: string,
) => Promise<{ status: number; mediaType: string | undefined; body: Uint8Array }>

/** Why a witness has not cosigned. */
export interface WitnessFailure {
  /**
   * `ahead`: it has cosigned a larger tree. `conflict`: it has cosigned another one. `invalid`: what it sent is no
   * cosignature that counts. `superseded`: it was busy, and a newer checkpoint took the place of this one.
   */
  code: 'unreachable' | 'refused' | 'ahead' | 'conflict' | 'invalid' | 'superseded'
  /** A part of a sentence that begins with the name of the witness. */
  detail: string
}

/** A signature line, or why there is none. */
export type WitnessReply = { line: string } | { failure: WitnessFailure }

/** How far the time of a cosignature may be from the clock, in seconds. */
const MAX_TIME_APART = 300

const SUPERSEDED: WitnessReply = { failure: { code: 'superseded', detail: 'was busy' } }

/**
 * One witness, as the log sees it. It is asked one thing at a time; of what waits for its answer, only the newest
 * checkpoint is sent.
 */
export class WitnessClient {
  readonly name: string
  readonly vkey: string
  readonly #verifier: NoteVerifier
  readonly #url: string
  readonly #post: PostToWitness
  readonly #now: () => number
  /** Size that the witness is at, as far as it has told. */
  #size: number | undefined
  #asking: Promise<unknown> = Promise.resolve()
  #newest: SignedHead | undefined
  #cosignedAt: number | undefined
  #cosignatures = 0
  #failures = 0
  #failure: WitnessFailure['code'] | undefined

  constructor(parts: {
    name: string
    verifier: NoteVerifier
    url: string
    post: PostToWitness
    now: () => number
  }) {
    this.name = parts.name
    this.vkey = parts.verifier.vkey
    this.#verifier = parts.verifier
    this.#url = `${parts.url}/add-checkpoint`
    this.#post = parts.post
    this.#now = parts.now
  }

  status(): WitnessStatus {
    return {
      name: this.name,
      cosignedAt: this.#cosignedAt,
      cosignatures: this.#cosignatures,
      failures: this.#failures,
      failure: this.#failure,
    }
  }

  /** Asks for a cosignature. Rejects only where the proof for it cannot be made. */
  ask(head: SignedHead): Promise<WitnessReply> {
    this.#newest = head
    const reply = this.#asking.then(() => (this.#newest === head ? this.#exchange(head) : SUPERSEDED))
    this.#asking = reply.catch(() => {})
    return reply
  }

  async #exchange(head: SignedHead): Promise<WitnessReply> {
    const guess = Math.min(this.#size ?? head.size, head.size)
    const first = await this.#request(head, guess)
    const reply = 'size' in first ? await this.#catchUp(head, first.size) : first
    if ('line' in reply) {
      this.#size = head.size
      this.#cosignatures++
    } else this.#failures++
    this.#failure = 'line' in reply ? undefined : reply.failure.code
    return reply
  }

  /** The witness was at another size than this log thought. */
  async #catchUp(head: SignedHead, size: number): Promise<WitnessReply> {
    if (size > head.size) {
      return failed('ahead', `has cosigned a tree of ${size} leaves, and this log has ${head.size}`)
    }
    const second = await this.#request(head, size)
    return 'size' in second ? failed('refused', 'says another size each time') : second
  }

  async #request(head: SignedHead, old: number): Promise<WitnessReply | { size: number }> {
    const request = { old, proof: head.proof(old), checkpoint: head.checkpoint }
    let answer: Awaited<ReturnType<PostToWitness>>
    try {
      answer = await this.#post(this.#url, formatAddCheckpoint(request))
    } catch (error) {
      return failed(
        'unreachable',
        `cannot be reached: ${error instanceof Error ? error.message : 'no answer'}`,
      )
    }
    const { status, mediaType, body } = answer
    if (status === 200) return this.#verified(head, body)
    if (status === 422)
      return failed('conflict', `refuses the tree of ${head.size} leaves as another history`)
    const size = status === 409 && mediaType === SIZE_TYPE ? sizeIn(body) : undefined
    return size === undefined ? failed('refused', `answered with the status ${status}`) : { size }
  }

  /** The first line that is this witness's own valid cosignature, now, of this checkpoint; whatever else it sent is dropped. */
  #verified({ checkpoint }: SignedHead, body: Uint8Array): WitnessReply {
    try {
      for (const line of parseCosignatures(body)) {
        const facts = this.#factsOf(checkpoint, line)
        if (facts === undefined) continue
        const { timestamp: time } = facts
        if (time === undefined) return failed('invalid', 'has cosigned without a time')
        if (Math.abs(time - this.#now()) > MAX_TIME_APART) {
          return failed('invalid', 'has cosigned with a time that is more than five minutes off')
        }
        this.#cosignedAt = time
        return { line }
      }
    } catch (error) {
      if (!(error instanceof MerkleError)) throw error
      return failed('invalid', `has sent no cosignature: ${error.message}`)
    }
    return failed('invalid', 'has sent a cosignature that is not its own')
  }

  #factsOf(checkpoint: string, line: string): SignatureFacts | undefined {
    try {
      return verifyNote(checkpoint + line, [this.#verifier]).signatures[0]
    } catch (error) {
      if (error instanceof MerkleError && error.code === 'NOTE_UNVERIFIED') return undefined
      throw error
    }
  }
}

function failed(code: WitnessFailure['code'], detail: string): { failure: WitnessFailure } {
  return { failure: { code, detail } }
}

function sizeIn(body: Uint8Array): number | undefined {
  return body.length > 32 ? undefined : parseDecimal(Buffer.from(body).toString('latin1').replace(/\n$/, ''))
}
