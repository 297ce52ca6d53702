import { once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { cidText, parseCid } from '../../src/codec/cid.ts'
import { fileBlocks } from '../../src/codec/unixfs.ts'
import { KuboContentStore } from '../../src/content/kubo/kubo-content-store.ts'
import { KuboNetwork } from '../../src/content/kubo/kubo-network.ts'
import { KuboRpc } from '../../src/content/kubo/kubo-rpc.ts'
import { SourcedContentStore } from '../../src/content/sourced-content-store.ts'
import { pattern } from '../codec/unixfs-blocks.ts'
import { failureOf } from './failure.ts'
import { type KuboFault, KuboServer } from './kubo-server.ts'
import { contentStoreSuite } from './suite.ts'

const ENOUGH = { maxBytes: 4 << 20 }
const HELLO = Buffer.from('hello world\n')
const HELLO_CID = 'QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o'
const servers: KuboServer[] = []
const strangers: Server[] = []

afterAll(async () => {
  for (const stranger of strangers) {
    stranger.closeAllConnections()
    stranger.close()
  }
  for (const server of servers) await server.stop()
})

async function make() {
  const server = new KuboServer()
  servers.push(server)
  const url = await server.start()
  const rpc = new KuboRpc(url, { timeoutMs: 30_000 })
  /** For calls that are to fail when their time is over. */
  const hasty = new KuboContentStore(new KuboRpc(url, { timeoutMs: 200 }))
  return { server, rpc, hasty, store: new KuboContentStore(rpc) }
}

/** A server at the URL of Kubo's RPC that answers as a test says. */
async function hostile(answer: RequestListener) {
  const server = createServer((request, response) => {
    request.resume().once('end', () => answer(request, response))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  strangers.push(server)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, store: new KuboContentStore(new KuboRpc(url, { timeoutMs: 30_000 })) }
}

function pourInto(response: ServerResponse): void {
  const send = () => {
    while (response.write(Buffer.alloc(1 << 16)));
  }
  response.on('drain', send)
  send()
}

contentStoreSuite(
  'Kubo, as its RPC is documented,',
  async () => {
    const { server, rpc, store } = await make()
    return { store, reopen: async () => new KuboContentStore(rpc), damage: async cid => damage(server, cid) }
  },
  // Kubo does not write a block again that it has.
  { blocks: true, durable: true, damage: false, keeps: true },
)

/** Changes a bit of a block in the repository. */
function damage(server: KuboServer, cid: string): void {
  const key = Buffer.from(parseCid(cid).multihash.bytes).toString('hex')
  const block = Buffer.from(server.held.get(key) ?? '')
  block.writeUInt8(block.readUInt8(0) ^ 1)
  server.held.set(key, block)
}

describe('Kubo as a content store', () => {
  it('returns no damaged content', async () => {
    const { server, store } = await make()
    const cid = await store.put(HELLO)
    damage(server, cid)
    expect(await failureOf(store.get(cid, ENOUGH))).toBe('CONTENT_MISMATCH')
    expect(await failureOf(store.block(cid, ENOUGH))).toBe('CONTENT_MISMATCH')
    expect(await store.has(cid)).toBe(false)
  })

  it('holds what is pinned, and asks no network', async () => {
    const { server, store } = await make()
    const cid = await server.publish(HELLO)
    expect(await failureOf(store.get(cid, ENOUGH))).toBe('CONTENT_NOT_FOUND')
    expect(await failureOf(store.block(cid, ENOUGH))).toBe('CONTENT_NOT_FOUND')
    expect(await store.has(cid)).toBe(false)
    await store.put(HELLO)
    await store.get(cid, ENOUGH)
    server.pins.clear()
    expect(await store.has(cid)).toBe(false)
    expect(await failureOf(store.get(cid, ENOUGH))).toBe('CONTENT_NOT_FOUND')
    const read = server.asked.filter(call => call.startsWith('/api/v0/block/get'))
    expect(read.every(call => call.includes('offline=true'))).toBe(true)
    expect(read.length).toBeGreaterThan(0)
  })

  it.each<[KuboFault]>([['hanging'], ['failing'], ['nonsense'], ['breaking']])(
    'that is %s cannot be reached',
    async fault => {
      const { server, store, hasty } = await make()
      await store.put(HELLO)
      server.fault = fault
      expect(await failureOf(hasty.get(HELLO_CID, ENOUGH))).toBe('CONTENT_NOT_REACHABLE')
      expect(await failureOf(hasty.has(HELLO_CID))).toBe('CONTENT_NOT_REACHABLE')
      expect(await failureOf(hasty.put(HELLO))).toBe('CONTENT_NOT_REACHABLE')
      expect(await failureOf(hasty.health())).toBe('CONTENT_NOT_REACHABLE')
      server.fault = undefined
      expect(Buffer.from(await store.get(HELLO_CID, ENOUGH))).toEqual(HELLO)
    },
  )

  it('that is not there cannot be reached', async () => {
    const { server, store } = await make()
    await server.stop()
    expect(await failureOf(store.get(HELLO_CID, ENOUGH))).toBe('CONTENT_NOT_REACHABLE')
    expect(await failureOf(store.put(HELLO))).toBe('CONTENT_NOT_REACHABLE')
    expect(await failureOf(store.health())).toBe('CONTENT_NOT_REACHABLE')
  })

  it('is left at the first byte that is too many, in every call', async () => {
    const { server, store } = await make()
    await store.put(HELLO)
    server.fault = 'endless'
    expect(await failureOf(store.block(HELLO_CID, ENOUGH))).toBe('CONTENT_MISMATCH')
    expect(await failureOf(store.get(HELLO_CID, ENOUGH))).toBe('CONTENT_NOT_REACHABLE')
    expect(await failureOf(store.put(HELLO))).toBe('CONTENT_NOT_REACHABLE')
    expect(await failureOf(store.health())).toBe('CONTENT_NOT_REACHABLE')
  })

  it.each([
    ['errors without end', 500, {}],
    ['gzip that expands without end', 200, { 'content-encoding': 'gzip' }],
    ['gzip that expands without end, in an error', 500, { 'content-encoding': 'gzip' }],
  ])('that sends %s is left', async (_, status, headers) => {
    const bomb = gzipSync(Buffer.alloc(64 << 20))
    const { store } = await hostile((_request, response) => {
      response.writeHead(status, headers)
      if ('content-encoding' in headers) response.end(bomb)
      else pourInto(response)
    })
    const calls = [
      () => store.put(HELLO),
      () => store.block(HELLO_CID, ENOUGH),
      () => store.has(HELLO_CID),
      () => store.health(),
    ]
    for (const call of calls) {
      expect(['CONTENT_NOT_REACHABLE', 'CONTENT_MISMATCH']).toContain(await failureOf(call()))
    }
  })

  it.each([301, 302, 303, 307, 308])('that answers %d leads nobody elsewhere', async status => {
    const asked: string[] = []
    const elsewhere = await hostile((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      response.end()
    })
    const { store } = await hostile((request, response) => {
      response.writeHead(status, { location: `${elsewhere.url}${request.url}` }).end()
    })
    expect(await failureOf(store.put(HELLO))).toBe('CONTENT_NOT_REACHABLE')
    expect(await failureOf(store.block(HELLO_CID, ENOUGH))).toBe('CONTENT_NOT_REACHABLE')
    expect(await failureOf(store.has(HELLO_CID))).toBe('CONTENT_NOT_REACHABLE')
    expect(await failureOf(store.health())).toBe('CONTENT_NOT_REACHABLE')
    expect(asked).toEqual([])
  })

  it('that sends one byte after another is left when its time is over', async () => {
    const timers: NodeJS.Timeout[] = []
    const { url } = await hostile((_request, response) => {
      response.writeHead(200)
      timers.push(setInterval(() => response.write(' '), 10))
    })
    const store = new KuboContentStore(new KuboRpc(url, { timeoutMs: 150 }))
    expect(await failureOf(store.put(HELLO))).toBe('CONTENT_NOT_REACHABLE')
    expect(await failureOf(store.block(HELLO_CID, ENOUGH))).toBe('CONTENT_NOT_REACHABLE')
    expect(await failureOf(store.health())).toBe('CONTENT_NOT_REACHABLE')
    for (const timer of timers) clearInterval(timer)
  })

  it('that is slow with every block of a file is left when the time for the file is over', async () => {
    const { server, rpc } = await make()
    const cid = await new KuboContentStore(rpc).put(pattern(2_000_000))
    server.delayMs = 30
    const store = new KuboContentStore(rpc, { fileTimeoutMs: 100 })
    expect(await failureOf(store.get(cid, ENOUGH))).toBe('CONTENT_NOT_REACHABLE')
    const network = new KuboNetwork(rpc, { fileTimeoutMs: 100 })
    expect(await failureOf(network.get(cid, ENOUGH))).toBe('CONTENT_NOT_REACHABLE')
  })

  it('is believed no page of another server: what is not found there may be here', async () => {
    const { store } = await hostile((_request, response) => response.writeHead(404).end('404 page not found'))
    expect(await failureOf(store.block(HELLO_CID, ENOUGH))).toBe('CONTENT_NOT_REACHABLE')
    expect(await failureOf(store.has(HELLO_CID))).toBe('CONTENT_NOT_REACHABLE')
  })

  it('has no file pinned when it names none', async () => {
    const { store } = await hostile((_request, response) => response.end('{"Keys":{}}'))
    expect(await store.has(HELLO_CID)).toBe(false)
  })

  it('shows of its words a short line of ASCII', async () => {
    const { store } = await hostile((_request, response) =>
      response.writeHead(500).end(JSON.stringify({ Message: `\u001b[2J\n${'x'.repeat(9_000)}` })),
    )
    const error = await store.put(HELLO).catch((failure: unknown) => failure)
    expect(error).toMatchObject({ code: 'CONTENT_NOT_REACHABLE' })
    expect(String(error)).toMatch(/^[\x20-\x7e]{1,300}$/)
  })

  it('that changes bytes gives none of them', async () => {
    const { server, store } = await make()
    const cid = await store.put(pattern(600_000))
    server.fault = 'lying'
    expect(await failureOf(store.get(cid, ENOUGH))).toBe('CONTENT_MISMATCH')
  })

  it('must store what it is given under the CID that it has', async () => {
    const { server, store } = await make()
    server.fault = 'other CID'
    expect(await failureOf(store.put(HELLO))).toBe('CONTENT_MISMATCH')
  })

  it('tells that it is full', async () => {
    const { server, store } = await make()
    server.fault = 'full'
    expect(await failureOf(store.put(HELLO))).toBe('CONTENT_FULL')
  })

  it('is given up when the caller wants no more', async () => {
    const { server, store } = await make()
    await store.put(HELLO)
    server.fault = 'hanging'
    const reason = new RangeError('no more')
    const abort = new AbortController()
    const calls = [
      store.get(HELLO_CID, { ...ENOUGH, signal: abort.signal }),
      store.block(HELLO_CID, { ...ENOUGH, signal: abort.signal }),
      store.put(HELLO, { signal: abort.signal }),
    ]
    abort.abort(reason)
    const results = await Promise.allSettled(calls)
    expect(results.map(each => each.status === 'rejected' && each.reason)).toEqual([reason, reason, reason])
  })

  it('says who it is, and is asked once by all who ask at the same time', async () => {
    const { server, store } = await make()
    const [one, two] = await Promise.all([store.health(), store.health()])
    expect(one).toEqual({ peerId: expect.stringMatching(/^12D3/), agent: 'kubo/0.0.0-test' })
    expect(two).toBe(one)
    expect(server.asked).toHaveLength(1)
    await store.health()
    expect(server.asked).toHaveLength(2)
  })

  it('fails with a ContentError whatever bytes it answers', async () => {
    let body: Uint8Array = new Uint8Array()
    let status = 200
    const { store } = await hostile((_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(body)
    })
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.constant('{"Hash":"x"}\n'),
      fc.constant('{"Keys":{"x":1}}'),
    )
    const anyBody = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      text.map(each => Buffer.from(each)),
    )
    await fc.assert(
      fc.asyncProperty(anyBody, fc.constantFrom(200, 400, 500), async (bytes, code) => {
        body = bytes
        status = code
        expect(await failureOf(store.put(HELLO))).toMatch(/^CONTENT_/)
        expect(await failureOf(store.block(HELLO_CID, ENOUGH))).toMatch(/^CONTENT_/)
        await failureOf(store.has(HELLO_CID))
        await failureOf(store.health())
      }),
    )
  })

  it.each(['ftp://kubo', 'http://user:secret@kubo:5001', 'http://kubo/?a=b', 'http://kubo/#a', 'kubo', ''])(
    'is not asked at %s',
    url => {
      expect(() => new KuboRpc(url)).toThrow(TypeError)
    },
  )
})

describe('the network of a Kubo node', () => {
  it('gives what other nodes have, which is pinned then', async () => {
    const { server, rpc, store } = await make()
    const file = pattern(600_000)
    const cid = await server.publish(file)
    const content = new SourcedContentStore({ local: store, sources: [new KuboNetwork(rpc)] })
    expect(await content.has(cid)).toBe(false)
    expect(Buffer.compare(await content.get(cid, ENOUGH), file)).toBe(0)
    expect(server.pins).toEqual(new Set([cid]))
    server.network.clear()
    expect(await store.has(cid)).toBe(true)
  })

  it('is not believed, and changes no pins', async () => {
    const { server, rpc } = await make()
    const network = new KuboNetwork(rpc)
    const cid = await server.publish(pattern(600_000))
    expect(await failureOf(network.get(cid, { maxBytes: 599_999 }))).toBe('CONTENT_TOO_LARGE')
    server.fault = 'lying'
    expect(await failureOf(network.get(cid, ENOUGH))).toBe('CONTENT_MISMATCH')
    server.fault = undefined
    const absent = cidText((await fileBlocks(HELLO)).root)
    expect(await failureOf(network.get(absent, ENOUGH))).toBe('CONTENT_NOT_REACHABLE')
    await network.get(cid, ENOUGH)
    expect(server.pins).toEqual(new Set())
  })

  it('gives a file that cannot be pinned, and the operator is told', async () => {
    const { server, rpc, store } = await make()
    const file = pattern(600_000)
    const cid = await server.publish(file)
    const unkept: unknown[] = []
    const content = new SourcedContentStore({
      local: store,
      sources: [new KuboNetwork(rpc)],
      onUnkept: event => unkept.push(event),
    })
    server.fault = 'full'
    expect(Buffer.compare(await content.get(cid, ENOUGH), file)).toBe(0)
    expect(unkept).toEqual([{ cid, failure: 'CONTENT_FULL' }])
    expect(await content.has(cid)).toBe(false)
  })
})
