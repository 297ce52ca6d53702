import { base32 } from 'multiformats/bases/base32'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import * as digest from 'multiformats/hashes/digest'
import { CodecError } from './errors.ts'
import { sha256 } from './hash.ts'
import { SHA2_256 } from './multihash.ts'

export type { CID }

/** Multicodec of a dag-pb node: a UnixFS file, or a part of one. */
export const DAG_PB = 0x70
/** Multicodec of a block that is content and nothing else. */
export const RAW = 0x55

const CIDV0 = { length: 46, prefix: 'Qm' }
/** Longer texts are not looked at: of those this module accepts, none is longer than 59 characters. */
const MAX_CHARACTERS = 128

/**
 * Parses a CID in its canonical text: version 0 (`Qm...`), or version 1 in base32 (`b...`, lower case), of SHA-256
 * and with codec dag-pb or raw.
 * @throws CodecError CID_INVALID (not a CID, or not its canonical text), CID_UNSUPPORTED (another hash or codec)
 */
export function parseCid(text: string): CID {
  const cid = requireSupported(fromText(text))
  if (cidText(cid) !== text) throw new CodecError('CID_INVALID', 'not the canonical text of this CID')
  return cid
}

/** True if `text` is a CID that {@link parseCid} accepts. */
export function isCid(text: string): boolean {
  try {
    parseCid(text)
    return true
  } catch (error) {
    if (error instanceof CodecError) return false
    throw error
  }
}

/** The canonical text: base58btc for version 0, base32 for version 1. */
export function cidText(cid: CID): string {
  // Not `cid.toString()`, which repeats the spelling that the CID was parsed from.
  return cid.version === 0 ? base58btc.baseEncode(cid.bytes) : base32.encode(cid.bytes)
}

/** The CID of a dag-pb block, version 0. */
export function cidV0OfBlock(block: Uint8Array): CID {
  return cidV0OfDigest(sha256(block))
}

/** The CID, version 0, of the dag-pb block that has this SHA-256 digest. */
export function cidV0OfDigest(sha256Digest: Uint8Array): CID {
  if (sha256Digest.length !== 32) throw new TypeError('a SHA-256 digest has 32 bytes')
  return CID.createV0(digest.create(SHA2_256, sha256Digest))
}

/** True if two CIDs name the same content: same codec and same digest, whatever their version. */
export function sameContent(a: CID, b: CID): boolean {
  return a.code === b.code && Buffer.compare(a.multihash.bytes, b.multihash.bytes) === 0
}

/**
 * Requires SHA-256, and codec dag-pb or raw.
 * @throws CodecError CID_UNSUPPORTED
 */
export function requireSupported(cid: CID): CID {
  if (cid.code !== DAG_PB && cid.code !== RAW) {
    throw new CodecError('CID_UNSUPPORTED', `codec ${cid.code} is neither dag-pb (112) nor raw (85)`)
  }
  // 34 bytes: SHA-256 with a whole digest, and code and length in their shortest spelling.
  if (cid.multihash.code !== SHA2_256 || cid.multihash.bytes.length !== 34 || cid.multihash.size !== 32) {
    throw new CodecError('CID_UNSUPPORTED', `hash ${cid.multihash.code} is not SHA-256 (18) with 32 bytes`)
  }
  return cid
}

/**
 * Requires that a block is the one that the CID names.
 * @throws CodecError CID_MISMATCH, CID_UNSUPPORTED
 */
export function requireBlock(cid: CID, block: Uint8Array): void {
  if (Buffer.compare(sha256(block), requireSupported(cid).multihash.digest) !== 0) {
    throw new CodecError('CID_MISMATCH', `a block does not hash to its CID ${cidText(cid)}`)
  }
}

function fromText(text: string): CID {
  const v0 = text.length === CIDV0.length && text.startsWith(CIDV0.prefix)
  if (text.length > MAX_CHARACTERS || !(v0 || text.startsWith('b'))) {
    throw new CodecError('CID_INVALID', 'a CID is Qm and 44 characters of base58btc, or b and base32')
  }
  try {
    return CID.parse(text)
  } catch (cause) {
    throw new CodecError('CID_INVALID', 'not a CID', { cause })
  }
}
