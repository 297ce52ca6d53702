import { createRequire } from 'node:module'
import type { DIDDocument, VerificationMethod } from 'did-resolver'
import { base58btc } from 'multiformats/bases/base58'
import { describe, expect, it } from 'vitest'
import { RELATIONSHIPS } from '../../did-methods/dereference.ts'
import { keyDriver } from '../../did-methods/key/driver.ts'
import { decodeMultikey, encodeMultikey } from '../../did-methods/key/multikey.ts'
import { encodeBase58btc } from '../../src/codec/multibase.ts'
import { encodeVarint } from '../../src/codec/varint.ts'
import { G1_GENERATOR, newKey } from '../did-methods/key/keys.ts'
import { expectFailure, resolveWith } from '../did-methods/resolve.ts'

/** What is used of `@transmute/did-key.js` 0.3.0-unstable.10, whose own types do not build. */
interface Oracle {
  generate(type: string, options: object, resolution: OracleOptions): Promise<{ didDocument: DIDDocument }>
  resolve(did: string, resolution: OracleOptions): Promise<{ didDocument: DIDDocument }>
}
interface OracleOptions {
  accept: 'application/did+json' | 'application/did+ld+json'
  enableEncryptionKeyDerivation: boolean
}

const oracle = createRequire(import.meta.url)('@transmute/did-key.js') as Oracle

/** Keys of each type that are made and compared. */
const KEYS = 40
/** Making a pair of BLS12-381 takes the oracle longer. */
const PAIRS = 10

async function ours(did: string, options: object): Promise<DIDDocument> {
  const { didDocument } = await resolveWith(keyDriver(), did, options)
  expect(didDocument).not.toBeNull()
  return didDocument as DIDDocument
}

/** Asks both for the document with JWKs, and with the older types, of which the key's bytes are compared. */
async function expectAgreement(did: string): Promise<void> {
  for (const enableEncryptionKeyDerivation of [false, true]) {
    const json = await oracle.resolve(did, { accept: 'application/did+json', enableEncryptionKeyDerivation })
    const jwk = await ours(did, { publicKeyFormat: 'JsonWebKey2020', enableEncryptionKeyDerivation })
    expect(jwk).toEqual(json.didDocument)
    const { didDocument: older } = await oracle.resolve(did, {
      accept: 'application/did+ld+json',
      enableEncryptionKeyDerivation,
    })
    const multikey = await ours(did, { enableEncryptionKeyDerivation })
    for (const name of RELATIONSHIPS) expect(multikey[name]).toEqual(older[name])
    expect(multikey.verificationMethod?.map(ourBytes)).toEqual(older.verificationMethod?.map(theirBytes))
  }
}

function ourBytes({ id, publicKeyMultibase = '' }: VerificationMethod): [string, string] {
  return [id, Buffer.from(decodeMultikey(publicKeyMultibase).bytes).toString('hex')]
}

function theirBytes({ id, publicKeyBase58 = '' }: VerificationMethod): [string, string] {
  return [id, Buffer.from(base58btc.decode(`z${publicKeyBase58}`)).toString('hex')]
}

describe('did:key agrees with @transmute/did-key.js on generated keys', () => {
  it.each(['Ed25519', 'X25519', 'secp256k1', 'P-256', 'P-384', 'P-521'] as const)('of %s', async type => {
    for (let i = 0; i < KEYS; i++) await expectAgreement(`did:key:${encodeMultikey(newKey(type))}`)
  })

  it('of the pair of BLS12-381, and of its G2 half', async () => {
    for (let i = 0; i < PAIRS; i++) {
      const { didDocument } = await oracle.generate(
        'bls12381',
        {},
        { accept: 'application/did+json', enableEncryptionKeyDerivation: false },
      )
      await expectAgreement(didDocument.id)
      const g2 = didDocument.verificationMethod?.[1]?.id.split('#')[1]
      // The oracle knows such a key by the letters that most of them begin with, and refuses the rest.
      if (g2?.startsWith('zUC7')) await expectAgreement(`did:key:${g2}`)
    }
  })
})

const didOf = (code: number, hex: string) =>
  `did:key:${encodeBase58btc(Buffer.concat([encodeVarint(code), Buffer.from(hex, 'hex')]))}`
const JSON_OPTIONS: OracleOptions = { accept: 'application/did+json', enableEncryptionKeyDerivation: false }

/** Where the oracle errs. Each case is shown on both sides, so that it is seen if it changes. */
describe('did:key differs from @transmute/did-key.js where that one', () => {
  it.each([
    ['takes an x for which P-256 has no point', didOf(0x1200, `02${'00'.repeat(31)}07`)],
    ['takes an uncompressed prefix for a compressed point', didOf(0x1200, `04${'11'.repeat(32)}`)],
    [
      'takes the identity for an Ed25519 key, under which anyone can sign',
      didOf(0xed, `01${'00'.repeat(31)}`),
    ],
  ])('%s', async (_name, did) => {
    expect((await oracle.resolve(did, JSON_OPTIONS)).didDocument.id).toBe(did)
    expectFailure(await resolveWith(keyDriver(), did), 'KEY_POINT_INVALID')
  })

  it.each([
    ['does not know RSA, of which there are published vectors', `did:key:${encodeMultikey(newKey('RSA'))}`],
    ['does not know a G1 key of BLS12-381 alone', didOf(0xea, G1_GENERATOR)],
  ])('%s', async (_name, did) => {
    expect(() => oracle.resolve(did, JSON_OPTIONS)).toThrow(/does not support/)
    expect((await ours(did, {})).id).toBe(did)
  })
})
