import { describe, expect, it } from 'vitest'
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

  it.each(['report', 'history'])('%s of an unknown or malformed DID is a problem', async what => {
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
