import type { DIDDocument, DIDResolutionResult } from 'did-resolver'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeDidJwk, jwkDriver } from '../../did-methods/jwk/driver.ts'
import { encodeDidKey, keyDriver } from '../../did-methods/key/driver.ts'
import { keyReport, remoteReport, webReport } from '../../did-methods/report.ts'
import { encodedMultihash } from '../../src/codec/multihash.ts'
import { generatePrivateJwk } from '../../src/keys/generate.ts'
import { publicJwkOf } from '../../src/keys/jwk.ts'
import { ReportBuilder } from '../../src/trust/builder.ts'
import { exitStatus } from '../../src/trust/exit-status.ts'
import { DEFAULT_POLICY } from '../../src/trust/policy.ts'
import { renderText } from '../../src/trust/render-text.ts'
import { remoteNode } from '../../src/trust/roots.ts'
import type { TrustReport } from '../../src/trust/types.ts'
import { resolveWith } from './resolve.ts'

const now = new Date('2026-11-25T12:00:00Z')
const accepting = (id: string) => ({ ...DEFAULT_POLICY, accept: [...DEFAULT_POLICY.accept, { id }] })
const codes = ({ edges }: TrustReport) => edges.map(({ code, basis, result }) => `${code} ${basis} ${result}`)
const answered = (document: DIDDocument | null, metadata: object = {}): DIDResolutionResult => ({
  didResolutionMetadata: { ...metadata },
  didDocument: document,
  didDocumentMetadata: {},
})

describe('did:key and did:jwk', () => {
  const jwk = publicJwkOf(generatePrivateJwk('Ed25519'))
  const drivers = { ...keyDriver(), ...jwkDriver() }

  it.each([
    ['DID_KEY_DECODED', encodeDidKey(jwk)],
    ['DID_JWK_DECODED', encodeDidJwk(jwk)],
  ])('%s: the document is made again from the DID, and compared', async (code, did) => {
    const result = await resolveWith(drivers, did)
    const report = (await keyReport(did, result, { now })).build()
    expect(codes(report)).toEqual([`${code} computed pass`, 'SELF_CERTIFYING assumed pass'])
    expect([report.verdict, exitStatus(report)]).toEqual(['verified', 0])
    expect(report.summary).toBe(
      'Verified. 1 check computed here. You still trust: this software and its cryptography.',
    )
    const other = answered({ ...result.didDocument, id: did, authentication: [] })
    const rejected = (await keyReport(did, other, { now })).build()
    expect([rejected.verdict, exitStatus(rejected)]).toEqual(['rejected', 2])
    expect(renderText(rejected)).toMatch(/^✗ Rejected: The DID was decoded and gives another document/)
  })

  it('the form of the keys is that which was asked for', async () => {
    const did = encodeDidKey(jwk)
    const options = { publicKeyFormat: 'JsonWebKey2020' }
    const result = await resolveWith(drivers, did, options)
    expect((await keyReport(did, result, { now, options })).build().verdict).toBe('verified')
    expect((await keyReport(did, result, { now })).build().verdict).toBe('rejected')
  })

  it('what is no key is rejected; what cannot be answered, or was not, is undecided', async () => {
    const did = encodeDidKey(jwk)
    const bad = `${did.slice(0, -1)}0`
    const report = (await keyReport(bad, await resolveWith(drivers, bad), { now })).build()
    expect([report.verdict, exitStatus(report)]).toEqual(['rejected', 2])
    expect(report.cause?.detail).toContain('KEY_MULTIBASE_INVALID')
    const options = { accept: 'text/html' }
    const refused = await keyReport(did, await resolveWith(drivers, did, options), { now, options })
    expect(refused.build().verdict).toBe('undecided')
    expect((await keyReport(did, answered(null), { now })).build().verdict).toBe('undecided')
    expect((await keyReport('did:web:example.com', answered(null), { now })).build().verdict).toBe(
      'undecided',
    )
  })
})

describe('did:web', () => {
  const did = 'did:web:example.com'
  const source = 'https://example.com/.well-known/did.json'
  const result = answered({ id: did }, { basis: 'remote', source })

  it('stands on the host, which came with the request, and on what TLS rests on', () => {
    const report = webReport(did, result, { now }).build()
    expect(codes(report)).toEqual([
      'DID_DOCUMENT_ID computed pass',
      'DID_WEB_TLS remote pass',
      'DID_WEB_FETCHED remote pass',
    ])
    expect(report.roots.map(({ id, pinnedBy }) => [id, pinnedBy])).toEqual([
      ['web-connection', 'built-in'],
      ['web-host', 'request'],
    ])
    expect([report.verdict, exitStatus(report), report.cause?.code]).toEqual([
      'undecided',
      3,
      'ROOT_NOT_ACCEPTED',
    ])
    expect(webReport(did, result, { now }).build(accepting('web-host')).verdict).toBe('verified')
  })

  it('names the host of the DID and the one that it was redirected to', () => {
    const moved = answered({ id: did }, { source: 'https://other.example/did.json' })
    const report = webReport(did, moved, { now }).build(accepting('web-host'))
    expect(report.roots.map(({ name }) => name)).toEqual([
      expect.stringContaining('certificate authorities'),
      'whoever controls example.com',
      'whoever controls other.example',
    ])
    expect(report.verdict).toBe('undecided')
    const { accept } = accepting('web-host')
    const both = { ...DEFAULT_POLICY, accept: [...accept, { id: 'web-host-redirect' }] }
    expect(webReport(did, moved, { now }).build(both).verdict).toBe('verified')
  })

  it('a port is part of the host', () => {
    const local = 'did:web:localhost%3A8443'
    const from = answered({ id: local }, { source: 'https://localhost:8443/.well-known/did.json' })
    expect(webReport(local, from, { now }).build(accepting('web-host')).verdict).toBe('verified')
  })

  it.each([
    ['a document of another DID', answered({ id: 'did:web:example.org' }, { source }), 'DID_DOCUMENT_ID'],
    ['a document from nowhere', answered({ id: did }), 'DID_WEB_TLS'],
    [
      'a document that came without TLS',
      answered({ id: did }, { source: 'http://example.com/did.json' }),
      'DID_WEB_TLS',
    ],
    [
      'no document',
      answered(null, { error: 'notFound', code: 'WEB_NOT_FOUND', errorMessage: 'none' }),
      'DID_WEB_FETCHED',
    ],
  ])('%s is undecided, whoever is accepted', (_, given, code) => {
    const report = webReport(did, given, { now }).build(accepting('web-host'))
    expect([report.verdict, exitStatus(report)]).toEqual(['undecided', 3])
    expect(
      codes(report)
        .filter(check => !check.endsWith('pass'))
        .join(),
    ).toContain(code)
    expect(renderText(report)).toMatch(/^◌ Undecided/)
  })

  it('what is no did:web has no host to name', () => {
    expect(() => webReport('did:web:127.0.0.1', result, { now })).toThrow(
      expect.objectContaining({ code: 'WEB_HOST_INVALID' }),
    )
  })
})

describe('another node', () => {
  const suffix = encodedMultihash('a')
  const did = `did:rootline:${suffix}`
  const long = `${did}:e30`
  const url = 'https://node.example'

  it('is believed by whoever chose it, and by nobody else', () => {
    const report = remoteReport(did, answered({ id: did }), { now, url, pinnedBy: 'request' }).build()
    expect(codes(report)).toEqual(['DID_DOCUMENT_ID computed pass', 'REMOTE_NODE remote pass'])
    expect([report.verdict, report.cause?.code]).toEqual(['undecided', 'ROOT_NOT_ACCEPTED'])
    const own = remoteReport(did, answered({ id: did }), { now, url, pinnedBy: 'operator' }).build()
    expect([own.verdict, exitStatus(own)]).toEqual(['verified', 0])
    expect(own.summary).toContain('You still trust: the node at https://node.example.')
  })

  it('the long form and the short form are one DID', () => {
    const verdict = (asked: string, id: string) =>
      remoteReport(asked, answered({ id }), { now, url, pinnedBy: 'operator' }).build().verdict
    expect([verdict(did, long), verdict(long, did), verdict(long, long)]).toEqual([
      'verified',
      'verified',
      'verified',
    ])
    expect(verdict(did, `did:rootline:${encodedMultihash('b')}`)).toBe('undecided')
    expect(verdict(did, `did:ion:${suffix}`)).toBe('undecided')
  })

  it.each(['undecided', 'rejected', 'verified'] as const)('its own report that says %s', verdict => {
    const theirs = theirReport(verdict)
    expect(theirs.verdict).toBe(verdict)
    const answer = { now, url, pinnedBy: 'operator', theirs } as const
    const report = remoteReport(did, answered({ id: did }), answer).build()
    expect(report.verdict).toBe(verdict === 'verified' ? 'verified' : 'undecided')
    expect(report.edges.at(-1)?.detail).toContain(theirs.summary)
  })

  it('no document is undecided, and an open connection is named', () => {
    const none = answered(null, { error: 'notFound', errorMessage: 'not known' })
    const answer = { now, url: 'http://127.0.0.1:7777', pinnedBy: 'operator' } as const
    const report = remoteReport(did, none, answer).build()
    expect([report.verdict, exitStatus(report)]).toEqual(['undecided', 3])
    expect(report.notShown.join()).toContain('not encrypted')
  })
})

/** A report of another node, with that verdict. */
function theirReport(verdict: 'verified' | 'undecided' | 'rejected'): TrustReport {
  const report = new ReportBuilder({ now })
  report.node({ id: 'did', kind: 'did', label: 'did' })
  report.node({ id: 'document', kind: 'file', label: 'document' })
  const root = report.root(remoteNode('https://third.example', 'operator'))
  const result = verdict === 'rejected' ? 'fail' : 'pass'
  const needs = [
    report.edge({ from: 'did', to: 'document', code: 'FILE_CID', result, detail: 'Said elsewhere.' }),
    report.edge({
      from: 'document',
      to: root,
      code: 'REMOTE_NODE',
      result: verdict === 'verified' ? 'pass' : 'undecided',
      detail: 'Its word.',
    }),
  ]
  report.claim({ id: 'document', statement: 'So it is.', node: 'did', needs: { all: needs } })
  return report.build()
}

it('foreign texts in an answer make no more of it than they are', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', ' ', 'did:web:example.com', '\u202e'),
  )
  const metadata = fc.record(
    { source: text, error: text, code: text, errorMessage: text },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(text, metadata, fc.boolean(), (id, given, has) => {
      const result = answered(has ? { id } : null, given)
      const reports = [
        webReport('did:web:example.com', result, { now }),
        remoteReport('did:rootline:x', result, { now, url: 'https://node.example', pinnedBy: 'request' }),
      ]
      for (const builder of reports) {
        const report = builder.build()
        expect(report.verdict).toBe('undecided')
        expect(renderText(report)).toMatch(/^◌ Undecided/)
      }
    }),
  )
})
