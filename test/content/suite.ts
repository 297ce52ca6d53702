import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import * as digest from 'multiformats/hashes/digest'
import { describe, expect, it } from 'vitest'
import { cidText, parseCid, RAW } from '../../src/codec/cid.ts'
import { sha256 } from '../../src/codec/hash.ts'
import { fileBlocks } from '../../src/codec/unixfs.ts'
import { ContentError } from '../../src/content/errors.ts'
import type { BlockSource, ContentStore, FileKeeper } from '../../src/content/types.ts'
import { otherLayout, pattern, rawLeaf } from '../codec/unixfs-blocks.ts'
import { failureOf } from './failure.ts'

/** What an adapter can do beyond {@link ContentStore}, so that its tests apply. */
export interface ContentCapabilities {
  /** The store is a {@link BlockSource} too. */
  blocks: boolean
  /** The fixture can open the same data again. */
  durable: boolean
  /** The fixture can damage what is stored. */
  damage: boolean
  /** The store is a {@link FileKeeper} too. */
  keeps: boolean
}

/** One empty store under test. */
export interface ContentFixture {
  store: ContentStore & Partial<BlockSource & FileKeeper>
  /** Opens the same data again, after `store` has been closed. */
  reopen?(): Promise<ContentStore>
  /** Changes a bit of the block with this CID. */
  damage?(cid: string): Promise<void>
}

const CHUNK = 256 << 10
const HELLO = Buffer.from('hello world\n')
const HELLO_CID = 'QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o'
const ABSENT_CID = 'QmNLei78zWmzUdbeRB3CiUfAizWUrbeeZh5K1rhAQKCh51'
const SHA2_512 = 0x13
const ENOUGH = { maxBytes: 4 << 20 }

/**
 * The tests that every adapter of {@link ContentStore} passes.
 * @param make gives a new, empty store for each test, and cleans up after the test file
 */
export function contentStoreSuite(
  name: string,
  make: () => Promise<ContentFixture>,
  capabilities: ContentCapabilities,
): void {
  describe(`${name} as a content store`, () => {
    readingAndWriting(make)
    bounds(make)
    endings(make)
    if (capabilities.blocks) blocks(make)
    if (capabilities.durable) durability(make)
    if (capabilities.damage) damage(make)
    if (capabilities.keeps) keeping(make)
  })
}

type Make = () => Promise<ContentFixture>

function readingAndWriting(make: Make): void {
  it('gives the CID that Kubo gives', async () => {
    const { store } = await make()
    expect(await store.put(HELLO)).toBe(HELLO_CID)
  })

  it('returns what was put, at every size that changes the shape of the DAG', async () => {
    const { store } = await make()
    for (const size of [0, 1, 300, CHUNK - 1, CHUNK, CHUNK + 1, (1 << 20) + 1]) {
      const cid = await store.put(pattern(size))
      expect(Buffer.compare(await store.get(cid, ENOUGH), pattern(size)), `${size} bytes`).toBe(0)
      expect(await store.has(cid)).toBe(true)
    }
  })

  it('returns any bytes that were put', async () => {
    const { store } = await make()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 1000 }), async bytes => {
        const cid = await store.put(bytes)
        expect(Uint8Array.from(await store.get(cid, ENOUGH))).toEqual(bytes)
      }),
    )
  })

  it('takes the same bytes again, also at the same time', async () => {
    const { store } = await make()
    const cids = await Promise.all([store.put(HELLO), store.put(HELLO), store.put(Buffer.from(HELLO))])
    expect(new Set(cids)).toEqual(new Set([HELLO_CID]))
    expect(Buffer.from(await store.get(HELLO_CID, ENOUGH))).toEqual(HELLO)
  })

  it('keeps many files apart that are put and read at the same time', async () => {
    const { store } = await make()
    const files = Array.from({ length: 50 }, (_, i) => Buffer.from(`file ${i}`))
    const cids = await Promise.all(files.map(file => store.put(file)))
    const read = await Promise.all(cids.map(cid => store.get(cid, ENOUGH)))
    expect(read.map(bytes => Buffer.from(bytes))).toEqual(files)
  })

  it('finds content by version 1 of its CID', async () => {
    const { store } = await make()
    const { code, multihash } = parseCid(await store.put(HELLO))
    const v1 = cidText(CID.createV1(code, multihash))
    expect(Buffer.from(await store.get(v1, ENOUGH))).toEqual(HELLO)
    expect(await store.has(v1)).toBe(true)
  })

  it('shares no memory with its callers', async () => {
    const { store } = await make()
    const bytes = Buffer.from(HELLO)
    const cid = await store.put(bytes)
    bytes.fill(0)
    const first = await store.get(cid, ENOUGH)
    first.fill(0)
    expect(Buffer.from(await store.get(cid, ENOUGH))).toEqual(HELLO)
  })

  it('says of absent content that it is not found', async () => {
    const { store } = await make()
    expect(await failureOf(store.get(ABSENT_CID, ENOUGH))).toBe('CONTENT_NOT_FOUND')
    expect(await store.has(ABSENT_CID)).toBe(false)
  })
}

function bounds(make: Make): void {
  it('bounds what it returns, the bound included', async () => {
    const { store } = await make()
    for (const size of [1, 300, CHUNK + 1]) {
      const cid = await store.put(pattern(size))
      expect(await store.get(cid, { maxBytes: size })).toHaveLength(size)
      expect(await failureOf(store.get(cid, { maxBytes: size - 1 }))).toBe('CONTENT_TOO_LARGE')
    }
    const empty = await store.put(new Uint8Array())
    expect(await store.get(empty, { maxBytes: 0 })).toHaveLength(0)
  })

  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['a CID with a character less', HELLO_CID.slice(0, -1)],
    ['a CID in another spelling', `z${HELLO_CID}`],
    ['a path', `/ipfs/${HELLO_CID}`],
    ['another hash', cidText(CID.createV1(RAW, digest.create(SHA2_512, new Uint8Array(64))))],
    ['the identity hash', cidText(CID.createV1(RAW, digest.create(0, new Uint8Array(1))))],
  ])('refuses as a CID: %s', async (_, cid) => {
    const { store } = await make()
    expect(await failureOf(store.get(cid, ENOUGH))).toBe('CONTENT_CID_INVALID')
    expect(await failureOf(store.has(cid))).toBe('CONTENT_CID_INVALID')
  })
}

function endings(make: Make): void {
  it('rejects with the reason of a signal, and stores nothing then', async () => {
    const { store } = await make()
    const reason = new RangeError('enough')
    const signal = AbortSignal.abort(reason)
    await expect(store.put(HELLO, { signal })).rejects.toBe(reason)
    expect(await store.has(HELLO_CID)).toBe(false)
    await store.put(HELLO)
    await expect(store.get(HELLO_CID, { ...ENOUGH, signal })).rejects.toBe(reason)
  })

  it('is not disturbed by a signal that comes later, or never', async () => {
    const { store } = await make()
    const controller = new AbortController()
    await store.put(HELLO, { signal: controller.signal })
    const bytes = await store.get(HELLO_CID, { ...ENOUGH, signal: controller.signal })
    controller.abort()
    expect(Buffer.from(bytes)).toEqual(HELLO)
    expect(await store.has(HELLO_CID)).toBe(true)
  })

  it('fails after close, which may be repeated', async () => {
    const { store } = await make()
    await store.put(HELLO)
    await store.close()
    await store.close()
    expect(await failureOf(store.get(HELLO_CID, ENOUGH))).toBe('CONTENT_CLOSED')
    expect(await failureOf(store.has(HELLO_CID))).toBe('CONTENT_CLOSED')
    expect(await failureOf(store.put(HELLO))).toBe('CONTENT_CLOSED')
  })
}

function blocks(make: Make): void {
  const withBlocks = async () => {
    const { store } = await make()
    if (store.block === undefined) throw new TypeError('a fixture with blocks has store.block')
    return { store, block: store.block.bind(store) }
  }

  it('hands out blocks that hash to their CID', async () => {
    const { store, block } = await withBlocks()
    for (const size of [0, 300, CHUNK + 1]) {
      const cid = await store.put(pattern(size))
      const bytes = await block(cid, ENOUGH)
      expect(Buffer.from(parseCid(cid).multihash.digest)).toEqual(sha256(bytes))
    }
  })

  it('bounds a block, and tells absent ones and bad CIDs', async () => {
    const { store, block } = await withBlocks()
    const { length } = await block(await store.put(HELLO), ENOUGH)
    expect(await block(HELLO_CID, { maxBytes: length })).toHaveLength(length)
    expect(await failureOf(block(HELLO_CID, { maxBytes: length - 1 }))).toBe('CONTENT_TOO_LARGE')
    expect(await failureOf(block(ABSENT_CID, ENOUGH))).toBe('CONTENT_NOT_FOUND')
    expect(await failureOf(block('hello', ENOUGH))).toBe('CONTENT_CID_INVALID')
    await store.close()
    expect(await failureOf(block(HELLO_CID, ENOUGH))).toBe('CONTENT_CLOSED')
  })

  it('rejects a block with the reason of a signal', async () => {
    const { store, block } = await withBlocks()
    const reason = new RangeError('enough')
    const cid = await store.put(HELLO)
    await expect(block(cid, { ...ENOUGH, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
}

function durability(make: Make): void {
  it('has after a new start what it had acknowledged', async () => {
    const { store, reopen } = await make()
    if (reopen === undefined) throw new TypeError('a durable fixture has reopen')
    const cids = [await store.put(HELLO), await store.put(pattern(CHUNK + 1))]
    await store.close()
    const again = await reopen()
    expect(Buffer.from(await again.get(`${cids[0]}`, ENOUGH))).toEqual(HELLO)
    expect(await again.get(`${cids[1]}`, ENOUGH)).toHaveLength(CHUNK + 1)
  })
}

function damage(make: Make): void {
  it('returns no damaged content, and takes it again', async () => {
    const { store, damage } = await make()
    if (damage === undefined) throw new TypeError('a fixture that can damage has damage')
    const cid = await store.put(HELLO)
    await damage(cid)
    expect(await failureOf(store.get(cid, ENOUGH))).toBe('CONTENT_MISMATCH')
    expect(await store.has(cid)).toBe(false)
    expect(await store.put(HELLO)).toBe(cid)
    expect(Buffer.from(await store.get(cid, ENOUGH))).toEqual(HELLO)
  })
}

function keeping(make: Make): void {
  const withKeep = async () => {
    const { store, reopen } = await make()
    if (store.keep === undefined) throw new TypeError('a fixture that keeps has store.keep')
    return { store, keep: store.keep.bind(store), reopen }
  }

  it('keeps a file of another layout under the CID that it was fetched by, beside the one of its own', async () => {
    const { store, keep, reopen } = await withKeep()
    const { root, blocks, bytes } = otherLayout(randomBytes(16))
    const cid = cidText(root)
    expect(await store.has(cid)).toBe(false)
    await keep(cid, blocks)
    await keep(cid, blocks.toReversed())
    expect(Buffer.compare(await store.get(cid, ENOUGH), bytes)).toBe(0)
    expect(await store.has(cid)).toBe(true)
    const own = await store.put(bytes)
    expect(own).not.toBe(cid)
    expect(Buffer.compare(await store.get(own, ENOUGH), bytes)).toBe(0)
    await store.close()
    expect(await failureOf(keep(cid, blocks))).toBe('CONTENT_CLOSED')
    if (reopen === undefined) return
    const again = await reopen()
    expect(Buffer.compare(await again.get(cid, ENOUGH), bytes)).toBe(0)
  })

  it('keeps a raw block, and a file of its own layout', async () => {
    const { store, keep } = await withKeep()
    const raw = rawLeaf(pattern(700))
    await keep(cidText(raw.cid), [raw])
    expect(Buffer.compare(await store.get(cidText(raw.cid), ENOUGH), pattern(700))).toBe(0)
    const { root, blocks } = await fileBlocks(pattern(CHUNK + 1))
    await keep(cidText(root), blocks)
    expect(await store.has(cidText(root))).toBe(true)
  })

  it('keeps no block that is not the one of its CID, and holds no file of which a block is missing', async () => {
    const { store, keep } = await withKeep()
    // A file that no store has seen, for stores that cannot be emptied.
    const { root, blocks } = otherLayout(randomBytes(16))
    const cid = cidText(root)
    const [first, ...others] = blocks
    const lie = blocks.map(block => (block === first ? { ...block, bytes: pattern(3) } : block))
    expect(await failureOf(keep(cid, lie))).toBe('CONTENT_MISMATCH')
    expect(await store.has(cid)).toBe(false)
    // What an incomplete file may do is fail at once; it must not count as held.
    await keep(cid, others).catch((error: unknown) => expect(error).toBeInstanceOf(ContentError))
    expect(await store.has(cid)).toBe(false)
    expect(await failureOf(keep('hello', blocks))).toBe('CONTENT_CID_INVALID')
  })
}
