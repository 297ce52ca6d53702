import { createPublicKey, type KeyObject, verify } from 'node:crypto'

/** What a valid signature says beside the text. */
export interface SignatureFacts {
  /** When a cosigner says that it signed: Unix seconds. */
  timestamp?: number
}

/** Facts of a valid signature, or undefined where it is not valid. */
export type CheckSignature = (text: Uint8Array, signature: Uint8Array) => SignatureFacts | undefined

/** A kind of signature on notes, by the type byte of its keys (C2SP signed-note, Signature types). */
export interface SignatureType {
  type: number
  name: string
  /** Bytes of a public key. */
  keyBytes: number
  /** The key's SubjectPublicKeyInfo (DER). */
  spki(publicKey: Uint8Array): Uint8Array
  checker(publicKey: Uint8Array): CheckSignature
}

const SIGNATURE_BYTES = 64
const TIMESTAMP_BYTES = 8

/** Ed25519 over the note text (C2SP signed-note, type 0x01). */
export const ED25519: SignatureType = {
  type: 0x01,
  name: 'Ed25519',
  keyBytes: 32,
  spki: ed25519Spki,
  checker(publicKey) {
    const key = ed25519PublicKey(publicKey)
    return (text, signature) => (checkEd25519(key, text, signature) ? {} : undefined)
  },
}

/** Ed25519 cosignature with its time (C2SP tlog-cosignature, Ed25519 signed message; type 0x04). */
export const COSIGNATURE_V1: SignatureType = {
  type: 0x04,
  name: 'cosignature/v1',
  keyBytes: 32,
  spki: ed25519Spki,
  checker(publicKey) {
    const key = ed25519PublicKey(publicKey)
    return (text, signature) => {
      if (signature.length !== TIMESTAMP_BYTES + SIGNATURE_BYTES) return undefined
      const timestamp = Number(Buffer.from(signature.subarray(0, TIMESTAMP_BYTES)).readBigUInt64BE())
      if (!Number.isSafeInteger(timestamp)) return undefined
      const message = cosignatureMessage(timestamp, text)
      return checkEd25519(key, message, signature.subarray(TIMESTAMP_BYTES)) ? { timestamp } : undefined
    }
  },
}

/** With what a log signs its checkpoints. */
export const LOG_TYPES: readonly SignatureType[] = [ED25519]

/** With what a witness cosigns: each carries the time. */
export const COSIGNER_TYPES: readonly SignatureType[] = [COSIGNATURE_V1]

/** The types that this software verifies. */
export const SIGNATURE_TYPES: readonly SignatureType[] = [...LOG_TYPES, ...COSIGNER_TYPES]

/** What a cosigner signs: a header, its time, and the note text (C2SP tlog-cosignature). */
export function cosignatureMessage(timestamp: number, text: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`cosignature/v1\ntime ${timestamp}\n`), text])
}

/** The SubjectPublicKeyInfo (DER, RFC 8410) of a raw Ed25519 public key. */
function ed25519Spki(publicKey: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicKey])
}

function ed25519PublicKey(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: ed25519Spki(publicKey), format: 'der', type: 'spki' })
}

function checkEd25519(key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  return signature.length === SIGNATURE_BYTES && verify(null, message, key, signature)
}
