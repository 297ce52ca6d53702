import type { Batch, Change, Range, Store } from '../../src/store/store.ts'

/** A disk in memory, which outlives the stores that are opened on it. */
export class Disk {
  readonly #values = new Map<string, Buffer>()
  #sorted: string[] | undefined

  get(key: Uint8Array): Buffer | undefined {
    return this.#values.get(latin1(key))
  }

  apply(changes: readonly Change[]): void {
    for (const { key, value } of changes) {
      const name = latin1(key)
      if (this.#values.has(name) !== (value !== undefined)) this.#sorted = undefined
      if (value === undefined) this.#values.delete(name)
      else this.#values.set(name, Buffer.from(value as Uint8Array))
    }
  }

  entries({ gte, gt, lt, reverse, limit }: Range): [Buffer, Buffer][] {
    this.#sorted ??= [...this.#values.keys()].sort()
    const [from, after, to] = [gte, gt, lt].map(key => key && latin1(key))
    const found = this.#sorted.filter(
      key =>
        (from === undefined || key >= from) &&
        (after === undefined || key > after) &&
        (to === undefined || key < to),
    )
    if (reverse === true) found.reverse()
    return found
      .slice(0, limit ?? found.length)
      .map(key => [Buffer.from(key, 'latin1'), this.#values.get(key) as Buffer])
  }

  /** Everything, as text, to compare two disks. */
  dump(range: Range = {}): string[] {
    return this.entries(range).map(([key, value]) => `${key.toString('hex')} ${value.toString('latin1')}`)
  }
}

/** Does one durable step, or fails at it; see `NodeWorld`. */
export type Step = (what: string, take: () => void) => Promise<void>

/**
 * A store on a disk in memory, with the promises of `Store`: each write is atomic, and what was read is what was
 * written last. `step` is asked before each write.
 */
export function memoryStore(
  disk: Disk,
  step: Step = async (_, take) => take(),
  alive: () => void = () => {},
): Store {
  const apply = (changes: readonly Change[]) =>
    step(changes.map(({ key }) => String.fromCharCode(key[0] ?? 0)).join(''), () => disk.apply(changes))
  const batch = (): Batch => {
    const changes: Change[] = []
    return { add: change => changes.push(change), write: () => apply(changes), close: async () => {} }
  }
  const read = (range: Range): [Buffer, Buffer][] => {
    alive()
    return disk.entries(range)
  }
  const store = {
    location: 'memory',
    get: (key: Uint8Array) => {
      alive()
      return disk.get(key)
    },
    getMany: async (keys: Uint8Array[]) => keys.map(key => disk.get(key)),
    entries: async function* (range: Range) {
      yield* read(range)
    },
    keys: async function* (range: Range) {
      for (const [key] of read(range)) yield key
    },
    batch,
    write: apply,
    commit: apply,
    close: async () => {},
  }
  return store as unknown as Store
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
