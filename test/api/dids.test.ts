import { describe, expect, it } from 'vitest'
import { NodeError } from '../../src/node/errors.ts'
import { RESOLUTION_PROOF_TYPE } from '../../src/node/proof/resolution-proof.ts'
import { exampleReport } from '../trust/example.ts'
import { serverFor } from './api.ts'
import { DID, FakeNode, UNKNOWN_DID, VERSION_ID } from './fake-node.ts'

describe('the report of a DID', () => {
  it('comes with the resolution that it is about', async () => {
    const app = await serverFor()
    const response = await app.inject(`/dids/${encodeURIComponent(DID)}/report`)
    expect(response.statusCode).toBe(200)
    expect(response.json().report).toEqual(exampleReport())
    expect(response.json().resolution.didDocument.id).toBe(DID)
  })

  it('takes a version', async () => {
    const node = new FakeNode()
    const app = await serverFor({ node })
    await app.inject(`/dids/${DID}/report?versionId=${VERSION_ID}`)
    expect(node.asked[0]).toEqual(['explain', DID, { versionId: VERSION_ID }])
    const both = await app.inject(`/dids/${DID}/report?versionId=a&versionTime=b`)
    expect([both.statusCode, both.json().code]).toEqual([400, 'PARAMETER_INVALID'])
    const twice = await app.inject(`/dids/${DID}/report?versionId=a&versionId=b`)
    expect([twice.statusCode, twice.json().code]).toEqual([400, 'PARAMETER_INVALID'])
  })

  it.each(['report', 'history', 'proof'])('%s of an unknown or malformed DID is a problem', async what => {
    const app = await serverFor()
    const unknown = await app.inject(`/dids/${UNKNOWN_DID}/${what}`)
    expect([unknown.statusCode, unknown.json().code]).toEqual([404, 'DID_UNKNOWN'])
    const malformed = await app.inject(`/dids/did:rootline:x/${what}`)
    expect([malformed.statusCode, malformed.json().code]).toEqual([400, 'DID_INVALID'])
  })
})

describe('the history of a DID', () => {
  it('lists its operations', async () => {
    const app = await serverFor()
    const response = await app.inject(`/dids/${DID}/history`)
    expect(response.statusCode).toBe(200)
    expect(response.json()).toMatchObject({ did: DID, operations: [{ type: 'create', applied: true }] })
    const headers = { 'if-none-match': response.headers['etag'] as string }
    expect((await app.inject({ url: `/dids/${DID}/history`, headers })).statusCode).toBe(304)
  })
})

describe('the proof of a DID', () => {
  it('is sent as it was made, as what it is, and not again to who has it', async () => {
    const app = await serverFor()
    const response = await app.inject(`/dids/${DID}/proof`)
    expect(response.statusCode).toBe(200)
    expect(response.body).toBe('{"a":"proof"}')
    expect(response.headers['content-type']).toBe(RESOLUTION_PROOF_TYPE)
    const headers = { 'if-none-match': response.headers['etag'] as string }
    expect((await app.inject({ url: `/dids/${DID}/proof`, headers })).statusCode).toBe(304)
  })

  it('that cannot be made now is a 503, and says when to ask again', async () => {
    const node = new FakeNode()
    node.failure = new NodeError('PROOF_UNAVAILABLE', 'no proof can be made: a file cannot be had')
    const response = await (await serverFor({ node })).inject(`/dids/${DID}/proof`)
    expect([response.statusCode, response.json().code]).toEqual([503, 'PROOF_UNAVAILABLE'])
    expect(response.headers['retry-after']).toBe('10')
  })

  it('is made for two at a time', async () => {
    const node = new FakeNode()
    const { promise: waiting, resolve: go } = Promise.withResolvers<void>()
    const prove = node.prove.bind(node)
    node.prove = did => waiting.then(() => prove(did))
    const app = await serverFor({ node })
    const asked = [1, 2, 3].map(() => app.inject(`/dids/${DID}/proof`))
    const refused = await Promise.race(asked)
    expect([refused.statusCode, refused.json().code]).toEqual([503, 'BUSY'])
    go()
    const statuses = (await Promise.all(asked)).map(({ statusCode }) => statusCode)
    expect(statuses.sort()).toEqual([200, 200, 503])
  })
})
