import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { EmbeddedContentStore } from '../../src/content/embedded/embedded-content-store.ts'
import { Store } from '../../src/store/store.ts'
import { pattern } from '../codec/unixfs-blocks.ts'
import { tempFolder } from '../temp.ts'
import { failureOf } from './failure.ts'
import { FaultyContentStore } from './faulty.ts'
import { contentStoreSuite } from './suite.ts'

const folder = tempFolder()
const opened: Store[] = []
const ENOUGH = { maxBytes: 4 << 20 }
const CONTENT = Buffer.from('content')

async function make() {
  const database = await Store.open(join(folder, `${opened.length}`))
  opened.push(database)
  const store = new FaultyContentStore(new EmbeddedContentStore(database))
  return { store, cid: await store.put(CONTENT) }
}

afterAll(async () => {
  for (const store of opened) await store.close()
})

contentStoreSuite('FaultyContentStore without a fault', make, {
  blocks: true,
  durable: false,
  damage: false,
  keeps: false,
})

describe('FaultyContentStore', () => {
  it.each([
    ['absent', 'CONTENT_NOT_FOUND'],
    ['unreachable', 'CONTENT_NOT_REACHABLE'],
    ['lying', 'CONTENT_MISMATCH'],
    ['endless', 'CONTENT_MISMATCH'],
  ] as const)('answers, when it is %s, with %s, until it is healed', async (fault, code) => {
    const { store, cid } = await make()
    store.failReads(fault)
    expect(await failureOf(store.get(cid, ENOUGH))).toBe(code)
    expect(await failureOf(store.block(cid, ENOUGH))).toBe(code)
    store.heal()
    expect(Buffer.from(await store.get(cid, ENOUGH))).toEqual(CONTENT)
    expect(store.asked).toEqual([cid, cid])
  })

  it('lies about a file of many blocks and never gets a byte through', async () => {
    const { store } = await make()
    const cid = await store.put(pattern(600_000))
    store.failReads('lying', cid)
    expect(await failureOf(store.get(cid, ENOUGH))).toBe('CONTENT_MISMATCH')
  })

  it('fails one file and not another', async () => {
    const { store, cid } = await make()
    const other = await store.put(Buffer.from('other'))
    store.failReads('absent', other)
    expect(await failureOf(store.get(other, ENOUGH))).toBe('CONTENT_NOT_FOUND')
    expect(await store.has(other)).toBe(false)
    expect(Buffer.from(await store.get(cid, ENOUGH))).toEqual(CONTENT)
    store.heal(other)
    expect(await failureOf(store.get(other, ENOUGH))).toBeUndefined()
  })

  it('hangs until the signal, reading and writing', async () => {
    const { store, cid } = await make()
    store.failReads('hanging')
    store.failWrites('hanging')
    const controller = new AbortController()
    const calls = [
      store.get(cid, { ...ENOUGH, signal: controller.signal }),
      store.block(cid, { ...ENOUGH, signal: controller.signal }),
      store.put(CONTENT, { signal: controller.signal }),
    ]
    const reason = new RangeError('enough')
    controller.abort(reason)
    const results = await Promise.allSettled(calls)
    expect(results.map(result => result.status === 'rejected' && result.reason)).toEqual([
      reason,
      reason,
      reason,
    ])
  })

  it('is slow until it is let go', async () => {
    const { store, cid } = await make()
    const { promise, resolve } = Promise.withResolvers<void>()
    store.failReads({ slow: promise })
    let done = false
    const read = store.get(cid, ENOUGH).then(bytes => {
      done = true
      return bytes
    })
    await new Promise(setImmediate)
    expect(done).toBe(false)
    resolve()
    expect(Buffer.from(await read)).toEqual(CONTENT)
  })

  it.each([
    ['full', 'CONTENT_FULL'],
    ['unreachable', 'CONTENT_NOT_REACHABLE'],
  ] as const)('takes nothing when it is %s', async (fault, code) => {
    const { store, cid } = await make()
    store.failWrites(fault)
    expect(await failureOf(store.put(Buffer.from('new')))).toBe(code)
    expect(await failureOf(store.get(cid, ENOUGH))).toBeUndefined()
  })
})
