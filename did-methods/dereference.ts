import {
  type DIDDocument,
  type Service,
  type VerificationMethod,
  VerificationRelationship,
} from 'did-resolver'
import { isJsonObject } from '../src/codec/json.ts'
import { type DidUrl, parseDidUrl } from './did-url.ts'
import { DidError } from './errors.ts'

/** The five verification relationships (DID Core v1.0 section 5.3). */
export const RELATIONSHIPS = Object.values(VerificationRelationship)

/** What a DID URL names within a DID document. */
export type Dereferenced =
  | { kind: 'document'; document: DIDDocument }
  | {
      kind: 'verificationMethod'
      verificationMethod: VerificationMethod
      /** The relationships that list the method, by reference or by value. */
      relationships: VerificationRelationship[]
    }
  | { kind: 'service'; service: Service }
  /** URLs of the endpoints that `service` or `serviceType` selects, with `relativeRef` and the fragment applied. */
  | { kind: 'serviceEndpoints'; urls: string[] }

/**
 * Dereferences a DID URL against the document that its DID resolved to (DID Resolution v1, DID URL Dereferencing).
 * Relative ids count as those of the document's DID. A document of foreign origin may have any shape: what is not
 * shaped as DID Core says is passed over.
 * @param equivalents other DIDs of the same subject, such as a Sidetree DID's long form
 * @throws DidError DID_URL_INVALID, DID_URL_FOREIGN, DID_URL_NOT_FOUND, DID_URL_AMBIGUOUS
 */
export function dereference(
  document: DIDDocument,
  didUrl: string,
  equivalents: readonly string[] = [],
): Dereferenced {
  const url = parseDidUrl(didUrl)
  const subjects = new Set([document.id, ...equivalents])
  if (!subjects.has(url.did)) {
    throw new DidError('DID_URL_FOREIGN', 'the DID URL is about another DID than the document')
  }
  if (url.parameters.has('service') || url.parameters.has('serviceType')) {
    return { kind: 'serviceEndpoints', urls: endpoints(document, url, subjects) }
  }
  // Version parameters choose the document; what is left of the DID URL is looked up in it.
  const others = [...url.parameters.keys()].filter(name => name !== 'versionId' && name !== 'versionTime')
  if (url.path !== undefined || others.length > 0) throw notFound()
  return url.fragment === undefined
    ? { kind: 'document', document }
    : byFragment(document, url.fragment, subjects)
}

function byFragment(document: DIDDocument, fragment: string, subjects: ReadonlySet<string>): Dereferenced {
  const named = (item: { id: unknown }): boolean => fragmentOf(item.id, subjects) === fragment
  const listed = items<VerificationMethod>(document.verificationMethod)
  const embedded = RELATIONSHIPS.flatMap(name => items<VerificationMethod>(document[name]))
  const methods = [...listed, ...embedded].filter(named)
  const services = items<Service>(document.service).filter(named)
  if (methods.length + services.length > 1) {
    throw new DidError('DID_URL_AMBIGUOUS', 'the document holds several resources of that name')
  }
  const [verificationMethod] = methods
  if (verificationMethod !== undefined) {
    const lists = (entry: unknown): boolean =>
      fragmentOf(isJsonObject(entry) ? entry['id'] : entry, subjects) === fragment
    const relationships = RELATIONSHIPS.filter(name => list(document[name]).some(lists))
    return { kind: 'verificationMethod', verificationMethod, relationships }
  }
  const [service] = services
  if (service === undefined) throw notFound()
  return { kind: 'service', service }
}

function endpoints(document: DIDDocument, url: DidUrl, subjects: ReadonlySet<string>): string[] {
  const id = url.parameters.get('service')
  const type = url.parameters.get('serviceType')
  const relativeRef = url.parameters.get('relativeRef')
  const wanted = id === undefined ? undefined : serviceFragment(id, subjects)
  const selected = items<Service>(document.service).filter(
    service =>
      (wanted === undefined || fragmentOf(service.id, subjects) === wanted) &&
      (type === undefined || list(service.type).includes(type)),
  )
  const urls = selected
    .flatMap(service => list(service.serviceEndpoint))
    .filter(endpoint => typeof endpoint === 'string')
    .map(endpoint => apply(endpoint, relativeRef, url.fragment))
  if (urls.length === 0) throw notFound()
  return urls
}

/** The parameter `service` is an id, relative or absolute, or, as most write it, the fragment alone. */
function serviceFragment(id: string, subjects: ReadonlySet<string>): string {
  const fragment = id.includes('#') ? fragmentOf(id, subjects) : id
  if (fragment === undefined) throw notFound()
  return fragment
}

function apply(endpoint: string, relativeRef: string | undefined, fragment: string | undefined): string {
  if (relativeRef !== undefined && !URL.canParse(relativeRef, endpoint)) throw notFound()
  const target = relativeRef === undefined ? endpoint : new URL(relativeRef, endpoint).href
  if (fragment === undefined) return target
  if (target.includes('#')) {
    throw new DidError('DID_URL_INVALID', 'both the DID URL and the endpoint have a fragment')
  }
  return `${target}#${fragment}`
}

/** The fragment of an id of this document, relative or absolute; undefined for an id of anything else. */
function fragmentOf(id: unknown, subjects: ReadonlySet<string>): string | undefined {
  if (typeof id !== 'string') return undefined
  const hash = id.indexOf('#')
  if (hash < 0 || (hash > 0 && !subjects.has(id.slice(0, hash)))) return undefined
  return id.slice(hash + 1)
}

function items<T extends { id: string }>(value: unknown): T[] {
  return list(value).filter((item): item is T => isJsonObject(item) && typeof item['id'] === 'string')
}

function list(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  return value === undefined || value === null ? [] : [value]
}

function notFound(): DidError {
  return new DidError('DID_URL_NOT_FOUND', 'the document holds no resource of that name')
}
