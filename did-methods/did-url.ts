import { type DIDResolutionOptions, type ParsedDID, parse } from 'did-resolver'
import { DidError } from './errors.ts'

/** Longest DID or DID URL that is read, in characters; a did:jwk of a large RSA key has some 2,000. */
export const MAX_DID_LENGTH = 8192

/**
 * Parses a DID by the grammar of DID Core v1.0 section 3.1: no path, query or fragment.
 * @throws DidError DID_INVALID
 */
export function parseDid(text: string): ParsedDID {
  const parsed = text.length > MAX_DID_LENGTH ? null : parse(text)
  if (parsed === null || parsed.did !== text) throw new DidError('DID_INVALID', 'not a DID')
  return parsed
}

/** A DID URL in its parts, and the parameters of its query, decoded. */
export interface DidUrl extends ParsedDID {
  parameters: ReadonlyMap<string, string>
}

/**
 * Parses a DID URL by the grammar of DID Core v1.0 section 3.2. Each parameter of the query may be given once.
 * @throws DidError DID_URL_INVALID
 */
export function parseDidUrl(text: string): DidUrl {
  const parsed = text.length > MAX_DID_LENGTH ? null : parse(text)
  if (parsed === null) throw new DidError('DID_URL_INVALID', 'not a DID URL')
  return { ...parsed, parameters: parseQuery(parsed.query) }
}

function parseQuery(query: string | undefined): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const field of query === undefined || query === '' ? [] : query.split('&')) {
    const equals = field.indexOf('=')
    const name = decodePercent(equals < 0 ? field : field.slice(0, equals))
    if (parameters.has(name)) throw new DidError('DID_URL_INVALID', 'a parameter is given twice')
    parameters.set(name, equals < 0 ? '' : decodePercent(field.slice(equals + 1)))
  }
  return parameters
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new DidError('DID_URL_INVALID', 'a percent-encoded part is not UTF-8', cause)
  }
}

/** Which version of a DID is asked for; at most one of the two. */
export interface VersionRequest {
  versionId?: string
  /** RFC 3339 date and time. */
  versionTime?: string
}

/**
 * The version that a resolution asks for, by an option or by a parameter of the DID URL, which counts as an option
 * (DID Resolution v1, Dereferencing the Resource, step 2).
 * @throws DidError DID_URL_INVALID, DID_OPTION_INVALID (not a string, contradictory, or both at once)
 */
export function requestedVersion(parsed: ParsedDID, options: DIDResolutionOptions): VersionRequest {
  const parameters = parseQuery(parsed.query)
  const versionId = oneOf('versionId', parameters.get('versionId'), options['versionId'])
  const versionTime = oneOf('versionTime', parameters.get('versionTime'), options['versionTime'])
  if (versionId !== undefined && versionTime !== undefined) {
    throw new DidError('DID_OPTION_INVALID', 'versionId and versionTime are given together')
  }
  if (versionId !== undefined) return { versionId }
  return versionTime === undefined ? {} : { versionTime }
}

/**
 * Refuses a request for a version, for methods whose DIDs have but one.
 * @throws DidError DID_VERSION_UNSUPPORTED, and as {@link requestedVersion}
 */
export function refuseVersions(parsed: ParsedDID, options: DIDResolutionOptions): void {
  const { versionId, versionTime } = requestedVersion(parsed, options)
  if (versionId !== undefined || versionTime !== undefined) {
    throw new DidError('DID_VERSION_UNSUPPORTED', `did:${parsed.method} has no versions`)
  }
}

function oneOf(name: string, parameter: string | undefined, option: unknown): string | undefined {
  if (option === undefined) return parameter
  if (typeof option !== 'string' || (parameter !== undefined && parameter !== option)) {
    throw new DidError('DID_OPTION_INVALID', `${name} is not a string, or differs from that of the DID URL`)
  }
  return option
}
