import type { FastifyRequest } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { Type } from 'typebox'
import type { NodeStatus, SidetreeNode } from '../node/types.ts'
import type { ApiServer } from './api-server.ts'
import { cosigningMeasures } from './cosigning-metrics.ts'
import { Durations } from './durations.ts'
import type { ApiParts, ContentState } from './parts.ts'
import { documented, problems } from './schemas.ts'

/** Measures of this server and its node, in a registry of their own. */
export class Metrics {
  readonly registry = new Registry()
  readonly #durations = new Durations()
  readonly #node: SidetreeNode
  readonly #log: ApiParts['log']
  readonly #now: () => number
  readonly #content: ApiParts['contentState']

  constructor(parts: Pick<ApiParts, 'node' | 'log' | 'version' | 'contentState'>, now: () => number) {
    const { node, log, version, contentState } = parts
    this.#node = node
    this.#log = log
    this.#now = now
    this.#content = contentState
    const registers = [this.registry]
    collectDefaultMetrics({ register: this.registry })
    const info = new Gauge({
      name: 'rootline_build_info',
      help: 'Always 1; the labels tell what runs.',
      labelNames: ['version', 'method'],
      registers,
    })
    info.set({ version, method: node.method }, 1)
  }

  /** Counts a request that was answered. */
  observe(request: FastifyRequest, status: number, milliseconds: number): void {
    this.#durations.observe(request, status, milliseconds / 1000)
  }

  /** The Prometheus text format. Of a node that cannot tell how it fares, only `rootline_node_up` is shown. */
  async text(): Promise<string> {
    const status = await this.#node.status().catch(() => undefined)
    const own = new Registry()
    gauge(own, 'rootline_node_up', '1 if the node could tell how it fares.', status === undefined ? 0 : 1)
    if (status !== undefined) nodeGauges(own, status, this.#now())
    if (this.#content !== undefined) contentMeasures(own, this.#content, this.#now())
    cosigningMeasures(own, this.#log?.witnesses?.() ?? [])
    return `${await this.registry.metrics()}\n${this.#durations.text()}\n${await own.metrics()}`
  }

  close(): void {
    this.registry.clear()
  }
}

function nodeGauges(
  registry: Registry,
  { observer, queue, unresolvable, ledger, map }: NodeStatus,
  now: number,
): void {
  const set = (name: string, help: string, value: number): void =>
    gauge(registry, `rootline_${name}`, help, value)
  set('queue_operations', 'Operations that wait to be anchored.', queue.operations)
  set(
    'queue_oldest_seconds',
    'Age of the oldest operation that waits; 0 if none does.',
    age(queue.oldest, now),
  )
  set('queue_failing', '1 if the last batch failed.', queue.lastError === undefined ? 0 : 1)
  set(
    'ledger_transactions',
    'Number of the newest transaction plus one; 0 if there is none.',
    after(ledger.newest),
  )
  set(
    'observer_transactions',
    'Number of the newest transaction that was decided plus one.',
    after(observer.cursor),
  )
  set('observer_lag', 'How far the observer is behind the ledger, in transaction numbers.', observer.lag)
  if (map !== undefined)
    set('map_leaves', 'Leaves of the log that the map of the operations covers.', map.size)
  set('observer_running', '1 if the observer runs.', observer.running ? 1 : 0)
  set('unresolvable_transactions', 'Transactions whose files are missing.', unresolvable.count)
  set(
    'unresolvable_oldest_seconds',
    'How long the oldest of them waits; 0 if none does.',
    age(unresolvable.oldest, now),
  )
  const reorganisations = new Counter({
    name: 'rootline_observer_reorganisations_total',
    help: 'Reorganisations of the ledger that were followed.',
    registers: [registry],
  })
  reorganisations.inc(observer.reorganisations)
}

/** What came of asking sources of content, and how a store beside this node's own fares. */
function contentMeasures(registry: Registry, { counts, mirror }: ContentState, now: number): void {
  const asked = new Counter({
    name: 'rootline_content_sources_total',
    help: 'Files that a source of content was asked for, by what came of it; other bytes are CONTENT_MISMATCH.',
    labelNames: ['source', 'outcome'],
    registers: [registry],
  })
  for (const { source, outcome, count } of counts.list()) asked.inc({ source, outcome }, count)
  const unkept = new Counter({
    name: 'rootline_content_unkept_total',
    help: 'Files that were fetched and could not be kept here.',
    registers: [registry],
  })
  unkept.inc(counts.unkept)
  const status = mirror?.()
  if (status === undefined) return
  const set = (name: string, help: string, value: number): void =>
    gauge(registry, `rootline_content_mirror_${name}`, help, value)
  set('up', '1 if the store that is given each file (Kubo) answered the last time.', status.up ? 1 : 0)
  set('waiting_files', 'Files that it is not known to hold, up to some thousands.', status.waiting)
  const age = Math.max(0, now - (status.oldest ?? now)) / 1000
  set('oldest_seconds', 'How long the first of them is known to wait; 0 if none does.', age)
}

function gauge(registry: Registry, name: string, help: string, value: number): void {
  new Gauge({ name, help, registers: [registry] }).set(value)
}

function age(since: string | undefined, now: number): number {
  return since === undefined ? 0 : Math.max(0, now - Date.parse(since)) / 1000
}

function after(number: number | undefined): number {
  return number === undefined ? 0 : number + 1
}

/** Shows the measures to Prometheus. */
export function metricsRoutes(app: ApiServer, metrics: Metrics): void {
  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'metrics',
        summary: 'Measures for Prometheus',
        tags: ['operation'],
        response: {
          200: documented('The text format of Prometheus.', Type.String(), 'text/plain'),
          ...problems(),
        },
      },
    },
    async (_request, reply) =>
      reply
        .header('cache-control', 'no-store')
        .header('content-type', metrics.registry.contentType)
        .send(await metrics.text()),
  )
}
