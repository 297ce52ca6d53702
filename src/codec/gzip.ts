import { crc32, gunzipSync, gzipSync, inflateRawSync } from 'node:zlib'
import { CodecError } from './errors.ts'

/** Bounds of {@link gunzip}. */
export interface GunzipOptions {
  /** Largest output, in bytes. */
  maxOutputBytes: number
  /**
   * `one` (the default): exactly one member and nothing after it. `many`: what zlib's own reader accepts, for
   * protocols whose consensus does: members one after the other, and anything at all after a zero byte.
   */
  members?: 'one' | 'many'
}

const HEADER_BYTES = 10
const TRAILER_BYTES = 8
const FLAG = { headerCrc: 0x02, extra: 0x04, name: 0x08, comment: 0x10, reserved: 0xe0 }
const OS_BYTE = 9
const OS_UNIX = 3

/** Compresses to one gzip member whose header is the same on every machine and at every time (RFC 1952). */
export function gzip(bytes: Uint8Array): Buffer {
  const out = gzipSync(bytes)
  out[OS_BYTE] = OS_UNIX
  return out
}

/**
 * Decompresses gzip (RFC 1952). CRC and size are checked; no more than the bound is ever allocated.
 * @throws CodecError GZIP_INVALID, GZIP_TOO_LARGE, GZIP_TRAILING_DATA (only where `members` is `one`)
 */
export function gunzip(bytes: Uint8Array, { maxOutputBytes, members = 'one' }: GunzipOptions): Buffer {
  // zlib refuses a bound of 0, so that an output of one byte is refused here.
  const maxOutputLength = Math.max(1, maxOutputBytes)
  const out = inflating(maxOutputBytes, () =>
    members === 'many' ? gunzipSync(bytes, { maxOutputLength }) : gunzipOne(bytes, maxOutputLength),
  )
  if (out.length > maxOutputBytes) throw tooLarge(maxOutputBytes)
  return out
}

function gunzipOne(bytes: Uint8Array, maxOutputLength: number): Buffer {
  const start = headerLength(bytes)
  // With `info`, zlib gives the engine too (Node documentation, zlib, Options); its types do not say so.
  const result: unknown = inflateRawSync(bytes.subarray(start), { maxOutputLength, info: true })
  const { buffer, engine } = result as { buffer: Buffer; engine: { bytesWritten: number } }
  const end = start + engine.bytesWritten
  if (end + TRAILER_BYTES > bytes.length) throw invalid('it ends within its trailer', end)
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + end)
  if (trailer.getUint32(0, true) !== crc32(buffer)) throw invalid('its CRC-32 does not match', end)
  if (trailer.getUint32(4, true) !== buffer.length % 2 ** 32)
    throw invalid('its size does not match', end + 4)
  if (end + TRAILER_BYTES < bytes.length) {
    throw new CodecError('GZIP_TRAILING_DATA', 'something follows the gzip member', {
      offset: end + TRAILER_BYTES,
    })
  }
  return buffer
}

/** Length of the member header (RFC 1952 section 2.3), which must be whole. */
function headerLength(bytes: Uint8Array): number {
  if (bytes.length < HEADER_BYTES) throw invalid('it ends within its header', bytes.length)
  const [id1, id2, method, flags = 0] = bytes
  if (id1 !== 0x1f || id2 !== 0x8b) throw invalid('it does not start with 1f 8b', 0)
  if (method !== 8) throw invalid('its compression method is not DEFLATE', 2)
  if ((flags & FLAG.reserved) !== 0) throw invalid('reserved flags are set', 3)
  let at = HEADER_BYTES
  if (flags & FLAG.extra) at += 2 + (byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8))
  if (flags & FLAG.name) at = afterZero(bytes, at)
  if (flags & FLAG.comment) at = afterZero(bytes, at)
  if (flags & FLAG.headerCrc) {
    const stored = byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8)
    if (stored !== (crc32(bytes.subarray(0, at)) & 0xffff)) throw invalid('its header CRC does not match', at)
    at += 2
  }
  return at
}

function byteAt(bytes: Uint8Array, index: number): number {
  const byte = bytes[index]
  if (byte === undefined) throw invalid('it ends within its header', index)
  return byte
}

function afterZero(bytes: Uint8Array, start: number): number {
  const zero = bytes.indexOf(0, start)
  if (zero < 0) throw invalid('it ends within its header', bytes.length)
  return zero + 1
}

function inflating<T>(maxOutputBytes: number, inflate: () => T): T {
  try {
    return inflate()
  } catch (cause) {
    if (cause instanceof CodecError || !(cause instanceof Error && 'code' in cause)) throw cause
    if (cause.code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxOutputBytes, cause)
    if (!String(cause.code).startsWith('Z_')) throw cause
    throw new CodecError('GZIP_INVALID', `not gzip: ${cause.message}`, { cause })
  }
}

function invalid(reason: string, offset: number): CodecError {
  return new CodecError('GZIP_INVALID', `not gzip: ${reason}`, { offset })
}

function tooLarge(maxOutputBytes: number, cause?: unknown): CodecError {
  return new CodecError('GZIP_TOO_LARGE', `it expands to more than ${maxOutputBytes} bytes`, { cause })
}
