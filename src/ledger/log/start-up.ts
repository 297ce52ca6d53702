import { type Checkpoint, openCheckpoint } from '../../merkle/checkpoint.ts'
import { MerkleError } from '../../merkle/errors.ts'
import { treeRoot } from '../../merkle/make-proof.ts'
import { tileHashes } from '../../merkle/tile.ts'
import type { TileBuilder } from '../../merkle/tile-builder.ts'
import { EMPTY_ROOT } from '../../merkle/tree.ts'
import type { NoteVerifier } from '../../merkle/vkey.ts'
import { LedgerError } from '../errors.ts'
import type { PublishedCheckpoint } from './published-checkpoint.ts'
import { type LogHead, type LogStore, readHead } from './records.ts'
import { loadBuilder, ownLeaf, readEntries, tileReader } from './tree-store.ts'

/** What the guard looks at. */
export interface StartUp {
  store: LogStore
  published: PublishedCheckpoint
  origin: string
  verifier: NoteVerifier
  /** True accepts a database with entries beside which no published checkpoint is kept. */
  acceptUnknownHistory: boolean
}

/**
 * The start-up guard: what must hold before the log signs anything. The head is of this key and origin; the right edge
 * of the tree, computed from tiles and entries, has the head's root; and the newest checkpoint that was published is
 * signed by this key and is a prefix of this tree.
 * @throws LedgerError LEDGER_KEY_MISMATCH, LEDGER_CORRUPT, LEDGER_ROLLED_BACK; StoreError
 */
export async function checkAtStart(parts: StartUp): Promise<{ head: LogHead; builder: TileBuilder }> {
  const { store, origin, verifier } = parts
  const stored = readHead(store)
  const head = stored ?? { epoch: 0, size: 0, root: hex(EMPTY_ROOT), origin, vkey: verifier.vkey }
  if (head.origin !== origin || head.vkey !== verifier.vkey) {
    throw new LedgerError(
      'LEDGER_KEY_MISMATCH',
      `the log's database is of ${head.origin} with the key ${head.vkey}`,
    )
  }
  const builder = await loadBuilder(store, head.size)
  if (hex(builder.root()) !== head.root) {
    throw new LedgerError(
      'LEDGER_CORRUPT',
      'the entries and tiles of the log do not give the root of its head',
    )
  }
  await checkLastLeaf(store, head)
  await checkPublished(parts, head, builder)
  return { head, builder }
}

async function checkLastLeaf(store: LogStore, head: LogHead): Promise<void> {
  if (head.size === 0) return
  const [last] = await readEntries(store, head.size - 1, 1)
  if (last === undefined || ownLeaf(last).time !== head.time) {
    throw new LedgerError('LEDGER_CORRUPT', "the time of the log's head is not that of its last leaf")
  }
}

async function checkPublished(parts: StartUp, head: LogHead, builder: TileBuilder): Promise<void> {
  const note = await parts.published.read()
  if (note === undefined) {
    // A new log publishes its empty tree first, so that a database with entries has had this file beside it.
    if (head.size === 0 || parts.acceptUnknownHistory) return
    throw new LedgerError(
      'LEDGER_ROLLED_BACK',
      'the record of the newest published checkpoint is missing, so the database may be an old copy; a restored backup would fork the log',
    )
  }
  const checkpoint = openPublished(parts, note)
  if (checkpoint.size > head.size) {
    throw new LedgerError(
      'LEDGER_ROLLED_BACK',
      `a checkpoint of size ${checkpoint.size} was published, and the database has ${head.size} entries; a restored backup would fork the log`,
    )
  }
  const read = tileHashes(checkpoint.size, tileReader(parts.store, head.size, builder.tail(0)))
  if (hex(treeRoot(checkpoint.size, read)) !== hex(checkpoint.root)) {
    throw new LedgerError(
      'LEDGER_ROLLED_BACK',
      `the published checkpoint of size ${checkpoint.size} is of another history than the database`,
    )
  }
}

function openPublished({ origin, verifier }: StartUp, note: string): Checkpoint {
  try {
    return openCheckpoint(note, origin, verifier)
  } catch (cause) {
    if (!(cause instanceof MerkleError)) throw cause
    const unreadable = /^(NOTE_INVALID|NOTE_TOO|CHECKPOINT_INVALID)/.test(cause.code)
    throw unreadable
      ? new LedgerError('LEDGER_CORRUPT', 'the record of the published checkpoint cannot be read', cause)
      : new LedgerError('LEDGER_KEY_MISMATCH', 'the published checkpoint is not of this log and key', cause)
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
