import { LedgerError } from '../ledger/errors.ts'
import type { Ledger } from '../ledger/types.ts'
import type { ProtocolVersions } from '../sidetree/parameters.ts'
import { type PositionedOperation, resolveOperations } from '../sidetree/resolution.ts'
import type { OperationStore } from './operation-store.ts'
import type { OperationRecord } from './records.ts'
import { positioned } from './transaction-applier.ts'
import type { OperationStatus } from './types.ts'

type AnchoredRecord = Extract<OperationRecord, { state: 'anchored' }>

export interface OutcomeParts {
  operations: OperationStore
  ledger: Ledger
  versions: ProtocolVersions
}

/** What became of an operation on the ledger, and where it stands there. */
export type Outcome = Pick<
  OperationStatus,
  'state' | 'code' | 'reason' | 'transactionNumber' | 'operationIndex'
>

/**
 * What the ledger made of an operation that this node anchored. It is known by its digest, wherever it stands: a
 * reorganisation can move its transaction, and another node can have anchored it first.
 */
export async function outcomeOf(record: AnchoredRecord, parts: OutcomeParts): Promise<Outcome> {
  const { operations, versions } = parts
  const { id, didSuffix, transactionNumber, operationIndex, timeHash } = record
  const place = { transactionNumber, operationIndex }
  // Before the operations are read: those of a transaction come with it.
  const decided = operations.transaction(transactionNumber)
  const isThere = decided?.transaction.timeHash === timeHash
  const digest = Buffer.from(id, 'base64url').subarray(2).toString('base64url')
  const isIt = ({ operation, position }: PositionedOperation) =>
    operation.digest === digest ||
    // Without its delta an operation has another digest.
    (isThere &&
      operation.deltaProblem === 'DELTA_UNAVAILABLE' &&
      position.transactionNumber === transactionNumber &&
      position.operationIndex === operationIndex)
  const stored = await operations.operations(didSuffix)
  const { applied, ignored } = resolveOperations(stored.map(positioned), versions)
  const appliedHere = applied.find(isIt)
  if (appliedHere !== undefined) return { state: 'applied', ...placeOf(appliedHere) }
  const ignoredHere = ignored.find(isIt)
  if (ignoredHere !== undefined) return rejected(placeOf(ignoredHere), ignoredHere.code)
  if (isThere) return rejected(place, decided?.problems[0]?.code ?? 'OPERATION_REFUSED')
  if (!(await isTakenBack(record, parts.ledger))) return { state: 'anchored', ...place }
  const reason = 'the ledger was reorganised and took its transaction back; hand it in again'
  return { state: 'rejected', ...place, code: 'OPERATION_REFUSED', reason }
}

async function isTakenBack(
  { transactionNumber, timeHash }: AnchoredRecord,
  ledger: Ledger,
): Promise<boolean> {
  try {
    return (await ledger.reorganised({ number: transactionNumber, timeHash })).changed
  } catch (error) {
    // As long as the ledger cannot be asked, what it said last holds.
    if (error instanceof LedgerError) return false
    throw error
  }
}

function placeOf({ position: { transactionNumber, operationIndex } }: PositionedOperation) {
  return { transactionNumber, operationIndex }
}

function rejected(place: ReturnType<typeof placeOf>, code: string): Outcome {
  return {
    state: 'rejected',
    ...place,
    code,
    reason: 'the operation is on the ledger and counts for nothing',
  }
}
