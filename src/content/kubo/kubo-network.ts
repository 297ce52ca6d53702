import { parseContentCid, readContent } from '../read.ts'
import type { ContentSource } from '../source.ts'
import type { GetOptions } from '../types.ts'
import { FILE_TIMEOUT_MS, within } from '../within.ts'
import type { KuboFileOptions, KuboRpc } from './kubo-rpc.ts'

/**
 * The network of IPFS, which a Kubo node asks for blocks that it has not. A file that was fetched and hashed is pinned
 * there, in whatever layout it is, so that a {@link KuboContentStore} of the same Kubo holds it.
 */
export class KuboNetwork implements ContentSource {
  readonly name: string
  readonly #rpc: KuboRpc
  readonly #fileTimeoutMs: number

  constructor(rpc: KuboRpc, { fileTimeoutMs = FILE_TIMEOUT_MS }: KuboFileOptions = {}) {
    this.name = `network of ${rpc.url}`
    this.#rpc = rpc
    this.#fileTimeoutMs = fileTimeoutMs
  }

  async get(cid: string, options: GetOptions): Promise<Uint8Array> {
    const { signal } = options
    const bytes = await within({ ms: this.#fileTimeoutMs, who: this.name, signal }, signal =>
      readContent(cid, block => this.#rpc.block(block, { signal, offline: false }), { ...options, signal }),
    )
    await this.#rpc.pin(parseContentCid(cid), { signal, offline: false })
    return bytes
  }
}
