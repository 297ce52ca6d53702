import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { create } from 'kubo-rpc-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cidText, parseCid } from '../../src/codec/cid.ts'
import { fileBlocks } from '../../src/codec/unixfs.ts'
import { KuboContentStore } from '../../src/content/kubo/kubo-content-store.ts'
import { KuboNetwork } from '../../src/content/kubo/kubo-network.ts'
import { KuboRpc } from '../../src/content/kubo/kubo-rpc.ts'
import { pattern } from '../codec/unixfs-blocks.ts'
import { failureOf } from '../content/failure.ts'
import { contentStoreSuite } from '../content/suite.ts'
import { tempFolder } from '../temp.ts'

/**
 * A server of Kubo's RPC that nobody here wrote. Either js-ipfs 0.66.1 (its last release, 309 MB: `npm install
 * ipfs@0.66.1` in a folder of its own), or any that runs already and may be written to: the file "hello world" is
 * unpinned there.
 */
const folder = process.env['ROOTLINE_TEST_JS_IPFS']
const running = process.env['ROOTLINE_TEST_KUBO']
const hasJsIpfs = folder !== undefined && existsSync(join(folder, 'node_modules', 'ipfs-core'))

const SERVER = `
import { create } from 'ipfs-core'
import { HttpApi } from 'ipfs-http-server'
const config = {
  Addresses: { Swarm: [], API: '/ip4/127.0.0.1/tcp/0', Gateway: '/ip4/127.0.0.1/tcp/0' },
  Bootstrap: [],
  Discovery: { MDNS: { Enabled: false }, webRTCStar: { Enabled: false } },
}
const init = { emptyRepo: true, algorithm: 'Ed25519' }
const node = await create({ repo: process.argv[1], offline: true, silent: true, init, config, preload: { enabled: false } })
const api = new HttpApi(node)
await api.start()
console.log('RPC ' + api._apiServers[0].info.uri)
`

const HELLO_CID = 'QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o'
const ENOUGH = { maxBytes: 8 << 20 }

const isThere = running !== undefined || hasJsIpfs
if (!isThere) {
  console.log(
    'skipped: no js-ipfs in the folder ROOTLINE_TEST_JS_IPFS, and no RPC at the URL ROOTLINE_TEST_KUBO',
  )
}

const repository = join(tempFolder(), 'repository')
let child: ChildProcess | undefined
let url = running ?? ''

function startJsIpfs(): Promise<string> {
  const started = spawn(process.execPath, ['--input-type=module', '-e', SERVER, repository], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child = started
  return new Promise((resolve, reject) => {
    let text = ''
    started.stdout.on('data', (part: Buffer) => {
      text += part.toString()
      const found = /^RPC (\S+)$/m.exec(text)?.[1]
      if (found !== undefined) resolve(found)
    })
    started.once('exit', status => reject(new Error(`js-ipfs ended with status ${status}`)))
  })
}

/** Held is what is pinned, so that a store without the suite's one fixed file is as good as an empty one. */
async function make() {
  await create({ url })
    .pin.rm(HELLO_CID)
    .catch(() => {})
  const rpc = new KuboRpc(url, { timeoutMs: 5_000 })
  return { rpc, store: new KuboContentStore(rpc), reopen: async () => new KuboContentStore(rpc) }
}

describe.runIf(isThere)('A server that nobody here wrote', () => {
  beforeAll(async () => {
    if (running === undefined) url = await startJsIpfs()
  })

  afterAll(() => {
    child?.kill('SIGKILL')
  })

  // js-ipfs does not know the option `offline`, and waits for an absent block until its time is over: single blocks
  // have tests of their own.
  contentStoreSuite("of Kubo's RPC", make, { blocks: false, durable: true, damage: false, keeps: true })
  it('says who it is', async () => {
    const { store } = await make()
    const { agent, peerId } = await store.health()
    console.log(`the server of Kubo's RPC: ${agent}`)
    expect(peerId).toMatch(/^\w{40,}$/)
  })

  it('stores files of every shape in the blocks that they have here, and hands them out', async () => {
    // The largest takes a busy machine more than the few seconds that absent blocks are waited for.
    const store = new KuboContentStore(new KuboRpc(url, { timeoutMs: 60_000 }))
    const chunk = 256 << 10
    for (const size of [0, 1, 300, chunk - 1, chunk, chunk + 1, 2 * chunk, 175 * chunk + 1]) {
      const { root, blocks } = await fileBlocks(pattern(size))
      expect(await store.put(pattern(size))).toBe(cidText(root))
      for (const { cid, bytes } of blocks.slice(-3)) {
        expect(Buffer.compare(await store.block(cidText(cid), ENOUGH), bytes)).toBe(0)
      }
    }
  })

  it("is given what Kubo's own client reads there, and keeps pinned", async () => {
    const { store } = await make()
    const client = create({ url })
    const file = pattern(600_003)
    const cid = await store.put(file)
    const read: Uint8Array[] = []
    for await (const part of client.cat(cid)) read.push(part)
    expect(Buffer.compare(Buffer.concat(read), file)).toBe(0)
    const pins: string[] = []
    for await (const pin of client.pin.ls({ paths: cid, type: 'recursive' })) pins.push(pin.cid.toString())
    expect(pins).toEqual([cid])
  })

  it('hands out more than one file at a time', async () => {
    const { store } = await make()
    const files = Array.from({ length: 20 }, (_, i) => pattern(100_000 + i))
    const cids = await Promise.all(files.map(file => store.put(file)))
    const read = await Promise.all(cids.map(cid => store.get(cid, ENOUGH)))
    expect(read.map((bytes, i) => Buffer.compare(bytes, files[i] ?? Buffer.alloc(0)))).toEqual(
      files.map(() => 0),
    )
  })

  it('gives, as its network, what is there and not pinned, and pins it', async () => {
    const { rpc, store } = await make()
    const file = pattern(600_001)
    const { cid } = await create({ url }).add(file, {
      cidVersion: 1,
      rawLeaves: true,
      pin: false,
    })
    const text = cidText(parseCid(cid.toString()))
    expect(await failureOf(store.get(text, ENOUGH))).toBe('CONTENT_NOT_FOUND')
    const { bytes, blocks } = await new KuboNetwork(rpc).get(text, ENOUGH)
    expect(Buffer.compare(bytes, file)).toBe(0)
    await store.keep(text, blocks)
    expect(Buffer.compare(await store.get(text, ENOUGH), file)).toBe(0)
    expect(await store.has(text)).toBe(true)
  })

  it('is left where it has not a block', async () => {
    const rpc = new KuboRpc(url, { timeoutMs: 500 })
    const absent = 'QmNLei78zWmzUdbeRB3CiUfAizWUrbeeZh5K1rhAQKCh51'
    const code = await failureOf(new KuboContentStore(rpc).block(absent, ENOUGH))
    expect(['CONTENT_NOT_FOUND', 'CONTENT_NOT_REACHABLE']).toContain(code)
  })
})
