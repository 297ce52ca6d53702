import { setImmediate } from 'node:timers/promises'
import type { LedgerPosition, LedgerTransaction } from '../ledger/types.ts'
import { extendState } from '../sidetree/extension.ts'
import type { ProtocolVersions } from '../sidetree/parameters.ts'
import { type PositionedOperation, resolveOperations } from '../sidetree/resolution.ts'
import { comparePositions, type DidState } from '../sidetree/state.ts'
import * as keys from './keys.ts'
import { mayBeOpened, NONE_OPENED, withOpened } from './opened-commitments.ts'
import type { OperationBatch, OperationStore } from './operation-store.ts'
import type { StoredOperation, TransactionRecord, UnresolvableRecord } from './records.ts'

/** A DID of which no operation is stored. */
const NOTHING = { state: undefined, opened: NONE_OPENED }

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
      batch.setNamed(record.names ?? [], number)
      if (cursor !== undefined) batch.set(keys.CURSOR, cursor)
    })
  }

  /**
   * Takes back every transaction after `newestValid` (undefined: all), newest first, each as one atomic batch with the
   * cursor: so a stop in the middle leaves what the cursor says, whatever the ledger has become when this is gone on
   * with.
   */
  async revert(newestValid: LedgerPosition | undefined): Promise<number[]> {
    const after = newestValid?.number
    const taken: LedgerPosition[] = []
    for await (const { transaction } of this.#store.transactions(after)) taken.push(positionOf(transaction))
    for (const { transaction } of await this.#store.unresolvables()) {
      if (after === undefined || transaction.number > after) taken.push(positionOf(transaction))
    }
    taken.sort((a, b) => b.number - a.number)
    for (const [i, { number }] of taken.entries()) await this.#revertOne(number, taken[i + 1] ?? newestValid)
    await this.#write(batch => batch.set(keys.CURSOR, newestValid))
    return taken.map(({ number }) => number)
  }

  /** Makes the state of a DID anew from all its operations; for a repair. Returns it. */
  async rebuild(suffix: string): Promise<DidState | undefined> {
    const operations = await this.#store.operations(suffix)
    let state: DidState | undefined
    await this.#write(batch => {
      state = this.#setAnew(suffix, operations, batch)
    })
    return state
  }

  /** Adds an operation where that takes constant time; false where its DID has to be resolved anew. */
  #add(added: StoredOperation, batch: OperationBatch): boolean {
    const { checked, position } = added
    const { didSuffix, reveals } = checked
    const record = this.#store.did(didSuffix)
    const { state, opened } = record ?? NOTHING
    const perhaps = reveals === undefined ? record !== undefined : mayBeOpened(opened, reveals)
    const same = perhaps ? this.#store.opening(didSuffix, reveals) : []
    if (same.some(stored => comparePositions(stored.position, position) === 0)) return true
    const isOpened = (commitment: string) =>
      mayBeOpened(opened, commitment) && this.#store.opening(didSuffix, commitment).length > 0
    const extension = extendState(state, checked, position, this.#versions, isOpened)
    if ('rebuild' in extension || ('ignored' in extension && state === undefined)) return false
    batch.setOperations(didSuffix, reveals, [...same, added])
    batch.setState(didSuffix, 'state' in extension ? extension.state : state, withOpened(opened, reveals))
    return true
  }

  async #addAnew(added: StoredOperation, batch: OperationBatch): Promise<void> {
    const { didSuffix, reveals } = added.checked
    batch.setOperations(didSuffix, reveals, [...this.#store.opening(didSuffix, reveals), added])
    this.#setAnew(didSuffix, [...(await this.#store.operations(didSuffix)), added], batch)
  }

  /** Sets what follows from all operations of a DID. */
  #setAnew(suffix: string, operations: StoredOperation[], batch: OperationBatch): DidState | undefined {
    if (operations.length === 0) {
      batch.removeDid(suffix)
      return undefined
    }
    const { state } = resolveOperations(operations.map(positioned), this.#versions)
    const opened = operations.reduce((all, { checked }) => withOpened(all, checked.reveals), NONE_OPENED)
    batch.setState(suffix, state, opened)
    return state
  }

  async #revertOne(number: number, before: LedgerPosition | undefined): Promise<void> {
    await this.#write(async batch => {
      batch.set(keys.CURSOR, before)
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
    this.#setAnew(suffix, left, batch)
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
}

function positionOf({ number, timeHash }: LedgerTransaction): LedgerPosition {
  return { number, timeHash }
}

/** A stored operation as resolution takes it. */
export function positioned({ checked, position }: StoredOperation): PositionedOperation {
  return { operation: checked, position }
}
