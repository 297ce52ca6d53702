import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { checkSignedData, type SignedDataInput, type SignedDataVerdict } from '../sidetree/check.ts'
import type { ProtocolParameters } from '../sidetree/parameters.ts'
import { type CheckRequest, type CheckResponse, packInputs, unpackVerdict } from './check-messages.ts'
import { NodeError } from './errors.ts'

/** Operations a message to a worker carries: enough to make its cost small beside 250 signatures. */
const BATCH = 250

/** Fewer than this are checked where they are: a message would cost more than the signatures. */
const INLINE = 8

/** Messages that a worker holds at the most, so that it has work while the main thread is busy. */
const DEPTH = 4

interface Task {
  request: CheckRequest
  /** The worker that has it; undefined while it waits. */
  slot: number | undefined
  resolve: (verdicts: SignedDataVerdict[]) => void
  reject: (error: unknown) => void
}

interface Single {
  input: SignedDataInput
  params: ProtocolParameters
  resolve: (verdict: SignedDataVerdict) => void
  reject: (error: unknown) => void
}

/**
 * Checks signed data of operations on all cores. Answers come in the order of the inputs. A thread that dies fails
 * its batch and is replaced.
 */
export class CheckPool {
  readonly #workers: (Worker | undefined)[]
  /** By the number of the task. */
  readonly #running = new Map<number, Task>()
  readonly #waiting: Task[] = []
  /** A worker stands in it as often as it may take another message. */
  readonly #free: number[]
  #single: Single[] = []
  #nextTask = 0
  #closed = false

  /** @param options.workers number of threads; default: one for each core. 0 checks in the calling thread. */
  constructor(options: { workers?: number } = {}) {
    const count = options.workers ?? availableParallelism()
    this.#workers = Array.from({ length: count }, () => undefined)
    this.#free = Array.from({ length: count * DEPTH }, (_, i) => i % count)
  }

  /** Verdicts of all inputs, in their order. @throws NodeError WORKER_FAILED */
  async check(inputs: SignedDataInput[], params: ProtocolParameters): Promise<SignedDataVerdict[]> {
    if (inputs.length < INLINE || this.#workers.length === 0)
      return inputs.map(input => checkSignedData(input, params))
    const parts: Promise<SignedDataVerdict[]>[] = []
    for (let i = 0; i < inputs.length; i += BATCH)
      parts.push(this.#submit(inputs.slice(i, i + BATCH), params))
    return (await Promise.all(parts)).flat()
  }

  /**
   * The verdict of one input. Those that are asked for in the same turn of the event loop go to the threads
   * together.
   */
  checkOne(input: SignedDataInput, params: ProtocolParameters): Promise<SignedDataVerdict> {
    return new Promise((resolve, reject) => {
      if (this.#single.length === 0) setImmediate(() => void this.#flushSingle())
      this.#single.push({ input, params, resolve, reject })
    })
  }

  /** Ends the threads; checks that still run are refused. */
  async close(): Promise<void> {
    this.#closed = true
    for (const task of [...this.#waiting, ...this.#running.values()]) task.reject(stopped())
    this.#waiting.length = 0
    this.#running.clear()
    await Promise.all(this.#workers.map(worker => worker?.terminate()))
  }

  async #flushSingle(): Promise<void> {
    const waiting = this.#single
    this.#single = []
    for (const [params, group] of Map.groupBy(waiting, single => single.params)) {
      try {
        const verdicts = await this.check(
          group.map(single => single.input),
          params,
        )
        for (const [i, single] of group.entries()) single.resolve(verdicts[i] as SignedDataVerdict)
      } catch (error) {
        for (const single of group) single.reject(error)
      }
    }
  }

  #submit(inputs: SignedDataInput[], params: ProtocolParameters): Promise<SignedDataVerdict[]> {
    if (this.#closed) return Promise.reject(stopped())
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        request: { task: this.#nextTask++, inputs: packInputs(inputs), params },
        slot: undefined,
        resolve,
        reject,
      })
      this.#dispatch()
    })
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const slot = this.#free.shift()
      if (slot === undefined) return
      const task = this.#waiting.shift() as Task
      task.slot = slot
      this.#running.set(task.request.task, task)
      this.#worker(slot).postMessage(task.request)
    }
  }

  #worker(slot: number): Worker {
    const existing = this.#workers[slot]
    if (existing !== undefined) return existing
    const ending = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
    const worker = new Worker(new URL(`./check-worker${ending}`, import.meta.url))
    worker.unref()
    worker.on('message', (response: CheckResponse) => this.#done(slot, response))
    worker.on('error', error => this.#failed(slot, error))
    this.#workers[slot] = worker
    return worker
  }

  #done(slot: number, response: CheckResponse): void {
    this.#running.get(response.task)?.resolve(response.verdicts.map(unpackVerdict))
    this.#running.delete(response.task)
    this.#free.push(slot)
    if (!this.#closed) this.#dispatch()
  }

  #failed(slot: number, cause: unknown): void {
    this.#workers[slot] = undefined
    for (const [number, task] of this.#running) {
      if (task.slot !== slot) continue
      task.reject(new NodeError('WORKER_FAILED', 'a thread that checks signatures failed', { cause }))
      this.#running.delete(number)
      this.#free.push(slot)
    }
    if (!this.#closed) this.#dispatch()
  }
}

function stopped(): NodeError {
  return new NodeError('NODE_STOPPING', 'the node is stopping')
}
