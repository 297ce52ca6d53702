import { SidetreeError } from './errors.ts'
import { requireMultihash } from './input.ts'
import type { ProtocolParameters } from './parameters.ts'

/** The DID method that a node serves. */
export interface DidMethod {
  /** As in `did:NAME:...`. */
  name: string
  /** The label of its network, where it has one: `test` in `did:ion:test:...`. */
  network?: string
}

/** A Sidetree DID, taken apart. */
export interface ParsedDid {
  suffix: string
  /** Without the initial state: the canonical form once the DID is anchored. */
  shortForm: string
  /** With the initial state; absent where the DID was given without. */
  longForm?: string
  /** base64url of the canonical initial state. */
  initialState?: string
}

const PREFIX = /^did:([a-z0-9]+):(.+)$/s
const NETWORK = /^[a-z0-9][a-z0-9.-]{0,62}$/

/** `did:NAME:` or `did:NAME:NETWORK:`. */
export function didPrefix({ name, network }: DidMethod): string {
  return network === undefined ? `did:${name}:` : `did:${name}:${network}:`
}

/**
 * Takes a DID apart: `did:METHOD[:NETWORK]:SUFFIX[:INITIAL STATE]` (Sidetree v1, DID URI Composition). A network
 * label is never taken for a suffix, nor a suffix for the beginning of a long form (ion#153).
 * @throws SidetreeError DID_INVALID, DID_METHOD_UNKNOWN, DID_NETWORK_UNKNOWN
 */
export function parseDid(text: string, method: DidMethod, params: ProtocolParameters): ParsedDid {
  const [, name, rest] = PREFIX.exec(text) ?? []
  if (name === undefined || rest === undefined) {
    throw new SidetreeError('DID_INVALID', 'a DID is did:METHOD:SUFFIX')
  }
  if (name !== method.name) {
    throw new SidetreeError('DID_METHOD_UNKNOWN', `DIDs of did:${name} are not resolved here`)
  }
  const segments = rest.split(':', 4)
  const network = segments.length > 1 && NETWORK.test(segments[0] ?? '') ? segments.shift() : undefined
  if (network !== method.network) {
    const expected = method.network === undefined ? 'no network label' : `the network ${method.network}`
    throw new SidetreeError('DID_NETWORK_UNKNOWN', `DIDs that are resolved here have ${expected}`)
  }
  const [suffix = '', initialState] = segments
  if (segments.length > 2) throw new SidetreeError('DID_INVALID', 'the DID has too many segments')
  requireMultihash(suffix, params, 'DID_INVALID', 'the DID suffix')
  const shortForm = `${didPrefix(method)}${suffix}`
  return initialState === undefined
    ? { suffix, shortForm }
    : { suffix, shortForm, longForm: text, initialState }
}
