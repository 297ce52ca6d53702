import type { CatOptions, KuboRPCClient, PinLsOptions } from 'kubo-rpc-client'
import { CID } from 'multiformats/cid'
import { cidText, DAG_PB, RAW } from '../../codec/cid.ts'
import { MAX_BLOCK_BYTES } from '../../codec/unixfs.ts'
import { ContentError, type ContentErrorCode } from '../errors.ts'
import { within } from '../within.ts'

/** How Kubo is asked. */
export interface KuboOptions {
  /** Milliseconds for one call, its answer included. Default 10,000. */
  timeoutMs?: number
}

/** Bounds of one call. */
export interface KuboCall {
  signal?: AbortSignal | undefined
}

/** What Kubo says of itself. */
export interface KuboIdentity {
  peerId: string
  agent: string
}

/** An option of every call of Kubo's, which the client passes on and its types leave out. */
interface Offline {
  offline: boolean
}

const TIMEOUT_MS = 10_000
/** Reasons of Kubo are shown; a longer one is cut. */
const MAX_REASON = 200

/** Kubo has no codes: what it cannot do it says in words, which differ by version. Any other words mean `fallback`. */
const WORDS: readonly [RegExp, ContentErrorCode][] = [
  [/not found|could not find|no such block/i, 'CONTENT_NOT_FOUND'],
  [/no space left|quota exceeded|ENOSPC/i, 'CONTENT_FULL'],
]
const NOT_PINNED = /not pinned/i

/**
 * The calls of Kubo's RPC that are needed here, each within a time. Nothing that Kubo answers is believed: blocks are to
 * be hashed by who reads them. Failures are ContentErrors.
 */
export class KuboRpc {
  /** Of the RPC, without credentials: for logs. */
  readonly url: string
  readonly #client: KuboRPCClient
  readonly #timeoutMs: number

  private constructor(url: string, client: KuboRPCClient, timeoutMs: number) {
    this.url = url
    this.#client = client
    this.#timeoutMs = timeoutMs
  }

  /**
   * Loads the client, which is an optional package; asks Kubo nothing yet.
   * @param url of the RPC, for example `http://127.0.0.1:5001`
   * @throws ContentError CONTENT_CLIENT_MISSING
   * @throws TypeError the URL is not one of http or https, or holds credentials, a query or a fragment
   */
  static async connect(url: string, { timeoutMs = TIMEOUT_MS }: KuboOptions = {}): Promise<KuboRpc> {
    if (!/^https?:\/\/[^@?#\s]+$/.test(url) || !URL.canParse(url)) {
      throw new TypeError(
        'the URL of a Kubo RPC is one of http or https, without credentials, query and fragment',
      )
    }
    const base = url.replace(/\/+$/, '')
    const { create } = await loadClient()
    return new KuboRpc(base, create({ url: base }), timeoutMs)
  }

  /**
   * The block of a CID, unverified, read to at most the largest block there is. Read by `cat` of the block as a raw one,
   * since Kubo keeps blocks by their hash, and `cat` is the call whose answer can be cut off.
   * @param offline looks only at what Kubo holds itself
   * @throws ContentError CONTENT_NOT_FOUND, CONTENT_NOT_REACHABLE, CONTENT_MISMATCH (longer than any block)
   */
  block(cid: CID, { offline, signal }: KuboCall & { offline: boolean }): Promise<Uint8Array> {
    const raw = cidText(CID.createV1(RAW, cid.multihash))
    return this.#call({ signal, cid: cidText(cid) }, options => {
      const bounded: CatOptions & Offline = { ...options, offline, length: MAX_BLOCK_BYTES + 1 }
      return collect(this.#client.cat(raw, bounded), `${this.#name} sends more than a block`, cidText(cid))
    })
  }

  /**
   * Adds a file as version 0 in chunks of 256 KiB, whatever Kubo is configured to do by default, and pins it.
   * @returns the CID that Kubo says
   * @throws ContentError CONTENT_NOT_REACHABLE, CONTENT_FULL
   */
  add(bytes: Uint8Array, { signal }: KuboCall): Promise<string> {
    const layout = { cidVersion: 0, rawLeaves: false, trickle: false, chunker: 'size-262144' } as const
    return this.#call({ signal }, async options => {
      const { cid } = await this.#client.add(bytes, { ...options, ...layout, pin: true })
      return cid.toString()
    })
  }

  /** Pins a file, fetching what is missing of it. @throws ContentError as {@link KuboRpc.block} */
  async pin(cid: CID, { signal }: KuboCall): Promise<void> {
    await this.#call({ signal, cid: cidText(cid) }, options => this.#client.pin.add(pinned(cid), options))
  }

  /** Whether a file is pinned itself, with all its blocks. @throws ContentError CONTENT_NOT_REACHABLE */
  isPinned(cid: CID, { signal }: KuboCall): Promise<boolean> {
    return this.#call({ signal, cid: cidText(cid) }, async options => {
      try {
        // Offline, since Kubo has looked for the block before it looked at its pins (ipfs/kubo issue 7624).
        const which: PinLsOptions & Offline = {
          ...options,
          offline: true,
          paths: pinned(cid),
          type: 'recursive',
        }
        for await (const _ of this.#client.pin.ls(which)) return true
        return false
      } catch (error) {
        if (NOT_PINNED.test(reasonOf(error))) return false
        throw error
      }
    })
  }

  /** @throws ContentError CONTENT_NOT_REACHABLE */
  identity({ signal }: KuboCall = {}): Promise<KuboIdentity> {
    return this.#call({ signal }, async options => {
      const { id, agentVersion } = await this.#client.id(options)
      return { peerId: id.toString(), agent: String(agentVersion) }
    })
  }

  get #name(): string {
    return `Kubo at ${this.url}`
  }

  async #call<T>(
    { signal, cid }: KuboCall & { cid?: string },
    call: (options: { signal: AbortSignal; timeout: number }) => Promise<T>,
  ): Promise<T> {
    const ms = this.#timeoutMs
    return within({ ms, who: this.#name, signal }, async ending => {
      try {
        return await call({ signal: ending, timeout: ms })
      } catch (cause) {
        ending.throwIfAborted()
        throw this.#failure(cause, cid)
      }
    })
  }

  #failure(cause: unknown, cid: string | undefined): ContentError {
    if (cause instanceof ContentError) return cause
    const reason = reasonOf(cause)
    const code = WORDS.find(([words]) => words.test(reason))?.[1] ?? 'CONTENT_NOT_REACHABLE'
    return new ContentError(code, `${this.#name}: ${reason}`, cid === undefined ? { cause } : { cid, cause })
  }
}

async function loadClient(): Promise<typeof import('kubo-rpc-client')> {
  try {
    return await import('kubo-rpc-client')
  } catch (cause) {
    throw new ContentError(
      'CONTENT_CLIENT_MISSING',
      'the optional package kubo-rpc-client is not installed',
      {
        cause,
      },
    )
  }
}

/** Pins go by the text of a CID: both versions of a dag-pb one are pinned as version 0, as Kubo's `add` does here. */
function pinned(cid: CID): CID {
  return cid.code === DAG_PB ? cid.toV0() : cid
}

async function collect(parts: AsyncIterable<Uint8Array>, tooLong: string, cid: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const part of parts) {
    length += part.length
    if (length > MAX_BLOCK_BYTES) throw new ContentError('CONTENT_MISMATCH', tooLong, { cid })
    chunks.push(part)
  }
  return Buffer.concat(chunks, length)
}

/** What went wrong in one line, with the cause that fetch keeps apart ("fetch failed"). */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed'
  const { cause } = error
  const text =
    cause instanceof Error && cause.message !== '' ? `${error.message}: ${cause.message}` : error.message
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, MAX_REASON)
}
