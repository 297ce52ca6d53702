import { MerkleError } from './errors.ts'

/** Largest entry, in bytes: a bundle gives each a length of 16 bits (C2SP tlog-tiles, Log entries). */
export const MAX_ENTRY_BYTES = 65_535

/** A bundle: each entry after its length in two bytes, big-endian. @throws MerkleError ENTRY_TOO_LARGE */
export function encodeBundle(entries: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = []
  for (const entry of entries) {
    if (entry.length > MAX_ENTRY_BYTES) {
      throw new MerkleError(
        'ENTRY_TOO_LARGE',
        `an entry of ${entry.length} bytes is larger than ${MAX_ENTRY_BYTES}`,
      )
    }
    const length = Buffer.allocUnsafe(2)
    length.writeUInt16BE(entry.length)
    parts.push(length, entry)
  }
  return Buffer.concat(parts)
}

/**
 * Cuts a bundle into its entries.
 * @param count the entries that it must have, from 1 to 256
 * @throws MerkleError BUNDLE_INVALID if it is cut short, or has more or fewer
 */
export function parseBundle(bytes: Uint8Array, count: number): Uint8Array[] {
  const entries: Uint8Array[] = []
  let offset = 0
  while (offset < bytes.length) {
    const start = offset + 2
    const end = start + (((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0))
    if (end > bytes.length || entries.length === count) {
      throw new MerkleError('BUNDLE_INVALID', `the bundle is cut short, or has more than ${count} entries`)
    }
    entries.push(bytes.subarray(start, end))
    offset = end
  }
  if (entries.length !== count) {
    throw new MerkleError('BUNDLE_INVALID', `the bundle has ${entries.length} entries, not ${count}`)
  }
  return entries
}
