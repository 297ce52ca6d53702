import { encode } from '@ipld/dag-pb'
import { CID } from 'multiformats/cid'
import { cidText, cidV0OfBlock, cidV0OfDigest, RAW } from '../../src/codec/cid.ts'
import { sha256 } from '../../src/codec/hash.ts'
import type { Block, GetBlock } from '../../src/codec/unixfs.ts'
import { encodeVarint } from '../../src/codec/varint.ts'

/** UnixFS data types by number. */
export const TYPE = { raw: 0, directory: 1, file: 2, metadata: 3, symlink: 4, shard: 5 }

/** Encodes a UnixFS message with any contents, also those that no importer writes. */
export function unixfs(parts: {
  type?: number
  content?: Uint8Array
  fileSize?: number
  blockSizes?: number[]
}): Buffer {
  const fields: Uint8Array[] = []
  if (parts.type !== undefined) fields.push(Buffer.from([0x08]), encodeVarint(parts.type))
  if (parts.content !== undefined) {
    fields.push(Buffer.from([0x12]), encodeVarint(parts.content.length), parts.content)
  }
  if (parts.fileSize !== undefined) fields.push(Buffer.from([0x18]), encodeVarint(parts.fileSize))
  for (const size of parts.blockSizes ?? []) fields.push(Buffer.from([0x20]), encodeVarint(size))
  return Buffer.concat(fields)
}

/** A dag-pb block of a UnixFS message and links. */
export function node(data: Uint8Array, links: CID[] = []): Block {
  const bytes = encode({ Data: data, Links: links.map(Hash => ({ Hash, Name: '', Tsize: 0 })) })
  return { cid: cidV0OfBlock(bytes), bytes }
}

/** A leaf with this content. */
export function leaf(content: Uint8Array): Block {
  return node(unixfs({ type: TYPE.file, content, fileSize: content.length }))
}

/** A node over children, each with the size of content that is declared for it. */
export function parent(...children: [Block, number][]): Block {
  const blockSizes = children.map(([, size]) => size)
  const fileSize = blockSizes.reduce((sum, size) => sum + size, 0)
  return node(
    unixfs({ type: TYPE.file, fileSize, blockSizes }),
    children.map(([block]) => block.cid),
  )
}

/**
 * A file of 600,000 bytes, in raw leaves of 100,000 bytes under a CID of version 1: what another importer makes of it.
 * @param start its first bytes; the rest is as in {@link pattern}
 */
export function otherLayout(start: Uint8Array = new Uint8Array()): {
  root: CID
  blocks: Block[]
  bytes: Uint8Array
} {
  const bytes = pattern(600_000)
  bytes.set(start)
  const leaves = Array.from({ length: 6 }, (_, i) => rawLeaf(bytes.subarray(i * 100_000, (i + 1) * 100_000)))
  const top = parent(...leaves.map((each): [Block, number] => [each, 100_000]))
  const root = { cid: top.cid.toV1(), bytes: top.bytes }
  return { root: root.cid, blocks: [...leaves, root], bytes }
}

/** A block that is content and nothing else. */
export function rawLeaf(bytes: Uint8Array): Block {
  return { cid: CID.createV1(RAW, cidV0OfDigest(sha256(bytes)).multihash), bytes }
}

/** Hands out these blocks, and counts what was asked for. */
export function source(blocks: Block[]): { getBlock: GetBlock; asked: string[] } {
  const held = new Map(blocks.map(block => [cidText(block.cid), block.bytes]))
  const asked: string[] = []
  const getBlock = async (cid: CID) => {
    const text = cidText(cid)
    asked.push(text)
    const bytes = held.get(text)
    if (bytes === undefined) throw new RangeError(`no block ${text}`)
    return bytes
  }
  return { getBlock, asked }
}

/** Content of a given size, in which no two chunks of 256 KiB are alike. */
export function pattern(size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = i * 7 + (i >> 8) + (i >> 18)
  return bytes
}
