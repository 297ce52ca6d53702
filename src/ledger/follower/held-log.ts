import { MerkleError } from '../../merkle/errors.ts'
import { LOG_TYPES } from '../../merkle/signature-types.ts'
import { type NoteVerifier, parseVkey } from '../../merkle/vkey.ts'
import { LedgerError } from '../errors.ts'
import { type LogStore, readHead } from '../log/records.ts'
import { PUBLISHED_KEY } from './records.ts'

/** Whose log a follower's database holds, by its own word. */
export interface HeldLog {
  origin: string
  verifier: NoteVerifier
  /** The newest checkpoint that was applied, a note. */
  published: string | undefined
}

/** @throws LedgerError LEDGER_CORRUPT; StoreError */
export function heldLogOf(store: LogStore): HeldLog {
  const head = readHead(store)
  if (head === undefined) throw new LedgerError('LEDGER_CORRUPT', 'the head of the followed log is missing')
  const note = store.get(PUBLISHED_KEY)
  const published = note === undefined ? undefined : Buffer.from(note).toString('utf8')
  return { origin: head.origin, verifier: verifierIn(head.vkey), published }
}

function verifierIn(vkey: string): NoteVerifier {
  try {
    return parseVkey(vkey, LOG_TYPES)
  } catch (cause) {
    if (!(cause instanceof MerkleError)) throw cause
    throw new LedgerError('LEDGER_CORRUPT', "the key in the follower's database cannot be read", cause)
  }
}
