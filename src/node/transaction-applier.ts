import { setImmediate } from 'node:timers/promises'
import type { LedgerPosition } from '../ledger/types.ts'
import { extendState } from '../sidetree/extension.ts'
import type { ProtocolVersions } from '../sidetree/parameters.ts'
import { type PositionedOperation, resolveOperations } from '../sidetree/resolution.ts'
import type { DidState } from '../sidetree/state.ts'
import type { Batch, Change } from '../store/store.ts'
import * as keys from './keys.ts'
import { type OperationStore, putOperations, putState } from './operation-store.ts'
import {
  encodeRecord,
  type StoredOperation,
  type TransactionRecord,
  type UnresolvableRecord,
} from './records.ts'

/** Operations that are added before others get their turn: requests wait for so many at the most. */
const TURN = 256

/**
 * Brings transactions into the store, each as one atomic batch with the cursor, so that a kill at any point leaves
 * either all of a transaction or nothing of it.
 */
export class TransactionApplier {
  readonly #store: OperationStore
  readonly #versions: ProtocolVersions

  constructor(store: OperationStore, versions: ProtocolVersions) {
    this.#store = store
    this.#versions = versions
  }

  /**
   * Adds a decided transaction. A batch has one operation of a DID at the most, so the operations do not depend on
   * each other.
   * @param cursor given where the transaction is the next on the ledger; not for one that was unresolvable
   */
  async apply(
    record: TransactionRecord,
    operations: StoredOperation[],
    cursor?: LedgerPosition,
  ): Promise<void> {
    const { number } = record.transaction
    const batch = this.#store.batch()
    try {
      batch.add({ key: keys.transactionKey(number), value: encodeRecord(record) })
      for (const [i, operation] of operations.entries()) {
        if (i % TURN === TURN - 1) await setImmediate()
        if (!this.#add(operation, batch)) await this.#addAnew(operation, batch)
      }
      const suffixes = operations.map(({ operation }) => operation.didSuffix)
      batch.add({ key: keys.suffixesKey(number), value: encodeRecord(suffixes) })
      if (cursor === undefined) for (const change of this.#noLongerUnresolvable(number)) batch.add(change)
      else batch.add({ key: keys.CURSOR, value: encodeRecord(cursor) })
      await batch.write()
    } finally {
      await batch.close()
    }
  }

  /** Notes a transaction whose files could not be had, or another failure of it. */
  async postpone(record: UnresolvableRecord, cursor?: LedgerPosition): Promise<void> {
    const { number } = record.transaction
    const changes = this.#noLongerUnresolvable(number)
    changes.push({ key: keys.unresolvableKey(number), value: encodeRecord(record) })
    for (const suffix of record.names ?? []) {
      changes.push({ key: keys.namedKey(suffix, number), value: new Uint8Array() })
    }
    if (cursor !== undefined) changes.push({ key: keys.CURSOR, value: encodeRecord(cursor) })
    await this.#store.write(changes)
  }

  /**
   * Takes back every transaction after `newestValid` (undefined: all), newest first, each as one atomic batch, and
   * moves the cursor last: a stop in the middle is gone on with at the next look at the ledger.
   */
  async revert(newestValid: LedgerPosition | undefined): Promise<number[]> {
    const after = newestValid?.number
    const numbers: number[] = []
    for await (const record of this.#store.transactions(after)) numbers.push(record.transaction.number)
    for (const record of await this.#store.unresolvables()) {
      if (after === undefined || record.transaction.number > after) numbers.push(record.transaction.number)
    }
    numbers.sort((a, b) => b - a)
    for (const number of numbers) await this.#revertOne(number)
    const cursor = newestValid === undefined ? {} : { value: encodeRecord(newestValid) }
    await this.#store.write([{ key: keys.CURSOR, ...cursor }])
    return numbers
  }

  /** Makes the state of a DID anew from all its operations; for a repair. Returns it. */
  async rebuild(suffix: string): Promise<DidState | undefined> {
    const state = this.#resolve(await this.#store.operations(suffix))
    await this.#store.write([state === undefined ? { key: keys.stateKey(suffix) } : putState(state)])
    return state
  }

  /** Adds an operation where that takes constant time; false where its DID has to be resolved anew. */
  #add(added: StoredOperation, batch: Batch): boolean {
    const { didSuffix } = added.operation
    const { checked, position } = added
    const same = this.#store.opening(didSuffix, checked.reveals)
    if (same.some(stored => isAt(stored, added))) return true
    const before = this.#store.state(didSuffix)
    const reveals = (commitment: string) => this.#store.opening(didSuffix, commitment).length > 0
    const extension = extendState(before, checked, position, this.#versions, reveals)
    if ('rebuild' in extension || ('ignored' in extension && before === undefined)) return false
    batch.add(putOperations(didSuffix, checked.reveals, [...same, added]))
    if ('state' in extension) batch.add(putState(extension.state))
    return true
  }

  async #addAnew(added: StoredOperation, batch: Batch): Promise<void> {
    const { didSuffix } = added.operation
    const { reveals } = added.checked
    batch.add(putOperations(didSuffix, reveals, [...this.#store.opening(didSuffix, reveals), added]))
    const state = this.#resolve([...(await this.#store.operations(didSuffix)), added])
    if (state !== undefined) batch.add(putState(state))
  }

  async #revertOne(number: number): Promise<void> {
    const changes: Change[] = [
      { key: keys.transactionKey(number) },
      { key: keys.suffixesKey(number) },
      ...this.#noLongerUnresolvable(number),
    ]
    for (const suffix of this.#store.suffixesOf(number)) {
      const all = await this.#store.operations(suffix)
      const left = all.filter(({ position }) => position.transactionNumber !== number)
      for (const gone of all) {
        if (gone.position.transactionNumber !== number) continue
        const { reveals } = gone.checked
        changes.push(
          putOperations(
            suffix,
            reveals,
            left.filter(stored => stored.checked.reveals === reveals),
          ),
        )
      }
      const state = this.#resolve(left)
      changes.push(state === undefined ? { key: keys.stateKey(suffix) } : putState(state))
    }
    await this.#store.write(changes)
  }

  #noLongerUnresolvable(number: number): Change[] {
    const record = this.#store.unresolvable(number)
    if (record === undefined) return []
    const named = (record.names ?? []).map(suffix => ({ key: keys.namedKey(suffix, number) }))
    return [{ key: keys.unresolvableKey(number) }, ...named]
  }

  #resolve(stored: StoredOperation[]): DidState | undefined {
    return resolveOperations(stored.map(positioned), this.#versions).state
  }
}

/** A stored operation as resolution takes it. */
export function positioned({ checked, position }: StoredOperation): PositionedOperation {
  return { operation: checked, position }
}

function isAt(a: StoredOperation, b: StoredOperation): boolean {
  const { transactionNumber, operationIndex } = a.position
  return transactionNumber === b.position.transactionNumber && operationIndex === b.position.operationIndex
}
