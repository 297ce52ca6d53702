import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { cidText, parseCid } from '../../src/codec/cid.ts'
import { fileBlocks } from '../../src/codec/unixfs.ts'
import { EmbeddedContentStore } from '../../src/content/embedded/embedded-content-store.ts'
import { ContentError } from '../../src/content/errors.ts'
import { GatewaySource } from '../../src/content/gateway/gateway-source.ts'
import type { ContentSource } from '../../src/content/source.ts'
import { SourcedContentStore, type SourceEvent } from '../../src/content/sourced-content-store.ts'
import { Store } from '../../src/store/store.ts'
import { pattern } from '../codec/unixfs-blocks.ts'
import { tempFolder } from '../temp.ts'
import { failureOf } from './failure.ts'
import { contentStoreSuite } from './suite.ts'

const folder = tempFolder()
const ENOUGH = { maxBytes: 4 << 20 }
const LOCAL = { allowHttp: true, allowPrivate: true, timeoutMs: 1_000 }
const closers: (() => Promise<unknown>)[] = []
let count = 0

afterAll(async () => {
  for (const close of closers) await close()
})

async function embedded(): Promise<EmbeddedContentStore> {
  const store = await Store.open(join(folder, `${count++}`))
  closers.push(() => store.close())
  return new EmbeddedContentStore(store)
}

/** A server on this machine; gives its URL, and what it was asked for. */
async function serve(answer: RequestListener): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(async () => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

/** A trustless gateway over the blocks of files. */
async function gateway(...files: Uint8Array[]) {
  const blocks = new Map<string, Uint8Array>()
  for (const file of files) {
    for (const { cid, bytes } of (await fileBlocks(file)).blocks) blocks.set(cidText(cid), bytes)
  }
  return serve((request, response) => {
    const block = blocks.get(/^\/ipfs\/(\w+)\?format=raw$/.exec(request.url ?? '')?.[1] ?? '')
    if (request.headers.accept !== 'application/vnd.ipld.raw') response.writeHead(406).end()
    else if (block === undefined) response.writeHead(404).end('not found')
    else response.writeHead(200, { 'content-type': 'application/vnd.ipld.raw' }).end(block)
  })
}

async function cidOf(bytes: Uint8Array): Promise<string> {
  return cidText((await fileBlocks(bytes)).root)
}

const LARGE = pattern(700_000)
const HELLO = Buffer.from('hello world\n')

describe('a gateway as a source', () => {
  it('gives a file block by block, by version 0 and 1 of its CID', async () => {
    const { url, asked } = await gateway(LARGE)
    const cid = await cidOf(LARGE)
    const source = new GatewaySource(`${url}/`, LOCAL)
    expect(Buffer.compare(await source.get(cid, ENOUGH), LARGE)).toBe(0)
    expect(asked).toHaveLength(4)
    expect(source.name).toBe(url)
    const v1 = parseCid(cid).toV1().toString()
    const { url: other } = await gateway(HELLO)
    await expect(new GatewaySource(other, LOCAL).get(v1, ENOUGH)).rejects.toMatchObject({
      code: 'CONTENT_NOT_FOUND',
    })
  })

  it.each([
    ['nothing there', 404, '', 'CONTENT_NOT_FOUND'],
    ['nothing there any more', 410, '', 'CONTENT_NOT_FOUND'],
    ['too many requests', 429, '', 'CONTENT_NOT_REACHABLE'],
    ['a failure', 500, 'x', 'CONTENT_NOT_REACHABLE'],
    ['other bytes', 200, 'other bytes', 'CONTENT_MISMATCH'],
    ['no bytes', 200, '', 'CONTENT_MISMATCH'],
  ] as const)('with %s fails with the code for it', async (_, status, body, code) => {
    const { url } = await serve((_request, response) => response.writeHead(status).end(body))
    const failure = await failureOf(new GatewaySource(url, LOCAL).get(await cidOf(HELLO), ENOUGH))
    expect(failure).toBe(code)
  })

  it('that sends bytes without end is left at the largest block there is', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200)
      const send = () => {
        while (response.write(Buffer.alloc(1 << 16)));
      }
      response.on('drain', send)
      send()
    })
    const failure = await failureOf(
      new GatewaySource(url, { ...LOCAL, timeoutMs: 20_000 }).get(await cidOf(HELLO), ENOUGH),
    )
    expect(failure).toBe('CONTENT_MISMATCH')
  })

  it('that never answers is left after a while, or when the caller wants no more', async () => {
    const { url } = await serve(() => {})
    const cid = await cidOf(HELLO)
    expect(await failureOf(new GatewaySource(url, { ...LOCAL, timeoutMs: 50 }).get(cid, ENOUGH))).toBe(
      'CONTENT_NOT_REACHABLE',
    )
    const reason = new TypeError('no more')
    const get = new GatewaySource(url, { ...LOCAL, timeoutMs: 20_000 }).get(cid, {
      ...ENOUGH,
      signal: AbortSignal.abort(reason),
    })
    await expect(get).rejects.toBe(reason)
  })

  it('is not asked at an address that is not public, nor led to one, unless that is allowed', async () => {
    const { url, asked } = await gateway(HELLO)
    const cid = await cidOf(HELLO)
    expect(await failureOf(new GatewaySource(url, { allowHttp: true }).get(cid, ENOUGH))).toBe(
      'CONTENT_NOT_REACHABLE',
    )
    expect(asked).toEqual([])
    const leading = await serve((_request, response) =>
      response.writeHead(302, { location: `${url}/ipfs/x` }).end(),
    )
    const led = new GatewaySource(leading.url, { ...LOCAL, maxRedirects: 0 })
    expect(await failureOf(led.get(cid, ENOUGH))).toBe('CONTENT_NOT_REACHABLE')
    expect(asked).toEqual([])
  })

  it('gives no more than the caller takes', async () => {
    const { url, asked } = await gateway(LARGE)
    const failure = await failureOf(
      new GatewaySource(url, LOCAL).get(await cidOf(LARGE), { maxBytes: 699_999 }),
    )
    expect(failure).toBe('CONTENT_TOO_LARGE')
    expect(asked).toHaveLength(1)
  })
})

contentStoreSuite(
  'content with a source that has nothing',
  async () => {
    const { url } = await gateway()
    return {
      store: new SourcedContentStore({ local: await embedded(), sources: [new GatewaySource(url, LOCAL)] }),
    }
  },
  { blocks: false, durable: false, damage: false },
)

/** A source of a test's own making. */
function source(name: string, get: ContentSource['get']): ContentSource {
  return { name, get }
}

const failing = (name: string, code: ContentError['code']) =>
  source(name, () => Promise.reject(new ContentError(code, code)))

describe('content with sources', () => {
  it('is fetched once, and kept', async () => {
    const { url, asked } = await gateway(LARGE)
    const cid = await cidOf(LARGE)
    const store = new SourcedContentStore({
      local: await embedded(),
      sources: [new GatewaySource(url, LOCAL)],
    })
    expect(await store.has(cid)).toBe(false)
    expect(asked).toEqual([])
    for (let i = 0; i < 2; i++) expect(Buffer.compare(await store.get(cid, ENOUGH), LARGE)).toBe(0)
    expect(asked).toHaveLength(4)
    expect(await store.has(cid)).toBe(true)
  })

  it('comes from the next source where one fails, at once, and tells which did', async () => {
    const { url } = await gateway(HELLO)
    const events: SourceEvent[] = []
    const sources = [
      failing('absent', 'CONTENT_NOT_FOUND'),
      failing('lying', 'CONTENT_MISMATCH'),
      failing('gone', 'CONTENT_NOT_REACHABLE'),
      new GatewaySource(url, LOCAL),
    ]
    const store = new SourcedContentStore({
      local: await embedded(),
      sources,
      hedgeAfterMs: 60_000,
      onEvent: event => events.push(event),
    })
    const cid = await cidOf(HELLO)
    expect(Buffer.from(await store.get(cid, ENOUGH))).toEqual(HELLO)
    expect(events).toEqual([
      { source: 'absent', cid, failure: 'CONTENT_NOT_FOUND' },
      { source: 'lying', cid, failure: 'CONTENT_MISMATCH' },
      { source: 'gone', cid, failure: 'CONTENT_NOT_REACHABLE' },
      { source: url, cid },
    ])
  })

  it('waits for no source that keeps it waiting, and ends what it no longer needs', async () => {
    const { url } = await gateway(HELLO)
    let ended = false
    const hanging = source('hanging', (_, { signal }) => {
      return new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          ended = true
          reject(signal.reason)
        })
      })
    })
    const sources = [hanging, new GatewaySource(url, LOCAL)]
    const store = new SourcedContentStore({ local: await embedded(), sources, hedgeAfterMs: 10 })
    expect(Buffer.from(await store.get(await cidOf(HELLO), ENOUGH))).toEqual(HELLO)
    expect(ended).toBe(true)
  })

  it('that nobody has fails with what says most, and what no source can help ends it', async () => {
    const cid = await cidOf(HELLO)
    const get = async (...codes: ContentError['code'][]) => {
      const sources = codes.map((code, i) => failing(String(i), code))
      return failureOf(new SourcedContentStore({ local: await embedded(), sources }).get(cid, ENOUGH))
    }
    expect(await get('CONTENT_NOT_FOUND', 'CONTENT_NOT_REACHABLE')).toBe('CONTENT_NOT_REACHABLE')
    expect(await get('CONTENT_NOT_FOUND', 'CONTENT_MISMATCH')).toBe('CONTENT_MISMATCH')
    expect(await get('CONTENT_NOT_REACHABLE', 'CONTENT_TOO_LARGE')).toBe('CONTENT_TOO_LARGE')
    expect(await get()).toBe('CONTENT_NOT_FOUND')
  })

  it('is not waited for once the caller wants no more', async () => {
    const hanging = source('hanging', (_, { signal }) => {
      return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    })
    const store = new SourcedContentStore({
      local: await embedded(),
      sources: [hanging, hanging],
      hedgeAfterMs: 5,
    })
    const abort = new AbortController()
    const reason = new TypeError('no more')
    setTimeout(() => abort.abort(reason), 30)
    await expect(store.get(await cidOf(HELLO), { ...ENOUGH, signal: abort.signal })).rejects.toBe(reason)
  })

  it('hides no fault of a source that is not content', async () => {
    const broken = source('broken', () => Promise.reject(new TypeError('a fault')))
    const store = new SourcedContentStore({ local: await embedded(), sources: [broken] })
    await expect(store.get(await cidOf(HELLO), ENOUGH)).rejects.toThrow('a fault')
  })
})
