import { timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { sha256 } from '../codec/hash.ts'
import { ApiError } from './errors.ts'

/** Methods that change nothing (RFC 9110 section 9.2.1). */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * Refuses what a page in someone's browser could send: requests to a name that is not this server's (DNS rebinding),
 * and writes from a page of another origin.
 */
export class BrowserGuard {
  readonly #hosts: ReadonlySet<string>
  /** The spelling that was allowed last: nearly always that of the next request. */
  #last = ''

  /** @param hosts as in `ApiParts` */
  constructor(hosts: readonly string[]) {
    this.#hosts = new Set(hosts.map(host => host.toLowerCase()))
  }

  /** @throws ApiError HOST_NOT_ALLOWED, ORIGIN_NOT_ALLOWED */
  check(request: FastifyRequest): void {
    const { host, origin } = request.raw.headers
    if (host === undefined || !this.#allows(host)) {
      throw new ApiError('HOST_NOT_ALLOWED', 'the header Host names none of the hosts of this server')
    }
    if (origin !== undefined && !SAFE.has(request.method) && !this.#isOwn(origin)) {
      throw new ApiError('ORIGIN_NOT_ALLOWED', 'the header Origin names none of the origins of this server')
    }
  }

  #allows(host: string): boolean {
    if (host === this.#last) return true
    const allowed = this.#allowsSpelling(host.toLowerCase())
    if (allowed) this.#last = host
    return allowed
  }

  /** Any port is allowed where the list has the host without one. */
  #allowsSpelling(host: string): boolean {
    return this.#hosts.has(host) || this.#hosts.has(host.replace(/:[0-9]{1,5}$/, ''))
  }

  #isOwn(origin: string): boolean {
    if (!URL.canParse(origin)) return false
    const { protocol, host } = new URL(origin)
    return (protocol === 'http:' || protocol === 'https:') && this.#allows(host)
  }
}

/** Asks for the node's token (RFC 6750), which is compared in constant time. */
export class TokenGuard {
  readonly #digest: Uint8Array

  constructor(token: string) {
    if (token === '') throw new TypeError('the token is empty')
    this.#digest = sha256(Buffer.from(token))
  }

  /** @throws ApiError TOKEN_REQUIRED, TOKEN_INVALID */
  require(request: FastifyRequest): void {
    const given = tokenOf(request)
    if (given === undefined) {
      throw new ApiError('TOKEN_REQUIRED', 'send the token as Authorization: Bearer TOKEN')
    }
    if (!this.#matches(given)) throw new ApiError('TOKEN_INVALID', 'the token is not that of this node')
  }

  /** True if the request carries the token. */
  has(request: FastifyRequest): boolean {
    const given = tokenOf(request)
    return given !== undefined && this.#matches(given)
  }

  #matches(given: string): boolean {
    return timingSafeEqual(sha256(Buffer.from(given)), this.#digest)
  }
}

/** The token that a request carries. */
export function tokenOf(request: FastifyRequest): string | undefined {
  return /^bearer +([^ ]+) *$/i.exec(request.raw.headers.authorization ?? '')?.[1]
}
