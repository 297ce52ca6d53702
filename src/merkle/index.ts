/** Transparency logs in the C2SP formats: keys, signed notes, checkpoints, tiles, and proofs of RFC 6962 trees. */
export {
  type Checkpoint,
  contradict,
  formatCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  type SignedCheckpoint,
} from './checkpoint.ts'
export { encodeBundle, parseBundle } from './entry-bundle.ts'
export { MerkleError, type MerkleErrorCode } from './errors.ts'
export { consistencyProof, type HashReader, inclusionProof, treeRoot } from './make-proof.ts'
export { type Note, parseNote, signNote, type VerifiedNote, verifyNote } from './note.ts'
export { formatPolicy, parsePolicy, type TlogPolicy } from './policy.ts'
export { COSIGNER_TYPES, LOG_TYPES, type SignatureType } from './signature-types.ts'
export { formatSigningKey, type NoteSigner, parseSigningKey } from './signing-key.ts'
export { parseTile, TileCache, type TileReader, tileHashes } from './tile.ts'
export { parseTilePath, TILE_WIDTH, type TileId, tilePath } from './tile-path.ts'
export { EMPTY_ROOT, hashLeaf, hashNode, rootOf } from './tree.ts'
export { verifyConsistency, verifyInclusion } from './verify-proof.ts'
export { formatVkey, type NoteVerifier, parseVkey } from './vkey.ts'
