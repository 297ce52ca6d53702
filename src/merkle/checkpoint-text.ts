import { decodeBase64, encodeBase64 } from './base64.ts'
import { MerkleError } from './errors.ts'
import { EMPTY_ROOT, HASH_BYTES, isTreeSize } from './tree.ts'

/** What a log says of its tree (C2SP tlog-checkpoint, Note text). */
export interface Checkpoint {
  /** Names the log; not always the name of its key. */
  origin: string
  size: number
  root: Uint8Array
  /** Further lines. Rootline writes none, as nobody audits them; an ML-DSA-44 signature does not cover them. */
  extensions: string[]
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

function invalid(why: string): MerkleError {
  return new MerkleError('CHECKPOINT_INVALID', `not a checkpoint: ${why}`)
}
