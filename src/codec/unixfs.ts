import { decode as decodeDagPb } from '@ipld/dag-pb'
import { importBytes } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { type CID, RAW, requireBlock, requireSupported } from './cid.ts'
import { CodecError } from './errors.ts'
import { decodeUnixfsData } from './unixfs-data.ts'

/** One block of a file, and the CID that names it. */
export interface Block {
  cid: CID
  bytes: Uint8Array
}

/** A block of a file, and the part of the file's content that it carries. */
export interface FileBlock extends Block {
  content: Uint8Array
}

/** Where blocks come from; what it returns is hashed and compared with the CID. */
export type GetBlock = (cid: CID) => Promise<Uint8Array>

/** Bounds of reading a file. */
export interface FileLimits {
  /** Largest content, in bytes. */
  maxBytes: number
}

/** Largest block that IPFS nodes exchange (Kubo refuses larger ones): no source need deliver more. */
export const MAX_BLOCK_BYTES = 2 << 20

const CHUNK_BYTES = 256 << 10
const MAX_DEPTH = 16
/** A file may come in smaller chunks than Kubo's, but not so small that blocks without content exhaust the reader. */
const SMALLEST_MEAN_CHUNK = 4096
const SPARE_BLOCKS = 256

/**
 * The blocks of a file as Kubo's `ipfs add --cid-version=0` makes them, root last: dag-pb UnixFS, chunks of 256 KiB,
 * a balanced tree of at most 174 links a node, CIDs of version 0.
 */
export async function fileBlocks(bytes: Uint8Array): Promise<{ root: CID; blocks: Block[] }> {
  const blocks: Block[] = []
  const collector = {
    put: async (cid: CID, block: Uint8Array) => {
      blocks.push({ cid, bytes: block })
      return cid
    },
  }
  const { cid } = await importBytes(bytes, collector, {
    cidVersion: 0,
    rawLeaves: false,
    chunker: fixedSize({ chunkSize: CHUNK_BYTES }),
  })
  return { root: cid, blocks }
}

/**
 * The content of a file: of a UnixFS DAG in any layout, or of a single raw block.
 * @throws CodecError CID_UNSUPPORTED, CID_MISMATCH, UNIXFS_INVALID, UNIXFS_TOO_LARGE, and whatever `getBlock` throws
 */
export async function readFile(root: CID, getBlock: GetBlock, limits: FileLimits): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const block of walkFile(root, getBlock, limits)) parts.push(block.content)
  const [only] = parts
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts)
}

/**
 * The blocks of a file, each hashed and compared with its CID, in the order of the content (depth first, a node
 * before its children); a block that is used twice comes twice. Each node must be as large as its parent said, so
 * that what the root declares bounds everything before a child is fetched, and a declaration that lies is found out
 * at the child that breaks it.
 * @throws CodecError as {@link readFile}
 */
export async function* walkFile(
  root: CID,
  getBlock: GetBlock,
  limits: FileLimits,
): AsyncGenerator<FileBlock> {
  const stack: { cid: CID; declared?: number; depth: number }[] = [{ cid: root, depth: 0 }]
  const budget = new Budget(limits.maxBytes)
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { cid, declared, depth } = next
    const bytes = await getBlock(requireSupported(cid))
    // Before its length counts: what a source made up says nothing about the file.
    requireBlock(cid, bytes)
    budget.spend(bytes.length)
    const { content, children, size } = readNode(cid, bytes)
    if (declared === undefined) requireFits(size, limits.maxBytes)
    else if (size !== declared) throw invalid(`a node of ${size} bytes is declared to have ${declared}`)
    if (children.length > 0 && depth >= MAX_DEPTH) throw invalid(`nested more than ${MAX_DEPTH} deep`)
    budget.expect(stack.length + children.length)
    for (const child of children.toReversed()) stack.push({ ...child, depth: depth + 1 })
    yield { cid, bytes, content }
  }
}

/** What one block says: its part of the content, and the size of content that each of its children should have. */
interface FileNode {
  content: Uint8Array
  children: { cid: CID; declared: number }[]
  /** Content of the node and all its children, in bytes. */
  size: number
}

function readNode(cid: CID, bytes: Uint8Array): FileNode {
  if (cid.code === RAW) return { content: bytes, children: [], size: bytes.length }
  const { Data: data, Links: links } = parseDagPb(bytes)
  if (data === undefined) throw invalid('a node has no UnixFS data')
  const { type, content, fileSize, blockSizes } = decodeUnixfsData(data)
  if (type !== 'file' && type !== 'raw') throw invalid(`a ${type} is not a file`)
  if (blockSizes.length !== links.length) {
    throw invalid(`${links.length} links and ${blockSizes.length} sizes`)
  }
  const size = blockSizes.reduce((sum, each) => sum + each, content.length)
  if (fileSize !== undefined && fileSize !== size) throw invalid(`parts of ${size} bytes make ${fileSize}`)
  const children = links.map((link, i) => ({ cid: link.Hash, declared: blockSizes[i] ?? 0 }))
  return { content, children, size }
}

function parseDagPb(bytes: Uint8Array): ReturnType<typeof decodeDagPb> {
  try {
    return decodeDagPb(bytes)
  } catch (cause) {
    throw new CodecError('UNIXFS_INVALID', 'a block is not a dag-pb node', { cause })
  }
}

/** What may be fetched for a content of a given size. */
class Budget {
  #bytes: number
  #blocks: number

  constructor(maxBytes: number) {
    this.#bytes = 2 * maxBytes + MAX_BLOCK_BYTES
    this.#blocks = Math.ceil(maxBytes / SMALLEST_MEAN_CHUNK) + SPARE_BLOCKS
  }

  /** Takes one block off. */
  spend(blockBytes: number): void {
    if (blockBytes > MAX_BLOCK_BYTES) {
      throw new CodecError('UNIXFS_TOO_LARGE', `a block is larger than ${MAX_BLOCK_BYTES} bytes`)
    }
    this.#bytes -= blockBytes
    this.#blocks--
    if (this.#bytes < 0) {
      throw new CodecError(
        'UNIXFS_TOO_LARGE',
        'the blocks are much larger than the content that they may carry',
      )
    }
  }

  /** Requires that so many blocks may still come. */
  expect(blocks: number): void {
    if (blocks > this.#blocks) {
      throw new CodecError(
        'UNIXFS_TOO_LARGE',
        'the file comes in more blocks than one of the allowed size needs',
      )
    }
  }
}

function requireFits(size: number, maxBytes: number): void {
  if (size > maxBytes) {
    throw new CodecError('UNIXFS_TOO_LARGE', `the file has ${size} bytes, ${maxBytes} are allowed`)
  }
}

function invalid(reason: string): CodecError {
  return new CodecError('UNIXFS_INVALID', `not a UnixFS file: ${reason}`)
}
