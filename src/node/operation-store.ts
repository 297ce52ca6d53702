import type { LedgerPosition } from '../ledger/types.ts'
import { comparePositions, type DidState } from '../sidetree/state.ts'
import type { Batch, Change, Store } from '../store/store.ts'
import * as keys from './keys.ts'
import {
  decodeOperations,
  decodeRecord,
  decodeState,
  encodeOperations,
  encodeState,
  type StoredOperation,
  type TransactionRecord,
  type UnresolvableRecord,
} from './records.ts'

/**
 * What a node knows of the DIDs on its ledger: their operations, their resolved state, the transactions that
 * these came from and the cursor. Changes are collected by the caller and written as one batch a transaction.
 */
export class OperationStore {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** Resolved state of a DID, or undefined where no create is known. */
  state(suffix: string): DidState | undefined {
    const bytes = this.#store.get(keys.stateKey(suffix))
    return bytes === undefined ? undefined : decodeState(bytes)
  }

  /** Operations that open `commitment` (undefined: creates), in ledger order. */
  opening(suffix: string, commitment: string | undefined): StoredOperation[] {
    const bytes = this.#store.get(keys.operationKey(suffix, commitment))
    return bytes === undefined ? [] : decodeOperations(bytes)
  }

  /** All operations of a DID, in ledger order. */
  async operations(suffix: string): Promise<StoredOperation[]> {
    const all: StoredOperation[] = []
    for await (const [, value] of this.#store.entries(keys.operationRange(suffix))) {
      all.push(...decodeOperations(value))
    }
    return all.sort(byPosition)
  }

  cursor(): LedgerPosition | undefined {
    return this.#read(keys.CURSOR)
  }

  transaction(number: number): TransactionRecord | undefined {
    return this.#read(keys.transactionKey(number))
  }

  /** Transactions that were decided, in ledger order, after a number. */
  async *transactions(after: number | undefined): AsyncGenerator<TransactionRecord> {
    for await (const [, value] of this.#store.entries(keys.transactionRange(after))) yield decodeRecord(value)
  }

  unresolvable(number: number): UnresolvableRecord | undefined {
    return this.#read(keys.unresolvableKey(number))
  }

  /** Transactions whose files could not be had yet, in ledger order. */
  async unresolvables(): Promise<UnresolvableRecord[]> {
    const all: UnresolvableRecord[] = []
    for await (const [, value] of this.#store.entries(keys.unresolvableRange())) all.push(decodeRecord(value))
    return all
  }

  /** Numbers of the unresolvable transactions whose readable index names this DID. */
  async naming(suffix: string): Promise<number[]> {
    const numbers: number[] = []
    for await (const [key] of this.#store.entries(keys.namedRange(suffix))) numbers.push(keys.numberOf(key))
    return numbers
  }

  /** Suffixes that a transaction's operations belong to. */
  suffixesOf(number: number): string[] {
    return this.#read(keys.suffixesKey(number)) ?? []
  }

  /** Every DID that has a state, by suffix, in the order of the store. */
  async *suffixes(): AsyncGenerator<string> {
    for await (const [, value] of this.#store.entries(keys.stateRange())) yield decodeState(value).suffix
  }

  /** Changes survive a kill of the process; what a power cut takes is read from the ledger again. */
  write(changes: Change[]): Promise<void> {
    return this.#store.write(changes)
  }

  /** As `write`, for changes that are many. */
  batch(): Batch {
    return this.#store.batch()
  }

  #read<T>(key: Uint8Array): T | undefined {
    const bytes = this.#store.get(key)
    return bytes === undefined ? undefined : decodeRecord<T>(bytes)
  }
}

/** The changes that add operations which open one commitment, given those that are stored there. */
export function putOperations(
  suffix: string,
  commitment: string | undefined,
  operations: StoredOperation[],
): Change {
  const key = keys.operationKey(suffix, commitment)
  return operations.length === 0 ? { key } : { key, value: encodeOperations(operations.toSorted(byPosition)) }
}

export function putState(state: DidState): Change {
  return { key: keys.stateKey(state.suffix), value: encodeState(state) }
}

/** Ledger order. */
function byPosition(a: StoredOperation, b: StoredOperation): number {
  return comparePositions(a.position, b.position)
}
