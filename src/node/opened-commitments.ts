/**
 * Which commitments the stored operations of a DID open, in 64 bytes whatever their number: a Bloom filter of three
 * bits for each. It answers 'no' for certain and 'perhaps' otherwise, so that a look into the store can mostly be left
 * out; with some hundred operations it says 'perhaps' to everything, and only time is lost.
 */
export type OpenedCommitments = Uint8Array

const BYTES = 64
const BITS = 3

/** A DID without operations that open a commitment. */
export const NONE_OPENED: OpenedCommitments = new Uint8Array(BYTES)

/** Says 'perhaps' to everything, where it is not known what is opened. */
export const ANY_OPENED: OpenedCommitments = new Uint8Array(BYTES).fill(0xff)

/** False where no stored operation opens the commitment. */
export function mayBeOpened(opened: OpenedCommitments, commitment: string): boolean {
  for (let i = 0; i < BITS; i++) {
    const bit = bitOf(commitment, i)
    if (((opened[bit >> 3] as number) & (1 << (bit & 7))) === 0) return false
  }
  return true
}

/** With one more commitment that is opened; undefined (a create) opens none. */
export function withOpened(opened: OpenedCommitments, commitment: string | undefined): OpenedCommitments {
  if (commitment === undefined) return opened
  const more = opened.slice()
  for (let i = 0; i < BITS; i++) {
    const bit = bitOf(commitment, i)
    more[bit >> 3] = (more[bit >> 3] as number) | (1 << (bit & 7))
  }
  return more
}

/** As text for a record; the empty text for none. */
export function encodeOpened(opened: OpenedCommitments): string {
  if (opened === NONE_OPENED) return ''
  return Buffer.from(opened.buffer, opened.byteOffset, BYTES).toString('base64url')
}

export function decodeOpened(text: string): OpenedCommitments {
  return text === '' ? NONE_OPENED : Buffer.from(text, 'base64url')
}

/** A commitment is a hash in base64url: two of its characters, from the middle, are as good as a hash of it. */
function bitOf(commitment: string, i: number): number {
  const high = DIGITS[commitment.charCodeAt(12 + 2 * i)] ?? 0
  const low = DIGITS[commitment.charCodeAt(13 + 2 * i)] ?? 0
  return ((high << 6) | low) & (BYTES * 8 - 1)
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const DIGITS: readonly number[] = Array.from({ length: 128 }, (_, code) =>
  Math.max(0, ALPHABET.indexOf(String.fromCharCode(code))),
)
