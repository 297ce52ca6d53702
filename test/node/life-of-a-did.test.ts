import { describe, expect, it } from 'vitest'
import { tempFolder } from '../temp.ts'
import { addService, bodyOf, Controller, startTestNode } from './parts.ts'

describe('the life of a DID on a node', () => {
  it.each(['secp256k1', 'P-256', 'Ed25519'] as const)(
    'is created, updated, recovered and deactivated with %s keys',
    async curve => {
      const { node, close } = await startTestNode(tempFolder())
      const controller = new Controller(curve)
      const created = await node.submit(bodyOf(controller.create()))
      expect(created.status.state).toBe('queued')
      const unpublished = await node.resolve(created.longFormDid as string)
      expect(unpublished.result.didDocumentMetadata).toMatchObject({ method: { published: false } })
      await node.submit(bodyOf(await controller.update([addService('a')])))
      await node.submit(bodyOf(await controller.update([addService('b')])))
      await node.settled()
      const updated = await node.resolve(controller.did)
      expect(updated.result.didDocument?.['service']).toHaveLength(2)
      expect((await node.operation(created.status.id)).state).toBe('applied')
      await node.submit(bodyOf(await controller.recover([addService('c')])))
      await node.settled()
      const recovered = await node.resolve(controller.did)
      expect(recovered.result.didDocument?.['service']).toHaveLength(1)
      const { report } = await node.explain(controller.did)
      expect(report.verdict).toBe('verified')
      await node.submit(bodyOf(await controller.deactivate()))
      await node.settled()
      const ended = await node.resolve(controller.did)
      expect(ended.deactivated).toBe(true)
      expect((await node.explain(controller.did)).report.verdict).toBe('rejected')
      const history = await node.history(controller.did)
      expect(history.map(entry => [entry.type, entry.applied])).toEqual([
        ['create', true],
        ['update', true],
        ['update', true],
        ['recover', true],
        ['deactivate', true],
      ])
      const version = updated.result.didDocumentMetadata['versionId'] as string
      const back = await node.resolve(controller.did, { versionId: version })
      expect(back.result.didDocument).toEqual(updated.result.didDocument)
      expect(back.immutable).toBe(true)
      await close()
    },
  )
})
