import type { DIDDocument, VerificationMethod } from 'did-resolver'
import { base58btc } from 'multiformats/bases/base58'
import { describe, expect, it } from 'vitest'
import { RELATIONSHIPS } from '../../../did-methods/dereference.ts'
import { keyDriver } from '../../../did-methods/key/driver.ts'
import { decodeMultikey } from '../../../did-methods/key/multikey.ts'
import { corpusJson, hasCorpus } from '../../corpus.ts'
import { resolveWith } from '../resolve.ts'

interface Case {
  id: string
  did: string
  file: string
}

/** Documents by DID; one file has them a level deeper, the others beside the keys. */
type VectorFile = Record<string, { didDocument?: DIDDocument } & Record<string, DIDDocument>>

const FOLDER = ['credentials', 'did-key'] as const
const cases = hasCorpus ? corpusJson<{ cases: Case[] }>(...FOLDER, 'cases.json').cases : []

function published({ did, file }: Case): DIDDocument {
  const vectors = corpusJson<VectorFile>(...FOLDER, file)
  const document = vectors[did]?.didDocument ?? vectors['didDocument']?.[did]
  expect(document).toBeDefined()
  return document as DIDDocument
}

/**
 * The vector of a pair of keys of BLS12-381 lists the G1 key alone. This driver lists both, as the oracle and the
 * meaning of the type (multicodec bls12_381-g1g2-pub) have it: a document without the G2 key could verify no
 * signature of that pair whose public keys are in G2.
 */
const PAIR = 'bls12381#5'

describe.skipIf(!hasCorpus)('published vectors of did:key', () => {
  it('are all there', () => {
    expect(cases.length).toBe(30)
  })

  it.each(cases.filter(({ id }) => id !== PAIR))('$id', async vector => {
    const expected = published(vector)
    const jwk = await documentOf(vector.did, 'JsonWebKey2020')
    const multikey = await documentOf(vector.did, 'Multikey')
    const methods = expected.verificationMethod ?? []
    if (methods.every(({ publicKeyJwk }) => publicKeyJwk !== undefined)) expect(jwk).toEqual(expected)
    expect(relationships(multikey)).toEqual(relationships(expected))
    expect(multikey.verificationMethod?.map(idAndBytes)).toEqual(methods.map(publishedIdAndBytes(jwk)))
  })

  it(`${PAIR}: the vector's key, and its other half`, async () => {
    const vector = cases.find(({ id }) => id === PAIR) as Case
    const expected = published(vector)
    const document = await documentOf(vector.did, 'JsonWebKey2020')
    expect(document.verificationMethod?.[0]).toEqual(expected.verificationMethod?.[0])
    expect(document.verificationMethod?.[1]?.publicKeyJwk).toMatchObject({ crv: 'BLS12381_G2' })
    expect(document.verificationMethod).toHaveLength(2)
    expect(document.keyAgreement).toBeUndefined()
    for (const name of RELATIONSHIPS.filter(relationship => relationship !== 'keyAgreement')) {
      expect(document[name]?.[0]).toEqual(expected[name]?.[0])
      expect(document[name]).toHaveLength(2)
    }
  })
})

async function documentOf(did: string, publicKeyFormat: string): Promise<DIDDocument> {
  const options = { publicKeyFormat, enableEncryptionKeyDerivation: true }
  const { didDocument } = await resolveWith(keyDriver(), did, options)
  expect(didDocument).not.toBeNull()
  return didDocument as DIDDocument
}

function relationships(document: DIDDocument): unknown {
  return Object.fromEntries(RELATIONSHIPS.map(name => [name, document[name]]))
}

function idAndBytes({ id, publicKeyMultibase = '' }: VerificationMethod): [string, string] {
  return [id, Buffer.from(decodeMultikey(publicKeyMultibase).bytes).toString('hex')]
}

/** Older vectors hold the key as base58; where one holds a JWK, it was compared with ours, and our bytes stand. */
function publishedIdAndBytes(jwk: DIDDocument) {
  return (method: VerificationMethod, index: number): [string, string] => {
    if (method.publicKeyBase58 === undefined) {
      expect(jwk.verificationMethod?.[index]).toEqual(method)
      return [method.id, Buffer.from(decodeMultikey(method.id.split('#')[1] ?? '').bytes).toString('hex')]
    }
    return [method.id, Buffer.from(base58btc.decode(`z${method.publicKeyBase58}`)).toString('hex')]
  }
}
