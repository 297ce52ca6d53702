import { describe, expect, it } from 'vitest'
import type { NodeStatus } from '../../src/node/types.ts'
import { serverFor } from './api.ts'
import { FakeNode, healthy } from './fake-node.ts'

const NOW = Date.parse('2026-05-02T12:00:00Z')

async function ready(change: (status: NodeStatus) => void) {
  const node = new FakeNode()
  change(node.nodeStatus)
  const app = await serverFor({ node, now: () => NOW, limits: { readyLag: 10 } })
  return app.inject('/health/ready')
}

describe('health', () => {
  it('lives without asking the node', async () => {
    const node = new FakeNode()
    const app = await serverFor({ node })
    const response = await app.inject('/health/live')
    expect([response.statusCode, response.json()]).toEqual([200, { status: 'live' }])
    expect(node.asked).toEqual([])
  })

  it('is ready while the observer follows and batches are anchored', async () => {
    const response = await ready(status => {
      status.observer.lag = 10
      status.unresolvable = { count: 1, oldest: '2026-05-02T11:00:00Z', transactions: [] }
    })
    expect([response.statusCode, response.json()]).toEqual([200, { status: 'ready' }])
    expect(response.headers['cache-control']).toBe('no-store')
  })

  const reasons: [string, (status: NodeStatus) => void][] = [
    ['OBSERVER_STOPPED', status => Object.assign(status.observer, { running: false })],
    ['OBSERVER_BEHIND', status => Object.assign(status.observer, { lag: 11 })],
    ['QUEUE_FAILING', status => Object.assign(status.queue, { lastError: '/secret' })],
    [
      'FILES_MISSING_TOO_LONG',
      status => Object.assign(status.unresolvable, { count: 1, oldest: '2026-05-02T10:59:59Z' }),
    ],
    [
      'LEDGER_FROZEN',
      status =>
        Object.assign(status.ledger, { problems: [{ code: 'LEDGER_FROZEN', detail: 'two histories' }] }),
    ],
  ]
  it.each(reasons)('is not ready: %s', async (code, change) => {
    const response = await ready(change)
    expect(response.statusCode).toBe(503)
    expect(response.json()).toMatchObject({ code: 'NOT_READY', reasons: [{ code }] })
    expect(response.body).not.toContain('secret')
  })

  it('is not ready if the node cannot tell', async () => {
    const node = new FakeNode()
    node.failure = new TypeError('secret')
    const app = await serverFor({ node })
    const response = await app.inject('/health/ready')
    expect(response.statusCode).toBe(503)
    expect(response.json().reasons).toMatchObject([{ code: 'STATUS_UNKNOWN' }])
    expect(response.body).not.toContain('secret')
  })
})

describe('metrics', () => {
  it('count requests by route, and show how the node fares', async () => {
    const node = new FakeNode()
    node.nodeStatus = healthy()
    node.nodeStatus.unresolvable = { count: 2, oldest: '2026-05-02T11:59:00Z', transactions: [] }
    const app = await serverFor({ node, now: () => NOW, version: '1.2.3' })
    await app.inject('/operations/a')
    await app.inject('/operations/b')
    await app.inject('/nothing/a')
    const response = await app.inject('/metrics')
    expect(response.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/)
    for (const line of [
      'rootline_http_request_duration_seconds_count{method="GET",route="/operations/:id",status="404"} 2',
      'rootline_http_request_duration_seconds_count{method="GET",route="none",status="404"} 1',
      'rootline_build_info{version="1.2.3",method="rootline"} 1',
      'rootline_node_up 1',
      'rootline_queue_operations 3',
      'rootline_ledger_transactions 42',
      'rootline_observer_lag 0',
      'rootline_observer_reorganisations_total 2',
      'rootline_unresolvable_transactions 2',
      'rootline_unresolvable_oldest_seconds 60',
    ]) {
      expect(response.body.split('\n')).toContain(line)
    }
    expect(response.body).toContain('process_cpu_seconds_total')
  })

  it('are shown also while the node fails', async () => {
    const node = new FakeNode()
    node.failure = new TypeError('secret')
    const app = await serverFor({ node })
    const response = await app.inject('/metrics')
    expect(response.statusCode).toBe(200)
    expect(response.body.split('\n')).toContain('rootline_node_up 0')
    expect(response.body).not.toContain('rootline_queue_operations')
  })
})

describe('metrics of the witnesses of a log', () => {
  const log = { checkpoint: () => '', tile: () => undefined, entries: async () => undefined }

  it('are there by the names that its policy gives them', async () => {
    const witnesses = () => [
      { name: 'w0', cosignedAt: 1_800_000_000, cosignatures: 7, failures: 1, failure: undefined },
      { name: 'w"1\n', cosignedAt: undefined, cosignatures: 0, failures: 3, failure: 'unreachable' as const },
    ]
    const app = await serverFor({ log: { ...log, witnesses } })
    const { body } = await app.inject('/metrics')
    for (const line of [
      'rootline_log_cosignatures_total{witness="w0"} 7',
      'rootline_log_cosignature_failures_total{witness="w0"} 1',
      'rootline_log_cosigned_seconds{witness="w0"} 1800000000',
      'rootline_log_cosignature_failures_total{witness="w\\"1\\n"} 3',
      'rootline_log_cosigned_seconds{witness="w\\"1\\n"} 0',
    ]) {
      expect(body).toContain(`${line}\n`)
    }
  })

  it('are not there without any', async () => {
    const app = await serverFor({ log: { ...log, witnesses: () => [] } })
    expect((await app.inject('/metrics')).body).not.toContain('rootline_log_')
  })
})
