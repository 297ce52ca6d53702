const PERCENT_OR_URI_CHARACTER = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:/

/** True for a URI with its scheme (RFC 3986). */
export function isUri(text: string): boolean {
  return SCHEME.test(text) && PERCENT_OR_URI_CHARACTER.test(text) && URL.canParse(text)
}

/** RFC 3986 appendix B, with the authority taken apart: scheme, host, path, query. Matches every text. */
const COMPONENTS =
  /^(?:([^:/?#]+):)?(?:\/\/(?:[^/?#@]*@)?(\[[^/?#\]]+\]|[^/?#:]*)(?::\d*)?)?([^?#]*)(?:\?([^#]*))?/i
const UUID_URN = /^uuid:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/i

/**
 * True for what ION's nodes take as a URI. They ask uri-js 4.4 whether it can be parsed, and that accepts nearly any
 * text, relative references too; it refuses some of the forms of http, https, urn and mailto.
 */
export function isUriToIon(text: string): boolean {
  const [, scheme, host, path = '', query] = COMPONENTS.exec(text) ?? []
  switch (scheme?.toLowerCase()) {
    case 'http':
    case 'https':
      return host !== undefined && host !== ''
    case 'urn':
      return isUrn(path)
    case 'mailto':
      return isMailbox(path, query)
    default:
      return true
  }
}

function isUrn(path: string): boolean {
  if (/^uuid:/i.test(path)) return UUID_URN.test(path)
  return /^[^:]+:/.test(path)
}

/** Every address has an @, and every `to` of the query a value. */
function isMailbox(path: string, query: string | undefined): boolean {
  const addresses = path === '' ? [] : path.split(',')
  for (const field of query === undefined ? [] : query.split('&')) {
    const [name, value] = field.split('=')
    if (name !== 'to') continue
    if (value === undefined) return false
    addresses.push(...value.split(','))
  }
  return addresses.every(address => address.includes('@'))
}
