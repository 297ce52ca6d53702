import { SidetreeError } from './errors.ts'
import type { FeeParameters, ProtocolParameters } from './parameters.ts'

/** What the rules need to know of a value time lock; amounts in the ledger's smallest unit, times in its own. */
export interface Lock {
  /** The writer that may use it, in the ledger's terms. */
  owner: string
  amountLocked: number
  /** Normalized fee when the lock began, as it is read (floored). */
  normalizedFee: number
  /** First time that the lock holds at. */
  lockTime: number
  /** First time that it no longer holds at. */
  unlockTime: number
}

/** What a `writerLockId` of ION names: an output locked for a time. */
export interface LockIdentifier {
  transactionId: string
  /** Hex of the script that the output's hash commits to. */
  redeemScript: string
}

/**
 * Reads a `writerLockId` as ION writes it: base64url of `<transaction id>.<redeem script in hex>`. Any spelling
 * of base64url counts, as in ION; whether the transaction exists and the script is a lock is for the ledger.
 * @throws SidetreeError WRITER_LOCK_ID_TOO_LONG, WRITER_LOCK_ID_INVALID
 */
export function parseLockIdentifier(text: string, params: ProtocolParameters): LockIdentifier {
  requireLockIdentifierSize(text, params)
  const parts = Buffer.from(text, 'base64url').toString('latin1').split('.')
  const [transactionId, redeemScript] = parts
  if (parts.length !== 2 || transactionId === undefined || redeemScript === undefined) {
    throw new SidetreeError(
      'WRITER_LOCK_ID_INVALID',
      'a lock identifier is base64url of <transaction id>.<redeem script in hex>',
    )
  }
  return { transactionId, redeemScript }
}

/** @throws SidetreeError WRITER_LOCK_ID_TOO_LONG */
export function requireLockIdentifierSize(text: string, params: ProtocolParameters): void {
  if (Buffer.byteLength(text) <= params.maxWriterLockIdBytes) return
  throw new SidetreeError(
    'WRITER_LOCK_ID_TOO_LONG',
    `the lock identifier is longer than ${params.maxWriterLockIdBytes} bytes`,
  )
}

/**
 * How many operations a lock allows in one batch; never fewer than need none (ION's design). A product and a
 * quotient of IEEE 754 doubles, in ION's order, rounded down.
 * @param fees at the time of the lock, except the number that needs none, which is that of now
 */
export function maxOperationsForLock(
  lock: Lock | undefined,
  fees: FeeParameters,
  feesAtLock: FeeParameters = fees,
): number {
  if (lock === undefined) return fees.maxOperationsWithoutLock
  const feePerOperation = lock.normalizedFee * feesAtLock.perOperationFeeMultiplier
  const allowed = Math.floor(lock.amountLocked / (feePerOperation * feesAtLock.lockAmountMultiplier))
  return Math.max(allowed, fees.maxOperationsWithoutLock)
}

/** A transaction that names a lock, or ought to. */
export interface LockUse {
  /** Operations that its anchor string declares. */
  operationCount: number
  writer: string
  /** Ledger time of the transaction. */
  time: number
}

/**
 * Holds a transaction to the lock that its declared operations need; up to `maxOperationsWithoutLock` need none,
 * and then the lock is not looked at.
 * @throws SidetreeError LOCK_OWNER_MISMATCH, LOCK_NOT_IN_FORCE, LOCK_TOO_SMALL (or missing)
 */
export function checkLock(
  lock: Lock | undefined,
  use: LockUse,
  fees: FeeParameters,
  feesAtLock: FeeParameters = fees,
): void {
  if (use.operationCount <= fees.maxOperationsWithoutLock) return
  if (lock !== undefined && lock.owner !== use.writer) {
    throw new SidetreeError('LOCK_OWNER_MISMATCH', 'the lock belongs to another writer')
  }
  if (lock !== undefined && (use.time < lock.lockTime || use.time >= lock.unlockTime)) {
    throw new SidetreeError(
      'LOCK_NOT_IN_FORCE',
      `the lock holds from ${lock.lockTime} to before ${lock.unlockTime}, the transaction is of ${use.time}`,
    )
  }
  const allowed = maxOperationsForLock(lock, fees, feesAtLock)
  if (use.operationCount > allowed) {
    throw new SidetreeError(
      'LOCK_TOO_SMALL',
      `${use.operationCount} operations need a lock that allows as many, this one allows ${allowed}`,
    )
  }
}
