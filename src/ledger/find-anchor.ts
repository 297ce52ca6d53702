import type { Ledger, LedgerTransaction } from './types.ts'

/** Transactions that are looked through at a time. */
const PAGE = 256

/**
 * The first transaction of an anchor string, of any writer or of one.
 * @param after number of the newest transaction that cannot be it; undefined: there is none
 */
export async function findAnchor(
  ledger: Pick<Ledger, 'transactions'>,
  { anchorString, writer }: { anchorString: string; writer?: string },
  after: number | undefined,
): Promise<LedgerTransaction | undefined> {
  for (let cursor = after; ; ) {
    const page = await ledger.transactions(cursor, PAGE)
    const found = page.find(
      transaction =>
        transaction.anchorString === anchorString && (writer === undefined || transaction.writer === writer),
    )
    if (found !== undefined) return found
    cursor = page.at(-1)?.number
    if (cursor === undefined) return undefined
  }
}
