import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type BlockFees,
  checkFee,
  minimumFee,
  normalizedFeeOfBlock,
  readNormalizedFee,
  selectTransactions,
} from '../../src/sidetree/fees.ts'
import {
  type FeeParameters,
  ION_MAINNET,
  type ProtocolParameters,
  ROOTLINE,
} from '../../src/sidetree/parameters.ts'
import { corpusJson, hasCorpus } from '../corpus.ts'
import { failure } from './failure.ts'

const FEES: FeeParameters = {
  maxOperationsWithoutLock: 100,
  maxOperationsPerTransactionTime: 600_000,
  maxTransactionsPerTransactionTime: 300,
  perOperationFeeMultiplier: 0.001,
  lockAmountMultiplier: 60_000,
  initialNormalizedFee: 1000,
  feeLookBackWindow: 2,
  feeMaxFluctuationMultiplier: 0.00001,
  lockDuration: 4500,
}

/** Two blocks of the mean fee, the later with the normalized fee that the next is held close to. */
function windowOf(mean: number, previous: number): BlockFees[] {
  const block = { totalFee: mean * 7, transactionCount: 7 }
  return [
    { ...block, normalizedFee: 1 },
    { ...block, normalizedFee: previous },
  ]
}

describe('the normalized fee', () => {
  test('is the initial fee until the window is full', () => {
    expect(normalizedFeeOfBlock(0, [], FEES)).toBe(1000)
    expect(normalizedFeeOfBlock(1, [], FEES)).toBe(1000)
  })

  test('is the mean fee of a transaction over the window, weighted by transactions', () => {
    const window = [
      { totalFee: 1000, transactionCount: 1, normalizedFee: 500 },
      { totalFee: 4_000, transactionCount: 9, normalizedFee: 500 },
    ]
    expect(normalizedFeeOfBlock(2, window, FEES)).toBe(500)
  })

  test('moves by at most the fluctuation, and keeps its fraction', () => {
    expect(normalizedFeeOfBlock(2, windowOf(5000, 1000), FEES)).toBe(1000 * (1 + 0.00001))
    expect(normalizedFeeOfBlock(2, windowOf(1, 1000), FEES)).toBe(1000 * (1 - 0.00001))
  })

  test('is read without its fraction, which adds up from block to block all the same', () => {
    let fee = 1000
    for (let block = 0; block < 101; block++) fee = normalizedFeeOfBlock(2, windowOf(5000, fee), FEES)
    expect(readNormalizedFee(1000 * (1 + 0.00001))).toBe(1000)
    expect(readNormalizedFee(fee)).toBe(1001)
  })

  test('a window of another size than the rule says is a mistake of the caller', () => {
    expect(() => normalizedFeeOfBlock(2, windowOf(5, 5).slice(1), FEES)).toThrow(TypeError)
  })
})

describe('the fee of a transaction', () => {
  test('is at least the normalized fee', () => {
    expect(failure(() => checkFee(999, 1, 1000, FEES))).toBe('FEE_BELOW_NORMALIZED')
    expect(failure(() => checkFee(1000, 1, 1000, FEES))).toBeUndefined()
  })

  test('is at least a thousandth of the normalized fee for each operation', () => {
    expect(failure(() => checkFee(9_999, 10_000, 1000, FEES))).toBe('FEE_PER_OPERATION_TOO_LOW')
    expect(failure(() => checkFee(10_000, 10_000, 1000, FEES))).toBeUndefined()
  })

  test('suffices where it is the minimum, though doubles round the product down', () => {
    expect(failure(() => checkFee(67_832, 2780, 24_400, FEES))).toBe('FEE_PER_OPERATION_TOO_LOW')
    expect(minimumFee(24_400, 2780, FEES)).toBe(67_833)
    const fee = fc.integer({ min: 1, max: 10_000_000 })
    fc.assert(
      fc.property(fee, fc.integer({ min: 1, max: 10_000 }), (normalizedFee, count) => {
        const paid = minimumFee(normalizedFee, count, FEES)
        expect(failure(() => checkFee(paid, count, normalizedFee, FEES))).toBeUndefined()
      }),
    )
  })
})

describe('the throttle of a ledger time', () => {
  const ION: ProtocolParameters = {
    ...ION_MAINNET,
    fees: { ...FEES, maxTransactionsPerTransactionTime: 2, maxOperationsPerTransactionTime: 100 },
  }
  const transaction = (number: number, writer: string, fee: number, anchorString = '10.Qm') => ({
    number,
    writer,
    fee,
    anchorString,
  })
  const selected = (
    transactions: ReturnType<typeof transaction>[],
    used?: { transactions: number; operations: number },
  ) => selectTransactions(transactions, ION, used).map(({ number }) => number)

  test('takes the first of each writer', () => {
    expect(selected([transaction(1, 'a', 1), transaction(2, 'a', 9), transaction(3, 'b', 1)])).toEqual([1, 3])
  })

  test('takes the highest fees, equal ones in ledger order, and gives them in ledger order', () => {
    expect(selected([transaction(1, 'a', 1), transaction(2, 'b', 5), transaction(3, 'c', 9)])).toEqual([2, 3])
    expect(selected([transaction(1, 'a', 5), transaction(2, 'b', 5), transaction(3, 'c', 5)])).toEqual([1, 2])
  })

  test('ends at the first whose operations do not fit, though a smaller one would', () => {
    const queue = [
      transaction(1, 'a', 9, '90.Qm'),
      transaction(2, 'b', 8, '11.Qm'),
      transaction(3, 'c', 7, '10.Qm'),
    ]
    expect(selected(queue)).toEqual([1])
  })

  test("a malformed anchor string takes its writer's turn and nothing else", () => {
    const queue = [
      transaction(1, 'a', 9, 'x'),
      transaction(2, 'a', 8),
      transaction(3, 'b', 7),
      transaction(4, 'c', 6),
    ]
    expect(selected(queue)).toEqual([3, 4])
  })

  test('counts what was let through before', () => {
    const queue = [transaction(1, 'a', 9), transaction(2, 'b', 8)]
    expect(selected(queue, { transactions: 1, operations: 0 })).toEqual([1])
    expect(selected(queue, { transactions: 0, operations: 91 })).toEqual([])
  })

  test('does not apply where the ledger asks no fee', () => {
    const queue = [transaction(1, 'a', 9), transaction(2, 'a', 8), transaction(3, 'a', 7)]
    expect(selectTransactions(queue, ROOTLINE)).toEqual(queue)
  })
})

describe.runIf(hasCorpus)('fees of the corpus', () => {
  interface Derived {
    normalizedFee: {
      window: { totalFee: number; transactionCount: number }[]
      previousFee: number
      multiplier: number
      expectRaw: number
      expectFloor: number
    }[]
    minFee: { normalizedFee: number; ops: number; min: number }[]
  }
  const derived = corpusJson<Derived>('ledger/derived/ion-bitcoin.json')

  test.for(derived.normalizedFee)('normalized fee $expectRaw', example => {
    const window = example.window.map(block => ({ ...block, normalizedFee: example.previousFee }))
    const fees = {
      ...FEES,
      feeLookBackWindow: window.length,
      feeMaxFluctuationMultiplier: example.multiplier,
    }
    const fee = normalizedFeeOfBlock(window.length, window, fees)
    expect(fee).toBe(example.expectRaw)
    expect(readNormalizedFee(fee)).toBe(example.expectFloor)
  })

  test.for(derived.minFee)('minimum fee of $ops operations', ({ normalizedFee, ops, min }) => {
    expect(minimumFee(normalizedFee, ops, FEES)).toBe(min)
  })
})
