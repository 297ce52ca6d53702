import type { Block } from '../codec/unixfs.ts'

/** Ends a call that waits: its promise then rejects with the signal's reason. */
export interface CallOptions {
  signal?: AbortSignal
}

/** Bounds of one read. */
export interface GetOptions extends CallOptions {
  /** Largest content, in bytes, that the caller takes. */
  maxBytes: number
}

/**
 * Where Sidetree files are kept, by content address. All adapters pass `test/content/suite.ts`.
 *
 * One file has many CIDs: as many as there are ways to cut it into blocks. A store makes the one of Kubo's defaults
 * ({@link ContentStore.put}), and reads every layout of UnixFS: a file that it holds in the blocks of another layout
 * ({@link FileKeeper}) is had by the CID of that layout, and by no other.
 */
export interface ContentStore {
  /**
   * Stores bytes durably and returns their CID (version 0: dag-pb UnixFS, SHA-256, chunks of 256 KiB, as Kubo
   * gives it). Storing the same bytes again is harmless, and repairs blocks that were damaged where the store can.
   * @throws ContentError CONTENT_NOT_REACHABLE, CONTENT_FULL, CONTENT_CLOSED, CONTENT_MISMATCH (a store that is asked
   * over a network says another CID)
   */
  put(bytes: Uint8Array, options?: CallOptions): Promise<string>
  /**
   * The content of the file behind a CID (version 0 or 1, dag-pb or raw, in any layout); every block is hashed and
   * compared with its CID before a byte is returned.
   * @throws ContentError CONTENT_NOT_FOUND, CONTENT_NOT_REACHABLE, CONTENT_TOO_LARGE, CONTENT_MISMATCH,
   * CONTENT_NOT_A_FILE, CONTENT_CID_INVALID, CONTENT_CLOSED
   */
  get(cid: string, options: GetOptions): Promise<Uint8Array>
  /**
   * True where the content is held here, whole and sound, without asking anyone else.
   * @throws ContentError CONTENT_CID_INVALID, CONTENT_NOT_REACHABLE, CONTENT_CLOSED
   */
  has(cid: string): Promise<boolean>
  /** Calls after it fail with CONTENT_CLOSED; a second close does nothing. */
  close(): Promise<void>
}

/** A store that can keep a file in blocks of another layout than its own. */
export interface FileKeeper {
  /**
   * Stores a file durably in the blocks in which it was fetched, so that it is held under the CID that it was asked for
   * by, whatever its layout. Keeping it again is harmless.
   * @param blocks all blocks of the file, in any order; each is hashed again before it is stored
   * @throws ContentError CONTENT_CID_INVALID, CONTENT_MISMATCH (a block is not the one of its CID), CONTENT_NOT_A_FILE (one
   * has a CID that is not in use here), CONTENT_NOT_REACHABLE, CONTENT_FULL, CONTENT_CLOSED
   */
  keep(cid: string, blocks: readonly Block[], options?: CallOptions): Promise<void>
}

/** A store that can hand out single blocks too, as a trustless gateway needs. */
export interface BlockSource {
  /** One block, hashed and compared with its CID. @throws ContentError as `get` */
  block(cid: string, options: GetOptions): Promise<Uint8Array>
}
