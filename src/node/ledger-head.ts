import { LedgerError } from '../ledger/errors.ts'
import type { Ledger, LedgerHead } from '../ledger/types.ts'
import type { OperationStore } from './operation-store.ts'

/** Of a ledger that has shown nothing and never will. */
const NOTHING: LedgerHead = { number: undefined, time: 0, timestamp: 0 }

/**
 * The head of the ledger; where that cannot be reached, the newest transaction that this node has taken from it, so
 * that the node goes on answering and taking operations. @throws LedgerError where it has taken none
 */
export async function headOrSeen(ledger: Ledger, operations: OperationStore): Promise<LedgerHead> {
  try {
    return await ledger.head()
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error
    const seen = operations.newest()
    if (seen === undefined && error.code === 'LEDGER_FROZEN') return NOTHING
    if (seen === undefined) throw error
    const { number, time, timestamp } = seen
    return { number, time, timestamp }
  }
}
