import { MerkleError } from '../errors.ts'
import { BYTES, bitOf } from './hashes.ts'
import { decodePage, type Entry, encodePage, halves, hashPage, hashSlots, type Page } from './page.ts'
import type { MapProof } from './proof.ts'

/** Where the pages of a map are kept, by the bytes that the keys below them begin with. */
export interface PageSource {
  get(prefix: Uint8Array): Uint8Array | undefined
}

/** A key with its new value, 32 bytes each; or what makes that from the value it had, undefined where it had none. */
export interface MapChange {
  key: Uint8Array
  value: Uint8Array | ((before: Uint8Array | undefined) => Uint8Array)
}

/** A key with its value. */
interface MapPair {
  key: Uint8Array
  value: Uint8Array
}

/** What changes come to: the new root, and the pages to write, in no order. */
export interface MapUpdate {
  root: Uint8Array
  pages: { prefix: Uint8Array; bytes: Uint8Array }[]
}

/**
 * A sparse Merkle tree over keys and values of 32 bytes (docs/spec/map.md). Each key has its place by its bits; a subtree
 * with one key is hashed as that key alone, so that a proof is as long as the logarithm of their number. Eight levels at
 * a time are kept as one page.
 */
export class MerkleMap {
  readonly #pages: PageSource

  constructor(pages: PageSource) {
    this.#pages = pages
  }

  root(): Uint8Array {
    return hashPage(this.#page(Buffer.alloc(0)))
  }

  get(key: Uint8Array): Uint8Array | undefined {
    requireKey(key)
    const { entry } = this.#find(key)
    return entry !== undefined && 'key' in entry && Buffer.compare(entry.key, key) === 0
      ? entry.value
      : undefined
  }

  /** Sets keys, of several changes of one key the last. Nothing is written: that is the caller's, in one with what else changes. */
  update(changes: readonly MapChange[]): MapUpdate {
    for (const { key } of changes) requireKey(key)
    const last = new Map(changes.map(change => [Buffer.from(change.key).toString('latin1'), change]))
    const sorted = [...last.values()].sort((a, b) => Buffer.compare(a.key, b.key))
    const pages: MapUpdate['pages'] = []
    const root = this.#updatePage(Buffer.alloc(0), this.#page(Buffer.alloc(0)), sorted, pages)
    return { root, pages }
  }

  /** Shows the value of a key, or that it has none. */
  prove(key: Uint8Array): MapProof {
    requireKey(key)
    const siblings: Uint8Array[] = []
    for (let byte = 0; ; byte++) {
      const page = this.#page(key.subarray(0, byte))
      let entries = page
      for (let level = 0; level < 8; level++) {
        const [only] = entries
        if (only === undefined) return { siblings, end: undefined }
        if (entries.length === 1 && 'key' in only)
          return { siblings, end: { key: only.key, value: only.value } }
        const parts = halves(entries, level)
        const bit = bitOf(key, byte * 8 + level)
        siblings.push(hashSlots(parts[1 - bit] as Page, level + 1))
        entries = parts[bit]
      }
      const [only] = entries
      if (only === undefined) return { siblings, end: undefined }
      if ('key' in only) return { siblings, end: { key: only.key, value: only.value } }
    }
  }

  /** The entry whose slot a key falls in, in the deepest page that there is for it. */
  #find(key: Uint8Array): { entry: Entry | undefined } {
    for (let byte = 0; ; byte++) {
      const page = this.#page(key.subarray(0, byte))
      const entry = page.find(({ slot }) => slot === key[byte])
      if (entry === undefined || 'key' in entry) return { entry }
    }
  }

  /**
   * A page below the root is read only where the one above says that it is there.
   * @throws MerkleError MAP_PAGE_MISSING, MAP_PAGE_INVALID
   */
  #page(prefix: Uint8Array): Page {
    const bytes = this.#pages.get(prefix)
    if (bytes !== undefined) return decodePage(bytes)
    if (prefix.length === 0) return []
    throw new MerkleError('MAP_PAGE_MISSING', 'a page of a map is missing that the page above it names')
  }

  /** Sets sorted keys below a prefix, and returns the hash of what is there then. */
  #updatePage(
    prefix: Uint8Array,
    page: Page,
    changes: readonly MapChange[],
    written: MapUpdate['pages'],
  ): Uint8Array {
    const entries = new Map(page.map(entry => [entry.slot, entry]))
    for (const [slot, group] of groupsBySlot(changes, prefix.length)) {
      entries.set(slot, this.#updateSlot(prefix, slot, entries.get(slot), group, written))
    }
    const updated = [...entries.values()].sort((a, b) => a.slot - b.slot)
    written.push({ prefix, bytes: encodePage(updated) })
    return hashPage(updated)
  }

  #updateSlot(
    prefix: Uint8Array,
    slot: number,
    entry: Entry | undefined,
    changes: readonly MapChange[],
    written: MapUpdate['pages'],
  ): Entry {
    const [first] = changes as [MapChange]
    const isAlone = entry === undefined || ('key' in entry && Buffer.compare(entry.key, first.key) === 0)
    if (changes.length === 1 && isAlone)
      return { slot, key: first.key, value: newValue(first, loneOf(entry)) }
    const below = Buffer.concat([prefix, Buffer.from([slot])])
    const page = entry === undefined ? [] : 'page' in entry ? this.#page(below) : [moved(entry, below.length)]
    return { slot, page: this.#updatePage(below, page, changes, written) }
  }
}

function loneOf(entry: Entry | undefined): MapPair | undefined {
  return entry !== undefined && 'key' in entry ? entry : undefined
}

function newValue({ value }: MapChange, entry: MapPair | undefined): Uint8Array {
  const made = typeof value === 'function' ? value(entry?.value) : value
  requireKey(made)
  return made
}

/** A lone key in the page below that of its entry. */
function moved({ key, value }: MapPair, byte: number): Entry {
  return { slot: key[byte] as number, key, value }
}

function groupsBySlot(changes: readonly MapChange[], byte: number): Map<number, MapChange[]> {
  return Map.groupBy(changes, ({ key }) => key[byte] as number)
}

function requireKey(bytes: Uint8Array): void {
  if (bytes.length !== BYTES) throw new TypeError('keys and values of a map have 32 bytes')
}
