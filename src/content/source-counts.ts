import type { ContentErrorCode } from './errors.ts'
import type { SourceEvent } from './sourced-content-store.ts'

/** How often a source gave content, or failed with a code. */
export interface SourceCount {
  source: string
  outcome: 'given' | ContentErrorCode
  count: number
}

/** Counts what came of asking sources, by the name of the source: one that lies stands out. */
export class SourceCounts {
  readonly #counts = new Map<string, SourceCount>()

  add({ source, failure }: SourceEvent): void {
    const outcome = failure ?? 'given'
    const key = `${outcome} ${source}`
    const found = this.#counts.get(key) ?? { source, outcome, count: 0 }
    this.#counts.set(key, { ...found, count: found.count + 1 })
  }

  list(): SourceCount[] {
    return [...this.#counts.values()]
  }
}
