import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ContentStore } from '../content/types.ts'
import { LedgerError } from '../ledger/errors.ts'
import type { LogStore } from '../ledger/log/records.ts'
import { TreeView } from '../ledger/log/tree-view.ts'
import { OperationMap } from '../node/map/operation-map.ts'
import { readCursor } from '../node/map/records.ts'
import type { ProtocolVersions } from '../sidetree/parameters.ts'
import { Store } from '../store/store.ts'

/** What a log in a folder, and the files of its anchors, are. */
export interface MappedLog {
  log: LogStore
  /** Leaves of the log. */
  size: number
  content: ContentStore
  versions: ProtocolVersions
  /** The node's own map; absent where it has none. */
  stored?: Store
}

/**
 * Makes the map of the operations on a log anew, in a folder that is taken away again, and compares each `map` leaf with
 * it (docs/spec/operation-map.md), up to where files are missing; and the node's own map, where that covers as much.
 * @throws StoreError
 */
export async function checkMap({ log, size, content, versions, stored }: MappedLog) {
  const folder = await mkdtemp(join(tmpdir(), 'rootline-map-'))
  try {
    const store = await Store.open(folder)
    const map = new OperationMap({ store, content, versions })
    const missing = await catchUp(map, new TreeView(log, size, Buffer.alloc(0)), size)
    const problems = wrongLeaf(map)
    if (stored !== undefined && !(await isSame(stored, store))) {
      problems.push('the map that the node has is another than the one that its log comes to')
    }
    await map.close()
    await store.close()
    return { read: `made anew from ${map.size} of ${size} leaves${missing}`, problems }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Why the map does not cover the whole log; empty where it does. */
async function catchUp(map: OperationMap, log: TreeView, size: number): Promise<string> {
  try {
    await map.catchUp(log, size)
    return ''
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code !== 'LEDGER_FILES_UNAVAILABLE') throw error
    return `; ${error.message}`
  }
}

function wrongLeaf({ wrong }: OperationMap): string[] {
  if (wrong === undefined) return []
  const { index, stated, computed } = wrong
  return [`the map leaf ${index} states the root ${stated}, and the anchors before it come to ${computed}`]
}

/** Compares every value. A map that covers more or less is another, and no worse for it: it catches up, or begins anew. */
async function isSame(stored: Store, made: Store): Promise<boolean> {
  if (readCursor(stored)?.size !== readCursor(made)?.size) return true
  const own = stored.entries({})
  for await (const [key, value] of made.entries({})) {
    const [ownKey, ownValue] = (await own.next()).value ?? []
    const same =
      ownKey !== undefined && ownValue !== undefined && equal(ownKey, key) && equal(ownValue, value)
    if (!same) {
      await own.return(undefined)
      return false
    }
  }
  return (await own.next()).done === true
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
