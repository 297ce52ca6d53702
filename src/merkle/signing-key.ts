import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { MerkleError } from './errors.ts'
import { COSIGNATURE_V1, cosignatureMessage, ED25519, type SignatureType } from './signature-types.ts'
import { formatVkey, isKeyName, keyIdOf, type NoteVerifier, parseVkey } from './vkey.ts'

/** Something that signs notes with one key, which need not be in this process. */
export interface NoteSigner {
  /** The public half, with the name that the signature carries. */
  readonly verifier: NoteVerifier
  /** The signature over a note text: 64 bytes for Ed25519. */
  sign(text: Uint8Array): Promise<Uint8Array>
}

const PREFIX = 'PRIVATE+KEY+'
const SEED_BYTES = 32

/** A signer of cosignatures, which carry the time (C2SP tlog-cosignature). */
export interface Cosigner {
  readonly verifier: NoteVerifier
  /** The signer for one time, in Unix seconds. */
  at(time: number): NoteSigner
}

/**
 * The text of an Ed25519 signing key: `PRIVATE+KEY+<name>+<key ID>+<base64(type || seed)>`, as the tools for signed
 * notes keep it (golang.org/x/mod/sumdb/note). It is a secret: keep it in a file of mode 0600.
 * @param seed 32 bytes from a cryptographic random generator
 * @param type what the key signs: notes (the default), or cosignatures
 * @throws MerkleError SIGNING_KEY_INVALID for a name that a key cannot have, or a seed of another length
 */
export function formatSigningKey(name: string, seed: Uint8Array, type: SignatureType = ED25519): string {
  if (!isKeyName(name) || seed.length !== SEED_BYTES) throw invalid()
  const { publicKey } = keyPair(seed)
  return `${PREFIX}${name}+${keyIdOf(name, type.type, publicKey)}+${encodeBase64(Buffer.concat([Buffer.from([type.type]), seed]))}`
}

/** Reads the signing key of a log. The error never quotes the text. @throws MerkleError SIGNING_KEY_INVALID */
export function parseSigningKey(text: string): NoteSigner {
  const { verifier, privateKey } = parseKey(text, ED25519)
  return { verifier, sign: async message => sign(null, message, privateKey) }
}

/** Reads the signing key of a cosigner. The error never quotes the text. @throws MerkleError SIGNING_KEY_INVALID */
export function parseCosignerKey(text: string): Cosigner {
  const { verifier, privateKey } = parseKey(text, COSIGNATURE_V1)
  const signAt = (time: number, note: Uint8Array): Buffer => {
    const timestamp = Buffer.alloc(8)
    timestamp.writeBigUInt64BE(BigInt(time))
    return Buffer.concat([timestamp, sign(null, cosignatureMessage(time, note), privateKey)])
  }
  return { verifier, at: time => ({ verifier, sign: async note => signAt(time, note) }) }
}

function parseKey(text: string, type: SignatureType) {
  const [name, keyId, encoded] = text.startsWith(PREFIX) ? splitKey(text.slice(PREFIX.length)) : []
  const bytes = encoded === undefined ? undefined : decodeBase64(encoded)
  if (name === undefined || !isKeyName(name) || bytes?.length !== 1 + SEED_BYTES) throw invalid()
  if (bytes[0] !== type.type) throw invalid()
  const { privateKey, publicKey } = keyPair(bytes.subarray(1))
  if (keyIdOf(name, type.type, publicKey) !== keyId) throw invalid()
  return { verifier: parseVkey(formatVkey(name, type.type, publicKey)), privateKey }
}

function splitKey(text: string): (string | undefined)[] {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{44})$/.exec(text)
  return match === null ? [] : match.slice(1)
}

function keyPair(seed: Uint8Array) {
  // PKCS#8 of an Ed25519 key (RFC 8410 section 7) is this header and the seed.
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return { privateKey, publicKey: spki.subarray(-32) }
}

function invalid(): MerkleError {
  return new MerkleError(
    'SIGNING_KEY_INVALID',
    'not an Ed25519 signing key of its kind (PRIVATE+KEY+<name>+<key ID>+<base64>)',
  )
}
