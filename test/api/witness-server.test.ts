import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildWitnessServer } from '../../src/api/witness-server.ts'
import { sha256 } from '../../src/codec/hash.ts'
import { MAX_REQUEST_BYTES } from '../../src/merkle/witness-request.ts'
import { COSIGNER, ID, Log, ORIGIN, World } from '../ledger/witness/witness-world.ts'

const log = new Log(9)
const fork = new Log(9, 4)

async function serve(world = new World(), requestsPerMinute = 0) {
  const app = await buildWitnessServer({ witness: world.open(), requestsPerMinute })
  const post = async (payload: Uint8Array | string, headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url: '/add-checkpoint', payload: Buffer.from(payload), headers })
  return { app, post, get: (url: string) => app.inject({ url }) }
}

describe('the HTTP server of a witness', () => {
  it('gives cosignatures as text, and a size with its own media type', async () => {
    const { post } = await serve()
    const cosigned = await post(await log.request(0, 5), { 'content-type': 'application/json' })
    expect(cosigned.statusCode).toBe(200)
    expect(cosigned.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(cosigned.body).toMatch(/^— witness\.example \S+\n$/)
    const conflict = await post(await log.request(3, 9))
    expect([conflict.statusCode, conflict.headers['content-type'], conflict.body]).toEqual([
      409,
      'text/x.tlog.size',
      '5\n',
    ])
  })

  it('shows whoever monitors the log its newest checkpoint, and evidence of two histories', async () => {
    const { post, get } = await serve()
    expect((await get(`/${ID}/checkpoint`)).statusCode).toBe(404)
    await post(await log.request(0, 5))
    expect((await get(`/${ID}/checkpoint`)).body).toContain(`${ORIGIN}\n5\n`)
    expect((await get(`/${ID}/evidence`)).statusCode).toBe(404)
    await post(await fork.request(5, 5))
    expect((await get(`/${ID}/evidence`)).json()).toMatchObject({ type: 'log-fork' })
    expect((await get(`/${sha256('other.example').toString('hex')}/checkpoint`)).statusCode).toBe(404)
    expect((await get(`/${ID.toUpperCase()}/checkpoint`)).statusCode).toBe(404)
    expect((await get('/vkey')).body).toBe(`${COSIGNER.verifier.vkey}\n`)
  })

  it('refuses a body that is too large, and what it does not serve', async () => {
    const { app, post, get } = await serve()
    expect((await post(Buffer.alloc(MAX_REQUEST_BYTES))).statusCode).toBe(400)
    expect((await post(Buffer.alloc(MAX_REQUEST_BYTES + 1))).statusCode).toBe(413)
    expect((await post('')).statusCode).toBe(400)
    expect((await get('/add-checkpoint')).statusCode).toBe(404)
    expect((await get('/nothing')).statusCode).toBe(404)
    expect((await app.inject({ method: 'DELETE', url: `/${ID}/checkpoint` })).statusCode).toBe(404)
  })

  it('answers any bytes with a refusal of its own, and never fails', async () => {
    const { post } = await serve()
    const valid = await log.request(0, 9)
    const changed = fc
      .tuple(fc.nat({ max: valid.length - 1 }), fc.integer({ min: 0, max: 255 }))
      .map(([at, byte]) => Buffer.from(valid).fill(byte, at, at + 1))
    const cut = fc.nat({ max: valid.length - 1 }).map(length => valid.subarray(0, length))
    const bytes = fc.oneof(
      fc.uint8Array().map(data => Buffer.from(data)),
      changed,
      cut,
    )
    await fc.assert(
      fc.asyncProperty(bytes, async body => {
        const { statusCode } = await post(body)
        expect([200, 400, 403, 404, 409, 422]).toContain(statusCode)
        if (statusCode === 200) expect(body).toEqual(valid)
      }),
    )
  })

  it('says nothing of a failure inside, and goes on', async () => {
    const world = new World()
    const { post } = await serve(world)
    world.failing = true
    const failed = await post(await log.request(0, 5))
    expect([failed.statusCode, failed.body]).toEqual([500, 'the witness failed\n'])
    world.failing = false
    expect((await post(await log.request(0, 5))).statusCode).toBe(200)
  })

  it('bounds the requests of an address in a minute', async () => {
    const { post, get } = await serve(new World(), 2)
    expect((await get('/vkey')).statusCode).toBe(200)
    expect((await post(await log.request(0, 5))).statusCode).toBe(200)
    expect((await post(await log.request(5, 9))).statusCode).toBe(429)
  })

  it('is ready while its clock is not behind what it has signed', async () => {
    const world = new World()
    const { post, get } = await serve(world)
    await post(await log.request(0, 5))
    expect((await get('/health/ready')).statusCode).toBe(200)
    world.time -= 301
    const late = await get('/health/ready')
    expect([late.statusCode, late.body]).toEqual([503, expect.stringContaining(ORIGIN)])
    expect((await get('/health/live')).statusCode).toBe(200)
    expect((await post(await log.request(5, 9))).statusCode).toBe(503)
  })

  it('shows how it fares with each log to Prometheus', async () => {
    const world = new World()
    const { app, post, get } = await serve(world)
    await post(await log.request(0, 5))
    const { body, headers } = await get('/metrics')
    expect(headers['content-type']).toContain('text/plain')
    expect(body).toContain(`rootline_witness_log_leaves{origin="${ORIGIN}"} 5\n`)
    expect(body).toContain(`rootline_witness_log_cosigned_seconds{origin="${ORIGIN}"} ${world.time}\n`)
    expect(body).toContain(`rootline_witness_log_two_histories{origin="${ORIGIN}"} 0\n`)
    expect(body).toMatch(/rootline_http_request_duration_seconds_count\{[^}]*add-checkpoint[^}]*\} 1\n/)
    await post(await fork.request(5, 5))
    expect((await get('/metrics')).body).toContain(
      `rootline_witness_log_two_histories{origin="${ORIGIN}"} 1\n`,
    )
    await app.close()
  })
})
