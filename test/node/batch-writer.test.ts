import { describe, expect, it } from 'vitest'
import { LedgerError } from '../../src/ledger/errors.ts'
import { parseAnchorString } from '../../src/sidetree/anchor-string.ts'
import { type ProtocolParameters, ROOTLINE } from '../../src/sidetree/parameters.ts'
import type { OperationRequest } from '../../src/sidetree/types.ts'
import { anchorBatch, anchoredIds, idOf, storeFiles } from './batches.ts'
import { addService, bodyOf, Controller } from './parts.ts'
import { delegate, NodeWorld, until } from './world.ts'

function creates(count: number): OperationRequest[] {
  return Array.from({ length: count }, () => new Controller('Ed25519').create())
}

async function submitAll(node: { submit(body: Uint8Array): Promise<unknown> }, requests: OperationRequest[]) {
  await Promise.all(requests.map(request => node.submit(bodyOf(request))))
}

function countsOn({ ledger }: NodeWorld): number[] {
  return ledger.chain.map(({ anchorString }) => parseAnchorString(anchorString, ROOTLINE).operationCount)
}

describe('a batch', () => {
  it('is cut by count', async () => {
    const world = new NodeWorld()
    world.settings = { ...world.settings, maxBatchOperations: 4 }
    const node = await world.start()
    await submitAll(node, creates(10))
    await node.settled()
    expect(countsOn(world)).toEqual([4, 4, 2])
  })

  it('is cut by the compressed size of its files, so that no observer refuses it (sidetree#764)', async () => {
    const world = new NodeWorld()
    const small: ProtocolParameters = { ...ROOTLINE, maxChunkFileBytes: 4_000 }
    world.versions = [small]
    const node = await world.start()
    const requests = creates(60)
    await submitAll(node, requests)
    await node.settled()
    expect(world.ledger.chain.length).toBeGreaterThan(2)
    expect((await anchoredIds(world)).toSorted()).toEqual(requests.map(idOf).toSorted())
    expect((await node.transactions(undefined, 100)).map(({ outcome }) => outcome)).toEqual(
      world.ledger.chain.map(() => 'applied'),
    )
    for (const request of requests) expect((await node.operation(idOf(request))).state).toBe('applied')
  })

  it('leaves an operation that no batch can hold aside, with its reason, and takes the others (orb#524)', async () => {
    const world = new NodeWorld()
    const first = await world.start()
    const [poison, ...others] = creates(4) as [OperationRequest, ...OperationRequest[]]
    await submitAll(first, [poison])
    await first.kill()
    // The rules change while it waits: such a delta is too large now.
    const size = Buffer.byteLength(JSON.stringify((poison as { delta: object }).delta))
    world.versions = [{ ...ROOTLINE, maxDeltaBytes: size - 1 }]
    const node = await world.start()
    const small = others.map(() => new Controller('Ed25519').create([]))
    await submitAll(node, small)
    await node.settled()
    expect(await node.operation(idOf(poison))).toMatchObject({ state: 'rejected', code: 'DELTA_TOO_LARGE' })
    for (const request of small) expect((await node.operation(idOf(request))).state).toBe('applied')
    expect((await node.status()).queue).toMatchObject({ operations: 0, batching: false })
  })

  it('is written once the interval is over, without being asked for', async () => {
    const world = new NodeWorld()
    world.settings = { ...world.settings, batchIntervalMs: 5 }
    const node = await world.start()
    const requests = creates(3)
    await submitAll(node, requests)
    await until(async () => (await node.operation(idOf(requests[2] as OperationRequest))).state === 'applied')
    await node.stop()
  })
})

describe('a batch that fails', () => {
  it.each(['full', 'unreachable'] as const)(
    'while its files are stored (%s) is tried again, and anchored once',
    async fault => {
      const world = new NodeWorld()
      world.settings = { ...world.settings, batchIntervalMs: 1 }
      const node = await world.start()
      world.content.failWrites(fault)
      const requests = creates(3)
      await submitAll(node, requests)
      await until(async () => (await node.status()).queue.lastError !== undefined)
      expect(world.ledger.chain).toHaveLength(0)
      expect((await node.operation(idOf(requests[0] as OperationRequest))).state).toBe('queued')
      world.content.heal()
      await until(() => world.ledger.chain.length > 0)
      await node.settled()
      expect((await node.status()).queue).toEqual({ operations: 0, batching: false })
      expect((await anchoredIds(world)).toSorted()).toEqual(requests.map(idOf).toSorted())
      await node.stop()
    },
  )

  it('while content is slow takes operations meanwhile, for the next one', async () => {
    const world = new NodeWorld()
    const node = await world.start()
    const gate = Promise.withResolvers<void>()
    world.content.failWrites({ slow: gate.promise })
    const [first, second] = creates(2) as [OperationRequest, OperationRequest]
    await submitAll(node, [first])
    const settled = node.settled()
    await until(() => world.steps.some(step => step === 'content put'))
    await submitAll(node, [second])
    expect(world.ledger.chain).toHaveLength(0)
    gate.resolve()
    await settled
    expect(countsOn(world)).toEqual([1, 1])
  })

  it('as the ledger cannot be reached waits, and is visible; later ones are taken meanwhile', async () => {
    const world = new NodeWorld()
    const node = await world.start()
    await submitAll(node, creates(1))
    await node.settled()
    const [first, second] = creates(2) as [OperationRequest, OperationRequest]
    await submitAll(node, [first])
    world.ledger.failWith(new LedgerError('LEDGER_UNREACHABLE', 'the chain is away'))
    await expect(node.settled()).rejects.toMatchObject({ code: 'LEDGER_UNREACHABLE' })
    expect((await node.status()).queue).toMatchObject({ operations: 1, lastError: 'the chain is away' })
    expect((await node.submit(bodyOf(second))).accepted).toBe(true)
    world.ledger.failWith(undefined)
    await node.settled()
    expect(countsOn(world)).toEqual([1, 2])
  })

  it.each([true, false])(
    'with an unknown outcome is looked for before it is anchored again (it was: %s)',
    async applied => {
      const world = new NodeWorld()
      const node = await world.start()
      const requests = creates(3)
      await submitAll(node, requests)
      // What a batch of creates takes: the chunk, the provisional index, the core index, the intent, the anchor.
      world.fault = { step: 5, applied, kills: false }
      await node.settled()
      expect(world.steps.filter(step => step === 'ledger anchor')).toHaveLength(applied ? 1 : 2)
      expect(countsOn(world)).toEqual([3])
      for (const request of requests) expect((await node.operation(idOf(request))).state).toBe('applied')
    },
  )

  it('is found again among many other transactions', async () => {
    const world = new NodeWorld()
    const node = await world.start()
    await submitAll(node, creates(1))
    const junk = await storeFiles(world.content, creates(1))
    world.wrapLedger = ledger => ledger
    world.fault = { step: 5, applied: true, kills: true }
    await node.settled().catch(() => {})
    await node.kill()
    for (let i = 0; i < 600; i++) await world.ledger.anchor(`1.${junk.anchorString.slice(2)}${i}`, 'other')
    const again = await world.start()
    await again.settled()
    expect(world.steps.filter(step => step === 'ledger anchor')).toHaveLength(1)
    expect((await again.status()).queue).toEqual({ operations: 0, batching: false })
  })

  it('while files of an earlier one cannot be read does not reject what was accepted on top of it', async () => {
    const world = new NodeWorld()
    const node = await world.start()
    const did = new Controller('Ed25519')
    const [create, update] = [did.create(), await did.update([addService('a')])]
    await submitAll(node, [create])
    await node.submit(bodyOf(update))
    // From now on, what is stored cannot be read back for a while.
    world.content.failReads('unreachable')
    await node.settled()
    expect(countsOn(world)).toEqual([1, 1])
    expect((await node.operation(idOf(update))).state).toBe('anchored')
    world.content.heal()
    world.time += 3_600_000
    await node.settled()
    await until(async () => (await node.operation(idOf(update))).state === 'applied')
    expect((await node.resolve(did.did)).result.didDocument?.['service']).toHaveLength(1)
  })

  it('does not keep a node from starting', async () => {
    const world = new NodeWorld()
    const first = await world.start()
    await submitAll(first, creates(2))
    await first.kill()
    world.wrapLedger = ledger => ({ ...delegate(ledger), anchor: () => new Promise(() => {}) })
    const node = await world.start()
    expect((await node.status()).queue.operations).toBe(2)
  })
})

describe('an operation whose DID was changed elsewhere', () => {
  it('is not anchored, and says why', async () => {
    const world = new NodeWorld()
    const node = await world.start()
    const did = new Controller('Ed25519')
    await submitAll(node, [did.create()])
    await node.settled()
    const update = await did.update([addService('a')])
    await submitAll(node, [update])
    await anchorBatch(world, [await did.deactivate()])
    await node.settled()
    expect(countsOn(world)).toEqual([1, 1])
    const status = await node.operation(idOf(update))
    expect(status).toMatchObject({ state: 'rejected', code: 'DID_DEACTIVATED' })
    expect(status.reason).toContain('changed')
    // It may be handed in again, and is then judged anew.
    await expect(node.submit(bodyOf(update))).rejects.toMatchObject({ code: 'DID_DEACTIVATED' })
  })
})
