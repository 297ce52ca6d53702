import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { cidText, parseCid } from '../../src/codec/cid.ts'
import { fileBlocks } from '../../src/codec/unixfs.ts'
import { type BlockCheck, EmbeddedContentStore } from '../../src/content/embedded/embedded-content-store.ts'
import { StoreError, type StoreErrorCode } from '../../src/store/errors.ts'
import { Store } from '../../src/store/store.ts'
import { node, pattern, TYPE, unixfs } from '../codec/unixfs-blocks.ts'
import { tempFolder } from '../temp.ts'
import { failureOf } from './failure.ts'
import { contentStoreSuite } from './suite.ts'

const folder = tempFolder()
const opened: Store[] = []
const ENOUGH = { maxBytes: 4 << 20 }
let count = 0

afterAll(async () => {
  for (const store of opened) await store.close()
})

/** Opens a database in a new folder, or again in one that is closed. */
async function open(location = join(folder, `${count++}`)): Promise<Store> {
  const store = await Store.open(location)
  opened.push(store)
  return store
}

async function make() {
  const database = await open()
  return { database, store: new EmbeddedContentStore(database) }
}

const keyOf = (cid: string) => parseCid(cid).multihash.bytes

/** Puts other bytes under the key of a block, with a checksum that is right. */
async function replaceBlock(database: Store, cid: string): Promise<void> {
  await database.write([{ key: keyOf(cid), value: Buffer.from('something else') }])
}

/** Changes a bit of a block behind the database's back, so that the checksum is wrong; gives the database anew. */
async function flipBit(database: Store, cid: string): Promise<Store> {
  await database.close()
  const level = new ClassicLevel<Uint8Array, Uint8Array>(database.location, {
    keyEncoding: 'view',
    valueEncoding: 'view',
  })
  const value = Buffer.from((await level.get(keyOf(cid))) ?? [])
  value.writeUInt8(value.readUInt8(value.length - 1) ^ 1, value.length - 1)
  await level.put(keyOf(cid), value)
  await level.close()
  return await open(database.location)
}

async function checks(store: EmbeddedContentStore): Promise<BlockCheck[]> {
  return await Array.fromAsync(store.verify())
}

contentStoreSuite(
  'EmbeddedContentStore',
  async () => {
    const { database, store } = await make()
    const reopen = async () => {
      await database.close()
      return new EmbeddedContentStore(await open(database.location))
    }
    return { store, reopen, damage: cid => replaceBlock(database, cid) }
  },
  { blocks: true, durable: true, damage: true, keeps: true },
)

describe('EmbeddedContentStore', () => {
  it('waits for the disk before it acknowledges', async () => {
    const { database, store } = await make()
    const commit = vi.spyOn(database, 'commit')
    const cid = await store.put(pattern((256 << 10) + 1))
    expect(commit).toHaveBeenCalledOnce()
    // Three blocks, the file in the list, and that the list is complete.
    expect(commit.mock.calls[0]?.[0]).toHaveLength(5)
    expect(await store.has(cid)).toBe(true)
  })

  it('tells a block that the database finds damaged from one that is absent', async () => {
    const { database, store } = await make()
    const cid = await store.put(Buffer.from('content'))
    const again = new EmbeddedContentStore(await flipBit(database, cid))
    expect(await failureOf(again.get(cid, ENOUGH))).toBe('CONTENT_MISMATCH')
    expect(await failureOf(again.block(cid, ENOUGH))).toBe('CONTENT_MISMATCH')
    expect(await again.has(cid)).toBe(false)
  })

  it('does not find a file one of whose blocks is missing', async () => {
    const { database, store } = await make()
    const { root, blocks } = await fileBlocks(pattern(600_000))
    const cid = await store.put(pattern(600_000))
    const key = blocks.find(block => !block.cid.equals(root))?.cid.multihash.bytes ?? new Uint8Array()
    await database.write([{ key }])
    expect(await failureOf(store.get(cid, ENOUGH))).toBe('CONTENT_NOT_FOUND')
    expect(await store.has(cid)).toBe(false)
    expect(await failureOf(store.block(cid, ENOUGH))).toBeUndefined()
  })

  it('tells a block that is not a file, which is no damage', async () => {
    const { database, store } = await make()
    const directory = node(unixfs({ type: TYPE.directory }))
    await database.write([{ key: directory.cid.multihash.bytes, value: directory.bytes }])
    const cid = cidText(directory.cid)
    expect(await failureOf(store.get(cid, ENOUGH))).toBe('CONTENT_NOT_A_FILE')
    expect(await store.has(cid)).toBe(false)
    expect(Buffer.from(await store.block(cid, ENOUGH))).toEqual(Buffer.from(directory.bytes))
    expect(await checks(store)).toEqual([{ cid, sound: true }])
  })

  it.each([
    ['STORE_FULL', 'CONTENT_FULL'],
    ['STORE_CLOSED', 'CONTENT_CLOSED'],
    ['STORE_UNAVAILABLE', 'CONTENT_NOT_REACHABLE'],
  ] as const)('says of %s on a write: %s', async (code, expected) => {
    const { database, store } = await make()
    vi.spyOn(database, 'commit').mockRejectedValue(failure(code))
    expect(await failureOf(store.put(Buffer.from('x')))).toBe(expected)
  })

  it('says that it cannot be reached where the database cannot be read', async () => {
    const { database, store } = await make()
    const cid = await store.put(Buffer.from('x'))
    vi.spyOn(database, 'get').mockImplementation(() => {
      throw failure('STORE_UNAVAILABLE')
    })
    expect(await failureOf(store.get(cid, ENOUGH))).toBe('CONTENT_NOT_REACHABLE')
    expect(await failureOf(store.has(cid))).toBe('CONTENT_NOT_REACHABLE')
    expect(await failureOf(checks(store))).toBe('CONTENT_NOT_REACHABLE')
  })

  it('fails once the database is closed under it', async () => {
    const { database, store } = await make()
    const cid = await store.put(Buffer.from('x'))
    await database.close()
    expect(await failureOf(store.get(cid, ENOUGH))).toBe('CONTENT_CLOSED')
    expect(await failureOf(store.put(Buffer.from('y')))).toBe('CONTENT_CLOSED')
    expect(await failureOf(checks(store))).toBe('CONTENT_CLOSED')
  })

  it('leaves the database open for its owner', async () => {
    const { database, store } = await make()
    const cid = await store.put(Buffer.from('x'))
    await store.close()
    expect(database.get(keyOf(cid))).toBeDefined()
  })
})

describe('EmbeddedContentStore.verify', () => {
  it('finds every block sound in a store that was not touched', async () => {
    const { store } = await make()
    expect(await checks(store)).toEqual([])
    const { blocks } = await fileBlocks(pattern(600_000))
    await store.put(pattern(600_000))
    const found = await checks(store)
    expect(found.every(check => check.sound)).toBe(true)
    expect(new Set(found.map(check => check.cid))).toEqual(new Set(blocks.map(block => cidText(block.cid))))
  })

  it('finds each damaged block, goes on after it, and discard takes out those alone', async () => {
    const { database, store } = await make()
    const cids: string[] = []
    for (let i = 0; i < 8; i++) cids.push(await store.put(Buffer.from(`file ${i}`)))
    const [replaced, flipped] = [`${cids[2]}`, `${cids[5]}`]
    await replaceBlock(database, replaced)
    const again = new EmbeddedContentStore(await flipBit(database, flipped))

    const found = await checks(again)
    expect(found).toHaveLength(8)
    const damaged = found.filter(check => !check.sound).map(check => check.cid)
    expect(new Set(damaged)).toEqual(new Set([replaced, flipped]))

    for (const cid of cids) expect(await again.discard(cid)).toBe(damaged.includes(cid))
    expect(await checks(again)).toHaveLength(6)
    expect(await failureOf(again.get(flipped, ENOUGH))).toBe('CONTENT_NOT_FOUND')
    expect(await again.discard(flipped)).toBe(false)
    await again.put(Buffer.from('file 5'))
    expect(await again.has(flipped)).toBe(true)
  })

  it('leaves alone what else the database holds', async () => {
    const { database, store } = await make()
    const others = ['11ff', '12', '121fff', '1221', '1320', 'ff'].map(hex => Buffer.from(hex, 'hex'))
    await database.write(others.map(key => ({ key, value: Buffer.from('other') })))
    const cid = await store.put(Buffer.from('x'))
    expect(await checks(store)).toEqual([{ cid, sound: true }])
  })

  it('stops at a signal, and after close', async () => {
    const { store } = await make()
    await store.put(Buffer.from('x'))
    const reason = new RangeError('enough')
    const stopped = Array.fromAsync(store.verify({ signal: AbortSignal.abort(reason) }))
    await expect(stopped).rejects.toBe(reason)
    await store.close()
    expect(await failureOf(checks(store))).toBe('CONTENT_CLOSED')
    expect(await failureOf(store.discard('hello'))).toBe('CONTENT_CLOSED')
  })

  it('refuses to discard what is no CID', async () => {
    const { store } = await make()
    expect(await failureOf(store.discard('hello'))).toBe('CONTENT_CID_INVALID')
  })
})

function failure(code: StoreErrorCode): StoreError {
  return new StoreError(code, folder, code)
}
