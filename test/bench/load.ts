import { connect, type Socket } from 'node:net'
import { suffixOf } from './fill.ts'

/** What to ask a server for. */
export interface LoadOrder {
  port: number
  /** Numbers of DIDs, of which each request takes one by chance. */
  dids: number
  connections: number
  seconds: number
}

/** What came of it. */
export interface LoadResult {
  /** Without the time that it takes to get going. */
  perSecond: number
  /** All answers. */
  answered: number
  /** Answers that were not 200. */
  failed: number
  /** Part of the time that the generator computed: near 1, it and not the server set the rate. */
  busy: number
}

/**
 * Load over HTTP, in a process of its own for `http.ts`: connections that are kept, each with one request under way at a
 * time. It speaks just as much HTTP as it needs, so that it takes less time than any server that answers it.
 */
const HEAD_END = Buffer.from('\r\n\r\n')
const LENGTH = Buffer.from('content-length: ')
const OK = Buffer.from('HTTP/1.1 200 ')
const suffixes: string[] = []

class Connection {
  readonly #socket: Socket
  readonly #dids: number
  /** What has come of an answer that is not whole, as a copy. */
  #begun = Buffer.alloc(0)
  answered = 0
  failed = 0

  constructor({ port, dids }: LoadOrder) {
    this.#dids = dids
    const callback = (length: number, buffer: Uint8Array): boolean => {
      this.#read(Buffer.from(buffer.buffer, buffer.byteOffset, length))
      return true
    }
    const onread = { buffer: Buffer.alloc(1 << 16), callback }
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread })
    this.#socket.on('connect', () => this.#ask())
    this.#socket.on('error', () => this.failed++)
  }

  close(): void {
    this.#socket.destroy()
  }

  #ask(): void {
    const suffix = suffixes[Math.floor(Math.random() * this.#dids)]
    this.#socket.write(
      `GET /1.0/identifiers/did:rootline:${suffix} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`,
      'latin1',
    )
  }

  #read(chunk: Buffer): void {
    const answer = this.#begun.length === 0 ? chunk : Buffer.concat([this.#begun, chunk])
    const end = answer.indexOf(HEAD_END)
    const length = end === -1 ? Number.POSITIVE_INFINITY : Number.parseInt(lengthIn(answer), 10)
    if (answer.length < end + HEAD_END.length + length) {
      this.#begun = Buffer.from(answer)
      return
    }
    if (this.#begun.length > 0) this.#begun = Buffer.alloc(0)
    if (answer.compare(OK, 0, OK.length, 0, OK.length) !== 0) this.failed++
    this.answered++
    this.#ask()
  }
}

/** The digits after the name of the header, and what follows them. */
function lengthIn(answer: Buffer): string {
  const at = answer.indexOf(LENGTH) + LENGTH.length
  return answer.toString('latin1', at, at + 8)
}

async function load(order: LoadOrder): Promise<LoadResult> {
  while (suffixes.length < order.dids) suffixes.push(suffixOf(suffixes.length))
  const connections = Array.from({ length: order.connections }, () => new Connection(order))
  const count = () => connections.reduce((sum, { answered }) => sum + answered, 0)
  await wait(500)
  const [before, cpu, start] = [count(), process.cpuUsage(), performance.now()]
  await wait(order.seconds * 1000)
  const [answered, used, took] = [count() - before, process.cpuUsage(cpu), performance.now() - start]
  for (const connection of connections) connection.close()
  return {
    perSecond: answered / (took / 1000),
    answered: count(),
    failed: connections.reduce((sum, { failed }) => sum + failed, 0),
    busy: (used.user + used.system) / 1000 / took,
  }
}

function wait(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

process.on('message', (order: LoadOrder) => void load(order).then(result => process.send?.(result)))
process.on('disconnect', () => process.exit())
process.send?.('ready')
