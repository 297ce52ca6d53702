import type { AnchoredOperation } from '../../src/sidetree/types.ts'
import {
  type DidStateModel,
  type PreparedOperations,
  prepareOperations,
  type ReferenceOperation,
} from '../interop/reference/reference.ts'
import { median, rate } from './measure.ts'
import { Population } from './population.ts'

type Queued = Awaited<ReturnType<Population['update']>>

/** A request as the reference has it once it is anchored. */
export function anchored({ didSuffix, request }: Queued, transactionNumber: number): ReferenceOperation {
  const operation: AnchoredOperation = { ...request, didSuffix }
  return { operation, transactionNumber, transactionTime: transactionNumber, operationIndex: 0 }
}

/**
 * How many updates the reference implementation applies a second, each to the state that a create made: parsed, and its
 * signature checked. That is less than it does for them in a node of its own, where files and a database come on top.
 * It works in one thread, as it does there.
 */
export async function referenceApplyRate(count = 500, rounds = 5): Promise<number> {
  const population = new Population()
  const creates = population.creates(count)
  const updates = await population.updates()
  const prepared: { operations: PreparedOperations; created: DidStateModel }[] = []
  for (const [i, create] of creates.entries()) {
    const history = [anchored(create, 1), anchored(updates[i] as Queued, 2)]
    const operations = prepareOperations(create.didSuffix, history)
    prepared.push({ operations, created: required(await operations.apply(0, undefined)) })
  }
  const applyAll = async () => {
    for (const { operations, created } of prepared) required(await operations.apply(1, created))
  }
  const rates: number[] = []
  for (let round = 0; round < rounds; round++) rates.push(await rate(count, applyAll))
  return median(rates)
}

function required(state: DidStateModel | undefined): DidStateModel {
  if (state === undefined) throw new TypeError('the reference did not apply an operation')
  return state
}
