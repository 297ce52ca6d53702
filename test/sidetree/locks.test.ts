import { describe, expect, test } from 'vitest'
import { checkLock, type Lock, maxOperationsForLock, parseLockIdentifier } from '../../src/sidetree/locks.ts'
import { type FeeParameters, ION_MAINNET, ROOTLINE } from '../../src/sidetree/parameters.ts'
import { corpusJson, hasCorpus } from '../corpus.ts'
import { failure } from './failure.ts'

const FEES = ION_MAINNET.fees as FeeParameters
const LOCK: Lock = {
  owner: 'w',
  amountLocked: 60_000_000,
  normalizedFee: 1000,
  lockTime: 100,
  unlockTime: 200,
}
const USE = { operationCount: 1000, writer: 'w', time: 100 }

describe('a value time lock', () => {
  test('allows operations in proportion to its amount, and never fewer than need none', () => {
    expect(maxOperationsForLock(LOCK, FEES)).toBe(1000)
    expect(maxOperationsForLock({ ...LOCK, amountLocked: 60_059_999 }, FEES)).toBe(1000)
    expect(maxOperationsForLock({ ...LOCK, amountLocked: 1 }, FEES)).toBe(100)
    expect(maxOperationsForLock(undefined, FEES)).toBe(100)
  })

  test('goes by the multipliers of its own time', () => {
    expect(maxOperationsForLock(LOCK, FEES, { ...FEES, lockAmountMultiplier: 30_000 })).toBe(2000)
  })

  test.for([
    ['allows as many operations as it is worth', LOCK, USE, undefined],
    ['does not allow one more', LOCK, { ...USE, operationCount: 1001 }, 'LOCK_TOO_SMALL'],
    ['serves no other writer', LOCK, { ...USE, writer: 'v' }, 'LOCK_OWNER_MISMATCH'],
    ['does not hold before its time', LOCK, { ...USE, time: 99 }, 'LOCK_NOT_IN_FORCE'],
    ['holds to the last', LOCK, { ...USE, time: 199 }, undefined],
    ['does not hold once it can be unlocked', LOCK, { ...USE, time: 200 }, 'LOCK_NOT_IN_FORCE'],
    ['is needed for more than 100 operations', undefined, { ...USE, operationCount: 101 }, 'LOCK_TOO_SMALL'],
    ['is not looked at for up to 100', LOCK, { operationCount: 100, writer: 'v', time: 0 }, undefined],
  ] as const)('%s', ([, lock, use, code]) => {
    expect(failure(() => checkLock(lock, use, FEES))).toBe(code)
  })
})

describe('a lock identifier', () => {
  const encode = (text: string) => Buffer.from(text).toString('base64url')

  test('is a transaction id and a script', () => {
    expect(parseLockIdentifier(encode('ab.cd'), ROOTLINE)).toEqual({
      transactionId: 'ab',
      redeemScript: 'cd',
    })
  })

  test('has at most 200 bytes and two parts', () => {
    expect(failure(() => parseLockIdentifier('A'.repeat(201), ROOTLINE))).toBe('WRITER_LOCK_ID_TOO_LONG')
    expect(failure(() => parseLockIdentifier('\u00e9'.repeat(101), ROOTLINE))).toBe('WRITER_LOCK_ID_TOO_LONG')
    expect(failure(() => parseLockIdentifier(encode('abcd'), ROOTLINE))).toBe('WRITER_LOCK_ID_INVALID')
    expect(failure(() => parseLockIdentifier(encode('a.b.c'), ROOTLINE))).toBe('WRITER_LOCK_ID_INVALID')
    expect(failure(() => parseLockIdentifier('', ROOTLINE))).toBe('WRITER_LOCK_ID_INVALID')
  })
})

describe.runIf(hasCorpus)('locks of the corpus', () => {
  interface Derived {
    lockScript: { redeemScriptHex: string; lockIdentifierExample: string }
    maxOpsForLock: { normalizedFee: number; examples: { amountLocked: number; ops: number }[] }
  }
  const { lockScript, maxOpsForLock } = corpusJson<Derived>('ledger/derived/ion-bitcoin.json')

  test('the example of a lock identifier', () => {
    const { transactionId, redeemScript } = parseLockIdentifier(lockScript.lockIdentifierExample, ION_MAINNET)
    expect(transactionId).toMatch(/^[0-9a-f]{64}$/)
    expect(redeemScript).toBe(lockScript.redeemScriptHex)
  })

  test.for(maxOpsForLock.examples)('$amountLocked satoshi allow $ops operations', ({ amountLocked, ops }) => {
    const lock = { ...LOCK, amountLocked, normalizedFee: maxOpsForLock.normalizedFee }
    expect(maxOperationsForLock(lock, FEES)).toBe(ops)
  })
})
