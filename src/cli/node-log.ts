import type { FastifyBaseLogger } from 'fastify'
import type { NodeEvent } from '../node/node.ts'

/** Tells the operator what happened in a node. */
export function logEvent(logger: FastifyBaseLogger, event: NodeEvent): void {
  switch (event.type) {
    case 'accepted':
      logger.debug({ operation: event.id }, 'operation accepted')
      break
    case 'batched':
      logger.info({ operations: event.operations }, 'batch anchored')
      break
    case 'applied':
      logger.info(
        { transaction: event.transaction.number, operations: event.operations, late: event.late },
        'transaction applied',
      )
      break
    case 'invalid':
      logger.warn(
        { transaction: event.transaction.number, code: event.code },
        'transaction counts for nothing',
      )
      break
    case 'unresolvable':
      logger.warn(
        { transaction: event.transaction.number, code: event.code, attempts: event.attempts },
        'files of a transaction cannot be had',
      )
      break
    case 'reorganised':
      logger.warn({ reverted: event.reverted }, 'the ledger was reorganised')
      break
    case 'batch-failed':
      logger.error({ err: event.error }, 'a batch failed; it is tried again')
      break
    case 'failed':
      logger.error({ err: event.error }, 'a look at the ledger failed; it is tried again')
      break
  }
}
