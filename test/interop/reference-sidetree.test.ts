import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { compareFile, compareLedger } from './reference/compare.ts'
import { files } from './reference/files.ts'
import { buildLedger, histories } from './reference/ledgers.ts'

/**
 * The `ion` profile beside the implementation that ION's nodes run, in process. Histories and files, each: a few in
 * CI; 10,000 show that the two decide alike.
 */
const RUNS = Number(process.env['ROOTLINE_PEER_RUNS'] ?? 500)
const TIMEOUT_MS = 60_000 + RUNS * 200

const counts = new Map<string, number>()
const count = (what: string, n = 1) => counts.set(what, (counts.get(what) ?? 0) + n)
afterAll(() => {
  console.log(`beside the reference: ${[...counts].map(([what, n]) => `${n} ${what}`).join(', ')}`)
})

it(
  'a ledger comes to the same operations, documents and commitments',
  async () => {
    const property = fc.asyncProperty(histories, async history => {
      expect(await compareLedger(buildLedger(history), count)).toBeUndefined()
    })
    await fc.assert(property, { numRuns: RUNS })
  },
  TIMEOUT_MS,
)

it(
  'a file is valid for both or for neither',
  async () => {
    const property = fc.asyncProperty(files, async file => {
      expect(await compareFile(file, count)).toBeUndefined()
    })
    await fc.assert(property, { numRuns: RUNS })
  },
  TIMEOUT_MS,
)
