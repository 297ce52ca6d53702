import { type CID, cidText } from '../../codec/cid.ts'
import { type Block, fileBlocks } from '../../codec/unixfs.ts'
import { ContentError } from '../errors.ts'
import { holds, parseContentCid, readBlock, readContent, requireBlocks } from '../read.ts'
import type { BlockSource, CallOptions, ContentStore, FileKeeper, GetOptions } from '../types.ts'
import { FILE_TIMEOUT_MS, within } from '../within.ts'
import type { KuboFileOptions, KuboIdentity, KuboRpc } from './kubo-rpc.ts'

/** A question after health is not to be waited for as long as for content. */
const HEALTH_MS = 2_000

/**
 * Content in a Kubo node, over its RPC. Held is what is pinned there: what Kubo has beside that, its garbage collection
 * may take away. Kubo's network is not asked ({@link KuboNetwork} does that). Kubo is trusted to keep what it has
 * acknowledged, and with nothing else: each block is hashed here.
 *
 * Unlike the embedded store, putting content again does not repair a block that is damaged in Kubo's repository.
 */
export class KuboContentStore implements ContentStore, BlockSource, FileKeeper {
  readonly #rpc: KuboRpc
  readonly #fileTimeoutMs: number
  #closed = false
  #health: Promise<KuboIdentity> | undefined

  constructor(rpc: KuboRpc, { fileTimeoutMs = FILE_TIMEOUT_MS }: KuboFileOptions = {}) {
    this.#rpc = rpc
    this.#fileTimeoutMs = fileTimeoutMs
  }

  /** @throws ContentError as {@link ContentStore.put}; CONTENT_MISMATCH where Kubo stores it under another CID */
  async put(bytes: Uint8Array, { signal }: CallOptions = {}): Promise<string> {
    this.#requireOpen()
    signal?.throwIfAborted()
    const cid = cidText((await fileBlocks(bytes)).root)
    const stored = await this.#rpc.add(bytes, { signal })
    if (stored === cid) return cid
    throw new ContentError('CONTENT_MISMATCH', `Kubo at ${this.#rpc.url} stored ${cid} under another CID`, {
      cid,
    })
  }

  /** Kubo takes the blocks one by one, and the file is held once it is pinned. */
  async keep(cid: string, blocks: readonly Block[], { signal }: CallOptions = {}): Promise<void> {
    this.#requireOpen()
    signal?.throwIfAborted()
    requireBlocks(cid, blocks)
    for (const { bytes } of blocks) await this.#rpc.putBlock(bytes, { signal })
    await this.#rpc.pin(parseContentCid(cid), { signal })
  }

  async get(cid: string, options: GetOptions): Promise<Uint8Array> {
    this.#requireOpen()
    const root = parseContentCid(cid)
    const { url } = this.#rpc
    return await within(
      { ms: this.#fileTimeoutMs, who: `Kubo at ${url}`, signal: options.signal },
      async signal => {
        if (!(await this.#rpc.isPinned(root, { signal }))) {
          throw new ContentError('CONTENT_NOT_FOUND', `${cid} is not pinned at ${url}`, { cid })
        }
        const getBlock = (block: CID) => this.#rpc.block(block, { signal, offline: true })
        return await readContent(cid, getBlock, { ...options, signal })
      },
    )
  }

  has(cid: string): Promise<boolean> {
    return holds(this.get(cid, { maxBytes: Number.MAX_SAFE_INTEGER }))
  }

  /** Whether Kubo says that it holds a file; {@link has} reads it too. @throws ContentError as that */
  async isPinned(cid: string, { signal }: CallOptions = {}): Promise<boolean> {
    this.#requireOpen()
    return await this.#rpc.isPinned(parseContentCid(cid), { signal })
  }

  async block(cid: string, options: GetOptions): Promise<Uint8Array> {
    this.#requireOpen()
    const { signal } = options
    return await readBlock(cid, block => this.#rpc.block(block, { signal, offline: true }), options)
  }

  /** Asks Kubo who it is; calls at the same time ask once. @throws ContentError CONTENT_NOT_REACHABLE */
  health(): Promise<KuboIdentity> {
    const { url } = this.#rpc
    this.#health ??= within({ ms: HEALTH_MS, who: `Kubo at ${url}` }, signal =>
      this.#rpc.identity({ signal }),
    ).finally(() => {
      this.#health = undefined
    })
    return this.#health
  }

  /** Kubo runs on. */
  async close(): Promise<void> {
    this.#closed = true
  }

  #requireOpen(): void {
    if (this.#closed) throw new ContentError('CONTENT_CLOSED', 'the content store is closed')
  }
}
