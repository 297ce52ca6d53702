import { ContentError } from '../../content/errors.ts'
import type { ContentStore, GetOptions } from '../../content/types.ts'
import { MAX_NAMED_BYTES, proofInvalid } from './resolution-proof.ts'

/**
 * The files of a proof, each as the proof says what it is: whoever reads them compares them with their names. What is
 * read in all is bounded, so that no proof takes longer to verify than the largest: one file can be named again and
 * again.
 */
export class ProofContent implements Pick<ContentStore, 'get'> {
  readonly #files: ReadonlyMap<string, Uint8Array>
  readonly #read = new Set<string>()
  #left = MAX_NAMED_BYTES

  constructor(files: ReadonlyMap<string, Uint8Array>) {
    this.#files = files
  }

  /** A file that nobody has asked for; undefined where there is none. */
  get unread(): string | undefined {
    return [...this.#files.keys()].find(name => !this.#read.has(name))
  }

  /** @throws ContentError; NodeError PROOF_INVALID where too much was read */
  async get(cid: string, { maxBytes }: GetOptions): Promise<Uint8Array> {
    const bytes = this.#files.get(cid)
    if (bytes === undefined)
      throw new ContentError('CONTENT_NOT_FOUND', `the proof has no file ${cid}`, { cid })
    this.#read.add(cid)
    if (bytes.length <= maxBytes) {
      this.#left -= bytes.length
      if (this.#left >= 0) return bytes
      throw proofInvalid(`the files that its transactions name are more than ${MAX_NAMED_BYTES} bytes`)
    }
    throw new ContentError('CONTENT_TOO_LARGE', `${cid} is larger than ${maxBytes} bytes`, { cid })
  }
}
