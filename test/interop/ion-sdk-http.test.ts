import { describe, expect, it } from 'vitest'
import { buildServer } from '../../src/api/server.ts'
import type { EmbeddedContentStore } from '../../src/content/embedded/embedded-content-store.ts'
import { ION_REGTEST, ROOTLINE } from '../../src/sidetree/parameters.ts'
import { AUTHORIZED, TOKEN } from '../api/api.ts'
import { startTestNode } from '../node/parts.ts'
import { tempFolder } from '../temp.ts'
import { IonSdkDid, type IonSdkRequest } from './ion-sdk.ts'

const PROFILES = {
  ion: { method: { name: 'ion' }, versions: [ION_REGTEST] },
  rootline: { method: { name: 'rootline' }, versions: [ROOTLINE] },
} as const

interface Resolved {
  status: number
  didDocument: { service?: { id: string }[]; verificationMethod?: { id: string }[] } | null
  didDocumentMetadata: { deactivated?: boolean; method: { published: boolean } }
}

/** A node of one profile behind its HTTP interface, as a wallet that uses ion-sdk meets it. */
async function start(profile: keyof typeof PROFILES) {
  const { node, content, close } = await startTestNode(tempFolder(), parts => ({
    ...parts,
    ...PROFILES[profile],
  }))
  const app = await buildServer({
    node,
    content: content as EmbeddedContentStore,
    token: TOKEN,
    hosts: ['127.0.0.1'],
    version: '0.0.0',
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const anchor = async (request: IonSdkRequest): Promise<void> => {
    const headers = { 'content-type': 'application/json', ...AUTHORIZED }
    const answer = await fetch(`${url}/operations`, {
      method: 'POST',
      headers,
      body: JSON.stringify(request),
    })
    expect(await answer.text()).toContain('"state":"queued"')
    expect(answer.status).toBe(202)
    await node.settled()
  }
  const resolve = async (did: string): Promise<Resolved> => {
    const answer = await fetch(`${url}/1.0/identifiers/${did}`)
    return { status: answer.status, ...((await answer.json()) as Omit<Resolved, 'status'>) }
  }
  const stop = async () => {
    await app.close()
    await close()
  }
  return { anchor, resolve, stop }
}

const ids = (entries: { id: string }[] | undefined) => (entries ?? []).map(entry => entry.id)

describe.each(['ion', 'rootline'] as const)('operations made by ion-sdk over HTTP, profile %s', profile => {
  it('create, update, recover and deactivate a DID', async () => {
    const { anchor, resolve, stop } = await start(profile)
    const wallet = await IonSdkDid.new('key-1', [
      { id: 'hub', type: 'Hub', serviceEndpoint: 'https://example.com/' },
    ])
    const did = `did:${profile}:${wallet.suffix}`
    const longForm = wallet.longForm.replace('did:ion:', `did:${profile}:`)
    expect((await resolve(longForm)).didDocumentMetadata.method.published).toBe(false)

    await anchor(wallet.create)
    const created = await resolve(did)
    expect(ids(created.didDocument?.verificationMethod)).toEqual(['#key-1'])
    expect(created.didDocumentMetadata.method.published).toBe(true)

    await anchor(await wallet.update({ addKeys: ['key-2'], removeServices: ['hub'] }))
    const updated = await resolve(did)
    expect(ids(updated.didDocument?.verificationMethod)).toEqual(['#key-1', '#key-2'])
    expect(ids(updated.didDocument?.service)).toEqual([])

    await anchor(await wallet.recover('key-3'))
    expect(ids((await resolve(did)).didDocument?.verificationMethod)).toEqual(['#key-3'])

    await anchor(await wallet.deactivate())
    const ended = await resolve(did)
    expect([ended.status, ended.didDocumentMetadata.deactivated]).toEqual([410, true])
    await stop()
  })
})
