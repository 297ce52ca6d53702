import { decodeBase64, encodeBase64 } from './base64.ts'
import { MerkleError } from './errors.ts'
import { COSIGNER_TYPES, ED25519, privateKeyOf, SEED_BYTES, type SignatureType } from './signature-types.ts'
import { formatVkey, isKeyName, isNameOf, keyIdOf, type NoteVerifier, parseVkey } from './vkey.ts'

/** Something that signs notes with one key, which need not be in this process. */
export interface NoteSigner {
  /** The public half, with the name that the signature carries. */
  readonly verifier: NoteVerifier
  /**
   * The signature over a note text, after its time where its type has one: 64 bytes for Ed25519.
   * @throws MerkleError for a text that its type cannot sign
   */
  sign(text: Uint8Array): Promise<Uint8Array>
}

const PREFIX = 'PRIVATE+KEY+'

/** A signer of cosignatures, which carry the time (C2SP tlog-cosignature). */
export interface Cosigner {
  readonly verifier: NoteVerifier
  /** The signer for one time, in Unix seconds. */
  at(time: number): NoteSigner
}

/**
 * The text of a signing key: `PRIVATE+KEY+<name>+<key ID>+<base64(type || seed)>`, as the tools for signed notes keep it
 * (golang.org/x/mod/sumdb/note; github.com/transparency-dev/formats/note for ML-DSA-44). It is a secret: keep it in a file
 * of mode 0600.
 * @param seed 32 bytes from a cryptographic random generator
 * @param type what the key signs: notes (the default), or cosignatures
 * @throws MerkleError SIGNING_KEY_INVALID for a name that a key cannot have, or a seed of another length;
 * VKEY_UNSUPPORTED where this Node.js has no keys of the type
 */
export function formatSigningKey(name: string, seed: Uint8Array, type: SignatureType = ED25519): string {
  if (!isNameOf(type, name) || seed.length !== SEED_BYTES) throw invalid()
  const { publicKey } = privateKeyOf(type, seed)
  return `${PREFIX}${name}+${keyIdOf(name, type.type, publicKey)}+${encodeBase64(Buffer.concat([Buffer.from([type.type]), seed]))}`
}

/** Reads the signing key of a log. The error never quotes the text. @throws MerkleError SIGNING_KEY_INVALID */
export function parseSigningKey(text: string): NoteSigner {
  const { verifier, sign } = parseKey(text, [ED25519])
  return { verifier, sign: async note => sign(note, 0) }
}

/**
 * Reads the signing key of a cosigner. The error never quotes the text.
 * @throws MerkleError SIGNING_KEY_INVALID; VKEY_UNSUPPORTED
 */
export function parseCosignerKey(text: string): Cosigner {
  const { verifier, sign } = parseKey(text, COSIGNER_TYPES)
  return { verifier, at: time => ({ verifier, sign: async note => sign(note, time) }) }
}

function parseKey(text: string, types: readonly SignatureType[]) {
  const [name, keyId, encoded] = text.startsWith(PREFIX) ? splitKey(text.slice(PREFIX.length)) : []
  const bytes = encoded === undefined ? undefined : decodeBase64(encoded)
  if (name === undefined || !isKeyName(name) || bytes?.length !== 1 + SEED_BYTES) throw invalid()
  const type = types.find(known => known.type === bytes[0])
  if (type === undefined) throw invalid()
  const { publicKey, sign } = privateKeyOf(type, bytes.subarray(1))
  if (!isNameOf(type, name) || keyIdOf(name, type.type, publicKey) !== keyId) throw invalid()
  const verifier = parseVkey(formatVkey(name, type.type, publicKey), [type])
  return { verifier, sign: (note: Uint8Array, time: number) => sign(note, { name, time }) }
}

function splitKey(text: string): (string | undefined)[] {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{44})$/.exec(text)
  return match === null ? [] : match.slice(1)
}

function invalid(): MerkleError {
  return new MerkleError(
    'SIGNING_KEY_INVALID',
    'not a signing key of its kind (PRIVATE+KEY+<name>+<key ID>+<base64>)',
  )
}
