import { MerkleError } from '../errors.ts'
import { BYTES, EMPTY, hashMapLeaf, hashMapNode } from './hashes.ts'

/**
 * What stands in one of the 256 slots of a page: the only key that begins with the page's prefix and the slot's byte,
 * or the hash of the page below, of at least two such keys.
 */
export type Entry = { slot: number } & ({ key: Uint8Array; value: Uint8Array } | { page: Uint8Array })

/** Eight levels of the tree below a prefix of whole bytes: its slots that are not empty, in their order. */
export type Page = readonly Entry[]

const LEAF = 0x01
const PAGE = 0x02

/** The bytes of a page: for each entry its slot, its kind, and its key and value or the hash of the page below. */
export function encodePage(page: Page): Buffer {
  return Buffer.concat(
    page.flatMap(entry =>
      'page' in entry
        ? [Buffer.from([entry.slot, PAGE]), entry.page]
        : [Buffer.from([entry.slot, LEAF]), entry.key, entry.value],
    ),
  )
}

/** @throws MerkleError MAP_PAGE_INVALID */
export function decodePage(bytes: Uint8Array): Page {
  const page: Entry[] = []
  for (let at = 0; at < bytes.length; ) {
    const [slot, kind] = [bytes[at] as number, bytes[at + 1]]
    const hashes = kind === LEAF ? 2 : kind === PAGE ? 1 : 0
    const end = at + 2 + hashes * BYTES
    if (hashes === 0 || end > bytes.length || slot <= (page.at(-1)?.slot ?? -1)) {
      throw new MerkleError('MAP_PAGE_INVALID', 'the bytes are no page of a map')
    }
    const first = bytes.subarray(at + 2, at + 2 + BYTES)
    page.push(
      kind === PAGE
        ? { slot, page: first }
        : { slot, key: first, value: bytes.subarray(at + 2 + BYTES, end) },
    )
    at = end
  }
  return page
}

/** Hash of the subtree of a page, and so of all keys below its prefix. */
export function hashPage(page: Page): Uint8Array {
  return hashSlots(page, 0)
}

/** Hash of those slots of a page that agree in their first `level` bits, of eight. */
export function hashSlots(entries: Page, level: number): Uint8Array {
  const [first] = entries
  if (first === undefined) return EMPTY
  if (entries.length === 1) {
    if ('key' in first) return hashMapLeaf(first.key, first.value)
    if (level === 8) return first.page
  }
  const [left, right] = halves(entries, level)
  return hashMapNode(hashSlots(left, level + 1), hashSlots(right, level + 1))
}

/** Parts slots by the bit of their byte at a level. */
export function halves(entries: Page, level: number): [Page, Page] {
  const bit = 0x80 >> level
  const middle = entries.findIndex(({ slot }) => (slot & bit) !== 0)
  return middle === -1 ? [entries, []] : [entries.slice(0, middle), entries.slice(middle)]
}
