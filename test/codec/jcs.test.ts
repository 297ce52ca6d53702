import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64url } from '../../src/codec/base64url.ts'
import { canonicalize } from '../../src/codec/jcs.ts'
import { type JsonValue, parseJson } from '../../src/codec/json.ts'
import { corpusBytes, corpusJson, hasCorpus } from '../corpus.ts'
import { failure } from './failure.ts'

describe('canonicalize', () => {
  // RFC 8785 appendix B: the bits of a double, and its text.
  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('the number %s is %s', (bits, text) => {
    expect(canonicalize(Buffer.from(bits, 'hex').readDoubleBE())).toBe(text)
  })

  it('sorts names by UTF-16 code units, at every level (RFC 8785 section 3.2.3)', () => {
    const value = { '\ufb33': 0, '\u{1f600}': 1, '\u20ac': { b: 1, a: 2, B: 3 }, '10': 4, '9': 5, '': 6 }
    const text = '{"":6,"10":4,"9":5,"\u20ac":{"B":3,"a":2,"b":1},"\u{1f600}":1,"\ufb33":0}'
    expect(canonicalize(value)).toBe(text)
  })

  it('escapes in strings only what it must, in the shortest form (RFC 8785 section 3.2.2.2)', () => {
    expect(canonicalize('\u20ac$\u000f\nA\'B"\\\u007f\u2028/')).toBe(
      '"\u20ac$\\u000f\\nA\'B\\"\\\\\u007f\u2028/"',
    )
  })

  it('writes a member named __proto__ like any other', () => {
    expect(canonicalize(parseJson('{"b":1,"__proto__":{"a":2}}'))).toBe('{"__proto__":{"a":2},"b":1}')
  })

  it.each([
    ['NaN', Number.NaN],
    ['infinity', [Number.POSITIVE_INFINITY]],
    ['undefined', undefined],
    ['a member that is undefined', { a: undefined }],
    ['a hole', Array(1)],
    ['a function', { a: () => 1 }],
    ['a bigint', 1n],
    ['a symbol', Symbol('a')],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a name', { '\udc00': 1 }],
  ])('refuses %s', (_, value) => {
    expect(failure(() => canonicalize(value as JsonValue))).toBe('JCS_UNSUPPORTED_VALUE')
  })

  it('refuses what is nested more than 512 deep, a cycle too', () => {
    const nest = (depth: number) => parseJson('['.repeat(depth) + ']'.repeat(depth), { maxDepth: depth })
    const cycle: JsonValue[] = []
    cycle.push(cycle)
    expect(canonicalize(nest(512))).toHaveLength(1024)
    expect(failure(() => canonicalize(nest(513)))).toBe('JCS_UNSUPPORTED_VALUE')
    expect(failure(() => canonicalize(cycle))).toBe('JCS_UNSUPPORTED_VALUE')
  })

  it('is the same text once parsed and written again, and for any order of members', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), value => {
        const text = canonicalize(value as JsonValue)
        expect(canonicalize(parseJson(text))).toBe(text)
        expect(canonicalize(reversed(value as JsonValue))).toBe(text)
      }),
    )
  })

  it('writes whatever parseJson accepts', () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: 'binary' }), text => {
        if (failure(() => parseJson(text)) !== undefined) return
        expect(parseJson(canonicalize(parseJson(text)))).toEqual(parseJson(text))
      }),
    )
  })
})

describe.runIf(hasCorpus)('canonicalize on published vectors', () => {
  it('gives the output of the RFC 8785 test data, byte for byte', () => {
    type Case = { file: string; files: { output: string; outhex: string } }
    const { cases } = corpusJson<{ cases: Case[] }>('credentials/jcs/cases.json')
    expect(cases.length).toBeGreaterThan(0)
    for (const { file, files } of cases) {
      const actual = Buffer.from(canonicalize(parseJson(corpusBytes('credentials/jcs', file))))
      const hex = corpusBytes('credentials/jcs', files.outhex).toString('ascii').replaceAll(/\s/g, '')
      expect(actual.toString('hex'), file).toBe(hex)
      expect(actual, file).toEqual(corpusBytes('credentials/jcs', files.output))
    }
  })

  it('agrees with the reference implementation which initial states are canonical', () => {
    type LongForm = { did: string; httpStatusInReference: number; referenceBody?: { code?: string } }
    const { cases } = corpusJson<{ cases: LongForm[] }>('sidetree/generated/long-form.json')
    const judged = cases.filter(
      each =>
        each.httpStatusInReference === 200 || each.referenceBody?.code === 'did_initial_state_jcs_is_not_jcs',
    )
    expect(judged.length).toBeGreaterThan(1)
    for (const { did, httpStatusInReference } of judged) {
      const text = decodeBase64url(did.slice(did.lastIndexOf(':') + 1)).toString('utf8')
      expect(canonicalize(parseJson(text)) === text).toBe(httpStatusInReference === 200)
    }
  })
})

function reversed(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toReversed()
  return Object.fromEntries(entries.map(([name, member]) => [name, reversed(member)]))
}
