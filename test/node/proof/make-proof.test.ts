import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EmbeddedContentStore } from '../../../src/content/embedded/embedded-content-store.ts'
import type { Submission } from '../../../src/node/types.ts'
import { Store } from '../../../src/store/store.ts'
import { FaultyContentStore } from '../../content/faulty.ts'
import { tempFolder } from '../../temp.ts'
import { anchorBatch, storeFiles } from '../batches.ts'
import { addService, bodyOf, Controller } from '../parts.ts'
import { ProofWorld } from './proof-world.ts'

const folder = tempFolder()
const controller = new Controller('Ed25519')
let content: FaultyContentStore
let world: ProofWorld

beforeAll(async () => {
  content = new FaultyContentStore(new EmbeddedContentStore(await Store.open(join(folder, 'files'))))
  world = await ProofWorld.start(join(folder, 'node'), parts => ({ ...parts, content }))
  const other = new Controller('Ed25519')
  await world.submit(controller.create(), other.create())
  await world.submit(await other.update([addService('x')]))
  await world.submit(await controller.update([addService('a')]))
})
afterAll(async () => {
  content.heal()
  await world.close()
})

describe('a proof that a node makes', () => {
  it('holds the transactions of the DID, and the files that these name', async () => {
    const { did, profile, transactions, files } = await world.prove(controller.did)
    expect([did, profile]).toEqual([controller.did, 'rootline'])
    expect(transactions.map(({ index }) => index)).toEqual([0, 2])
    expect([...files.keys()].sort()).toEqual([...(await world.filesOf(transactions)).keys()].sort())
  })

  it('is the same whenever it is made for the same checkpoint', async () => {
    expect(await world.node.prove(controller.did)).toEqual(await world.node.prove(controller.did))
  })

  it('is refused for a DID that is not anchored, whose long form proves itself', async () => {
    const other = new Controller('Ed25519')
    const { longFormDid = '' }: Submission = await world.node.submit(bodyOf(other.create()))
    // Not settled yet: its create waits.
    const refused = { code: 'DID_UNKNOWN' }
    await expect(world.node.prove(longFormDid)).rejects.toMatchObject({ ...refused, reason: 'NOT_ANCHORED' })
    await expect(world.node.prove(other.did)).rejects.toMatchObject({ ...refused, reason: 'QUEUED' })
    await world.node.settled()
    expect(await world.node.prove(longFormDid)).toEqual(await world.node.prove(other.did))
  })

  it.each(['absent', 'unreachable', 'lying'] as const)(
    'is refused while a file that was read before is %s',
    async fault => {
      const [uri = ''] = (await world.prove(controller.did)).files.keys()
      content.failReads(fault, uri)
      await expect(world.node.prove(controller.did)).rejects.toMatchObject({
        code: 'PROOF_UNAVAILABLE',
        message: expect.stringContaining(uri),
      })
      content.heal()
      await world.node.prove(controller.did)
    },
  )

  it('is refused while an operation of the DID is known of, and a file of it cannot be had', async () => {
    const update = await controller.update([addService('b')])
    const { anchorString, files } = await storeFiles(content, [update])
    content.failReads('absent', files.chunk)
    await world.ledger.anchor(anchorString, 'other')
    await world.node.settled()
    await expect(world.node.prove(controller.did)).rejects.toMatchObject({
      code: 'PROOF_UNAVAILABLE',
      message: expect.stringContaining('transaction 4 names the DID'),
    })
    const other = new Controller('Ed25519')
    await world.submit(other.create())
    await world.node.prove(other.did)
    content.heal()
  })

  it('is refused for a batch of which a file can never be read, and so is not kept', async () => {
    const other = new Controller('Ed25519')
    const large = { chunk: () => Buffer.alloc(10_000_001) }
    await anchorBatch(world, [other.create()], large)
    await world.node.settled()
    expect((await world.node.resolve(other.did)).result.didDocument).toMatchObject({ id: other.did })
    await expect(world.node.prove(other.did)).rejects.toMatchObject({
      code: 'PROOF_UNAVAILABLE',
      message: expect.stringContaining('too large'),
    })
  })
})
