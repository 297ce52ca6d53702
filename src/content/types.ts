/** Bounds of one read. */
export interface GetOptions {
  /** Largest content, in bytes, that the caller takes. */
  maxBytes: number
  /** Ends the read; the promise then rejects with the signal's reason. */
  signal?: AbortSignal
}

/** Where Sidetree files are kept, by content address. All adapters pass `test/content/suite.ts`. */
export interface ContentStore {
  /**
   * Stores bytes durably and returns their CID (version 0: dag-pb UnixFS, SHA-256, chunks of 256 KiB, as Kubo
   * gives it). Storing the same bytes again is harmless.
   * @throws ContentError
   */
  put(bytes: Uint8Array, options?: { signal?: AbortSignal }): Promise<string>
  /**
   * The bytes behind a CID; every block is hashed and compared with its CID before a byte is returned.
   * @throws ContentError CONTENT_NOT_FOUND, CONTENT_NOT_REACHABLE, CONTENT_TOO_LARGE, CONTENT_MISMATCH,
   * CONTENT_CID_INVALID
   */
  get(cid: string, options: GetOptions): Promise<Uint8Array>
  /** True where the content is held here, whole, without asking anyone else. */
  has(cid: string): Promise<boolean>
  close(): Promise<void>
}

/** A store that can hand out single blocks too, as a trustless gateway needs. */
export interface BlockSource {
  /** One block, hashed and compared with its CID. @throws ContentError as `get` */
  block(cid: string, options: GetOptions): Promise<Uint8Array>
}
