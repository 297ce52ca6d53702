import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ApiLimits } from '../../src/api/parts.ts'
import { cidText, parseCid } from '../../src/codec/cid.ts'
import { EmbeddedContentStore } from '../../src/content/embedded/embedded-content-store.ts'
import { ContentError } from '../../src/content/errors.ts'
import { Store } from '../../src/store/store.ts'
import { tempFolder } from '../temp.ts'
import { serverFor } from './api.ts'

const RAW = 'application/vnd.ipld.raw'
const CAR = 'application/vnd.ipld.car'
const ABSENT = 'QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n'

const store = await Store.open(join(tempFolder(), 'content'))
const content = new EmbeddedContentStore(store)
const small = await content.put(Buffer.from('hello'))
const large = await content.put(Buffer.alloc(600_000, 'x'))

async function get(path: string, headers: Record<string, string> = {}, limits: Partial<ApiLimits> = {}) {
  const app = await serverFor({ content, limits })
  return app.inject({ url: `/ipfs/${path}`, headers })
}

describe('a block', () => {
  it.each([
    [`${small}?format=raw`, {}],
    [small, { accept: RAW }],
    [small, { accept: '*/*' }],
    [`${small}?format=raw`, { accept: CAR }],
  ])('%s %j', async (path, headers) => {
    const response = await get(path, headers)
    expect(response.statusCode).toBe(200)
    expect(response.rawPayload).toEqual(Buffer.from(await content.block(small, { maxBytes: 1000 })))
    expect(response.headers).toMatchObject({
      'content-type': RAW,
      'content-disposition': `attachment; filename="${small}.bin"`,
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      etag: `"${small}.raw"`,
      'content-location': `/ipfs/${small}?format=raw`,
    })
  })

  it('is found by either version of its CID', async () => {
    const v1 = cidText(parseCid(small).toV1())
    expect((await get(`${v1}?format=raw`)).rawPayload).toEqual((await get(`${small}?format=raw`)).rawPayload)
  })

  it('is bounded', async () => {
    const response = await get(`${small}?format=raw`, {}, { blockBytes: 3 })
    expect([response.statusCode, response.json().code]).toEqual([400, 'CONTENT_TOO_LARGE'])
    expect(response.headers['content-disposition']).toBeUndefined()
  })
})

describe('a file as a CAR', () => {
  it.each([
    [`${large}?format=car`, {}],
    [large, { accept: `${CAR}; version=1; order=dfs; dups=n` }],
    [`${large}?format=car&dag-scope=all&car-version=1&car-order=dfs&car-dups=n`, {}],
    [`${large}?format=car&dag-scope=entity`, {}],
  ])('%s %j', async (path, headers) => {
    const response = await get(path, headers)
    expect(response.statusCode).toBe(200)
    expect(response.headers).toMatchObject({
      'content-type': `${CAR}; version=1; order=dfs; dups=n`,
      'content-disposition': `attachment; filename="${large}.car"`,
      etag: `W/"${large}.car"`,
    })
    // Its three chunks have two different contents.
    expect(response.rawPayload.length).toBeGreaterThan(300_000)
    expect(response.rawPayload.length).toBeLessThan(400_000)
    expect(response.rawPayload.subarray(1, 10).toString('latin1')).toBe('\u00a2eroots\u0081\u00d8')
  })

  it.each(['dag-scope=block', 'entity-bytes=0:10', 'car-version=2', 'car-order=bfs', 'car-dups=y'])(
    'with %s is not supported',
    async option => {
      const response = await get(`${large}?format=car&${option}`)
      expect([response.statusCode, response.json().code]).toEqual([400, 'GATEWAY_OPTION_UNSUPPORTED'])
    },
  )

  it('with an option in Accept is not supported either', async () => {
    const response = await get(large, { accept: `${CAR}; dups=y` })
    expect(response.statusCode).toBe(400)
  })

  it('that is not here, or too large, is refused before anything is sent', async () => {
    expect((await get(`${ABSENT}?format=car`)).statusCode).toBe(404)
    expect((await get(`${large}?format=car`, {}, { fileBytes: 1000 })).json().code).toBe('CONTENT_TOO_LARGE')
  })

  it('is cut off where a later block is missing', async () => {
    let calls = 0
    const cut = new EmbeddedContentStore(store)
    cut.block = async (cid, options) => {
      if (++calls > 1) throw new ContentError('CONTENT_NOT_FOUND', 'gone', { cid })
      return content.block(cid, options)
    }
    const app = await serverFor({ content: cut })
    const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
    const response = await fetch(`http://localhost:${port}/ipfs/${large}?format=car`)
    expect(response.status).toBe(200)
    await expect(response.arrayBuffer()).rejects.toThrow()
  })

  it('gives its place back when it has been sent', async () => {
    const app = await serverFor({ content, limits: { downloads: 1 } })
    for (const url of [
      `/ipfs/${large}?format=car`,
      `/ipfs/${ABSENT}?format=car`,
      `/ipfs/${large}?format=raw`,
    ]) {
      for (const _ of ['first', 'again']) expect((await app.inject(url)).statusCode).not.toBe(503)
    }
  })
})

describe('a request of the gateway', () => {
  it('is not sent what it has', async () => {
    for (const format of ['raw', 'car']) {
      const app = await serverFor({ content })
      const url = `/ipfs/${small}?format=${format}`
      const { headers } = await app.inject(url)
      const again = await app.inject({ url, headers: { 'if-none-match': headers['etag'] as string } })
      expect([again.statusCode, again.body]).toEqual([304, ''])
    }
  })

  it('may be HEAD', async () => {
    const app = await serverFor({ content })
    for (const format of ['raw', 'car']) {
      const response = await app.inject({ method: 'HEAD', url: `/ipfs/${small}?format=${format}` })
      expect([response.statusCode, response.body]).toEqual([200, ''])
      const absent = await app.inject({ method: 'HEAD', url: `/ipfs/${ABSENT}?format=${format}` })
      expect(absent.statusCode).toBe(404)
    }
  })

  it('may probe', async () => {
    const raw = await get('bafkqaaa?format=raw')
    expect([raw.statusCode, raw.body]).toEqual([200, ''])
    const car = await get('bafkqaaa?format=car')
    expect(car.statusCode).toBe(200)
    expect(car.rawPayload[0]).toBe(car.rawPayload.length - 1)
  })

  it.each([
    [small, {}, 400, 'GATEWAY_FORMAT_MISSING'],
    [small, { accept: 'text/html' }, 406, 'NOT_ACCEPTABLE'],
    [`${small}?format=tar`, {}, 400, 'PARAMETER_INVALID'],
    ['nonsense?format=raw', {}, 400, 'CONTENT_CID_INVALID'],
    [`${small.toLowerCase()}?format=raw`, {}, 400, 'CONTENT_CID_INVALID'],
    ['bafkqabtimvwgy3yk?format=raw', {}, 400, 'CONTENT_CID_INVALID'],
    [`${ABSENT}?format=raw`, {}, 404, 'CONTENT_NOT_FOUND'],
    [`${'Q'.repeat(5000)}?format=raw`, {}, 400, 'CONTENT_CID_INVALID'],
    [`${small}/path?format=car`, {}, 404, 'ROUTE_UNKNOWN'],
    ['..%2f..%2fetc%2fpasswd?format=raw', {}, 400, 'CONTENT_CID_INVALID'],
    ['%22%0d%0aX?format=raw', {}, 400, 'CONTENT_CID_INVALID'],
  ])('%s %j is refused', async (path, headers, status, code) => {
    const response = await get(path, headers)
    expect([response.statusCode, response.json().code]).toEqual([status, code])
    expect(response.headers['content-type']).toBe('application/problem+json')
    expect(response.headers['cache-control']).toBe('no-store')
  })
})
