import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { type Checkpoint, parseCheckpointLines } from './checkpoint-text.ts'
import { MerkleError } from './errors.ts'

/** What a valid signature says beside the text. */
export interface SignatureFacts {
  /** When a cosigner says that it signed: Unix seconds. Absent where it says no time. */
  timestamp?: number
}

/** Facts of a valid signature, or undefined where it is not valid. */
export type CheckSignature = (text: Uint8Array, signature: Uint8Array) => SignatureFacts | undefined

/** A kind of signature on notes, by the type byte of its keys (C2SP signed-note, Signature types). */
export interface SignatureType {
  type: number
  name: string
  /** Bytes of a raw public key, and of a signature without its time. */
  keyBytes: number
  signatureBytes: number
  /** What stands before a raw public key in its SubjectPublicKeyInfo, and before a seed in its PKCS#8: DER, in hex. */
  spkiHead: string
  pkcs8Head: string
  /** Whether eight bytes before the signature say when it was made, and whether 0 there says nothing. */
  time: 'none' | 'always' | 'optional'
  /** Longest key name, in bytes; absent where it is not signed. */
  maxNameBytes?: number
  /**
   * What is signed of a note text.
   * @param by name of the key and, Unix seconds, the time
   * @throws MerkleError for a text that cannot be signed so
   */
  message(text: Uint8Array, by: { name: string; time: number }): Uint8Array
}

/** Bytes of a seed, which a private key of each type follows from. */
export const SEED_BYTES = 32
const TIMESTAMP_BYTES = 8

const ED25519_KEYS = {
  keyBytes: 32,
  signatureBytes: 64,
  // RFC 8410, sections 4 and 7.
  spkiHead: '302a300506032b6570032100',
  pkcs8Head: '302e020100300506032b657004220420',
}

/** Ed25519 over the note text (C2SP signed-note, type 0x01). */
export const ED25519: SignatureType = {
  type: 0x01,
  name: 'Ed25519',
  ...ED25519_KEYS,
  time: 'none',
  message: text => text,
}

/** Ed25519 cosignature with its time (C2SP tlog-cosignature, Ed25519 signed message; type 0x04). */
export const COSIGNATURE_V1: SignatureType = {
  type: 0x04,
  name: 'cosignature/v1',
  ...ED25519_KEYS,
  time: 'always',
  message: (text, { time }) => cosignatureMessage(time, text),
}

/**
 * ML-DSA-44 cosignature of a whole tree (C2SP tlog-cosignature, ML-DSA-44 signed message; type 0x06). It covers the first
 * three lines of a checkpoint and the name of its key, and logs sign with it too (C2SP tlog-checkpoint, Signatures).
 */
export const ML_DSA_44: SignatureType = {
  type: 0x06,
  name: 'ML-DSA-44',
  keyBytes: 1312,
  signatureBytes: 2420,
  // RFC 9881, sections 4 and 6: the private key as its seed alone.
  spkiHead: '30820532300b06096086480165030403110382052100',
  pkcs8Head: '3034020100300b060960864801650304031104228020',
  time: 'optional',
  maxNameBytes: 255,
  message: (text, by) => subtreeMessage(parseCheckpointLines(Buffer.from(text).toString('utf8')), by),
}

/** With what a log signs its checkpoints. */
export const LOG_TYPES: readonly SignatureType[] = [ED25519, ML_DSA_44]

/** With what a witness cosigns: each can carry the time. */
export const COSIGNER_TYPES: readonly SignatureType[] = [COSIGNATURE_V1, ML_DSA_44]

/** The types that this software verifies. */
export const SIGNATURE_TYPES: readonly SignatureType[] = [ED25519, COSIGNATURE_V1, ML_DSA_44]

/** The SubjectPublicKeyInfo (DER) of a raw public key. */
export function spkiOf({ spkiHead }: SignatureType, publicKey: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(spkiHead, 'hex'), publicKey])
}

/**
 * What checks signatures of a key.
 * @param name of the key
 * @throws MerkleError VKEY_UNSUPPORTED where this Node.js has no such keys
 */
export function checkerOf(type: SignatureType, publicKey: Uint8Array, name: string): CheckSignature {
  const key = supported(type, () =>
    createPublicKey({ key: spkiOf(type, publicKey), format: 'der', type: 'spki' }),
  )
  const headBytes = type.time === 'none' ? 0 : TIMESTAMP_BYTES
  return (text, signature) => {
    if (signature.length !== headBytes + type.signatureBytes) return undefined
    const time = headBytes === 0 ? 0 : timeIn(signature)
    const message = time === undefined ? undefined : messageOf(type, text, { name, time })
    if (time === undefined || message === undefined) return undefined
    if (!verify(null, message, key, signature.subarray(headBytes))) return undefined
    return type.time === 'always' || (type.time === 'optional' && time > 0) ? { timestamp: time } : {}
  }
}

/** A private key that signs notes. */
export interface PrivateKey {
  /** Raw public key. */
  publicKey: Uint8Array
  /**
   * @param by name of the key and, Unix seconds, the time
   * @throws MerkleError for a text that cannot be signed so
   */
  sign(text: Uint8Array, by: { name: string; time: number }): Buffer
}

/** The private key that follows from a seed of 32 bytes. @throws MerkleError VKEY_UNSUPPORTED */
export function privateKeyOf(type: SignatureType, seed: Uint8Array): PrivateKey {
  const der = Buffer.concat([Buffer.from(type.pkcs8Head, 'hex'), seed])
  const key = supported(type, () => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return {
    publicKey: spki.subarray(-type.keyBytes),
    sign(text, by) {
      const signature = sign(null, type.message(text, by), key)
      return type.time === 'none' ? signature : Buffer.concat([uint64(by.time), signature])
    },
  }
}

/** What a cosigner signs with Ed25519: a header, its time, and the note text (C2SP tlog-cosignature). */
export function cosignatureMessage(timestamp: number, text: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`cosignature/v1\ntime ${timestamp}\n`), text])
}

/** The `cosigned_message` of a whole tree (C2SP tlog-cosignature, ML-DSA-44 signed message). */
function subtreeMessage(
  { origin, size, root }: Checkpoint,
  { name, time }: { name: string; time: number },
): Buffer {
  return Buffer.concat([
    Buffer.from('subtree/v1\n\0'),
    shortText(name),
    uint64(time),
    shortText(origin),
    uint64(0),
    uint64(size),
    root,
  ])
}

/** A vector of 1 to 255 bytes with its length in one (RFC 8446, section 3.4). */
function shortText(text: string): Buffer {
  const bytes = Buffer.from(text)
  if (bytes.length === 0 || bytes.length > 255) {
    throw new MerkleError('CHECKPOINT_INVALID', 'ML-DSA-44 signs an origin and a name of at most 255 bytes')
  }
  return Buffer.concat([Buffer.from([bytes.length]), bytes])
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(TIMESTAMP_BYTES)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

function timeIn(signature: Uint8Array): number | undefined {
  const time = Number(Buffer.from(signature.subarray(0, TIMESTAMP_BYTES)).readBigUInt64BE())
  return Number.isSafeInteger(time) ? time : undefined
}

function messageOf(
  type: SignatureType,
  text: Uint8Array,
  by: { name: string; time: number },
): Uint8Array | undefined {
  try {
    return type.message(text, by)
  } catch (error) {
    if (error instanceof MerkleError) return undefined
    throw error
  }
}

/** Older releases of Node.js have no ML-DSA; it came with OpenSSL 3.5. */
function supported(type: SignatureType, make: () => KeyObject): KeyObject {
  try {
    return make()
  } catch (cause) {
    throw new MerkleError('VKEY_UNSUPPORTED', `this Node.js cannot use keys of the type ${type.name}`, cause)
  }
}
