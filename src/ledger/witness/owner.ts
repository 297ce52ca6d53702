import type { Store } from '../../store/store.ts'
import { OWNER_KEY, SEEN_RANGE } from './records.ts'

/** The verifier key of the witness whose database this is; undefined for a new one. @throws StoreError */
export function ownerOf(store: Pick<Store, 'get'>): string | undefined {
  const bytes = store.get(OWNER_KEY)
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8')
}

/**
 * Binds a database to the key of its witness. A key that is used with a database of its own making only can never sign
 * again from the beginning because its memory was lost. Do it before the key is kept anywhere.
 * @throws StoreError
 */
export function setOwner(store: Pick<Store, 'commit'>, vkey: string): Promise<void> {
  return store.commit([{ key: OWNER_KEY, value: vkey }])
}

/** Whether the witness has cosigned anything. @throws StoreError */
export async function hasCosigned(store: Pick<Store, 'keys'>): Promise<boolean> {
  for await (const _ of store.keys({ ...SEEN_RANGE, limit: 1 })) return true
  return false
}
