import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDid } from '../../src/sidetree/did.ts'
import { SidetreeError } from '../../src/sidetree/errors.ts'
import { ROOTLINE } from '../../src/sidetree/parameters.ts'
import { ION } from './operations.ts'

const SUFFIX = 'EiDyOQbbZAa3aiRzeCkV7LOx3SERjjH93EXoIM3UoN4oWg'
const MAINNET = { name: 'ion' }
const TESTNET = { name: 'ion', network: 'test' }

function refusal(text: string, method: { name: string; network?: string }, params = ION): string {
  try {
    parseDid(text, method, params)
    return 'accepted'
  } catch (error) {
    if (error instanceof SidetreeError) return error.code
    throw error
  }
}

describe('parseDid', () => {
  test('takes a short form apart', () => {
    expect(parseDid(`did:ion:${SUFFIX}`, MAINNET, ION)).toEqual({
      suffix: SUFFIX,
      shortForm: `did:ion:${SUFFIX}`,
    })
  })

  test('takes a long form apart', () => {
    expect(parseDid(`did:ion:${SUFFIX}:e30`, MAINNET, ION)).toEqual({
      suffix: SUFFIX,
      shortForm: `did:ion:${SUFFIX}`,
      longForm: `did:ion:${SUFFIX}:e30`,
      initialState: 'e30',
    })
  })

  test('did:ion:test:SUFFIX is the short form of a test network (ion#153)', () => {
    expect(parseDid(`did:ion:test:${SUFFIX}`, TESTNET, ION)).toEqual({
      suffix: SUFFIX,
      shortForm: `did:ion:test:${SUFFIX}`,
    })
    expect(parseDid(`did:ion:test:${SUFFIX}:e30`, TESTNET, ION)).toMatchObject({
      suffix: SUFFIX,
      initialState: 'e30',
    })
  })

  test('a DID of another network is not resolved here', () => {
    expect(refusal(`did:ion:test:${SUFFIX}`, MAINNET)).toBe('DID_NETWORK_UNKNOWN')
    expect(refusal(`did:ion:${SUFFIX}`, TESTNET)).toBe('DID_NETWORK_UNKNOWN')
    expect(refusal(`did:ion:other:${SUFFIX}`, TESTNET)).toBe('DID_NETWORK_UNKNOWN')
  })

  test('a DID of another method is not resolved here', () => {
    expect(refusal(`did:web:${SUFFIX}`, MAINNET)).toBe('DID_METHOD_UNKNOWN')
  })

  test.for([
    '',
    'did:',
    'did:ion:',
    'did:ion',
    `ion:${SUFFIX}`,
    `did:ion:${SUFFIX}:e30:e30`,
    `did:ion::${SUFFIX}`,
    `did:ion:${SUFFIX}?versionId=1`,
    `did:ion:${SUFFIX}#key`,
    `did:ion:${SUFFIX}/path`,
    `DID:ion:${SUFFIX}`,
    `did:ion:${SUFFIX} `,
    'did:ion:abc',
  ])('refuses %j', text => {
    expect(refusal(text, MAINNET)).toMatch(/^DID_(INVALID|NETWORK_UNKNOWN)$/)
    expect(refusal(text, MAINNET, ROOTLINE)).toMatch(/^DID_(INVALID|NETWORK_UNKNOWN)$/)
  })

  test('rootline takes only the canonical spelling of a suffix (sidetree#873)', () => {
    const twin = `${SUFFIX.slice(0, -1)}h`
    expect(Buffer.from(twin, 'base64url')).toEqual(Buffer.from(SUFFIX, 'base64url'))
    expect(refusal(`did:ion:${twin}`, MAINNET, ROOTLINE)).toBe('DID_INVALID')
  })

  test('throws nothing but SidetreeError', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }).map(rest => `did:ion:${rest}`),
      fc.array(fc.constantFrom('did', 'ion', ':', SUFFIX, 'test', 'e30', '\n', '')).map(p => p.join('')),
    )
    fc.assert(
      fc.property(text, did => {
        expect(refusal(did, MAINNET)).toMatch(/^accepted$|^DID_/)
        expect(refusal(did, TESTNET, ROOTLINE)).toMatch(/^accepted$|^DID_/)
      }),
    )
  })
})
