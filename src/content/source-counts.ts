import type { ContentErrorCode } from './errors.ts'
import type { SourceEvent } from './source-search.ts'

/** How often a source gave content, or failed with a code. */
export interface SourceCount {
  source: string
  outcome: 'given' | ContentErrorCode
  count: number
}

/** Counts what came of asking sources, by the name of the source: one that lies stands out. */
export class SourceCounts {
  readonly #counts = new Map<string, SourceCount>()
  #unkept = 0

  add({ source, failure }: SourceEvent): void {
    const outcome = failure ?? 'given'
    const key = `${outcome} ${source}`
    const found = this.#counts.get(key) ?? { source, outcome, count: 0 }
    this.#counts.set(key, { ...found, count: found.count + 1 })
  }

  addUnkept(): void {
    this.#unkept++
  }

  /** Files that were fetched and could not be kept. */
  get unkept(): number {
    return this.#unkept
  }

  list(): SourceCount[] {
    return [...this.#counts.values()]
  }
}
