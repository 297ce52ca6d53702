import type { LedgerPosition } from '../ledger/types.ts'
import { comparePositions, type DidState } from '../sidetree/state.ts'
import type { Batch, Store } from '../store/store.ts'
import * as keys from './keys.ts'
import { RecentlyUsed } from './recently-used.ts'
import {
  decodeOperations,
  decodeRecord,
  decodeState,
  encodeOperations,
  encodeRecord,
  encodeState,
  type StoredOperation,
  type TransactionRecord,
  type UnresolvableRecord,
} from './records.ts'

/** States that are kept in memory, some two kilobytes each. */
const MAX_STATES = 20_000

/**
 * What a node knows of the DIDs on its ledger: their operations, their resolved state, the transactions that
 * these came from and the cursor. Changes are collected by the caller and written as one batch a transaction.
 */
export class OperationStore {
  readonly #store: Store
  readonly #states = new RecentlyUsed<DidState>(MAX_STATES)

  constructor(store: Store) {
    this.#store = store
  }

  /** Resolved state of a DID, or undefined where no create is known. */
  state(suffix: string): DidState | undefined {
    const known = this.#states.get(suffix)
    if (known !== undefined) return known
    const bytes = this.#store.get(keys.stateKey(suffix))
    if (bytes === undefined) return undefined
    const state = decodeState(bytes)
    this.#states.set(suffix, state)
    return state
  }

  /** Operations that open `commitment` (undefined: creates), in ledger order. */
  opening(suffix: string, commitment: string | undefined): StoredOperation[] {
    const bytes = this.#store.get(keys.operationKey(suffix, commitment))
    return bytes === undefined ? [] : decodeOperations(suffix, bytes)
  }

  /** All operations of a DID, in ledger order. */
  async operations(suffix: string): Promise<StoredOperation[]> {
    const all: StoredOperation[] = []
    for await (const [, value] of this.#store.entries(keys.operationRange(suffix))) {
      all.push(...decodeOperations(suffix, value))
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

  /** Begins changes that are applied as one. */
  batch(): OperationBatch {
    return new OperationBatch(this.#store.batch(), this.#states)
  }

  #read<T>(key: Uint8Array): T | undefined {
    const bytes = this.#store.get(key)
    return bytes === undefined ? undefined : decodeRecord<T>(bytes)
  }
}

/**
 * Changes of an operation store that are applied as one. They survive a kill of the process; what a power cut takes is
 * read from the ledger again. Ends with `write` and then `close`, or with `close` alone.
 */
export class OperationBatch {
  readonly #batch: Batch
  readonly #states: RecentlyUsed<DidState>
  readonly #changed = new Map<string, DidState | undefined>()

  constructor(batch: Batch, states: RecentlyUsed<DidState>) {
    this.#batch = batch
    this.#states = states
  }

  /** Sets the operations that open a commitment (undefined: the creates); an empty list removes them. */
  setOperations(suffix: string, commitment: string | undefined, operations: StoredOperation[]): void {
    const key = keys.operationKey(suffix, commitment)
    const value = encodeOperations(operations.length === 1 ? operations : operations.toSorted(byPosition))
    this.#batch.add(operations.length === 0 ? { key } : { key, value })
  }

  /** Sets the state of a DID; undefined removes it. */
  setState(suffix: string, state: DidState | undefined): void {
    const key = keys.stateKey(suffix)
    this.#batch.add(state === undefined ? { key } : { key, value: encodeState(state) })
    this.#changed.set(suffix, state)
  }

  /** Sets another record; undefined removes it. */
  set(key: Uint8Array, record: object | undefined): void {
    this.#batch.add(record === undefined ? { key } : { key, value: encodeRecord(record) })
  }

  async write(): Promise<void> {
    // What is remembered must never be newer than what is stored, nor older once this has returned.
    for (const suffix of this.#changed.keys()) this.#states.delete(suffix)
    await this.#batch.write()
    for (const [suffix, state] of this.#changed) {
      if (state === undefined) this.#states.delete(suffix)
      else this.#states.set(suffix, state)
    }
  }

  close(): Promise<void> {
    return this.#batch.close()
  }
}

/** Ledger order. */
function byPosition(a: StoredOperation, b: StoredOperation): number {
  return comparePositions(a.position, b.position)
}
