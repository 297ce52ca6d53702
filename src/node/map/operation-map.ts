import { setImmediate } from 'node:timers/promises'
import { LedgerError } from '../../ledger/errors.ts'
import { declaredOperations } from '../../ledger/log/leaf.ts'
import type { IndexedLeaf, LeafSource } from '../../ledger/log/leaf-source.ts'
import type { LogMap, MapExtension } from '../../ledger/log/log-map.ts'
import { MerkleError } from '../../merkle/errors.ts'
import { EMPTY } from '../../merkle/map/hashes.ts'
import { type MapChange, MerkleMap } from '../../merkle/map/map.ts'
import type { MapProof } from '../../merkle/map/proof.ts'
import { hashLeaf } from '../../merkle/tree.ts'
import { batchReferences } from '../../sidetree/batch-references.ts'
import { type ProtocolVersions, parametersAt } from '../../sidetree/parameters.ts'
import { StoreError } from '../../store/errors.ts'
import type { Change, Snapshot, Store } from '../../store/store.ts'
import { type BatchFilesParts, readBatchFiles } from '../batch-files.ts'
import { type ChainedReference, chainValue, mapKeyOf } from './chain.ts'
import {
  CURSOR_KEY,
  encodeCursor,
  type MapCursor,
  pageKey,
  readCursor,
  referenceKey,
  referencesOf,
  transactionOf,
  type WrongRoot,
} from './records.ts'

export interface OperationMapParts extends BatchFilesParts {
  /** A database of the map alone; the caller opens and closes it. All of it can be made again. */
  store: Store
  versions: ProtocolVersions
}

/** The map as of one checkpoint of the log. */
export interface MapView {
  /** The value of a DID, or that it has none. */
  prove(didSuffix: string): MapProof
  /** Numbers of the transactions whose index files name a DID, in ledger order, each once. */
  transactions(didSuffix: string): Promise<number[]>
}

/** Leaves that are read at a time. */
const STEP = 64
/** Operations that anchors declare, after which what they come to is written before more are read. */
const MAX_OPERATIONS = 20_000
/** Keys that are set before others have their turn. */
const SLICE = 256
/** Views that are kept: of the newest checkpoint that was published, and of one that waits for its witnesses. */
const VIEWS = 2

/** A map that covers nothing. */
const EMPTY_CURSOR: MapCursor = { size: 0, root: Buffer.from(EMPTY).toString('hex'), whole: false }

/** What leaves make of the map, not written yet. */
interface Work {
  root: Uint8Array
  changes: Change[]
}

/** A reference with the DID that it is to. */
interface Named extends ChainedReference {
  didSuffix: string
}

/**
 * The map of all references to each DID on a log (docs/spec/operation-map.md), read from the files that its anchors name.
 * Whoever has the files comes to the same root: the log states it, and followers compare.
 */
export class OperationMap implements LogMap {
  readonly #parts: OperationMapParts
  #cursor: MapCursor
  /** Whether the log that it is given is known to be the one that it was made from. */
  #known: boolean
  #views: { size: number; snapshot: Snapshot }[] = []
  #turn: Promise<unknown> = Promise.resolve()

  /** @throws StoreError */
  constructor(parts: OperationMapParts) {
    this.#parts = parts
    const cursor = readCursor(parts.store)
    this.#cursor = cursor ?? EMPTY_CURSOR
    this.#known = false
  }

  /** Leaves of the log that it covers. */
  get size(): number {
    return this.#cursor.size
  }

  /** The first `map` leaf that was found to be wrong. */
  get wrong(): WrongRoot | undefined {
    return this.#cursor.wrong
  }

  catchUp(source: LeafSource, size: number, signal?: AbortSignal): Promise<void> {
    return this.#exclusively(async () => {
      if (!this.#known) await this.#know(source, size)
      let waiting: IndexedLeaf[] = []
      let operations = 0
      while (this.#cursor.size + waiting.length < size) {
        signal?.throwIfAborted()
        const first = this.#cursor.size + waiting.length
        for (const leaf of await source.leaves(first, Math.min(STEP, size - first))) {
          waiting.push(leaf)
          operations += declaredOperations(leaf.leaf)
          if (leaf.leaf.type !== 'map' && operations < MAX_OPERATIONS) continue
          await this.#takeDurable(waiting, signal)
          waiting = []
          operations = 0
        }
      }
      if (waiting.length > 0) await this.#takeDurable(waiting, signal)
    })
  }

  extend(leaves: readonly IndexedLeaf[]): Promise<MapExtension> {
    return this.#exclusively(async () => {
      if (leaves[0]?.index !== this.#cursor.size)
        throw new TypeError('the leaves are not the next of the log')
      const work = await this.#work(leaves)
      return { root: work.root, take: mapLeaf => this.#exclusively(() => this.#take(work, mapLeaf)) }
    })
  }

  /** The map as of a checkpoint of this size; undefined where it does not go so far, or does not any more. */
  view(size: number): MapView | undefined {
    const found = this.#views.find(view => view.size === size)
    if (found === undefined) return undefined
    const { snapshot } = found
    const map = new MerkleMap({ get: prefix => snapshot.get(pageKey(prefix)) })
    return {
      prove: didSuffix => this.#intact(() => map.prove(mapKeyOf(didSuffix))),
      transactions: async didSuffix => {
        const numbers = new Set<number>()
        for await (const [key] of snapshot.entries(referencesOf(mapKeyOf(didSuffix)))) {
          numbers.add(transactionOf(key))
        }
        return [...numbers]
      },
    }
  }

  /** Ends what is under way, and lets go of the database. */
  async close(): Promise<void> {
    await this.#exclusively(async () => {
      for (const { snapshot } of this.#views.splice(0)) await snapshot.close()
    })
  }

  /** Begins anew where the log is not the one that it was made from, as after a backup was put back. */
  async #know(source: LeafSource, size: number): Promise<void> {
    const { size: covered, lastLeaf } = this.#cursor
    const [last] = covered === 0 || covered > size ? [] : await source.leaves(covered - 1, 1)
    // Also where it is to begin: what a clearing that was killed has left would be in the way.
    if (last === undefined || hashLeaf(last.bytes).toString('hex') !== lastLeaf) await this.#clear()
    else {
      this.#requireRoot()
      if (this.#cursor.whole) await this.#keepView()
    }
    this.#known = true
  }

  async #clear(): Promise<void> {
    const { store } = this.#parts
    // The cursor first: what is left after a kill is then written over, or cleared again.
    await store.write([{ key: CURSOR_KEY, value: encodeCursor(EMPTY_CURSOR) }])
    this.#cursor = EMPTY_CURSOR
    let keys: Uint8Array[] = []
    const clear = async (): Promise<void> => {
      await store.write(keys.map(key => ({ key })))
      keys = []
    }
    for await (const key of store.keys({ gt: CURSOR_KEY })) if (keys.push(key) === 1024) await clear()
    await clear()
  }

  /** Takes leaves of a log, of which the last may be a `map` leaf, which has to be true. */
  async #takeDurable(leaves: readonly IndexedLeaf[], signal: AbortSignal | undefined): Promise<void> {
    const work = await this.#work(leaves, signal)
    const last = leaves.at(-1) as IndexedLeaf
    const computed = Buffer.from(work.root).toString('hex')
    const wrong =
      last.leaf.type === 'map' && last.leaf.root !== computed
        ? { index: last.index, stated: last.leaf.root, computed }
        : undefined
    await this.#take(work, last, wrong)
  }

  /** @throws StoreError STORE_CORRUPT where the page of the root was lost: those below it are missed when they are read */
  #requireRoot(): void {
    const map = new MerkleMap({ get: prefix => this.#parts.store.get(pageKey(prefix)) })
    const root = this.#intact(() => map.root())
    if (Buffer.from(root).toString('hex') !== this.#cursor.root) throw this.#corrupt()
  }

  /** What a map gives whose pages are all there. @throws StoreError STORE_CORRUPT */
  #intact<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      if (error instanceof MerkleError) throw this.#corrupt(error)
      throw error
    }
  }

  #corrupt(cause?: unknown): StoreError {
    const { location } = this.#parts.store
    const why = `pages of the map in ${location} are missing: run "rootline repair"`
    return new StoreError('STORE_CORRUPT', location, why, cause)
  }

  async #take({ changes, root }: Work, last: IndexedLeaf, wrong?: WrongRoot): Promise<void> {
    const found = this.#cursor.wrong ?? wrong
    const cursor: MapCursor = {
      size: last.index + 1,
      lastLeaf: hashLeaf(last.bytes).toString('hex'),
      root: Buffer.from(root).toString('hex'),
      whole: last.leaf.type === 'map',
      ...(found === undefined ? {} : { wrong: found }),
    }
    await this.#parts.store.write([...changes, { key: CURSOR_KEY, value: encodeCursor(cursor) }])
    this.#cursor = cursor
    if (cursor.whole) await this.#keepView()
  }

  async #keepView(): Promise<void> {
    this.#views.push({ size: this.#cursor.size, snapshot: this.#parts.store.snapshot() })
    while (this.#views.length > VIEWS) await this.#views.shift()?.snapshot.close()
  }

  async #work(leaves: readonly IndexedLeaf[], signal?: AbortSignal): Promise<Work> {
    const named: Named[] = []
    for (const leaf of leaves) named.push(...(await this.#referencesIn(leaf, signal)))
    const byDid = Map.groupBy(named, ({ didSuffix }) => didSuffix)
    const changes = [...byDid].map(([didSuffix, references]): MapChange => {
      return { key: mapKeyOf(didSuffix), value: before => chainValue(before, references) }
    })
    const { root, pages } = await this.#setAll(changes)
    const added = named.map(reference => ({
      key: referenceKey(mapKeyOf(reference.didSuffix), reference),
      value: Buffer.from(reference.digest, 'base64url'),
    }))
    return { root, changes: [...pages, ...added] }
  }

  /** Sets keys in their order and some at a time, so that others have their turn. */
  async #setAll(changes: MapChange[]): Promise<{ root: Uint8Array; pages: Change[] }> {
    const { store } = this.#parts
    const written = new Map<string, { prefix: Uint8Array; bytes: Uint8Array }>()
    const map = new MerkleMap({
      get: prefix => written.get(textOf(prefix))?.bytes ?? store.get(pageKey(prefix)),
    })
    changes.sort((a, b) => Buffer.compare(a.key, b.key))
    for (let i = 0; i < changes.length; i += SLICE) {
      const { pages } = this.#intact(() => map.update(changes.slice(i, i + SLICE)))
      for (const page of pages) written.set(textOf(page.prefix), page)
      await setImmediate()
    }
    const pages = [...written.values()].map(({ prefix, bytes }) => ({ key: pageKey(prefix), value: bytes }))
    return { root: this.#intact(() => map.root()), pages }
  }

  async #referencesIn({ index, leaf }: IndexedLeaf, signal: AbortSignal | undefined): Promise<Named[]> {
    if (leaf.type !== 'anchor') return []
    const params = parametersAt(this.#parts.versions, leaf.time)
    if (params === undefined) return []
    const reading = await readBatchFiles(this.#parts, leaf.anchorString, params, 'check', signal)
    if (reading.status === 'void') return []
    const { outcome, failures } = reading
    if (outcome.status === 'incomplete') {
      const missing = outcome.missing.map(({ role, uri }) => `${role} ${uri} (${failures.get(uri)?.code})`)
      const why = `files of the anchor at leaf ${index} cannot be had: ${missing.join(', ')}`
      throw new LedgerError('LEDGER_FILES_UNAVAILABLE', why)
    }
    return batchReferences(outcome).map(reference => ({ ...reference, transactionNumber: index }))
  }

  /** One after another, so that each begins where the one before it ended. */
  #exclusively<T>(action: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(action)
    this.#turn = done.catch(() => {})
    return done
  }
}

function textOf(prefix: Uint8Array): string {
  return Buffer.from(prefix).toString('latin1')
}
