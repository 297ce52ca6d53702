import { type CID, cidText, cidV0OfDigest, DAG_PB, RAW, requireBlock } from '../codec/cid.ts'
import { CodecError } from '../codec/errors.ts'
import { SHA2_256 } from '../codec/multihash.ts'
import { type Block, type GetBlock, MAX_BLOCK_BYTES, walkFile } from '../codec/unixfs.ts'
import { decodeVarint, encodeVarint } from '../codec/varint.ts'
import { cancellable, contentError, parseContentCid } from './read.ts'
import type { GetOptions } from './types.ts'

/**
 * A file as a CAR, version 1 (IPLD, CARv1): the header, then the blocks depth first, each once and each checked
 * against its CID before it is yielded. What `format=car` of a trustless gateway answers.
 * @throws ContentError as {@link ContentStore.get}, also after the first part has been yielded; or the signal's reason
 */
export async function* writeCar(
  text: string,
  getBlock: GetBlock,
  { maxBytes, signal }: GetOptions,
): AsyncGenerator<Uint8Array> {
  const root = parseContentCid(text)
  const written = new Set<string>()
  let header: Uint8Array | undefined = carHeader(root)
  try {
    for await (const { cid, bytes } of walkFile(root, cancellable(getBlock, signal), { maxBytes })) {
      // After the first block is there, so that a file that cannot be had fails before anything is sent.
      if (header !== undefined) yield header
      header = undefined
      const name = cidText(cid)
      if (written.has(name)) continue
      written.add(name)
      yield frame([cid.bytes, bytes])
    }
  } catch (cause) {
    throw contentError(text, cause)
  }
}

/**
 * The header {"roots": [root], "version": 1} in DAG-CBOR: a map of two; an array of one CID, which is tag 42 and a
 * byte string that starts with 00; and the number 1.
 */
function carHeader(root: CID): Buffer {
  const link = Buffer.concat([Buffer.from([0xd8, 42, 0x58, root.bytes.length + 1, 0]), root.bytes])
  return frame([
    Buffer.from([0xa2, 0x65]),
    Buffer.from('roots'),
    Buffer.from([0x81]),
    link,
    Buffer.from([0x67]),
    Buffer.from('version'),
    Buffer.from([1]),
  ])
}

/** Parts as one, after their length. */
function frame(parts: Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([encodeVarint(length), ...parts])
}

/** The blocks of files as one CAR, version 1, each once; `root` is the one root that its header names. */
export function packCar(root: CID, blocks: Iterable<Block>): Buffer {
  const sections = new Map<string, Buffer>()
  for (const { cid, bytes } of blocks) sections.set(keyOf(cid), frame([cid.bytes, bytes]))
  return Buffer.concat([carHeader(root), ...sections.values()])
}

/**
 * Reads a CAR, version 1, whose header names one root and is in the canonical form of DAG-CBOR. Every block is hashed
 * and compared with its CID.
 * @param root that its header has to name
 * @returns what gives a block by its CID, in whatever version that is; undefined where the CAR has not got it
 * @throws CodecError CAR_INVALID, CID_MISMATCH
 */
export function readCar(car: Uint8Array, root: CID): (cid: CID) => Uint8Array | undefined {
  const header = carHeader(root)
  if (Buffer.compare(car.subarray(0, header.length), header) !== 0) {
    throw invalid(`it does not begin with a header that names ${cidText(root)} and nothing else`)
  }
  const blocks = new Map<string, Uint8Array>()
  for (let offset = header.length; offset < car.length; ) {
    const { value: length, end: start } = sectionLength(car, offset)
    const end = start + length
    if (length > MAX_CID_BYTES + MAX_BLOCK_BYTES || end > car.length) {
      throw invalid('a section is too long, or is cut short')
    }
    const { cid, size } = sectionCid(car.subarray(start, end))
    const bytes = car.subarray(start + size, end)
    requireBlock(cid, bytes)
    blocks.set(keyOf(cid), bytes)
    offset = end
  }
  return cid => blocks.get(keyOf(cid))
}

const MAX_CID_BYTES = 36
const DIGEST_BYTES = 32

function sectionLength(car: Uint8Array, offset: number): { value: number; end: number } {
  try {
    return decodeVarint(car, offset)
  } catch (cause) {
    if (cause instanceof CodecError) throw invalid('the length of a section is no varint', cause)
    throw cause
  }
}

/** The CID that a section begins with: version 0, or version 1 of a dag-pb or raw block; SHA-256. */
function sectionCid(section: Uint8Array): { cid: CID; size: number } {
  const isV0 = section[0] === SHA2_256
  const codec = section[1]
  const multihash = isV0 ? section : section.subarray(2)
  const digest = multihash.subarray(2, 2 + DIGEST_BYTES)
  const isSha256 =
    multihash[0] === SHA2_256 && multihash[1] === DIGEST_BYTES && digest.length === DIGEST_BYTES
  if (!isSha256 || !(isV0 || (section[0] === 1 && (codec === DAG_PB || codec === RAW)))) {
    throw invalid('a section does not begin with a CID of SHA-256, dag-pb or raw')
  }
  const cid = cidV0OfDigest(digest)
  return { cid, size: isV0 ? 2 + DIGEST_BYTES : MAX_CID_BYTES }
}

/** Blocks are the same whatever the version of the CID that names them. */
function keyOf({ multihash }: CID): string {
  return Buffer.from(multihash.digest).toString('latin1')
}

function invalid(why: string, cause?: unknown): CodecError {
  return new CodecError('CAR_INVALID', `not a CAR: ${why}`, { cause })
}
