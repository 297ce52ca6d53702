import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DID_ERRORS, DidError, type DidErrorCode } from '../../did-methods/errors.ts'
import {
  DOCUMENT_MEDIA_TYPES,
  failed,
  negotiate,
  RESOLUTION_ERRORS,
  resolving,
} from '../../did-methods/result.ts'
import { NetError } from '../../src/net/errors.ts'

describe('negotiate', () => {
  it.each([
    [undefined, 'application/did'],
    ['', 'application/did'],
    ['*/*', 'application/did'],
    ['application/*;q=0.1', 'application/did'],
    ['application/did-resolution', 'application/did'],
    ['application/did+json', 'application/did+json'],
    ['Application/DID+LD+JSON', 'application/did+ld+json'],
    ['text/html, application/did+json;q=0.5, application/did+ld+json; q=0.8', 'application/did+ld+json'],
    ['application/did;q=0, application/did+json', 'application/did+json'],
    ['application/did+ld+json;profile="https://w3id.org/did-resolution"', 'application/did+ld+json'],
  ])('%j gives %s', (accept, type) => {
    expect(negotiate(accept === undefined ? {} : { accept })).toBe(type)
  })

  it.each([
    'text/html',
    'application/did+cbor',
    'application/json',
    'application/did;q=0',
    'application/did;q=x',
  ])('%j cannot be given', accept => {
    expect(() => negotiate({ accept })).toThrow(
      expect.objectContaining({ code: 'DID_REPRESENTATION_UNSUPPORTED' }),
    )
  })

  it('any text gives a media type of documents or a DidError', () => {
    const range = fc.constantFrom(
      '*/*',
      'application/did',
      'text/html',
      'application/did+json;q=0.5',
      ';;q',
      ',',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(range).map(ranges => ranges.join(',')),
        ),
        accept => {
          try {
            expect(DOCUMENT_MEDIA_TYPES).toContain(negotiate({ accept }))
          } catch (error) {
            expect(error).toBeInstanceOf(DidError)
          }
        },
      ),
    )
  })
})

describe('resolving', () => {
  it('words an error of this project as a result and lets any other through', async () => {
    const result = await resolving(() => {
      throw new DidError('WEB_STATUS', 'busy')
    })
    expect(result).toEqual(failed(new DidError('WEB_STATUS', 'busy')))
    expect(result.didResolutionMetadata).toEqual({
      error: 'internalError',
      code: 'WEB_STATUS',
      errorMessage: 'busy',
      transient: true,
    })
    await expect(
      resolving(() => {
        throw new RangeError('a fault of the program')
      }),
    ).rejects.toThrow(RangeError)
  })

  it.each([
    ['NET_TIMEOUT', 'FETCH_FAILED', true],
    ['NET_ADDRESS_REFUSED', 'FETCH_REFUSED', undefined],
  ] as const)('words %s as %s', async (netCode, code, transient) => {
    const result = await resolving(() => Promise.reject(new NetError(netCode, 'https://x.example/', 'why')))
    expect(result.didResolutionMetadata).toMatchObject({ code, errorMessage: `${netCode}: why` })
    expect(result.didResolutionMetadata['transient']).toBe(transient)
  })
})

it('every code stands for an error of DID Resolution v1', () => {
  for (const code of Object.keys(DID_ERRORS) as DidErrorCode[]) {
    expect(RESOLUTION_ERRORS[new DidError(code, '').resolutionError].type).toMatch(
      /^https:\/\/www\.w3\.org\/ns\/did#/,
    )
  }
})
