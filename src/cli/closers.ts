import { Store } from '../store/store.ts'

/** What ends the parts that are open, the last first. */
export type Closers = (() => Promise<void>)[]

export async function closingOnFailure<T>(open: (closers: Closers) => Promise<T>): Promise<T> {
  const closers: Closers = []
  try {
    return await open(closers)
  } catch (error) {
    // What failed to open is the news, not that closing failed too.
    await closeAll(closers).catch(() => {})
    throw error
  }
}

/** Closes what was opened, the last first; all of it, also where something fails. */
export async function closeAll(closers: Closers): Promise<void> {
  const failures: unknown[] = []
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
    await close().catch((error: unknown) => failures.push(error))
  }
  if (failures.length > 0) throw failures[0]
}

export async function openStore(closers: Closers, location: string): Promise<Store> {
  const store = await Store.open(location)
  closers.push(() => store.close())
  return store
}
