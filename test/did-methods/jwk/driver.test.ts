import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RELATIONSHIPS } from '../../../did-methods/dereference.ts'
import type { DidErrorCode } from '../../../did-methods/errors.ts'
import { encodeDidJwk, jwkDriver } from '../../../did-methods/jwk/driver.ts'
import { encodeBase64url } from '../../../src/codec/base64url.ts'
import { CURVES, isKeyCurve } from '../../../src/keys/curves.ts'
import { generatePrivateJwk } from '../../../src/keys/generate.ts'
import { publicJwkOf } from '../../../src/keys/jwk.ts'
import { corpusJson, hasCorpus } from '../../corpus.ts'
import { expectFailure, expectOutcome, resolveWith } from '../resolve.ts'

const resolve = (did: string, options = {}) => resolveWith(jwkDriver(), did, options)
const didOf = (json: unknown) =>
  `did:jwk:${encodeBase64url(Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)))}`

const ED25519 = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
const P521 = generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey.export({ format: 'jwk' })
const ED448 = generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' })

interface Case {
  id: string
  did: string
  didDocument: Record<string, unknown>
}
const cases = hasCorpus ? corpusJson<{ cases: Case[] }>('credentials', 'did-jwk', 'cases.json').cases : []

describe.skipIf(!hasCorpus)('published examples of did:jwk', () => {
  it.each(cases)('$id', async ({ did, didDocument }) => {
    // The published first example has one reference with a stray dollar sign after `did:jwk:`; every other has none.
    const expected = JSON.parse(JSON.stringify(didDocument).replaceAll('did:jwk:$', 'did:jwk:'))
    const result = await resolve(did)
    expect(result.didDocument).toEqual(expected)
    expect(result.didResolutionMetadata).toEqual({ contentType: 'application/did', basis: 'computed' })
  })

  it('are all there', () => {
    expect(cases.length).toBe(2)
  })
})

describe('did:jwk documents', () => {
  it.each([
    [undefined, [...RELATIONSHIPS]],
    ['sig', RELATIONSHIPS.filter(name => name !== 'keyAgreement')],
    ['enc', ['keyAgreement']],
    ['other', [...RELATIONSHIPS]],
  ])('use %j leaves the relationships that it allows', async (use, expected) => {
    const { didDocument } = await resolve(didOf({ ...ED25519, use }))
    expect(RELATIONSHIPS.filter(name => didDocument?.[name] !== undefined)).toEqual(expected)
  })

  it('keep every member of the JWK', async () => {
    const jwk = { ...ED25519, kid: 'mine', nonce: 1, custom: { deep: [1] } }
    const { didDocument } = await resolve(didOf(jwk))
    expect(didDocument?.verificationMethod?.[0]?.publicKeyJwk).toEqual(jwk)
    expect(didDocument?.verificationMethod?.[0]?.id).toMatch(/#0$/)
  })

  it.each([
    ['RSA', RSA],
    ['P-521', P521],
    ['Ed448', ED448],
    ['X25519', { ...ED25519, crv: 'X25519' }],
  ])('exist for %s', async (_name, jwk) => {
    expect((await resolve(didOf(jwk))).didDocument).not.toBeNull()
  })

  it('encodeDidJwk gives a DID that resolves to the key', async () => {
    for (const curve of Object.keys(CURVES).filter(isKeyCurve)) {
      const jwk = publicJwkOf(generatePrivateJwk(curve))
      const { didDocument } = await resolve(encodeDidJwk(jwk))
      expect(didDocument?.verificationMethod?.[0]?.publicKeyJwk).toEqual(jwk)
    }
  })
})

describe('did:jwk refuses', () => {
  const text = JSON.stringify(ED25519)
  const encoded = encodeBase64url(Buffer.from(text))
  const x = Buffer.from(RSA.n ?? '', 'base64url')
  const refused: [string, string, DidErrorCode][] = [
    ['padding', `did:jwk:${encoded}%3D`, 'JWK_ENCODING_INVALID'],
    ['a colon', `did:jwk:a:${encoded}`, 'JWK_ENCODING_INVALID'],
    ['unused bits that are set', 'did:jwk:e31', 'JWK_ENCODING_INVALID'],
    ['what is no JSON', didOf('{'), 'JWK_ENCODING_INVALID'],
    ['a list', didOf('[]'), 'JWK_ENCODING_INVALID'],
    ['a repeated member', didOf(text.replace('{', '{"kty":"EC",')), 'JWK_ENCODING_INVALID'],
    [
      'bytes that are no UTF-8',
      `did:jwk:${encodeBase64url(Buffer.from([0x22, 0xff, 0x22]))}`,
      'JWK_ENCODING_INVALID',
    ],
    [
      'deep nesting',
      didOf(text.replace('{', `{"a":${'['.repeat(20)}${']'.repeat(20)},`)),
      'JWK_ENCODING_INVALID',
    ],
    ['a private key', didOf({ ...ED25519, d: ED25519.x }), 'KEY_PRIVATE'],
    ['an RSA prime', didOf({ ...RSA, p: 'AQ' }), 'KEY_PRIVATE'],
    ['a private member that is null', didOf({ ...ED25519, d: null }), 'KEY_PRIVATE'],
    ['a symmetric key', didOf({ kty: 'oct', k: 'AQ' }), 'KEY_PRIVATE'],
    ['no key type', didOf({ crv: 'Ed25519', x: ED25519.x }), 'JWK_INVALID'],
    ['an unknown key type', didOf({ kty: 'AKP', pub: 'AQ' }), 'JWK_TYPE_UNSUPPORTED'],
    ['no curve', didOf({ kty: 'EC', x: 'AQ', y: 'AQ' }), 'JWK_INVALID'],
    ['an unknown curve', didOf({ kty: 'EC', crv: 'P-192', x: 'AQ', y: 'AQ' }), 'JWK_TYPE_UNSUPPORTED'],
    [
      'a curve named as an inherited property',
      didOf({ kty: 'EC', crv: 'constructor' }),
      'JWK_TYPE_UNSUPPORTED',
    ],
    ['a curve of the other key type', didOf({ ...ED25519, kty: 'EC' }), 'JWK_INVALID'],
    ['a curve of the other key type, not for signing', didOf({ ...ED448, kty: 'EC' }), 'JWK_INVALID'],
    ['a short coordinate', didOf({ ...ED25519, x: ED25519.x.slice(0, -4) }), 'JWK_INVALID'],
    ['a coordinate that is no text', didOf({ ...ED25519, x: 1 }), 'JWK_INVALID'],
    ['a point that is not on the curve', didOf({ ...P521, y: P521.x }), 'JWK_INVALID'],
    ['a y of a curve that has none', didOf({ ...ED448, y: ED448.x }), 'JWK_INVALID'],
    ['the Ed25519 identity', didOf({ ...ED25519, x: `AQ${'A'.repeat(41)}` }), 'JWK_INVALID'],
    [
      'an RSA modulus with a leading zero',
      didOf({ ...RSA, n: encodeBase64url(Buffer.concat([Buffer.alloc(1), x])) }),
      'JWK_INVALID',
    ],
    ['an RSA modulus of 8 bits', didOf({ ...RSA, n: 'wQ' }), 'KEY_RSA_INVALID'],
    ['an RSA exponent of 1', didOf({ ...RSA, e: 'AQ' }), 'KEY_RSA_INVALID'],
    ['an RSA exponent of nothing', didOf({ ...RSA, e: '' }), 'KEY_RSA_INVALID'],
    ['a use that is no text', didOf({ ...ED25519, use: ['sig'] }), 'JWK_INVALID'],
  ]
  it.each(refused)('%s', async (_name, did, code) => {
    expectFailure(await resolve(did), code)
  })

  it('a version', async () => {
    expectFailure(await resolve(`${didOf(ED25519)}?versionId=1`), 'DID_VERSION_UNSUPPORTED')
  })
})

describe('did:jwk on foreign input', () => {
  it('gives a document or a failure for any JSON', async () => {
    const member = fc.constantFrom('kty', 'crv', 'x', 'y', 'n', 'e', 'use', 'd')
    const value = fc.oneof(
      fc.constantFrom('EC', 'OKP', 'RSA', 'P-521', 'X448', 'AQAB', ED25519.x, 'enc'),
      fc.jsonValue(),
    )
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.dictionary(member, value), fc.jsonValue()), async json => {
        expectOutcome(await resolve(didOf(json)))
      }),
    )
  })

  it('gives a document or a failure for any bytes and any text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array().map(encodeBase64url), fc.string()), async id => {
        expectOutcome(await resolve(`did:jwk:${id}`))
      }),
    )
  })

  it('refuses a DID that is cut short at any place', async () => {
    const did = didOf(ED25519)
    for (let length = 'did:jwk:'.length; length < did.length; length++) {
      expect((await resolve(did.slice(0, length))).didDocument).toBeNull()
    }
  })
})
