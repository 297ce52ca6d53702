import { sha256 } from '../codec/hash.ts'
import { parseCheckpoint } from '../merkle/checkpoint.ts'
import { MerkleError } from '../merkle/errors.ts'
import { parseNote } from '../merkle/note.ts'

/** The checkpoint that a proof of a log ends in. */
export interface CheckpointName {
  /** Differs wherever the note does. */
  id: string
  /** Leaves in its tree, as it says; undefined where it cannot be read. */
  size: number | undefined
}

/** Names the checkpoint of a proof. @param checkpoint a note */
export function checkpointNameOf(checkpoint: string): CheckpointName {
  const id = `checkpoint-${sha256(checkpoint).toString('hex').slice(0, 16)}`
  try {
    return { id, size: parseCheckpoint(parseNote(checkpoint).text).size }
  } catch (error) {
    if (error instanceof MerkleError) return { id, size: undefined }
    throw error
  }
}
