import { cidText, cidV0OfDigest, DAG_PB, parseCid } from '../../codec/cid.ts'
import { StoreError } from '../../store/errors.ts'
import type { Change, Store } from '../../store/store.ts'

/** Keys of blocks are their multihashes; 12 20 is how a SHA-256 multihash starts. */
export const BLOCKS = { gte: Buffer.from([0x12, 0x20]), lt: Buffer.from([0x12, 0x21]) }
const FILES = { gte: Buffer.from('f'), lt: Buffer.from('g') }
/** There where every file is listed: blocks of a database that was begun before there was a list are in none. */
const COMPLETE = Buffer.from('complete')

/**
 * Which files a database of content holds, beside their blocks, and which of them another store is known to hold too.
 * Both versions of a CID name the same file. The value of a file is the name of the other store, empty where none is
 * known to hold it.
 */
export class FileList {
  readonly #store: Store
  readonly #listeners = new Set<(cid: string) => void>()
  #complete: Promise<boolean> | undefined

  constructor(store: Store) {
    this.#store = store
  }

  /** What lists a file; to be stored in one with its blocks. @throws StoreError */
  async additions(cid: string): Promise<Change[]> {
    const key = keyOf(cid)
    const changes: Change[] = this.#holderOf(key) === undefined ? [{ key, value: '' }] : []
    this.#complete ??= this.#isComplete().catch((error: unknown) => {
      this.#complete = undefined
      throw error
    })
    if ((await this.#complete) && this.#store.get(COMPLETE) === undefined) {
      changes.push({ key: COMPLETE, value: '' })
    }
    return changes
  }

  /** To be called once a file is stored. */
  added(cid: string): void {
    const text = nameOf(cid)
    for (const listener of this.#listeners) listener(text)
  }

  /** @returns what ends it */
  onAdded(listener: (cid: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** All files. @throws StoreError */
  async *all(): AsyncGenerator<string> {
    for await (const key of this.#store.keys(FILES)) yield textOf(key)
  }

  /** The files that a store of this name is not known to hold. @throws StoreError */
  async *without(holder: string): AsyncGenerator<string> {
    await this.#listOld()
    for await (const key of this.#store.keys(FILES)) {
      if (this.#holderOf(key) !== holder) yield textOf(key)
    }
  }

  /** Notes that a store holds a file, which is listed. It need not survive a power cut: it is found out again. */
  async mark(cid: string, holder: string): Promise<void> {
    await this.#store.write([{ key: keyOf(cid), value: holder }])
  }

  /** Undefined for a file that is not listed. Damage of a note is no damage of a file: nobody is known to hold it. */
  #holderOf(key: Uint8Array): string | undefined {
    try {
      const value = this.#store.get(key)
      return value === undefined ? undefined : Buffer.from(value).toString()
    } catch (error) {
      if (error instanceof StoreError && error.code === 'STORE_CORRUPT') return ''
      throw error
    }
  }

  /** Forgets which store holds what, so that it is looked at again. @returns the number of files */
  async forget(): Promise<number> {
    let files = 0
    for await (const key of this.#store.keys(FILES)) {
      await this.#store.write([{ key, value: '' }])
      files++
    }
    return files
  }

  /** True for a database that is empty, or was when its first file came. */
  async #isComplete(): Promise<boolean> {
    if (this.#store.get(COMPLETE) !== undefined) return true
    for await (const _ of this.#store.keys({ ...BLOCKS, limit: 1 })) return false
    return true
  }

  /** Takes each block of an old database for a file: every file is then among them, as it has the CID of one. */
  async #listOld(): Promise<void> {
    if (this.#store.get(COMPLETE) !== undefined) return
    for await (const block of this.#store.keys(BLOCKS)) {
      const key = keyOf(cidText(cidV0OfDigest(block.subarray(2))))
      if (this.#holderOf(key) === undefined) await this.#store.write([{ key, value: '' }])
    }
    await this.#store.commit([{ key: COMPLETE, value: '' }])
  }
}

/** The CID of a file in its list: version 0 where there is one. */
function nameOf(cid: string): string {
  const parsed = parseCid(cid)
  return cidText(parsed.code === DAG_PB ? parsed.toV0() : parsed)
}

function keyOf(cid: string): Uint8Array {
  return Buffer.from(`f${nameOf(cid)}`)
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.subarray(1)).toString()
}
