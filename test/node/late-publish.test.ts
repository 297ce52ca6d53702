import { describe, expect, it } from 'vitest'
import { anchorBatch } from './batches.ts'
import { addService, Controller } from './parts.ts'
import { NodeWorld, untilReadable, type WorldNode } from './world.ts'

async function serviceIds(node: WorldNode, { did }: Controller): Promise<string[]> {
  const { didDocument } = (await node.resolve(did)).result
  return ((didDocument?.['service'] ?? []) as { id: string }[]).map(({ id }) => id.replace('#', ''))
}

/** A DID with an operation that was anchored early and whose files are kept back, and what came after it. */
async function withheld(early: 'update' | 'recover') {
  const world = new NodeWorld()
  const did = new Controller('Ed25519')
  await anchorBatch(world, [did.create()])
  const first =
    early === 'update' ? await did.update([addService('early')]) : await did.recover([addService('early')])
  const { files } = await anchorBatch(world, [first])
  return { world, did, first, files, hide: () => world.content.failReads('absent', files.coreIndex) }
}

describe('an operation whose files are published late', () => {
  it('wins over those with the same reveal that were anchored after it', async () => {
    const { world, did, first, hide } = await withheld('update')
    hide()
    await anchorBatch(world, [await did.fork(first, [addService('late')])])
    const node = await world.start()
    await node.settled()
    expect(await serviceIds(node, did)).toEqual(['late'])
    const before = (await node.resolve(did.did)).result.didDocumentMetadata['versionId'] as string
    world.content.heal()
    await untilReadable(world, node)
    expect(await serviceIds(node, did)).toEqual(['early'])
    expect((await node.history(did.did)).map(({ applied, code }) => [applied, code])).toEqual([
      [true, undefined],
      [true, undefined],
      [false, 'COMMITMENT_SPENT'],
    ])
    // A version names one history, and is no version any more once another is in force.
    await expect(node.resolve(did.did, { versionId: before })).rejects.toMatchObject({
      code: 'VERSION_UNKNOWN',
    })
    const fresh = await world.fresh().start()
    await fresh.settled()
    expect((await fresh.resolve(did.did)).body).toEqual((await node.resolve(did.did)).body)
  })

  it('can raise a DID that was deactivated after it, the same on every node (ledger E6)', async () => {
    const { world, did, first, hide } = await withheld('recover')
    hide()
    // The controller deactivates with the key that the withheld recover reveals too.
    await anchorBatch(world, [await did.deactivateInstead(first)])
    const node = await world.start()
    await node.settled()
    expect((await node.resolve(did.did)).deactivated).toBe(true)
    world.content.heal()
    await untilReadable(world, node)
    expect((await node.resolve(did.did)).deactivated).toBe(false)
    expect(await serviceIds(node, did)).toEqual(['early'])
    const fresh = await world.fresh().start()
    await fresh.settled()
    expect((await fresh.resolve(did.did)).body).toEqual((await node.resolve(did.did)).body)
    const late = node.events.flatMap(event =>
      event.type === 'applied' && event.late ? [event.transaction.number] : [],
    )
    expect(late).toEqual([2_000_000])
  })

  it('brings updates with it that waited for it', async () => {
    const { world, did, hide } = await withheld('update')
    hide()
    await anchorBatch(world, [await did.update([addService('next')])])
    await anchorBatch(world, [await did.update([addService('last')])])
    const node = await world.start()
    await node.settled()
    expect(await serviceIds(node, did)).toEqual([])
    expect((await node.history(did.did)).map(({ code }) => code)).toEqual([
      undefined,
      'COMMITMENT_UNKNOWN',
      'COMMITMENT_UNKNOWN',
    ])
    world.content.heal()
    await untilReadable(world, node)
    expect(await serviceIds(node, did)).toEqual(['early', 'next', 'last'])
  })

  it('is the create: its updates were there before', async () => {
    const world = new NodeWorld()
    const did = new Controller('Ed25519')
    const { files } = await anchorBatch(world, [did.create()])
    world.content.failReads('absent', files.coreIndex)
    await anchorBatch(world, [await did.update([addService('a')])])
    const node = await world.start()
    await node.settled()
    await expect(node.resolve(did.did)).rejects.toMatchObject({ code: 'DID_UNKNOWN' })
    world.content.heal()
    await untilReadable(world, node)
    expect(await serviceIds(node, did)).toEqual(['a'])
  })
})
