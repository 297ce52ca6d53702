import { canonicalize } from '../codec/jcs.ts'
import type { JsonValue } from '../codec/json.ts'
import type { ProtocolVersions } from '../sidetree/parameters.ts'
import {
  type AppliedOperation,
  type PositionedOperation,
  type Resolution,
  type ResolutionOptions,
  resolveOperations,
} from '../sidetree/resolution.ts'
import type { DidState } from '../sidetree/state.ts'
import type { OperationPosition } from '../sidetree/types.ts'
import type { TransactionEvidence } from './evidence.ts'
import type { OperationEvidence } from './operation-evidence.ts'

/** Transactions that were read again, by number. */
export type Transactions = ReadonlyMap<number, TransactionEvidence>

/** What a resolution of the operations that were read again made of one of them. */
export type Outcome = { applied: AppliedOperation } | { ignored: string } | undefined

/** A resolution from what was read again and nothing else. */
export interface Recomputation {
  state: DidState | undefined
  outcome(position: OperationPosition): Outcome
}

/** The operation of a DID that the files of its transaction list at its place; undefined where they list none. */
export function evidenceAt(
  transactions: Transactions,
  { transactionNumber, operationIndex }: OperationPosition,
  suffix: string,
): OperationEvidence | undefined {
  const evidence = transactions.get(transactionNumber)?.operations.get(operationIndex)
  return evidence?.operation.didSuffix === suffix ? evidence : undefined
}

/** Resolves a DID anew. @param places where this node knows of operations of the DID */
export function recompute(
  places: readonly OperationPosition[],
  transactions: Transactions,
  { suffix, versions, options }: { suffix: string; versions: ProtocolVersions; options: ResolutionOptions },
): Recomputation {
  const operations: PositionedOperation[] = []
  for (const place of places) {
    const transaction = transactions.get(place.transactionNumber)?.transaction
    const evidence = evidenceAt(transactions, place, suffix)
    if (transaction === undefined || evidence === undefined) continue
    const position = {
      transactionNumber: transaction.number,
      operationIndex: place.operationIndex,
      transactionTime: transaction.time,
      timestamp: transaction.timestamp,
    }
    operations.push({ operation: evidence.checked, position })
  }
  const resolution = resolveOperations(operations, versions, options)
  const outcomes = outcomesOf(resolution)
  return { state: resolution.state, outcome: position => outcomes.get(placeOf(position)) }
}

function outcomesOf({ applied, ignored }: Resolution): Map<string, Outcome> {
  const outcomes = new Map<string, Outcome>()
  for (const operation of applied) outcomes.set(placeOf(operation.position), { applied: operation })
  for (const { position, code } of ignored) outcomes.set(placeOf(position), { ignored: code })
  return outcomes
}

/** Names the place of an operation on the ledger. */
export function placeOf({ transactionNumber, operationIndex }: OperationPosition): string {
  return `${transactionNumber}.${operationIndex}`
}

/** True if two states are the same in every member. */
export function sameState(a: DidState, b: DidState | undefined): boolean {
  return b !== undefined && textOf(a) === textOf(b)
}

function textOf(state: DidState): string {
  return canonicalize(state as unknown as JsonValue)
}
