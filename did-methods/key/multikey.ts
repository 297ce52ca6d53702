import { CodecError } from '../../src/codec/errors.ts'
import { decodeMultibase, encodeBase58btc } from '../../src/codec/multibase.ts'
import { decodeVarint, encodeVarint } from '../../src/codec/varint.ts'
import { DidError } from '../errors.ts'

/** Types of public key that a did:key can hold. */
export type MultikeyType =
  | 'Ed25519'
  | 'X25519'
  | 'secp256k1'
  | 'P-256'
  | 'P-384'
  | 'P-521'
  | 'BLS12-381 G1'
  | 'BLS12-381 G2'
  | 'BLS12-381 G1 and G2'
  | 'RSA'

/** Code in the multicodec table, and length in bytes of the keys where it is fixed. */
export const MULTIKEY_TYPES: Readonly<Record<MultikeyType, { code: number; length?: number }>> = {
  secp256k1: { code: 0xe7, length: 33 },
  'BLS12-381 G1': { code: 0xea, length: 48 },
  'BLS12-381 G2': { code: 0xeb, length: 96 },
  X25519: { code: 0xec, length: 32 },
  Ed25519: { code: 0xed, length: 32 },
  'BLS12-381 G1 and G2': { code: 0xee, length: 144 },
  'P-256': { code: 0x1200, length: 33 },
  'P-384': { code: 0x1201, length: 49 },
  'P-521': { code: 0x1202, length: 67 },
  RSA: { code: 0x1205 },
}

const TYPE_OF_CODE = new Map(
  Object.entries(MULTIKEY_TYPES).map(([type, { code }]) => [code, type as MultikeyType]),
)

/** Codes of private keys in the multicodec table: a DID that holds one has given it away. */
const PRIVATE_CODES: ReadonlySet<number> = new Set([
  0x1300, 0x1301, 0x1302, 0x1303, 0x1305, 0x1306, 0x1307, 0x1308, 0x1309, 0x130a, 0x130b,
])

/** A public key with its type; the encoding of `bytes` is the type's own (did:key, Signature Method Creation). */
export interface Multikey {
  type: MultikeyType
  bytes: Uint8Array
}

/** Where the G2 half begins in a pair of keys of BLS12-381. */
const G1_LENGTH = 48

/** A key that is not a pair. */
export interface SingleMultikey extends Multikey {
  type: Exclude<MultikeyType, 'BLS12-381 G1 and G2'>
}

/** The keys in a key: itself, or the two of a pair of BLS12-381. */
export function singleKeys({ type, bytes }: Multikey): SingleMultikey[] {
  if (type !== 'BLS12-381 G1 and G2') return [{ type, bytes }]
  return [
    { type: 'BLS12-381 G1', bytes: bytes.subarray(0, G1_LENGTH) },
    { type: 'BLS12-381 G2', bytes: bytes.subarray(G1_LENGTH) },
  ]
}

/** The one multibase text of a key: base58btc of its multicodec header and its bytes. */
export function encodeMultikey({ type, bytes }: Multikey): string {
  return encodeBase58btc(Buffer.concat([encodeVarint(MULTIKEY_TYPES[type].code), bytes]))
}

/**
 * The key in a multibase text: base58btc only, the multicodec header in its shortest form, exactly the length of the
 * type. Whether the bytes are a sound key, the JWK made of them says.
 * @throws DidError KEY_MULTIBASE_INVALID, KEY_MULTICODEC_INVALID, KEY_TYPE_UNSUPPORTED, KEY_PRIVATE,
 * KEY_LENGTH_INVALID
 */
export function decodeMultikey(text: string): Multikey {
  if (!text.startsWith('z')) {
    throw new DidError('KEY_MULTIBASE_INVALID', 'a did:key is in base58btc, which starts with z')
  }
  const decoded = codec('KEY_MULTIBASE_INVALID', () => decodeMultibase(text))
  const { value: code, end } = codec('KEY_MULTICODEC_INVALID', () => decodeVarint(decoded))
  if (PRIVATE_CODES.has(code)) {
    throw new DidError('KEY_PRIVATE', 'the DID holds a private key, which is thereby public')
  }
  const type = TYPE_OF_CODE.get(code)
  if (type === undefined) {
    throw new DidError(
      'KEY_TYPE_UNSUPPORTED',
      `multicodec 0x${code.toString(16)} is no public key known here`,
    )
  }
  const bytes = decoded.subarray(end)
  const { length } = MULTIKEY_TYPES[type]
  if (length !== undefined && bytes.length !== length) {
    throw new DidError('KEY_LENGTH_INVALID', `a key of ${type} has ${length} bytes, not ${bytes.length}`)
  }
  return { type, bytes }
}

function codec<T>(code: 'KEY_MULTIBASE_INVALID' | 'KEY_MULTICODEC_INVALID', decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    if (error instanceof CodecError) throw new DidError(code, error.message, error)
    throw error
  }
}
