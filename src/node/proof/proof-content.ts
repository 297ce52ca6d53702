import { cidText } from '../../codec/cid.ts'
import { fileBlocks } from '../../codec/unixfs.ts'
import { ContentError } from '../../content/errors.ts'
import type { ContentStore, GetOptions } from '../../content/types.ts'

/** The files of a proof. Each is hashed, and compared with the CID that it is asked for by. */
export class ProofContent implements ContentStore {
  readonly #files: ReadonlyMap<string, Uint8Array>

  constructor(files: ReadonlyMap<string, Uint8Array>) {
    this.#files = files
  }

  async put(): Promise<string> {
    throw new ContentError('CONTENT_FULL', 'nothing is added to a proof')
  }

  async get(cid: string, { maxBytes }: GetOptions): Promise<Uint8Array> {
    const bytes = this.#files.get(cid)
    if (bytes === undefined)
      throw new ContentError('CONTENT_NOT_FOUND', `the proof has no file ${cid}`, { cid })
    const own = cidText((await fileBlocks(bytes)).root)
    if (own !== cid) {
      throw new ContentError('CONTENT_MISMATCH', `the file that the proof gives as ${cid} is ${own}`, { cid })
    }
    if (bytes.length <= maxBytes) return bytes
    throw new ContentError('CONTENT_TOO_LARGE', `${cid} is larger than ${maxBytes} bytes`, { cid })
  }

  async has(cid: string): Promise<boolean> {
    return this.#files.has(cid)
  }

  async close(): Promise<void> {}
}
