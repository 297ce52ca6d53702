import type { LedgerDescription } from '../ledger/types.ts'
import { type DidMethod, didPrefix } from '../sidetree/did.ts'
import type { Store } from '../store/store.ts'
import { NodeError } from './errors.ts'
import { IDENTITY } from './keys.ts'
import { decodeRecord, encodeRecord } from './records.ts'

/** Version of the layout in `keys.ts` and the records behind it. */
const LAYOUT = 1

interface Identity {
  layout: number
  ledger: string
  prefix: string
}

/**
 * Ties a store to one ledger and one DID method at its first use, so that one of another is never mixed in.
 * @throws NodeError NODE_STORE_MISMATCH
 */
export async function bindToLedger(
  store: Store,
  ledger: LedgerDescription,
  method: DidMethod,
): Promise<void> {
  const own: Identity = { layout: LAYOUT, ledger: `${ledger.kind}:${ledger.id}`, prefix: didPrefix(method) }
  const bytes = store.get(IDENTITY)
  if (bytes === undefined) {
    await store.commit([{ key: IDENTITY, value: encodeRecord(own) }])
    return
  }
  requireLayout(store, bytes)
  const found = decodeRecord<Identity>(bytes)
  for (const member of ['ledger', 'prefix'] as const) {
    if (found[member] === own[member]) continue
    throw new NodeError(
      'NODE_STORE_MISMATCH',
      `${store.location} was made for ${member} ${found[member]}, not ${own[member]}: use another data folder`,
    )
  }
}

/**
 * Refuses a store whose records are laid out in another way than this version reads them.
 * @param identity value of `IDENTITY` in it
 * @throws NodeError NODE_STORE_MISMATCH
 */
export function requireLayout({ location }: Store, identity: Uint8Array): void {
  const { layout } = decodeRecord<Identity>(identity)
  if (layout === LAYOUT) return
  throw new NodeError(
    'NODE_STORE_MISMATCH',
    `${location} has layout ${layout}, and this version reads layout ${LAYOUT}: run "rootline repair"`,
  )
}
