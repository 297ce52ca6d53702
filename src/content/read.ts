import { type CID, cidText, parseCid, requireBlock } from '../codec/cid.ts'
import { CodecError, type CodecErrorCode } from '../codec/errors.ts'
import { type Block, type GetBlock, MAX_BLOCK_BYTES, readFile, walkFile } from '../codec/unixfs.ts'
import { ContentError, type ContentErrorCode } from './errors.ts'
import type { SourcedFile } from './source.ts'
import type { GetOptions } from './types.ts'

/**
 * Reads a file for {@link ContentStore.get}: an adapter gives the blocks, this checks them.
 * @param getBlock may return anything; it throws ContentError where it has no block
 * @throws ContentError, or the signal's reason
 */
export async function readContent(
  text: string,
  getBlock: GetBlock,
  options: GetOptions,
): Promise<Uint8Array> {
  const cid = parseContentCid(text)
  try {
    return await readFile(cid, cancellable(getBlock, options.signal), { maxBytes: options.maxBytes })
  } catch (cause) {
    throw contentError(text, cause)
  }
}

/**
 * Reads a file for {@link ContentSource.get}, and keeps the blocks.
 * @throws ContentError, or the signal's reason
 */
export async function readSourced(
  text: string,
  getBlock: GetBlock,
  { maxBytes, signal }: GetOptions,
): Promise<SourcedFile> {
  const root = parseContentCid(text)
  const parts: Uint8Array[] = []
  const blocks = new Map<string, Block>()
  try {
    for await (const { cid, bytes, content } of walkFile(root, cancellable(getBlock, signal), { maxBytes })) {
      parts.push(content)
      blocks.set(cidText(cid), { cid, bytes })
    }
  } catch (cause) {
    throw contentError(text, cause)
  }
  return { bytes: Buffer.concat(parts), blocks: [...blocks.values()] }
}

/**
 * Requires of blocks that are to be stored that each is the one of its CID.
 * @param text the CID of their file
 * @throws ContentError CONTENT_CID_INVALID, CONTENT_MISMATCH, CONTENT_NOT_A_FILE (a hash or codec that is not in use)
 */
export function requireBlocks(text: string, blocks: readonly Block[]): void {
  parseContentCid(text)
  try {
    for (const { cid, bytes } of blocks) requireBlock(cid, bytes)
  } catch (cause) {
    throw contentError(text, cause)
  }
}

/**
 * Reads one block for {@link BlockSource.block}.
 * @throws ContentError, or the signal's reason
 */
export async function readBlock(text: string, getBlock: GetBlock, options: GetOptions): Promise<Uint8Array> {
  const cid = parseContentCid(text)
  try {
    const bytes = await cancellable(getBlock, options.signal)(cid)
    // Before its length counts: what a source made up says nothing about the block.
    requireBlock(cid, bytes)
    const maxBytes = Math.min(options.maxBytes, MAX_BLOCK_BYTES)
    if (bytes.length > maxBytes) {
      throw new ContentError('CONTENT_TOO_LARGE', `block ${text} is larger than ${maxBytes} bytes`, {
        cid: text,
      })
    }
    return bytes
  } catch (cause) {
    throw contentError(text, cause)
  }
}

/** Failures of reading that mean: not here, or not whole and sound. */
const ABSENT: ReadonlySet<ContentErrorCode> = new Set<ContentErrorCode>([
  'CONTENT_NOT_FOUND',
  'CONTENT_MISMATCH',
  'CONTENT_NOT_A_FILE',
])

/** What reading all of a file says of {@link ContentStore.has}. @throws ContentError as that */
export async function holds(read: Promise<unknown>): Promise<boolean> {
  try {
    await read
    return true
  } catch (error) {
    if (error instanceof ContentError && ABSENT.has(error.code)) return false
    throw error
  }
}

/** @throws ContentError CONTENT_CID_INVALID */
export function parseContentCid(text: string): CID {
  try {
    return parseCid(text)
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause
    throw new ContentError('CONTENT_CID_INVALID', `not a usable CID: ${cause.message}`, { cid: text, cause })
  }
}

/** What a failure of the codec means to who asked for `cid`; every other failure stays what it is. */
export function contentError(cid: string, cause: unknown): unknown {
  if (!(cause instanceof CodecError)) return cause
  const code = MEANING[cause.code]
  return code === undefined ? cause : new ContentError(code, `${cid}: ${cause.message}`, { cid, cause })
}

const MEANING: { readonly [code in CodecErrorCode]?: ContentErrorCode } = {
  CID_MISMATCH: 'CONTENT_MISMATCH',
  UNIXFS_TOO_LARGE: 'CONTENT_TOO_LARGE',
  UNIXFS_INVALID: 'CONTENT_NOT_A_FILE',
  // The CID that was asked for is parsed by then, so that this is one of the file's own links.
  CID_UNSUPPORTED: 'CONTENT_NOT_A_FILE',
}

/** Looks at the signal around each block; ending a read that waits is for `getBlock` to do. */
export function cancellable(getBlock: GetBlock, signal: AbortSignal | undefined): GetBlock {
  return async cid => {
    signal?.throwIfAborted()
    const block = await getBlock(cid)
    signal?.throwIfAborted()
    return block
  }
}
