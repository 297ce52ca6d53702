import { type CID, cidText } from '../../codec/cid.ts'
import { MAX_BLOCK_BYTES } from '../../codec/unixfs.ts'
import { NetError } from '../../net/errors.ts'
import { type FetchOptions, guardedFetch } from '../../net/guarded-fetch.ts'
import { ContentError } from '../errors.ts'
import { readContent } from '../read.ts'
import type { ContentSource } from '../source.ts'
import type { GetOptions } from '../types.ts'

/** How a gateway is asked; the defaults are those of `guardedFetch`. */
export type GatewayOptions = Pick<
  FetchOptions,
  'allowHttp' | 'allowPrivate' | 'timeoutMs' | 'maxRedirects' | 'lookup' | 'ca'
>

const RAW_BLOCK = 'application/vnd.ipld.raw'

/**
 * A trustless gateway (IPFS Trustless Gateway specification): another node of this kind, or any other. It is asked for
 * single blocks, each of which is hashed and compared with its CID before it is used, so that a gateway can withhold
 * content but not change it.
 */
export class GatewaySource implements ContentSource {
  readonly name: string
  readonly #base: string
  readonly #options: GatewayOptions

  /** @param url of the gateway, without `/ipfs` */
  constructor(url: string, options: GatewayOptions = {}) {
    this.#base = url.replace(/\/+$/, '')
    this.name = this.#base
    this.#options = options
  }

  get(cid: string, options: GetOptions): Promise<Uint8Array> {
    return readContent(cid, block => this.#block(block, options.signal), options)
  }

  async #block(cid: CID, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const text = cidText(cid)
    try {
      const { status, body } = await guardedFetch(`${this.#base}/ipfs/${text}?format=raw`, {
        ...this.#options,
        headers: { accept: RAW_BLOCK },
        maxBytes: MAX_BLOCK_BYTES,
        ...(signal === undefined ? {} : { signal }),
      })
      if (status === 200) return body
      throw this.#answered(status, text)
    } catch (cause) {
      signal?.throwIfAborted()
      throw this.#failure(cause, text)
    }
  }

  #answered(status: number, cid: string): ContentError {
    return status === 404 || status === 410
      ? new ContentError('CONTENT_NOT_FOUND', `${this.name} has no block ${cid}`, { cid })
      : new ContentError('CONTENT_NOT_REACHABLE', `${this.name} answered ${status} for block ${cid}`, { cid })
  }

  #failure(cause: unknown, cid: string): unknown {
    if (!(cause instanceof NetError)) return cause
    // No block is that large, so that what comes cannot be this one.
    const code = cause.code === 'NET_TOO_LARGE' ? 'CONTENT_MISMATCH' : 'CONTENT_NOT_REACHABLE'
    return new ContentError(code, `${this.name}: ${cause.message}`, { cid, cause })
  }
}
