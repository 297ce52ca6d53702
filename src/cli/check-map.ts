import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ContentStore } from '../content/types.ts'
import { LedgerError } from '../ledger/errors.ts'
import type { LogStore } from '../ledger/log/records.ts'
import { TreeView } from '../ledger/log/tree-view.ts'
import { OperationMap } from '../node/map/operation-map.ts'
import type { ProtocolVersions } from '../sidetree/parameters.ts'
import { Store } from '../store/store.ts'

/** What a log in a folder, and the files of its anchors, are. */
export interface MappedLog {
  log: LogStore
  /** Leaves of the log. */
  size: number
  content: ContentStore
  versions: ProtocolVersions
}

/**
 * Makes the map of the operations on a log anew, in a folder that is taken away again, and compares each `map` leaf with
 * it (docs/spec/operation-map.md), up to where files are missing.
 * @throws StoreError
 */
export async function checkMap({ log, size, content, versions }: MappedLog) {
  const folder = await mkdtemp(join(tmpdir(), 'rootline-map-'))
  const store = await Store.open(folder)
  const map = new OperationMap({ store, content, versions })
  const problems: string[] = []
  let missing = ''
  try {
    await map.catchUp(new TreeView(log, size, Buffer.alloc(0)), size)
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code !== 'LEDGER_FILES_UNAVAILABLE') throw error
    missing = `; ${error.message}`
  } finally {
    await map.close()
    await store.close()
    await rm(folder, { recursive: true, force: true })
  }
  const { wrong } = map
  if (wrong !== undefined) {
    const { index, stated, computed } = wrong
    problems.push(
      `the map leaf ${index} states the root ${stated}, and the anchors before it come to ${computed}`,
    )
  }
  return { read: `made anew from ${map.size} of ${size} leaves${missing}`, problems }
}
