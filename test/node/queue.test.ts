import { describe, expect, it } from 'vitest'
import type { OperationRequest } from '../../src/sidetree/types.ts'
import { anchorBatch, anchoredIds, idOf } from './batches.ts'
import { addService, bodyOf, Controller } from './parts.ts'
import { NodeWorld, until } from './world.ts'

const DID = () => new Controller('Ed25519')

/** A world with a node and a DID of it that is anchored. */
async function withDid(settings = {}) {
  const world = new NodeWorld()
  world.settings = { ...world.settings, ...settings }
  const node = await world.start()
  const did = DID()
  await node.submit(bodyOf(did.create()))
  await node.settled()
  return { world, node, did }
}

describe('the queue', () => {
  it('holds the second operation of a DID for the next batch, and the third for the one after (sidetree#1124)', async () => {
    const world = new NodeWorld()
    const node = await world.start()
    const did = DID()
    const requests = [did.create(), await did.update([addService('a')]), await did.update([addService('b')])]
    for (const request of requests) expect((await node.submit(bodyOf(request))).status.state).toBe('queued')
    expect((await node.operation(idOf(requests[2] as OperationRequest))).ahead).toBe(2)
    await node.settled()
    expect(world.ledger.chain.map(({ anchorString }) => anchorString.split('.')[0])).toEqual(['1', '1', '1'])
    const states = await Promise.all(requests.map(async request => node.operation(idOf(request))))
    expect(states.map(({ state }) => state)).toEqual(['applied', 'applied', 'applied'])
    const numbers = states.map(({ transactionNumber }) => transactionNumber)
    expect(numbers).toEqual(world.ledger.chain.map(({ number }) => number))
    expect((await node.resolve(did.did)).result.didDocument?.['service']).toHaveLength(2)
  })

  it('puts operations of different DIDs into one batch, in order of acceptance within their type', async () => {
    const world = new NodeWorld()
    const node = await world.start()
    const requests = Array.from({ length: 5 }, () => DID().create())
    for (const request of requests) await node.submit(bodyOf(request))
    await node.settled()
    expect(world.ledger.chain).toHaveLength(1)
    expect(await anchoredIds(world)).toEqual(requests.map(idOf))
  })

  it('answers the same request alike while it waits, once it is anchored, and once it is applied', async () => {
    const { world, node, did } = await withDid()
    const update = bodyOf(await did.update([addService('a')]))
    const first = await node.submit(update)
    expect(first.accepted).toBe(true)
    expect(await node.submit(update)).toMatchObject({
      accepted: false,
      status: { id: first.status.id, state: 'queued' },
    })
    await node.settled()
    expect(await node.submit(update)).toMatchObject({ accepted: false, status: { state: 'applied' } })
    // The same request in another spelling is the same operation.
    const spaced = Buffer.from(JSON.stringify(JSON.parse(update.toString()), null, 2))
    expect((await node.submit(spaced)).accepted).toBe(false)
    await node.settled()
    expect(world.ledger.chain).toHaveLength(2)
  })

  it('takes the same request once, however many hand it in at the same time', async () => {
    const world = new NodeWorld()
    const node = await world.start()
    const body = bodyOf(DID().create())
    const submissions = await Promise.all(Array.from({ length: 20 }, () => node.submit(body)))
    expect(submissions.filter(({ accepted }) => accepted)).toHaveLength(1)
    expect(new Set(submissions.map(({ status }) => status.id)).size).toBe(1)
    await node.settled()
    expect(await anchoredIds(world)).toHaveLength(1)
  })

  it('takes one of two updates that reveal the same key, also at the same time', async () => {
    const { node, did } = await withDid()
    const first = await did.update([addService('a')])
    const second = await did.fork(first, [addService('b')])
    const outcomes = await Promise.allSettled([node.submit(bodyOf(first)), node.submit(bodyOf(second))])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    await node.settled()
    expect((await node.resolve(did.did)).result.didDocument?.['service']).toHaveLength(1)
  })

  it('refuses more operations than it may hold, and takes them once there is room', async () => {
    const world = new NodeWorld()
    world.settings = { ...world.settings, queue: { maxOperations: 3 } }
    const node = await world.start()
    for (let i = 0; i < 3; i++) await node.submit(bodyOf(DID().create()))
    const late = bodyOf(DID().create())
    await expect(node.submit(late)).rejects.toMatchObject({ name: 'NodeError', code: 'QUEUE_FULL' })
    expect((await node.status()).queue.operations).toBe(3)
    await node.settled()
    expect((await node.submit(late)).accepted).toBe(true)
  })

  it('refuses more operations of one DID than it may hold, and still takes those of others', async () => {
    const world = new NodeWorld()
    world.settings = { ...world.settings, queue: { maxPerDid: 2 } }
    const node = await world.start()
    const did = DID()
    await node.submit(bodyOf(did.create()))
    await node.submit(bodyOf(await did.update([addService('a')])))
    const third = bodyOf(await did.update([addService('b')]))
    await expect(node.submit(third)).rejects.toMatchObject({ code: 'DID_QUEUE_FULL' })
    expect((await node.submit(bodyOf(DID().create()))).accepted).toBe(true)
    await node.settled()
    expect((await node.submit(third)).accepted).toBe(true)
    await node.settled()
    expect((await node.resolve(did.did)).result.didDocument?.['service']).toHaveLength(2)
  })

  it('keeps its order over a restart', async () => {
    const world = new NodeWorld()
    const first = await world.start()
    const did = DID()
    const requests = [did.create(), await did.update([addService('a')]), await did.update([addService('b')])]
    const others = Array.from({ length: 3 }, () => DID().create())
    for (const request of [...requests, ...others]) await first.submit(bodyOf(request))
    await first.kill()
    const node = await world.start()
    expect((await node.status()).queue.operations).toBe(6)
    await node.settled()
    const [create, update, another] = requests.map(idOf)
    expect(await anchoredIds(world)).toEqual([create, ...others.map(idOf), update, another])
    expect((await node.resolve(did.did)).result.didDocument?.['service']).toHaveLength(2)
  })

  it('numbers what comes after a restart after what waited before', async () => {
    const world = new NodeWorld()
    const first = await world.start()
    const early = DID().create()
    await first.submit(bodyOf(early))
    await first.kill()
    // At its start a node batches what waits: here it cannot.
    world.content.failWrites('unreachable')
    const node = await world.start()
    const late = DID().create()
    await node.submit(bodyOf(late))
    expect((await node.operation(idOf(late))).ahead).toBe(1)
    world.content.heal()
    await node.settled()
    expect(await anchoredIds(world)).toEqual([early, late].map(idOf))
  })

  it('takes an update that is handed in when its predecessor is anchored and not yet read back', async () => {
    const { world, node, did } = await withDid()
    await node.submit(bodyOf(await did.update([addService('a')])))
    const next = bodyOf(await did.update([addService('b')]))
    // Right when the anchor is on the chain, the queue has not heard of it, or has and the observer has not.
    let handedIn: Promise<unknown> | undefined
    const unsubscribe = world.ledger.onTransaction(() => {
      handedIn = node.submit(next)
    })
    await node.settled()
    unsubscribe()
    await until(() => handedIn !== undefined)
    await handedIn
    await node.settled()
    expect((await node.resolve(did.did)).result.didDocument?.['service']).toHaveLength(2)
    expect(new Set(await anchoredIds(world)).size).toBe(3)
  })

  it('answers what a DID is at any moment while its operations leave the queue', async () => {
    const { node, did } = await withDid()
    for (let i = 0; i < 5; i++) {
      await node.submit(bodyOf(await did.update([addService(`s${i}`)])))
      let settled = false
      const settling = node.settled().finally(() => {
        settled = true
      })
      const counts: number[] = []
      while (!settled) {
        const { didDocument } = (await node.resolve(did.did)).result
        counts.push((didDocument?.['service'] as unknown[] | undefined)?.length ?? 0)
        await new Promise(resolve => setImmediate(resolve))
      }
      await settling
      expect(counts.every(count => count === i || count === i + 1)).toBe(true)
    }
  })

  it('holds junk of others no longer than it is: what they anchor first is refused with the reason', async () => {
    const { world, node, did } = await withDid()
    const update = await did.update([addService('a')])
    await node.submit(bodyOf(update))
    const later = await did.update([addService('b')])
    await node.submit(bodyOf(later))
    // The controller has handed another update to another node, with the same key.
    await anchorBatch(world, [await did.fork(update, [addService('other')])])
    await node.settled()
    expect(await node.operation(idOf(update))).toMatchObject({
      state: 'rejected',
      code: 'COMMITMENT_UNKNOWN',
    })
    expect(await node.operation(idOf(later))).toMatchObject({ state: 'rejected', code: 'COMMITMENT_UNKNOWN' })
    expect((await node.status()).queue.operations).toBe(0)
    expect(world.ledger.chain).toHaveLength(2)
  })
})
