import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeUtf8, isJsonObject, parseJson, parseJsonObject } from '../../src/codec/json.ts'
import { failure } from './failure.ts'

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

describe('parseJson', () => {
  it.each([
    ['two members', '{"a":1,"a":2}', '{"a":2}'],
    ['two members that differ only in their escapes', '{"a":1,"\\u0061":2}', '{"a":2}'],
    ['two members with escapes of both cases', '{"\\u00e9":1,"\\u00E9":2}', '{"\u00e9":2}'],
    ['two members in an object of an array', '[1,{"b":{},"b":[]}]', '[1,{"b":[]}]'],
    ['two members __proto__', '{"__proto__":1,"__proto__":2}', '{"__proto__":2}'],
    [
      'two members __proto__ with objects',
      '{"__proto__":{"a":1},"x":0,"__proto__":{"b":1}}',
      '{"__proto__":{"b":1},"x":0}',
    ],
    ['two empty names', '{"":1,"":2}', '{"":2}'],
    ['two members with members of their own', '{"a":{"b":1,"c":2},"a":{"b":1,"c":2}}', '{"a":{"b":1,"c":2}}'],
    ['two members, the last with more members', '{"a":1,"a":{"b":1}}', '{"a":{"b":1}}'],
    ['two names that are numbers', '{"1":0,"\\u0031":1,"0":2}', '{"0":2,"1":1}'],
  ])('refuses %s; the last one counts where that is asked for', (_, text, lenient) => {
    expect(failure(() => parseJson(text))).toBe('JSON_DUPLICATE_MEMBER')
    expect(JSON.stringify(parseJson(text, { duplicateMembers: true }))).toBe(lenient)
  })

  it.each([
    ['a colon in a name', '{"a:b":"c:d"}', '{"a:b":"c:d"}'],
    ['quotes that are escaped', '{"a\\":":"\\\\","b":"\\\\\\""}', '{"a\\":":"\\\\","b":"\\\\\\""}'],
    ['names that differ in case', '{"a":1,"A":2}', '{"a":1,"A":2}'],
    ['names that differ in normalisation', '{"\\u00e9":1,"e\\u0301":2}', '{"\u00e9":1,"e\u0301":2}'],
    [
      'names that objects have',
      '{"__proto__":{"x":1},"toString":null}',
      '{"__proto__":{"x":1},"toString":null}',
    ],
    ['such names with escapes', '{"\\u005f_proto__":{"x":[]},"b\\n":{}}', '{"__proto__":{"x":[]},"b\\n":{}}'],
    ['a name in different objects', '{"a":{"a":{"a":1}},"b":{"a":1}}', '{"a":{"a":{"a":1}},"b":{"a":1}}'],
    ['a surrogate pair in escapes', '"\\ud83d\\ude00"', '"\u{1f600}"'],
    ['brackets in a string', `"${'[{'.repeat(40)}"`, `"${'[{'.repeat(40)}"`],
    ['white space of all four kinds', ' \t\r\n{ "a" : [ ] }\n', '{"a":[]}'],
    ['such white space around names with escapes', '\n{ "\\t" :\t[ 1 , -2.5e3\r] } ', '{"\\t":[1,-2500]}'],
    ['NUL in an escape', '"\\u0000"', '"\\u0000"'],
    ['a negative zero', '-0', '0'],
    ['a number below the smallest double', '1e-400', '0'],
  ])('accepts %s', (_, text, written) => {
    expect(JSON.stringify(parseJson(Buffer.from(text)))).toBe(written)
    expect(JSON.stringify(parseJson(text))).toBe(written)
  })

  it('reads names with escapes whatever was parsed before (nodejs/node#63785)', () => {
    for (const [before, text, name] of [
      ['{"\\\\u00":0}', '{"\\u0074ype":0}', 'type'],
      ['{"k":0,"\\\\u00":0}', '{"k":1,"\\u0074ype":2}', 'type'],
      ['{"h":[],"\\\\":0}', '{"h":1,"\\"":2}', '"'],
    ] as const) {
      JSON.parse(before)
      parseJson(before)
      expect(Object.keys(parseJsonObject(text)).at(-1)).toBe(name)
    }
  })

  it('keeps a member __proto__ off the prototype', () => {
    const value = parseJsonObject('{"__proto__":{"polluted":true}}')
    expect(Object.keys(value)).toEqual(['__proto__'])
    expect('polluted' in value).toBe(false)
  })

  it.each([
    ['nothing', ''],
    ['two values', '1 2'],
    ['a trailing comma', '[1,]'],
    ['single quotes', "{'a':1}"],
    ['a comment', '[1/*x*/]'],
    ['NaN', 'NaN'],
    ['a leading zero', '01'],
    ['a line feed in a string', '"a\nb"'],
    ['a string without its end', '"abc'],
    ['a string that ends in its escape', '"abc\\'],
    ['a byte order mark', '\ufeff{}'],
    ['white space that JSON does not know', '\u00a0{}'],
    ['brackets that close before they open', ']]]][[[['],
  ])('refuses %s', (_, text) => {
    expect(failure(() => parseJson(text))).toBe('JSON_INVALID')
    expect(failure(() => parseJson(Buffer.from(text)))).toBe('JSON_INVALID')
  })

  it.each([
    ['a value', '"\\ud800"'],
    ['a value, the low half', '"a\\udc00b"'],
    ['halves in the wrong order', '"\\udc00\\ud800"'],
    ['a name', '{"\\ud800":1}'],
    ['a name deep inside', '[[{"a":[{"\\udfff":0}]}]]'],
    ['text that was not well-formed', '"\ud800"'],
  ])('refuses a lone surrogate in %s', (_, text) => {
    expect(failure(() => parseJson(text))).toBe('JSON_LONE_SURROGATE')
    expect(failure(() => parseJson(text, { duplicateMembers: true }))).toBe('JSON_LONE_SURROGATE')
  })

  it.each(['1e400', '-1e400', '[{"a":1e309}]', '9'.repeat(400)])('refuses the number in %s', text => {
    expect(failure(() => parseJson(text))).toBe('JSON_NUMBER_RANGE')
    expect(failure(() => parseJson(text, { duplicateMembers: true }))).toBe('JSON_NUMBER_RANGE')
  })

  it.each([
    ['a byte that never occurs', '22ff22'],
    ['an overlong form', '22c0af22'],
    ['a surrogate', '22eda08022'],
    ['a character cut short', '22e282'],
    ['a code point above 10FFFF', '22f490808022'],
    ['UTF-16', 'fffe220061002200'],
  ])('refuses bytes that are not UTF-8: %s', (_, hex) => {
    expect(failure(() => parseJson(Buffer.from(hex, 'hex')))).toBe('UTF8_INVALID')
    expect(failure(() => decodeUtf8(Buffer.from(hex, 'hex')))).toBe('UTF8_INVALID')
  })

  it('bounds the depth, 32 by default', () => {
    expect(failure(() => parseJson(nested(32)))).toBeUndefined()
    expect(failure(() => parseJson(nested(33)))).toBe('JSON_TOO_DEEP')
    expect(failure(() => parseJson(`${'{"a":'.repeat(33)}1${'}'.repeat(33)}`))).toBe('JSON_TOO_DEEP')
    expect(failure(() => parseJson(nested(3), { maxDepth: 2 }))).toBe('JSON_TOO_DEEP')
    expect(failure(() => parseJson(`[${'[],'.repeat(100)}[]]`, { maxDepth: 2 }))).toBeUndefined()
  })

  it('does not recurse into half a million brackets', () => {
    for (const bracket of ['[', '{"a":', '[{"":']) {
      expect(failure(() => parseJson(bracket.repeat(100_000)))).toBe('JSON_TOO_DEEP')
    }
  })

  it('bounds the size in bytes of UTF-8, 1 MiB by default', () => {
    expect(failure(() => parseJson(`"${'a'.repeat((1 << 20) - 2)}"`))).toBeUndefined()
    expect(failure(() => parseJson(`"${'a'.repeat((1 << 20) - 1)}"`))).toBe('JSON_TOO_LARGE')
    expect(failure(() => parseJson('"\u20ac"', { maxBytes: 5 }))).toBeUndefined()
    expect(failure(() => parseJson('"\u20ac"', { maxBytes: 4 }))).toBe('JSON_TOO_LARGE')
    expect(failure(() => parseJson(Buffer.from('"\u20ac"'), { maxBytes: 4 }))).toBe('JSON_TOO_LARGE')
  })

  it('reads back generated JSON', () => {
    const indent = fc.constantFrom('', ' ', '\t', '\n')
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8, stringUnit: 'grapheme' }), indent, (value, space) => {
        const text = JSON.stringify(value, undefined, space)
        expect(JSON.stringify(parseJson(text))).toBe(JSON.stringify(value))
        expect(JSON.stringify(parseJson(Buffer.from(text)))).toBe(JSON.stringify(value))
      }),
    )
  })

  it('finds a repeated member however it is spelled and wherever it is', () => {
    fc.assert(
      fc.property(written(), ({ text, value, repeated }) => {
        expect(failure(() => parseJson(text))).toBe(repeated ? 'JSON_DUPLICATE_MEMBER' : undefined)
        const read = parseJson(text, { duplicateMembers: true })
        expect(JSON.stringify(read)).toBe(JSON.stringify(value))
      }),
    )
  })

  it('accepts of mutated JSON only what JSON.parse accepts', () => {
    const character = fc.constantFrom(...'{}[]":,\\u0e1- \n\ud800a')
    fc.assert(
      fc.property(written(), fc.nat(), fc.nat(2), character, ({ text }, position, removed, inserted) => {
        const at = position % (text.length + 1)
        const mutated = text.slice(0, at) + inserted + text.slice(at + removed)
        if (failure(() => parseJson(mutated)) !== undefined) return
        expect(() => JSON.parse(mutated)).not.toThrow()
      }),
    )
  })

  it('refuses valid JSON cut short at any length', () => {
    const text = Buffer.from('{"a":["\u20ac\\u0041",1.5e3,true,null,{"b":{}}]}')
    for (let length = 0; length < text.length; length++) {
      expect(['JSON_INVALID', 'UTF8_INVALID']).toContain(failure(() => parseJson(text.subarray(0, length))))
    }
  })

  it('throws nothing but CodecError on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), bytes => {
        const code = failure(() => parseJson(bytes))
        if (code === undefined) expect(parseJson(bytes)).toEqual(JSON.parse(Buffer.from(bytes).toString()))
      }),
    )
  })
})

describe('parseJsonObject', () => {
  it.each(['null', '[]', '"a"', '1', 'true'])('refuses %s', text => {
    expect(failure(() => parseJsonObject(text))).toBe('JSON_INVALID')
    expect(isJsonObject(JSON.parse(text))).toBe(false)
  })

  it('gives the object', () => {
    expect(parseJsonObject('{"a":[1]}')).toEqual({ a: [1] })
  })
})

interface Written {
  text: string
  /** What the text says, where the last of several members of a name counts. */
  value: unknown
  /** True if an object has a name twice. */
  repeated: boolean
}

/** JSON text whose names are few and spelled in several ways. */
function written(): fc.Arbitrary<Written> {
  const name = fc
    .tuple(fc.constantFrom('', 'a', ':', '__proto__', '"', '\\', '\\u00', 'type', '1'), fc.boolean())
    .map(([value, escaped]) => ({ value, text: escaped ? escapeAll(value) : JSON.stringify(value) }))
  const { node } = fc.letrec<{ node: Written }>(tie => ({
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(null, ':', '"{', -1.5, true).map(value => ({
        text: JSON.stringify(value),
        value,
        repeated: false,
      })),
      fc.array(tie('node'), { maxLength: 3 }).map(items => ({
        text: `[${items.map(item => item.text).join(' , ')}]`,
        value: items.map(item => item.value),
        repeated: items.some(item => item.repeated),
      })),
      fc.array(fc.tuple(name, tie('node')), { maxLength: 4 }).map(members => ({
        text: `{ ${members.map(([{ text }, value]) => `${text} :${value.text}`).join(',')}}`,
        value: Object.fromEntries(members.map(([{ value }, member]) => [value, member.value])),
        repeated:
          new Set(members.map(([{ value }]) => value)).size < members.length ||
          members.some(([, value]) => value.repeated),
      })),
    ),
  }))
  return node.filter(({ text }) => failure(() => parseJson(text)) !== 'JSON_TOO_DEEP')
}

function escapeAll(text: string): string {
  const escapes = Array.from(text, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return `"${escapes.join('')}"`
}
