import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatAnchorString, parseAnchorString } from '../../src/sidetree/anchor-string.ts'
import { ION_MAINNET, ROOTLINE } from '../../src/sidetree/parameters.ts'
import { corpusJson, hasCorpus } from '../corpus.ts'
import { failure } from './failure.ts'

const URI = 'QmRvgZm4J3JSxfk4wRjE2u2Hi2U7VmobYnpqhqH5QP6J97'

describe('an anchor string', () => {
  test('is a count and a URI', () => {
    const anchor = { operationCount: 10_000, coreIndexFileUri: URI }
    expect(parseAnchorString(`10000.${URI}`, ROOTLINE)).toEqual(anchor)
    expect(formatAnchorString(anchor, ROOTLINE)).toBe(`10000.${URI}`)
  })

  test.for([
    ['', 'ANCHOR_STRING_MALFORMED'],
    ['1', 'ANCHOR_STRING_MALFORMED'],
    [`1.${URI}.`, 'ANCHOR_STRING_MALFORMED'],
    ['1.5.Qm', 'ANCHOR_STRING_MALFORMED'],
    [`.${URI}`, 'ANCHOR_STRING_COUNT_INVALID'],
    [`0.${URI}`, 'ANCHOR_STRING_COUNT_INVALID'],
    [`01.${URI}`, 'ANCHOR_STRING_COUNT_INVALID'],
    [`1e3.${URI}`, 'ANCHOR_STRING_COUNT_INVALID'],
    [`1\n.${URI}`, 'ANCHOR_STRING_COUNT_INVALID'],
    [`\uff11.${URI}`, 'ANCHOR_STRING_COUNT_INVALID'],
    [`10001.${URI}`, 'ANCHOR_STRING_COUNT_TOO_LARGE'],
    [`${'9'.repeat(400)}.${URI}`, 'ANCHOR_STRING_COUNT_TOO_LARGE'],
    ['1.', 'ANCHOR_STRING_URI_INVALID'],
    ['1.Q m', 'ANCHOR_STRING_URI_INVALID'],
    ['1.\u00e9', 'ANCHOR_STRING_URI_INVALID'],
    [`1.${'a'.repeat(101)}`, 'ANCHOR_STRING_URI_INVALID'],
  ] as const)('%j is refused: %s', ([text, code]) => {
    expect(failure(() => parseAnchorString(text, ROOTLINE))).toBe(code)
  })

  test('takes any URI of up to 100 bytes, a CIDv1 and a scheme too', () => {
    const cid = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
    for (const uri of [cid, `ipfs://${cid}`, 'a'.repeat(100)]) {
      expect(parseAnchorString(`1.${uri}`, ROOTLINE).coreIndexFileUri).toBe(uri)
    }
  })

  test('is not written where it could not be read', () => {
    const write = (operationCount: number, coreIndexFileUri: string) =>
      failure(() => formatAnchorString({ operationCount, coreIndexFileUri }, ROOTLINE))
    expect(write(0, URI)).toBe('ANCHOR_STRING_COUNT_INVALID')
    expect(write(1.5, URI)).toBe('ANCHOR_STRING_MALFORMED')
    expect(write(10_001, URI)).toBe('ANCHOR_STRING_COUNT_TOO_LARGE')
    expect(write(1, '')).toBe('ANCHOR_STRING_URI_INVALID')
  })

  test('what is read is written the same, and nothing but a SidetreeError is thrown', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.tuple(fc.nat(20_000), fc.string()).map(([count, uri]) => `${count}.${uri}`),
    )
    fc.assert(
      fc.property(texts, fc.constantFrom(ROOTLINE, ION_MAINNET), (text, params) => {
        let written: string | undefined
        const code = failure(() => {
          written = formatAnchorString(parseAnchorString(text, params), params)
        })
        expect(code === undefined ? written : text).toBe(text)
      }),
    )
  })
})

describe.runIf(hasCorpus)('anchor strings of the corpus', () => {
  type Case = {
    anchorString: string
    referenceResult: string | { coreIndexFileUri: string; numberOfOperations: number }
  }
  const { anchorStrings } = corpusJson<{ anchorStrings: Case[] }>('sidetree/generated/file-validation.json')
  const { anchorStringInvalid } = corpusJson<{ anchorStringInvalid: string[] }>(
    'ledger/derived/ion-bitcoin.json',
  )

  test.for(anchorStrings)(
    'ion reads $anchorString as the reference implementation',
    ({ anchorString, referenceResult }) => {
      if (typeof referenceResult === 'string') {
        expect(failure(() => parseAnchorString(anchorString, ION_MAINNET))).toBeDefined()
      } else {
        const { coreIndexFileUri, numberOfOperations: operationCount } = referenceResult
        expect(parseAnchorString(anchorString, ION_MAINNET)).toEqual({ operationCount, coreIndexFileUri })
      }
    },
  )

  test.for(anchorStrings)(
    'rootline decides alike on $anchorString, but that a URI is not empty',
    ({ anchorString, referenceResult }) => {
      const accepted = typeof referenceResult !== 'string' && anchorString !== '1.'
      expect(failure(() => parseAnchorString(anchorString, ROOTLINE)) === undefined).toBe(accepted)
    },
  )

  test.for(anchorStringInvalid)('%j is refused in both profiles', text => {
    expect(failure(() => parseAnchorString(text, ION_MAINNET))).toBeDefined()
    expect(failure(() => parseAnchorString(text, ROOTLINE))).toBeDefined()
  })
})
