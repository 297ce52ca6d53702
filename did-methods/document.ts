import type { DIDDocument } from 'did-resolver'
import { isJsonObject, type JsonObject, type JsonValue } from '../src/codec/json.ts'
import { RELATIONSHIPS } from './dereference.ts'
import { parseDidUrl } from './did-url.ts'
import { DidError } from './errors.ts'
import { holdsPrivateKey } from './public-key.ts'

const DID_CONTEXTS: readonly unknown[] = ['https://www.w3.org/ns/did/v1', 'https://www.w3.org/ns/did/v1.1']

/** What a method demands of its documents. */
export interface DocumentRules {
  /** True for an id that the document may have. */
  isSubject: (id: string) => boolean
  /** Whether ids such as `#key` may stand for those of the document's DID. */
  relativeUrls: 'accept' | 'refuse'
}

/**
 * Checks a DID document of foreign origin by DID Core v1.0 section 5: the shapes of its properties, that ids are DID
 * URLs and unique, and that it holds no private key. Properties that DID Core does not know are let be.
 * @throws DidError DOCUMENT_INVALID, DOCUMENT_ID_MISMATCH, DOCUMENT_RELATIVE_URL, DOCUMENT_PRIVATE_KEY
 */
export function checkDocument(document: JsonObject, { isSubject, relativeUrls }: DocumentRules): DIDDocument {
  const { id } = document
  if (typeof id !== 'string' || !isSubject(id)) {
    throw new DidError('DOCUMENT_ID_MISMATCH', 'the document is about another DID than the one asked for')
  }
  checkContext(document['@context'])
  checkStrings(document, 'alsoKnownAs')
  if (typeof document['controller'] !== 'string') checkStrings(document, 'controller')
  const ids = new Ids(relativeUrls)
  for (const method of listOf(document, 'verificationMethod')) checkMethod(method, ids)
  for (const name of RELATIONSHIPS) {
    for (const entry of listOf(document, name)) {
      if (typeof entry === 'string') ids.checkDidUrl(entry)
      else checkMethod(entry, ids)
    }
  }
  for (const service of listOf(document, 'service')) checkService(service, ids)
  return document as unknown as DIDDocument
}

/** The ids that were seen in a document. */
class Ids {
  readonly #relativeUrls: DocumentRules['relativeUrls']
  readonly #seen = new Set<string>()

  constructor(relativeUrls: DocumentRules['relativeUrls']) {
    this.#relativeUrls = relativeUrls
  }

  add(id: string): void {
    this.#checkRelative(id)
    if (this.#seen.has(id)) throw invalid('two resources have the same id')
    this.#seen.add(id)
  }

  /** A reference to a verification method, or its own id. */
  checkDidUrl(text: string): void {
    this.#checkRelative(text)
    if (text.startsWith('#')) return
    try {
      parseDidUrl(text)
    } catch (cause) {
      throw new DidError('DOCUMENT_INVALID', 'the id of a verification method is not a DID URL', cause)
    }
  }

  #checkRelative(text: string): void {
    if (text.startsWith('#') && this.#relativeUrls === 'refuse') {
      throw new DidError('DOCUMENT_RELATIVE_URL', 'the document holds a relative DID URL')
    }
  }
}

/** DID Core v1.0 section 6.3.1: where there is a JSON-LD context, that of DIDs comes first. */
function checkContext(context: JsonValue | undefined): void {
  const first = Array.isArray(context) ? context[0] : context
  if (context !== undefined && !DID_CONTEXTS.includes(first)) {
    throw invalid('the first @context is not that of DID documents')
  }
}

function checkMethod(method: JsonValue, ids: Ids): void {
  const { id, type, controller, publicKeyJwk } = requireObject(method, 'a verification method')
  if (typeof id !== 'string') throw invalid('a verification method has no id')
  ids.checkDidUrl(id)
  ids.add(id)
  if (typeof type !== 'string') throw invalid('a verification method has no type')
  if (typeof controller !== 'string') throw invalid('a verification method has no controller')
  if (publicKeyJwk === undefined) return
  const jwk = requireObject(publicKeyJwk, 'publicKeyJwk')
  if (holdsPrivateKey(jwk)) {
    throw new DidError('DOCUMENT_PRIVATE_KEY', 'a publicKeyJwk holds a private key')
  }
}

function checkService(service: JsonValue, ids: Ids): void {
  const { id, type, serviceEndpoint } = requireObject(service, 'a service')
  // The id of a service may be any URI (DID Core v1.0 section 5.4).
  if (typeof id !== 'string') throw invalid('a service has no id')
  ids.add(id)
  const types = Array.isArray(type) ? type : [type]
  if (types.length === 0 || types.some(item => typeof item !== 'string'))
    throw invalid('a service has no type')
  if (
    !isEndpoint(serviceEndpoint) &&
    !(Array.isArray(serviceEndpoint) && serviceEndpoint.every(isEndpoint))
  ) {
    throw invalid('a service has no endpoint')
  }
}

function isEndpoint(value: JsonValue | undefined): boolean {
  return typeof value === 'string' || isJsonObject(value)
}

function checkStrings(document: JsonObject, name: string): void {
  if (listOf(document, name).some(item => typeof item !== 'string')) {
    throw invalid(`${name} holds something that is not a text`)
  }
}

function listOf(document: JsonObject, name: string): JsonValue[] {
  const value = document[name]
  if (value === undefined) return []
  if (!Array.isArray(value)) throw invalid(`${name} is not a list`)
  return value
}

function requireObject(value: JsonValue, what: string): JsonObject {
  if (!isJsonObject(value)) throw invalid(`${what} is not an object`)
  return value
}

function invalid(message: string): DidError {
  return new DidError('DOCUMENT_INVALID', message)
}
