import { errors, FlattenedEncrypt, flattenedDecrypt } from 'jose'
import { CodecError } from '../codec/errors.ts'
import { encodedSha256 } from '../codec/hash.ts'
import { canonicalize } from '../codec/jcs.ts'
import { isJsonObject, type JsonObject, type JsonValue, parseJsonObject } from '../codec/json.ts'
import { CURVES, isKeyCurve } from './curves.ts'
import { KeyError } from './errors.ts'
import { thumbprint } from './jwk.ts'
import type { PrivateJwk } from './types.ts'

/** What a key is for. */
export type KeyRole = 'update' | 'recovery' | 'document'

/** What its owner notes about a key. None of it is checked against anything. */
export interface KeyNotes {
  label?: string
  /** The DID that the key belongs to, in short form. */
  did?: string
  role?: KeyRole
  /** Of a key in a DID document: the fragment of its verification method. */
  id?: string
}

/** A key as the keystore holds it. */
export interface StoredKey extends KeyNotes {
  jwk: PrivateJwk
  /** When it was added: UTC, RFC 3339. */
  created: string
}

const ALG = 'PBES2-HS512+A256KW'
const ENC = 'A256GCM'
/** About a second of work: what a hostile file can ask for. */
const MAX_ITERATIONS = 2_000_000
/** The parts of a flattened JWE, in the order of the compact one (RFC 7516 section 7). */
const PARTS = ['protected', 'encrypted_key', 'iv', 'ciphertext', 'tag'] as const
const MEMBERS = [...PARTS, 'sha256']
const ROLES: readonly unknown[] = ['update', 'recovery', 'document'] satisfies KeyRole[]

/**
 * Encrypts keys as an Encrypted JWK Set (RFC 7517 section 7): a flattened JWE under the passphrase (PBES2, RFC
 * 7518 section 4.8). The notes are a member `rootline` of each JWK. A member `sha256` beside the JWE, which
 * other readers ignore (RFC 7516 section 7.2.2), tells a damaged file from a wrong passphrase.
 */
export async function sealKeys(
  keys: readonly StoredKey[],
  passphrase: Uint8Array,
  iterations: number,
): Promise<Buffer> {
  if (!Number.isInteger(iterations) || iterations < 1 || iterations > MAX_ITERATIONS) {
    throw new TypeError(`iterations must be a whole number from 1 to ${MAX_ITERATIONS}`)
  }
  // Canonical form refuses what the strict parser would not read back.
  const set = canonicalize({ keys: keys.map(toJwk) })
  const jwe = await new FlattenedEncrypt(Buffer.from(set))
    .setProtectedHeader({ alg: ALG, enc: ENC, cty: 'jwk-set+json' })
    .setKeyManagementParameters({ p2c: iterations })
    .encrypt(passphrase)
  const parts: JsonObject = {}
  for (const part of PARTS) parts[part] = jwe[part] ?? ''
  return Buffer.from(canonicalize({ ...parts, sha256: checksum(parts) }))
}

/**
 * The keys in the bytes of a keystore file.
 * @param path the file, for messages
 * @throws KeyError KEYSTORE_DAMAGED, KEYSTORE_PASSPHRASE, KEYSTORE_UNSUPPORTED
 */
export async function unsealKeys(
  bytes: Uint8Array,
  passphrase: Uint8Array,
  path: string,
): Promise<StoredKey[]> {
  const parts = readParts(bytes, path)
  const set = await decrypt(parts, passphrase, path)
  try {
    const { keys } = parseJsonObject(set, { maxBytes: set.length })
    if (Array.isArray(keys)) return keys.map(key => fromJwk(key, path))
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause
    throw unreadable(path, 'what it holds is not JSON', cause)
  }
  throw unreadable(path, 'what it holds is not a JWK Set')
}

function readParts(bytes: Uint8Array, path: string): JsonObject {
  let file: JsonObject
  try {
    file = parseJsonObject(bytes, { maxBytes: bytes.length, maxDepth: 1 })
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause
    throw damaged(path, cause)
  }
  const members = Object.keys(file)
  const complete = members.length === MEMBERS.length && MEMBERS.every(name => typeof file[name] === 'string')
  if (!complete || file['sha256'] !== checksum(file)) throw damaged(path)
  return file
}

function checksum(parts: JsonObject): string {
  return encodedSha256(PARTS.map(part => parts[part]).join('.'))
}

async function decrypt(parts: JsonObject, passphrase: Uint8Array, path: string): Promise<Uint8Array> {
  const text = (part: string) => String(parts[part])
  const jwe = {
    protected: text('protected'),
    encrypted_key: text('encrypted_key'),
    iv: text('iv'),
    ciphertext: text('ciphertext'),
    tag: text('tag'),
  }
  try {
    const { plaintext } = await flattenedDecrypt(jwe, passphrase, {
      keyManagementAlgorithms: [ALG],
      contentEncryptionAlgorithms: [ENC],
      maxPBES2Count: MAX_ITERATIONS,
      maxDecompressedLength: 0,
    })
    return plaintext
  } catch (cause) {
    if (cause instanceof errors.JWEDecryptionFailed) {
      throw new KeyError('KEYSTORE_PASSPHRASE', `the passphrase does not open ${path}`, { path, cause })
    }
    throw unreadable(path, cause instanceof Error ? cause.message : String(cause), cause)
  }
}

function toJwk({ jwk, ...notes }: StoredKey): JsonObject {
  return { ...jwk, kid: thumbprint(jwk), alg: CURVES[jwk.crv].algorithm, rootline: { ...notes } }
}

/** Types only: the set was authenticated, and whoever signs with a key has it checked in full. */
function fromJwk(value: JsonValue, path: string): StoredKey {
  const fail = (what: string) => unreadable(path, `a key has no valid ${what}`)
  if (!isJsonObject(value)) throw fail('form')
  const { kty, crv, x, y, d, nonce, rootline } = value
  if (!isKeyCurve(crv) || kty !== CURVES[crv].kty) throw fail('curve')
  if (typeof x !== 'string' || typeof d !== 'string') throw fail('coordinates')
  const jwk: PrivateJwk = { kty, crv, x, d }
  if (typeof y === 'string') jwk.y = y
  if (typeof nonce === 'string') jwk.nonce = nonce
  if (thumbprint(jwk) !== value['kid']) throw fail('thumbprint')
  if (!isJsonObject(rootline) || typeof rootline['created'] !== 'string') throw fail('date')
  return { jwk, created: rootline['created'], ...readNotes(rootline) }
}

function readNotes({ label, did, role, id }: JsonObject): KeyNotes {
  return {
    ...(typeof label === 'string' && { label }),
    ...(typeof did === 'string' && { did }),
    ...(isRole(role) && { role }),
    ...(typeof id === 'string' && { id }),
  }
}

function isRole(value: unknown): value is KeyRole {
  return ROLES.includes(value)
}

function damaged(path: string, cause?: unknown): KeyError {
  return new KeyError('KEYSTORE_DAMAGED', `${path} is damaged: restore it from a copy`, { path, cause })
}

function unreadable(path: string, reason: string, cause?: unknown): KeyError {
  return new KeyError('KEYSTORE_UNSUPPORTED', `${path} cannot be used: ${reason}`, { path, cause })
}
