import { open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { ClassicLevel, type Iterator } from 'classic-level'
import { StoreError, type StoreErrorCode } from './errors.ts'
import { findDamagedLog } from './write-log.ts'

/** One change: put where there is a value, delete where there is none. */
export interface Change {
  key: Uint8Array
  /** A text is stored as its UTF-8 bytes. */
  value?: Uint8Array | string
}

/** A range of keys: from `gte` (inclusive) or `gt` to `lt` (exclusive). */
export interface Range {
  gte?: Uint8Array
  gt?: Uint8Array
  lt?: Uint8Array
  reverse?: boolean
  limit?: number
}

/** Changes that are collected and applied as one. Ends with `write` or, unwritten, with `close`. */
export interface Batch {
  add(change: Change): void
  /** Applies them; `sync`: so that they survive a power cut. */
  write(sync?: boolean): Promise<void>
  close(): Promise<void>
}

/** A database as it was at a moment, while it goes on. Ends with `close`, or when the database is closed. */
export interface Snapshot {
  get(key: Uint8Array): Uint8Array | undefined
  /** Entries of a range, in key order. */
  entries(range: Range): AsyncGenerator<[Uint8Array, Uint8Array]>
  close(): Promise<void>
}

type Database = ClassicLevel<Uint8Array, Uint8Array>
/** A file that is written to see whether there is room, and taken away again. LevelDB leaves it alone. */
const ROOM = 'room'
/** Room for what opening writes beside what is in the write-ahead log, in bytes. */
const ROOM_TO_OPEN = 1 << 20

type PendingCommit = { changes: Change[]; resolve: () => void; reject: (error: unknown) => void }

/**
 * An ordered key-value database in a folder (LevelDB). Every value carries a CRC-32 of key and value, since the
 * database does not check its own blocks on a read: a damaged value is an error, never a wrong answer.
 *
 * `commit` returns when the changes would survive a power cut; commits that wait at the same time share one
 * disk flush. `write` returns when they would survive the process. Each call is atomic.
 *
 * After a write that failed, the database is opened again before the next one: LevelDB goes on behind the broken end of
 * its write-ahead log, and passes over everything there when it recovers. A write that failed can come to light then.
 */
export class Store {
  readonly location: string
  readonly #db: Database
  #waiting: PendingCommit[] = []
  #flushing: Promise<void> | undefined
  /** The last write, which the next one follows. */
  #writing: Promise<void> = Promise.resolve()
  #failed = false
  /** How often the database was opened again: what belongs to an earlier time can do no more. */
  #openings = 0
  #closed = false

  private constructor(location: string, db: Database) {
    this.location = location
    this.#db = db
  }

  /**
   * Opens the database, and makes it where there is none.
   * @param options.cacheBytes memory for blocks read from disk, in bytes; default 8 MiB
   * @throws StoreError STORE_LOCKED (another process has it), STORE_CORRUPT, STORE_FULL, STORE_UNAVAILABLE
   */
  static async open(
    location: string,
    options: { cacheBytes?: number; writeBufferBytes?: number } = {},
  ): Promise<Store> {
    try {
      // Before the database is made: it opens itself soon after, and then removes the logs that it has recovered.
      const log = await findDamagedLog(location)
      if (log !== undefined) throw damagedLog(location, log)
      const db: Database = new ClassicLevel(location, {
        keyEncoding: 'view',
        valueEncoding: 'view',
        cacheSize: options.cacheBytes ?? 8 << 20,
        writeBufferSize: options.writeBufferBytes ?? 32 << 20,
      })
      await db.open()
      return new Store(location, db)
    } catch (cause) {
      throw storeError(location, cause)
    }
  }

  /** The value of a key, or undefined. Synchronous, since a point read takes about ten microseconds. */
  get(key: Uint8Array): Uint8Array | undefined {
    const sealed = this.#guard(() => this.#db.getSync(key))
    return sealed === undefined ? undefined : this.#unseal(key, sealed)
  }

  /** The database as it is now, after the writes that have returned. */
  snapshot(): Snapshot {
    const snapshot = this.#guard(() => this.#db.snapshot())
    return {
      get: key => {
        const sealed = this.#guard(() => this.#db.getSync(key, { snapshot }))
        return sealed === undefined ? undefined : this.#unseal(key, sealed)
      },
      entries: range => this.#entries(() => this.#db.iterator({ ...range, snapshot })),
      close: () => snapshot.close(),
    }
  }

  /** The values of several keys, in their order. */
  async getMany(keys: Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const sealed = await this.#guardAsync(() => this.#db.getMany(keys))
    return sealed.map((value, i) =>
      value === undefined ? undefined : this.#unseal(keys[i] as Uint8Array, value),
    )
  }

  /** Entries of a range, in key order. */
  entries(range: Range): AsyncGenerator<[Uint8Array, Uint8Array]> {
    return this.#entries(() => this.#db.iterator(range))
  }

  async *#entries(
    open: () => Iterator<Database, Uint8Array, Uint8Array>,
  ): AsyncGenerator<[Uint8Array, Uint8Array]> {
    const iterator = this.#guard(open)
    try {
      for (;;) {
        const page = await this.#guardAsync(() => iterator.nextv(256))
        if (page.length === 0) return
        for (const [key, value] of page) yield [key, this.#unseal(key, value)]
      }
    } finally {
      await iterator.close()
    }
  }

  /** Keys of a range, in order. Values are not looked at, so that a damaged one does not end the walk. */
  async *keys(range: Range): AsyncGenerator<Uint8Array> {
    const iterator = this.#guard(() => this.#db.keys(range))
    try {
      for (;;) {
        const page = await this.#guardAsync(() => iterator.nextv(256))
        if (page.length === 0) return
        yield* page
      }
    } finally {
      await iterator.close()
    }
  }

  /** Begins a batch: changes that are many are handed over one by one, and kept out of this process's heap. */
  batch(): Batch {
    const chained = this.#guard(() => this.#db.batch())
    const opening = this.#openings
    return {
      add: ({ key, value }) => {
        this.#guard(() => (value === undefined ? chained.del(key) : chained.put(key, seal(key, value))))
      },
      write: (sync = false) =>
        this.#exclusively(async () => {
          if (opening !== this.#openings) throw this.#openedAgain()
          await this.#guardAsync(() => chained.write({ sync }))
        }),
      close: () => chained.close(),
    }
  }

  /** Applies changes as one, so that they survive a kill of the process. */
  async write(changes: Change[]): Promise<void> {
    await this.#batch(changes, false)
  }

  /** Applies changes as one, so that they survive a power cut. Waiting commits share a flush. */
  commit(changes: Change[]): Promise<void> {
    const done = new Promise<void>((resolve, reject) => this.#waiting.push({ changes, resolve, reject }))
    this.#flushing ??= this.#flush()
    return done
  }

  /** Waits for running commits and closes; a second call does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return
    await this.#flushing
    await this.#writing
    this.#closed = true
    await this.#db.close()
  }

  /** Tries to repair a damaged database in place; what cannot be read is lost. The folder must not be open. */
  static async repair(location: string): Promise<void> {
    try {
      await ClassicLevel.repair(location)
    } catch (cause) {
      throw storeError(location, cause)
    }
  }

  async #flush(): Promise<void> {
    // One turn of the event loop, so that callers of the same tick share the first flush too.
    await new Promise<void>(resolve => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const group = this.#waiting
      this.#waiting = []
      try {
        await this.#batch(
          group.flatMap(pending => pending.changes),
          true,
        )
        for (const pending of group) pending.resolve()
      } catch (error) {
        for (const pending of group) pending.reject(error)
      }
    }
    this.#flushing = undefined
  }

  #batch(changes: Change[], sync: boolean): Promise<void> {
    return this.#exclusively(() =>
      this.#guardAsync(async () => {
        const batch = this.#db.batch()
        for (const { key, value } of changes) {
          if (value === undefined) batch.del(key)
          else batch.put(key, seal(key, value))
        }
        await batch.write({ sync })
      }),
    )
  }

  /** One write after another, so that none follows on one that failed before the database was opened again. */
  #exclusively(write: () => Promise<void>): Promise<void> {
    const done = this.#writing.then(async () => {
      if (this.#failed) await this.#reopen()
      try {
        await write()
      } catch (error) {
        this.#failed ||= error instanceof StoreError && WRITE_FAILURES.has(error.code)
        throw error
      }
    })
    this.#writing = done.catch(() => {})
    return done
  }

  /** Reads fail for the moment that this takes; they go on where there is no room for it yet. */
  async #reopen(): Promise<void> {
    await this.#guardAsync(() => requireRoom(this.location))
    await this.#guardAsync(async () => {
      this.#openings++
      await this.#db.close()
      await this.#db.open()
    })
    this.#failed = false
  }

  #openedAgain(): StoreError {
    return new StoreError('STORE_CLOSED', this.location, `${this.location} was opened again meanwhile`)
  }

  #unseal(key: Uint8Array, sealed: Uint8Array): Uint8Array {
    const value = sealed.subarray(4)
    const stored = sealed.length < 4 ? undefined : new DataView(sealed.buffer, sealed.byteOffset).getUint32(0)
    if (stored !== checksum(key, value)) {
      throw new StoreError(
        'STORE_CORRUPT',
        this.location,
        `a value in ${this.location} does not match its checksum`,
      )
    }
    return value
  }

  #guard<T>(action: () => T): T {
    try {
      return action()
    } catch (cause) {
      throw storeError(this.location, cause)
    }
  }

  async #guardAsync<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (cause) {
      throw storeError(this.location, cause)
    }
  }
}

/** What LevelDB reports where its own files may be left half written. */
const WRITE_FAILURES: ReadonlySet<StoreErrorCode> = new Set(['STORE_FULL', 'STORE_UNAVAILABLE'])

/** Opening writes what is in the write-ahead log to tables; a database that is closed for lack of room is of no use. */
async function requireRoom(location: string): Promise<void> {
  const names = (await readdir(location)).filter(name => name.endsWith('.log'))
  const sizes = await Promise.all(names.map(async name => (await stat(join(location, name))).size))
  const path = join(location, ROOM)
  const file = await open(path, 'w')
  try {
    for (const size of [...sizes, ROOM_TO_OPEN]) await file.writeFile(Buffer.alloc(size))
    await file.sync()
  } finally {
    await file.close()
    await rm(path, { force: true })
  }
}

function damagedLog(location: string, log: string): StoreError {
  return new StoreError(
    'STORE_CORRUPT',
    location,
    `${location} is damaged: what was written last cannot all be read from ${log}`,
  )
}

/** Of the value, then the key. */
function checksum(key: Uint8Array, value: Uint8Array): number {
  return crc32(key, crc32(value))
}

/** Where values are sealed that are not too large for it. */
const SCRATCH = Buffer.allocUnsafe(1 << 16)

/**
 * A value with its checksum before it, to be handed over at once: the next call writes over it. So no memory is
 * allocated for a value that the database copies anyway.
 */
function seal(key: Uint8Array, value: Uint8Array | string): Uint8Array {
  const most = 4 + (typeof value === 'string' ? 3 * value.length : value.length) + key.length
  const buffer = most <= SCRATCH.length ? SCRATCH : Buffer.allocUnsafe(most)
  let end = 4
  if (typeof value === 'string') end += buffer.write(value, end)
  else {
    buffer.set(value, end)
    end += value.length
  }
  buffer.set(key, end)
  buffer.writeUInt32BE(crc32(buffer.subarray(4, end + key.length)), 0)
  return buffer.subarray(0, end)
}

function storeError(location: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause
  const text = causeText(cause)
  if (/LEVEL_LOCKED|\block .*(held|unavailable)/i.test(text)) {
    return new StoreError('STORE_LOCKED', location, `another process has ${location} open`, cause)
  }
  if (/No space left|ENOSPC|EDQUOT|File too large/i.test(text)) {
    return new StoreError('STORE_FULL', location, `no space is left for ${location}`, cause)
  }
  if (/corrupt|checksum|bad (block|magic|record)|not an sstable|missing files/i.test(text)) {
    return new StoreError('STORE_CORRUPT', location, `${location} is damaged: ${text}`, cause)
  }
  if (/NOT_OPEN|DATABASE_CLOSED/.test(text))
    return new StoreError('STORE_CLOSED', location, `${location} is closed`, cause)
  return new StoreError('STORE_UNAVAILABLE', location, `${location} cannot be used: ${text}`, cause)
}

function causeText(cause: unknown): string {
  const parts: string[] = []
  for (let error: unknown = cause; error instanceof Error; error = error.cause) {
    parts.push('code' in error ? `${String(error.code)} ${error.message}` : error.message)
  }
  return parts.join(': ')
}
