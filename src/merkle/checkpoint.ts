import { decodeBase64, encodeBase64 } from './base64.ts'
import { MerkleError } from './errors.ts'
import { type VerifiedSignature, verifyNote } from './note.ts'
import { EMPTY_ROOT, HASH_BYTES, isTreeSize } from './tree.ts'
import type { NoteVerifier } from './vkey.ts'

/** What a log says of its tree (C2SP tlog-checkpoint, Note text). */
export interface Checkpoint {
  /** Names the log; not always the name of its key. */
  origin: string
  size: number
  root: Uint8Array
  /** Further lines. Rootline writes none, as nobody audits them. */
  extensions: string[]
}

/** A checkpoint whose signatures were verified. */
export interface SignedCheckpoint extends Checkpoint {
  /** Of the log, and of those other known keys that have signed. */
  signatures: VerifiedSignature[]
}

const SIZE = /^(?:0|[1-9][0-9]{0,15})$/

/** The note text of a checkpoint without extension lines. */
export function formatCheckpoint(origin: string, size: number, root: Uint8Array): string {
  return `${origin}\n${size}\n${encodeBase64(root)}\n`
}

/**
 * Reads the note text of a checkpoint.
 * @throws MerkleError CHECKPOINT_INVALID, also for a size beyond 2^53 - 1 and for an empty tree with a root that it
 * cannot have
 */
export function parseCheckpoint(text: string): Checkpoint {
  const checkpoint = parseCheckpointLines(text)
  if (!isPossible(checkpoint)) throw invalid('an empty tree has another root')
  return checkpoint
}

/** False for an empty tree with another root than it has. Of a larger one, every root is possible. */
export function isPossible({ size, root }: Checkpoint): boolean {
  return size > 0 || Buffer.compare(root, EMPTY_ROOT) === 0
}

/**
 * Reads the lines of a checkpoint, which may be of a tree that cannot be ({@link isPossible}): whoever answers for it has
 * to know first who has signed it.
 * @throws MerkleError CHECKPOINT_INVALID, also for a size beyond 2^53 - 1
 */
export function parseCheckpointLines(text: string): Checkpoint {
  const lines = text.split('\n')
  const [origin, sizeLine, rootLine, ...rest] = lines
  if (origin === undefined || origin === '' || rest.pop() !== '')
    throw invalid('it has no origin, size and root')
  const size = SIZE.test(sizeLine ?? '') ? Number(sizeLine) : Number.NaN
  if (!isTreeSize(size)) throw invalid('its size is no decimal number up to 2^53 - 1')
  const root = decodeBase64(rootLine ?? '')
  if (root?.length !== HASH_BYTES) throw invalid('its root is not base64 of 32 bytes')
  if (rest.includes('')) throw invalid('an extension line is empty')
  return { origin, size, root, extensions: rest }
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

function invalid(why: string): MerkleError {
  return new MerkleError('CHECKPOINT_INVALID', `not a checkpoint: ${why}`)
}
