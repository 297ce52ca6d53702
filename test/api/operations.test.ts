import { describe, expect, it } from 'vitest'
import { NodeError, type NodeErrorCode } from '../../src/node/errors.ts'
import { AUTHORIZED, serverFor } from './api.ts'
import { DID, FakeNode } from './fake-node.ts'

const HEADERS = { 'content-type': 'application/json', ...AUTHORIZED }

async function submit(payload: string | Buffer, node = new FakeNode()) {
  const app = await serverFor({ node })
  return app.inject({ method: 'POST', url: '/operations', headers: HEADERS, payload })
}

describe('handing in an operation', () => {
  it('is answered 202 with where its status is', async () => {
    const response = await submit('{"type":"create"}')
    expect(response.statusCode).toBe(202)
    expect(response.headers['location']).toBe('/operations/EiOperation')
    expect(response.headers['cache-control']).toBe('no-store')
    expect(response.json()).toMatchObject({ accepted: true, longFormDid: `${DID}:e30` })
    expect(response.json().status.state).toBe('queued')
  })

  it('gives the node the bytes as they came', async () => {
    const node = new FakeNode()
    const bytes = '{"type":"create","type":"ünïcode"} '
    await submit(bytes, node)
    expect(node.asked).toEqual([['submit', bytes]])
  })

  it('is answered alike the second time', async () => {
    const node = new FakeNode()
    const app = await serverFor({ node })
    const request = { method: 'POST', url: '/operations', headers: HEADERS, payload: '{}' } as const
    const [first, second] = [await app.inject(request), await app.inject(request)]
    expect([second.statusCode, second.headers['location']]).toEqual([202, first.headers['location']])
  })

  it.each(['', 'x', '[1]', '\u0000'])('a body %j is refused with the code of the protocol', async body => {
    const response = await submit(body)
    expect(response.json()).toMatchObject(
      body === ''
        ? { status: 400 }
        : {
            type: '/problems/REQUEST_JSON_INVALID',
            title: 'The request is not strict JSON.',
            status: 400,
            code: 'REQUEST_JSON_INVALID',
          },
    )
  })

  const refusals: [NodeErrorCode, number, boolean][] = [
    ['OPERATION_REFUSED', 400, false],
    ['DID_UNKNOWN', 404, false],
    ['DID_EXISTS', 409, false],
    ['DID_DEACTIVATED', 409, false],
    ['DID_QUEUE_FULL', 429, true],
    ['QUEUE_FULL', 503, true],
    ['NODE_STOPPING', 503, true],
  ]
  it.each(refusals)('%s is answered %i', async (code, status, again) => {
    const node = new FakeNode()
    node.failure = new NodeError(code, 'the sentence of the node', { reason: 'COMMITMENT_UNKNOWN' })
    const response = await submit('{}', node)
    expect(response.statusCode).toBe(status)
    expect(response.headers['content-type']).toBe('application/problem+json')
    expect(response.json()).toMatchObject({
      type: `/problems/${code}`,
      status,
      code,
      detail: 'the sentence of the node',
      reason: 'COMMITMENT_UNKNOWN',
    })
    expect(response.headers['retry-after'] !== undefined).toBe(again)
  })
})

describe('the status of an operation', () => {
  it('is what the node says', async () => {
    const app = await serverFor()
    const response = await app.inject('/operations/EiOperation')
    expect(response.statusCode).toBe(200)
    expect(response.json()).toMatchObject({ id: 'EiOperation', state: 'queued', ahead: 0 })
    expect(response.headers['cache-control']).toBe('no-cache')
  })

  it('of an unknown one is 404', async () => {
    const app = await serverFor()
    const response = await app.inject('/operations/nonsense')
    expect([response.statusCode, response.json().code]).toEqual([404, 'OPERATION_UNKNOWN'])
  })
})
