import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OperationRequest } from '../../src/sidetree/types.ts'
import { anchoredIds, idOf } from './batches.ts'
import { addService, bodyOf, Controller } from './parts.ts'
import { type Fault, NodeWorld, type WorldNode } from './world.ts'

type Action =
  | { do: 'submit'; did: number; type: 'update' | 'recover' }
  | { do: 'settle' }
  | { do: 'restart' }
  | { do: 'fault'; fault: Fault }

const DIDS = 3

const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('submit' as const),
        did: fc.nat(DIDS - 1),
        type: fc.constantFrom('update', 'update', 'recover'),
      }),
    },
    { weight: 3, arbitrary: fc.constant({ do: 'settle' as const }) },
    { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('fault' as const),
        fault: fc.record({
          step: fc.integer({ min: 1, max: 9 }),
          applied: fc.boolean(),
          kills: fc.boolean(),
        }),
      }),
    },
  ),
  { minLength: 4, maxLength: 30 },
)

/** Someone who hands in one operation after another, and each again until it was acknowledged. */
class Client {
  readonly controller = new Controller('Ed25519')
  readonly acknowledged: OperationRequest[] = []
  /** Services that the DID has once all that was acknowledged is applied. */
  services: string[] = []
  #pending: { request: OperationRequest; services: string[] } | undefined

  async submit(node: WorldNode, type: 'update' | 'recover'): Promise<void> {
    this.#pending ??= await this.#next(type)
    await node.submit(bodyOf(this.#pending.request))
    this.acknowledged.push(this.#pending.request)
    this.services = this.#pending.services
    this.#pending = undefined
  }

  /** Hands in what was not acknowledged yet, if there is anything. */
  async finish(node: WorldNode): Promise<void> {
    if (this.#pending !== undefined) await this.submit(node, 'update')
  }

  async #next(type: 'update' | 'recover') {
    const { controller } = this
    const name = `s${this.acknowledged.length}`
    if (this.acknowledged.length === 0) return { request: controller.create(), services: [] }
    const patches = [addService(name)]
    return type === 'update'
      ? { request: await controller.update(patches), services: [...this.services.slice(-3), name] }
      : { request: await controller.recover(patches), services: [name] }
  }
}

/** Runs a node through the actions, starting it again whenever it was killed. */
async function run(
  actions: readonly Action[],
  world: NodeWorld,
  clients: readonly Client[],
): Promise<WorldNode> {
  let node = await world.start()
  for (const action of actions) {
    try {
      if (action.do === 'fault') world.fault = { ...action.fault }
      else if (action.do === 'settle') await node.settled()
      else if (action.do === 'submit') await clients[action.did]?.submit(node, action.type)
      else await node.stop()
    } catch (error) {
      // The client or operator sees the fault, and nothing else.
      if (
        !/STORE_|CONTENT_|LEDGER_|NODE_STOPPING|DID_QUEUE_FULL/.test(
          String((error as { code?: string }).code),
        )
      )
        throw error
    }
    if (node.isDead() || action.do === 'restart') {
      await node.kill()
      node = await restart(world)
    }
  }
  world.fault = undefined
  await node.kill()
  return world.start()
}

/** A start can fail too, at what it writes. */
async function restart(world: NodeWorld): Promise<WorldNode> {
  for (;;) {
    try {
      return await world.start()
    } catch (error) {
      if ((error as { code?: string }).code !== 'STORE_FULL') throw error
    }
  }
}

async function check(world: NodeWorld, node: WorldNode, clients: readonly Client[]): Promise<void> {
  const acknowledged = clients.flatMap(client => client.acknowledged.map(idOf))
  const anchored = await anchoredIds(world)
  expect(anchored.toSorted()).toEqual(acknowledged.toSorted())
  for (const id of acknowledged) expect((await node.operation(id)).state).toBe('applied')
  const fresh = await world.fresh().start()
  await fresh.settled()
  for (const { controller, services, acknowledged } of clients) {
    if (acknowledged.length === 0) continue
    const { result, body } = await node.resolve(controller.did)
    const found = (result.didDocument?.['service'] ?? []) as { id: string }[]
    expect(found.map(({ id }) => id.replace(/.*#/, '')).slice(-services.length || found.length)).toEqual(
      services,
    )
    expect((await fresh.resolve(controller.did)).body).toEqual(body)
  }
  await fresh.stop()
}

describe('a node that is stopped or fails at any step', () => {
  it('loses no operation that it acknowledged and anchors none twice', async () => {
    await fc.assert(
      fc.asyncProperty(actions, async script => {
        const world = new NodeWorld()
        const clients = Array.from({ length: DIDS }, () => new Client())
        const node = await run(script, world, clients)
        for (const client of clients) await client.finish(node)
        await node.settled()
        await check(world, node, clients)
        await node.stop()
      }),
    )
  })

  // What three operations take from their acceptance to the end of their batch.
  const STEPS = 9
  it.each(
    Array.from({ length: STEPS }, (_, i) => i + 1).flatMap(step =>
      [true, false].flatMap(applied => [true, false].map(kills => ({ step, applied, kills }))),
    ),
  )('does so at step $step (took effect: $applied, process ended: $kills)', async fault => {
    const world = new NodeWorld()
    const clients = Array.from({ length: DIDS }, () => new Client())
    const submits = Array.from({ length: DIDS }, (_, did) => ({ do: 'submit', did, type: 'update' }) as const)
    const node = await run([{ do: 'fault', fault }, ...submits, { do: 'settle' }], world, clients)
    expect(world.fault).toBeUndefined()
    for (const client of clients) await client.submit(node, 'update')
    await node.settled()
    await check(world, node, clients)
  })
})
