import { LedgerError } from '../errors.ts'
import { parseLeaf } from '../log/leaf.ts'

/** What a follower asks of the entries of the log beyond their being in its tree. */
export interface LeafRules {
  /**
   * Time of the last of some entries, Unix seconds.
   * @param entries at least one
   * @param after time of the one before them
   * @param first index of the first of them
   * @throws LedgerError where one of them is refused
   */
  admit(entries: readonly Uint8Array[], after: number | undefined, first: number): number
}

/** How far a leaf's time may be ahead of the clock here, in seconds. */
export const MAX_AHEAD_SECONDS = 300

/**
 * The rules of Rootline's leaves: each is one, exactly; times do not decrease; none is more than five minutes ahead of
 * the clock here.
 * @param now Unix milliseconds
 */
export function rootlineLeaves(now: () => number): LeafRules {
  return {
    admit(entries, after, first) {
      const latest = Math.floor(now() / 1000) + MAX_AHEAD_SECONDS
      let last = after ?? 0
      for (const [i, entry] of entries.entries()) {
        const time = timeOf(entry, first + i)
        if (time < last) throw refused(first + i, 'is of an earlier time than the one before it')
        if (time > latest)
          throw refused(first + i, `is dated ${time - latest + MAX_AHEAD_SECONDS} s in the future`)
        last = time
      }
      return last
    },
  }
}

function timeOf(entry: Uint8Array, index: number): number {
  try {
    return parseLeaf(entry).time
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause
    throw new LedgerError(
      'LEDGER_LEAF_INVALID',
      `leaf ${index} of the log is refused: ${cause.message}`,
      cause,
    )
  }
}

function refused(index: number, why: string): LedgerError {
  return new LedgerError('LEDGER_LEAF_TIME', `leaf ${index} of the log is refused: it ${why}`)
}
