import { type Checkpoint, parseCheckpoint } from './checkpoint-text.ts'
import { MerkleError } from './errors.ts'
import { type VerifiedSignature, verifyNote } from './note.ts'
import type { NoteVerifier } from './vkey.ts'

export {
  type Checkpoint,
  formatCheckpoint,
  isPossible,
  parseCheckpoint,
  parseCheckpointLines,
} from './checkpoint-text.ts'

/** A checkpoint whose signatures were verified. */
export interface SignedCheckpoint extends Checkpoint {
  /** Of the log, and of those other known keys that have signed. */
  signatures: VerifiedSignature[]
}

/**
 * Verifies a signed checkpoint: of this origin, signed by the log's key, and by none of the others falsely.
 * @param log the log's own key
 * @param others keys of cosigners whose signatures the caller wants to know of
 * @throws MerkleError as `verifyNote` and {@link parseCheckpoint}; CHECKPOINT_ORIGIN_MISMATCH; NOTE_UNVERIFIED
 * where the log has not signed
 */
export function openCheckpoint(
  note: Uint8Array | string,
  origin: string,
  log: NoteVerifier,
  others: readonly NoteVerifier[] = [],
): SignedCheckpoint {
  const { text, signatures } = verifyNote(note, [log, ...others])
  if (!signatures.some(signature => signature.verifier.vkey === log.vkey)) {
    throw new MerkleError('NOTE_UNVERIFIED', `the log's key ${log.name} has not signed the checkpoint`)
  }
  const checkpoint = parseCheckpoint(text)
  if (checkpoint.origin !== origin) {
    throw new MerkleError('CHECKPOINT_ORIGIN_MISMATCH', `the checkpoint is of another log than ${origin}`)
  }
  return { ...checkpoint, signatures }
}

/**
 * True if two checkpoints show by themselves that their log equivocates: one origin and size, two roots. For
 * different sizes only a consistency proof can tell.
 */
export function contradict(a: Checkpoint, b: Checkpoint): boolean {
  return a.origin === b.origin && a.size === b.size && Buffer.compare(a.root, b.root) !== 0
}
