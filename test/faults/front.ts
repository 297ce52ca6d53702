import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { afterAll } from 'vitest'
import { serveHttp } from '../net/servers.ts'

/** What a server has answered, or is to seem to have answered. */
export interface FrontAnswer {
  status: number
  body: Buffer
}

/** A request that came, and what the server behind answered; undefined where it is not there. */
export interface Exchange {
  path: string
  body: Buffer
  answer: FrontAnswer | undefined
}

/** What is sent in place of an answer: another one, or whatever a handler writes. Undefined: the honest one. */
export type FrontLie = (
  exchange: Exchange,
) => FrontAnswer | ((response: ServerResponse) => void) | undefined | Promise<FrontAnswer | undefined>

/**
 * Stands before a server at an address that stays, whatever becomes of the process behind it: it keeps what is said in
 * either direction, and can lie. Where nothing is behind it, connections break.
 */
export class Front {
  readonly url: string
  /** Origin of the server that is behind it now. */
  target: string | undefined
  lie: FrontLie = () => undefined
  /** Told of each request, before its answer is sent. */
  onExchange: (exchange: Exchange) => void = () => {}

  private constructor(url: string) {
    this.url = url
  }

  static async open(): Promise<Front> {
    let listener = (_request: IncomingMessage, response: ServerResponse): void => void response.destroy()
    const server = await serveHttp((...args) => listener(...args))
    afterAll(() => server.close())
    const front = new Front(`http://127.0.0.1:${server.port}`)
    listener = (incoming, response) =>
      void front.#answer(incoming, response).catch(() => void response.destroy())
    return front
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = incoming.url ?? ''
    const body = await bytesOf(incoming)
    const honest = await this.#ask(incoming, body)
    const exchange: Exchange = { path, body, answer: honest?.answer }
    this.onExchange(exchange)
    const lie = await this.lie(exchange)
    if (typeof lie === 'function') return lie(response)
    const answer = lie ?? honest?.answer
    if (answer === undefined) return void response.destroy()
    const { 'content-type': type = 'text/plain' } = honest?.headers ?? {}
    response.writeHead(answer.status, { 'content-type': type }).end(answer.body)
  }

  async #ask(
    { method, url, headers }: IncomingMessage,
    body: Buffer,
  ): Promise<{ answer: FrontAnswer; headers: IncomingMessage['headers'] } | undefined> {
    const { target } = this
    if (target === undefined) return undefined
    const { host: _, connection: __, 'transfer-encoding': ___, ...rest } = headers
    try {
      const answered = await new Promise<IncomingMessage>((resolve, reject) => {
        const outgoing = request(`${target}${url}`, { method, headers: rest, agent: false }, resolve)
        outgoing.once('error', reject)
        outgoing.end(body)
      })
      const { statusCode: status = 500 } = answered
      return { answer: { status, body: await bytesOf(answered) }, headers: answered.headers }
    } catch {
      return undefined
    }
  }
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
