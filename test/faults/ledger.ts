import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EmbeddedContentStore } from '../../src/content/embedded/embedded-content-store.ts'
import { systemClock } from '../../src/ledger/log/clock.ts'
import { publishedCheckpointFile } from '../../src/ledger/log/published-checkpoint.ts'
import { TransparencyLog } from '../../src/ledger/log/transparency-log.ts'
import { verifyLog } from '../../src/ledger/log/verify-log.ts'
import { type Checkpoint, openCheckpoint } from '../../src/merkle/checkpoint.ts'
import { consistencyProof, treeRoot } from '../../src/merkle/make-proof.ts'
import { parseSigningKey } from '../../src/merkle/signing-key.ts'
import { TileCache, tileHashes } from '../../src/merkle/tile.ts'
import { verifyConsistency } from '../../src/merkle/verify-proof.ts'
import { INTENT } from '../../src/node/keys.ts'
import { Store } from '../../src/store/store.ts'
import { anchoredIds } from '../node/batches.ts'

/** What the files of a node that has ended hold. */
export interface FolderFacts {
  /** Ids of the operations in all batches, in their order. */
  ids: string[]
  /** What is wrong with the log, or with a checkpoint against the log; empty where all is well. */
  problems: string[]
  /** Distinct checkpoints that were compared. */
  checkpoints: number
  /** A batch was being anchored when the node ended. */
  batching: boolean
}

/** Reads the folder of a node that has ended. @param notes every signed checkpoint that was ever seen of its log */
export async function readFolder(data: string, notes: Iterable<string>): Promise<FolderFacts> {
  const signer = parseSigningKey(readFileSync(join(data, 'log.key'), 'utf8').trim())
  const { name } = signer.verifier
  const stores = await Promise.all(['log', 'content', 'node'].map(folder => Store.open(join(data, folder))))
  const [logStore, contentStore, nodeStore] = stores as [Store, Store, Store]
  const published = publishedCheckpointFile(join(data, 'log-checkpoint'))
  const { problems } = await verifyLog(logStore, name, signer.verifier, await published.read())
  const log = await TransparencyLog.open({
    store: logStore,
    published,
    signer,
    origin: name,
    clock: systemClock,
  })
  const ids = await anchoredIds({ content: new EmbeddedContentStore(contentStore), ledger: log })
  const checkpoints = [...new Set([...notes, log.checkpoint()])].map(note =>
    openCheckpoint(note, name, signer.verifier),
  )
  problems.push(...inconsistencies(checkpoints, log))
  const batching = nodeStore.get(INTENT) !== undefined
  await log.close()
  await Promise.all(stores.map(store => store.close()))
  return { ids, problems, checkpoints: checkpoints.length, batching }
}

/** Checkpoints that are not of one growing tree. */
function inconsistencies(checkpoints: readonly Checkpoint[], log: TransparencyLog): string[] {
  const problems: string[] = []
  const ordered = checkpoints.toSorted((a, b) => a.size - b.size)
  const last = ordered.at(-1)
  if (last === undefined) return []
  const cache = new TileCache(128)
  const read = tileHashes(
    last.size,
    (level, index, width) => log.tile(level, index, width) as Uint8Array,
    cache,
  )
  for (const { size, root } of ordered) {
    if (Buffer.compare(treeRoot(size, read), root) !== 0)
      problems.push(`the checkpoint of size ${size} is of another tree`)
  }
  for (const [i, a] of ordered.entries()) {
    for (const b of ordered.slice(i + 1, i + 4)) {
      if (!isConsistent(a, b, read))
        problems.push(`the checkpoints of sizes ${a.size} and ${b.size} disagree`)
    }
  }
  return problems
}

function isConsistent(a: Checkpoint, b: Checkpoint, read: Parameters<typeof treeRoot>[1]): boolean {
  if (a.size === b.size || a.size === 0) return a.size !== b.size || Buffer.compare(a.root, b.root) === 0
  return verifyConsistency(a.size, b.size, a.root, b.root, consistencyProof(a.size, b.size, read))
}
