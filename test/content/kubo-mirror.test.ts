import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { cidText, cidV0OfDigest, parseCid } from '../../src/codec/cid.ts'
import { sha256 } from '../../src/codec/hash.ts'
import { fileBlocks } from '../../src/codec/unixfs.ts'
import { EmbeddedContentStore } from '../../src/content/embedded/embedded-content-store.ts'
import { KuboContentStore } from '../../src/content/kubo/kubo-content-store.ts'
import { KuboMirror, type MirrorEvent } from '../../src/content/kubo/kubo-mirror.ts'
import { KuboRpc } from '../../src/content/kubo/kubo-rpc.ts'
import { StoreError } from '../../src/store/errors.ts'
import { Store } from '../../src/store/store.ts'
import { otherLayout, pattern } from '../codec/unixfs-blocks.ts'
import { tempFolder } from '../temp.ts'
import { KuboServer } from './kubo-server.ts'

const folder = tempFolder()
const closers: (() => Promise<unknown>)[] = []
let count = 0

afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

async function database(): Promise<Store> {
  const store = await Store.open(join(folder, `${count++}`))
  closers.push(() => store.close())
  return store
}

async function kuboServer() {
  const server = new KuboServer()
  closers.push(() => server.stop())
  return { server, url: await server.start() }
}

/** A mirror that tries again at once. */
function mirrorOf(content: EmbeddedContentStore, url: string, checkMs = 60_000) {
  const events: MirrorEvent[] = []
  const kubo = new KuboContentStore(new KuboRpc(url, { timeoutMs: 5_000 }))
  const onEvent = (event: MirrorEvent) => events.push(event)
  const mirror = new KuboMirror({
    ...{ files: content.files, content, kubo, retryMs: 5, checkMs, now: Date.now, onEvent },
  })
  closers.push(() => mirror.close())
  return { mirror, events }
}

/** Waits until Kubo has pinned exactly these. */
async function pinned(server: KuboServer, cids: string[]): Promise<void> {
  await vi.waitFor(() => expect([...server.pins].sort()).toEqual([...cids].sort()), 10_000)
}

async function idle(mirror: KuboMirror): Promise<void> {
  await vi.waitFor(() => expect(mirror.status()).toEqual({ up: true, waiting: 0 }), 10_000)
}

describe('a mirror in Kubo', () => {
  it('is given what is there and what comes, in every layout, pinned', async () => {
    const { server, url } = await kuboServer()
    const content = new EmbeddedContentStore(await database())
    const { root, blocks, bytes } = otherLayout()
    const cids = [await content.put(pattern(1_000)), cidText(root)]
    await content.keep(cidText(root), blocks)
    const { mirror, events } = mirrorOf(content, url)
    await pinned(server, [await content.put(pattern(1_000)), cidText(root.toV0())])
    cids.push(await content.put(bytes), await content.put(pattern(2_000)))
    await pinned(server, [...cids.filter(cid => cid !== cidText(root)), cidText(root.toV0())])
    await idle(mirror)
    expect(events).toEqual([{ type: 'up', peerId: server.peerId, agent: 'kubo/0.0.0-test' }])
    const kubo = new KuboContentStore(new KuboRpc(url))
    for (const cid of cids) {
      const options = { maxBytes: 1 << 20 }
      expect(Buffer.compare(await kubo.get(cid, options), await content.get(cid, options))).toBe(0)
    }
  })

  it('takes no acknowledgement from the store, and is given everything once it is back', async () => {
    const { server, url } = await kuboServer()
    server.fault = 'failing'
    const content = new EmbeddedContentStore(await database())
    const { mirror, events } = mirrorOf(content, url)
    const before = Date.now()
    const cids = [await content.put(pattern(10)), await content.put(pattern(20))]
    await vi.waitFor(() => expect(events).toHaveLength(1))
    expect(mirror.status()).toMatchObject({ up: false, waiting: 2 })
    expect(mirror.status().oldest).toBeGreaterThanOrEqual(before)
    server.fault = undefined
    await pinned(server, cids)
    await idle(mirror)
    expect(events.map(({ type }) => type)).toEqual(['failed', 'up'])
  })

  it('that is full is there, has files waiting, and is told of once', async () => {
    const { server, url } = await kuboServer()
    server.fault = 'full'
    const content = new EmbeddedContentStore(await database())
    const cids = [await content.put(pattern(10)), await content.put(pattern(20))]
    const { mirror, events } = mirrorOf(content, url)
    await vi.waitFor(() =>
      expect(server.asked.filter(call => call.includes('/add')).length).toBeGreaterThan(3),
    )
    expect(mirror.status()).toMatchObject({ up: true, waiting: 2 })
    expect(events.map(({ type }) => type)).toEqual(['up', 'failed'])
    server.fault = undefined
    await pinned(server, cids)
    await idle(mirror)
  })

  it('is given, after a time without it, what came meanwhile, and nothing twice', async () => {
    const { server, url } = await kuboServer()
    const store = await database()
    const content = new EmbeddedContentStore(store)
    const first = await content.put(pattern(10))
    const one = mirrorOf(content, url)
    await idle(one.mirror)
    await one.mirror.close()
    const second = await new EmbeddedContentStore(store).put(pattern(20))
    server.asked.length = 0
    const two = mirrorOf(new EmbeddedContentStore(store), url)
    await pinned(server, [first, second])
    await idle(two.mirror)
    expect(server.asked.filter(call => call.includes('/add'))).toHaveLength(1)
  })

  it('that is another one is given everything', async () => {
    const content = new EmbeddedContentStore(await database())
    const cids = [await content.put(pattern(10)), await content.put(pattern(20))]
    const one = await kuboServer()
    const first = mirrorOf(content, one.url)
    await idle(first.mirror)
    await first.mirror.close()
    const other = await kuboServer()
    other.server.peerId = one.server.peerId.replace('1932', '1933')
    const { mirror } = mirrorOf(content, other.url)
    await pinned(other.server, cids)
    await idle(mirror)
  })

  it('that becomes another one while the node runs is given everything', async () => {
    const { server, url } = await kuboServer()
    const content = new EmbeddedContentStore(await database())
    const cid = await content.put(pattern(10))
    const { mirror } = mirrorOf(content, url, 10)
    await pinned(server, [cid])
    await idle(mirror)
    server.pins.clear()
    server.peerId = server.peerId.replace('1932', '1933')
    await pinned(server, [cid])
  })

  it('is given again what it has lost, once that is forgotten', async () => {
    const { server, url } = await kuboServer()
    const store = await database()
    const content = new EmbeddedContentStore(store)
    const cid = await content.put(pattern(10))
    const one = mirrorOf(content, url)
    await idle(one.mirror)
    await one.mirror.close()
    server.pins.clear()
    expect(await content.files.forget()).toBe(1)
    mirrorOf(content, url)
    await pinned(server, [cid])
  })

  it('holds up no file by one that is damaged here, and needs it not where Kubo has it', async () => {
    const { server, url } = await kuboServer()
    const store = await database()
    const content = new EmbeddedContentStore(store)
    const damaged = await content.put(pattern(10))
    const held = await content.put(pattern(20))
    const sound = await content.put(pattern(30))
    await new KuboContentStore(new KuboRpc(url)).put(pattern(20))
    for (const cid of [damaged, held]) await store.commit([{ key: parseCid(cid).multihash.bytes }])
    const { mirror, events } = mirrorOf(content, url)
    await pinned(server, [held, sound])
    await vi.waitFor(() => expect(mirror.status()).toMatchObject({ up: true, waiting: 1 }))
    expect(events.at(-1)).toMatchObject({
      type: 'failed',
      cid: damaged,
      error: { code: 'CONTENT_NOT_FOUND' },
    })
    await content.put(pattern(10))
    await pinned(server, [damaged, held, sound])
    await idle(mirror)
  })

  it('is given the files of a database that was begun before there was a list', async () => {
    const { server, url } = await kuboServer()
    const store = await database()
    const { root, blocks } = await fileBlocks(pattern(300_000))
    await store.commit(blocks.map(({ cid, bytes }) => ({ key: cid.multihash.bytes, value: bytes })))
    const content = new EmbeddedContentStore(store)
    const later = await content.put(pattern(10))
    mirrorOf(content, url)
    const leaves = blocks.map(({ bytes }) => cidText(cidV0OfDigest(sha256(bytes))))
    expect(leaves).toContain(cidText(root))
    await pinned(server, [...leaves, later])
  })

  it('ends at once, whatever Kubo does', async () => {
    const { server, url } = await kuboServer()
    const content = new EmbeddedContentStore(await database())
    await content.put(pattern(10))
    const { mirror } = mirrorOf(content, url)
    await idle(mirror)
    server.fault = 'hanging'
    await content.put(pattern(20))
    await vi.waitFor(() => expect(server.asked.at(-1)).toContain('/id'))
    await mirror.close()
    expect(mirror.status()).toMatchObject({ waiting: 1 })
  })
})

describe('the list of files', () => {
  it('names each file once, whatever the version of its CID', async () => {
    const content = new EmbeddedContentStore(await database())
    const { root, blocks } = await fileBlocks(pattern(10))
    await content.keep(cidText(root.toV1()), blocks)
    await content.put(pattern(10))
    expect(await Array.fromAsync(content.files.all())).toEqual([cidText(root)])
  })

  it('whose notes are damaged loses no file', async () => {
    const store = await database()
    const content = new EmbeddedContentStore(store)
    const cid = await content.put(pattern(10))
    await content.files.mark(cid, 'kubo')
    expect(await Array.fromAsync(content.files.without('kubo'))).toEqual([])
    const get = store.get.bind(store)
    const damage = vi.spyOn(store, 'get').mockImplementation(key => {
      if (key[0] === 'f'.charCodeAt(0)) throw new StoreError('STORE_CORRUPT', store.location, 'damaged')
      return get(key)
    })
    expect(await Array.fromAsync(content.files.without('kubo'))).toEqual([cid])
    expect(await content.put(pattern(10))).toBe(cid)
    damage.mockRestore()
  })
})
