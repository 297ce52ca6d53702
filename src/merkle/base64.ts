const ALPHABET = /^[A-Za-z0-9+/]*={0,2}$/

/** base64 with padding (RFC 4648 section 4), as signed notes and checkpoints carry it. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** The bytes of canonical, padded base64; undefined for any other text, so that bytes have one spelling. */
export function decodeBase64(text: string): Buffer | undefined {
  if (!ALPHABET.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}
