import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/codec/json.ts'
import { SidetreeError } from '../../src/sidetree/errors.ts'
import { applyJsonPatch, validateJsonPatch } from '../../src/sidetree/json-patch.ts'

function run(document: JsonObject, patch: JsonValue[]): JsonValue {
  validateJsonPatch(patch)
  return applyJsonPatch(document, patch)
}

function refusal(document: JsonObject, patch: JsonValue): string {
  try {
    validateJsonPatch(patch)
    applyJsonPatch(document, patch as JsonValue[])
    return 'applied'
  } catch (error) {
    if (error instanceof SidetreeError) return error.code
    throw error
  }
}

describe('JSON patch: examples of RFC 6902, appendix A', () => {
  test.for<[string, JsonObject, JsonValue[], JsonValue]>([
    [
      'A.1 add a member',
      { foo: 'bar' },
      [{ op: 'add', path: '/baz', value: 'qux' }],
      { baz: 'qux', foo: 'bar' },
    ],
    [
      'A.2 add an element',
      { foo: ['bar', 'baz'] },
      [{ op: 'add', path: '/foo/1', value: 'qux' }],
      { foo: ['bar', 'qux', 'baz'] },
    ],
    ['A.3 remove a member', { baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
    [
      'A.4 remove an element',
      { foo: ['bar', 'qux', 'baz'] },
      [{ op: 'remove', path: '/foo/1' }],
      { foo: ['bar', 'baz'] },
    ],
    [
      'A.5 replace',
      { baz: 'qux', foo: 'bar' },
      [{ op: 'replace', path: '/baz', value: 'boo' }],
      { baz: 'boo', foo: 'bar' },
    ],
    [
      'A.6 move a value',
      { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } },
      [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
      { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
    ],
    [
      'A.7 move an element',
      { foo: ['all', 'grass', 'cows', 'eat'] },
      [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
      { foo: ['all', 'cows', 'eat', 'grass'] },
    ],
    [
      'A.8 test that is met',
      { baz: 'qux', foo: ['a', 2, 'c'] },
      [
        { op: 'test', path: '/baz', value: 'qux' },
        { op: 'test', path: '/foo/1', value: 2 },
      ],
      { baz: 'qux', foo: ['a', 2, 'c'] },
    ],
    [
      'A.10 add an object',
      { foo: 'bar' },
      [{ op: 'add', path: '/child', value: { grandchild: {} } }],
      { foo: 'bar', child: { grandchild: {} } },
    ],
    [
      'A.11 unknown members are ignored',
      { foo: 'bar' },
      [{ op: 'add', path: '/baz', value: 'qux', xyz: 123 }],
      { foo: 'bar', baz: 'qux' },
    ],
    ['A.14 escapes', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }], { '/': 9, '~1': 10 }],
    [
      'A.16 add to the end',
      { foo: ['bar'] },
      [{ op: 'add', path: '/foo/-', value: ['abc', 'def'] }],
      { foo: ['bar', ['abc', 'def']] },
    ],
    [
      'copy',
      { a: [1] },
      [
        { op: 'copy', from: '/a', path: '/b' },
        { op: 'add', path: '/b/-', value: 2 },
      ],
      { a: [1], b: [1, 2] },
    ],
    ['replace the whole', { a: 1 }, [{ op: 'replace', path: '', value: 2 }], 2],
  ])('%s', ([, document, patch, expected]) => {
    const before = structuredClone(document)
    expect(run(document, patch)).toEqual(expected)
    expect(document).toEqual(before)
  })

  test.for<[string, JsonObject, JsonValue]>([
    ['A.9 test that is not met', { baz: 'qux' }, { op: 'test', path: '/baz', value: 'bar' }],
    ['A.12 add to a parent that is not there', { foo: 'bar' }, { op: 'add', path: '/baz/bat', value: 'qux' }],
    ['A.15 strings are not numbers', { '/': 9, '~1': 10 }, { op: 'test', path: '/~01', value: '10' }],
    ['remove what is not there', {}, { op: 'remove', path: '/a' }],
    ['replace what is not there', {}, { op: 'replace', path: '/a', value: 1 }],
    ['an index beyond the end', { a: [1] }, { op: 'add', path: '/a/2', value: 1 }],
    ['an index with a leading zero', { a: [1, 2] }, { op: 'remove', path: '/a/01' }],
    ['remove of -', { a: [1] }, { op: 'remove', path: '/a/-' }],
    ['a member of a string', { a: 'x' }, { op: 'add', path: '/a/length', value: 1 }],
    ['a member that is inherited', {}, { op: 'copy', from: '/constructor', path: '/a' }],
    ['a move into itself', { a: {} }, { op: 'move', from: '/a', path: '/a/b' }],
    ['removing the whole', { a: 1 }, { op: 'remove', path: '' }],
  ])('fails: %s', ([, document, operation]) => {
    expect(refusal(document, [operation])).toBe('PATCH_FAILED')
  })
})

describe('JSON patch: form', () => {
  test.for<[string, JsonValue]>([
    ['no array', {}],
    ['an operation that is no object', [1]],
    ['no op', [{ path: '/a' }]],
    ['an unknown op', [{ op: 'merge', path: '/a' }]],
    ['no path', [{ op: 'remove' }]],
    ['a path without slash', [{ op: 'remove', path: 'a' }]],
    ['a broken escape', [{ op: 'remove', path: '/~2' }]],
    ['no value', [{ op: 'add', path: '/a' }]],
    ['no from', [{ op: 'copy', path: '/a' }]],
    ['a prototype', [{ op: 'add', path: '/__proto__/x', value: 1 }]],
    ['a prototype to copy', [{ op: 'copy', from: '/__proto__', path: '/a' }]],
  ])('refuses %s', ([, patch]) => {
    expect(refusal({}, patch)).toBe('PATCH_JSON_INVALID')
  })

  test('copies that double the document end at a bound', () => {
    const patch = Array.from({ length: 25 }, () => ({ op: 'copy', from: '/a', path: '/a/-' }))
    expect(refusal({ a: ['xxxxxxxx'] }, patch)).toBe('PATCH_FAILED')
  })

  test('changes no prototype and throws nothing but SidetreeError', () => {
    const pointer = fc
      .array(fc.constantFrom('a', 'b', '0', '1', '-', '__proto__', 'constructor', '~1', ''), { maxLength: 4 })
      .map(tokens => tokens.map(token => `/${token}`).join(''))
    const operation = fc.record({
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
      path: pointer,
      from: pointer,
      value: fc.jsonValue(),
    })
    fc.assert(
      fc.property(fc.array(fc.oneof(operation, fc.jsonValue()), { maxLength: 8 }), patch => {
        const document = { a: [{ b: 1 }, 2], b: { a: 'x' } }
        expect(refusal(document, patch as JsonValue)).toMatch(/^applied$|^PATCH_/)
        expect(document).toEqual({ a: [{ b: 1 }, 2], b: { a: 'x' } })
        expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('x')
      }),
    )
  })
})
