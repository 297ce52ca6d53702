import type { ProtocolParameters } from '../parameters.ts'

/** The characters that a URI is made of (RFC 3986), the percent sign included. */
const URI = /^[!#$%&'()*+,\-./0-9:;=?@A-Z[\]_a-z~]+$/

/**
 * True for a CAS URI: 1 to MAX_CAS_URI_LENGTH bytes, of whatever scheme or hash (sidetree#927). Where the
 * profile is lenient, any string of at most so many UTF-16 code units, as the reference implementation counts
 * them; the content store then refuses what it cannot fetch.
 */
export function isCasUri(value: unknown, params: ProtocolParameters): value is string {
  if (typeof value !== 'string' || value.length > params.maxCasUriLength) return false
  return params.lenient.casUris || URI.test(value)
}
