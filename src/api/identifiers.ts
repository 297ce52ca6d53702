import type { FastifyReply, FastifyRequest } from 'fastify'
import { isJsonObject, type JsonObject } from '../codec/json.ts'
import type { Resolution, SidetreeNode } from '../node/types.ts'
import { chooseType } from './accept.ts'
import { ApiError, ResolutionError } from './errors.ts'
import type { Gate } from './gate.ts'
import type { TokenGuard } from './guard.ts'
import { type Identifier, readIdentifier } from './identifier.ts'
import type { ForeignMethods } from './parts.ts'
import { answerTo, logFailure, sendProblem } from './problem.ts'
import { failureIn, problemOf, type ResolutionProblem, resolutionProblem } from './resolution-errors.ts'
import { findResource, redirectTarget, withAbsoluteIds } from './resource.ts'
import { type Answer, etagOf, hasIt, IMMUTABLE, REVALIDATE, sendAnswer } from './respond.ts'

/** Where DIDs are resolved (DID Resolution v1, HTTP(S) Binding). */
export const IDENTIFIERS_PATH = '/1.0/identifiers/'

const RESULT = 'application/did-resolution'
const LD_RESULT = 'application/ld+json;profile="https://w3id.org/did-resolution"'
const DEREFERENCED = 'application/did-url-dereferencing'

/** Media types of the whole result, the default first, and of the document alone. */
export const RESULT_TYPES = [RESULT, LD_RESULT, 'application/json'] as const
export const DOCUMENT_TYPES = [
  'application/did',
  'application/did+ld+json',
  'application/did+json',
  'application/ld+json',
] as const
const RESOLUTION_TYPES = [...RESULT_TYPES, ...DOCUMENT_TYPES] as const
const PART_TYPES = ['application/json', DEREFERENCED, ...DOCUMENT_TYPES] as const
const ENDPOINT_TYPES = ['text/uri-list', DEREFERENCED] as const
const RESULT_CONTEXT = 'https://w3id.org/did-resolution/v1'

export interface IdentifierParts {
  node: SidetreeNode
  methods: ForeignMethods | undefined
  token: TokenGuard
  /** For what reads all operations of a DID. */
  reports: Gate
  foreign: Gate
}

interface Exchange {
  request: FastifyRequest
  reply: FastifyReply
}

/** A resolution, from this node or by a driver of another method. */
interface Resolved {
  result: JsonObject
  body: string
  etag: string
  deactivated: boolean
  immutable: boolean
}

/** Answers `GET /1.0/identifiers/{did}`. */
export class IdentifierHandler {
  readonly #parts: IdentifierParts
  readonly #prefix: string

  constructor(parts: IdentifierParts) {
    this.#parts = parts
    this.#prefix = `${IDENTIFIERS_PATH}did:${parts.node.method}:`
  }

  readonly handle = (request: FastifyRequest, reply: FastifyReply): void => {
    const { url = '', headers } = request.raw
    const { accept } = headers
    const exchange = { request, reply }
    const plain = accept === undefined || accept === '*/*' || accept === RESULT
    if (plain && url.startsWith(this.#prefix) && !/[%?#/;]/.test(url.slice(this.#prefix.length))) {
      this.#answerNewest(url.slice(IDENTIFIERS_PATH.length), exchange)
    } else {
      this.#answer(url, exchange).catch((error: unknown) => this.#fail(error, exchange))
    }
  }

  /**
   * What nearly every request asks for: the newest state of a DID of this node, as the text that is at hand. A promise
   * that is not needed would cost a fifth of the answer.
   */
  #answerNewest(did: string, exchange: Exchange): void {
    const { node } = this.#parts
    const fail = (error: unknown) => this.#fail(error, exchange)
    // Before anything fails: how a failure is told follows Accept too.
    exchange.reply.header('vary', 'accept')
    try {
      const atHand = node.atHand(did)
      if (atHand !== undefined) this.#sendNewest(atHand, exchange)
      else
        node
          .resolve(did)
          .then(found => this.#sendNewest(found, exchange))
          .catch(fail)
    } catch (error) {
      fail(error)
    }
  }

  #sendNewest({ body, etag, deactivated }: Resolution, { request, reply }: Exchange): void {
    reply.header('etag', etag).header('cache-control', REVALIDATE)
    if (deactivated) reply.code(410)
    else if (hasIt(request.raw.headers['if-none-match'], etag)) {
      reply.code(304).send()
      return
    }
    reply.header('content-type', RESULT).send(body)
  }

  async #answer(url: string, exchange: Exchange): Promise<void> {
    const { request, reply } = exchange
    const identifier = readIdentifier(url, IDENTIFIERS_PATH)
    const { resource } = identifier
    const isEndpoint = resource?.service !== undefined || resource?.serviceType !== undefined
    const types = resource === undefined ? RESOLUTION_TYPES : isEndpoint ? ENDPOINT_TYPES : PART_TYPES
    const type = chooseType(request.raw.headers.accept, types)
    if (type === undefined) {
      throw new ApiError('NOT_ACCEPTABLE', `the answer is given as ${types.join(', ')}`)
    }
    reply.header('vary', 'accept')
    const resolved = await this.#resolve(identifier, request)
    if (resolved.deactivated) reply.code(410)
    // Of a deactivated DID there is nothing to be led to.
    const isWhole = resource === undefined || resolved.deactivated
    if (isWhole) this.#sendResolution(resolved, resource === undefined ? type : RESULT, identifier, exchange)
    else this.#sendResource(resolved, type, identifier, exchange)
  }

  async #resolve(identifier: Identifier, request: FastifyRequest): Promise<Resolved> {
    const { node, reports } = this.#parts
    const { did, method, version } = identifier
    if (method !== node.method) return this.#resolveForeign(identifier, request)
    const resolve = async () => {
      const { result, ...rest } = await node.resolve(did, version)
      return { ...rest, result: result as unknown as JsonObject }
    }
    return Object.keys(version).length === 0 ? resolve() : reports.run(resolve)
  }

  async #resolveForeign({ did, method, version }: Identifier, request: FastifyRequest): Promise<Resolved> {
    const { methods, token, foreign } = this.#parts
    if (methods === undefined) {
      const sentence = `did:${method} is not resolved here`
      throw new ResolutionError('methodNotSupported', 'DID_METHOD_UNSUPPORTED', sentence)
    }
    if (methods.fetching.includes(method)) token.require(request)
    const found = await foreign.run(() => methods.resolver.resolve(did, { ...version }))
    const failure = failureIn(found.didResolutionMetadata)
    if (failure !== undefined) throw failure
    const result = { '@context': RESULT_CONTEXT, ...found } as unknown as JsonObject
    const body = JSON.stringify(result)
    const deactivated = found.didDocumentMetadata.deactivated === true
    return { result, body, etag: etagOf(body), deactivated, immutable: false }
  }

  #sendResolution(resolved: Resolved, type: string, identifier: Identifier, exchange: Exchange): void {
    const { result, body, etag, immutable } = resolved
    const cacheControl = immutable ? IMMUTABLE : REVALIDATE
    const isWhole = RESULT_TYPES.some(known => known === type)
    if (isWhole && !identifier.expandRelativeUrls) {
      send({ body: Buffer.from(body), contentType: type, etag, cacheControl }, exchange)
      return
    }
    const didDocument = documentOf(resolved)
    const document = identifier.expandRelativeUrls ? withAbsoluteIds(didDocument) : didDocument
    const bytes = Buffer.from(JSON.stringify(isWhole ? { ...result, didDocument: document } : document))
    send({ body: bytes, contentType: type, etag: etagOf(bytes), cacheControl }, exchange)
  }

  #sendResource(
    resolved: Resolved,
    type: string,
    { did, resource = {}, expandRelativeUrls }: Identifier,
    exchange: Exchange,
  ): void {
    const document = documentOf(resolved)
    const found = findResource(expandRelativeUrls ? withAbsoluteIds(document) : document, did, resource)
    if (type === 'text/uri-list' && found.kind === 'endpoints') {
      exchange.reply
        .code(303)
        .header('location', redirectTarget(found.urls))
        .header('cache-control', REVALIDATE)
      exchange.reply.send()
      return
    }
    const content = found.kind === 'endpoints' ? found.urls : found.content
    const contentType = found.kind === 'endpoints' ? 'text/uri-list' : PART_TYPES[0]
    const answer =
      type === DEREFERENCED
        ? {
            content,
            dereferencingMetadata: { contentType },
            contentMetadata: resolved.result['didDocumentMetadata'] ?? {},
          }
        : content
    const bytes = Buffer.from(JSON.stringify(answer))
    const cacheControl = resolved.immutable ? IMMUTABLE : REVALIDATE
    send({ body: bytes, contentType: type, etag: etagOf(bytes), cacheControl }, exchange)
  }

  #fail(error: unknown, { request, reply }: Exchange): void {
    if (reply.sent) {
      logFailure(500, error, request)
      return
    }
    const answer = answerTo(error)
    const failed = answer.problem.status === 500
    const problem =
      problemOf(error) ??
      (failed ? resolutionProblem('internalError', answer.problem.code, answer.problem.detail) : undefined)
    if (problem === undefined) {
      sendProblem(error, request, reply)
      return
    }
    if (failed) logFailure(500, error, request)
    const [type, body] = isDereferencing(request.raw.headers.accept)
      ? [
          DEREFERENCED,
          { content: null, dereferencingMetadata: { error: problem.error }, contentMetadata: {} },
        ]
      : [RESULT, failedResult(problem)]
    reply.code(problem.status).header('content-type', type).header('cache-control', 'no-store')
    reply.send(Buffer.from(JSON.stringify(body)))
  }
}

function failedResult({ error }: ResolutionProblem): JsonObject {
  return {
    '@context': RESULT_CONTEXT,
    didDocument: null,
    didResolutionMetadata: { error },
    didDocumentMetadata: {},
  }
}

/** Sends 200 with what the client may keep; of a deactivated DID, 410, which is never 304. */
function send(answer: Answer, { request, reply }: Exchange): void {
  if (reply.statusCode !== 410) {
    sendAnswer(request, reply, answer)
    return
  }
  reply.header('etag', answer.etag).header('cache-control', answer.cacheControl)
  reply.header('content-type', answer.contentType).send(answer.body)
}

/** @throws ResolutionError where there is no document, as with some deactivated DIDs of other methods */
function documentOf({ result }: Resolved): JsonObject {
  const { didDocument } = result
  if (isJsonObject(didDocument)) return didDocument
  throw new ResolutionError('notFound', 'DID_URL_NOT_FOUND', 'the DID has no document')
}

function isDereferencing(accept: string | undefined): boolean {
  return chooseType(accept, [RESULT, DEREFERENCED]) === DEREFERENCED
}
