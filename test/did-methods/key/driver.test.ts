import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hash,
  type JsonWebKey,
} from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DidErrorCode } from '../../../did-methods/errors.ts'
import { encodeDidKey, keyDriver } from '../../../did-methods/key/driver.ts'
import { decodeMultikey, encodeMultikey, MULTIKEY_TYPES } from '../../../did-methods/key/multikey.ts'
import { x25519OfEd25519 } from '../../../did-methods/key/x25519.ts'
import { encodeBase58btc } from '../../../src/codec/multibase.ts'
import { encodeVarint } from '../../../src/codec/varint.ts'
import { CURVES, isKeyCurve } from '../../../src/keys/curves.ts'
import { generatePrivateJwk } from '../../../src/keys/generate.ts'
import { publicJwkOf } from '../../../src/keys/jwk.ts'
import { expectFailure, expectOutcome, resolveWith } from '../resolve.ts'
import { G1_GENERATOR, G2_GENERATOR, newKey } from './keys.ts'

/** The example of the specification (did:key, The did:key Format). */
const EXAMPLE = 'z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK'
const DID = `did:key:${EXAMPLE}`
const resolve = (did: string, options = {}) => resolveWith(keyDriver(), did, options)
const didOf = (code: number, hex: string) =>
  `did:key:${encodeBase58btc(Buffer.concat([encodeVarint(code), Buffer.from(hex, 'hex')]))}`

describe('did:key documents', () => {
  it('the example of the specification, as Multikey', async () => {
    const { didDocument, didResolutionMetadata } = await resolve(DID)
    const id = `${DID}#${EXAMPLE}`
    expect(didResolutionMetadata).toEqual({ contentType: 'application/did', basis: 'computed' })
    expect(didDocument).toEqual({
      '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'],
      id: DID,
      verificationMethod: [{ id, type: 'Multikey', controller: DID, publicKeyMultibase: EXAMPLE }],
      authentication: [id],
      assertionMethod: [id],
      capabilityInvocation: [id],
      capabilityDelegation: [id],
    })
  })

  it('the derived key of the example of the specification', async () => {
    const derived = 'z6LSj72tK8brWgZja8NLRwPigth2T9QRiG1uH9oKZuKjdh9p'
    const { didDocument } = await resolve(DID, {
      publicKeyFormat: 'Ed25519VerificationKey2020',
      enableEncryptionKeyDerivation: true,
    })
    expect(didDocument?.['@context']).toEqual([
      'https://www.w3.org/ns/did/v1',
      'https://w3id.org/security/suites/ed25519-2020/v1',
      'https://w3id.org/security/suites/x25519-2020/v1',
    ])
    expect(didDocument?.verificationMethod?.[1]).toEqual({
      id: `${DID}#${derived}`,
      type: 'X25519KeyAgreementKey2020',
      controller: DID,
      publicKeyMultibase: derived,
    })
    expect(didDocument?.keyAgreement).toEqual([`${DID}#${derived}`])
  })

  it('options of the driver hold unless a resolution has its own', async () => {
    const driver = keyDriver({ publicKeyFormat: 'JsonWebKey', enableEncryptionKeyDerivation: true })
    const own = await resolveWith(driver, DID)
    expect(own.didDocument?.verificationMethod?.map(({ type }) => type)).toEqual(['JsonWebKey', 'JsonWebKey'])
    const other = await resolveWith(driver, DID, {
      enableEncryptionKeyDerivation: false,
      publicKeyFormat: 'Multikey',
    })
    expect(other.didDocument?.verificationMethod?.map(({ type }) => type)).toEqual(['Multikey'])
  })

  it.each(['secp256k1', 'P-256', 'P-384', 'P-521', 'X25519', 'Ed25519', 'RSA'] as const)(
    'a JWK of %s is the key that OpenSSL made',
    async type => {
      const key = newKey(type)
      const { didDocument } = await resolve(`did:key:${encodeMultikey(key)}`, {
        publicKeyFormat: 'JsonWebKey',
      })
      const jwk = didDocument?.verificationMethod?.[0]?.publicKeyJwk as JsonWebKey
      const imported = createPublicKey({ key: jwk, format: 'jwk' })
      if (type === 'RSA') expect(imported.export({ type: 'pkcs1', format: 'der' })).toEqual(key.bytes)
      else
        expect(jwk.x).toBe(
          Buffer.from(key.bytes)
            .subarray(key.bytes.length % 2)
            .toString('base64url'),
        )
      expect(jwk.d).toBeUndefined()
    },
  )

  it('encodeDidKey gives a DID that resolves to the key', async () => {
    for (const curve of Object.keys(CURVES).filter(isKeyCurve)) {
      const jwk = publicJwkOf(generatePrivateJwk(curve))
      const { didDocument } = await resolve(encodeDidKey(jwk), { publicKeyFormat: 'JsonWebKey' })
      expect(didDocument?.verificationMethod?.[0]?.publicKeyJwk).toEqual(jwk)
    }
  })

  it.each([
    ['did:key of G1', didOf(0xea, G1_GENERATOR), 1],
    ['did:key of G2', didOf(0xeb, G2_GENERATOR), 1],
    ['did:key of the pair', didOf(0xee, G1_GENERATOR + G2_GENERATOR), 2],
  ])('%s', async (_name, did, methods) => {
    expect((await resolve(did)).didDocument?.verificationMethod).toHaveLength(methods)
  })
})

describe('x25519OfEd25519', () => {
  it('is the public half of the private key that belongs to it', () => {
    const alice = generateKeyPairSync('x25519')
    for (let i = 0; i < 20; i++) {
      const { privateKey, publicKey } = generateKeyPairSync('ed25519')
      const x = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
      const seed = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url')
      // The scalar of an Ed25519 key is the first half of the hash of its seed (RFC 8032 section 5.1.5).
      const scalar = hash('sha512', seed, 'buffer').subarray(0, 32)
      const mine = diffieHellman({ privateKey: x25519Private(scalar), publicKey: alice.publicKey })
      const theirs = diffieHellman({ privateKey: alice.privateKey, publicKey: x25519Key(x25519OfEd25519(x)) })
      expect(mine).toEqual(theirs)
    }
  })
})

describe('did:key refuses', () => {
  const ed = (hex: string) => didOf(0xed, hex)
  const good = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'
  const prime = `${'ed'}${'ff'.repeat(30)}7f`
  const cases: [string, string, DidErrorCode][] = [
    ['base64url', 'did:key:u7QGB', 'KEY_MULTIBASE_INVALID'],
    ['hexadecimal', 'did:key:f01', 'KEY_MULTIBASE_INVALID'],
    ['a character outside base58', 'did:key:z6Mk0', 'KEY_MULTIBASE_INVALID'],
    ['a version before the key', `did:key:1:${EXAMPLE}`, 'KEY_MULTIBASE_INVALID'],
    ['a key of too many characters', `did:key:z${'2'.repeat(5000)}`, 'KEY_MULTIBASE_INVALID'],
    ['nothing', 'did:key:z', 'KEY_MULTICODEC_INVALID'],
    ['a header cut short', `did:key:${encodeBase58btc(Buffer.from([0xed]))}`, 'KEY_MULTICODEC_INVALID'],
    [
      'a header in a longer spelling',
      `did:key:${encodeBase58btc(Buffer.from(`ed8100${good}`, 'hex'))}`,
      'KEY_MULTICODEC_INVALID',
    ],
    ['a private key', didOf(0x1300, good), 'KEY_PRIVATE'],
    ['an unknown type', didOf(0x55, good), 'KEY_TYPE_UNSUPPORTED'],
    ['a short key', ed(good.slice(2)), 'KEY_LENGTH_INVALID'],
    ['a long key', ed(`${good}00`), 'KEY_LENGTH_INVALID'],
    ['an Ed25519 point that does not exist', ed(`02${'00'.repeat(31)}`), 'KEY_POINT_INVALID'],
    ['an Ed25519 y of the prime', ed(prime), 'KEY_POINT_INVALID'],
    ['the Ed25519 identity', ed(`01${'00'.repeat(31)}`), 'KEY_POINT_INVALID'],
    ['an Ed25519 point of small order', ed('00'.repeat(32)), 'KEY_POINT_INVALID'],
    ['an uncompressed point', didOf(0x1200, `04${'11'.repeat(32)}`), 'KEY_POINT_INVALID'],
    ['a P-256 x of no point', didOf(0x1200, `02${'00'.repeat(31)}07`), 'KEY_POINT_INVALID'],
    ['a secp256k1 x beyond the prime', didOf(0xe7, `02${'ff'.repeat(32)}`), 'KEY_POINT_INVALID'],
    ['a G1 point that is not compressed', didOf(0xea, `17${G1_GENERATOR.slice(2)}`), 'KEY_POINT_INVALID'],
    ['the identity of G1', didOf(0xea, `c0${'00'.repeat(47)}`), 'KEY_POINT_INVALID'],
    ['a G1 x of no point', didOf(0xea, `80${'00'.repeat(46)}01`), 'KEY_POINT_INVALID'],
    ['a G1 x beyond the prime', didOf(0xea, `9f${'ff'.repeat(47)}`), 'KEY_POINT_INVALID'],
    ['a G2 x of no point', didOf(0xeb, `80${'00'.repeat(94)}01`), 'KEY_POINT_INVALID'],
    ['a pair with one bad half', didOf(0xee, `${G1_GENERATOR}80${'00'.repeat(94)}01`), 'KEY_POINT_INVALID'],
  ]
  it.each(cases)('%s', async (_name, did, code) => {
    expectFailure(await resolve(did), code)
    expectFailure(await resolve(did, { publicKeyFormat: 'JsonWebKey' }), code)
  })

  it.each([
    [
      'a format that nobody knows',
      { publicKeyFormat: 'Ed25519VerificationKey2018' },
      'KEY_FORMAT_UNSUPPORTED',
    ],
    ['a format that is no text', { publicKeyFormat: 1 }, 'KEY_FORMAT_UNSUPPORTED'],
    ['a derivation that is no truth value', { enableEncryptionKeyDerivation: 'yes' }, 'DID_OPTION_INVALID'],
    ['a version', { versionId: '1' }, 'DID_VERSION_UNSUPPORTED'],
    ['a time', { versionTime: '2026-01-01T00:00:00Z' }, 'DID_VERSION_UNSUPPORTED'],
    ['a media type that it cannot give', { accept: 'text/html' }, 'DID_REPRESENTATION_UNSUPPORTED'],
  ] as const)('%s', async (_name, options, code) => {
    expectFailure(await resolve(DID, options), code)
  })

  it('a version in the DID URL', async () => {
    expectFailure(await resolve(`${DID}?versionId=1`), 'DID_VERSION_UNSUPPORTED')
  })

  it('a format that cannot hold the key', async () => {
    const options = { publicKeyFormat: 'Ed25519VerificationKey2020' }
    expectFailure(
      await resolve(`did:key:${encodeMultikey(newKey('P-256'))}`, options),
      'KEY_FORMAT_UNSUPPORTED',
    )
  })
})

describe('did:key refuses an RSA key', () => {
  const der = Buffer.from(newKey('RSA').bytes)
  const long = Buffer.concat([Buffer.from([0x30, 0x83, 0, 1, 10]), der.subarray(4)])
  const even = Buffer.from(der)
  even[even.length - 6] = 0
  const spki = createPublicKey({ key: der, format: 'der', type: 'pkcs1' }).export({
    type: 'spki',
    format: 'der',
  })
  it.each([
    ['of 1,024 bits', Buffer.from(newKey('RSA', 1024).bytes)],
    ['with a byte after it', Buffer.concat([der, Buffer.from([0])])],
    ['cut short', der.subarray(0, -1)],
    ['with a length in a longer form', long],
    ['with an exponent of 1', Buffer.concat([der.subarray(0, -3), Buffer.from([0, 0, 1])])],
    ['with an even modulus', even],
    ['as SubjectPublicKeyInfo', spki],
    ['with an even exponent', Buffer.concat([der.subarray(0, -1), Buffer.from([2])])],
    ['of no bytes', Buffer.alloc(0)],
  ])('%s', async (_name, bytes) => {
    expectFailure(await resolve(didOf(0x1205, bytes.toString('hex'))), 'KEY_RSA_INVALID')
  })
})

it('did:key gives a document or a failure for the DER of an RSA key, changed in one byte or cut short', async () => {
  const der = Buffer.from(newKey('RSA').bytes)
  await fc.assert(
    fc.asyncProperty(fc.nat(der.length - 1), fc.nat(255), async (at, byte) => {
      const changed = Buffer.from(der)
      changed[at] = byte
      expectOutcome(await resolve(didOf(0x1205, changed.toString('hex'))))
      expectFailure(await resolve(didOf(0x1205, der.subarray(0, at).toString('hex'))), 'KEY_RSA_INVALID')
    }),
  )
})

describe('did:key on foreign bytes', () => {
  const types = Object.values(MULTIKEY_TYPES)

  it('gives a document or a failure for any key bytes, the same in each format', async () => {
    const bytes = fc
      .constantFrom(...types)
      .chain(({ code, length }) =>
        fc.tuple(
          fc.constant(code),
          fc.uint8Array(length === undefined ? {} : { minLength: length, maxLength: length }),
        ),
      )
    await fc.assert(
      fc.asyncProperty(bytes, async ([code, key]) => {
        const did = didOf(code, Buffer.from(key).toString('hex'))
        const result = await resolve(did, { enableEncryptionKeyDerivation: true })
        expectOutcome(result)
        const jwk = await resolve(did, { publicKeyFormat: 'JsonWebKey' })
        expect(jwk.didResolutionMetadata['code']).toBe(result.didResolutionMetadata['code'])
      }),
    )
  })

  it('gives a document or a failure for any text, cut or changed', async () => {
    const character = fc.constantFrom(...'123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0OIl:%_')
    const changed = fc
      .tuple(fc.nat(EXAMPLE.length - 1), character)
      .map(([at, text]) => EXAMPLE.slice(0, at) + text + EXAMPLE.slice(at + 1))
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.string({ unit: character }), changed), async text => {
        expectOutcome(await resolve(`did:key:${text}`))
      }),
    )
    for (let length = 0; length < EXAMPLE.length; length++) {
      expect((await resolve(`did:key:${EXAMPLE.slice(0, length)}`)).didDocument).toBeNull()
    }
  })

  it('a key has one text: what decodes is what would be encoded', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...types),
        fc.uint8Array({ minLength: 200, maxLength: 200 }),
        ({ code, length }, bytes) => {
          const text = didOf(code, Buffer.from(bytes.subarray(0, length ?? 200)).toString('hex')).slice(
            'did:key:'.length,
          )
          expect(encodeMultikey(decodeMultikey(text))).toBe(text)
        },
      ),
    )
  })
})

function x25519Key(bytes: Uint8Array) {
  const x = Buffer.from(bytes).toString('base64url')
  return createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' })
}

function x25519Private(scalar: Buffer) {
  const prefix = Buffer.from('302e020100300506032b656e04220420', 'hex')
  return createPrivateKey({ key: Buffer.concat([prefix, scalar]), format: 'der', type: 'pkcs8' })
}
