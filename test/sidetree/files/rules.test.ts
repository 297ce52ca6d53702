import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { encodedMultihash } from '../../../src/codec/multihash.ts'
import type { SidetreeErrorCode } from '../../../src/sidetree/errors.ts'
import { parseChunkFile } from '../../../src/sidetree/files/chunk.ts'
import { parseCoreIndexFile } from '../../../src/sidetree/files/core-index.ts'
import { parseCoreProofFile } from '../../../src/sidetree/files/core-proof.ts'
import { parseProvisionalIndexFile } from '../../../src/sidetree/files/provisional-index.ts'
import { parseProvisionalProofFile } from '../../../src/sidetree/files/provisional-proof.ts'
import { ION_MAINNET, type ProtocolParameters, ROOTLINE } from '../../../src/sidetree/parameters.ts'
import { queued } from '../batch-support.ts'
import { failure } from '../failure.ts'

type Parser = (bytes: Uint8Array, params: ProtocolParameters) => unknown

const hash = encodedMultihash('x')
const reference = { didSuffix: hash, revealValue: hash }
const suffixData = { deltaHash: hash, recoveryCommitment: hash }
const signedData = (type: 'update' | 'recover' | 'deactivate') => {
  const { request } = queued(type, 'x')
  return 'signedData' in request ? request.signedData : ''
}

/** Verdict of each profile on a JSON text. */
function verdicts(parse: Parser, json: unknown): { rootline?: SidetreeErrorCode; ion?: SidetreeErrorCode } {
  const bytes = gzipSync(typeof json === 'string' ? json : JSON.stringify(json))
  const rootline = failure(() => parse(bytes, ROOTLINE))
  const ion = failure(() => parse(bytes, ION_MAINNET))
  return { ...(rootline && { rootline }), ...(ion && { ion }) }
}

const both = (code: SidetreeErrorCode) => ({ rootline: code, ion: code })
const accepted = {}

describe('a core index file', () => {
  const valid = { provisionalIndexFileUri: 'Qm', operations: { create: [{ suffixData }] } }
  const deactivates = { coreProofFileUri: 'Qm', operations: { deactivate: [reference] } }

  test('of creates, and of deactivates alone', () => {
    expect(verdicts(parseCoreIndexFile, valid)).toEqual(accepted)
    expect(verdicts(parseCoreIndexFile, deactivates)).toEqual(accepted)
  })

  test.for<[string, unknown, ReturnType<typeof verdicts>]>([
    ['operations null', { provisionalIndexFileUri: 'Qm', operations: null }, both('FILE_OPERATIONS_INVALID')],
    [
      'operations a text',
      { provisionalIndexFileUri: 'Qm', operations: 'a' },
      both('FILE_OPERATIONS_INVALID'),
    ],
    [
      'operations a number',
      { provisionalIndexFileUri: 'Qm', operations: 1 },
      { rootline: 'FILE_OPERATIONS_INVALID' },
    ],
    [
      'operations an empty array',
      { provisionalIndexFileUri: 'Qm', operations: [] },
      { rootline: 'FILE_OPERATIONS_INVALID' },
    ],
    ['an array with an entry', [1], both('FILE_NOT_OBJECT')],
    ['a list null', { ...deactivates, operations: { recover: null } }, both('FILE_LIST_INVALID')],
    ['update among the operations', { ...valid, operations: { update: [] } }, both('FILE_MEMBER_UNKNOWN')],
    ['a member __proto__', '{"__proto__":{"provisionalIndexFileUri":"Qm"}}', both('FILE_MEMBER_UNKNOWN')],
    ['an entry null', { ...deactivates, operations: { deactivate: [null] } }, both('FILE_ENTRY_INVALID')],
    [
      'an entry of another kind',
      { ...deactivates, operations: { deactivate: [{ suffixData }] } },
      both('FILE_ENTRY_INVALID'),
    ],
    [
      'a reference without reveal value',
      { ...deactivates, operations: { deactivate: [{ didSuffix: hash }] } },
      both('FILE_ENTRY_INVALID'),
    ],
    [
      'the same create twice',
      { ...valid, operations: { create: [{ suffixData }, { suffixData }] } },
      both('FILE_DID_REPEATED'),
    ],
    [
      'a core proof URI without proofs',
      { ...valid, coreProofFileUri: 'Qm' },
      both('CORE_PROOF_URI_NOT_ALLOWED'),
    ],
    ['a core proof URI null', { ...deactivates, coreProofFileUri: null }, both('FILE_URI_INVALID')],
    [
      'a URI of 101 characters',
      { ...valid, provisionalIndexFileUri: 'a'.repeat(101) },
      both('FILE_URI_INVALID'),
    ],
    ['a URI that is empty', { ...valid, provisionalIndexFileUri: '' }, { rootline: 'FILE_URI_INVALID' }],
    ['a URI with a space', { ...valid, provisionalIndexFileUri: 'Q m' }, { rootline: 'FILE_URI_INVALID' }],
    [
      'a member twice',
      `{"provisionalIndexFileUri":"a","provisionalIndexFileUri":"b"}`,
      { rootline: 'FILE_MEMBER_REPEATED' },
    ],
    ['a lock identifier of 200 bytes', { ...valid, writerLockId: 'x'.repeat(200) }, accepted],
    [
      'a hash that is a twin spelling',
      { ...deactivates, operations: { deactivate: [{ ...reference, revealValue: twin(hash) }] } },
      { rootline: 'REVEAL_VALUE_INVALID' },
    ],
  ])('%s', ([, json, expected]) => {
    expect(verdicts(parseCoreIndexFile, json)).toEqual(expected)
  })
})

describe('a provisional index file', () => {
  const valid = {
    chunks: [{ chunkFileUri: 'Qm' }],
    provisionalProofFileUri: 'Qm',
    operations: { update: [reference] },
  }

  test('of updates, and of none', () => {
    expect(verdicts(parseProvisionalIndexFile, valid)).toEqual(accepted)
    expect(verdicts(parseProvisionalIndexFile, { chunks: valid.chunks })).toEqual(accepted)
  })

  test.for<[string, unknown, ReturnType<typeof verdicts>]>([
    ['an array', [], both('FILE_NOT_OBJECT')],
    ['two chunks', { ...valid, chunks: [...valid.chunks, ...valid.chunks] }, both('CHUNKS_INVALID')],
    ['a chunk null', { ...valid, chunks: [null] }, both('FILE_ENTRY_INVALID')],
    [
      'a chunk with another member',
      { ...valid, chunks: [{ chunkFileUri: 'Qm', x: 1 }] },
      both('FILE_ENTRY_INVALID'),
    ],
    ['operations without update', { chunks: valid.chunks, operations: {} }, both('FILE_LIST_INVALID')],
    ['operations null', { chunks: valid.chunks, operations: null }, both('FILE_OPERATIONS_INVALID')],
    ['operations an array', { chunks: valid.chunks, operations: [] }, both('FILE_OPERATIONS_INVALID')],
    [
      'two updates of a DID',
      { ...valid, operations: { update: [reference, reference] } },
      both('FILE_DID_REPEATED'),
    ],
  ])('%s', ([, json, expected]) => {
    expect(verdicts(parseProvisionalIndexFile, json)).toEqual(expected)
  })
})

describe('a proof file', () => {
  const { didSuffix } = queued('deactivate', 'x')
  const parseCoreProof: Parser = (bytes, params) => parseCoreProofFile(bytes, [didSuffix], params)
  const update = { signedData: signedData('update') }
  const recover = { signedData: signedData('recover') }
  const deactivate = { signedData: signedData('deactivate') }

  test('of recovers and deactivates, and of updates', () => {
    expect(
      verdicts(parseCoreProof, { operations: { recover: [recover], deactivate: [deactivate] } }),
    ).toEqual(accepted)
    expect(verdicts(parseCoreProof, { operations: { recover: [], deactivate: [deactivate] } })).toEqual(
      accepted,
    )
    expect(verdicts(parseProvisionalProofFile, { operations: { update: [update] } })).toEqual(accepted)
  })

  test.for<[string, Parser, unknown, ReturnType<typeof verdicts>]>([
    ['core: no operations', parseCoreProof, {}, both('FILE_OPERATIONS_INVALID')],
    ['core: null', parseCoreProof, null, both('FILE_NOT_OBJECT')],
    [
      'core: signed data of another operation',
      parseCoreProof,
      { operations: { recover: [update] } },
      both('SIGNED_DATA_MEMBERS_INVALID'),
    ],
    [
      'core: a deactivate more than the index names',
      parseCoreProof,
      { operations: { deactivate: [deactivate, deactivate] } },
      both('SIGNED_DATA_SUFFIX_MISMATCH'),
    ],
    [
      'core: signed data null',
      parseCoreProof,
      { operations: { recover: [{ signedData: null }] } },
      both('SIGNED_DATA_INVALID'),
    ],
    [
      'core: signed data of two parts',
      parseCoreProof,
      { operations: { recover: [{ signedData: 'a.b' }] } },
      both('SIGNED_DATA_INVALID'),
    ],
    [
      'provisional: no proofs',
      parseProvisionalProofFile,
      { operations: { update: [] } },
      both('FILE_WITHOUT_PROOFS'),
    ],
    [
      'provisional: operations an array',
      parseProvisionalProofFile,
      { operations: [] },
      both('FILE_OPERATIONS_INVALID'),
    ],
    [
      'provisional: recovers',
      parseProvisionalProofFile,
      { operations: { recover: [recover] } },
      both('FILE_MEMBER_UNKNOWN'),
    ],
  ])('%s', ([, parse, json, expected]) => {
    expect(verdicts(parse, json)).toEqual(expected)
  })

  test('a key that does not hash to the reveal value leaves the file valid: it concerns one operation', () => {
    const bytes = gzipSync(JSON.stringify({ operations: { update: [update] } }))
    expect(parseProvisionalProofFile(bytes, ION_MAINNET)).toEqual({ updates: [update.signedData] })
  })

  test('of updates can be read without a look into its signed data', () => {
    const bytes = gzipSync(JSON.stringify({ operations: { update: [{ signedData: 'x' }] } }))
    expect(parseProvisionalProofFile(bytes, ROOTLINE, 'defer')).toEqual({ updates: ['x'] })
    expect(failure(() => parseProvisionalProofFile(bytes, ROOTLINE))).toBe('SIGNED_DATA_INVALID')
  })
})

describe('a chunk file', () => {
  const delta = { updateCommitment: hash, patches: [] }

  test('gives each delta with its canonical form', () => {
    const { deltas } = parseChunkFile(gzipSync(JSON.stringify({ deltas: [delta] })), ROOTLINE)
    expect(deltas).toEqual([{ delta, canonical: `{"patches":[],"updateCommitment":"${hash}"}` }])
  })

  test.for<[string, unknown, ReturnType<typeof verdicts>]>([
    ['another member', { deltas: [], x: 1 }, both('FILE_MEMBER_UNKNOWN')],
    ['deltas an object', { deltas: {} }, both('FILE_LIST_INVALID')],
    ['a delta that is an array', { deltas: [[]] }, both('DELTA_INVALID')],
    ['a delta with another member', { deltas: [{ ...delta, x: 1 }] }, both('DELTA_MEMBERS_INVALID')],
    ['null', null, both('FILE_NOT_OBJECT')],
  ])('%s', ([, json, expected]) => {
    expect(verdicts(parseChunkFile, json)).toEqual(expected)
  })
})

/** Another base64url text of the same bytes: the last character carries four bits that count for nothing. */
function twin(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.slice(-1)) + 1]
}
