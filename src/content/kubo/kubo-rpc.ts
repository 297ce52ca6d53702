import { type CID, cidText, DAG_PB } from '../../codec/cid.ts'
import { CodecError } from '../../codec/errors.ts'
import { type JsonObject, parseJsonObject } from '../../codec/json.ts'
import { MAX_BLOCK_BYTES } from '../../codec/unixfs.ts'
import { NetError } from '../../net/errors.ts'
import { type FetchResult, guardedFetch } from '../../net/guarded-fetch.ts'
import { ContentError, type ContentErrorCode } from '../errors.ts'

/** How Kubo is asked. */
export interface KuboOptions {
  /** Milliseconds for one call, its answer included. Default 10,000. */
  timeoutMs?: number
}

/** How long a file is waited for. */
export interface KuboFileOptions {
  /** Milliseconds for all blocks of a file. Default 60,000. */
  fileTimeoutMs?: number
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

const TIMEOUT_MS = 10_000
/** Largest answer that is no block, in bytes. */
const MAX_ANSWER_BYTES = 65_536
/** Words of Kubo are shown; longer ones are cut. */
const MAX_WORDS = 200

/** Kubo has no codes: what it cannot do it says in words, which differ by version. Any others mean not reachable. */
const WORDS: readonly [RegExp, ContentErrorCode][] = [
  [/not found|could not find|no such block/i, 'CONTENT_NOT_FOUND'],
  [/no space left|quota exceeded|ENOSPC/i, 'CONTENT_FULL'],
]
const NOT_PINNED = /not pinned/i

/** A call: its name, its query, and what is uploaded with it. */
interface Request extends KuboCall {
  call: string
  query?: Readonly<Record<string, string | number | boolean>>
  upload?: Uint8Array
  /** What the call is about, for errors. */
  cid?: CID
  maxBytes?: number
}

/**
 * The calls of Kubo's RPC (version 0) that are needed here, each bounded in time and in the size of its answer, and sent
 * nowhere else than to the URL given. Nothing that Kubo answers is believed: blocks are to be hashed by who reads them.
 * Failures are ContentErrors, or the signal's reason.
 */
export class KuboRpc {
  /** Of the RPC, without credentials: for logs. */
  readonly url: string
  readonly #timeoutMs: number

  /**
   * @param url of the RPC, for example `http://127.0.0.1:5001`
   * @throws TypeError the URL is not one of http or https, or holds credentials, a query or a fragment
   */
  constructor(url: string, { timeoutMs = TIMEOUT_MS }: KuboOptions = {}) {
    if (!/^https?:\/\/[^@?#\s]+$/.test(url) || !URL.canParse(url)) {
      throw new TypeError(
        'the URL of a Kubo RPC is one of http or https, without credentials, query and fragment',
      )
    }
    this.url = url.replace(/\/+$/, '')
    this.#timeoutMs = timeoutMs
  }

  /**
   * The block of a CID, unverified, read to at most the largest block there is.
   * @param offline looks only at what Kubo holds itself
   * @throws ContentError CONTENT_NOT_FOUND, CONTENT_NOT_REACHABLE, CONTENT_MISMATCH (longer than any block)
   */
  async block(cid: CID, { offline, signal }: KuboCall & { offline: boolean }): Promise<Uint8Array> {
    const query = { arg: cidText(cid), offline }
    return await this.#post({ call: 'block/get', query, signal, cid, maxBytes: MAX_BLOCK_BYTES })
  }

  /**
   * Stores a block, unpinned. Kubo keeps blocks by their hash, whatever they mean, so that no codec is named.
   * @throws ContentError CONTENT_NOT_REACHABLE, CONTENT_FULL
   */
  async putBlock(bytes: Uint8Array, { signal }: KuboCall): Promise<void> {
    // As large as any source may send one: Kubo's own bound is 1 MiB.
    const query = { 'allow-big-block': true }
    await this.#post({ call: 'block/put', query, upload: bytes, signal })
  }

  /**
   * Adds a file as version 0 in chunks of 256 KiB, whatever Kubo is configured to do by default, and pins it.
   * @returns the CID that Kubo says
   * @throws ContentError CONTENT_NOT_REACHABLE, CONTENT_FULL
   */
  async add(bytes: Uint8Array, { signal }: KuboCall): Promise<string> {
    const layout = { 'cid-version': 0, 'raw-leaves': false, trickle: false, chunker: 'size-262144' }
    const query = { ...layout, pin: true, progress: false }
    return textOf(this.#object(await this.#post({ call: 'add', query, upload: bytes, signal })), 'Hash')
  }

  /**
   * Pins a file of which Kubo holds all blocks; it asks nobody else for one that is missing.
   * @throws ContentError CONTENT_NOT_FOUND, CONTENT_NOT_REACHABLE, CONTENT_FULL
   */
  async pin(cid: CID, { signal }: KuboCall): Promise<void> {
    const query = { arg: pinned(cid), offline: true }
    await this.#post({ call: 'pin/add', query, signal, cid })
  }

  /** Whether a file is pinned itself, with all its blocks. @throws ContentError CONTENT_NOT_REACHABLE */
  async isPinned(cid: CID, { signal }: KuboCall): Promise<boolean> {
    // Offline, since Kubo has looked for the block before it looked at its pins (ipfs/kubo issue 7624).
    const query = { arg: pinned(cid), type: 'recursive', offline: true }
    try {
      const { Keys: keys } = this.#object(await this.#post({ call: 'pin/ls', query, signal, cid }))
      return typeof keys === 'object' && keys !== null && Object.keys(keys).length > 0
    } catch (error) {
      if (error instanceof ContentError && NOT_PINNED.test(error.message)) return false
      throw error
    }
  }

  /** @throws ContentError CONTENT_NOT_REACHABLE */
  async identity({ signal }: KuboCall = {}): Promise<KuboIdentity> {
    const said = this.#object(await this.#post({ call: 'id', signal }))
    const peerId = textOf(said, 'ID')
    if (!/^[0-9A-Za-z]{40,128}$/.test(peerId)) {
      throw this.#failure('CONTENT_NOT_REACHABLE', 'it does not say who it is')
    }
    return { peerId, agent: plain(textOf(said, 'AgentVersion')) }
  }

  async #post(request: Request): Promise<Uint8Array> {
    const { signal, cid } = request
    signal?.throwIfAborted()
    try {
      const { status, body } = await this.#send(request)
      if (status === 200) return body
      throw this.#refused(body, status, cid)
    } catch (cause) {
      signal?.throwIfAborted()
      if (!(cause instanceof NetError)) throw cause
      const tooLong = cause.code === 'NET_TOO_LARGE' && request.maxBytes !== undefined
      throw this.#failure(tooLong ? 'CONTENT_MISMATCH' : 'CONTENT_NOT_REACHABLE', cause.message, cid, cause)
    }
  }

  async #send({ call, query = {}, upload, maxBytes, signal }: Request): Promise<FetchResult> {
    // Kubo too gives the call up, so that it does not go on looking for a block that nobody waits for.
    const values = new URLSearchParams({ timeout: `${this.#timeoutMs}ms` })
    for (const [name, value] of Object.entries(query)) values.set(name, String(value))
    return await guardedFetch(`${this.url}/api/v0/${call}?${values}`, {
      ...(upload === undefined ? {} : await form(upload)),
      method: 'POST',
      // The operator has named it. A redirect, which nobody has named, is not followed: the method is POST.
      allowHttp: true,
      allowPrivate: true,
      timeoutMs: this.#timeoutMs,
      maxBytes: maxBytes ?? MAX_ANSWER_BYTES,
      ...(signal === undefined ? {} : { signal }),
    })
  }

  #refused(body: Uint8Array, status: number, cid: CID | undefined): ContentError {
    const reason = reasonIn(body)
    if (reason === undefined) return this.#failure('CONTENT_NOT_REACHABLE', `it answered ${status}`, cid)
    const code = WORDS.find(([words]) => words.test(reason))?.[1] ?? 'CONTENT_NOT_REACHABLE'
    return this.#failure(code, plain(reason), cid)
  }

  #failure(code: ContentErrorCode, reason: string, cid?: CID, cause?: unknown): ContentError {
    const details = {
      ...(cid === undefined ? {} : { cid: cidText(cid) }),
      ...(cause === undefined ? {} : { cause }),
    }
    return new ContentError(code, `Kubo at ${this.url}: ${reason}`, details)
  }

  #object(body: Uint8Array): JsonObject {
    try {
      return parseJsonObject(body)
    } catch (cause) {
      if (!(cause instanceof CodecError)) throw cause
      throw this.#failure('CONTENT_NOT_REACHABLE', 'its answer is not one of Kubo', undefined, cause)
    }
  }
}

/** One file as multipart/form-data (RFC 7578), by the encoder of Node.js. */
async function form(bytes: Uint8Array) {
  const data = new FormData()
  data.append('file', new Blob([Uint8Array.from(bytes)]), 'file')
  const encoded = new Response(data)
  const headers = { 'content-type': encoded.headers.get('content-type') ?? '' }
  return { body: new Uint8Array(await encoded.arrayBuffer()), headers }
}

/** Pins go by the text of a CID: both versions of a dag-pb one are pinned as version 0, as Kubo's `add` does here. */
function pinned(cid: CID): string {
  return cidText(cid.code === DAG_PB ? cid.toV0() : cid)
}

function textOf(object: JsonObject, name: string): string {
  const value = object[name]
  return typeof value === 'string' ? value : ''
}

/** Words of a stranger, in one short line of ASCII. */
function plain(words: string): string {
  return words.replace(/[^\x20-\x7e]+/g, ' ').slice(0, MAX_WORDS)
}

/** The `Message` of an error of Kubo; undefined where the body is something else, such as the page of a proxy. */
function reasonIn(body: Uint8Array): string | undefined {
  try {
    const message = parseJsonObject(body)['Message']
    return typeof message === 'string' ? message : undefined
  } catch (error) {
    if (error instanceof CodecError) return undefined
    throw error
  }
}
