import { cidText } from '../../src/codec/cid.ts'
import { fileBlocks } from '../../src/codec/unixfs.ts'
import type { AnchoredOperation } from '../../src/sidetree/types.ts'
import {
  type DidStateModel,
  type PreparedOperations,
  prepareOperations,
  type ReferenceOperation,
  referenceReadBatch,
} from '../interop/reference/reference.ts'
import { median, rate } from './measure.ts'
import { batchOf, Population } from './population.ts'

type Queued = Awaited<ReturnType<Population['update']>>

/** A request as the reference has it once it is anchored. */
export function anchored({ didSuffix, request }: Queued, transactionNumber: number): ReferenceOperation {
  const operation: AnchoredOperation = { ...request, didSuffix }
  return { operation, transactionNumber, transactionTime: transactionNumber, operationIndex: 0 }
}

/**
 * How many updates the reference implementation applies a second, from the files of a batch in memory to the states of
 * its DIDs: the files are parsed, each operation is parsed again and its signature checked, as its observer and its
 * resolver do. Its database and its second of waiting for each file do not count. It works in one thread, as it does
 * there, and takes no more than 100 operations in a batch without a value time lock.
 */
export async function referenceApplyRate(count = 100, rounds = 15): Promise<number> {
  const population = new Population()
  const created = new Map<string, { operations: PreparedOperations; state: DidStateModel }>()
  for (const create of population.creates(count)) {
    const operations = prepareOperations(create.didSuffix, [anchored(create, 1)])
    created.set(create.didSuffix, { operations, state: required(await operations.apply(0, undefined)) })
  }
  const files = new Map<string, Uint8Array>()
  const anchorString = await batchOf(await population.updates(), async bytes => {
    const { root } = await fileBlocks(bytes)
    files.set(cidText(root), bytes)
    return cidText(root)
  })
  const applyAll = async () => {
    const { operations } = await referenceReadBatch({ number: 2, time: 2, anchorString }, files)
    if (operations.length !== count) throw new TypeError('the reference did not read the batch')
    for (const operation of operations) {
      const { didSuffix } = operation.operation
      const before = created.get(didSuffix)
      required(await prepareOperations(didSuffix, [operation]).apply(0, before?.state))
    }
  }
  const rates: number[] = []
  for (let round = 0; round < rounds; round++) rates.push(await rate(count, applyAll))
  return median(rates)
}

function required(state: DidStateModel | undefined): DidStateModel {
  if (state === undefined) throw new TypeError('the reference did not apply an operation')
  return state
}
