import { openCheckpoint, type SignedCheckpoint } from '../../merkle/checkpoint.ts'
import { MerkleError } from '../../merkle/errors.ts'
import type { NoteVerifier } from '../../merkle/vkey.ts'
import { LedgerError } from '../errors.ts'

/** A checkpoint whose signature by the log was verified, with its note. */
export interface Received {
  note: string
  signed: SignedCheckpoint
}

/** By what keys a checkpoint is read. */
export interface CheckpointKeys {
  origin: string
  verifier: NoteVerifier
  witnesses: readonly NoteVerifier[]
}

/** Opens a note that was sent. @throws LedgerError LEDGER_CHECKPOINT_REFUSED */
export function openReceived({ origin, verifier, witnesses }: CheckpointKeys, note: Uint8Array): Received {
  try {
    const signed = openCheckpoint(note, origin, verifier, witnesses)
    return { note: Buffer.from(note).toString('utf8'), signed }
  } catch (cause) {
    if (!(cause instanceof MerkleError)) throw cause
    const why = `the checkpoint that was sent does not count: ${cause.message} (${cause.code})`
    throw new LedgerError('LEDGER_CHECKPOINT_REFUSED', why, cause)
  }
}
