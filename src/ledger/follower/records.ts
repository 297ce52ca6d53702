import { sha256 } from '../../codec/hash.ts'

/**
 * What a follower's database holds beside entries, tiles and head, which are those of a log (log/records.ts); the head
 * counts all entries that are held, and those after the published checkpoint are not shown to anyone yet.
 *
 *   p              the published checkpoint: the newest that was applied, a note
 *   c <n u64>      checkpoint that was applied last with from 256 * n to 256 * n + 255 leaves, a note
 *   s <size u64>   checkpoint that the log has signed and that could not be compared with the tree yet, a note
 *   r <SHA-256>    receipt of a batch that was handed in to the log, whose leaf is not shown yet
 *   x              evidence that the log has signed two histories
 */
export const PUBLISHED_KEY = Buffer.from('p')
export const EVIDENCE_KEY = Buffer.from('x')

/** All receipts that wait for their leaf. */
export const RECEIPTS = { gte: Buffer.from('r'), lt: Buffer.from('s') }

/** Key of the receipt of a batch. */
export function receiptKey(anchorString: string): Buffer {
  return Buffer.concat([RECEIPTS.gte, sha256(anchorString)])
}

/** Leaves in which one applied checkpoint is kept. */
const KEPT_EVERY = 256

export function keptKey(size: number): Buffer {
  return numberedKey('c', Math.floor(size / KEPT_EVERY))
}

export function seenKey(size: number): Buffer {
  return numberedKey('s', size)
}

/** Kept checkpoints of trees of this size and larger ones, and maybe a smaller one of the same 256 leaves. */
export function keptFrom(size: number): { gte: Buffer; lt: Buffer } {
  return { gte: keptKey(size), lt: Buffer.from('d') }
}

/** All checkpoints that could not be compared yet. */
export function allSeen(): { gte: Buffer; lt: Buffer } {
  return { gte: seenKey(0), lt: Buffer.from('t') }
}

function numberedKey(kind: string, number: number): Buffer {
  const key = Buffer.allocUnsafe(9)
  key.write(kind)
  key.writeBigUInt64BE(BigInt(number), 1)
  return key
}
