import type { DIDDocument, DIDDocumentMetadata, DIDResolutionResult } from 'did-resolver'
import { CodecError } from '../../src/codec/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue, parseJsonObject } from '../../src/codec/json.ts'
import { type FetchOptions, type FetchResult, guardedFetch } from '../../src/net/guarded-fetch.ts'
import type { VersionRequest } from '../did-url.ts'
import { checkDocument } from '../document.ts'
import { DidError, REMOTE_ERROR, type ResolutionErrorName } from '../errors.ts'
import { type Origin, RESOLUTION_ERRORS, resolving } from '../result.ts'
import type { SidetreeResolver } from './driver.ts'
import { shortForm } from './form.ts'

/** Bounds of the fetch, where it may go, and how it is authorised. */
export interface RemoteSidetreeOptions
  extends Pick<
    FetchOptions,
    | 'maxBytes'
    | 'timeoutMs'
    | 'maxRedirects'
    | 'allowHttp'
    | 'allowPrivate'
    | 'ports'
    | 'ca'
    | 'lookup'
    | 'signal'
  > {
  /** Bearer token, for a node that asks for one. */
  token?: string
}

/**
 * A node elsewhere, asked by the HTTP(S) binding of DID Resolution v1. What it answers is its word: nothing of it is
 * checked but that the document is about the DID that was asked for, and its results have the basis `remote`.
 * @param url where the node is, without `/1.0/identifiers/`
 */
export function remoteSidetree(url: string, options: RemoteSidetreeOptions = {}): SidetreeResolver {
  const { token, ...fetchOptions } = options
  const headers: Record<string, string> = { accept: 'application/did-resolution' }
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`
  return {
    resolve: (did, version) =>
      resolving(async () => {
        const response = await guardedFetch(identifierUrl(url, did, version), { ...fetchOptions, headers })
        return readResult(response, did, { basis: 'remote', source: new URL(url).origin })
      }),
  }
}

/** DID Resolution v1, HTTP(S) Binding: the DID as one path segment, the options as the query. */
function identifierUrl(base: string, did: string, { versionId, versionTime }: VersionRequest): string {
  const query = new URLSearchParams()
  if (versionId !== undefined) query.set('versionId', versionId)
  if (versionTime !== undefined) query.set('versionTime', versionTime)
  const path = `${base.replace(/\/+$/, '')}/1.0/identifiers/${encodeURIComponent(did)}`
  return query.size === 0 ? path : `${path}?${query}`
}

function readResult(response: FetchResult, did: string, origin: Origin): DIDResolutionResult {
  const answer = parse(response.body)
  const didDocumentMetadata = (
    answer === undefined ? {} : objectAt(answer, 'didDocumentMetadata')
  ) as DIDDocumentMetadata
  const status = response.status
  if (status === 410 && answer !== undefined && didDocumentMetadata.deactivated === true) {
    return { didResolutionMetadata: { ...origin }, didDocument: documentOf(answer, did), didDocumentMetadata }
  }
  if (status !== 200) return failure(response, answer, origin)
  const didDocument = answer === undefined ? null : documentOf(answer, did)
  if (didDocument === null) {
    throw new DidError('REMOTE_ANSWER_INVALID', 'the other node answered without a DID document')
  }
  return { didResolutionMetadata: { ...origin }, didDocument, didDocumentMetadata }
}

/** A document is taken if its id is the DID in its short or long form. */
function documentOf(answer: JsonObject, did: string): DIDDocument | null {
  const document = answer['didDocument'] ?? null
  if (document === null) return null
  if (!isJsonObject(document)) throw new DidError('DOCUMENT_INVALID', 'the document is not an object')
  const subject = shortForm(did)
  return checkDocument(document, {
    isSubject: id => id === did || isFormOf(id, subject),
    relativeUrls: 'accept',
  })
}

function isFormOf(id: string, subject: string): boolean {
  try {
    return shortForm(id) === subject
  } catch (error) {
    if (error instanceof DidError) return false
    throw error
  }
}

/** The error that the other node names, else the one that its status stands for. */
function failure(
  { status }: FetchResult,
  answer: JsonObject | undefined,
  origin: Origin,
): DIDResolutionResult {
  const said = answer === undefined ? undefined : objectAt(answer, 'didResolutionMetadata')['error']
  const error = errorNamed(said) ?? errorOfStatus(status)
  const transient = error === 'internalError' ? { transient: true } : {}
  return {
    didResolutionMetadata: {
      error,
      code: REMOTE_ERROR,
      errorMessage: detailOf(said) ?? `the other node answered with status ${status}`,
      ...transient,
      ...origin,
    },
    didDocument: null,
    didDocumentMetadata: {},
  }
}

const NAMES = Object.keys(RESOLUTION_ERRORS) as ResolutionErrorName[]

/** An error is an object with a URI (DID Resolution v1), or its name alone, as in DID Core v1.0. */
function errorNamed(said: JsonValue | undefined): ResolutionErrorName | undefined {
  const text = isJsonObject(said) ? said['type'] : said
  return NAMES.find(name => text === name || text === RESOLUTION_ERRORS[name].type)
}

function errorOfStatus(status: number): ResolutionErrorName {
  if (status === 400) return 'invalidDid'
  if (status === 404 || status === 410) return 'notFound'
  if (status === 406) return 'representationNotSupported'
  return status === 501 ? 'methodNotSupported' : 'internalError'
}

const MAX_DETAIL_LENGTH = 500

function detailOf(said: JsonValue | undefined): string | undefined {
  const detail = isJsonObject(said) ? (said['detail'] ?? said['title']) : undefined
  return typeof detail === 'string' ? detail.slice(0, MAX_DETAIL_LENGTH) : undefined
}

function objectAt(answer: JsonObject, name: string): JsonObject {
  const value = answer[name]
  return isJsonObject(value) ? value : {}
}

/** Undefined where the body is not JSON, as that of a proxy's error page. */
function parse(body: Uint8Array): JsonObject | undefined {
  try {
    return parseJsonObject(body, { maxBytes: body.length })
  } catch (error) {
    if (error instanceof CodecError) return undefined
    throw error
  }
}
