import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LedgerPosition } from '../../src/ledger/types.ts'
import type { OperationRequest } from '../../src/sidetree/types.ts'
import { FaultyContentStore } from '../content/faulty.ts'
import { anchorBatch, idOf, storeFiles, suffixOf } from './batches.ts'
import { addService, bodyOf, Controller } from './parts.ts'
import { delegate, type Fault, NodeWorld, untilReadable, type WorldNode } from './world.ts'

/** Everything that a node answers about DIDs: bodies and histories, or codes. */
async function view(node: WorldNode, dids: readonly string[]): Promise<string[]> {
  const answers = await Promise.all(
    dids.flatMap(did => [
      node.resolve(did).then(({ body }) => body.toString(), codeOf),
      node.history(did).then(entries => JSON.stringify(entries), codeOf),
    ]),
  )
  const records = (await node.transactions(undefined, 1_000)).map(({ transaction, outcome, operations }) =>
    JSON.stringify({ transaction, outcome, operations }),
  )
  const { observer, unresolvable } = await node.status()
  return [
    ...answers,
    ...records,
    `${observer.cursor} ${unresolvable.transactions.map(t => t.transactionNumber)}`,
  ]
}

function codeOf(error: { code?: string }): string {
  return String(error.code)
}

/** Holds a node to one that reads the whole chain anew. */
async function expectAsFresh(world: NodeWorld, node: WorldNode, dids: readonly string[]): Promise<void> {
  const fresh = await world.fresh().start()
  await fresh.settled()
  expect(await view(node, dids)).toEqual(await view(fresh, dids))
  await fresh.stop()
}

/** A chain of some length over which DIDs change, and what was anchored at each height. */
async function chainOf(length: number) {
  const world = new NodeWorld()
  const dids = Array.from({ length: 3 }, () => new Controller('Ed25519'))
  await anchorBatch(
    world,
    dids.map(did => did.create()),
  )
  for (let i = 1; i < length; i++) {
    const did = dids[i % dids.length] as Controller
    await anchorBatch(world, [
      i % 7 === 6 ? await did.recover([addService(`s${i}`)]) : await did.update([addService('s')]),
    ])
  }
  return { world, dids, names: dids.map(({ did }) => did) }
}

describe('a reorganisation', () => {
  it.each([1, 6, 100])(
    'of depth %s leaves what a node knows that has seen the new chain alone',
    async depth => {
      const { world, dids, names } = await chainOf(depth + 3)
      const node = await world.start()
      await node.settled()
      const newcomer = new Controller('Ed25519')
      const { anchorString } = await storeFiles(world.content, [newcomer.create()])
      const before = await view(node, names)
      world.ledger.reorganise(depth, [{ anchorString, writer: 'other' }])
      await node.settled()
      expect(await view(node, names)).not.toEqual(before)
      await expectAsFresh(world, node, [...names, newcomer.did])
      const reverted = node.events.flatMap(event => (event.type === 'reorganised' ? [event.reverted] : []))
      expect(reverted.map(numbers => numbers.length)).toEqual([depth])
      expect((await node.status()).observer.reorganisations).toBe(1)
      // It goes on from there.
      await anchorBatch(world, [await (dids[0] as Controller).deactivate()])
      await node.settled()
      await expectAsFresh(world, node, [...names, newcomer.did])
    },
  )

  it('of everything leaves nothing', async () => {
    const { world, names } = await chainOf(5)
    const node = await world.start()
    await node.settled()
    world.ledger.reorganise(5)
    await node.settled()
    expect(await view(node, names)).toEqual(
      names.flatMap(() => ['DID_UNKNOWN', 'DID_UNKNOWN']).concat('undefined '),
    )
    expect(world.disk.dump().filter(line => /^(6f|73|74|62|75|6e|63)/.test(line))).toEqual([])
  })

  it('while the node is down is noticed when it starts', async () => {
    const { world, names } = await chainOf(8)
    const first = await world.start()
    await first.settled()
    await first.stop()
    const { anchorString } = await storeFiles(world.content, [new Controller('Ed25519').create()])
    world.ledger.reorganise(
      4,
      Array.from({ length: 6 }, () => ({ anchorString, writer: 'other' })),
    )
    const node = await world.start()
    await node.settled()
    await expectAsFresh(world, node, names)
  })

  it('between two looks at the ledger of one round is noticed', async () => {
    const { world, names } = await chainOf(12)
    const replacement = Array.from({ length: 15 }, () => new Controller('Ed25519').create())
    const anchorings = await Promise.all(
      replacement.map(async request => ({
        ...(await storeFiles(world.content, [request])),
        writer: 'other',
      })),
    )
    let reorganised = false
    world.wrapLedger = ledger => ({
      ...delegate(ledger),
      transactions: (after, limit) => {
        // Once the first page was taken, and before what follows it is asked for.
        if (after !== undefined && !reorganised) {
          reorganised = true
          world.ledger.reorganise(10, anchorings)
        }
        return ledger.transactions(after, limit)
      },
    })
    const node = await world.start()
    await node.settled()
    expect(reorganised).toBe(true)
    await expectAsFresh(world, node, [
      ...names,
      ...replacement.map(request => `did:rootline:${suffixOf(request)}`),
    ])
  })

  it.each([1, 2, 3, 4, 5, 6])('that is stopped at its write %s is gone on with', async step => {
    for (const kills of [true, false]) {
      const { world, names } = await chainOf(8)
      const first = await world.start()
      await first.settled()
      world.ledger.reorganise(5)
      world.fault = { step, applied: false, kills }
      await first.settled().catch(() => {})
      expect(world.fault).toBeUndefined()
      const node = kills ? await first.kill().then(() => world.start()) : first
      await node.settled()
      await expectAsFresh(world, node, names)
    }
  })

  it('that is undone while the node is down, in the middle of following it, is undone there too', async () => {
    const { world, names } = await chainOf(8)
    const first = await world.start()
    await first.settled()
    const chain = [...world.ledger.chain]
    world.ledger.reorganise(5)
    world.fault = { step: 3, applied: false, kills: true }
    await first.settled().catch(() => {})
    await first.kill()
    // The chain of before is the longer one again.
    world.ledger.chain.push(...chain.slice(3))
    const node = await world.start()
    await node.settled()
    await expectAsFresh(world, node, names)
  })

  it('takes transactions back whose files are missing', async () => {
    const { world, names } = await chainOf(4)
    const { files } = await anchorBatch(world, [new Controller('Ed25519').create()])
    world.content.failReads('absent', files.coreIndex)
    const did = new Controller('Ed25519')
    const missing = await anchorBatch(world, [did.create()])
    world.content.failReads('absent', missing.files.chunk)
    const node = await world.start()
    await node.settled()
    expect((await node.status()).unresolvable.count).toBe(2)
    world.ledger.reorganise(2)
    await node.settled()
    expect((await node.status()).unresolvable.count).toBe(0)
    expect(world.disk.dump().filter(line => /^(75|6e)/.test(line))).toEqual([])
    await expectAsFresh(world, node, [...names, did.did])
  })

  it('lets an operation be handed in again that it took away', async () => {
    const world = new NodeWorld()
    const node = await world.start()
    const did = new Controller('Ed25519')
    const [create, update] = [did.create(), await did.update([addService('a')])]
    await node.submit(bodyOf(create))
    await node.settled()
    await node.submit(bodyOf(update))
    await node.settled()
    world.ledger.reorganise(1)
    await node.settled()
    expect(await node.operation(idOf(update))).toMatchObject({ state: 'rejected', code: 'OPERATION_REFUSED' })
    expect((await node.submit(bodyOf(update))).accepted).toBe(true)
    await node.settled()
    expect((await node.operation(idOf(update))).state).toBe('applied')
    expect((await node.resolve(did.did)).result.didDocument?.['service']).toHaveLength(1)
  })

  it('knows an operation again that is anchored elsewhere on the new chain', async () => {
    const world = new NodeWorld()
    const node = await world.start()
    const did = new Controller('Ed25519')
    await anchorBatch(world, [new Controller('Ed25519').create()])
    const create = did.create()
    await node.submit(bodyOf(create))
    await node.settled()
    const [first, second] = world.ledger.chain.map(({ anchorString }) => ({ anchorString, writer: 'test' }))
    if (first === undefined || second === undefined) throw new TypeError('two transactions')
    world.ledger.reorganise(2, [second, first])
    await node.settled()
    expect((await node.operation(idOf(create))).state).toBe('applied')
    expect((await node.submit(bodyOf(create))).accepted).toBe(false)
  })
})

/** What the random histories are made of: each batch takes operations of some DIDs, in whatever order they were made. */
type Event =
  | { do: 'anchor'; picks: number[] }
  | { do: 'look' }
  | { do: 'reorganise'; depth: number; reuse: boolean }
  | { do: 'restart' }
  | { do: 'fault'; fault: Fault }
  | { do: 'hide'; pick: number }
  | { do: 'show' }

const events: fc.Arbitrary<Event[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('anchor' as const),
        picks: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
      }),
    },
    { weight: 3, arbitrary: fc.constant({ do: 'look' as const }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('reorganise' as const),
        depth: fc.integer({ min: 1, max: 8 }),
        reuse: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('fault' as const),
        fault: fc.record({
          step: fc.integer({ min: 1, max: 6 }),
          applied: fc.constant(true),
          kills: fc.boolean(),
        }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('hide' as const), pick: fc.nat() }) },
    { weight: 1, arbitrary: fc.constant({ do: 'show' as const }) },
  ),
  { minLength: 5, maxLength: 40 },
)

/** Operations of a few DIDs: chains, two that reveal the same key, a recover, a deactivate; the same in every run. */
async function operationsOf(count: number): Promise<OperationRequest[]> {
  const all: OperationRequest[] = []
  for (let i = 0; i < count; i++) {
    const did = new Controller('Ed25519')
    all.push(did.create())
    const update = await did.update([addService('a')])
    all.push(update, await did.fork(update, [addService('b')]), await did.update([addService('c')]))
    all.push(await did.recover([addService('d')]), await did.update([addService('e')]))
    if (i % 2 === 0) all.push(await did.deactivate())
  }
  return all
}

describe('a node over random histories', () => {
  it('answers byte for byte as a node that reads the chain as it is now', async () => {
    const operations = await operationsOf(3)
    const dids = [...new Set(operations.map(suffixOf))].map(suffix => `did:rootline:${suffix}`)
    const content = new NodeWorld().content
    await fc.assert(
      fc.asyncProperty(events, async script => {
        const world = new NodeWorld({ content: new FaultyContentStore(content) })
        let node = await world.start()
        for (const event of script) {
          await happen(event, world, node, operations)
          if (!node.isDead() && event.do !== 'restart') continue
          await node.kill()
          node = await world.start().catch(() => world.start())
        }
        world.fault = undefined
        world.content.heal()
        await untilReadable(world, node)
        await expectAsFresh(world, node, dids)
        await node.stop()
      }),
    )
  })
})

async function happen(
  event: Event,
  world: NodeWorld,
  node: WorldNode,
  operations: readonly OperationRequest[],
): Promise<void> {
  switch (event.do) {
    case 'anchor': {
      const picked = event.picks.map(pick => operations[pick % operations.length] as OperationRequest)
      const oneEach = new Map(picked.map(request => [suffixOf(request), request]))
      await anchorBatch(world, [...oneEach.values()])
      break
    }
    case 'look':
      await node.settled().catch(() => {})
      break
    case 'reorganise': {
      const depth = Math.min(event.depth, world.ledger.chain.length)
      const gone: (LedgerPosition & { anchorString: string; writer: string })[] = world.ledger.chain.slice(
        -depth,
      )
      world.ledger.reorganise(depth, event.reuse ? gone.toReversed().slice(1) : [])
      break
    }
    case 'hide': {
      const asked = world.content.asked
      if (asked.length > 0) world.content.failReads('absent', asked[event.pick % asked.length])
      break
    }
    case 'show':
      world.content.heal()
      world.time += 2_000
      break
    case 'fault':
      world.fault = { ...event.fault }
      break
    case 'restart':
      await node.stop()
  }
}
