import { describe, expect, it } from 'vitest'
import { encodeBundle } from '../../src/merkle/entry-bundle.ts'
import { serverFor } from './api.ts'

const CHECKPOINT = 'log.example\n300\nhash\n\n— log.example sig\n'
const HASHES = (width: number) => Buffer.alloc(32 * width, 7)
const asked: unknown[] = []
/** A log of 300 entries. */
const log = {
  checkpoint: () => CHECKPOINT,
  tile: (level: number, index: number, width: number) => {
    asked.push([level, index, width])
    const widths = [[256, 44], [1]]
    return width <= (widths[level]?.[index] ?? 0) ? HASHES(width) : undefined
  },
  entries: async (index: number, width: number) => {
    asked.push(['entries', index, width])
    return index === 1 && width <= 44 ? encodeBundle(Array(width).fill(Buffer.from('leaf'))) : undefined
  },
}

describe('the log', () => {
  it('shows its checkpoint for a few seconds', async () => {
    const app = await serverFor({ log })
    const response = await app.inject('/log/checkpoint')
    expect(response.statusCode).toBe(200)
    expect(response.body).toBe(CHECKPOINT)
    expect(response.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(response.headers['cache-control']).toBe('public, max-age=2, must-revalidate')
    const headers = { 'if-none-match': response.headers['etag'] as string }
    expect((await app.inject({ url: '/log/checkpoint', headers })).statusCode).toBe(304)
  })

  it.each([
    ['tile/0/000', [0, 0, 256], HASHES(256)],
    ['tile/0/001.p/44', [0, 1, 44], HASHES(44)],
    ['tile/0/001.p/1', [0, 1, 1], HASHES(1)],
    ['tile/1/000.p/1', [1, 0, 1], HASHES(1)],
    ['tile/entries/001.p/2', ['entries', 1, 2], Buffer.from('\u0000\u0004leaf\u0000\u0004leaf')],
  ])('shows %s for ever', async (path, expected, bytes) => {
    asked.length = 0
    const app = await serverFor({ log })
    const response = await app.inject(`/log/${path}`)
    expect(response.statusCode).toBe(200)
    expect(asked).toEqual([expected])
    expect(response.rawPayload).toEqual(bytes)
    expect(response.headers['content-type']).toBe('application/octet-stream')
    expect(response.headers['cache-control']).toBe('public, max-age=31536000, immutable')
  })

  it.each([
    'tile/0/001',
    'tile/0/001.p/45',
    'tile/1/000',
    'tile/0/x001/x234/067',
    'tile/63/000',
    'tile/entries/000',
  ])('has no %s yet', async path => {
    const app = await serverFor({ log })
    const response = await app.inject(`/log/${path}`)
    expect([response.statusCode, response.json().code]).toEqual([404, 'TILE_UNKNOWN'])
    expect(response.headers['cache-control']).toBe('no-store')
  })

  it.each([
    'tile/0/0',
    'tile/00/000',
    'tile/64/000',
    'tile/0/x000/001',
    'tile/0/001.p/0',
    'tile/0/001.p/256',
    'tile/0/001.p/044',
    'tile/0/00%30',
    'tile/entries/1',
    'tile/-1/000',
    'tile/0/',
    'tile/',
    'tile/0/000/',
    'tile/0/x999/x999/x999/x999/x999/999',
  ])('%s is not the path of a tile', async path => {
    asked.length = 0
    const app = await serverFor({ log })
    const response = await app.inject(`/log/${path}`)
    expect(response.statusCode).toBe(400)
    expect(response.json().code).toBe('TILE_PATH_INVALID')
    expect(asked).toEqual([])
  })

  it('is not there where the ledger is no log', async () => {
    const app = await serverFor()
    expect((await app.inject('/log/checkpoint')).json().code).toBe('ROUTE_UNKNOWN')
  })
})
