import type { FastifyRequest } from 'fastify'
import { ApiError } from './errors.ts'
import { tokenOf } from './guard.ts'
import type { ApiLimits, Writer, Writers } from './parts.ts'

/** What a writer has sent since a moment. */
interface Sent {
  /** Unix milliseconds. */
  since: number
  requests: number
  bytes: number
}

const MINUTE = 60_000

/**
 * Lets in those whom the operator of the log has made writers, each within its limits. Who they are is shown by a token
 * of their own (RFC 6750); a signature by a DID would be another scheme of the same header, and would find its writer
 * here too.
 */
export class WriterGuard {
  readonly #writers: Writers
  readonly #limits: ApiLimits
  readonly #now: () => number
  readonly #sent = new Map<string, Sent>()

  /** @param now Unix milliseconds */
  constructor(writers: Writers, limits: ApiLimits, now: () => number) {
    this.#writers = writers
    this.#limits = limits
    this.#now = now
  }

  /** Whose request it is. @throws ApiError TOKEN_REQUIRED, TOKEN_INVALID, WRITER_REVOKED, RATE_LIMITED */
  async admit(request: FastifyRequest): Promise<Writer> {
    const token = tokenOf(request)
    if (token === undefined) {
      throw new ApiError('TOKEN_REQUIRED', 'send the token of the writer as Authorization: Bearer TOKEN')
    }
    const writer = await this.#writers.find(token)
    if (writer === undefined)
      throw new ApiError('TOKEN_INVALID', 'the token is that of no writer of this log')
    if (writer.revoked) {
      throw new ApiError('WRITER_REVOKED', `the operator of the log has revoked the writer ${writer.name}`)
    }
    this.#count(writer)
    return writer
  }

  /** Says how large a body was, once it is there. */
  received({ name }: Writer, bytes: number): void {
    const sent = this.#sent.get(name)
    if (sent !== undefined) sent.bytes += bytes
  }

  #count({ name }: Writer): void {
    const { submissionsPerMinute, submissionBytesPerMinute } = this.#limits
    const now = this.#now()
    const before = this.#sent.get(name)
    const stands = before !== undefined && now >= before.since && now - before.since < MINUTE
    const sent = stands ? before : { since: now, requests: 0, bytes: 0 }
    if (sent.requests >= submissionsPerMinute || sent.bytes >= submissionBytesPerMinute) {
      throw new ApiError(
        'RATE_LIMITED',
        `the writer ${name} has sent ${sent.requests} submissions with ${sent.bytes} bytes within a minute; try again later`,
      )
    }
    sent.requests++
    this.#sent.set(name, sent)
  }
}
