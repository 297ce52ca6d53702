import { sha256 } from '../codec/hash.ts'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { MerkleError } from './errors.ts'
import {
  checkerOf,
  SIGNATURE_TYPES,
  type SignatureFacts,
  type SignatureType,
  spkiOf,
} from './signature-types.ts'

/** A key that verifies signatures on notes. */
export interface NoteVerifier {
  /** Name of the key: the log's or cosigner's own. */
  readonly name: string
  /** The first four bytes of SHA-256(name || 0x0A || type || key), in hex. */
  readonly keyId: string
  readonly type: number
  /** The verifier key as text (C2SP signed-note, Verifier keys). */
  readonly vkey: string
  /** SHA-256 of the key's SubjectPublicKeyInfo, in hex. */
  readonly fingerprint: string
  /** What a signature over the note text says; undefined if it is not valid. */
  check(text: Uint8Array, signature: Uint8Array): SignatureFacts | undefined
}

/** Longest text of a key, in characters: those of ML-DSA-44 take some 1,800. */
const MAX_VKEY_LENGTH = 4096
const KEY_ID = /^[0-9a-f]{8}$/

/** A key name is not empty and has no white space, no control character and no plus (C2SP signed-note, Format). */
export function isKeyName(name: string): boolean {
  return name.isWellFormed() && /^[^\p{White_Space}\p{Cc}+]+$/u.test(name)
}

/** Whether a key of this type can have a name: some types sign it, and not at any length. */
export function isNameOf({ maxNameBytes }: SignatureType, name: string): boolean {
  return isKeyName(name) && Buffer.byteLength(name) <= (maxNameBytes ?? Number.POSITIVE_INFINITY)
}

/** The key ID of a public key of this type under this name, in hex (C2SP signed-note, Signatures). */
export function keyIdOf(name: string, type: number, publicKey: Uint8Array): string {
  return sha256(Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([type]), publicKey])).toString(
    'hex',
    0,
    4,
  )
}

/** The text of a verifier key: `<name>+<key ID>+<base64(type || key)>` (C2SP signed-note, Verifier keys). */
export function formatVkey(name: string, type: number, publicKey: Uint8Array): string {
  return `${name}+${keyIdOf(name, type, publicKey)}+${encodeBase64(Buffer.concat([Buffer.from([type]), publicKey]))}`
}

/**
 * Reads a verifier key.
 * @param types the kinds of signature to accept; default: those that this software verifies
 * @throws MerkleError VKEY_INVALID, VKEY_UNSUPPORTED
 */
export function parseVkey(vkey: string, types: readonly SignatureType[] = SIGNATURE_TYPES): NoteVerifier {
  const [name, keyId, encoded] = splitKey(vkey)
  const bytes = encoded === undefined ? undefined : decodeBase64(encoded)
  const typeByte = bytes?.[0]
  if (name === undefined || keyId === undefined || bytes === undefined || typeByte === undefined)
    throw invalid()
  if (!isKeyName(name) || !KEY_ID.test(keyId)) throw invalid()
  const publicKey = bytes.subarray(1)
  const type = types.find(known => known.type === typeByte)
  if (type === undefined) {
    const known = types.map(({ name }) => name).join(', ')
    throw new MerkleError(
      'VKEY_UNSUPPORTED',
      `the verifier key ${name} is of the type ${typeByte}, and not of one that is known here: ${known}`,
    )
  }
  if (publicKey.length !== type.keyBytes || !isNameOf(type, name)) throw invalid()
  if (keyIdOf(name, type.type, publicKey) !== keyId) throw invalid()
  return {
    name,
    keyId,
    type: type.type,
    vkey,
    fingerprint: sha256(spkiOf(type, publicKey)).toString('hex'),
    check: checkerOf(type, publicKey, name),
  }
}

/** Name, key ID and key: parted by the first two plus signs, since base64 has some too. */
function splitKey(vkey: string): (string | undefined)[] {
  if (vkey.length > MAX_VKEY_LENGTH) return []
  const first = vkey.indexOf('+')
  const second = vkey.indexOf('+', first + 1)
  if (first === -1 || second === -1) return []
  return [vkey.slice(0, first), vkey.slice(first + 1, second), vkey.slice(second + 1)]
}

function invalid(): MerkleError {
  return new MerkleError('VKEY_INVALID', 'not a verifier key (<name>+<key ID>+<base64>)')
}
