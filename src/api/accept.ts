/** Longest Accept header that is read, in characters; more is treated as an unreadable one. */
const MAX_LENGTH = 2048

interface MediaRange {
  type: string
  subtype: string
  parameters: ReadonlyMap<string, string>
  quality: number
}

/**
 * The offered media type that the client likes best (RFC 9110 section 12.5.1); among equals, the first offered.
 * @param header `undefined` or empty: anything will do
 * @param offers media types in lower case, each with the parameters by which a range must name it
 * @returns undefined where none is accepted
 */
export function chooseType<T extends string>(
  header: string | undefined,
  offers: readonly T[],
): T | undefined {
  if (header === undefined || header.trim() === '') return offers[0]
  const ranges = parseAccept(header)
  let best: T | undefined
  let bestQuality = 0
  for (const offer of offers) {
    const quality = qualityFor(offer, ranges)
    if (quality > bestQuality) {
      best = offer
      bestQuality = quality
    }
  }
  return best
}

/** The parameters of the range that names this media type, or undefined. */
export function parametersOf(
  header: string | undefined,
  mediaType: string,
): ReadonlyMap<string, string> | undefined {
  if (header === undefined) return undefined
  return parseAccept(header).find(({ type, subtype }) => `${type}/${subtype}` === mediaType)?.parameters
}

/** The quality that the most specific matching range gives an offer: 0 where none matches. */
function qualityFor(offer: string, ranges: readonly MediaRange[]): number {
  const [offered] = parseAccept(offer)
  if (offered === undefined) return 0
  let quality = 0
  let specificity = -1
  for (const range of ranges) {
    const found = specificityOf(range, offered)
    if (found > specificity) {
      specificity = found
      quality = range.quality
    }
  }
  return quality
}

/** How closely a range names an offer; -1 where it does not. An offer with parameters is matched by them all. */
function specificityOf(range: MediaRange, offered: MediaRange): number {
  if (range.type === '*') return range.subtype === '*' ? 0 : -1
  if (range.type !== offered.type) return -1
  if (range.subtype === '*') return 1
  if (range.subtype !== offered.subtype) return -1
  for (const [name, value] of offered.parameters) if (range.parameters.get(name) !== value) return -1
  return 2 + offered.parameters.size
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** A list element or a parameter, in which a quoted string may hold the separator. */
const ELEMENT = /(?:[^,"]|"(?:[^"\\]|\\.)*")+/g
const PARAMETER = /(?:[^;"]|"(?:[^"\\]|\\.)*")+/g
const QUALITY = /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/

function parseAccept(header: string): MediaRange[] {
  if (header.length > MAX_LENGTH) return []
  return (header.match(ELEMENT) ?? []).flatMap(element => {
    const range = parseRange(element)
    return range === undefined ? [] : [range]
  })
}

/** A range, or undefined where it is none. Names are in lower case, values as they are. */
function parseRange(element: string): MediaRange | undefined {
  const [range = '', ...rest] = (element.match(PARAMETER) ?? []).map(part => part.trim())
  const [type = '', subtype = '', ...more] = range.toLowerCase().split('/')
  if (more.length > 0 || !TOKEN.test(type) || !TOKEN.test(subtype)) return undefined
  const parameters = new Map<string, string>()
  let quality = 1
  for (const part of rest) {
    const equals = part.indexOf('=')
    if (equals < 0) continue
    const name = part.slice(0, equals).trim().toLowerCase()
    const value = unquote(part.slice(equals + 1).trim())
    if (name !== 'q') parameters.set(name, value)
    else if (QUALITY.test(value)) quality = Number(value)
    else return undefined
  }
  return { type, subtype, parameters, quality }
}

function unquote(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"')
    ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1')
    : value
}
