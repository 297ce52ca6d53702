/** The database that the embedded log, the embedded content store and a node keep their data in. */
export { StoreError, type StoreErrorCode } from './errors.ts'
export { type Batch, type Change, type Range, Store } from './store.ts'
