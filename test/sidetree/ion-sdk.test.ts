import { describe, expect, test } from 'vitest'
import { signerFromJwk } from '../../src/keys/signer.ts'
import type { PrivateJwk, PublicJwk } from '../../src/keys/types.ts'
import { buildCreate, buildDeactivate, buildRecover, buildUpdate } from '../../src/sidetree/build.ts'
import { longFormDid } from '../../src/sidetree/long-form.ts'
import { didSuffixOf } from '../../src/sidetree/suffix-data.ts'
import type { DocumentState, PublicKeyEntry, ServiceEntry } from '../../src/sidetree/types.ts'
import { corpusJson, hasCorpus } from '../corpus.ts'
import { ION } from './operations.ts'

interface Expected {
  didSuffix: string
  cases: { name: string; expected: { [name: string]: string } }[]
  longFormDid: { expected: string }
}

describe.runIf(hasCorpus)('requests equal those of ion-sdk, byte for byte', () => {
  const input = <T>(name: string): T => corpusJson<T>(`sidetree/ion-sdk/tests/vectors/inputs/${name}.json`)
  const vectors = corpusJson<Expected>('sidetree/ion-sdk/expected-values-extracted.json')
  const { didSuffix } = vectors
  const [key1, key2, key3] = [1, 2, 3].map(i => input<PublicJwk>(`jwkEs256k${i}Public`)) as [
    PublicJwk,
    PublicJwk,
    PublicJwk,
  ]
  const signer = signerFromJwk(input<PrivateJwk>('jwkEs256k1Private'))
  const publicKey = input<PublicKeyEntry>('publicKeyModel1')
  const service = input<ServiceEntry>('service1')
  const document: DocumentState = { publicKeys: [publicKey], services: [service] }

  function expectedOf(name: string): { [name: string]: string } {
    return vectors.cases.find(entry => entry.name === name)?.expected ?? {}
  }

  test('create', () => {
    const { suffixData, delta } = buildCreate({ recoveryKey: key1, updateKey: key2, document }, ION)
    expect({
      'delta.updateCommitment': delta.updateCommitment,
      'suffixData.recoveryCommitment': suffixData.recoveryCommitment,
      'suffixData.deltaHash': suffixData.deltaHash,
    }).toEqual(expectedOf('createCreateRequest'))
    expect(didSuffixOf(suffixData)).toBe(didSuffix)
  })

  test('long form', () => {
    const request = buildCreate({ recoveryKey: key1, updateKey: key2, document }, ION)
    expect(longFormDid(request, { name: 'ion' })).toBe(vectors.longFormDid.expected)
  })

  test('update', async () => {
    const request = await buildUpdate(
      {
        didSuffix,
        signer,
        nextUpdateKey: key2,
        patches: [
          { action: 'add-services', services: [service] },
          { action: 'remove-services', ids: ['someId1'] },
          { action: 'add-public-keys', publicKeys: [publicKey] },
          { action: 'remove-public-keys', ids: ['someId2'] },
        ],
      },
      ION,
    )
    const { revealValue, signedData, delta } = request
    expect({
      didSuffix: request.didSuffix,
      revealValue,
      signedData,
      'delta.updateCommitment': delta.updateCommitment,
    }).toEqual(expectedOf('createUpdateRequest'))
  })

  test('recover', async () => {
    const request = await buildRecover(
      { didSuffix, signer, nextRecoveryKey: key2, nextUpdateKey: key3, document },
      ION,
    )
    const { revealValue, signedData, delta } = request
    expect({
      didSuffix: request.didSuffix,
      revealValue,
      signedData,
      'delta.updateCommitment': delta.updateCommitment,
    }).toEqual(expectedOf('createRecoverRequest'))
  })

  test('deactivate', async () => {
    const { revealValue, signedData } = await buildDeactivate({ didSuffix, signer }, ION)
    expect({ didSuffix, revealValue, signedData }).toEqual(expectedOf('createDeactivateRequest'))
  })
})
