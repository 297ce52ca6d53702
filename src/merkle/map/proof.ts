import { decodeBase64, encodeBase64 } from '../base64.ts'
import { MerkleError } from '../errors.ts'
import { BYTES, bitOf, EMPTY, hashMapLeaf, hashMapNode } from './hashes.ts'

/** The way from the root of a map towards a key, up to where nothing or one key is left. */
export interface MapProof {
  /** Hashes of the subtrees beside the way, that below the root first. At most 256, of 32 bytes. */
  siblings: Uint8Array[]
  /** The only key of the subtree where the way ends, which need not be the one asked for; undefined where it is empty. */
  end: { key: Uint8Array; value: Uint8Array } | undefined
}

/** What a proof shows of a key: its value, that it has none, or nothing. */
export type MapVerdict = { shown: 'present'; value: Uint8Array } | { shown: 'absent' } | { shown: 'nothing' }

/**
 * What a proof shows of a key in the map with this root (docs/spec/map.md).
 * @param key 32 bytes
 */
export function verifyMapProof(root: Uint8Array, key: Uint8Array, { siblings, end }: MapProof): MapVerdict {
  const depth = siblings.length
  if (depth > BYTES * 8 || key.length !== BYTES || root.length !== BYTES) return { shown: 'nothing' }
  if (siblings.some(sibling => sibling.length !== BYTES)) return { shown: 'nothing' }
  if (end !== undefined && (!isPair(end) || !sharesBits(key, end.key, depth))) return { shown: 'nothing' }
  let hash = end === undefined ? EMPTY : hashMapLeaf(end.key, end.value)
  for (let i = depth - 1; i >= 0; i--) {
    const sibling = siblings[i] as Uint8Array
    hash = bitOf(key, i) === 0 ? hashMapNode(hash, sibling) : hashMapNode(sibling, hash)
  }
  if (Buffer.compare(hash, root) !== 0) return { shown: 'nothing' }
  if (end === undefined || Buffer.compare(end.key, key) !== 0) return { shown: 'absent' }
  return { shown: 'present', value: end.value }
}

/** The text of a proof: a line for each sibling, empty for that of an empty subtree; then the key and the value, or nothing. */
export function formatMapProof({ siblings, end }: MapProof): string {
  const lines = siblings.map(hash => (Buffer.compare(hash, EMPTY) === 0 ? '-' : encodeBase64(hash)))
  const last = end === undefined ? '' : `${encodeBase64(end.key)} ${encodeBase64(end.value)}`
  return [...lines, `=${last}`, ''].join('\n')
}

/** @throws MerkleError MAP_PROOF_INVALID */
export function parseMapProof(text: string): MapProof {
  const lines = text.split('\n', BYTES * 8 + 3)
  if (lines.pop() !== '' || lines.length > BYTES * 8 + 1)
    throw invalid('it has too many lines, or does not end')
  const last = lines.pop()
  if (last === undefined || !last.startsWith('=')) throw invalid('its last line does not begin with "="')
  const siblings = lines.map(line => (line === '-' ? EMPTY : parseHash(line)))
  if (last === '=') return { siblings, end: undefined }
  const [key, value, ...more] = last.slice(1).split(' ', 3).map(parseHash)
  if (key === undefined || value === undefined || more.length > 0)
    throw invalid('its end is no key and value')
  return { siblings, end: { key, value } }
}

function parseHash(text: string): Uint8Array {
  const bytes = decodeBase64(text)
  if (bytes?.length !== BYTES) throw invalid('a line is no base64 of 32 bytes')
  return bytes
}

function isPair({ key, value }: { key: Uint8Array; value: Uint8Array }): boolean {
  return key.length === BYTES && value.length === BYTES
}

function sharesBits(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  for (let i = 0; i < bits; i++) if (bitOf(a, i) !== bitOf(b, i)) return false
  return true
}

function invalid(why: string): MerkleError {
  return new MerkleError('MAP_PROOF_INVALID', `not a proof of a map: ${why}`)
}
