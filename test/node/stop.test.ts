import { describe, expect, it } from 'vitest'
import { tempFolder } from '../temp.ts'
import { anchorBatch, anchoredIds, idOf } from './batches.ts'
import { bodyOf, Controller, startTestNode } from './parts.ts'
import { NodeWorld, until } from './world.ts'

const create = () => new Controller('Ed25519').create()

describe('a node that is told to stop', () => {
  it('finishes the batch under way, and keeps what waits beside it', async () => {
    const world = new NodeWorld()
    const node = await world.start()
    const [first, second] = [create(), create()]
    await node.submit(bodyOf(first))
    const gate = Promise.withResolvers<void>()
    world.content.failWrites({ slow: gate.promise })
    const settling = node.settled().catch((error: { code: string }) => error.code)
    await until(() => world.steps.includes('content put'))
    await node.submit(bodyOf(second))
    const stopping = node.stop()
    await expect(node.submit(bodyOf(create()))).rejects.toMatchObject({ code: 'NODE_STOPPING' })
    gate.resolve()
    await stopping
    expect(await settling).toBe('NODE_STOPPING')
    expect(await anchoredIds(world)).toEqual([idOf(first)])
    const again = await world.start()
    await again.settled()
    expect(await anchoredIds(world)).toEqual([idOf(first), idOf(second)])
  })

  it('does so once, for all who ask', async () => {
    const world = new NodeWorld()
    const node = await world.start()
    await node.submit(bodyOf(create()))
    const settling = node.settled().catch(() => {})
    let open = true
    const stops = [node.stop(), node.stop()].map(stop =>
      stop.then(() => {
        open = false
      }),
    )
    await stops[1]
    expect(open).toBe(false)
    await Promise.all([...stops, settling])
  })

  it('while it reads many transactions does not wait for their files', async () => {
    const world = new NodeWorld()
    for (let i = 0; i < 12; i++) await anchorBatch(world, [create()])
    world.content.failReads('hanging')
    const node = await world.start()
    await until(() => world.content.asked.length >= 8)
    await node.stop()
    // Vitest fails where a rejection is not handled.
    await new Promise(resolve => setTimeout(resolve, 5))
    world.content.heal()
    const again = await world.start()
    await again.settled()
    expect(await again.transactions(undefined, 100)).toHaveLength(12)
  })

  it('while operations wait for the ledger to be read does not begin a batch', async () => {
    const world = new NodeWorld()
    const node = await world.start()
    await node.submit(bodyOf(create()))
    await anchorBatch(world, [create()])
    world.content.failReads('hanging')
    void node.settled().catch(() => {})
    await until(() => world.content.asked.length > 0)
    await node.stop()
    expect(world.ledger.chain).toHaveLength(1)
    expect((await (await world.start()).status()).queue.operations).toBe(1)
  })

  it('answers nobody for ever: what is asked of it then is refused', async () => {
    const world = new NodeWorld()
    const node = await world.start()
    const did = new Controller('Ed25519')
    did.create()
    // An operation that can be judged only after another look at the ledger.
    const waits = node.submit(bodyOf(await did.update([]))).catch((error: { code: string }) => error.code)
    const stopping = node.stop()
    expect(await waits).toMatch(/^(DID_UNKNOWN|NODE_STOPPING)$/)
    await stopping
    await expect(node.settled()).rejects.toMatchObject({ code: 'NODE_STOPPING' })
  })

  it('leaves no timer behind that would keep the process alive', async () => {
    const timers = () => process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length
    const before = timers()
    const world = new NodeWorld()
    world.settings = { pollMs: 1_000_000, batchIntervalMs: 1, workers: 0 }
    const node = await world.start()
    for (let i = 0; i < 10; i++) {
      await node.submit(bodyOf(create()))
      await node.settled()
    }
    await node.stop()
    expect(timers()).toBeLessThanOrEqual(before)
  })

  it('lets go of its files', async () => {
    const folder = tempFolder()
    const first = await startTestNode(folder)
    const request = create()
    await first.node.submit(bodyOf(request))
    await first.close()
    const second = await startTestNode(folder)
    await second.node.settled()
    expect((await second.node.operation(idOf(request))).state).toBe('applied')
    await second.close()
  })
})

describe('a store', () => {
  it.each([
    ['another ledger', { id: 'elsewhere' }],
    ['another kind of ledger', { kind: 'bitcoin' }],
  ])('that was made for %s is refused', async (_, description) => {
    const world = new NodeWorld()
    await (await world.start()).stop()
    world.wrapLedger = ledger =>
      Object.assign(ledger, { describe: () => ({ ...world.ledger.describe(), ...description }) })
    await expect(world.start()).rejects.toMatchObject({ code: 'NODE_STORE_MISMATCH' })
  })
})
