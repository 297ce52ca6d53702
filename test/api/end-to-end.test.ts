import { describe, expect, it } from 'vitest'
import { createDidResolver, jwkDriver, keyDriver, remoteSidetree } from '../../did-methods/index.ts'
import type { ApiParts, LogReader } from '../../src/api/parts.ts'
import { buildServer } from '../../src/api/server.ts'
import type { EmbeddedContentStore } from '../../src/content/embedded/embedded-content-store.ts'
import type { TransparencyLog } from '../../src/ledger/log/transparency-log.ts'
import { addService, bodyOf, Controller, startTestNode } from '../node/parts.ts'
import { tempFolder } from '../temp.ts'
import { AUTHORIZED, TOKEN } from './api.ts'

const HEADERS = { 'content-type': 'application/json', ...AUTHORIZED }

/** A real node behind a real server on a port of this machine. */
async function start() {
  const { node, ledger, content, close } = await startTestNode(tempFolder())
  const log: LogReader = ledger as TransparencyLog
  const parts: ApiParts = {
    node,
    content: content as EmbeddedContentStore,
    log,
    token: TOKEN,
    hosts: ['127.0.0.1'],
    methods: { resolver: createDidResolver(keyDriver(), jwkDriver()), fetching: [] },
    version: '0.0.0',
  }
  const app = await buildServer(parts)
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const stop = async () => {
    await app.close()
    await close()
  }
  return { url, node, stop }
}

describe('a DID over HTTP', () => {
  it('is created, resolved, explained, updated and deactivated, and its batch can be checked', async () => {
    const { url, node, stop } = await start()
    const get = (path: string, headers: Record<string, string> = {}) =>
      fetch(`${url}${path}`, { headers, redirect: 'manual' })
    const submit = (body: Buffer) =>
      fetch(`${url}/operations`, { method: 'POST', headers: HEADERS, body: new Uint8Array(body) })
    const controller = new Controller()

    const created = await submit(bodyOf(controller.create()))
    expect(created.status).toBe(202)
    const { status, longFormDid } = (await created.json()) as {
      status: { state: string }
      longFormDid: string
    }
    expect(status.state).toBe('queued')
    const unpublished = await get(`/1.0/identifiers/${longFormDid}`)
    expect(unpublished.status).toBe(200)
    await node.settled()
    const location = created.headers.get('location') ?? ''
    expect(await (await get(location)).json()).toMatchObject({ state: 'applied' })

    const path = `/1.0/identifiers/${controller.did}`
    const first = await get(path)
    expect(first.status).toBe(200)
    const etag = first.headers.get('etag') ?? ''
    const { versionId } = ((await first.json()) as { didDocumentMetadata: { versionId: string } })
      .didDocumentMetadata
    expect((await get(path, { 'if-none-match': etag })).status).toBe(304)

    expect((await submit(bodyOf(await controller.update([addService('a')])))).status).toBe(202)
    await node.settled()
    expect((await get(path, { 'if-none-match': etag })).status).toBe(200)
    const redirect = await get(`${path}?service=a&relativeRef=x`)
    expect([redirect.status, redirect.headers.get('location')]).toEqual([303, 'https://example.com/x'])
    const old = await get(`${path}?versionId=${versionId}`)
    expect(old.headers.get('cache-control')).toContain('immutable')
    const key = await get(`${path}%23key-1`)
    expect(await key.json()).toMatchObject({ id: '#key-1' })

    const remote = await remoteSidetree(url, { allowHttp: true, allowPrivate: true }).resolve(
      controller.did,
      {},
    )
    expect(remote.didDocument?.id).toBe(controller.did)

    const explained = (await (await get(`/dids/${controller.did}/report`)).json()) as {
      report: { verdict: string }
    }
    expect(explained.report.verdict).toBe('verified')

    const { transactions } = (await (await get('/transactions')).json()) as {
      transactions: { files: { uri: string }[] }[]
    }
    expect(transactions).toHaveLength(2)
    const uri = transactions[0]?.files[0]?.uri
    expect((await get(`/ipfs/${uri}?format=car`)).status).toBe(200)
    expect(await (await get('/log/checkpoint')).text()).toMatch(/^log\.example\/test\n2\n/)
    expect((await (await get('/log/tile/0/000.p/2')).arrayBuffer()).byteLength).toBe(64)
    expect((await get('/log/tile/entries/000.p/2')).status).toBe(200)
    expect((await get('/health/ready')).status).toBe(200)
    expect(await (await get('/metrics')).text()).toContain('rootline_ledger_transactions 2\n')

    expect((await submit(bodyOf(await controller.deactivate()))).status).toBe(202)
    await node.settled()
    expect((await get(path)).status).toBe(410)
    const history = (await (await get(`/dids/${controller.did}/history`)).json()) as { operations: unknown[] }
    expect(history.operations).toHaveLength(3)
    await stop()
  })

  it('is refused where it breaks a rule, with the code of the rule', async () => {
    const { url, stop } = await start()
    const submit = async (body: string) => {
      const response = await fetch(`${url}/operations`, { method: 'POST', headers: HEADERS, body })
      return [response.status, ((await response.json()) as { code: string }).code]
    }
    expect(await submit('nonsense')).toEqual([400, 'REQUEST_JSON_INVALID'])
    expect(await submit('{"type":"create","type":"create"}')).toEqual([400, 'REQUEST_JSON_INVALID'])
    const other = new Controller()
    other.create()
    const [status] = await submit(bodyOf(await other.update([addService('a')])).toString())
    expect(status).toBe(404)
    await stop()
  })
})
