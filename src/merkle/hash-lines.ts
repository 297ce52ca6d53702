import { decodeBase64, encodeBase64 } from './base64.ts'
import { HASH_BYTES } from './tree.ts'

/** Hashes as the formats of C2SP list them: a line of base64 each. */
export function formatHashes(hashes: readonly Uint8Array[]): string {
  return hashes.map(hash => `${encodeBase64(hash)}\n`).join('')
}

/** The hash on a line; undefined where it is not base64 of 32 bytes. */
export function parseHashLine(line: string): Uint8Array | undefined {
  const hash = decodeBase64(line)
  return hash?.length === HASH_BYTES ? hash : undefined
}

const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/

/** A size or index in decimal, without leading zeros; undefined for another text or beyond 2^53 - 1. */
export function parseDecimal(text: string): number | undefined {
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(value) ? value : undefined
}
