import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll } from 'vitest'
import { httpLogSource } from '../../../src/ledger/follower/log-source.ts'
import { encodeLeaf } from '../../../src/ledger/log/leaf.ts'
import { formatCheckpoint } from '../../../src/merkle/checkpoint.ts'
import { encodeBundle } from '../../../src/merkle/entry-bundle.ts'
import { signNote } from '../../../src/merkle/note.ts'
import { formatSigningKey, type NoteSigner, parseSigningKey } from '../../../src/merkle/signing-key.ts'
import { parseTilePath } from '../../../src/merkle/tile-path.ts'
import { hashLeaf, hashNode, rootOf } from '../../../src/merkle/tree.ts'
import { serveHttp } from '../../net/servers.ts'

export const ORIGIN = 'followed.example/log'
export const KEY = parseSigningKey(formatSigningKey(ORIGIN, Buffer.alloc(32, 5)))
/** Unix seconds of the first leaf. */
export const START = 1_700_000_000

/** Leaves of anchors, one second apart. */
export function anchors(count: number, tag = 'a', first = 0): Buffer[] {
  return Array.from({ length: count }, (_, i) =>
    encodeLeaf({
      type: 'anchor',
      time: START + first + i,
      anchorString: `1.${tag}${first + i}`,
      writer: 'w',
    }),
  )
}

/** A history that a log can show: its entries, in memory, hashed anew by the definition. */
export class History {
  readonly entries: readonly Uint8Array[]
  readonly #roots = new Map<number, Uint8Array>()

  constructor(entries: readonly Uint8Array[]) {
    this.entries = entries
  }

  root(size = this.entries.length): Uint8Array {
    const root = this.#roots.get(size) ?? rootOf(this.entries.slice(0, size).map(hashLeaf))
    this.#roots.set(size, root)
    return root
  }

  /** The checkpoint of its first entries. */
  checkpoint(size = this.entries.length, signers: readonly NoteSigner[] = [KEY]): Promise<string> {
    return signNote(formatCheckpoint(ORIGIN, size, this.root(size)), signers)
  }

  /** A file of C2SP tlog-tiles, of the tree of all entries; undefined where there is none. */
  file(path: string): Buffer | undefined {
    const { level, index, width } = parseTilePath(path)
    if (level === 'entries') {
      const some = this.entries.slice(index * 256, index * 256 + width)
      return some.length < width ? undefined : encodeBundle(some)
    }
    const span = 256 ** level
    if ((index * 256 + width) * span > this.entries.length) return undefined
    return Buffer.concat(
      Array.from({ length: width }, (_, i) => {
        const start = (index * 256 + i) * span
        return this.#subtree(start, start + span)
      }),
    )
  }

  #subtree(low: number, high: number): Buffer {
    if (high - low === 1) return hashLeaf(this.entries[low] as Uint8Array)
    const middle = (low + high) / 2
    return hashNode(this.#subtree(low, middle), this.#subtree(middle, high))
  }
}

/** What is sent in place of an honest answer: bytes, or whatever a handler writes. Undefined: the honest one. */
export type Lie = (path: string, honest: Buffer | undefined) => Buffer | Handler | number | undefined
type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** A log over HTTP that does what it is told. */
export class ScriptedLog {
  history: History
  /** The note that is served. */
  note = ''
  lie: Lie = () => undefined
  /** Paths that were asked for. */
  readonly asked: string[] = []
  url = ''

  private constructor(history: History) {
    this.history = history
  }

  static async serve(history = new History([])): Promise<ScriptedLog> {
    const log = new ScriptedLog(history)
    const server = await serveHttp((request, response) => log.#answer(request, response))
    afterAll(() => server.close())
    log.url = `${server.origin}/log/`
    await log.show(history)
    return log
  }

  /** Shows a history, and the checkpoint of its first entries. */
  async show(
    history: History,
    size = history.entries.length,
    signers?: readonly NoteSigner[],
  ): Promise<void> {
    this.history = history
    this.note = await history.checkpoint(size, signers)
  }

  source() {
    return httpLogSource(this.url)
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '').slice('/log/'.length)
    this.asked.push(path)
    const honest = path === 'checkpoint' ? Buffer.from(this.note) : this.history.file(path)
    const answer = this.lie(path, honest) ?? honest ?? 404
    if (typeof answer === 'function') answer(request, response)
    else if (typeof answer === 'number') response.writeHead(answer).end()
    else response.writeHead(200).end(answer)
  }
}
