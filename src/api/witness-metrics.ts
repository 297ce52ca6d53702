import type { FastifyRequest } from 'fastify'
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Witness, WitnessedLogStatus } from '../ledger/witness/witness.ts'
import { Durations } from './durations.ts'

/** Measures of a witness and its server, in a registry of their own. */
export class WitnessMetrics {
  readonly #process = new Registry()
  readonly #durations = new Durations()
  readonly #witness: Witness

  constructor(witness: Witness) {
    this.#witness = witness
    collectDefaultMetrics({ register: this.#process })
  }

  get contentType(): string {
    return this.#process.contentType
  }

  /** Counts a request that was answered. */
  observe(request: FastifyRequest, status: number, milliseconds: number): void {
    this.#durations.observe(request, status, milliseconds / 1000)
  }

  /** The Prometheus text format. */
  async text(): Promise<string> {
    const logs = new Registry()
    logGauges(logs, this.#witness.status())
    return `${await this.#process.metrics()}\n${this.#durations.text()}\n${await logs.metrics()}`
  }

  close(): void {
    this.#process.clear()
  }
}

function logGauges(registry: Registry, logs: readonly WitnessedLogStatus[]): void {
  const gauge = (name: string, help: string, valueFor: (log: WitnessedLogStatus) => number): void => {
    const made = new Gauge({
      name: `rootline_witness_${name}`,
      help,
      labelNames: ['origin'],
      registers: [registry],
    })
    for (const log of logs) made.set({ origin: log.origin }, valueFor(log))
  }
  gauge('log_leaves', 'Size of the newest tree of a log that was cosigned.', log => log.newest?.size ?? 0)
  gauge(
    'log_cosigned_seconds',
    'Time of the newest cosignature for a log, in Unix seconds; 0 if there is none.',
    log => log.newest?.time ?? 0,
  )
  gauge('log_two_histories', '1 if a log has signed two histories.', log => Number(log.hasTwoHistories))
}
