import { type CID, cidText } from '../../codec/cid.ts'
import { MAX_BLOCK_BYTES } from '../../codec/unixfs.ts'
import { NetError } from '../../net/errors.ts'
import { type FetchOptions, guardedFetch } from '../../net/guarded-fetch.ts'
import { ContentError } from '../errors.ts'
import { readSourced } from '../read.ts'
import type { ContentSource, SourcedFile } from '../source.ts'
import type { GetOptions } from '../types.ts'
import { FILE_TIMEOUT_MS, within } from '../within.ts'

/** How a gateway is asked for a block, with the defaults of `guardedFetch`, and how long for a file. */
export interface GatewayOptions
  extends Pick<FetchOptions, 'allowHttp' | 'allowPrivate' | 'timeoutMs' | 'maxRedirects' | 'lookup' | 'ca'> {
  /** Milliseconds for all blocks of a file. Default 60,000. */
  fileTimeoutMs?: number
}

const RAW_BLOCK = 'application/vnd.ipld.raw'

/**
 * A trustless gateway (IPFS Trustless Gateway specification): another node of this kind, or any other. It is asked for
 * single blocks, each of which is hashed and compared with its CID before it is used, so that a gateway can withhold
 * content but not change it.
 */
export class GatewaySource implements ContentSource {
  readonly name: string
  readonly #base: string
  readonly #options: Omit<GatewayOptions, 'fileTimeoutMs'>
  readonly #fileTimeoutMs: number

  /**
   * @param url of the gateway, without `/ipfs`
   * @throws TypeError it is no URL, or one with credentials (which would be in every log), a query or a fragment
   */
  constructor(url: string, { fileTimeoutMs = FILE_TIMEOUT_MS, ...options }: GatewayOptions = {}) {
    if (!URL.canParse(url) || /[@?#\s]/.test(url)) {
      throw new TypeError('a gateway is named by a URL without credentials, query and fragment')
    }
    this.#base = url.replace(/\/+$/, '')
    this.name = this.#base
    this.#options = options
    this.#fileTimeoutMs = fileTimeoutMs
  }

  get(cid: string, options: GetOptions): Promise<SourcedFile> {
    return within({ ms: this.#fileTimeoutMs, who: this.name, signal: options.signal }, signal =>
      readSourced(cid, block => this.#block(block, signal), { ...options, signal }),
    )
  }

  async #block(cid: CID, signal: AbortSignal): Promise<Uint8Array> {
    const text = cidText(cid)
    try {
      const { status, body } = await guardedFetch(`${this.#base}/ipfs/${text}?format=raw`, {
        ...this.#options,
        headers: { accept: RAW_BLOCK },
        maxBytes: MAX_BLOCK_BYTES,
        signal,
      })
      if (status === 200) return body
      throw this.#answered(status, text)
    } catch (cause) {
      signal.throwIfAborted()
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
