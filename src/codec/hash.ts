import { hash } from 'node:crypto'

/** SHA-256 of bytes, or of the UTF-8 encoding of a text: 32 bytes. */
export function sha256(data: Uint8Array | string): Buffer {
  return hash('sha256', data, 'buffer')
}
