import { type CID, cidText, cidV0OfDigest } from '../../codec/cid.ts'
import { sha256 } from '../../codec/hash.ts'
import { multihashOfDigest } from '../../codec/multihash.ts'
import { type Block, fileBlocks } from '../../codec/unixfs.ts'
import { StoreError, type StoreErrorCode } from '../../store/errors.ts'
import type { Store } from '../../store/store.ts'
import { ContentError, type ContentErrorCode } from '../errors.ts'
import { holds, parseContentCid, readBlock, readContent, requireBlocks } from '../read.ts'
import type { BlockSource, CallOptions, ContentStore, FileKeeper, GetOptions } from '../types.ts'
import { BLOCKS, FileList } from './file-list.ts'

/** What {@link EmbeddedContentStore.verify} found under one key. */
export interface BlockCheck {
  /** CID, version 0, of the block that should be there. */
  cid: string
  sound: boolean
}

/**
 * Content in a database of this process: each block under its multihash, so that version 0 and 1 of a CID find the
 * same block. The caller opens the database and closes it, after this.
 */
export class EmbeddedContentStore implements ContentStore, BlockSource, FileKeeper {
  /** The files whose blocks were put or kept here. */
  readonly files: FileList
  readonly #store: Store
  #closed = false

  constructor(store: Store) {
    this.#store = store
    this.files = new FileList(store)
  }

  async put(bytes: Uint8Array, { signal }: CallOptions = {}): Promise<string> {
    this.#requireOpen()
    signal?.throwIfAborted()
    const { root, blocks } = await fileBlocks(bytes)
    signal?.throwIfAborted()
    const cid = cidText(root)
    await this.#commit(cid, blocks)
    return cid
  }

  async keep(cid: string, blocks: readonly Block[], { signal }: CallOptions = {}): Promise<void> {
    this.#requireOpen()
    signal?.throwIfAborted()
    requireBlocks(cid, blocks)
    await this.#commit(cid, blocks)
  }

  async get(cid: string, options: GetOptions): Promise<Uint8Array> {
    this.#requireOpen()
    return await readContent(cid, block => this.#block(block), options)
  }

  has(cid: string): Promise<boolean> {
    return holds(this.get(cid, { maxBytes: Number.MAX_SAFE_INTEGER }))
  }

  async block(cid: string, options: GetOptions): Promise<Uint8Array> {
    this.#requireOpen()
    return await readBlock(cid, block => this.#block(block), options)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  /**
   * Hashes every block, in the order of their digests. Damaged ones can be taken out with {@link discard}, or
   * repaired by putting the content again.
   * @throws ContentError CONTENT_NOT_REACHABLE, CONTENT_CLOSED
   */
  async *verify({ signal }: CallOptions = {}): AsyncGenerator<BlockCheck> {
    this.#requireOpen()
    try {
      for await (const key of this.#store.keys(BLOCKS)) {
        signal?.throwIfAborted()
        yield { cid: cidOf(key), sound: this.#isSound(key) }
      }
    } catch (cause) {
      throw storeFailure(cause)
    }
  }

  /**
   * Takes a block out if it is damaged, so that its content is absent rather than wrong. Not to be called while
   * `put` runs, which may just be repairing it.
   * @returns true if it was damaged
   * @throws ContentError CONTENT_CID_INVALID, CONTENT_NOT_REACHABLE, CONTENT_FULL, CONTENT_CLOSED
   */
  async discard(cid: string): Promise<boolean> {
    this.#requireOpen()
    const key = keyOf(parseContentCid(cid))
    try {
      if (this.#isSound(key)) return false
      await this.#store.commit([{ key }])
      return true
    } catch (cause) {
      throw storeFailure(cause, cid)
    }
  }

  async #commit(cid: string, blocks: readonly Block[]): Promise<void> {
    const changes = blocks.map(({ cid, bytes }) => ({ key: keyOf(cid), value: bytes }))
    try {
      await this.#store.commit([...changes, ...(await this.files.additions(cid))])
    } catch (cause) {
      throw storeFailure(cause, cid)
    }
    this.files.added(cid)
  }

  async #block(cid: CID): Promise<Uint8Array> {
    const block = this.#read(keyOf(cid))
    if (block !== undefined) return block
    const text = cidText(cid)
    throw new ContentError('CONTENT_NOT_FOUND', `block ${text} is not stored here`, { cid: text })
  }

  /** True for a block that hashes to its key, and where there is none. */
  #isSound(key: Uint8Array): boolean {
    try {
      const block = this.#read(key)
      return block === undefined || Buffer.compare(multihashOfDigest(sha256(block)), key) === 0
    } catch (error) {
      if (error instanceof ContentError && error.code === 'CONTENT_MISMATCH') return false
      throw error
    }
  }

  #read(key: Uint8Array): Uint8Array | undefined {
    try {
      return this.#store.get(key)
    } catch (cause) {
      throw storeFailure(cause, cidOf(key))
    }
  }

  #requireOpen(): void {
    if (this.#closed) throw new ContentError('CONTENT_CLOSED', 'the content store is closed')
  }
}

const MEANING: { readonly [code in StoreErrorCode]?: ContentErrorCode } = {
  STORE_CORRUPT: 'CONTENT_MISMATCH',
  STORE_FULL: 'CONTENT_FULL',
  STORE_CLOSED: 'CONTENT_CLOSED',
}

/** What a failure of the database means to who asked for content; every other failure stays what it is. */
function storeFailure(cause: unknown, cid?: string): unknown {
  if (!(cause instanceof StoreError)) return cause
  const code = MEANING[cause.code] ?? 'CONTENT_NOT_REACHABLE'
  return new ContentError(code, cause.message, cid === undefined ? { cause } : { cid, cause })
}

function cidOf(key: Uint8Array): string {
  return cidText(cidV0OfDigest(key.subarray(2)))
}

function keyOf(cid: CID): Uint8Array {
  return cid.multihash.bytes
}
