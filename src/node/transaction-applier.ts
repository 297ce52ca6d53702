import { setImmediate } from 'node:timers/promises'
import type { LedgerPosition } from '../ledger/types.ts'
import { extendState } from '../sidetree/extension.ts'
import type { ProtocolVersions } from '../sidetree/parameters.ts'
import { type PositionedOperation, resolveOperations } from '../sidetree/resolution.ts'
import { comparePositions, type DidState } from '../sidetree/state.ts'
import * as keys from './keys.ts'
import type { OperationBatch, OperationStore } from './operation-store.ts'
import type { StoredOperation, TransactionRecord, UnresolvableRecord } from './records.ts'

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
    await this.#write(async batch => {
      batch.set(keys.transactionKey(number), record)
      for (const [i, operation] of operations.entries()) {
        if (i % TURN === TURN - 1) await setImmediate()
        if (!this.#add(operation, batch)) await this.#addAnew(operation, batch)
      }
      const suffixes = operations.map(({ checked }) => checked.didSuffix)
      batch.set(keys.suffixesKey(number), suffixes)
      if (cursor === undefined) this.#forgetUnresolvable(number, batch)
      else batch.set(keys.CURSOR, cursor)
    })
  }

  /** Notes a transaction whose files could not be had, or another failure of it. */
  async postpone(record: UnresolvableRecord, cursor?: LedgerPosition): Promise<void> {
    const { number } = record.transaction
    await this.#write(batch => {
      this.#forgetUnresolvable(number, batch)
      batch.set(keys.unresolvableKey(number), record)
      for (const suffix of record.names ?? []) batch.set(keys.namedKey(suffix, number), {})
      if (cursor !== undefined) batch.set(keys.CURSOR, cursor)
    })
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
    await this.#write(batch => batch.set(keys.CURSOR, newestValid))
    return numbers
  }

  /** Makes the state of a DID anew from all its operations; for a repair. Returns it. */
  async rebuild(suffix: string): Promise<DidState | undefined> {
    const state = this.#resolve(await this.#store.operations(suffix))
    await this.#write(batch => batch.setState(suffix, state))
    return state
  }

  /** Adds an operation where that takes constant time; false where its DID has to be resolved anew. */
  #add(added: StoredOperation, batch: OperationBatch): boolean {
    const { checked, position } = added
    const { didSuffix, reveals } = checked
    const same = this.#store.opening(didSuffix, reveals)
    if (same.some(stored => comparePositions(stored.position, position) === 0)) return true
    const before = this.#store.state(didSuffix)
    const opened = (commitment: string) => this.#store.opening(didSuffix, commitment).length > 0
    const extension = extendState(before, checked, position, this.#versions, opened)
    if ('rebuild' in extension || ('ignored' in extension && before === undefined)) return false
    batch.setOperations(didSuffix, reveals, [...same, added])
    if ('state' in extension) batch.setState(didSuffix, extension.state)
    return true
  }

  async #addAnew(added: StoredOperation, batch: OperationBatch): Promise<void> {
    const { didSuffix, reveals } = added.checked
    batch.setOperations(didSuffix, reveals, [...this.#store.opening(didSuffix, reveals), added])
    const state = this.#resolve([...(await this.#store.operations(didSuffix)), added])
    if (state !== undefined) batch.setState(didSuffix, state)
  }

  async #revertOne(number: number): Promise<void> {
    await this.#write(async batch => {
      batch.set(keys.transactionKey(number), undefined)
      batch.set(keys.suffixesKey(number), undefined)
      this.#forgetUnresolvable(number, batch)
      for (const suffix of this.#store.suffixesOf(number)) await this.#revertOf(suffix, number, batch)
    })
  }

  /** Takes back what a transaction did to one DID. */
  async #revertOf(suffix: string, number: number, batch: OperationBatch): Promise<void> {
    const all = await this.#store.operations(suffix)
    const left = all.filter(({ position }) => position.transactionNumber !== number)
    const gone = new Set(all.filter(stored => !left.includes(stored)).map(stored => stored.checked.reveals))
    for (const reveals of gone) {
      batch.setOperations(
        suffix,
        reveals,
        left.filter(stored => stored.checked.reveals === reveals),
      )
    }
    batch.setState(suffix, this.#resolve(left))
  }

  #forgetUnresolvable(number: number, batch: OperationBatch): void {
    const record = this.#store.unresolvable(number)
    if (record === undefined) return
    batch.set(keys.unresolvableKey(number), undefined)
    for (const suffix of record.names ?? []) batch.set(keys.namedKey(suffix, number), undefined)
  }

  async #write(fill: (batch: OperationBatch) => Promise<void> | void): Promise<void> {
    const batch = this.#store.batch()
    try {
      await fill(batch)
      await batch.write()
    } finally {
      await batch.close()
    }
  }

  #resolve(stored: StoredOperation[]): DidState | undefined {
    return resolveOperations(stored.map(positioned), this.#versions).state
  }
}

/** A stored operation as resolution takes it. */
export function positioned({ checked, position }: StoredOperation): PositionedOperation {
  return { operation: checked, position }
}
