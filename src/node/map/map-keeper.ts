import { LedgerError } from '../../ledger/errors.ts'
import type { LeafSource } from '../../ledger/log/leaf-source.ts'
import type { Ledger } from '../../ledger/types.ts'
import { NodeError } from '../errors.ts'
import type { MapView, OperationMap } from './operation-map.ts'

/** A ledger whose leaves an operation map is made from. */
export type MappedLedger = Pick<Ledger, 'head' | 'onTransaction'> & LeafSource

export interface MapKeeperParts {
  map: OperationMap
  ledger: MappedLedger
  /** Wait between looks at the ledger, in milliseconds, where nothing says that there is something new. Default 5,000. */
  pollMs?: number
}

/**
 * Keeps an operation map up with what its log has published, one look after another. Where files are missing it stays
 * behind, and goes on once they can be had.
 */
export class MapKeeper {
  readonly #parts: MapKeeperParts
  #looking: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #unsubscribe: () => void = () => {}
  readonly #stop = new AbortController()
  /** Why the last look failed. */
  lastError: unknown

  constructor(parts: MapKeeperParts) {
    this.#parts = parts
  }

  start(): void {
    const { ledger, pollMs = 5_000 } = this.#parts
    const look = () => void this.#look()
    this.#unsubscribe = ledger.onTransaction(look)
    this.#timer = setInterval(look, pollMs).unref()
    look()
  }

  /** Ends the look under way between two of its steps. */
  async stop(): Promise<void> {
    this.#stop.abort(new NodeError('NODE_STOPPING', 'the node is stopping'))
    clearInterval(this.#timer)
    this.#unsubscribe()
    await this.#looking
  }

  /** The map as of a checkpoint of this size, if the files for it can be had. */
  async view(size: number): Promise<MapView | undefined> {
    const { map } = this.#parts
    const found = map.view(size)
    if (found !== undefined || map.size > size) return found
    await this.#look()
    return map.view(size)
  }

  /** Looks once; a look that is under way counts. */
  #look(): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.resolve()
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #lookOnce(): Promise<void> {
    const { map, ledger } = this.#parts
    try {
      const { size = 0 } = await ledger.head()
      // The log's own map can be ahead of what it has published.
      if (map.size <= size) await map.catchUp(ledger, size, this.#stop.signal)
      this.lastError = undefined
    } catch (error) {
      this.lastError = error
    }
  }
}

/** Why a map stays behind: one plain sentence. */
export function reasonOf(error: unknown): string {
  return error instanceof LedgerError ? `${error.message} (${error.code})` : String(error)
}
