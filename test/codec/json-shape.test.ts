import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalize } from '../../src/codec/jcs.ts'
import { type JsonValue, parseJson } from '../../src/codec/json.ts'
import { failure } from './failure.ts'

describe('the shape of a JSON text', () => {
  const entries = fc.array(fc.jsonValue({ noUnicodeString: false }) as fc.Arbitrary<JsonValue>, {
    maxLength: 20,
  })

  it('is kept by every list whose entries are as short as it says, however they are spaced', () => {
    fc.assert(
      fc.property(entries, fc.constantFrom(undefined, 1, '\t'), (list, space) => {
        const maxEntry = Math.max(0, ...list.map(entry => Buffer.byteLength(canonicalize(entry))))
        const text = JSON.stringify({ list }, null, space)
        expect(parseJson(text, { shape: { maxOuter: list.length + 5, maxEntry } })).toEqual(parseJson(text))
      }),
    )
  })

  it.each([
    ['more entries than it may have', `{"list":[${'0,'.repeat(101)}0]}`],
    ['more members outside', `{${Array.from({ length: 60 }, (_, i) => `"${i}":0`).join()}}`],
    ['an entry of too many values', `{"list":[{},{"a":[${'0,'.repeat(20)}0]}]}`],
    ['an entry of too many empty values', `{"list":[{},{},[${'{},'.repeat(10)}{}]]}`],
    ['an entry nested too often', `{"list":[${'['.repeat(25)}${']'.repeat(25)}]}`],
    ['such an entry in the second list', `{"a":[0],"b":[[${'[],'.repeat(10)}[]]]}`],
  ])('is broken by %s', (_, text) => {
    expect(failure(() => parseJson(text))).toBeUndefined()
    expect(failure(() => parseJson(text, { shape: { maxOuter: 100, maxEntry: 20 } }))).toBe(
      'JSON_TOO_MANY_VALUES',
    )
  })

  it('is not broken by what stands in strings', () => {
    const text = JSON.stringify({ list: [{ a: '{[,:'.repeat(500) }, '\\"{{{{', ','.repeat(500)] })
    expect(failure(() => parseJson(text, { shape: { maxOuter: 8, maxEntry: 4 } }))).toBeUndefined()
  })
})
