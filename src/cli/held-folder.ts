import { type HeldLog, heldLogOf } from '../ledger/follower/held-log.ts'
import { type LogVerification, verifyLog } from '../ledger/log/verify-log.ts'
import type { NoteVerifier } from '../merkle/vkey.ts'
import { Store } from '../store/store.ts'
import type { DataFolder } from './data-folder.ts'

/** Whose log the follower in a folder holds. @throws StoreError where a node runs on the folder; LedgerError */
export function heldLogIn(folder: DataFolder): Promise<HeldLog> {
  return withFollowed(folder, async store => heldLogOf(store))
}

/** Verifies the tree that the follower in a folder holds. @throws StoreError where its database cannot be opened */
export function verifyHeldLog(folder: DataFolder, key: NoteVerifier): Promise<LogVerification> {
  return withFollowed(folder, store => {
    const { origin, published } = heldLogOf(store)
    return verifyLog(store, origin, key, published)
  })
}

/** Does something with the database of a follower, on which no node runs. */
export async function withFollowed<T>(
  { followed }: DataFolder,
  use: (store: Store) => Promise<T>,
): Promise<T> {
  const store = await Store.open(followed)
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}
