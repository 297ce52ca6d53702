import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_DID_LENGTH, parseDid, parseDidUrl, requestedVersion } from '../../did-methods/did-url.ts'
import { DidError, type DidErrorCode } from '../../did-methods/errors.ts'

function codeOf(act: () => unknown): DidErrorCode | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(DidError)
    return (error as DidError).code
  }
}

/** A DID by the grammar of DID Core v1.0 section 3.1. */
const did = fc
  .tuple(
    fc.stringMatching(/^[a-z0-9]{1,10}$/),
    fc.stringMatching(/^([A-Za-z0-9._-]|%[0-9A-Fa-f]{2}|:){0,20}[A-Za-z0-9]$/),
  )
  .map(([method, id]) => `did:${method}:${id}`)
const tail = fc.stringMatching(/^([A-Za-z0-9._~!$'()*,;:@-]|%41){0,10}$/)

describe('parseDid', () => {
  it.each([
    'did:example:1',
    'did:example:a:b',
    'did:example::b',
    'did:web:example.com%3A443',
    'did:1a:x.y-z_',
  ])('accepts %s', text => {
    expect(parseDid(text).did).toBe(text)
  })

  it.each([
    '',
    'did',
    'did:',
    'did:example',
    'did:example:',
    'did:example:a:',
    'did:Example:a',
    'DID:example:a',
    'did:ex-ample:a',
    'did:example:a b',
    'did:example:a%2',
    'did:example:a%zz',
    'did:example:ä',
    'did:example:a\n',
    ' did:example:a',
    'did:example:a/path',
    'did:example:a?query',
    'did:example:a#fragment',
    'did:example:a#',
    `did:example:${'a'.repeat(MAX_DID_LENGTH)}`,
  ])('refuses %j', text => {
    expect(codeOf(() => parseDid(text))).toBe('DID_INVALID')
  })

  it('accepts every DID of the grammar and gives it back whole', () => {
    fc.assert(
      fc.property(did, text => {
        const { method, id } = parseDid(text)
        expect(`did:${method}:${id}`).toBe(text)
      }),
    )
  })

  it('throws nothing but DidError on any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map(text => `did:${text}`),
          did.map(mutate),
        ),
        text => {
          const code = codeOf(() => parseDid(text))
          expect([undefined, 'DID_INVALID']).toContain(code)
        },
      ),
    )
  })
})

function mutate(text: string): string {
  return text.slice(0, text.length >> 1) + text.slice((text.length >> 1) + 1)
}

describe('parseDidUrl', () => {
  it('takes a DID URL apart', () => {
    const url = parseDidUrl('did:example:1/a/b?versionId=2&x=%2F&y#key-1')
    expect(url).toMatchObject({ did: 'did:example:1', path: '/a/b', fragment: 'key-1' })
    expect([...url.parameters]).toEqual([
      ['versionId', '2'],
      ['x', '/'],
      ['y', ''],
    ])
  })

  it('keeps a plus sign, which is no space in a DID URL', () => {
    expect(
      parseDidUrl('did:example:1?versionTime=2026-01-01T00:00:00+01:00').parameters.get('versionTime'),
    ).toBe('2026-01-01T00:00:00+01:00')
  })

  it.each([
    'did:example:1#a#b',
    'did:example:1?a b',
    'did:example:1?%zz',
    'did:example:1?a=1&a=2',
    'did:example:1?a=1&%61=2',
    'did:example:1?a=%ff',
    'did:example:1;service=x',
    'example:1#a',
  ])('refuses %s', text => {
    expect(codeOf(() => parseDidUrl(text))).toBe('DID_URL_INVALID')
  })

  it('gives the parts of every DID URL of the grammar back', () => {
    fc.assert(
      fc.property(did, tail, tail, tail, (subject, path, query, fragment) => {
        const url = parseDidUrl(`${subject}/${path}?${query}#${fragment}`)
        expect(url).toMatchObject({ did: subject, path: `/${path}`, query, fragment })
      }),
    )
  })

  it('throws nothing but DidError on any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.tuple(did, fc.string()).map(parts => parts.join('')),
        ),
        text => {
          const code = codeOf(() => parseDidUrl(text))
          expect([undefined, 'DID_URL_INVALID']).toContain(code)
        },
      ),
    )
  })
})

describe('requestedVersion', () => {
  const parsed = (query: string) => parseDidUrl(`did:example:1${query}`)

  it.each([
    ['', {}, {}],
    ['?versionId=a', {}, { versionId: 'a' }],
    ['', { versionId: 'a' }, { versionId: 'a' }],
    ['?versionId=a', { versionId: 'a' }, { versionId: 'a' }],
    ['?versionTime=2026-01-01T00:00:00Z', {}, { versionTime: '2026-01-01T00:00:00Z' }],
  ])('%s with %j', (query, options, expected) => {
    expect(requestedVersion(parsed(query), options)).toEqual(expected)
  })

  it.each([
    ['?versionId=a', { versionId: 'b' }],
    ['', { versionId: 1 }],
    ['', { versionId: 'a', versionTime: 'b' }],
    ['?versionId=a&versionTime=b', {}],
  ])('refuses %s with %j', (query, options) => {
    expect(codeOf(() => requestedVersion(parsed(query), options))).toBe('DID_OPTION_INVALID')
  })
})
