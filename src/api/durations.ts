import type { FastifyRequest } from 'fastify'

/** Upper bounds of the buckets, in seconds. */
export const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const NAME = 'rootline_http_request_duration_seconds'

/** What was measured of requests with the same labels. */
interface Series {
  method: string
  status: number
  /** How many fell in each bucket and not in the one before; the last for those beyond all bounds. */
  buckets: number[]
  seconds: number
}

/**
 * How long requests took: a histogram of Prometheus by method, route and status. Counted by hand, as each request pays
 * for it: prom-client looks its labels up as texts.
 */
export class Durations {
  readonly #byRoute = new Map<string, Series[]>()

  /** Counts a request that was answered. */
  observe({ method, routeOptions }: FastifyRequest, status: number, seconds: number): void {
    const series = this.#seriesOf(routeOptions.url ?? 'none', method, status)
    let bucket = 0
    while (seconds > (BUCKETS[bucket] ?? Number.POSITIVE_INFINITY)) bucket++
    series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1
    series.seconds += seconds
  }

  /** The Prometheus text format. */
  text(): string {
    const lines = [
      `# HELP ${NAME} Time from the arrival of a request to its answer being sent.`,
      `# TYPE ${NAME} histogram`,
    ]
    for (const [route, all] of this.#byRoute) for (const series of all) lines.push(...linesOf(route, series))
    return `${lines.join('\n')}\n`
  }

  #seriesOf(route: string, method: string, status: number): Series {
    const all = this.#byRoute.get(route) ?? []
    const known = all.find(series => series.status === status && series.method === method)
    if (known !== undefined) return known
    const series = { method, status, buckets: [...BUCKETS.map(() => 0), 0], seconds: 0 }
    this.#byRoute.set(route, [...all, series])
    return series
  }
}

/** Neither a method nor the pattern of a route has a character that would have to be escaped. */
function linesOf(route: string, { method, status, buckets, seconds }: Series): string[] {
  const labels = `method="${method}",route="${route}",status="${status}"`
  let count = 0
  const lines = buckets.map((inBucket, i) => {
    count += inBucket
    return `${NAME}_bucket{le="${BUCKETS[i] ?? '+Inf'}",${labels}} ${count}`
  })
  return [...lines, `${NAME}_sum{${labels}} ${seconds}`, `${NAME}_count{${labels}} ${count}`]
}
