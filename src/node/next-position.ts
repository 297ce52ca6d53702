import type { Ledger } from '../ledger/types.ts'
import { type ProtocolParameters, type ProtocolVersions, parametersAt } from '../sidetree/parameters.ts'
import type { OperationPosition } from '../sidetree/types.ts'
import { NodeError } from './errors.ts'
import { headOrSeen } from './ledger-head.ts'
import type { OperationStore } from './operation-store.ts'

/** Where an operation that is anchored next would stand, and the rules that would hold for it. */
export type NextPosition = () => Promise<{ position: OperationPosition; parameters: ProtocolParameters }>

/**
 * Looks at the ledger's time for the next transaction: after all that is there.
 * @param now Unix milliseconds
 */
export function nextPositionOn(
  ledger: Ledger,
  operations: OperationStore,
  versions: ProtocolVersions,
  now: () => number,
): NextPosition {
  const { timeUnit } = ledger.describe()
  return async () => {
    const timestamp = Math.floor(now() / 1000)
    const transactionTime =
      timeUnit === 'seconds' ? timestamp : (await headOrSeen(ledger, operations)).time + 1
    const parameters = parametersAt(versions, transactionTime)
    if (parameters === undefined) {
      throw new NodeError(
        'OPERATION_REFUSED',
        'the ledger has not reached the first version of the protocol',
        {
          reason: 'BEFORE_GENESIS',
        },
      )
    }
    const position = {
      transactionNumber: Number.MAX_SAFE_INTEGER,
      operationIndex: 0,
      transactionTime,
      timestamp,
    }
    return { position, parameters }
  }
}
