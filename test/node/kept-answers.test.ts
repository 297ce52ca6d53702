import { describe, expect, it } from 'vitest'
import { encodeBase64url } from '../../src/codec/base64url.ts'
import { sha256 } from '../../src/codec/hash.ts'
import { anchorBatch } from './batches.ts'
import { addService, bodyOf, Controller } from './parts.ts'
import { NodeWorld, until } from './world.ts'

/** A DID that was resolved, so that its answer is kept. */
async function scene() {
  const world = new NodeWorld()
  const controller = new Controller('Ed25519')
  await anchorBatch(world, [controller.create()])
  const node = await world.start()
  await node.settled()
  // The state is kept from its second reading on, and the answer from the third.
  let first = await node.resolve(controller.did)
  for (let i = 0; i < 2; i++) first = await node.resolve(controller.did)
  return { world, controller, node, first }
}

describe('an answer that is kept', () => {
  it('is given again, with all that it holds', async () => {
    const { controller, node, first } = await scene()
    const again = await node.resolve(controller.did)
    expect(again.body).toBe(first.body)
    expect(again.etag).toBe(`"${encodeBase64url(sha256(first.body))}"`)
    expect(again.result).toEqual(JSON.parse(first.body.toString()))
    expect(again).toMatchObject({ deactivated: false, immutable: false })
  })

  it('is no one’s to change', async () => {
    const { controller, node, first } = await scene()
    const { result } = first
    result.didDocumentMetadata['versionId'] = 'changed'
    const again = await node.resolve(controller.did)
    expect(again.body).toBe(first.body)
    expect(again.result.didDocumentMetadata['versionId']).not.toBe('changed')
  })

  it('gives way while an operation waits, and once it is applied', async () => {
    const { controller, node, first } = await scene()
    const { status } = await node.submit(bodyOf(await controller.update([addService('a')])))
    const waiting = await node.resolve(controller.did)
    expect(waiting.result.didDocumentMetadata['pendingOperations']).toEqual([
      { id: status.id, type: 'update' },
    ])
    await node.settled()
    const updated = await node.resolve(controller.did)
    expect(updated.result.didDocument?.['service']).toHaveLength(1)
    expect(updated.result.didDocumentMetadata).not.toHaveProperty('pendingOperations')
    expect(new Set([first, waiting, updated].map(({ etag }) => etag)).size).toBe(3)
  })

  it('gives way while files of a transaction that names the DID cannot be had, and comes back', async () => {
    const { world, controller, node, first } = await scene()
    const { files, transaction } = await anchorBatch(world, [await controller.update([addService('a')])])
    world.content.failReads('absent', files.chunk)
    await node.settled()
    const incomplete = await node.resolve(controller.did)
    expect(incomplete.result.didDocumentMetadata['unavailableTransactions']).toEqual([transaction.number])
    expect(incomplete.etag).not.toBe(first.etag)
    world.content.heal()
    world.time += 10_000
    await node.settled()
    await until(async () => (await node.status()).unresolvable.count === 0)
    const updated = await node.resolve(controller.did)
    expect(updated.result.didDocument?.['service']).toHaveLength(1)
    expect(updated.result.didDocumentMetadata).not.toHaveProperty('unavailableTransactions')
  })

  it('of the short form is not that of the long form, nor of a version', async () => {
    const world = new NodeWorld()
    const controller = new Controller('Ed25519')
    const node = await world.start()
    const { longFormDid = '' } = await node.submit(bodyOf(controller.create()))
    await node.settled()
    const short = await node.resolve(controller.did)
    const long = await node.resolve(longFormDid)
    expect(long.result.didDocumentMetadata['equivalentId']).toEqual([controller.did, longFormDid])
    expect(short.result.didDocumentMetadata['equivalentId']).toEqual([controller.did])
    const versionId = short.result.didDocumentMetadata['versionId'] as string
    await node.submit(bodyOf(await controller.update([addService('a')])))
    await node.settled()
    await node.resolve(controller.did)
    expect((await node.resolve(controller.did, { versionId })).immutable).toBe(true)
    expect((await node.resolve(controller.did)).immutable).toBe(false)
  })
})
