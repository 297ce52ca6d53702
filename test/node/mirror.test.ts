import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EmbeddedContentStore } from '../../src/content/embedded/embedded-content-store.ts'
import type { ContentStore } from '../../src/content/types.ts'
import { LedgerError } from '../../src/ledger/errors.ts'
import { encodeLeaf, type Leaf } from '../../src/ledger/log/leaf.ts'
import type { IndexedLeaf } from '../../src/ledger/log/leaf-source.ts'
import { OperationMap } from '../../src/node/map/operation-map.ts'
import { HeldContent, Mirror, type MirroredLog } from '../../src/node/mirror.ts'
import { ROOTLINE } from '../../src/sidetree/parameters.ts'
import { Store } from '../../src/store/store.ts'
import { tempFolder } from '../temp.ts'
import { storeFiles } from './batches.ts'
import { Controller } from './parts.ts'

const folder = tempFolder()
let count = 0
let stores: Store[]
let mirror: Mirror
let held: EmbeddedContentStore
/** What the log's node has, and what became of the leaves of its log. */
let away: EmbeddedContentStore
let leaves: IndexedLeaf[]
/** Ends what `get` waits for, where it does. */
let gate: Promise<void>
let refused: LedgerError | undefined

const log: MirroredLog = {
  take: () => (refused === undefined ? Promise.resolve() : Promise.reject(refused)),
  get size() {
    return leaves.length
  },
  leaves: (first, limit) => Promise.resolve(leaves.slice(first, first + limit)),
}

function add(leaf: Leaf): void {
  leaves.push({ index: leaves.length, bytes: encodeLeaf(leaf), leaf })
}

/** A leaf for the root that the leaves so far come to, by a map of its own. */
async function addMap(change = (root: string) => root): Promise<void> {
  const store = await open(`own-${leaves.length}`)
  const own = new OperationMap({ store, content: away, versions: [ROOTLINE] })
  const { root } = await own.extend(leaves)
  await own.close()
  add({ type: 'map', time: 1_800_000_000, root: change(Buffer.from(root).toString('hex')) })
}

async function open(name: string): Promise<Store> {
  const store = await Store.open(join(folder, `${count}`, name))
  stores.push(store)
  return store
}

async function anchor(): Promise<string[]> {
  const { anchorString, files } = await storeFiles(away, [new Controller('Ed25519').create()])
  add({ type: 'anchor', time: 1_800_000_000, anchorString, writer: 'w' })
  return Object.values(files)
}

/** Has the mirror's own content fetch what it lacks, as long as the node of the log has it. */
function fetching(): ContentStore {
  return {
    put: bytes => held.put(bytes),
    has: cid => held.has(cid),
    close: () => Promise.resolve(),
    get: async (cid, options) => {
      await gate
      if (await held.has(cid)) return held.get(cid, options)
      const bytes = await away.get(cid, options)
      await held.put(bytes)
      return bytes
    },
  }
}

beforeEach(async () => {
  count++
  stores = []
  leaves = []
  refused = undefined
  gate = Promise.resolve()
  held = new EmbeddedContentStore(await open('held'))
  away = new EmbeddedContentStore(await open('away'))
  const content = new HeldContent(fetching(), held)
  const map = new OperationMap({ store: await open('map'), content, versions: [ROOTLINE] })
  mirror = new Mirror({ log, map, patienceMs: 300 })
})
afterEach(async () => {
  await mirror.close()
  for (const store of stores) await store.close()
})

describe('what a mirror holds', () => {
  it('is every file that a checkpoint covers, once nothing speaks against it', async () => {
    const files = await anchor()
    await addMap()
    expect(await mirror.hold('1')).toBe(undefined)
    for (const cid of files) expect(await held.has(cid)).toBe(true)
    expect(await mirror.hold('1')).toBe(undefined)
  })

  it('is not enough while a file is kept back, and is once that appears', async () => {
    const [first = ''] = await anchor()
    await addMap()
    const bytes = await away.get(first, { maxBytes: 1e6 })
    const store = stores[1] as Store
    const kept: Uint8Array[] = []
    for await (const key of store.keys({})) kept.push(key)
    const values = kept.map(key => ({ key, value: store.get(key) as Uint8Array }))
    await store.write(kept.map(key => ({ key })))
    expect(await mirror.hold('1')).toMatch(
      /files of the anchor at leaf 0 cannot be had.*LEDGER_FILES_UNAVAILABLE/,
    )
    await store.write(values)
    expect(await mirror.hold('1')).toBe(undefined)
    expect(await held.get(first, { maxBytes: 1e6 })).toEqual(bytes)
  })

  it('is refused with a map that leaves something out, now and at every later checkpoint', async () => {
    await anchor()
    await addMap()
    const [, root] = leaves
    await anchor()
    // The map of before, as if nothing had been anchored since.
    add((root as IndexedLeaf).leaf)
    expect(await mirror.hold('1')).toMatch(/map leaf 3 is not what the anchors before it come to/)
    await anchor()
    await addMap()
    expect(await mirror.hold('2')).toMatch(/map leaf 3/)
  })

  it('is refused where the checkpoint ends in no map', async () => {
    await anchor()
    expect(await mirror.hold('1')).toBe('the checkpoint does not end in a map leaf')
  })

  it('is refused where the log gives no leaves, or other ones', async () => {
    refused = new LedgerError('LEDGER_SOURCE_INVALID', 'the entries that were sent are not those')
    expect(await mirror.hold('1')).toBe('the entries that were sent are not those (LEDGER_SOURCE_INVALID)')
  })

  it('keeps no request waiting for long, and goes on meanwhile', async () => {
    await anchor()
    await addMap()
    const blocked = Promise.withResolvers<void>()
    gate = blocked.promise
    expect(await mirror.hold('1')).toMatch(/has not all|not all that the checkpoint covers/)
    blocked.resolve()
    await expect.poll(() => mirror.hold('1'), { timeout: 10_000 }).toBe(undefined)
  })
})
