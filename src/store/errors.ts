/** What can happen to a database folder. */
export type StoreErrorCode =
  | 'STORE_LOCKED'
  | 'STORE_CORRUPT'
  | 'STORE_FULL'
  | 'STORE_UNAVAILABLE'
  | 'STORE_CLOSED'

/** A database that cannot be opened, read or written. `location` is its folder. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode
  readonly location: string

  constructor(code: StoreErrorCode, location: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.location = location
  }
}
