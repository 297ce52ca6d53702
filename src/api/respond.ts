import type { FastifyReply, FastifyRequest } from 'fastify'
import { encodedSha256 } from '../codec/hash.ts'

/** What never changes under its URL. */
export const IMMUTABLE = 'public, max-age=31536000, immutable'
/** What may be kept, but is asked for again before it is used. */
export const REVALIDATE = 'no-cache'

/** An answer that a client may keep. */
export interface Answer {
  body: Uint8Array | string
  contentType: string
  /** With its quotation marks. */
  etag: string
  cacheControl: string
}

/** Answers 200, or 304 where the client has it already. */
export function sendAnswer(request: FastifyRequest, reply: FastifyReply, answer: Answer): FastifyReply {
  const { body, contentType, etag, cacheControl } = answer
  reply.header('etag', etag).header('cache-control', cacheControl)
  if (hasIt(request.raw.headers['if-none-match'], etag)) return reply.code(304).send()
  return reply.header('content-type', contentType).send(body)
}

/** Answers with JSON that is asked for again each time, and not sent again while it is the same. */
export function sendJson(request: FastifyRequest, reply: FastifyReply, value: unknown): FastifyReply {
  const body = Buffer.from(JSON.stringify(value))
  return sendAnswer(request, reply, {
    body,
    contentType: 'application/json; charset=utf-8',
    etag: etagOf(body),
    cacheControl: REVALIDATE,
  })
}

/** A strong entity tag that follows from the bytes, or from the UTF-8 encoding of a text. */
export function etagOf(body: Uint8Array | string): string {
  return `"${encodedSha256(body)}"`
}

/** True if the client says with If-None-Match that it has this representation (RFC 9110 section 13.1.2). */
export function hasIt(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  const tag = etag.replace(/^W\//, '')
  return ifNoneMatch.split(',').some(item => item.trim().replace(/^W\//, '') === tag)
}
