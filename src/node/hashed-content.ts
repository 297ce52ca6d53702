import { type CID, cidText, parseCid, RAW, sameContent } from '../codec/cid.ts'
import { CodecError } from '../codec/errors.ts'
import { sha256 } from '../codec/hash.ts'
import { fileBlocks, MAX_BLOCK_BYTES } from '../codec/unixfs.ts'
import { ContentError } from '../content/errors.ts'
import { readContent } from '../content/read.ts'
import type { BlockSource, ContentStore, GetOptions } from '../content/types.ts'

/**
 * Reads content and compares it with its address here, whatever the store says that it has compared. From a store
 * that hands out single blocks, each block is hashed. From another, the bytes are cut as a file is stored here (256
 * KiB, dag-pb) or taken as one raw block; a file in any other layout cannot be compared, and counts as a mismatch.
 */
export class HashedContent implements Pick<ContentStore, 'get'> {
  readonly #store: Pick<ContentStore, 'get'>
  /** True where a file that can never do (too large, not a file) is found so from blocks that were hashed. */
  readonly judges: boolean

  constructor(store: Pick<ContentStore, 'get'>) {
    this.#store = store
    this.judges = isBlockSource(store)
  }

  /** @throws ContentError as {@link ContentStore.get}; CONTENT_MISMATCH also where the bytes cannot be compared */
  async get(cid: string, options: GetOptions): Promise<Uint8Array> {
    const store = this.#store
    if (isBlockSource(store)) return await readContent(cid, block => blockOf(store, block, options), options)
    const bytes = await store.get(cid, options)
    if (await isContentOf(cid, bytes)) return bytes
    const detail = `the bytes that the content store gave for ${cid} do not hash to it in the layout that is known here`
    throw new ContentError('CONTENT_MISMATCH', detail, { cid })
  }
}

function isBlockSource<T extends object>(store: T): store is T & BlockSource {
  return 'block' in store && typeof store.block === 'function'
}

/** A block; why there is none is the store's word, which never makes content unusable for good. */
async function blockOf(store: BlockSource, cid: CID, { signal }: GetOptions): Promise<Uint8Array> {
  const text = cidText(cid)
  try {
    const options = { maxBytes: MAX_BLOCK_BYTES, ...(signal === undefined ? {} : { signal }) }
    return await store.block(text, options)
  } catch (cause) {
    if (!(cause instanceof ContentError)) throw cause
    throw new ContentError('CONTENT_NOT_REACHABLE', cause.message, { cid: text, cause })
  }
}

/** Whether bytes hash to a CID, as one raw block or in the layout that files are stored in here. */
export async function isContentOf(text: string, bytes: Uint8Array): Promise<boolean> {
  try {
    const cid = parseCid(text)
    if (cid.code === RAW) return Buffer.compare(sha256(bytes), cid.multihash.digest) === 0
    return sameContent((await fileBlocks(bytes)).root, cid)
  } catch (error) {
    if (error instanceof CodecError) return false
    throw error
  }
}
