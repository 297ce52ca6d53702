import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalize } from '../../src/codec/jcs.ts'
import type { JsonValue } from '../../src/codec/json.ts'
import { encodedMultihash } from '../../src/codec/multihash.ts'
import { buildCreate, buildDeactivate, buildRecover, buildUpdate } from '../../src/sidetree/build.ts'
import { checkOperation, checkSignedData, signedDataInputOf } from '../../src/sidetree/check.ts'
import { commitmentOf } from '../../src/sidetree/commitment.ts'
import { SidetreeError } from '../../src/sidetree/errors.ts'
import { requireUsable } from '../../src/sidetree/ingest.ts'
import { operationIdOf } from '../../src/sidetree/operation-id.ts'
import { type ProtocolParameters, ROOTLINE } from '../../src/sidetree/parameters.ts'
import { MAX_REQUEST_BYTES, parseRequest } from '../../src/sidetree/request.ts'
import { didSuffixOf } from '../../src/sidetree/suffix-data.ts'
import type { OperationRequest } from '../../src/sidetree/types.ts'
import { bytesOf, ION, keyEntry, publicKey, signer } from './operations.ts'

const create = buildCreate(
  { updateKey: publicKey('u0'), recoveryKey: publicKey('r0'), document: { publicKeys: [keyEntry('k')] } },
  ROOTLINE,
)
const didSuffix = didSuffixOf(create.suffixData)
const common = { didSuffix, patches: [], nextUpdateKey: publicKey('u1') }
const update = await buildUpdate({ ...common, signer: signer('u0') }, ROOTLINE)
const recover = await buildRecover(
  { ...common, signer: signer('r0'), nextRecoveryKey: publicKey('r1') },
  ROOTLINE,
)
const deactivate = await buildDeactivate({ didSuffix, signer: signer('r0') }, ROOTLINE)
const requests: OperationRequest[] = [create, update, recover, deactivate]

/** As a node takes a request: read, checked, and found usable. */
function ingest(body: Uint8Array, params: ProtocolParameters) {
  const { operation } = parseRequest(body, params)
  const input = signedDataInputOf(operation)
  const verdict = input === undefined ? undefined : checkSignedData(input, params)
  const checked = checkOperation(operation, params, verdict)
  requireUsable(checked, verdict)
  return checked
}

type Reader = (body: Uint8Array, params: ProtocolParameters) => unknown

function codeOf(body: Uint8Array, params: ProtocolParameters, read: Reader = ingest): string {
  try {
    read(body, params)
    return 'accepted'
  } catch (error) {
    if (error instanceof SidetreeError) return error.code
    throw error
  }
}

describe('parseRequest', () => {
  test('gives the request, and the operation with its suffix and canonical delta', () => {
    for (const request of requests) {
      const { request: parsed, operation } = parseRequest(bytesOf(request), ROOTLINE)
      expect(parsed).toEqual(request)
      expect(operation).toMatchObject({ type: request.type, didSuffix })
      const delta = 'delta' in request ? canonicalize(request.delta as unknown as JsonValue) : undefined
      expect(operation.canonicalDelta).toBe(delta)
    }
  })

  test.for<[string, unknown, string]>([
    ['null', null, 'REQUEST_JSON_INVALID'],
    ['an array', [], 'REQUEST_JSON_INVALID'],
    ['no type', {}, 'OPERATION_TYPE_UNKNOWN'],
    ['an unknown type', { ...create, type: 'revoke' }, 'OPERATION_TYPE_UNKNOWN'],
    ['a type of Object.prototype', { ...create, type: 'constructor' }, 'OPERATION_TYPE_UNKNOWN'],
    ['an unknown member', { ...create, extra: 1 }, 'REQUEST_MEMBERS_INVALID'],
    ['no delta', { type: 'create', suffixData: create.suffixData }, 'REQUEST_MEMBERS_INVALID'],
    ['a delta that is null (sidetree#957)', { ...create, delta: null }, 'DELTA_INVALID'],
    ['a delta in a deactivate', { ...deactivate, delta: create.delta }, 'REQUEST_MEMBERS_INVALID'],
    ['suffix data that are null', { ...create, suffixData: null }, 'SUFFIX_DATA_INVALID'],
    [
      'a type of five characters',
      { ...create, suffixData: { ...create.suffixData, type: 'abcde' } },
      'SUFFIX_DATA_TYPE_INVALID',
    ],
    [
      'an unknown member of suffix data',
      { ...create, suffixData: { ...create.suffixData, x: 1 } },
      'SUFFIX_DATA_MEMBERS_INVALID',
    ],
    [
      'an unknown member of the delta',
      { ...create, delta: { ...create.delta, x: 1 } },
      'DELTA_MEMBERS_INVALID',
    ],
    [
      'a commitment that is no multihash',
      { ...create, delta: { ...create.delta, updateCommitment: 'x' } },
      'UPDATE_COMMITMENT_INVALID',
    ],
    [
      'a SHA-512 multihash',
      { ...create, suffixData: { ...create.suffixData, deltaHash: 'E0A' } },
      'DELTA_HASH_INVALID',
    ],
    ['a suffix that is no multihash', { ...update, didSuffix: 'x' }, 'DID_SUFFIX_INVALID'],
    ['a reveal value that is a number', { ...update, revealValue: 1 }, 'REVEAL_VALUE_INVALID'],
    ['signed data that are no string', { ...update, signedData: {} }, 'SIGNED_DATA_INVALID'],
  ])('refuses %s', ([, request, code]) => {
    expect(codeOf(bytesOf(request), ROOTLINE, parseRequest)).toBe(code)
    expect(codeOf(bytesOf(request), ION, parseRequest)).toBe(code)
  })

  test('a hash has one spelling in rootline (sidetree#873), any in ion', () => {
    const twin = didSuffix.replace(/.$/, last => String.fromCharCode(last.charCodeAt(0) + 1))
    expect(Buffer.from(twin, 'base64url')).toEqual(Buffer.from(didSuffix, 'base64url'))
    const body = bytesOf({ ...update, didSuffix: twin })
    expect(codeOf(body, ROOTLINE, parseRequest)).toBe('DID_SUFFIX_INVALID')
    expect(codeOf(body, ION, parseRequest)).toBe('accepted')
  })

  test('a repeated member is refused in rootline; the last counts in ion', () => {
    const body = Buffer.from(JSON.stringify(create).replace('{', '{"type":"update",'))
    expect(codeOf(body, ROOTLINE, parseRequest)).toBe('REQUEST_JSON_INVALID')
    expect(codeOf(body, ION, parseRequest)).toBe('accepted')
  })

  test('a body beyond the limit is refused unread', () => {
    const body = Buffer.alloc(MAX_REQUEST_BYTES + 1, ' ')
    expect(codeOf(body, ROOTLINE)).toBe('REQUEST_TOO_LARGE')
  })

  test('says by how much a delta is too large, and what to do (sidetree.js#166)', () => {
    const publicKeys = Array.from({ length: 8 }, (_, i) => keyEntry(`key-${i}`))
    const delta = { ...create.delta, patches: [{ action: 'add-public-keys', publicKeys }] }
    const size = Buffer.byteLength(canonicalize(delta as unknown as JsonValue))
    expect(() => parseRequest(bytesOf({ ...create, delta }), ROOTLINE)).toThrow(
      expect.objectContaining({
        code: 'DELTA_TOO_LARGE',
        message: expect.stringMatching(
          new RegExp(`is ${size} bytes .* ${size - 1000} more than the 1000 .*split`),
        ),
      }),
    )
  })

  test('the size of a delta is that of its canonical form, in bytes', () => {
    const filled = (length: number) => ({
      ...create.delta,
      patches: [
        {
          action: 'add-services',
          services: [{ id: 's', type: 'T', serviceEndpoint: { d: 'x'.repeat(length) } }],
        },
      ],
    })
    const empty = Buffer.byteLength(canonicalize(filled(0) as unknown as JsonValue))
    const withDelta = (length: number) => bytesOf({ ...create, delta: filled(length) })
    expect(codeOf(withDelta(1000 - empty), ROOTLINE, parseRequest)).toBe('accepted')
    expect(codeOf(withDelta(1001 - empty), ROOTLINE, parseRequest)).toBe('DELTA_TOO_LARGE')
    const spaced = Buffer.from(JSON.stringify({ ...create, delta: filled(1000 - empty) }, null, 8))
    expect(codeOf(spaced, ROOTLINE, parseRequest)).toBe('accepted')
  })

  test('throws nothing but SidetreeError on bytes of any kind', () => {
    const valid = bytesOf(update)
    const body = fc.oneof(
      fc.uint8Array(),
      fc.json().map(text => Buffer.from(text)),
      fc.nat(valid.length).map(length => valid.subarray(0, length)),
      fc.tuple(fc.nat(valid.length - 1), fc.nat(255)).map(([at, byte]) => {
        const changed = Buffer.from(valid)
        changed[at] = byte
        return changed
      }),
      fc
        .tuple(
          fc.constantFrom(...requests),
          fc.dictionary(
            fc.constantFrom(
              'type',
              'delta',
              'suffixData',
              'didSuffix',
              'revealValue',
              'signedData',
              '__proto__',
            ),
            fc.jsonValue(),
          ),
        )
        .map(([request, change]) => bytesOf({ ...request, ...change })),
    )
    fc.assert(
      fc.property(body, bytes => {
        expect(codeOf(bytes, ROOTLINE)).toMatch(/^accepted$|^[A-Z_]+$/)
        expect(codeOf(bytes, ION)).toMatch(/^accepted$|^[A-Z_]+$/)
      }),
    )
  })
})

describe('requireUsable', () => {
  test('accepts what can apply', () => {
    for (const request of requests) {
      expect(ingest(bytesOf(request), ROOTLINE)).toMatchObject({
        type: request.type,
        didSuffix,
      })
    }
  })

  test.for<[string, OperationRequest, string]>([
    ['a delta that was not signed', { ...update, delta: create.delta }, 'DELTA_HASH_MISMATCH'],
    ['a delta that was not committed to', { ...create, delta: update.delta }, 'DELTA_HASH_MISMATCH'],
    [
      'a signature over something else',
      {
        ...update,
        signedData: recover.signedData.replace(
          /\.[^.]*$/,
          update.signedData.slice(update.signedData.lastIndexOf('.')),
        ),
      },
      'SIGNED_DATA_MEMBERS_INVALID',
    ],
    [
      'a signature that is cut',
      { ...update, signedData: update.signedData.replace(/[^.]*$/, Buffer.alloc(63).toString('base64url')) },
      'SIGNATURE_INVALID',
    ],
    ['another reveal value', { ...update, revealValue: encodedMultihash('x') }, 'REVEAL_VALUE_MISMATCH'],
    [
      'a deactivate of another DID',
      { ...deactivate, didSuffix: encodedMultihash('x') },
      'SIGNED_DATA_SUFFIX_MISMATCH',
    ],
  ])('refuses %s', ([, request, code]) => {
    expect(codeOf(bytesOf(request), ROOTLINE)).toBe(code)
  })

  test('says in words why signed data are refused', () => {
    const body = bytesOf({ ...update, revealValue: encodedMultihash('x') })
    expect(() => ingest(body, ROOTLINE)).toThrow('the key in signedData does not hash to the reveal value')
  })

  test('refuses the commitment that is opened as the next', () => {
    const { operation } = parseRequest(bytesOf(update), ROOTLINE)
    const checked = checkOperation(operation, ROOTLINE)
    const loop = { ...checked, nextUpdateCommitment: commitmentOf(publicKey('u0')) }
    expect(() => requireUsable(loop)).toThrow(expect.objectContaining({ code: 'COMMITMENT_REUSED' }))
  })

  test('refuses one key for updates and recovery', () => {
    const delta = { ...create.delta, updateCommitment: create.suffixData.recoveryCommitment }
    const deltaHash = encodedMultihash(canonicalize(delta as unknown as JsonValue))
    const request = { ...create, delta, suffixData: { ...create.suffixData, deltaHash } }
    expect(codeOf(bytesOf(request), ROOTLINE)).toBe('COMMITMENTS_EQUAL')
  })
})

describe('builders', () => {
  test('refuse the key that signs as the next key', async () => {
    const input = { ...common, signer: signer('u0'), nextUpdateKey: publicKey('u0') }
    await expect(buildUpdate(input, ROOTLINE)).rejects.toMatchObject({ code: 'COMMITMENT_REUSED' })
  })

  test('refuse one key for updates and recovery', () => {
    const input = { updateKey: publicKey('a'), recoveryKey: publicKey('a'), patches: [] }
    expect(() => buildCreate(input, ROOTLINE)).toThrow(expect.objectContaining({ code: 'COMMITMENTS_EQUAL' }))
  })

  test('refuse what the profile does not have', async () => {
    const input = { updateKey: publicKey('a'), recoveryKey: publicKey('b'), patches: [], anchorOrigin: 'x' }
    expect(() => buildCreate(input, ION)).toThrow(
      expect.objectContaining({ code: 'SUFFIX_DATA_MEMBERS_INVALID' }),
    )
    const known = { ...common, signer: signer('u0'), patches: [{ action: 'add-also-known-as', uris: [] }] }
    await expect(buildUpdate(known as never, ION)).rejects.toMatchObject({ code: 'PATCH_ACTION_UNKNOWN' })
  })

  test('want a document or patches', () => {
    const input = { updateKey: publicKey('a'), recoveryKey: publicKey('b') }
    expect(() => buildCreate(input, ROOTLINE)).toThrow(TypeError)
    expect(() => buildCreate({ ...input, document: {}, patches: [] }, ROOTLINE)).toThrow(TypeError)
  })

  test('commit to a nonce that is in the key', () => {
    const nonce = Buffer.alloc(16, 7).toString('base64url')
    const updateKey = { ...publicKey('a'), nonce }
    const { delta } = buildCreate({ updateKey, recoveryKey: publicKey('b'), patches: [] }, ROOTLINE)
    expect(delta.updateCommitment).toBe(commitmentOf(updateKey))
    expect(delta.updateCommitment).not.toBe(commitmentOf(publicKey('a')))
  })
})

describe('operation id', () => {
  test('is the multihash of the canonical request, whatever the order of its members', () => {
    const reversed = Object.fromEntries(Object.entries(update).toReversed()) as unknown as OperationRequest
    expect(operationIdOf(reversed)).toBe(operationIdOf(update))
    expect(operationIdOf(update)).toBe(encodedMultihash(canonicalize(update as unknown as JsonValue)))
  })
})
