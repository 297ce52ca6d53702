import { parseAnchorString } from './anchor-string.ts'
import { SidetreeError } from './errors.ts'
import type { FeeParameters, ProtocolParameters } from './parameters.ts'

/** What one block contributes to the fees of the blocks after it. */
export interface BlockFees {
  /** All fees of the block, in the ledger's smallest unit. */
  totalFee: number
  /** Transactions in the block; on Bitcoin at least 1, the coinbase. */
  transactionCount: number
  /** The block's own normalized fee, before it is floored. */
  normalizedFee: number
}

/**
 * The normalized fee of a block: the mean fee of a transaction over the blocks before it, at most
 * `feeMaxFluctuationMultiplier` away from the fee of the block just before (Sidetree v1, Proof of Fee; ION's
 * design). While there are fewer blocks since genesis than the window holds, it is the initial fee.
 *
 * ION computes this in IEEE 754 doubles, in this order of operations, keeps the fraction from block to block, and
 * floors only where a fee is read ({@link readNormalizedFee}). Another order rounds otherwise, and so splits from
 * ION's nodes (sidetree#926): do not simplify the expressions.
 * @param blocksSinceGenesis height of the block less the height of genesis
 * @param window the `feeLookBackWindow` blocks before this one, oldest first; not read while it is not full
 */
export function normalizedFeeOfBlock(
  blocksSinceGenesis: number,
  window: readonly BlockFees[],
  fees: FeeParameters,
): number {
  if (blocksSinceGenesis < fees.feeLookBackWindow) return fees.initialNormalizedFee
  const previous = window.at(-1)
  if (previous === undefined || window.length !== fees.feeLookBackWindow) {
    throw new TypeError(`the fee window holds ${window.length} blocks, not ${fees.feeLookBackWindow}`)
  }
  let totalFee = 0
  let transactionCount = 0
  for (const block of window) {
    totalFee += block.totalFee
    transactionCount += block.transactionCount
  }
  return clamp(totalFee / transactionCount, previous.normalizedFee, fees.feeMaxFluctuationMultiplier)
}

function clamp(fee: number, previousFee: number, maxFluctuation: number): number {
  const highest = previousFee * (1 + maxFluctuation)
  const lowest = previousFee * (1 - maxFluctuation)
  if (fee > highest) return highest
  if (fee < lowest) return lowest
  return fee
}

/** The normalized fee that transactions are judged by: without its fraction. */
export function readNormalizedFee(normalizedFee: number): number {
  return Math.floor(normalizedFee)
}

/**
 * The smallest whole fee for a batch that {@link checkFee} takes, in the ledger's smallest unit. In doubles the
 * product can round down to a fee whose share of an operation is then too small; ION's writer pays that.
 * @param normalizedFee as {@link readNormalizedFee} gives it
 */
export function minimumFee(normalizedFee: number, operationCount: number, fees: FeeParameters): number {
  const perOperation = normalizedFee * fees.perOperationFeeMultiplier
  const fee = Math.ceil(Math.max(perOperation * operationCount, normalizedFee))
  return fee / operationCount < perOperation ? fee + 1 : fee
}

/**
 * Holds a transaction to the fee that the operations which it declares cost.
 * @param normalizedFee as {@link readNormalizedFee} gives it
 * @throws SidetreeError FEE_BELOW_NORMALIZED, FEE_PER_OPERATION_TOO_LOW
 */
export function checkFee(
  paid: number,
  operationCount: number,
  normalizedFee: number,
  fees: FeeParameters,
): void {
  if (paid < normalizedFee) {
    throw new SidetreeError(
      'FEE_BELOW_NORMALIZED',
      `the fee ${paid} is lower than the normalized fee ${normalizedFee}`,
    )
  }
  const expected = normalizedFee * fees.perOperationFeeMultiplier
  if (paid / operationCount < expected) {
    throw new SidetreeError(
      'FEE_PER_OPERATION_TOO_LOW',
      `the fee ${paid} for ${operationCount} operations is lower than ${expected} for each`,
    )
  }
}

/** What the throttle needs to know of a transaction. */
export interface ThrottledTransaction {
  number: number
  anchorString: string
  writer: string
  fee?: number
}

/** What an earlier call let through at the same ledger time. */
export interface ThrottleUse {
  transactions: number
  operations: number
}

/**
 * The transactions of one ledger time that count, in ledger order: the first of each writer; of those the ones
 * with the highest fees, equal fees in ledger order, while transactions and declared operations stay within the
 * limits (ION). As in ION, the first one whose operations do not fit ends the selection, and a malformed anchor
 * string takes its writer's turn but nothing of the limits. Where the ledger asks no fee, all count.
 * @param transactions all of the same ledger time, in ledger order
 */
export function selectTransactions<T extends ThrottledTransaction>(
  transactions: readonly T[],
  params: ProtocolParameters,
  used: ThrottleUse = { transactions: 0, operations: 0 },
): T[] {
  if (params.fees === undefined) return [...transactions]
  const maxTransactions = params.fees.maxTransactionsPerTransactionTime - used.transactions
  const maxOperations = params.fees.maxOperationsPerTransactionTime - used.operations
  const ranked = firstOfEachWriter(transactions).sort(
    (a, b) => (b.fee ?? 0) - (a.fee ?? 0) || a.number - b.number,
  )
  const selected: T[] = []
  let operations = 0
  for (const transaction of ranked) {
    if (selected.length >= maxTransactions || operations >= maxOperations) break
    const declared = declaredOperations(transaction.anchorString, params)
    operations += declared ?? 0
    if (declared !== undefined && operations <= maxOperations) selected.push(transaction)
  }
  return selected.sort((a, b) => a.number - b.number)
}

function firstOfEachWriter<T extends ThrottledTransaction>(transactions: readonly T[]): T[] {
  const first = new Map<string, T>()
  for (const transaction of transactions) {
    if (!first.has(transaction.writer)) first.set(transaction.writer, transaction)
  }
  return [...first.values()]
}

function declaredOperations(anchorString: string, params: ProtocolParameters): number | undefined {
  try {
    return parseAnchorString(anchorString, params).operationCount
  } catch (error) {
    if (error instanceof SidetreeError) return undefined
    throw error
  }
}
