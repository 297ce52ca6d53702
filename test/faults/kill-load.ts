import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OperationRequest } from '../../src/sidetree/types.ts'
import { addService, Controller } from '../node/parts.ts'

/** A request whose fate is not known until it was acknowledged; it is sent again after a kill. */
interface Attempt {
  request: OperationRequest
  /** Ends the attempt once it is acknowledged. */
  acknowledged: boolean
}

/** The wallet of one DID: one operation after another, each sent until the node has acknowledged it. */
export class Wallet {
  readonly controller = new Controller()
  /** Ids of operations that a node has acknowledged. */
  readonly acknowledged: string[] = []
  #attempt: Attempt | undefined
  #services = 0

  /** Sends the operation that is due; a failure to reach the node leaves it due. */
  async step(url: string, token: string): Promise<void> {
    this.#attempt ??= { request: await this.#next(), acknowledged: false }
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
    const body = JSON.stringify(this.#attempt.request)
    const answer = await fetch(`${url}/operations`, { method: 'POST', headers, body })
    const text = await answer.text()
    // A queue that is full for this DID asks to come back later.
    if (answer.status === 429 || answer.status === 503) return
    if (answer.status !== 202) throw new TypeError(`${answer.status} ${text}`)
    this.acknowledged.push((JSON.parse(text) as { status: { id: string } }).status.id)
    this.#attempt = undefined
  }

  get operations(): number {
    return this.acknowledged.length
  }

  #next(): OperationRequest | Promise<OperationRequest> {
    if (this.operations === 0) return this.controller.create()
    return this.controller.update([addService(`service-${this.#services++ % 3}`)])
  }
}

/** Wallets that send what they have, all at once, until the node is gone. */
export class Load {
  readonly wallets: Wallet[] = []
  /** Checkpoints that the node has shown, by the text of the note. */
  readonly checkpoints = new Set<string>()
  #stopped = false

  /** Drives `width` wallets against a node; ends when {@link stop} was called. Wallets go on over restarts. */
  async run(url: string, data: string, width: number): Promise<void> {
    this.#stopped = false
    const token = readFileSync(join(data, 'token'), 'utf8').trim()
    // Some new DIDs each time, beside those that go on.
    for (let i = 0; i < width / 3; i++) this.wallets.push(new Wallet())
    await Promise.all([
      this.#watch(url),
      ...this.wallets.slice(-width).map(wallet => this.#drive(wallet, url, token)),
    ])
  }

  stop(): void {
    this.#stopped = true
  }

  /** Wallets of which some operation was acknowledged. */
  get started(): Wallet[] {
    return this.wallets.filter(wallet => wallet.operations > 0)
  }

  /** Sends what is still due, so that the fate of every operation is known. */
  async settle(url: string, data: string): Promise<void> {
    const token = readFileSync(join(data, 'token'), 'utf8').trim()
    for (const wallet of this.wallets) await wallet.step(url, token)
  }

  async #drive(wallet: Wallet, url: string, token: string): Promise<void> {
    while (!this.#stopped) {
      try {
        await wallet.step(url, token)
      } catch (error) {
        // The node is gone in the middle of a request: only what it said counts.
        if (error instanceof TypeError && /^\d{3} /.test(error.message)) throw error
        await new Promise(resolve => setTimeout(resolve, 5))
      }
    }
  }

  async #watch(url: string): Promise<void> {
    while (!this.#stopped) {
      try {
        const answer = await fetch(`${url}/log/checkpoint`)
        if (answer.status === 200) this.checkpoints.add(await answer.text())
      } catch {
        // As above.
      }
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }
}
