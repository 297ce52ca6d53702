import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sha256 } from '../../../src/codec/hash.ts'
import { canonicalize } from '../../../src/codec/jcs.ts'
import type { JsonValue } from '../../../src/codec/json.ts'
import { EmbeddedContentStore } from '../../../src/content/embedded/embedded-content-store.ts'
import { systemClock } from '../../../src/ledger/log/clock.ts'
import { generateLogKey } from '../../../src/ledger/log/key.ts'
import { encodeLeaf, type Leaf, parseLeaf } from '../../../src/ledger/log/leaf.ts'
import type { IndexedLeaf, LeafSource } from '../../../src/ledger/log/leaf-source.ts'
import { publishedCheckpointFile } from '../../../src/ledger/log/published-checkpoint.ts'
import { TransparencyLog } from '../../../src/ledger/log/transparency-log.ts'
import { parseCheckpoint } from '../../../src/merkle/checkpoint.ts'
import { hashMapLeaf } from '../../../src/merkle/map/hashes.ts'
import { verifyMapProof } from '../../../src/merkle/map/proof.ts'
import { parseNote } from '../../../src/merkle/note.ts'
import { parseSigningKey } from '../../../src/merkle/signing-key.ts'
import { OperationMap } from '../../../src/node/map/operation-map.ts'
import { ROOTLINE } from '../../../src/sidetree/parameters.ts'
import type { OperationRequest } from '../../../src/sidetree/types.ts'
import { Store } from '../../../src/store/store.ts'
import { tempFolder } from '../../temp.ts'
import { storeFiles, suffixOf, type Tamper } from '../batches.ts'
import { addService, Controller } from '../parts.ts'

const folder = tempFolder()
let count = 0
let path: string
let content: EmbeddedContentStore
let stores: Store[]
let map: OperationMap

async function open(name: string): Promise<Store> {
  const store = await Store.open(join(path, name))
  stores.push(store)
  return store
}

async function newMap(name: string): Promise<OperationMap> {
  return new OperationMap({ store: await open(name), content, versions: [ROOTLINE] })
}

beforeEach(async () => {
  path = join(folder, `world-${count++}`)
  stores = []
  content = new EmbeddedContentStore(await open('content'))
  map = await newMap('map')
})
afterEach(async () => {
  await map.close()
  for (const store of stores) await store.close()
})

/** Leaves of a log that someone made, honest or not. */
class Leaves implements LeafSource {
  readonly all: IndexedLeaf[] = []
  /** What each DID has, by the definition: from the start and word for word. */
  readonly values = new Map<string, Buffer>()

  add(leaf: Leaf): IndexedLeaf {
    const indexed = { index: this.all.length, bytes: encodeLeaf(leaf), leaf }
    this.all.push(indexed)
    return indexed
  }

  async anchor(requests: OperationRequest[], tamper?: Tamper): Promise<IndexedLeaf> {
    const { anchorString } = await storeFiles(content, requests, tamper)
    const added = this.add({ type: 'anchor', time: 1_800_000_000, anchorString, writer: 'w' })
    for (const [i, request] of requests.entries()) {
      this.#chain(suffixOf(request), added.index, i, tamper === undefined ? request : dropped(request))
    }
    return added
  }

  #chain(suffix: string, number: number, index: number, operation: object): void {
    const place = Buffer.alloc(12)
    place.writeBigUInt64BE(BigInt(number))
    place.writeUInt32BE(index, 8)
    const digest = sha256(canonicalize(operation as unknown as JsonValue))
    const before = this.values.get(suffix) ?? Buffer.alloc(32)
    this.values.set(suffix, sha256(Buffer.concat([Buffer.of(2), before, place, digest])))
  }

  leaves(first: number, limit: number): Promise<IndexedLeaf[]> {
    return Promise.resolve(this.all.slice(first, first + limit))
  }
}

/** An update of which only the index file counts. */
function dropped(request: OperationRequest): object {
  if (request.type !== 'update') throw new TypeError('only updates are dropped')
  const { type, didSuffix, revealValue } = request
  return { type, didSuffix, revealValue, signedData: null, delta: null }
}

/** Takes all leaves, the last of them a map leaf that is true. */
async function take(leaves: Leaves, into = map): Promise<string> {
  await into.catchUp(leaves, leaves.all.length)
  const { root } = await into.extend([
    leaves.add({ type: 'stamp', time: 1_800_000_000, root: '0'.repeat(64), writer: 'w' }),
  ])
  const hex = Buffer.from(root).toString('hex')
  leaves.add({ type: 'map', time: 1_800_000_000, root: hex })
  await into.catchUp(leaves, leaves.all.length)
  return hex
}

/** What the map shows of a DID, against the root. */
function shown(root: string, suffix: string, from = map) {
  const view = from.view(from.size)
  if (view === undefined) throw new TypeError('no view')
  return verifyMapProof(Buffer.from(root, 'hex'), sha256(suffix), view.prove(suffix))
}

describe('the map of the operations on a log', () => {
  it('has the root and the values of its definition', async () => {
    const leaves = new Leaves()
    const [a, b] = [new Controller('Ed25519'), new Controller('Ed25519')]
    await leaves.anchor([a.create()])
    const root = await take(leaves)
    const value = leaves.values.get(a.suffix) as Buffer
    expect(root).toBe(hashMapLeaf(sha256(a.suffix), value).toString('hex'))
    await leaves.anchor([b.create(), await a.update([addService('x')])])
    await leaves.anchor([await a.deactivate()])
    const next = await take(leaves)
    for (const did of [a, b]) {
      expect(shown(next, did.suffix)).toEqual({ shown: 'present', value: leaves.values.get(did.suffix) })
    }
    expect(shown(next, 'nobody')).toEqual({ shown: 'absent' })
    const view = map.view(map.size)
    expect(await view?.transactions(a.suffix)).toEqual([0, 3, 4])
    expect(await view?.transactions('nobody')).toEqual([])
  })

  it('has what an index file names though the files beside it are void', async () => {
    const leaves = new Leaves()
    const a = new Controller('Ed25519')
    await leaves.anchor([a.create()])
    await leaves.anchor([await a.update([addService('x')])], { chunk: () => randomBytes(50) })
    expect(shown(await take(leaves), a.suffix)).toEqual({
      shown: 'present',
      value: leaves.values.get(a.suffix),
    })
  })

  it('has nothing of a batch that is void, or an anchor string that is none', async () => {
    const leaves = new Leaves()
    const empty = await take(leaves)
    const { anchorString } = await storeFiles(content, [new Controller('Ed25519').create()], {
      coreIndex: () => randomBytes(50),
    })
    leaves.add({ type: 'anchor', time: 1_800_000_000, anchorString, writer: 'w' })
    leaves.add({ type: 'anchor', time: 1_800_000_000, anchorString: 'no anchor', writer: 'w' })
    expect(await take(leaves)).toBe(empty)
    expect(empty).toBe('0'.repeat(64))
  })

  it('comes to the same in whatever steps it was made, and over a restart', async () => {
    const leaves = new Leaves()
    const dids = Array.from({ length: 8 }, () => new Controller('Ed25519'))
    const second = await newMap('second')
    for (const did of dids) {
      await leaves.anchor([did.create()])
      await leaves.anchor(
        await Promise.all(dids.filter(one => one.suffix !== '').map(one => one.update([addService('x')]))),
      )
      await second.catchUp(leaves, leaves.all.length)
    }
    const root = await take(leaves)
    await second.catchUp(leaves, leaves.all.length)
    const again = new OperationMap({ store: stores.at(-1) as Store, content, versions: [ROOTLINE] })
    await again.catchUp(leaves, leaves.all.length)
    for (const did of dids) {
      const value = { shown: 'present', value: leaves.values.get(did.suffix) }
      expect([shown(root, did.suffix), shown(root, did.suffix, second)]).toEqual([value, value])
      expect(shown(root, did.suffix, again)).toEqual(value)
    }
    expect(map.wrong).toBe(undefined)
    await second.close()
    await again.close()
  })

  it('changes nothing until what it would come to is taken', async () => {
    const leaves = new Leaves()
    const a = new Controller('Ed25519')
    const anchor = await leaves.anchor([a.create()])
    const { root, take } = await map.extend([anchor])
    expect([map.size, map.view(2)]).toEqual([0, undefined])
    expect((await map.extend([anchor])).root).toEqual(root)
    const mapLeaf = leaves.add({ type: 'map', time: 1_800_000_000, root: Buffer.from(root).toString('hex') })
    await take(mapLeaf)
    expect(map.size).toBe(2)
    expect(shown(Buffer.from(root).toString('hex'), a.suffix).shown).toBe('present')
    await expect(map.extend([anchor])).rejects.toThrow(TypeError)
  })

  it('finds a map leaf that leaves out one operation of one DID, and remembers it', async () => {
    const leaves = new Leaves()
    const [a, b] = [new Controller('Ed25519'), new Controller('Ed25519')]
    await leaves.anchor([a.create(), b.create()])
    const honest = await take(leaves)
    expect(map.wrong).toBe(undefined)
    // As if the update of b had not been anchored.
    const update = await leaves.anchor([await a.update([addService('x')]), await b.update([addService('y')])])
    leaves.add({ type: 'map', time: 1_800_000_000, root: honest })
    await map.catchUp(leaves, leaves.all.length)
    expect(map.wrong).toMatchObject({ index: update.index + 1, stated: honest })
    const again = new OperationMap({ store: stores[1] as Store, content, versions: [ROOTLINE] })
    expect(again.wrong).toEqual(map.wrong)
  })

  it('stays where files are missing, and goes on once they are there', async () => {
    const leaves = new Leaves()
    const a = new Controller('Ed25519')
    await leaves.anchor([a.create()])
    const { content: other, anchorString } = await elsewhere(await a.update([addService('x')]))
    leaves.add({ type: 'anchor', time: 1_800_000_000, anchorString, writer: 'w' })
    await expect(map.catchUp(leaves, 2)).rejects.toMatchObject({
      code: 'LEDGER_FILES_UNAVAILABLE',
      message: expect.stringMatching(/leaf 1 cannot be had: coreIndex Qm\w+ \(CONTENT_NOT_FOUND\)/),
    })
    for (const bytes of other) await content.put(bytes)
    await map.catchUp(leaves, 2)
    expect(map.size).toBe(2)
  })

  it.each([
    ['of the root', 1],
    ['below the root', 2],
  ])('with a page lost %s says so, and comes to no other root', async (_, length) => {
    const leaves = new Leaves()
    const dids = () => Array.from({ length: 300 }, () => new Controller('Ed25519').create())
    await leaves.anchor(dids())
    await take(leaves)
    const store = stores[1] as Store
    const lost: Uint8Array[] = []
    for await (const key of store.keys({ gte: Buffer.from('p'), lt: Buffer.from('q') })) {
      if (key.length === length) lost.push(key)
    }
    expect(lost.length).toBeGreaterThan(0)
    await store.write(lost.map(key => ({ key })))
    const again = new OperationMap({ store, content, versions: [ROOTLINE] })
    const grown = async () => {
      await again.catchUp(leaves, leaves.all.length)
      await again.extend([await leaves.anchor(dids())])
    }
    await expect(grown()).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      message: expect.stringContaining('run "rootline repair"'),
    })
  })

  it('ends between two steps where its caller says so, keeps what it has, and goes on from there', async () => {
    const leaves = new Leaves()
    for (let i = 0; i < 4; i++) {
      await leaves.anchor([new Controller('Ed25519').create()])
      await take(leaves)
    }
    const reason = new TypeError('enough')
    const ending = new AbortController()
    const second = await newMap('second')
    const ended = {
      leaves: async (first: number, limit: number) => {
        if (first >= 6) ending.abort(reason)
        return (await leaves.leaves(first, limit)).slice(0, 3)
      },
    }
    await expect(second.catchUp(ended, leaves.all.length, ending.signal)).rejects.toBe(reason)
    expect(second.size).toBeGreaterThan(0)
    expect(second.size).toBeLessThan(leaves.all.length)
    await second.catchUp(leaves, leaves.all.length)
    expect([second.size, second.wrong]).toEqual([leaves.all.length, undefined])
    await second.close()
  })

  it('begins anew with a log that is not the one it was made from', async () => {
    const [one, other] = [new Leaves(), new Leaves()]
    const [a, b] = [new Controller('Ed25519'), new Controller('Ed25519')]
    await one.anchor([a.create()])
    await take(one)
    await other.anchor([b.create()])
    const store = stores[1] as Store
    const fresh = await newMap('fresh')
    const expected = await take(other, fresh)
    const again = new OperationMap({ store, content, versions: [ROOTLINE] })
    await again.catchUp(other, other.all.length)
    expect(again.wrong).toBe(undefined)
    expect(shown(expected, b.suffix, again).shown).toBe('present')
    expect(shown(expected, a.suffix, again).shown).toBe('absent')
    await fresh.close()
    await again.close()
  })
})

/** Files of a batch that this store does not have. */
async function elsewhere(
  request: OperationRequest,
): Promise<{ content: Uint8Array[]; anchorString: string }> {
  const kept: Uint8Array[] = []
  const keep = new EmbeddedContentStore(await open('elsewhere'))
  const { anchorString, files } = await storeFiles(keep, [request])
  for (const cid of Object.values(files)) kept.push(await keep.get(cid, { maxBytes: 1e6 }))
  return { content: kept, anchorString }
}

describe('a log that keeps a map', () => {
  async function startLog(): Promise<TransparencyLog> {
    const signer = parseSigningKey(generateLogKey('log.example'))
    return TransparencyLog.open({
      store: await open('log'),
      published: publishedCheckpointFile(join(path, 'checkpoint')),
      signer,
      origin: 'log.example',
      clock: systemClock,
      map,
    })
  }

  it('ends each checkpoint in one leaf of it, however many anchors were committed together', async () => {
    const log = await startLog()
    const requests = Array.from({ length: 5 }, () => new Controller('Ed25519').create())
    const batches = await Promise.all(requests.map(request => storeFiles(content, [request])))
    await Promise.all(batches.map(({ anchorString }) => log.anchor(anchorString, 'w')))
    const { size } = parseCheckpoint(parseNote(log.checkpoint()).text)
    expect(size).toBe(6)
    expect((await log.leaves(0, 100)).map(({ leaf }) => leaf.type)).toEqual([
      ...Array(5).fill('anchor'),
      'map',
    ])
    await log.stamp(randomBytes(32), 'w')
    expect((await log.leaves(6, 100)).map(({ leaf }) => leaf.type)).toEqual(['stamp', 'map'])
    expect(parseLeaf(log.mapLeaf()?.leaf as Uint8Array)).toMatchObject({ type: 'map' })
    expect(map.view(8)).not.toBe(undefined)
    expect((await log.transactions(undefined, 10)).length).toBe(5)
    await log.close()
  })

  it('refuses an anchor of which it cannot have the files, and not those beside it', async () => {
    const log = await startLog()
    const there = await storeFiles(content, [new Controller('Ed25519').create()])
    const { anchorString } = await elsewhere(new Controller('Ed25519').create())
    const [good, bad] = await Promise.allSettled([
      log.anchor(there.anchorString, 'w'),
      log.anchor(anchorString, 'w'),
    ])
    expect(good.status).toBe('fulfilled')
    expect(bad).toMatchObject({ reason: { code: 'LEDGER_FILES_UNAVAILABLE' } })
    expect((await log.leaves(0, 10)).map(({ leaf }) => leaf.type)).toEqual(['anchor', 'map'])
    await log.close()
  })
})
