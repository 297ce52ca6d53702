import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { PublicJwk } from '../../src/keys/types.ts'
import { checkOperation } from '../../src/sidetree/check.ts'
import { commitmentOf, commitmentOfReveal, revealValueOf } from '../../src/sidetree/commitment.ts'
import { parseDid } from '../../src/sidetree/did.ts'
import { toDidDocument, toResolutionResult } from '../../src/sidetree/document.ts'
import { longFormDid, stateOfInitialState } from '../../src/sidetree/long-form.ts'
import { ROOTLINE } from '../../src/sidetree/parameters.ts'
import { parseRequest } from '../../src/sidetree/request.ts'
import { resolveOperations } from '../../src/sidetree/resolution.ts'
import type { CreateRequest, OperationRequest } from '../../src/sidetree/types.ts'
import { corpusJson, corpusPath, hasCorpus } from '../corpus.ts'
import { at, bytesOf, ION, ION_VERSIONS, ROOTLINE_VERSIONS } from './operations.ts'

const VECTORS = 'sidetree/dif-sidetree/www/vectors'
const METHOD = { name: 'sidetree' }
const SUFFIX = 'EiDyOQbbZAa3aiRzeCkV7LOx3SERjjH93EXoIM3UoN4oWg'
const DID = `did:sidetree:${SUFFIX}`

function history(requests: OperationRequest[], params = ION) {
  return requests.map((request, i) => ({
    operation: checkOperation(parseRequest(bytesOf(request), params).operation, params),
    position: at(i + 1),
  }))
}

describe.runIf(hasCorpus)('vectors of the specification', () => {
  const steps = ['create', 'update', 'recover', 'deactivate'] as const
  const requests = steps.map(step =>
    corpusJson<OperationRequest>(`${VECTORS}/operations/${step}Operation.json`),
  )

  test.for([...steps.entries()])('the document after step %i, %s', ([i, step]) => {
    const { state, ignored } = resolveOperations(history(requests).slice(0, i + 1), ION_VERSIONS)
    if (state === undefined) throw new TypeError('no state')
    const did = parseDid(DID, METHOD, ION)
    const after = `after${step.charAt(0).toUpperCase()}${step.slice(1)}`
    expect(ignored).toEqual([])
    expect(toResolutionResult(state, did, { published: true, profile: 'ion' })).toEqual(
      corpusJson(`${VECTORS}/resolution/${after}.json`),
    )
  })

  test('rootline adds what the text demands and the vectors lack', () => {
    const { state } = resolveOperations(history(requests.slice(0, 2), ROOTLINE), ROOTLINE_VERSIONS)
    if (state === undefined) throw new TypeError('no state')
    const did = parseDid(DID, METHOD, ROOTLINE)
    const result = toResolutionResult(state, did, { published: true, profile: 'rootline' })
    const expected = corpusJson<{ didDocument: unknown; didDocumentMetadata: object }>(
      `${VECTORS}/resolution/afterUpdate.json`,
    )
    expect(result.didDocument).toEqual(expected.didDocument)
    expect(result.didDocumentMetadata).toEqual({
      ...expected.didDocumentMetadata,
      deactivated: false,
      equivalentId: [DID],
      created: '1970-01-01T00:00:01Z',
      updated: '1970-01-01T00:00:02Z',
      versionId: state.versionId,
    })
  })

  test('the long form, and what it resolves to', () => {
    const { longFormDid: expected } = corpusJson<{ longFormDid: string }>(`${VECTORS}/resolution/did.json`)
    expect(longFormDid(requests[0] as CreateRequest, METHOD)).toBe(expected)
    const did = parseDid(expected, METHOD, ION)
    const state = stateOfInitialState(did.initialState ?? '', did.suffix, ION_VERSIONS, 1)
    expect(toResolutionResult(state, did, { published: false, profile: 'ion' })).toEqual(
      corpusJson(`${VECTORS}/resolution/longFormResponseDidDocument.json`),
    )
  })

  test('commitments and reveal values are those of the keys (raw inner digest)', () => {
    const recovery = corpusJson<PublicJwk>(`${VECTORS}/inputs/jwkEs256k1Public.json`)
    const update = corpusJson<PublicJwk>(`${VECTORS}/inputs/jwkEs256k2Public.json`)
    const create = requests[0] as CreateRequest
    const recover = requests[2] as { revealValue: string }
    expect(commitmentOf(recovery)).toBe(create.suffixData.recoveryCommitment)
    expect(commitmentOf(update)).toBe(create.delta.updateCommitment)
    expect(revealValueOf(recovery)).toBe(recover.revealValue)
    expect(commitmentOfReveal(recover.revealValue)).toBe(create.suffixData.recoveryCommitment)
  })
})

describe.runIf(hasCorpus)('vectors of sidetree.js', () => {
  const BASE = 'sidetree/sidetree.js/packages'
  interface WalletVector {
    didUniqueSuffix: string
    op0: CreateRequest
    op1: OperationRequest
    op2: OperationRequest
    op3: OperationRequest
  }

  test('v1 secp256k1: create, update, recover, deactivate', () => {
    const { operations } = corpusJson<{ operations: WalletVector[] }>(
      `${BASE}/test-vectors/src/wallet/v1-secp256k1-operations.json`,
    )
    for (const { didUniqueSuffix, op0, op1, op2, op3 } of operations) {
      for (const [params, versions] of [
        [ION, ION_VERSIONS],
        [ROOTLINE, ROOTLINE_VERSIONS],
      ] as const) {
        const { state, applied } = resolveOperations(history([op0, op1, op2, op3], params), versions)
        expect(state).toMatchObject({ suffix: didUniqueSuffix, deactivated: true })
        expect(applied).toHaveLength(4)
      }
    }
  })

  test('v1 Ed25519: the operations say alg ES256K of an Ed25519 key and so never apply', () => {
    const { operations } = corpusJson<{ operations: WalletVector[] }>(
      `${BASE}/test-vectors/src/wallet/v1-ed25519-operations.json`,
    )
    for (const { op0, op1, op2, op3 } of operations) {
      const { applied, ignored } = resolveOperations(
        history([op0, op1, op2, op3], ROOTLINE),
        ROOTLINE_VERSIONS,
      )
      expect(applied).toHaveLength(1)
      expect(new Set(ignored.map(({ code }) => code))).toEqual(new Set(['SIGNED_DATA_ALGORITHM_INVALID']))
    }
  })

  test('v1 did-method: documents of the published long form and of the history', () => {
    const vectors = corpusJson<{
      [step: string]: {
        longFormDid?: string
        operation: OperationRequest
        resolve: { body: { didDocument: { verificationMethod?: { id: string }[] } } }
      }
    }>(`${BASE}/test-vectors/src/did-method/v1-did-method-secp256k1-operations.json`)
    const method = { name: 'example', network: 'sidetree.testnet' }
    const names = ['create', 'update', 'recover']
    const operations = names.map(name => vectors[name]?.operation as OperationRequest)
    expect(longFormDid(operations[0] as CreateRequest, method)).toBe(vectors['create']?.longFormDid)
    for (const [i, name] of names.entries()) {
      const { state } = resolveOperations(history(operations.slice(0, i + 1)), ION_VERSIONS)
      if (state === undefined) throw new TypeError('no state')
      const { verificationMethod } = toDidDocument(state, 'did:example:x')
      const expected = vectors[name]?.resolve.body.didDocument.verificationMethod
      expect(verificationMethod?.map(({ id }) => id)).toEqual(expected?.map(({ id }) => id))
    }
  })

  test('did-method-ion and did-method-photon', () => {
    const name = 'EiBgMkQDrUjGYkUZqQgTiOkZeyQiQgNuYZLiW1S9M-oDCA'
    const fixtures = `${BASE}/did-method-ion/src/__fixtures__/${name}`
    const create = corpusJson<CreateRequest>(`${fixtures}-CreateOperation.json`)
    const longForm = corpusJson<{ longFormDid: string }>(`${fixtures}-LongFormDid.json`)
    expect(longFormDid(create, { name: 'ion' })).toBe(longForm.longFormDid)
    const photon = corpusJson<CreateRequest>(
      `${BASE}/did-method-photon/src/test/__fixtures__/create-operation.json`,
    )
    expect(history([photon])[0]?.operation.problem).toBeUndefined()
  })

  test('requests of the time before v1 are refused', () => {
    const base = `${BASE}/test-vectors/src`
    const folder = `${base}/dif-sidetree-test-vectors`
    const old = readdirSync(corpusPath(folder))
      .flatMap(name => readdirSync(corpusPath(folder, name)).map(file => `${folder}/${name}/${file}`))
      .filter(file => !file.endsWith('resultingDocument.json'))
      .map(file => corpusJson<OperationRequest>(file))
    for (const name of ['wallet-operation', 'wallet-svip-operation']) {
      const file = `${base}/sidetree-universal-wallet/${name}.json`
      const { operation } = corpusJson<{ operation: { createOperation: OperationRequest }[] }>(file)
      old.push(...operation.map(({ createOperation }) => createOperation))
    }
    expect(old.length).toBeGreaterThan(8)
    for (const request of old) {
      for (const params of [ION, ROOTLINE]) {
        expect(() => parseRequest(bytesOf(request), params)).toThrow(
          expect.objectContaining({ code: 'REQUEST_MEMBERS_INVALID' }),
        )
      }
    }
  })
})
