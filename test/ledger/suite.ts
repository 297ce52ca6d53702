import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Ledger, LedgerTransaction } from '../../src/ledger/types.ts'
import type { Anchoring } from './memory-ledger.ts'

/** A ledger under test, with what only its maker can do to it. */
export interface LedgerUnderTest {
  ledger: Ledger
  /** Closes and opens it again, as a restart would; where the ledger outlives its process. */
  reopen?: () => Promise<Ledger>
  /** Replaces the newest transactions; where the ledger can be reorganised. */
  reorganise?: (count: number, replacement: readonly Anchoring[]) => Promise<void>
  cleanUp?: () => Promise<void>
}

/** What a ledger can do beyond the port's promises. */
export interface LedgerCapabilities {
  /** Outlives its process. */
  durable: boolean
  /** Can take transactions back. */
  reorganises: boolean
  /** Its proofs show something to those who do not trust whoever hands them over. */
  proves: boolean
}

const WRITER = 'writer-1'

/** What every adapter of the `Ledger` port must pass. `make` gives an empty ledger. */
export function ledgerSuite(
  name: string,
  make: () => Promise<LedgerUnderTest>,
  capabilities: LedgerCapabilities,
): void {
  describe(`the ledger port: ${name}`, () => {
    let under: LedgerUnderTest
    let ledger: Ledger
    beforeEach(async () => {
      under = await make()
      ledger = under.ledger
    })
    afterEach(async () => {
      await ledger.close()
      await under.cleanUp?.()
    })

    const anchorAll = async (count: number, tag = 'file') => {
      const made: LedgerTransaction[] = []
      for (let i = 0; i < count; i++) made.push(await ledger.anchor(`1.${tag}-${i}`, WRITER))
      return made
    }

    it('is empty at first', async () => {
      expect(await ledger.transactions(undefined, 10)).toEqual([])
      expect((await ledger.head()).number).toBeUndefined()
    })

    it('says what it anchored: the string, the writer, safe integers', async () => {
      const transaction = await ledger.anchor('3.QmExample', 'writer ü')
      expect(transaction).toMatchObject({ anchorString: '3.QmExample', writer: 'writer ü' })
      for (const value of [transaction.number, transaction.time, transaction.timestamp]) {
        expect(Number.isSafeInteger(value)).toBe(true)
      }
      expect(await ledger.transactions(undefined, 10)).toEqual([transaction])
    })

    it('orders transactions strictly by number; times never decrease', async () => {
      const made = await anchorAll(12)
      const listed = await ledger.transactions(undefined, 100)
      expect(listed).toEqual(made)
      for (const [i, transaction] of listed.entries()) {
        const before = listed[i - 1]
        if (before === undefined) continue
        expect(transaction.number).toBeGreaterThan(before.number)
        expect(transaction.time).toBeGreaterThanOrEqual(before.time)
        expect(transaction.timestamp).toBeGreaterThanOrEqual(before.timestamp)
      }
    })

    it('pages after any number, also one that is in a gap or beyond the end, and at most by the limit', async () => {
      const made = await anchorAll(7)
      const paged: LedgerTransaction[] = []
      for (let after: number | undefined; ; after = paged.at(-1)?.number) {
        const page = await ledger.transactions(after, 3)
        expect(page.length).toBeLessThanOrEqual(3)
        if (page.length === 0) break
        paged.push(...page)
      }
      expect(paged).toEqual(made)
      const third = made[2] as LedgerTransaction
      expect(await ledger.transactions(third.number, 100)).toEqual(made.slice(3))
      const last = made[6] as LedgerTransaction
      expect(await ledger.transactions(last.number, 100)).toEqual([])
      expect(await ledger.transactions(last.number + 1000, 100)).toEqual([])
    })

    it('anchors the same string twice as two transactions', async () => {
      const first = await ledger.anchor('1.same', WRITER)
      const second = await ledger.anchor('1.same', WRITER)
      expect(second.number).toBeGreaterThan(first.number)
      expect(second.timeHash === first.timeHash && second.number === first.number).toBe(false)
    })

    it('gives concurrent anchors each a number of its own, and loses none', async () => {
      const strings = Array.from({ length: 60 }, (_, i) => `1.concurrent-${i}`)
      const made = await Promise.all(strings.map(string => ledger.anchor(string, WRITER)))
      expect(made.map(transaction => transaction.anchorString)).toEqual(strings)
      const listed = await ledger.transactions(undefined, 100)
      expect(listed).toEqual(made.toSorted((a, b) => a.number - b.number))
      expect(new Set(listed.map(transaction => transaction.number)).size).toBe(60)
    })

    it('sees an anchor as soon as it was answered', async () => {
      let before: number | undefined
      for (let i = 0; i < 5; i++) {
        const transaction = await ledger.anchor(`1.seen-${i}`, WRITER)
        expect((await ledger.head()).number).toBe(transaction.number)
        expect(await ledger.transactions(before, 10)).toEqual([transaction])
        before = transaction.number
      }
    })

    it('has a head that is not earlier than its newest transaction', async () => {
      const last = (await anchorAll(3)).at(-1) as LedgerTransaction
      const head = await ledger.head()
      expect(head.number).toBe(last.number)
      expect(head.time).toBeGreaterThanOrEqual(last.time)
      expect(head.timestamp).toBeGreaterThanOrEqual(last.timestamp)
    })

    it('refuses an empty anchor string, and takes the next one', async () => {
      await expect(ledger.anchor('', WRITER)).rejects.toMatchObject({ code: 'LEDGER_ANCHOR_INVALID' })
      expect((await ledger.anchor('1.next', WRITER)).anchorString).toBe('1.next')
    })

    it('tells listeners of new transactions, until they have enough', async () => {
      let told = 0
      const heard = new Promise<void>(resolve => {
        const end = ledger.onTransaction(() => {
          told++
          end()
          resolve()
        })
      })
      await ledger.anchor('1.first', WRITER)
      await heard
      await ledger.anchor('1.second', WRITER)
      await new Promise(resolve => setImmediate(resolve))
      expect(told).toBe(1)
    })

    it('still has every transaction that it had, and says so', async () => {
      for (const { number, timeHash } of await anchorAll(5)) {
        expect(await ledger.reorganised({ number, timeHash })).toEqual({ changed: false })
      }
    })

    it('does not know a transaction of another history', async () => {
      const [first] = (await anchorAll(1)) as [LedgerTransaction]
      const strangers = [
        { number: first.number, timeHash: 'f'.repeat(64) },
        { number: first.number + 1, timeHash: first.timeHash },
      ]
      for (const stranger of strangers) {
        expect(await ledger.reorganised(stranger)).toMatchObject({ changed: true })
        await expect(ledger.proof(stranger)).rejects.toMatchObject({ code: 'LEDGER_TRANSACTION_UNKNOWN' })
      }
    })

    it('gives a proof of every transaction that verifies, and for that one only', async () => {
      const made = await anchorAll(9)
      for (const transaction of made) {
        const proof = await ledger.proof(transaction)
        const results = ledger.verify(proof, transaction).map(check => check.result)
        expect(new Set(results)).toEqual(new Set(['pass']))
        const other = made[(made.indexOf(transaction) + 1) % made.length] as LedgerTransaction
        expect(ledger.verify(proof, other).map(check => check.result)).toContain('fail')
        expect(proof.kind === 'word').toBe(!capabilities.proves)
      }
    })

    it('names a root of trust and what it cannot show', () => {
      const { roots, cannotShow, id } = ledger.describe()
      expect(id).not.toBe('')
      expect(roots.length).toBeGreaterThan(0)
      for (const root of roots) expect(root.trustedFor.length).toBeGreaterThan(0)
      expect(cannotShow.length).toBeGreaterThan(0)
    })

    it('takes no anchor after it was closed, and closes twice', async () => {
      await ledger.close()
      await ledger.close()
      await expect(ledger.anchor('1.late', WRITER)).rejects.toMatchObject({ code: 'LEDGER_CLOSED' })
    })

    it.runIf(capabilities.durable)('has everything after a restart, and goes on', async () => {
      const made = await anchorAll(8)
      if (under.reopen === undefined) throw new TypeError('a durable ledger can be opened again')
      ledger = await under.reopen()
      expect(await ledger.transactions(undefined, 100)).toEqual(made)
      const last = made[7] as LedgerTransaction
      expect(await ledger.reorganised(last)).toEqual({ changed: false })
      expect((await ledger.anchor('1.after', WRITER)).number).toBeGreaterThan(last.number)
    })

    it.runIf(capabilities.reorganises)(
      'finds the newest transaction that stands after a reorganisation',
      async () => {
        const made = await anchorAll(6)
        if (under.reorganise === undefined) throw new TypeError('this ledger can be reorganised')
        await under.reorganise(2, [{ anchorString: '1.other', writer: WRITER }])
        const stands = made[3] as LedgerTransaction
        expect(await ledger.reorganised(stands)).toEqual({ changed: false })
        for (const gone of made.slice(4)) {
          expect(await ledger.reorganised(gone)).toEqual({
            changed: true,
            newestValid: { number: stands.number, timeHash: stands.timeHash },
          })
        }
        const after = await ledger.transactions(stands.number, 10)
        expect(after.map(transaction => transaction.anchorString)).toEqual(['1.other'])
      },
    )
  })
}
