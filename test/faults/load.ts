import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseJson } from '../../src/codec/json.ts'
import type { OperationRequest } from '../../src/sidetree/types.ts'
import { idOf } from '../node/batches.ts'
import { addService, bodyOf, Controller } from '../node/parts.ts'

/** What a node answered; no status where the connection failed. */
export interface Answer {
  status: number | undefined
  body: { [name: string]: unknown }
}

/** Speaks to a node over HTTP, with the token in its folder. */
export class HttpClient {
  readonly #url: string
  readonly #token: string

  constructor(url: string, data: string) {
    this.#url = url
    this.#token = readFileSync(join(data, 'token'), 'utf8').trim()
  }

  async get(path: string): Promise<Answer> {
    return this.#answer(fetch(`${this.#url}${path}`))
  }

  async text(path: string): Promise<string | undefined> {
    try {
      const response = await fetch(`${this.#url}${path}`)
      return response.ok ? await response.text() : undefined
    } catch {
      return undefined
    }
  }

  async submit(request: OperationRequest): Promise<Answer> {
    const headers = { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' }
    return this.#answer(fetch(`${this.#url}/operations`, { method: 'POST', headers, body: bodyOf(request) }))
  }

  async #answer(response: Promise<Response>): Promise<Answer> {
    try {
      const { status, ...rest } = await response.then(async r => ({ status: r.status, text: await r.text() }))
      return { status, body: parseJson(rest.text) as Answer['body'] }
    } catch {
      return { status: undefined, body: {} }
    }
  }
}

/**
 * The controller of one DID, who hands in one operation after another, and each again until it was acknowledged:
 * as a careful client does, and no more than that.
 */
export class Client {
  readonly controller = new Controller('Ed25519')
  readonly acknowledged: string[] = []
  /** Ids of the services that the DID has once all that was acknowledged is applied. */
  services: string[] = []
  #pending: { request: OperationRequest; services: string[] } | undefined

  /** Hands in the next operation, or again the one that was not acknowledged. Returns what the node answered. */
  async step(http: HttpClient): Promise<Answer> {
    this.#pending ??= await this.#next()
    const { request, services } = this.#pending
    const answer = await http.submit(request)
    if (answer.status === 202) {
      this.acknowledged.push(idOf(request))
      this.services = services
      this.#pending = undefined
    }
    return answer
  }

  /** Hands in what was not acknowledged yet. */
  async finish(http: HttpClient): Promise<void> {
    while (this.#pending !== undefined) {
      const { status, body } = await this.step(http)
      if (status !== 202 && status !== 429 && status !== 503) throw new TypeError(JSON.stringify(body))
    }
  }

  async #next() {
    const { controller } = this
    const count = this.acknowledged.length
    if (count === 0) return { request: controller.create(), services: [] }
    const name = `s${count % 8}`
    return count % 9 === 0
      ? { request: await controller.recover([addService(name)]), services: [name] }
      : {
          request: await controller.update([addService(name)]),
          services: this.services.includes(name) ? this.services : [...this.services, name],
        }
  }
}

/** Has clients hand operations in side by side, until the node is gone or it is told to stop. */
export class Load {
  readonly answers: Answer[] = []
  readonly #clients: readonly Client[]
  readonly #http: HttpClient
  readonly #done: Promise<unknown>
  #stopped = false

  constructor(clients: readonly Client[], http: HttpClient, pauseMs = 0) {
    this.#clients = clients
    this.#http = http
    this.#done = Promise.all(this.#clients.map(client => this.#run(client, pauseMs)))
  }

  /** Ends once each client has its answer, or knows that there will be none. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#done
  }

  async #run(client: Client, pauseMs: number): Promise<void> {
    while (!this.#stopped) {
      const answer = await client.step(this.#http)
      this.answers.push(answer)
      if (answer.status === undefined) return
      await new Promise(resolve => setTimeout(resolve, answer.status === 202 ? pauseMs : 5))
    }
  }
}

/** Waits until every operation that clients were promised is applied. @throws TypeError where one is rejected */
export async function untilApplied(http: HttpClient, clients: readonly Client[]): Promise<void> {
  for (const client of clients) {
    // An operation of a DID is applied after those before it.
    for (const id of [client.acknowledged.at(-1)]) {
      if (id === undefined) continue
      for (;;) {
        const { status, body } = await http.get(`/operations/${id}`)
        if (body['state'] === 'applied') break
        if (body['state'] === 'rejected' || status === 404) throw new TypeError(JSON.stringify(body))
        await new Promise(resolve => setTimeout(resolve, 10))
      }
    }
  }
}

/** What a node says of each DID, against what its controller knows: empty where they agree. */
export async function differences(http: HttpClient, clients: readonly Client[]): Promise<string[]> {
  const found: string[] = []
  for (const { controller, acknowledged, services } of clients) {
    if (acknowledged.length === 0) continue
    const { body } = await http.get(`/1.0/identifiers/${controller.did}`)
    const document = body['didDocument'] as { service?: { id: string }[] } | undefined
    const ids = (document?.service ?? []).map(({ id }) => id.replace(/.*#/, ''))
    if (ids.toSorted().join() !== services.toSorted().join()) {
      found.push(`${controller.did}: ${ids.join()} instead of ${services.join()} (${JSON.stringify(body)})`)
    }
    const { body: history } = await http.get(`/dids/${controller.did}/history`)
    const operations = (history['operations'] ?? history) as { applied: boolean }[]
    const applied = operations.filter(({ applied }) => applied).length
    if (applied !== acknowledged.length || operations.length !== applied) {
      found.push(
        `${controller.did}: ${applied} of ${operations.length} applied, ${acknowledged.length} acknowledged`,
      )
    }
  }
  return found
}
