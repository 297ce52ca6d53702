import { varint } from 'multiformats'
import { CodecError } from './errors.ts'

/** Unsigned varint of an integer up to 2^53 - 1 (multiformats unsigned-varint: 7 bits a byte, lowest first). */
export function encodeVarint(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new TypeError('a varint is an integer from 0 to 2^53 - 1')
  return varint.encodeTo(value, new Uint8Array(varint.encodingLength(value)))
}

/**
 * Reads an unsigned varint in its one, shortest spelling.
 * @param offset where it starts; the bytes may go on after it
 * @returns the value and the offset after it
 * @throws CodecError VARINT_INVALID: cut short, not the shortest spelling, or above 2^53 - 1
 */
export function decodeVarint(bytes: Uint8Array, offset = 0): { value: number; end: number } {
  try {
    const [value, length] = varint.decode(bytes, offset)
    if (Number.isSafeInteger(value)) return { value, end: offset + length }
  } catch (cause) {
    throw new CodecError('VARINT_INVALID', 'a varint is cut short or not in its shortest spelling', {
      offset,
      cause,
    })
  }
  throw new CodecError('VARINT_INVALID', 'a varint is above 2^53 - 1', { offset })
}
