import type { LedgerPosition, LedgerTransaction } from '../ledger/types.ts'
import { comparePositions, type DidState } from '../sidetree/state.ts'
import type { Batch, Store } from '../store/store.ts'
import * as keys from './keys.ts'
import { ANY_OPENED, type OpenedCommitments } from './opened-commitments.ts'
import { RecentlyUsed } from './recently-used.ts'
import {
  type DidRecord,
  decodeDid,
  decodeOperations,
  decodeRecord,
  encodeDid,
  encodeOperations,
  encodeRecord,
  type StoredOperation,
  type TransactionRecord,
  type UnresolvableRecord,
} from './records.ts'

/** DIDs whose record is kept in memory, some two kilobytes each. */
const MAX_DIDS = 20_000

/** Whether any DID was ever named by an unresolvable transaction: undefined until the database has told. */
interface Named {
  ever: boolean | undefined
}

/**
 * What a node knows of the DIDs on its ledger: their operations, their resolved state, the transactions that
 * these came from and the cursor. Changes are collected by the caller and written as one batch a transaction.
 */
export class OperationStore {
  readonly #store: Store
  readonly #dids = new RecentlyUsed<DidRecord>(MAX_DIDS)
  /** DIDs whose record was read from disk lately, and not kept. */
  readonly #readOnce = new RecentlyUsed<true>(MAX_DIDS)
  readonly #named: Named = { ever: undefined }

  constructor(store: Store) {
    this.#store = store
  }

  /** Resolved state of a DID, or undefined where no create is known. */
  state(suffix: string): DidState | undefined {
    return this.did(suffix)?.state
  }

  /** The state of a DID if it is in memory; the same object until it changes. */
  stateInMemory(suffix: string): DidState | undefined {
    return this.#dids.get(suffix)?.state
  }

  /**
   * What is kept of a DID; undefined where no operation of it is stored. In memory it stays from its second reading on:
   * to keep each of very many DIDs that are asked for once would cost more than it saves.
   */
  did(suffix: string): DidRecord | undefined {
    const known = this.#dids.get(suffix)
    if (known !== undefined) return known
    const bytes = this.#store.get(keys.didKey(suffix))
    if (bytes === undefined) return undefined
    const record = decodeDid(bytes)
    if (this.#readOnce.get(suffix) === undefined) this.#readOnce.set(suffix, true)
    else this.#dids.set(suffix, record)
    return record
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

  /** The newest transaction that was taken from the ledger, whether it could be read or not. */
  newest(): LedgerTransaction | undefined {
    const number = this.cursor()?.number
    if (number === undefined) return undefined
    return (this.transaction(number) ?? this.unresolvable(number))?.transaction
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

  /** True where an index file of some transaction could not be had, so that it may name any DID. */
  async hasUnread(): Promise<boolean> {
    for await (const [, value] of this.#store.entries(keys.unresolvableRange())) {
      if (decodeRecord<UnresolvableRecord>(value).unread) return true
    }
    return false
  }

  /** Numbers of the unresolvable transactions whose readable index names this DID. */
  async naming(suffix: string): Promise<number[]> {
    const numbers: number[] = []
    for await (const [key] of this.#store.entries(keys.namedRange(suffix))) numbers.push(keys.numberOf(key))
    return numbers
  }

  /** False where `naming` would give none, as for nearly every DID: known at once, where a range takes long to read. */
  mayBeNamed(suffix: string): boolean {
    this.#named.ever ??= this.#store.get(keys.EVER_NAMED) !== undefined
    return this.#named.ever && this.#store.get(keys.everNamedKey(suffix)) !== undefined
  }

  /** Suffixes that a transaction's operations belong to. */
  suffixesOf(number: number): string[] {
    return this.#read(keys.suffixesKey(number)) ?? []
  }

  /** Every DID of which an operation is stored, by suffix, in the order of the store. */
  async *suffixes(): AsyncGenerator<string> {
    for await (const [, value] of this.#store.entries(keys.didRange())) yield decodeDid(value).suffix
  }

  /** Begins changes that are applied as one. */
  batch(): OperationBatch {
    return new OperationBatch(this.#store.batch(), this.#dids, this.#named)
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
  readonly #dids: RecentlyUsed<DidRecord>
  readonly #named: Named
  readonly #changed = new Map<string, DidRecord | undefined>()

  constructor(batch: Batch, dids: RecentlyUsed<DidRecord>, named: Named) {
    this.#batch = batch
    this.#dids = dids
    this.#named = named
  }

  /** Sets the operations that open a commitment (undefined: the creates); an empty list removes them. */
  setOperations(suffix: string, commitment: string | undefined, operations: StoredOperation[]): void {
    const key = keys.operationKey(suffix, commitment)
    const value = encodeOperations(operations.length === 1 ? operations : operations.toSorted(byPosition))
    this.#batch.add(operations.length === 0 ? { key } : { key, value })
  }

  /**
   * Sets the state of a DID.
   * @param opened what its stored operations open; default: anything may be
   */
  setState(suffix: string, state: DidState | undefined, opened: OpenedCommitments = ANY_OPENED): void {
    const record: DidRecord = { suffix, state, opened }
    this.#batch.add({ key: keys.didKey(suffix), value: encodeDid(record) })
    this.#changed.set(suffix, record)
  }

  /** Removes what is kept of a DID, of which no operation is stored any more. */
  removeDid(suffix: string): void {
    this.#batch.add({ key: keys.didKey(suffix) })
    this.#changed.set(suffix, undefined)
  }

  /** Says that an unresolvable transaction names DIDs. */
  setNamed(suffixes: string[], number: number): void {
    if (suffixes.length === 0) return
    this.#named.ever = true
    this.set(keys.EVER_NAMED, {})
    for (const suffix of suffixes) {
      this.set(keys.namedKey(suffix, number), {})
      this.set(keys.everNamedKey(suffix), {})
    }
  }

  /** Sets another record; undefined removes it. */
  set(key: Uint8Array, record: object | undefined): void {
    this.#batch.add(record === undefined ? { key } : { key, value: encodeRecord(record) })
  }

  async write(): Promise<void> {
    // What is remembered must never be newer than what is stored, nor older once this has returned.
    for (const suffix of this.#changed.keys()) this.#dids.delete(suffix)
    await this.#batch.write()
    for (const [suffix, record] of this.#changed) if (record !== undefined) this.#dids.set(suffix, record)
  }

  close(): Promise<void> {
    return this.#batch.close()
  }
}

/** Ledger order. */
function byPosition(a: StoredOperation, b: StoredOperation): number {
  return comparePositions(a.position, b.position)
}
