import type { Ledger } from '../ledger/types.ts'
import { type ProtocolParameters, type ProtocolVersions, parametersAt } from '../sidetree/parameters.ts'
import type { OperationPosition } from '../sidetree/types.ts'
import { NodeError } from './errors.ts'
import { headOrSeen } from './ledger-head.ts'
import type { OperationStore } from './operation-store.ts'

/** Where an operation that is anchored next would stand, and the rules that would hold for it. */
export interface Next {
  position: OperationPosition
  parameters: ProtocolParameters
}

/** A promise only where the ledger has to be asked. */
export type NextPosition = () => Next | Promise<Next>

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
  return () => {
    const timestamp = Math.floor(now() / 1000)
    if (timeUnit === 'seconds') return nextAt(timestamp, timestamp, versions)
    return headOrSeen(ledger, operations).then(({ time }) => nextAt(time + 1, timestamp, versions))
  }
}

function nextAt(transactionTime: number, timestamp: number, versions: ProtocolVersions): Next {
  const parameters = parametersAt(versions, transactionTime)
  if (parameters === undefined) {
    throw new NodeError('OPERATION_REFUSED', 'the ledger has not reached the first version of the protocol', {
      reason: 'BEFORE_GENESIS',
    })
  }
  const transactionNumber = Number.MAX_SAFE_INTEGER
  return { position: { transactionNumber, operationIndex: 0, transactionTime, timestamp }, parameters }
}
