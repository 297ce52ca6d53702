import { sha256 } from '../../codec/hash.ts'
import { canonicalize } from '../../codec/jcs.ts'
import { isTreeSize } from '../../merkle/tree.ts'
import type { Entry } from '../admission.ts'
import { LedgerError } from '../errors.ts'
import { type LogStore, parseRecord } from '../log/records.ts'

/** A leaf that the log has promised, and where it is, once it is there. */
export interface Promised extends Entry {
  /** When it was promised, and the deadline: Unix seconds. */
  time: number
  deadline: number
  /** Number of the newest transaction when it was promised: the leaf comes after it. */
  after: number | undefined
  /** Index of the leaf; undefined as long as it is not known to be there. */
  leaf: number | undefined
}

const RECORD = Buffer.from('s')
const PENDING = Buffer.from('p')

/**
 * What a log has promised, in its own database, so that a promise outlives the process that gave it. Each change is
 * durable when its promise resolves.
 */
export class Promises {
  readonly #store: LogStore

  constructor(store: LogStore) {
    this.#store = store
  }

  /** What was promised for an entry; undefined where nothing was. @throws LedgerError LEDGER_CORRUPT; StoreError */
  find(entry: Entry): Promised | undefined {
    return this.#read(idOf(entry))
  }

  /** Notes a promise, before anyone learns of it. */
  async give(promised: Omit<Promised, 'leaf'>): Promise<void> {
    const id = idOf(promised)
    await this.#store.commit([
      { key: keyOf(RECORD, id), value: encode({ ...promised, leaf: undefined }) },
      { key: keyOf(PENDING, id), value: Buffer.alloc(0) },
    ])
  }

  /** Notes that a promise was kept. */
  async keep(promised: Promised, leaf: number): Promise<void> {
    const id = idOf(promised)
    await this.#store.commit([
      { key: keyOf(RECORD, id), value: encode({ ...promised, leaf }) },
      { key: keyOf(PENDING, id) },
    ])
  }

  /** Promises that are not known to be kept, the oldest first. @throws LedgerError LEDGER_CORRUPT; StoreError */
  async open(): Promise<Promised[]> {
    const found: Promised[] = []
    for await (const [key] of this.#store.entries({
      gte: PENDING,
      lt: Buffer.from([(PENDING[0] ?? 0) + 1]),
    })) {
      const promised = this.#read(key.subarray(1))
      if (promised === undefined) throw corrupt()
      if (promised.leaf === undefined) found.push(promised)
    }
    return found.sort((a, b) => a.time - b.time)
  }

  #read(id: Uint8Array): Promised | undefined {
    const bytes = this.#store.get(keyOf(RECORD, id))
    return bytes === undefined ? undefined : decode(bytes)
  }
}

/** Of an entry: neither text has a line end. */
function idOf({ writer, anchorString }: Entry): Buffer {
  return sha256(`${writer}\n${anchorString}`)
}

function keyOf(kind: Buffer, id: Uint8Array): Buffer {
  return Buffer.concat([kind, id])
}

function encode({ anchorString, writer, time, deadline, after, leaf }: Promised): Buffer {
  const optional = { ...(after === undefined ? {} : { after }), ...(leaf === undefined ? {} : { leaf }) }
  return Buffer.from(canonicalize({ anchorString, writer, time, deadline, ...optional }))
}

function decode(bytes: Uint8Array): Promised {
  const { anchorString, writer, time, deadline, after, leaf } = parseRecord(bytes, corrupt)
  const whole = (value: unknown): value is number => typeof value === 'number' && isTreeSize(value)
  const optional = (value: unknown): value is number | undefined => value === undefined || whole(value)
  if (typeof anchorString !== 'string' || typeof writer !== 'string') throw corrupt()
  if (!whole(time) || !whole(deadline) || !optional(after) || !optional(leaf)) throw corrupt()
  return { anchorString, writer, time, deadline, after, leaf }
}

function corrupt(cause?: unknown): LedgerError {
  return new LedgerError('LEDGER_CORRUPT', 'the record of a promise cannot be read', cause)
}
