import { beforeAll, describe, expect, it } from 'vitest'
import type { OperationRequest } from '../../src/sidetree/types.ts'
import { anchorBatch, idOf } from './batches.ts'
import { addService, bodyOf, Controller } from './parts.ts'
import { delegate, NodeWorld, type WorldNode } from './world.ts'

/** RFC 3339 text of the time of a transaction, and seconds away from it. */
function timeOf(world: NodeWorld, index: number, seconds = 0): string {
  return new Date(((world.ledger.chain[index]?.timestamp ?? 0) + seconds) * 1000).toISOString()
}

function servicesOf({ didDocument }: { didDocument: { [name: string]: unknown } | null }): number {
  return ((didDocument?.['service'] ?? []) as unknown[]).length
}

describe('versions of a DID', () => {
  const world = new NodeWorld()
  const did = new Controller('Ed25519')
  let node: WorldNode
  let versions: string[]
  /** The create, two updates, a recover and an update, each in a transaction of its own, then two of others. */
  beforeAll(async () => {
    await anchorBatch(world, [did.create()])
    await anchorBatch(world, [await did.update([addService('a')])])
    await anchorBatch(world, [await did.update([addService('b')])])
    await anchorBatch(world, [await did.recover([])])
    await anchorBatch(world, [await did.update([addService('c'), addService('d'), addService('e')])])
    for (let i = 0; i < 2; i++) await anchorBatch(world, [new Controller('Ed25519').create()])
    node = await world.start()
    await node.settled()
    versions = (await node.history(did.did)).map(({ versionId }) => versionId ?? '')
  })

  it('are found by their id, each with the one after it', async () => {
    expect(new Set(versions).size).toBe(5)
    for (const [i, versionId] of versions.entries()) {
      const { result, immutable } = await node.resolve(did.did, { versionId })
      expect(result.didDocumentMetadata['versionId']).toBe(versionId)
      expect(result.didDocumentMetadata['nextVersionId']).toBe(versions[i + 1])
      expect(servicesOf(result)).toBe([0, 1, 2, 0, 3][i])
      expect(immutable).toBe(i < 4)
    }
  })

  it('are found by a time: that of a transaction, and any until the next', async () => {
    for (const [i, versionId] of versions.entries()) {
      for (const time of [timeOf(world, i), timeOf(world, i + 1, -1)]) {
        const { result, immutable } = await node.resolve(did.did, { versionTime: time })
        expect(result.didDocumentMetadata['versionId']).toBe(versionId)
        expect(immutable).toBe(false)
      }
    }
    const { result } = await node.resolve(did.did, { versionTime: timeOf(world, 6) })
    expect(result.didDocumentMetadata['versionId']).toBe(versions[4])
  })

  it('have times in any zone, with fractions of a second rounded down', async () => {
    const utc = new Date(timeOf(world, 1))
    const inIndia = `${new Date(utc.getTime() + 5.5 * 3_600_000).toISOString().slice(0, 19)}+05:30`
    for (const versionTime of [inIndia, utc.toISOString().replace('.000Z', '.999Z')]) {
      const { result } = await node.resolve(did.did, { versionTime })
      expect(result.didDocumentMetadata['versionId']).toBe(versions[1])
    }
  })

  it('are none before the create', async () => {
    for (const versionTime of [timeOf(world, 0, -1), '1970-01-01T00:00:00Z']) {
      await expect(node.resolve(did.did, { versionTime })).rejects.toMatchObject({ code: 'DID_UNKNOWN' })
    }
  })

  it('are not known for times that the ledger has not been read up to', async () => {
    for (const versionTime of [timeOf(world, 6, 1), '2999-01-01T00:00:00Z']) {
      await expect(node.resolve(did.did, { versionTime })).rejects.toMatchObject({
        code: 'VERSION_TIME_AHEAD',
      })
    }
  })

  it.each([
    'yesterday',
    '2026-05-02',
    '2026-05-02T10:00:00',
    '2026-13-02T10:00:00Z',
    '',
    '2026-05-02T10:00:00z ',
  ])('are not found by %j, which is no time', async versionTime => {
    await expect(node.resolve(did.did, { versionTime })).rejects.toMatchObject({
      code: 'VERSION_TIME_INVALID',
    })
  })

  it('are not found by an id that is none of them', async () => {
    const other = (await node.resolve(`did:rootline:${await otherSuffix()}`)).result.didDocumentMetadata[
      'versionId'
    ]
    for (const versionId of ['', '1', 'x'.repeat(10_000), String(other)]) {
      await expect(node.resolve(did.did, { versionId })).rejects.toMatchObject({ code: 'VERSION_UNKNOWN' })
    }
  })

  async function otherSuffix(): Promise<string> {
    const controller = new Controller('Ed25519')
    await anchorBatch(world, [controller.create()])
    await node.settled()
    return controller.suffix
  }

  it('of the past keep their answer by id whatever is queued or missing now', async () => {
    const versionId = versions[1] ?? ''
    const before = await node.resolve(did.did, { versionId })
    await node.submit(bodyOf(await did.update([addService('f')])))
    expect((await node.resolve(did.did)).result.didDocumentMetadata).toHaveProperty('pendingOperations')
    expect(await node.resolve(did.did, { versionId })).toEqual(before)
    expect(before.immutable).toBe(true)
    const byTime = await node.resolve(did.did, { versionTime: timeOf(world, 1) })
    expect(byTime.result.didDocumentMetadata).not.toHaveProperty('pendingOperations')
  })
})

describe('a DID by its long form', () => {
  async function longForm() {
    const world = new NodeWorld()
    const node = await world.start()
    const did = new Controller('Ed25519')
    const { longFormDid = '' } = await node.submit(bodyOf(did.create()))
    return { world, node, did, longFormDid }
  }

  it('resolves before it is anchored, and is then found by its short form too', async () => {
    const { node, did, longFormDid } = await longForm()
    const unpublished = (await node.resolve(longFormDid)).result
    expect(unpublished.didDocumentMetadata).toMatchObject({
      method: { published: false },
      equivalentId: [did.did],
    })
    expect(unpublished.didDocumentMetadata).not.toHaveProperty('canonicalId')
    expect(unpublished.didDocument?.['id']).toBe(longFormDid)
    await expect(node.resolve(did.did)).rejects.toMatchObject({ code: 'DID_UNKNOWN', reason: 'QUEUED' })
    await node.settled()
    const published = (await node.resolve(longFormDid)).result
    expect(published.didDocumentMetadata).toMatchObject({ method: { published: true }, canonicalId: did.did })
    expect((await node.resolve(did.did)).result.didDocumentMetadata).toMatchObject({ canonicalId: did.did })
  })

  it('shows what became of it once it is anchored (ssi-service#648)', async () => {
    const { node, did, longFormDid } = await longForm()
    await node.submit(bodyOf(await did.update([addService('a')])))
    await node.settled()
    expect(servicesOf((await node.resolve(longFormDid)).result)).toBe(1)
    await node.submit(bodyOf(await did.deactivate()))
    await node.settled()
    expect((await node.resolve(longFormDid)).deactivated).toBe(true)
  })

  it('has no versions before it is anchored', async () => {
    const { node, longFormDid } = await longForm()
    const options = [{ versionId: 'x' }, { versionTime: '2020-01-01T00:00:00Z' }]
    for (const option of options) {
      await expect(node.resolve(longFormDid, option)).rejects.toMatchObject({ code: 'VERSION_UNKNOWN' })
    }
    expect(await node.history(longFormDid)).toEqual([])
  })

  it('is refused where it is not the one of its suffix, published or not', async () => {
    const { node, did, longFormDid } = await longForm()
    const other = await longForm()
    const initial = other.longFormDid.split(':').at(-1)
    const changed = `${longFormDid.slice(0, -2)}${longFormDid.endsWith('A') ? 'B' : 'A'}`
    for (let i = 0; i < 2; i++) {
      for (const wrong of [
        `${did.did}:${initial}`,
        changed,
        `${longFormDid}:x`,
        longFormDid.slice(0, -20),
        `${did.did}:`,
      ]) {
        await expect(node.resolve(wrong), wrong).rejects.toMatchObject({ name: 'SidetreeError' })
      }
      await node.settled()
    }
  })
})

describe('a DID that is not known', () => {
  it.each([
    ['a suffix of nobody', 'did:rootline:EiDyOQbbZAa3aiRzeCkV7LOx3SERjjH93EXoIM3UoN4oWg', 'DID_UNKNOWN'],
    ['a suffix that is no hash', 'did:rootline:abc', 'DID_SUFFIX_INVALID'],
    [
      'another spelling of a suffix (sidetree#873)',
      'did:rootline:EiDyOQbbZAa3aiRzeCkV7LOx3SERjjH93EXoIM3UoN4oWh',
      'DID_SUFFIX_INVALID',
    ],
    ['another method', 'did:ion:EiDyOQbbZAa3aiRzeCkV7LOx3SERjjH93EXoIM3UoN4oWg', 'DID_METHOD_MISMATCH'],
    ['no DID', 'rootline', 'DID_INVALID'],
    ['nothing', '', 'DID_INVALID'],
  ])('(%s) is answered with a code', async (_, text, code) => {
    const node = await new NodeWorld().start()
    const error: { code: string } = await node.resolve(text).then(
      () => ({ code: 'none' }),
      (caught: { code: string }) => caught,
    )
    expect(error.code).toMatch(code === 'DID_UNKNOWN' ? /^DID_UNKNOWN$/ : /^DID_/)
    await expect(node.history(text)).rejects.toMatchObject({ code: error.code })
    await expect(node.explain(text)).rejects.toMatchObject({ code: error.code })
  })

  it('has operations on the ledger and no create that counts', async () => {
    const world = new NodeWorld()
    const did = new Controller('Ed25519')
    did.create()
    await anchorBatch(world, [await did.update([addService('a')])])
    const node = await world.start()
    await node.settled()
    await expect(node.resolve(did.did)).rejects.toMatchObject({ code: 'DID_UNKNOWN', reason: 'NOT_ANCHORED' })
  })
})

describe('the metadata of a DID', () => {
  it('lists its operations that wait, in their order, until each is applied', async () => {
    const world = new NodeWorld()
    const node = await world.start()
    const did = new Controller('Ed25519')
    const create = did.create()
    const { longFormDid = '' } = await node.submit(bodyOf(create))
    const pendingOf = async (text: string) =>
      (await node.resolve(text)).result.didDocumentMetadata['pendingOperations']
    expect(await pendingOf(longFormDid)).toEqual([{ id: idOf(create), type: 'create' }])
    await node.settled()
    const requests: OperationRequest[] = [
      await did.update([addService('a')]),
      await did.recover([]),
      await did.deactivate(),
    ]
    for (const request of requests) await node.submit(bodyOf(request))
    expect(await pendingOf(did.did)).toEqual(
      requests.map(request => ({ id: idOf(request), type: request.type })),
    )
    expect(servicesOf((await node.resolve(did.did)).result)).toBe(0)
    await node.settled()
    expect(await pendingOf(did.did)).toBeUndefined()
  })

  it('says that it is not deactivated, and once it is; what was before stays as it was', async () => {
    const world = new NodeWorld()
    const node = await world.start()
    const did = new Controller('Ed25519')
    await node.submit(bodyOf(did.create()))
    await node.settled()
    const active = await node.resolve(did.did)
    expect([active.deactivated, active.result.didDocumentMetadata['deactivated']]).toEqual([false, false])
    await node.submit(bodyOf(await did.deactivate()))
    await node.settled()
    const ended = await node.resolve(did.did)
    expect([ended.deactivated, ended.result.didDocumentMetadata['deactivated']]).toEqual([true, true])
    const versionId = active.result.didDocumentMetadata['versionId'] as string
    expect((await node.resolve(did.did, { versionId })).deactivated).toBe(false)
  })
})

describe('the history of a DID', () => {
  it('has every operation in the order of the ledger, with why some count for nothing', async () => {
    const world = new NodeWorld()
    const did = new Controller('Ed25519')
    const create = did.create()
    await anchorBatch(world, [create])
    await anchorBatch(world, [create])
    const update = await did.update([addService('a')])
    const fork = await did.fork(update, [addService('b')])
    await anchorBatch(world, [update])
    await anchorBatch(world, [fork])
    const stranger = new Controller('Ed25519')
    stranger.create()
    stranger.suffix = did.suffix
    await anchorBatch(world, [await stranger.update([addService('c')])])
    const [broken] = [(await did.update([addService('d')])) as Extract<OperationRequest, { type: 'update' }>]
    await anchorBatch(world, [{ ...broken, delta: (fork as typeof broken).delta }])
    await anchorBatch(world, [broken])
    await anchorBatch(world, [await did.deactivate()])
    await anchorBatch(world, [await did.update([addService('e')])])
    const node = await world.start()
    await node.settled()
    const history = await node.history(did.did)
    expect(history.map(({ type, applied, code }) => [type, applied, code])).toEqual([
      ['create', true, undefined],
      ['create', false, 'CREATE_SUPERSEDED'],
      ['update', true, undefined],
      ['update', false, 'COMMITMENT_SPENT'],
      ['update', false, 'DID_DEACTIVATED'],
      ['update', false, 'DELTA_HASH_MISMATCH'],
      ['update', true, undefined],
      ['deactivate', true, undefined],
      ['update', false, 'COMMITMENT_REPLACED'],
    ])
    expect(history.map(({ transactionNumber }) => transactionNumber)).toEqual(
      world.ledger.chain.map(({ number }) => number),
    )
    expect(history.map(({ time }) => time)).toEqual(world.ledger.chain.map((_, i) => timeOf(world, i)))
    expect(history.every(({ applied, versionId }) => applied === (versionId !== undefined))).toBe(true)
  })
})

describe('the entity tag of an answer', () => {
  it('changes if, and only if, the body does', async () => {
    const world = new NodeWorld()
    const node = await world.start()
    const did = new Controller('Ed25519')
    const tags = new Map<string, string>()
    const look = async () => {
      for (const options of [{}, { versionTime: timeOf(world, 0) }]) {
        const answer = await node.resolve(did.did, options).catch(() => undefined)
        if (answer === undefined) continue
        const body = answer.body.toString()
        expect(tags.get(answer.etag) ?? body).toBe(body)
        tags.set(answer.etag, body)
        expect(JSON.parse(body)).toEqual(answer.result)
      }
    }
    await node.submit(bodyOf(did.create()))
    await node.settled()
    for (let i = 0; i < 4; i++) {
      await look()
      await look()
      await node.submit(bodyOf(await did.update([addService(`s${i % 2}`)])))
      await look()
      await node.settled()
    }
    expect(new Set(tags.values()).size).toBe(tags.size)
    expect(tags.size).toBeGreaterThan(6)
  })
})

describe('while the ledger has more than was read', () => {
  it('a time is answered up to the cursor, and is ahead after it', async () => {
    const world = new NodeWorld()
    const did = new Controller('Ed25519')
    await anchorBatch(world, [did.create()])
    await anchorBatch(world, [await did.update([addService('a')])])
    await anchorBatch(world, [await did.update([addService('b')])])
    world.wrapLedger = ledger => ({
      ...delegate(ledger),
      transactions: async (after, limit) =>
        (await ledger.transactions(after, limit)).filter(({ number }) => number < 3_000_000),
    })
    const node = await world.start()
    await node.settled()
    expect(servicesOf((await node.resolve(did.did, { versionTime: timeOf(world, 1) })).result)).toBe(1)
    await expect(node.resolve(did.did, { versionTime: timeOf(world, 1, 1) })).rejects.toMatchObject({
      code: 'VERSION_TIME_AHEAD',
    })
    expect((await node.status()).observer).toMatchObject({ cursor: 2_000_000 })
  })
})
