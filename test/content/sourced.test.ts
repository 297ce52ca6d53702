import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { cidText, parseCid } from '../../src/codec/cid.ts'
import { type Block, fileBlocks } from '../../src/codec/unixfs.ts'
import { EmbeddedContentStore } from '../../src/content/embedded/embedded-content-store.ts'
import { ContentError } from '../../src/content/errors.ts'
import { GatewaySource } from '../../src/content/gateway/gateway-source.ts'
import type { ContentSource, SourcedFile } from '../../src/content/source.ts'
import { SourceCounts } from '../../src/content/source-counts.ts'
import type { SourceEvent } from '../../src/content/source-search.ts'
import { SourcedContentStore } from '../../src/content/sourced-content-store.ts'
import type { ContentStore, FileKeeper } from '../../src/content/types.ts'
import { Store } from '../../src/store/store.ts'
import { leaf, otherLayout, parent, pattern } from '../codec/unixfs-blocks.ts'
import { tempFolder } from '../temp.ts'
import { failureOf } from './failure.ts'
import { contentStoreSuite } from './suite.ts'

const folder = tempFolder()
const ENOUGH = { maxBytes: 4 << 20 }
const LOCAL = { allowHttp: true, allowPrivate: true, timeoutMs: 20_000 }
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

/** A trustless gateway over blocks of a test's own making. */
function gatewayOf(...blocks: Block[]) {
  const held = new Map(blocks.map(({ cid, bytes }) => [cidText(cid), bytes]))
  return serve((request, response) => {
    const block = held.get(/^\/ipfs\/(\w+)\?/.exec(request.url ?? '')?.[1] ?? '')
    response.writeHead(block === undefined ? 404 : 200).end(block)
  })
}

async function cidOf(bytes: Uint8Array): Promise<string> {
  return cidText((await fileBlocks(bytes)).root)
}

const LARGE = pattern(600_000)
const HELLO = Buffer.from('hello world\n')
const HELLO_FILE: SourcedFile = { bytes: HELLO, blocks: [] }

describe('a gateway as a source', () => {
  it('gives a file block by block, by version 0 and 1 of its CID', async () => {
    const { url, asked } = await gateway(LARGE)
    const cid = await cidOf(LARGE)
    const source = new GatewaySource(`${url}/`, LOCAL)
    expect(Buffer.compare((await source.get(cid, ENOUGH)).bytes, LARGE)).toBe(0)
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

  it('gives no file of blocks that do not fit together', async () => {
    const small = leaf(Buffer.alloc(100))
    const cases: [string, string, Block[]][] = [
      ['another size than its parent says', 'CONTENT_NOT_A_FILE', [parent([small, 99]), small]],
      ['a part that is missing', 'CONTENT_NOT_FOUND', [parent([small, 100])]],
      ['more than it may have', 'CONTENT_TOO_LARGE', [parent([small, 5 << 20]), small]],
    ]
    let deep = small
    const nested = [small]
    for (let i = 0; i < 17; i++) {
      deep = parent([deep, 100])
      nested.unshift(deep)
    }
    cases.push(['too many levels', 'CONTENT_NOT_A_FILE', nested])
    for (const [what, code, blocks] of cases) {
      const { url } = await gatewayOf(...blocks)
      const cid = cidText((blocks[0] ?? small).cid)
      expect(await failureOf(new GatewaySource(url, LOCAL).get(cid, ENOUGH)), what).toBe(code)
    }
  })

  it('that answers everything with the same block leads to no end', async () => {
    const root = parent([leaf(Buffer.alloc(100)), 100])
    const { url, asked } = await serve((_request, response) => response.writeHead(200).end(root.bytes))
    expect(await failureOf(new GatewaySource(url, LOCAL).get(cidText(root.cid), ENOUGH))).toBe(
      'CONTENT_MISMATCH',
    )
    expect(asked).toHaveLength(2)
  })

  it('gives the file or fails with a ContentError, whatever bytes it answers', async () => {
    const [block] = (await fileBlocks(HELLO)).blocks
    const valid = block?.bytes ?? new Uint8Array()
    let body: Uint8Array = valid
    const { url } = await serve((_request, response) => response.writeHead(200).end(body))
    const source = new GatewaySource(url, LOCAL)
    const cid = await cidOf(HELLO)
    for (let length = 0; length < valid.length; length++) {
      body = valid.subarray(0, length)
      expect(await failureOf(source.get(cid, ENOUGH))).toBe('CONTENT_MISMATCH')
    }
    const changed = fc.tuple(fc.nat(valid.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, by]) => {
      const bytes = Buffer.from(valid)
      bytes.writeUInt8(bytes.readUInt8(at) ^ by, at)
      return bytes
    })
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 300 }), changed), async bytes => {
        body = bytes
        expect(await failureOf(source.get(cid, ENOUGH))).toBe('CONTENT_MISMATCH')
      }),
    )
    body = valid
    expect(Buffer.from((await source.get(cid, ENOUGH)).bytes)).toEqual(HELLO)
  })

  it('that is slow with every block is left when the time for the file is over', async () => {
    const { blocks } = await fileBlocks(LARGE)
    const { url } = await serve((request, response) => {
      const cid = /^\/ipfs\/(\w+)\?/.exec(request.url ?? '')?.[1]
      const block = blocks.find(each => cidText(each.cid) === cid)
      setTimeout(() => response.writeHead(200).end(block?.bytes), 60)
    })
    const source = new GatewaySource(url, { ...LOCAL, fileTimeoutMs: 100 })
    expect(await failureOf(source.get(await cidOf(LARGE), ENOUGH))).toBe('CONTENT_NOT_REACHABLE')
  })

  it.each(['', 'gateway.example', 'https://me:secret@gateway.example', 'https://a/?b', 'https://a/#b'])(
    'is not named by %s',
    url => {
      expect(() => new GatewaySource(url)).toThrow(TypeError)
    },
  )

  it('gives no more than the caller takes', async () => {
    const { url, asked } = await gateway(LARGE)
    const failure = await failureOf(
      new GatewaySource(url, LOCAL).get(await cidOf(LARGE), { maxBytes: 599_999 }),
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
  { blocks: false, durable: false, damage: false, keeps: false },
)

contentStoreSuite(
  'content that is written elsewhere and read from a gateway',
  async () => {
    const writer = await embedded()
    const { url } = await serve((request, response) => {
      const cid = /^\/ipfs\/(\w+)\?format=raw$/.exec(request.url ?? '')?.[1] ?? ''
      writer.block(cid, ENOUGH).then(
        block => response.writeHead(200).end(block),
        () => response.writeHead(404).end(),
      )
    })
    const reader = new SourcedContentStore({
      local: await embedded(),
      sources: [new GatewaySource(url, LOCAL)],
    })
    const store: ContentStore = {
      put: async (bytes, options) => {
        if (closed) return reader.put(bytes, options)
        return writer.put(bytes, options)
      },
      get: (cid, options) => reader.get(cid, options),
      // What the reader has not read yet, it does not hold.
      has: async cid => (await reader.has(cid)) || writer.has(cid),
      close: async () => {
        closed = true
        await reader.close()
      },
    }
    let closed = false
    return { store }
  },
  { blocks: false, durable: false, damage: false, keeps: false },
)

/** A source of a test's own making. */
function source(name: string, get: ContentSource['get']): ContentSource {
  return { name, get }
}

/** A store that has nothing, and forgets what it is given. */
const nothing: ContentStore & FileKeeper = {
  put: async () => 'cid',
  keep: async () => {},
  get: () => Promise.reject(new ContentError('CONTENT_NOT_FOUND', 'nothing')),
  has: async () => false,
  close: async () => {},
}

afterEach(() => {
  vi.useRealTimers()
})

/** Sources that answer when a test says so, while time passes as it says. */
function hangingSources(count: number) {
  vi.useFakeTimers()
  const asked: string[] = []
  const rejects: ((error: unknown) => void)[] = []
  const sources = Array.from({ length: count }, (_, i) =>
    source(String(i), () => {
      asked.push(String(i))
      return new Promise((_resolve, reject) => {
        rejects[i] = reject
      })
    }),
  )
  const fail = (i: number, code: ContentError['code']) => rejects[i]?.(new ContentError(code, code))
  return { sources, asked, fail, passes: (ms: number) => vi.advanceTimersByTimeAsync(ms) }
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

  it('is asked for at the next source at once when one fails while another keeps it waiting', async () => {
    const { sources, asked, fail, passes } = hangingSources(3)
    const got = new SourcedContentStore({ local: nothing, sources, hedgeAfterMs: 1000 }).get('cid', ENOUGH)
    const outcome = failureOf(got)
    await passes(999)
    expect(asked).toEqual(['0'])
    await passes(1)
    expect(asked).toEqual(['0', '1'])
    fail(1, 'CONTENT_MISMATCH')
    await passes(0)
    expect(asked).toEqual(['0', '1', '2'])
    for (const i of [0, 2]) fail(i, 'CONTENT_NOT_FOUND')
    expect(await outcome).toBe('CONTENT_MISMATCH')
  })

  it('is asked for at so many sources at a time, and no more', async () => {
    const { sources, asked, fail, passes } = hangingSources(5)
    const parts = { local: nothing, sources, hedgeAfterMs: 10, parallel: 2, slowAfterMs: 100_000 }
    const outcome = failureOf(new SourcedContentStore(parts).get('cid', ENOUGH))
    await passes(10_000)
    expect(asked).toEqual(['0', '1'])
    fail(0, 'CONTENT_NOT_FOUND')
    await passes(10_000)
    expect(asked).toEqual(['0', '1', '2'])
    for (const i of [1, 2]) fail(i, 'CONTENT_NOT_FOUND')
    await passes(10_000)
    expect(asked).toEqual(['0', '1', '2', '3', '4'])
    for (const i of [3, 4]) fail(i, 'CONTENT_NOT_REACHABLE')
    expect(await outcome).toBe('CONTENT_NOT_REACHABLE')
  })

  it.each(['CONTENT_NOT_A_FILE', 'CONTENT_TOO_LARGE', 'CONTENT_CID_INVALID'] as const)(
    'is not asked for any more where no source can help: %s',
    async code => {
      const { sources, asked, fail } = hangingSources(2)
      const outcome = failureOf(
        new SourcedContentStore({ local: nothing, sources, hedgeAfterMs: 1000 }).get('cid', ENOUGH),
      )
      await vi.waitFor(() => expect(asked).toEqual(['0']))
      fail(0, code)
      expect(await outcome).toBe(code)
      expect(asked).toEqual(['0'])
    },
  )

  it('is not waited for at a source that does not listen, once another has given it', async () => {
    const events: SourceEvent[] = []
    const counts = new SourceCounts()
    const deaf = source('deaf', () => new Promise(() => {}))
    const giving = source('giving', async () => HELLO_FILE)
    const store = new SourcedContentStore({
      local: nothing,
      sources: [deaf, failing('lying', 'CONTENT_MISMATCH'), giving],
      hedgeAfterMs: 5,
      onEvent: event => {
        events.push(event)
        counts.add(event)
      },
    })
    for (let i = 0; i < 2; i++) expect(await store.get('cid', ENOUGH)).toEqual(HELLO)
    expect(events.map(event => event.source)).toEqual(['lying', 'giving', 'giving'])
    expect(counts.list()).toEqual([
      { source: 'lying', outcome: 'CONTENT_MISMATCH', count: 1 },
      { source: 'giving', outcome: 'given', count: 2 },
    ])
  })

  it('is handed out where it cannot be kept, since it is no less right, and the operator is told', async () => {
    const full = { ...nothing, keep: () => Promise.reject(new ContentError('CONTENT_FULL', 'full')) }
    const giving = source('giving', async () => HELLO_FILE)
    const unkept: unknown[] = []
    const store = new SourcedContentStore({
      local: full,
      sources: [giving],
      onUnkept: event => unkept.push(event),
    })
    expect(await store.get('cid', ENOUGH)).toBe(HELLO)
    expect(unkept).toEqual([{ cid: 'cid', failure: 'CONTENT_FULL' }])
  })

  it('comes from an honest source in time, however many before it are silent', async () => {
    const { sources, asked, passes } = hangingSources(6)
    const honest = source('honest', async () => HELLO_FILE)
    const store = new SourcedContentStore({ local: nothing, sources: [...sources, honest] })
    const got = store.get('cid', ENOUGH)
    await passes(1_999)
    expect(asked).toEqual(['0', '1', '2'])
    await passes(3_000)
    expect(asked).toHaveLength(6)
    expect(await got).toBe(HELLO)
  })

  it('is asked for last at a source that was silent, lied or failed, and not at one that had it not', async () => {
    const { sources, asked, passes } = hangingSources(1)
    const told = (name: string, get: ContentSource['get']) =>
      source(name, (...args) => {
        asked.push(name)
        return get(...args)
      })
    const failed = (name: string, code: ContentError['code']) =>
      told(name, () => Promise.reject(new ContentError(code, code)))
    const store = new SourcedContentStore({
      local: nothing,
      sources: [
        failed('lying', 'CONTENT_MISMATCH'),
        ...sources,
        failed('absent', 'CONTENT_NOT_FOUND'),
        failed('gone', 'CONTENT_NOT_REACHABLE'),
        told('slow', () => new Promise(resolve => setTimeout(resolve, 5_000, HELLO_FILE))),
      ],
    })
    const first = store.get('cid', ENOUGH)
    await passes(10_000)
    expect(await first).toBe(HELLO)
    expect(asked).toEqual(['lying', '0', 'absent', 'gone', 'slow'])
    asked.length = 0
    const second = store.get('cid', ENOUGH)
    await passes(10_000)
    expect(await second).toBe(HELLO)
    expect(asked).toEqual(['absent', 'slow', 'lying', 'gone', '0'])
  })

  it('is asked for last at sources that used up all the time of the caller', async () => {
    const { sources, asked, passes } = hangingSources(2)
    const honest = source('honest', async () => HELLO_FILE)
    const times = { hedgeAfterMs: 3_000, slowAfterMs: 3_000 }
    const store = new SourcedContentStore({ local: nothing, sources: [...sources, honest], ...times })
    const abort = new AbortController()
    const got = store.get('cid', { ...ENOUGH, signal: abort.signal })
    const outcome = got.catch((reason: unknown) => reason)
    await passes(5_000)
    abort.abort('no more')
    expect(await outcome).toBe('no more')
    expect(asked).toEqual(['0', '1'])
    const again = store.get('cid', ENOUGH)
    await passes(6_000)
    expect(await again).toBe(HELLO)
    expect(asked).toEqual(['0', '1', '1'])
  })

  it('in another layout is fetched once, and had by its own CID from then on', async () => {
    const { root, blocks } = otherLayout()
    const { url, asked } = await gatewayOf(...blocks)
    const local = await embedded()
    const cid = cidText(root)
    const store = new SourcedContentStore({ local, sources: [new GatewaySource(url, LOCAL)] })
    for (let i = 0; i < 3; i++) expect(Buffer.compare(await store.get(cid, ENOUGH), LARGE)).toBe(0)
    expect(asked).toHaveLength(blocks.length)
    expect(await store.has(cid)).toBe(true)
    expect(await store.has(await cidOf(LARGE))).toBe(false)
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
