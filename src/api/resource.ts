import type { DIDDocument } from 'did-resolver'
import { DidError, dereference } from '../../did-methods/index.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../codec/json.ts'
import { ApiError } from './errors.ts'
import type { ResourceRequest } from './identifier.ts'

/** What a DID URL leads to: a part of the document, or places elsewhere. */
export type Resource = { kind: 'part'; content: JsonObject } | { kind: 'endpoints'; urls: string[] }

/**
 * Dereferences the part of a DID URL that follows the DID (DID Resolution v1, DID URL Dereferencing).
 * @param did the DID as it was asked for
 * @throws DidError
 */
export function findResource(document: JsonObject, did: string, request: ResourceRequest): Resource {
  const shaped = document as unknown as DIDDocument
  const found = dereference(shaped, didUrl(did, request), [did])
  switch (found.kind) {
    case 'document':
      return { kind: 'part', content: document }
    case 'verificationMethod':
      return { kind: 'part', content: found.verificationMethod as unknown as JsonObject }
    case 'service':
      return { kind: 'part', content: found.service as unknown as JsonObject }
    case 'serviceEndpoints': {
      const { relativeRef: _, fragment: __, ...service } = request
      if (request.relativeRef !== undefined) {
        requireSameOrigins(found.urls, dereference(shaped, didUrl(did, service), [did]))
      }
      return { kind: 'endpoints', urls: found.urls }
    }
  }
}

/** Where a client is sent to. @throws ApiError ENDPOINT_NOT_REDIRECTED for what is not a web address */
export function redirectTarget(urls: readonly string[]): string {
  const [first = ''] = urls
  const url = URL.canParse(first) ? new URL(first) : undefined
  if (url !== undefined && (url.protocol === 'https:' || url.protocol === 'http:')) return url.href
  throw new ApiError(
    'ENDPOINT_NOT_REDIRECTED',
    'the endpoint is not a web address; ask for application/did-url-dereferencing to get it as data',
  )
}

/** A copy of a document with its relative DID URLs made absolute (DID Resolution v1, expandRelativeUrls). */
export function withAbsoluteIds(document: JsonObject): JsonObject {
  const { id } = document
  if (typeof id !== 'string') return document
  const absolute = (text: JsonValue): JsonValue =>
    typeof text === 'string' && text.startsWith('#') ? `${id}${text}` : text
  const entry = (value: JsonValue): JsonValue =>
    isJsonObject(value) && value['id'] !== undefined
      ? { ...value, id: absolute(value['id']) }
      : absolute(value)
  const expanded: JsonObject = {}
  for (const [name, value] of Object.entries(document)) {
    expanded[name] = name !== '@context' && Array.isArray(value) ? value.map(entry) : value
  }
  return expanded
}

function didUrl(
  did: string,
  { path = '', fragment, service, serviceType, relativeRef }: ResourceRequest,
): string {
  const fields = Object.entries({ service, serviceType, relativeRef }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeQuery(value)}`],
  )
  const query = fields.length === 0 ? '' : `?${fields.join('&')}`
  return `${did}${path}${query}${fragment === undefined ? '' : `#${fragment}`}`
}

/**
 * A relative reference stays on the host that the owner of the DID has named; otherwise a link to this server could
 * lead anywhere.
 */
function requireSameOrigins(urls: readonly string[], base: ReturnType<typeof dereference>): void {
  const bases = base.kind === 'serviceEndpoints' ? base.urls : []
  const same = urls.every((url, i) => originOf(url) === originOf(bases[i] ?? ''))
  if (!same) throw new DidError('DID_URL_INVALID', 'relativeRef leads away from the endpoint')
}

function originOf(url: string): string {
  if (!URL.canParse(url)) return url
  const { protocol, host } = new URL(url)
  return `${protocol}//${host}`
}

function encodeQuery(text: string): string {
  if (!text.isWellFormed()) throw new DidError('DID_URL_INVALID', 'a parameter holds a lone surrogate')
  // Of what encodeURIComponent leaves, DID Core's grammar allows all in a query.
  return encodeURIComponent(text)
}
