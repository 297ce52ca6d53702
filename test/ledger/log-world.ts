import type { Admission } from '../../src/ledger/admission.ts'
import type { Cosigning } from '../../src/ledger/log/cosigning.ts'
import type { PublishedCheckpoint } from '../../src/ledger/log/published-checkpoint.ts'
import { entryKey, HEAD_KEY, type LogStore } from '../../src/ledger/log/records.ts'
import { TransparencyLog } from '../../src/ledger/log/transparency-log.ts'
import { parseCheckpoint } from '../../src/merkle/checkpoint.ts'
import type { NoteSigner } from '../../src/merkle/signing-key.ts'
import { formatSigningKey, parseSigningKey } from '../../src/merkle/signing-key.ts'
import { StoreError } from '../../src/store/errors.ts'
import type { Change, Range } from '../../src/store/store.ts'

export const ORIGIN = 'log.example'
export const KEY = parseSigningKey(formatSigningKey(ORIGIN, Buffer.alloc(32, 3)))
export const START = 1_800_000_000

/** A fault at one of the durable steps that a log takes: a commit to the database, a write of what was published. */
export interface Fault {
  /** Which step from now on: 1 is the next. */
  step: number
  /** Whether the step took effect before it failed. */
  applied: boolean
  /** Whether the process ends there. */
  kills: boolean
}

/**
 * The world around a log: a disk that outlives its processes, a key that remembers what it signed, and a clock. Each
 * `open` is a new process.
 */
export class LogWorld {
  disk = new Map<string, Uint8Array>()
  file: string | undefined
  /** Every text that the log's key has signed. */
  readonly signed: string[] = []
  /** Every note that was handed to `published`. */
  readonly written: string[] = []
  commits = 0
  /** Unix milliseconds. */
  time = START * 1000
  elapsed = 0
  fault: Fault | undefined

  /** Opens the log as a new process would, with the fault that is set. */
  open(
    options: {
      acceptUnknownHistory?: boolean
      signer?: NoteSigner
      origin?: string
      cosigning?: Cosigning
      admission?: Admission
    } = {},
  ): Promise<TransparencyLog> {
    const { store, published } = this.process()
    return TransparencyLog.open({
      store,
      published,
      signer: this.#watched(options.signer ?? KEY),
      origin: options.origin ?? ORIGIN,
      clock: { now: () => this.time, elapsed: () => this.elapsed },
      ...(options.cosigning === undefined ? {} : { cosigning: options.cosigning }),
      ...(options.admission === undefined ? {} : { admission: options.admission }),
      acceptUnknownHistory: options.acceptUnknownHistory ?? false,
    })
  }

  /** The disk and the file as one process sees them; once it was killed, it can do nothing more. */
  process(): { store: LogStore; published: PublishedCheckpoint } {
    const state = { dead: false }
    const step = (take: () => void) => {
      if (state.dead) throw killed()
      const { fault } = this
      if (fault !== undefined) fault.step--
      if (fault === undefined || fault.step > 0) return take()
      this.fault = undefined
      if (fault.applied) take()
      state.dead = fault.kills
      throw fault.kills ? killed() : new StoreError('STORE_FULL', 'world', 'no space is left')
    }
    return { store: this.#store(state, step), published: this.#publishedRecord(step) }
  }

  /** The entries on the disk, in order. */
  entries(): Uint8Array[] {
    const entries: Uint8Array[] = []
    for (;;) {
      const entry = this.disk.get(entryKey(entries.length).toString('latin1'))
      if (entry === undefined) return entries
      entries.push(entry)
    }
  }

  /** Leaves in the durable head. */
  durableSize(): number {
    return JSON.parse(Buffer.from(this.disk.get(HEAD_KEY.toString('latin1')) ?? '{}').toString()).size
  }

  /** A copy of the database, as a backup would be. */
  backup(): Map<string, Uint8Array> {
    return new Map(this.disk)
  }

  #watched({ verifier, sign }: NoteSigner): NoteSigner {
    return {
      verifier,
      sign: async text => {
        const { size, root } = parseCheckpoint(Buffer.from(text).toString())
        const head = JSON.parse(Buffer.from(this.disk.get(HEAD_KEY.toString('latin1')) ?? '{}').toString())
        // The heart of the matter: what is signed is what is durable.
        if (head.size !== size || head.root !== Buffer.from(root).toString('hex')) {
          throw new TypeError('the log signs a head that is not durable')
        }
        this.signed.push(Buffer.from(text).toString())
        return sign(text)
      },
    }
  }

  #store(state: { dead: boolean }, step: (take: () => void) => void): LogStore {
    const get = (key: Uint8Array) => {
      if (state.dead) throw killed()
      return this.disk.get(latin1(key))
    }
    return {
      get,
      commit: async (changes: Change[]) => {
        await new Promise(resolve => setImmediate(resolve))
        this.commits++
        step(() => {
          for (const { key, value } of changes) {
            if (value === undefined) this.disk.delete(latin1(key))
            else this.disk.set(latin1(key), Buffer.from(value))
          }
        })
      },
      entries: async function* (this: LogWorld, range: Range): AsyncGenerator<[Uint8Array, Uint8Array]> {
        if (state.dead) throw killed()
        const [from, to] = [
          latin1(range.gte ?? Buffer.alloc(0)),
          range.lt === undefined ? undefined : latin1(range.lt),
        ]
        const keys = [...this.disk.keys()].filter(key => key >= from && (to === undefined || key < to)).sort()
        for (const key of keys.slice(0, range.limit ?? keys.length)) {
          yield [Buffer.from(key, 'latin1'), this.disk.get(key) as Uint8Array]
        }
      }.bind(this),
    }
  }

  #publishedRecord(step: (take: () => void) => void): PublishedCheckpoint {
    return {
      read: async () => this.file,
      write: async note => {
        await new Promise(resolve => setImmediate(resolve))
        step(() => {
          this.file = note
          this.written.push(note)
        })
      },
    }
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

function killed(): StoreError {
  return new StoreError('STORE_CLOSED', 'world', 'the process was killed')
}
