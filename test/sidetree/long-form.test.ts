import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalize } from '../../src/codec/jcs.ts'
import { buildCreate } from '../../src/sidetree/build.ts'
import { type ParsedDid, parseDid } from '../../src/sidetree/did.ts'
import { toResolutionResult } from '../../src/sidetree/document.ts'
import { SidetreeError } from '../../src/sidetree/errors.ts'
import { longFormDid, parseInitialState, stateOfInitialState } from '../../src/sidetree/long-form.ts'
import { type ProtocolVersions, ROOTLINE } from '../../src/sidetree/parameters.ts'
import { corpusJson, hasCorpus } from '../corpus.ts'
import { ION, ION_VERSIONS, keyEntry, publicKey, ROOTLINE_VERSIONS } from './operations.ts'

const METHOD = { name: 'sidetree' }

function resolve(text: string, versions: ProtocolVersions): { did: ParsedDid; result: unknown } {
  const params = versions[0] ?? ROOTLINE
  const did = parseDid(text, METHOD, params)
  if (did.initialState === undefined) return { did, result: 'short form' }
  const state = stateOfInitialState(did.initialState, did.suffix, versions, 1)
  return { did, result: toResolutionResult(state, did, { published: false, profile: params.profile }) }
}

function codeOf(text: string, versions: ProtocolVersions): string {
  try {
    resolve(text, versions)
    return 'resolves'
  } catch (error) {
    if (error instanceof SidetreeError) return error.code
    throw error
  }
}

function encoded(state: unknown): string {
  return Buffer.from(canonicalize(state as never)).toString('base64url')
}

const create = buildCreate(
  {
    updateKey: publicKey('u0'),
    recoveryKey: publicKey('r0'),
    document: { publicKeys: [keyEntry('k1')] },
  },
  ROOTLINE,
)
const longForm = longFormDid(create, METHOD)
const { suffixData, delta } = create

/** What each profile makes of a DID: `resolves`, or a code. */
const CORPUS: { [name: string]: { ion: string; rootline: string } } = {
  'valid unpublished': { ion: 'resolves', rootline: 'resolves' },
  'not canonical key order': { ion: 'LONG_FORM_NOT_CANONICAL', rootline: 'LONG_FORM_NOT_CANONICAL' },
  'extra top-level property in initial state': {
    ion: 'resolves',
    rootline: 'LONG_FORM_MEMBERS_INVALID',
  },
  'extra property in suffixData': {
    ion: 'SUFFIX_DATA_MEMBERS_INVALID',
    rootline: 'SUFFIX_DATA_MEMBERS_INVALID',
  },
  'invalid patch in delta (sidetree#1108)': {
    ion: 'PATCH_ACTION_UNKNOWN',
    rootline: 'PATCH_ACTION_UNKNOWN',
  },
  'delta 1001 bytes (sidetree#760)': { ion: 'DELTA_TOO_LARGE', rootline: 'DELTA_TOO_LARGE' },
  'base64url padded': { ion: 'LONG_FORM_INVALID', rootline: 'LONG_FORM_INVALID' },
  'not JSON': { ion: 'LONG_FORM_INVALID', rootline: 'LONG_FORM_INVALID' },
  'JSON null': { ion: 'LONG_FORM_INVALID', rootline: 'LONG_FORM_INVALID' },
  'non-canonical base64url suffix decoding to same bytes (sidetree#873)': {
    ion: 'DID_SUFFIX_MISMATCH',
    rootline: 'DID_INVALID',
  },
  'method prefix only': { ion: 'DID_INVALID', rootline: 'DID_INVALID' },
  'short form unknown': { ion: 'resolves', rootline: 'resolves' },
  'network segment parsed as part of suffix': {
    ion: 'DID_NETWORK_UNKNOWN',
    rootline: 'DID_NETWORK_UNKNOWN',
  },
  'did with query': { ion: 'DID_INVALID', rootline: 'DID_INVALID' },
}

describe.runIf(hasCorpus)('long forms of the reference implementation', () => {
  const { cases } = corpusJson<{
    cases: { name: string; did: string; httpStatusInReference: number; referenceBody?: unknown }[]
  }>('sidetree/generated/long-form.json')

  test.for(cases)('$name', ({ name, did, httpStatusInReference, referenceBody }) => {
    const expected = CORPUS[name]
    const code = codeOf(did, ION_VERSIONS)
    expect(code).toBe(expected?.ion)
    if (httpStatusInReference === 200) expect(resolve(did, ION_VERSIONS).result).toEqual(referenceBody)
    if (httpStatusInReference === 400) expect(code).not.toBe('resolves')
    expect(codeOf(did, ROOTLINE_VERSIONS)).toBe(expected?.rootline)
  })
})

describe('long form', () => {
  test('resolves to what was put in, with itself as id', () => {
    const { result } = resolve(longForm, ROOTLINE_VERSIONS)
    expect(result).toMatchObject({
      didDocument: { id: longForm, verificationMethod: [{ id: '#k1', controller: longForm }] },
      didDocumentMetadata: {
        method: { published: false },
        equivalentId: [longForm.slice(0, longForm.lastIndexOf(':'))],
        deactivated: false,
      },
    })
    expect(result).not.toHaveProperty('didDocumentMetadata.canonicalId')
    expect(result).not.toHaveProperty('didDocumentMetadata.versionId')
  })

  test('rootline refuses a delta of another hash; ion resolves it to an empty document (sidetree#1108)', () => {
    const other = { ...delta, patches: [] }
    const did = `${longForm.slice(0, longForm.lastIndexOf(':'))}:${encoded({ delta: other, suffixData })}`
    expect(codeOf(did, ROOTLINE_VERSIONS)).toBe('DELTA_HASH_MISMATCH')
    expect(resolve(did, ION_VERSIONS).result).toMatchObject({
      didDocument: { id: did },
      didDocumentMetadata: { method: { recoveryCommitment: suffixData.recoveryCommitment } },
    })
  })

  test('refuses the initial state of another DID', () => {
    const other = `did:sidetree:${'EiDyOQbbZAa3aiRzeCkV7LOx3SERjjH93EXoIM3UoN4oWg'}`
    expect(codeOf(`${other}:${encoded({ delta, suffixData })}`, ROOTLINE_VERSIONS)).toBe(
      'DID_SUFFIX_MISMATCH',
    )
  })

  test('refuses repeated members, which canonical JSON has not', () => {
    const text = canonicalize({ delta, suffixData } as never).replace('{', '{"delta":1,')
    const did = `${longForm.slice(0, longForm.lastIndexOf(':'))}:${Buffer.from(text).toString('base64url')}`
    expect(codeOf(did, ION_VERSIONS)).toBe('LONG_FORM_NOT_CANONICAL')
    expect(codeOf(did, ROOTLINE_VERSIONS)).toBe('LONG_FORM_NOT_CANONICAL')
  })

  test('is not read before genesis', () => {
    const did = parseDid(longForm, METHOD, ROOTLINE)
    const versions = [{ ...ROOTLINE, genesisTime: 100 }]
    expect(() => stateOfInitialState(did.initialState ?? '', did.suffix, versions, 99)).toThrow(
      expect.objectContaining({ code: 'BEFORE_GENESIS' }),
    )
  })

  test('throws nothing but SidetreeError, whatever the initial state', () => {
    const base = longForm.slice(longForm.lastIndexOf(':') + 1)
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.json().map(json => Buffer.from(json).toString('base64url')),
      fc.jsonValue().map(value => {
        const parts = typeof value === 'object' ? value : {}
        return Buffer.from(JSON.stringify({ delta, suffixData, ...parts })).toString('base64url')
      }),
      fc.tuple(fc.nat(base.length), fc.string({ maxLength: 3 })).map(([at, put]) => {
        return base.slice(0, at) + put + base.slice(at + put.length)
      }),
    )
    fc.assert(
      fc.property(text, initialState => {
        for (const params of [ROOTLINE, ION]) {
          try {
            parseInitialState(initialState, 'x', params)
          } catch (error) {
            expect(error).toBeInstanceOf(SidetreeError)
          }
        }
      }),
    )
  })

  test('throws nothing but SidetreeError at each truncation', () => {
    for (let length = 0; length < longForm.length; length++) {
      expect(codeOf(longForm.slice(0, length), ROOTLINE_VERSIONS)).toMatch(/^[A-Z_]+$|^resolves$/)
    }
  })
})
