import { describe, expect, it } from 'vitest'
import { LedgerError } from '../../src/ledger/errors.ts'
import { MemoryLedger } from './memory-ledger.ts'
import { ledgerSuite } from './suite.ts'

ledgerSuite(
  'in memory',
  async () => {
    const ledger = new MemoryLedger()
    return { ledger, reorganise: async (count, replacement) => ledger.reorganise(count, replacement) }
  },
  { durable: false, reorganises: true, proves: false },
)

describe('the ledger in memory', () => {
  it('finds what stands after a reorganisation of a reorganisation', async () => {
    const ledger = new MemoryLedger()
    const first = await ledger.anchor('1.a', 'w')
    const second = await ledger.anchor('1.b', 'w')
    ledger.reorganise(1, [{ anchorString: '1.c', writer: 'w' }])
    const third = ledger.chain.at(-1)
    ledger.reorganise(2)
    expect(await ledger.reorganised(second)).toEqual({ changed: true, newestValid: undefined })
    expect(third?.number).toBe(second.number)
    expect(third?.timeHash).not.toBe(second.timeHash)
    expect(await ledger.reorganised(first)).toEqual({ changed: true, newestValid: undefined })
  })

  it('can be made to fail, and to work again', async () => {
    const ledger = new MemoryLedger()
    ledger.failWith(new LedgerError('LEDGER_UNREACHABLE', 'cut off'))
    await expect(ledger.head()).rejects.toMatchObject({ code: 'LEDGER_UNREACHABLE' })
    ledger.failWith(undefined)
    expect((await ledger.head()).number).toBeUndefined()
  })
})
