import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { cidText } from '../../src/codec/cid.ts'
import { fileBlocks } from '../../src/codec/unixfs.ts'
import { EmbeddedContentStore } from '../../src/content/embedded/embedded-content-store.ts'
import { GatewaySource } from '../../src/content/gateway/gateway-source.ts'
import type { SourceEvent } from '../../src/content/source-search.ts'
import { SourcedContentStore } from '../../src/content/sourced-content-store.ts'
import { Store } from '../../src/store/store.ts'
import { pattern } from '../codec/unixfs-blocks.ts'
import { tempFolder } from '../temp.ts'
import { failureOf } from './failure.ts'

/** How `rootline up` asks the gateways that its operator names. */
const NAMED = { allowPrivate: true, allowHttp: true, maxRedirects: 0 }
const ENOUGH = { maxBytes: 1 << 20 }
const FILE = pattern(300_000)

const folder = tempFolder()
const closers: (() => Promise<unknown>)[] = []
const timers = new Set<NodeJS.Timeout>()
let count = 0

afterAll(async () => {
  for (const timer of timers) clearInterval(timer)
  for (const close of closers.reverse()) await close()
})

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(async () => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const { root, blocks } = await fileBlocks(FILE)
const cid = cidText(root)
const held = new Map(blocks.map(block => [cidText(block.cid), block.bytes]))
const wanted = (url: string | undefined) => held.get(/^\/ipfs\/(\w+)\?/.exec(url ?? '')?.[1] ?? '')
const honest: RequestListener = (request, response) => response.end(wanted(request.url))

/** Where nobody may be led to: it counts who comes. */
const inside = { asked: 0, url: '' }
inside.url = await serve((_request, response) => {
  inside.asked++
  response.end('secret')
})

function pour(response: ServerResponse, part: Uint8Array): void {
  const send = () => {
    while (!response.destroyed && response.write(part));
  }
  response.on('drain', send)
  send()
}

function drip(response: ServerResponse, start: Uint8Array): void {
  response.writeHead(200).write(start)
  const timer = setInterval(() => response.write('x'), 5)
  timers.add(timer)
  response.on('close', () => clearInterval(timer))
}

/** What a gateway may do that is asked for a block, and how it is told. */
const FAULTS: readonly [string, RequestListener, string][] = [
  ['other bytes', (_, response) => response.end('other bytes'), 'CONTENT_MISMATCH'],
  ['no bytes', (_, response) => response.end(), 'CONTENT_MISMATCH'],
  [
    'the right bytes and one more',
    ({ url }, response) => response.end(Buffer.concat([wanted(url) ?? Buffer.alloc(0), Buffer.from('x')])),
    'CONTENT_MISMATCH',
  ],
  ['bytes without end', (_, response) => pour(response, Buffer.alloc(1 << 16)), 'CONTENT_MISMATCH'],
  [
    'the right bytes and more without end',
    ({ url }, response) => {
      response.write(wanted(url))
      pour(response, Buffer.alloc(1 << 16))
    },
    'CONTENT_MISMATCH',
  ],
  [
    'bytes that expand without end',
    (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(BOMB),
    'CONTENT_MISMATCH',
  ],
  [
    'the promise of too many bytes',
    (_, response) => {
      response.writeHead(200, { 'content-length': String(2 ** 40) }).write('x')
    },
    'CONTENT_MISMATCH',
  ],
  [
    'an error without end',
    (_, response) => pour(response.writeHead(500), Buffer.alloc(1 << 16)),
    'CONTENT_MISMATCH',
  ],
  ['nothing, ever', () => {}, 'CONTENT_NOT_REACHABLE'],
  [
    'headers, and nothing after them',
    (_, response) => response.writeHead(200).flushHeaders(),
    'CONTENT_NOT_REACHABLE',
  ],
  ['a slow drip', (_, response) => drip(response, Buffer.alloc(0)), 'CONTENT_NOT_REACHABLE'],
  [
    'a slow drip after the right bytes',
    ({ url }, response) => drip(response, wanted(url) ?? Buffer.alloc(0)),
    'CONTENT_NOT_REACHABLE',
  ],
  [
    'half of it',
    ({ url }, response) => {
      response
        .writeHead(200, { 'content-length': '100000' })
        .write((wanted(url) ?? Buffer.alloc(9)).subarray(0, 9))
      setImmediate(() => response.destroy())
    },
    'CONTENT_NOT_REACHABLE',
  ],
  ['a closed connection', (_, response) => response.destroy(), 'CONTENT_NOT_REACHABLE'],
  [
    'what is no HTTP',
    (_, response) => response.socket?.end('SSH-2.0-OpenSSH_9.2\r\n'),
    'CONTENT_NOT_REACHABLE',
  ],
  ...[301, 302, 303, 307, 308].map((status): [string, RequestListener, string] => [
    `a redirect to an address inside (${status})`,
    ({ url }, response) => response.writeHead(status, { location: `${inside.url}${url}` }).end(),
    'CONTENT_NOT_REACHABLE',
  ]),
  [
    'a redirect to the address of a cloud',
    (_, response) => response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end(),
    'CONTENT_NOT_REACHABLE',
  ],
  [
    'a redirect to a file',
    (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    'CONTENT_NOT_REACHABLE',
  ],
  ['a redirect to nowhere', (_, response) => response.writeHead(302).end(), 'CONTENT_NOT_REACHABLE'],
]
const BOMB = gzipSync(Buffer.alloc(64 << 20))

describe.each(FAULTS)('a gateway that sends %s', (_, fault, code) => {
  it('gives nothing, and is told by what it does', async () => {
    // Short only where the time is what ends it: a busy machine must not turn one failure into another.
    const timeoutMs = code === 'CONTENT_NOT_REACHABLE' ? 400 : 30_000
    const source = new GatewaySource(await serve(fault), { ...NAMED, timeoutMs })
    expect(await failureOf(source.get(cid, ENOUGH))).toBe(code)
    expect(inside.asked).toBe(0)
  })

  it.each(['before', 'after'])('keeps no file from who asks an honest one %s it', async place => {
    const bad = new GatewaySource(await serve(fault), { ...NAMED, timeoutMs: 20_000 })
    const good = new GatewaySource(await serve(honest), NAMED)
    const database = await Store.open(join(folder, `${count++}`))
    closers.push(() => database.close())
    const local = new EmbeddedContentStore(database)
    const events: SourceEvent[] = []
    const store = new SourcedContentStore({
      local,
      sources: place === 'before' ? [good, bad] : [bad, good],
      hedgeAfterMs: 20,
      onEvent: event => events.push(event),
    })
    expect(Buffer.compare(await store.get(cid, ENOUGH), FILE)).toBe(0)
    expect(events.filter(({ failure }) => failure === undefined)).toEqual([{ source: good.name, cid }])
    expect(Buffer.compare(await local.get(cid, ENOUGH), FILE)).toBe(0)
    expect(inside.asked).toBe(0)
  })
})

it('a gateway that gives all blocks but one leads to a file from elsewhere, not to a mixture', async () => {
  const [first] = blocks
  const sparse = await serve((request, response) => {
    const block = wanted(request.url)
    if (block === first?.bytes) response.writeHead(404).end()
    else response.end(block)
  })
  const database = await Store.open(join(folder, `${count++}`))
  closers.push(() => database.close())
  const store = new SourcedContentStore({
    local: new EmbeddedContentStore(database),
    sources: [new GatewaySource(sparse, NAMED), new GatewaySource(await serve(honest), NAMED)],
  })
  expect(Buffer.compare(await store.get(cid, ENOUGH), FILE)).toBe(0)
})
