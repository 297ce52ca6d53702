import fc from 'fast-check'
import type { FastifyRequest } from 'fastify'
import { Histogram, Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { BUCKETS, Durations } from '../../src/api/durations.ts'

const request = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST'),
  route: fc.constantFrom('/operations/:id', '/1.0/identifiers/*', undefined),
  status: fc.constantFrom(200, 304, 404),
  seconds: fc.oneof(fc.constantFrom(0, ...BUCKETS), fc.double({ min: 0, max: 20, noNaN: true })),
})

it('durations are the text that prom-client makes of them', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 1 }), async requests => {
      const registry = new Registry()
      const histogram = new Histogram({
        name: 'rootline_http_request_duration_seconds',
        help: 'Time from the arrival of a request to its answer being sent.',
        labelNames: ['method', 'route', 'status'],
        buckets: BUCKETS,
        registers: [registry],
      })
      const durations = new Durations()
      for (const { method, route, status, seconds } of requests) {
        histogram.observe({ method, route: route ?? 'none', status: String(status) }, seconds)
        durations.observe({ method, routeOptions: { url: route } } as FastifyRequest, status, seconds)
      }
      expect(durations.text().split('\n').sort()).toEqual((await registry.metrics()).split('\n').sort())
    }),
  )
})
