import { once } from 'node:events'
import { type CID, cidText } from '../../src/codec/cid.ts'
import { MAX_BLOCK_BYTES } from '../../src/codec/unixfs.ts'
import { ContentError } from '../../src/content/errors.ts'
import { readBlock, readContent } from '../../src/content/read.ts'
import type { BlockSource, CallOptions, ContentStore, GetOptions } from '../../src/content/types.ts'

/** What can be wrong with a store that is asked for content. */
export type ReadFault =
  /** It has not what it was asked for. */
  | 'absent'
  /** It cannot be asked. */
  | 'unreachable'
  /** It changes a bit of each block. */
  | 'lying'
  /** It sends each block with bytes after it that do not end; the reader stops at the largest block there is. */
  | 'endless'
  /** It never answers. */
  | 'hanging'
  /** It answers once the promise is fulfilled. */
  | { slow: Promise<unknown> }

/** What can be wrong with a store that is given content. */
export type WriteFault = Extract<ReadFault, 'unreachable' | 'hanging' | object> | 'full'

/**
 * A content store with faults that a test switches on and off, over one that works. It reads as adapters do, through
 * the checks of `read.ts`, so that a lie surfaces as what an adapter makes of it.
 */
export class FaultyContentStore implements ContentStore, BlockSource {
  /** CIDs of the files that were asked for, in order, so that a test can count attempts. */
  readonly asked: string[] = []
  readonly #inner: ContentStore & BlockSource
  readonly #faults = new Map<string, ReadFault>()
  #faultOfAll: ReadFault | undefined
  #writeFault: WriteFault | undefined

  constructor(inner: ContentStore & BlockSource) {
    this.#inner = inner
  }

  /** Sets a fault for reading one file or block, or all of them. */
  failReads(fault: ReadFault, cid?: string): void {
    if (cid === undefined) this.#faultOfAll = fault
    else this.#faults.set(cid, fault)
  }

  /** Sets a fault for writing. */
  failWrites(fault: WriteFault): void {
    this.#writeFault = fault
  }

  /** Takes away the faults of one CID, or all faults. */
  heal(cid?: string): void {
    if (cid !== undefined) {
      this.#faults.delete(cid)
      return
    }
    this.#faults.clear()
    this.#faultOfAll = undefined
    this.#writeFault = undefined
  }

  async put(bytes: Uint8Array, options: CallOptions = {}): Promise<string> {
    const fault = this.#writeFault
    if (fault === 'full') throw new ContentError('CONTENT_FULL', 'the store is full')
    if (fault !== undefined) await stall(fault, options.signal)
    return await this.#inner.put(bytes, options)
  }

  async get(cid: string, options: GetOptions): Promise<Uint8Array> {
    this.asked.push(cid)
    return await readContent(cid, block => this.#fetch(cid, block, options), options)
  }

  async block(cid: string, options: GetOptions): Promise<Uint8Array> {
    return await readBlock(cid, block => this.#fetch(cid, block, options), options)
  }

  /** What is held locally: faults of reading do not reach it, save that absent content is absent. */
  async has(cid: string): Promise<boolean> {
    return this.#faultOf(cid) !== 'absent' && (await this.#inner.has(cid))
  }

  async close(): Promise<void> {
    await this.#inner.close()
  }

  #faultOf(file: string): ReadFault | undefined {
    return this.#faults.get(file) ?? this.#faultOfAll
  }

  async #fetch(file: string, cid: CID, { signal }: GetOptions): Promise<Uint8Array> {
    const fault = this.#faultOf(file)
    if (fault === 'absent') throw new ContentError('CONTENT_NOT_FOUND', `no block ${cidText(cid)}`)
    if (fault === 'endless') return Buffer.alloc(MAX_BLOCK_BYTES + 1)
    if (fault !== undefined && fault !== 'lying') await stall(fault, signal)
    const options = signal === undefined ? {} : { signal }
    const block = await this.#inner.block(cidText(cid), { maxBytes: MAX_BLOCK_BYTES, ...options })
    return fault === 'lying' ? flipBit(block) : block
  }
}

/** Waits as the fault says; the signal ends the wait. */
async function stall(
  fault: 'unreachable' | 'hanging' | { slow: Promise<unknown> },
  signal: AbortSignal | undefined,
): Promise<void> {
  if (fault === 'unreachable') throw new ContentError('CONTENT_NOT_REACHABLE', 'the store cannot be reached')
  const answer = fault === 'hanging' ? new Promise<never>(() => {}) : fault.slow
  const aborted = signal === undefined ? new Promise<never>(() => {}) : once(signal, 'abort')
  if (signal?.aborted !== true) await Promise.race([answer, aborted])
  signal?.throwIfAborted()
}

function flipBit(block: Uint8Array): Buffer {
  const lie = Buffer.from(block)
  lie.writeUInt8(lie.readUInt8(0) ^ 1)
  return lie
}
