import type { Block } from '../codec/unixfs.ts'
import type { GetOptions } from './types.ts'

/** A file as a source has it. */
export interface SourcedFile {
  bytes: Uint8Array
  /** What it was read from, each block once: a store keeps these, so that the file has the same CID there. */
  blocks: readonly Block[]
}

/** Where content may be had that is not stored here. */
export interface ContentSource {
  /** For logs and metrics. */
  readonly name: string
  /**
   * The file behind a CID, of which every block was hashed and compared with its CID here: nobody on the other side is
   * trusted with it. That it is too large or no file is said only of blocks that were hashed, since that ends the
   * search everywhere.
   * @throws ContentError as `ContentStore.get`, or the signal's reason
   */
  get(cid: string, options: GetOptions): Promise<SourcedFile>
}
