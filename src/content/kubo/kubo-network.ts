import { readSourced } from '../read.ts'
import type { ContentSource, SourcedFile } from '../source.ts'
import type { GetOptions } from '../types.ts'
import { FILE_TIMEOUT_MS, within } from '../within.ts'
import type { KuboFileOptions, KuboRpc } from './kubo-rpc.ts'

/** What a Kubo node has, and the network of IPFS, which it asks for blocks that it has not. */
export class KuboNetwork implements ContentSource {
  readonly name: string
  readonly #rpc: KuboRpc
  readonly #fileTimeoutMs: number

  constructor(rpc: KuboRpc, { fileTimeoutMs = FILE_TIMEOUT_MS }: KuboFileOptions = {}) {
    this.name = `network of ${rpc.url}`
    this.#rpc = rpc
    this.#fileTimeoutMs = fileTimeoutMs
  }

  get(cid: string, options: GetOptions): Promise<SourcedFile> {
    return within({ ms: this.#fileTimeoutMs, who: this.name, signal: options.signal }, signal =>
      readSourced(cid, block => this.#rpc.block(block, { signal, offline: false }), { ...options, signal }),
    )
  }
}
