import { DidError, type DidUrl, MAX_DID_LENGTH, parseDidUrl } from '../../did-methods/index.ts'
import type { VersionOptions } from '../node/types.ts'
import { ApiError } from './errors.ts'

/** What a request asks to resolve or to dereference. */
export interface Identifier {
  did: string
  /** Name of the DID method. */
  method: string
  version: VersionOptions
  /** Makes the ids in the document absolute (DID Resolution v1, option expandRelativeUrls). */
  expandRelativeUrls: boolean
  /** Set where a resource is asked for rather than the document. */
  resource?: ResourceRequest
}

/** The parts of a DID URL that name a resource (DID Resolution v1, DID URL Dereferencing). */
export interface ResourceRequest {
  path?: string
  fragment?: string
  service?: string
  serviceType?: string
  relativeRef?: string
}

const RESOURCE_PARAMETERS = ['service', 'serviceType', 'relativeRef'] as const
const FLAGS = ['noCache', 'expandRelativeUrls'] as const
const KNOWN: ReadonlySet<string> = new Set(['versionId', 'versionTime', ...RESOURCE_PARAMETERS, ...FLAGS])

/**
 * Reads the DID or DID URL and the options out of a URL whose path starts with `prefix` (DID Resolution v1, HTTP(S)
 * Binding). The DID URL may stand in the path percent-encoded, or as it is, with its query as that of the URL;
 * options and parameters of the DID URL count alike.
 * @param url path and query, as they came
 * @throws DidError DID_INVALID, DID_URL_INVALID, DID_OPTION_INVALID; ApiError DID_OPTION_UNSUPPORTED
 */
export function readIdentifier(url: string, prefix: string): Identifier {
  const parsed = parse(didUrlIn(url, prefix))
  const { did, method, parameters } = parsed
  for (const name of parameters.keys()) {
    if (!KNOWN.has(name)) {
      throw new ApiError('DID_OPTION_UNSUPPORTED', `the option ${name.slice(0, 64)} is not supported`)
    }
  }
  // Every answer comes from the state of the ledger as it was last read, so that noCache asks for nothing more.
  flag(parameters, 'noCache')
  const identifier: Identifier = {
    did,
    method,
    version: versionOf(parameters),
    expandRelativeUrls: flag(parameters, 'expandRelativeUrls'),
  }
  const resource = resourceOf(parsed)
  return resource === undefined ? identifier : { ...identifier, resource }
}

/** The DID URL, decoded once, with the query of the URL as its own. */
function didUrlIn(url: string, prefix: string): string {
  const mark = url.indexOf('?')
  const path = url.slice(prefix.length, mark < 0 ? undefined : mark)
  const options = mark < 0 ? '' : url.slice(mark + 1)
  const decoded = decode(path)
  if (options === '') return decoded
  const hash = decoded.indexOf('#')
  const base = hash < 0 ? decoded : decoded.slice(0, hash)
  const fragment = hash < 0 ? '' : decoded.slice(hash)
  return `${base}${base.includes('?') ? '&' : '?'}${options}${fragment}`
}

/**
 * A DID that starts with `did:` was not encoded, so that percent-encoding in it is its own, as in
 * `did:web:localhost%3A3000`; but an encoded `#` or `?` ends it, and what follows was encoded.
 */
function decode(path: string): string {
  if (!path.includes('%')) return path
  const encoded = path.startsWith('did:') ? path.search(/%(?:23|3[fF])/) : 0
  if (encoded < 0) return path
  try {
    return path.slice(0, encoded) + decodeURIComponent(path.slice(encoded))
  } catch (cause) {
    throw new DidError('DID_INVALID', 'the percent-encoding of the DID is not UTF-8', cause)
  }
}

/** What is not even the beginning of a DID URL is an invalid DID. */
function parse(text: string): DidUrl {
  if (text.length > MAX_DID_LENGTH) throw new DidError('DID_INVALID', 'the DID is too long')
  try {
    return parseDidUrl(text)
  } catch (error) {
    const isUrl = /[/?#]/.test(text) && /^did:[a-z0-9]+:./.test(text)
    if (error instanceof DidError && !isUrl) throw new DidError('DID_INVALID', 'not a DID', error)
    throw error
  }
}

function versionOf(parameters: ReadonlyMap<string, string>): VersionOptions {
  const versionId = parameters.get('versionId')
  const versionTime = parameters.get('versionTime')
  if (versionId !== undefined && versionTime !== undefined) {
    throw new DidError('DID_OPTION_INVALID', 'versionId and versionTime are given together')
  }
  if (versionId !== undefined) return { versionId }
  return versionTime === undefined ? {} : { versionTime }
}

function flag(parameters: ReadonlyMap<string, string>, name: (typeof FLAGS)[number]): boolean {
  const value = parameters.get(name) ?? 'false'
  if (value !== 'true' && value !== 'false') {
    throw new DidError('DID_OPTION_INVALID', `${name} is true or false`)
  }
  return value === 'true'
}

function resourceOf({ path, fragment, parameters }: DidUrl): ResourceRequest | undefined {
  const resource: ResourceRequest = {}
  if (path !== undefined && path !== '') resource.path = path
  if (fragment !== undefined) resource.fragment = fragment
  for (const name of RESOURCE_PARAMETERS) {
    const value = parameters.get(name)
    if (value !== undefined) resource[name] = value
  }
  return Object.keys(resource).length === 0 ? undefined : resource
}
