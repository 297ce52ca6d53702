import { inclusionProof } from '../../merkle/make-proof.ts'
import { Frontier, HASH_BYTES, hashLeaf } from '../../merkle/tree.ts'
import { LedgerError } from '../errors.ts'
import type { LogProof } from '../types.ts'
import type { StampProof } from './stamp-proof.ts'

/** Most digests under one stamp. */
export const MAX_STAMP_DIGESTS = 1024
/** Length of a salt, in bytes: nobody guesses it. */
const SALT_BYTES = 32

/** What stamping takes from outside. */
export interface StampingParts {
  /** Puts the root on a log, and returns once it is durable there. */
  stamp: (root: Uint8Array) => Promise<LogProof>
  randomBytes: (length: number) => Uint8Array
}

/**
 * Stamps digests together, with one leaf of the log (docs/spec/stamp.md). Each gets a proof of its own, which tells
 * nothing of the others but how many there are.
 * @param digests SHA-256, 32 bytes each
 * @returns the proofs, in the order of the digests
 * @throws LedgerError LEDGER_STAMP_INVALID for none or more than 1,024 digests; as `stamp`
 */
export async function stampDigests(
  digests: readonly Uint8Array[],
  { stamp, randomBytes }: StampingParts,
): Promise<StampProof[]> {
  if (digests.length === 0 || digests.length > MAX_STAMP_DIGESTS) {
    throw new LedgerError('LEDGER_STAMP_INVALID', `a stamp is of 1 to ${MAX_STAMP_DIGESTS} digests`)
  }
  const salted = digests.map(digest => ({ digest, salt: randomBytes(SALT_BYTES) }))
  const size = salted.length
  const tree = new Frontier()
  /** Hashes of the complete subtrees, by height and index. */
  const hashes = new Map<number, Buffer[]>()
  for (const { salt, digest } of salted) {
    tree.append(hashSalted(salt, digest), (height, _, hash) => {
      const row = hashes.get(height)
      if (row === undefined) hashes.set(height, [hash])
      else row.push(hash)
    })
  }
  const { leaf, index, inclusion, checkpoint } = await stamp(tree.root())
  const log = { index, hashes: inclusion, checkpoint }
  const read = (height: number, at: number) => hashes.get(height)?.[at] as Buffer
  return salted.map((entry, i) => ({
    ...entry,
    index: i,
    size,
    path: inclusionProof(i, size, read),
    leaf,
    log,
  }))
}

/** Hash of a digest in the tree of a stamp: SHA-256(0x00 || salt || digest), where both have 32 bytes. */
export function hashSalted(salt: Uint8Array, digest: Uint8Array): Buffer {
  if (salt.length !== SALT_BYTES || digest.length !== HASH_BYTES) {
    throw new TypeError('a salt and a digest have 32 bytes each')
  }
  return hashLeaf(Buffer.concat([salt, digest]))
}
