import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../src/codec/hash.ts'
import { canonicalize } from '../../src/codec/jcs.ts'
import type { JsonValue } from '../../src/codec/json.ts'
import { encodedMultihash } from '../../src/codec/multihash.ts'
import { generatePrivateJwk } from '../../src/keys/generate.ts'
import { signerFromJwk } from '../../src/keys/signer.ts'
import type { KeyCurve, PublicJwk, Signer } from '../../src/keys/types.ts'
import { buildCreate, buildDeactivate, buildRecover, buildUpdate } from '../../src/sidetree/build.ts'
import { checkOperation, checkSignedData, signedDataInputOf } from '../../src/sidetree/check.ts'
import { commitmentOf, revealValueOf } from '../../src/sidetree/commitment.ts'
import { type ProtocolParameters, ROOTLINE } from '../../src/sidetree/parameters.ts'
import { didSuffixOf } from '../../src/sidetree/suffix-data.ts'
import type { AnchoredOperation, OperationRequest } from '../../src/sidetree/types.ts'
import { anchoredFrom, ION, keyEntry, publicKey, signer } from './operations.ts'

const didSuffix = encodedMultihash('suffix')

/** Signs any text as a payload, under any header. */
async function sign(by: Signer, header: string, payload: string): Promise<string> {
  const input = [header, payload].map(text => Buffer.from(text).toString('base64url')).join('.')
  return `${input}.${Buffer.from(await by.sign(Buffer.from(input))).toString('base64url')}`
}

interface Change {
  by?: Signer
  key?: JsonValue
  header?: string
  payload?: object
  payloadText?: string
}

/** What becomes of a deactivate with something about it changed. */
async function verdict(change: Change, params: ProtocolParameters = ROOTLINE): Promise<string> {
  const by = change.by ?? signer('r0')
  const key = change.key ?? { ...by.publicJwk }
  const payload = change.payload ?? { didSuffix, recoveryKey: key }
  const header = change.header ?? JSON.stringify({ alg: by.algorithm })
  const signedData = await sign(by, header, change.payloadText ?? JSON.stringify(payload))
  const revealValue = revealValueOf(key as unknown as PublicJwk)
  const checked = checkOperation({ type: 'deactivate', didSuffix, revealValue, signedData }, params)
  return checked.problem ?? 'valid'
}

describe('signed data', () => {
  test('is valid', async () => {
    expect(await verdict({})).toBe('valid')
    expect(await verdict({}, ION)).toBe('valid')
  })

  test.for<[KeyCurve, string, string]>([
    ['secp256k1', 'valid', 'valid'],
    ['P-256', 'SIGNED_DATA_ALGORITHM_INVALID', 'valid'],
    ['Ed25519', 'SIGNED_DATA_ALGORITHM_INVALID', 'valid'],
    ['P-384', 'SIGNED_DATA_ALGORITHM_INVALID', 'SIGNED_DATA_ALGORITHM_INVALID'],
  ])('by a key on %s: ion %s, rootline %s', async ([curve, ion, rootline]) => {
    const by = signerFromJwk(generatePrivateJwk(curve))
    expect(await verdict({ by }, ION)).toBe(ion)
    expect(await verdict({ by })).toBe(rootline)
  })

  test.for<[string, string, string, string]>([
    ['kid', '{"alg":"ES256K","kid":"did:example:a#b"}', 'SIGNED_DATA_HEADER_INVALID', 'valid'],
    [
      'a kid that is no string',
      '{"alg":"ES256K","kid":1}',
      'SIGNED_DATA_HEADER_INVALID',
      'SIGNED_DATA_HEADER_INVALID',
    ],
    ['typ', '{"alg":"ES256K","typ":"JWT"}', 'SIGNED_DATA_HEADER_INVALID', 'SIGNED_DATA_HEADER_INVALID'],
    ['crit', '{"alg":"ES256K","crit":["b64"]}', 'SIGNED_DATA_HEADER_INVALID', 'SIGNED_DATA_HEADER_INVALID'],
    ['no alg', '{}', 'SIGNED_DATA_HEADER_INVALID', 'SIGNED_DATA_HEADER_INVALID'],
    ['alg none', '{"alg":"none"}', 'SIGNED_DATA_ALGORITHM_INVALID', 'SIGNED_DATA_ALGORITHM_INVALID'],
    [
      'alg of another curve',
      '{"alg":"ES256"}',
      'SIGNED_DATA_ALGORITHM_INVALID',
      'SIGNED_DATA_ALGORITHM_INVALID',
    ],
    ['a repeated member', '{"alg":"none","alg":"ES256K"}', 'valid', 'SIGNED_DATA_INVALID'],
    ['a header that is no object', '"ES256K"', 'SIGNED_DATA_INVALID', 'SIGNED_DATA_INVALID'],
  ])('header with %s', async ([, header, ion, rootline]) => {
    expect(await verdict({ header }, ION)).toBe(ion)
    expect(await verdict({ header })).toBe(rootline)
  })

  const key = { ...publicKey('r0') }
  const nonce = Buffer.alloc(16, 1).toString('base64url')

  test.for<[string, JsonValue, string, string]>([
    ['a nonce', { ...key, nonce }, 'OPERATION_KEY_INVALID', 'valid'],
    [
      'a nonce of 15 bytes',
      { ...key, nonce: nonce.slice(0, 20) },
      'OPERATION_KEY_INVALID',
      'OPERATION_KEY_NONCE_INVALID',
    ],
    ['an unknown member', { ...key, kid: 'x' }, 'OPERATION_KEY_INVALID', 'OPERATION_KEY_INVALID'],
    ['a private member', { ...key, d: key.x }, 'OPERATION_KEY_INVALID', 'OPERATION_KEY_INVALID'],
    ['another kty', { ...key, kty: 'OKP' }, 'OPERATION_KEY_INVALID', 'OPERATION_KEY_INVALID'],
    [
      'an x without its leading zero (ion-tools#23)',
      { ...key, x: key.x.slice(1) },
      'OPERATION_KEY_INVALID',
      'OPERATION_KEY_INVALID',
    ],
    ['coordinates off the curve', { ...key, y: key.x }, 'SIGNATURE_INVALID', 'SIGNATURE_INVALID'],
    ['another key', { ...publicKey('other') }, 'SIGNATURE_INVALID', 'SIGNATURE_INVALID'],
  ])('key with %s', async ([, changed, ion, rootline]) => {
    expect(await verdict({ key: changed }, ION)).toBe(ion)
    expect(await verdict({ key: changed })).toBe(rootline)
  })

  test.for<[string, object, string, string]>([
    ['anchorFrom', { anchorFrom: 1 }, 'SIGNED_DATA_MEMBERS_INVALID', 'valid'],
    ['anchorUntil', { anchorUntil: 1 }, 'SIGNED_DATA_MEMBERS_INVALID', 'valid'],
    [
      'an anchorFrom that is no time',
      { anchorFrom: -1 },
      'SIGNED_DATA_MEMBERS_INVALID',
      'ANCHOR_TIME_INVALID',
    ],
    [
      'an anchorUntil that is no integer',
      { anchorUntil: 1.5 },
      'SIGNED_DATA_MEMBERS_INVALID',
      'ANCHOR_TIME_INVALID',
    ],
    [
      'anchorOrigin in a deactivate',
      { anchorOrigin: 'x' },
      'SIGNED_DATA_MEMBERS_INVALID',
      'SIGNED_DATA_MEMBERS_INVALID',
    ],
    ['an unknown member', { extra: 1 }, 'SIGNED_DATA_MEMBERS_INVALID', 'SIGNED_DATA_MEMBERS_INVALID'],
    [
      'another suffix',
      { didSuffix: encodedMultihash('other') },
      'SIGNED_DATA_SUFFIX_MISMATCH',
      'SIGNED_DATA_SUFFIX_MISMATCH',
    ],
  ])('payload with %s', async ([, extra, ion, rootline]) => {
    const payload = { didSuffix, recoveryKey: key, ...extra }
    expect(await verdict({ payload }, ION)).toBe(ion)
    expect(await verdict({ payload })).toBe(rootline)
  })

  test('the key must hash to the reveal value', async () => {
    const { signedData } = await buildDeactivate({ didSuffix, signer: signer('r0') }, ROOTLINE)
    const revealValue = revealValueOf(publicKey('other'))
    const input = { type: 'deactivate' as const, didSuffix, revealValue, signedData }
    expect(checkSignedData(input, ROOTLINE)).toMatchObject({ problem: 'REVEAL_VALUE_MISMATCH' })
  })

  test('base64url has one spelling in rootline, any in ion (its nodes decode them all)', async () => {
    const request = await buildDeactivate({ didSuffix, signer: signer('r0') }, ROOTLINE)
    const last = request.signedData.at(-1)
    const twin = last === 'A' ? 'B' : last === 'Q' ? 'R' : last === 'g' ? 'h' : 'x'
    const operation = anchoredFrom(
      { ...request, signedData: request.signedData.slice(0, -1) + twin },
      didSuffix,
    )
    expect(checkOperation(operation, ROOTLINE).problem).toBe('SIGNED_DATA_INVALID')
    expect(checkOperation(operation, ION).problem).toBeUndefined()
  })

  test('verdicts pass between threads, and give the same operation as checking at once', async () => {
    const request = await buildRecover(
      {
        didSuffix,
        signer: signer('r0'),
        nextRecoveryKey: publicKey('r1'),
        nextUpdateKey: publicKey('u1'),
        patches: [],
        anchorOrigin: { log: 'x' },
        anchorFrom: 3,
        anchorUntil: 9,
        kid: 'k',
      },
      ROOTLINE,
    )
    const operation = anchoredFrom(request, didSuffix)
    const input = signedDataInputOf(operation)
    if (input === undefined) throw new TypeError('no input')
    const sent = structuredClone(checkSignedData(structuredClone(input), ROOTLINE))
    const checked = checkOperation(operation, ROOTLINE, sent)
    expect(checked).toEqual(checkOperation(operation, ROOTLINE))
    expect(checked).toMatchObject({
      reveals: commitmentOf(publicKey('r0')),
      nextRecoveryCommitment: commitmentOf(publicKey('r1')),
      nextUpdateCommitment: commitmentOf(publicKey('u1')),
      anchorOrigin: { log: 'x' },
      anchorFrom: 3,
      anchorUntil: 9,
    })
  })
})

describe('checkOperation', () => {
  const request = buildCreate(
    {
      updateKey: publicKey('u0'),
      recoveryKey: publicKey('r0'),
      document: { publicKeys: [keyEntry('k')] },
      type: 'org',
      anchorOrigin: 'https://log.example',
    },
    ROOTLINE,
  )
  const suffix = didSuffixOf(request.suffixData)
  const create = anchoredFrom(request, suffix)
  const { delta: _, ...withoutDelta } = create

  function digestOf(value: unknown): string {
    return sha256(canonicalize(value as JsonValue)).toString('base64url')
  }

  test('a create', () => {
    expect(checkOperation(create, ROOTLINE)).toEqual({
      type: 'create',
      didSuffix: suffix,
      digest: digestOf(request),
      nextRecoveryCommitment: request.suffixData.recoveryCommitment,
      nextUpdateCommitment: request.delta.updateCommitment,
      patches: request.delta.patches,
      anchorOrigin: 'https://log.example',
    })
  })

  test('the digest is over the canonical request, with null for a delta that is missing', async () => {
    expect(checkOperation(withoutDelta, ROOTLINE).digest).toBe(digestOf({ ...request, delta: null }))
    const update = await buildUpdate(
      { didSuffix, signer: signer('u0'), nextUpdateKey: publicKey('u1'), patches: [] },
      ROOTLINE,
    )
    expect(checkOperation(anchoredFrom(update, didSuffix), ROOTLINE).digest).toBe(digestOf(update))
    const { delta: __, ...rest } = anchoredFrom(update, didSuffix)
    expect(checkOperation(rest, ROOTLINE).digest).toBe(digestOf({ ...update, delta: null }))
    const deactivate = await buildDeactivate({ didSuffix, signer: signer('r0') }, ROOTLINE)
    expect(checkOperation(anchoredFrom(deactivate, didSuffix), ROOTLINE).digest).toBe(digestOf(deactivate))
  })

  test('the digest of a delta that breaks a rule is over the delta all the same', () => {
    const delta = { ...request.delta, patches: [{ action: 'bogus' }] } as never
    const checked = checkOperation({ ...create, delta }, ROOTLINE)
    expect(checked).toMatchObject({ deltaProblem: 'PATCH_ACTION_UNKNOWN' })
    expect(checked.digest).toBe(digestOf({ ...request, delta }))
  })

  test('a create of which the delta is missing applies in rootline, not in ion', () => {
    expect(checkOperation(withoutDelta, ROOTLINE)).toMatchObject({ deltaProblem: 'DELTA_UNAVAILABLE' })
    expect(checkOperation(withoutDelta, ROOTLINE).problem).toBeUndefined()
    const { type: __, anchorOrigin: ___, ...plain } = request.suffixData
    const operation = { ...withoutDelta, suffixData: plain, didSuffix: didSuffixOf(plain) }
    expect(checkOperation(operation, ION).problem).toBe('DELTA_UNAVAILABLE')
  })

  test('a create with the delta of another', () => {
    const delta = { ...request.delta, patches: [] }
    expect(checkOperation({ ...create, delta }, ROOTLINE)).toMatchObject({
      deltaProblem: 'DELTA_HASH_MISMATCH',
      nextRecoveryCommitment: request.suffixData.recoveryCommitment,
    })
  })

  test('a create under the suffix of another', () => {
    expect(checkOperation({ ...create, didSuffix }, ROOTLINE).problem).toBe('DID_SUFFIX_MISMATCH')
  })

  test('ion refuses anchorOrigin', () => {
    expect(checkOperation(create, ION).problem).toBe('SUFFIX_DATA_MEMBERS_INVALID')
  })

  test('an update without a delta that counts never applies', async () => {
    const update = await buildUpdate(
      { didSuffix, signer: signer('u0'), nextUpdateKey: publicKey('u1'), patches: [] },
      ROOTLINE,
    )
    const { delta, ...rest } = anchoredFrom(update, didSuffix)
    if (delta === undefined) throw new TypeError('no delta')
    expect(checkOperation(rest, ROOTLINE).problem).toBe('DELTA_UNAVAILABLE')
    const other = { ...delta, updateCommitment: commitmentOf(publicKey('x')) }
    expect(checkOperation({ ...rest, delta: other }, ROOTLINE).problem).toBe('DELTA_HASH_MISMATCH')
  })

  test('a delta of which the canonical text is given is not checked anew', () => {
    const canonicalDelta = canonicalize(request.delta as unknown as JsonValue)
    expect(checkOperation({ ...create, canonicalDelta }, ROOTLINE)).toEqual(checkOperation(create, ROOTLINE))
  })

  test('never throws, whatever the operation holds', async () => {
    const update = await buildUpdate(
      { didSuffix, signer: signer('u0'), nextUpdateKey: publicKey('u1'), patches: [] },
      ROOTLINE,
    )
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom(didSuffix, update.revealValue, update.signedData),
      fc.nat(update.signedData.length).map(length => update.signedData.slice(0, length)),
      fc
        .tuple(fc.json(), fc.json())
        .map(parts => `${parts.map(part => Buffer.from(part).toString('base64url')).join('.')}.AA`),
    )
    const anything = fc.jsonValue()
    const operation = fc.record(
      {
        type: fc.constantFrom('create', 'update', 'recover', 'deactivate'),
        didSuffix: text,
        revealValue: text,
        signedData: text,
        suffixData: fc.oneof(anything, fc.constant(request.suffixData)),
        delta: fc.oneof(anything, fc.constant(request.delta)),
      },
      { requiredKeys: ['type', 'didSuffix'] },
    )
    fc.assert(
      fc.property(operation, hostile => {
        for (const params of [ROOTLINE, ION]) {
          const checked = checkOperation(hostile as unknown as AnchoredOperation, params)
          expect(checked.digest).toHaveLength(43)
        }
      }),
    )
  })
})

describe('requests of each kind, from builder to verdict', () => {
  test.for<KeyCurve>(['secp256k1', 'P-256', 'Ed25519'])('%s', async curve => {
    const [by, next, other] = [0, 1, 2].map(() => generatePrivateJwk(curve)).map(jwk => signerFromJwk(jwk))
    if (by === undefined || next === undefined || other === undefined) throw new TypeError('no keys')
    const create = buildCreate(
      { updateKey: by.publicJwk, recoveryKey: next.publicJwk, patches: [] },
      ROOTLINE,
    )
    const suffix = didSuffixOf(create.suffixData)
    const common = { didSuffix: suffix, patches: [], nextUpdateKey: other.publicJwk }
    const requests: OperationRequest[] = [
      create,
      await buildUpdate({ ...common, signer: by }, ROOTLINE),
      await buildRecover({ ...common, signer: next, nextRecoveryKey: by.publicJwk }, ROOTLINE),
      await buildDeactivate({ didSuffix: suffix, signer: next }, ROOTLINE),
    ]
    for (const request of requests) {
      const checked = checkOperation(anchoredFrom(request, suffix), ROOTLINE)
      expect(checked.problem ?? checked.deltaProblem).toBeUndefined()
    }
  })
})
