import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseType, parametersOf } from '../../src/api/accept.ts'

const OFFERS = ['a/one', 'a/two', 'b/one;profile=x'] as const

describe('the media type that a client likes best', () => {
  it.each([
    [undefined, 'a/one'],
    ['', 'a/one'],
    ['*/*', 'a/one'],
    ['a/two', 'a/two'],
    ['a/two, a/one', 'a/one'],
    ['a/two, a/one;q=0.9', 'a/two'],
    ['a/*;q=0.5, a/one;q=0.1', 'a/two'],
    ['*/*;q=0.1, a/one;q=0', 'a/two'],
    ['A/TWO', 'a/two'],
    ['b/one;profile=x', 'b/one;profile=x'],
    ['b/one; profile="x"; q=1.000', 'b/one;profile=x'],
    ['b/one;profile="a,b;c", a/two;q=0.1', 'a/two'],
    ['b/one;profile="\\x"', 'b/one;profile=x'],
    ['b/*', 'b/one;profile=x'],
    ['a/two;level=1', 'a/two'],
    ['b/one', undefined],
    ['b/one;profile=y', undefined],
    ['*/one', undefined],
    ['a/one;q=0', undefined],
    ['a/one;q=2', undefined],
    ['a/one;q=0.1234', undefined],
    ['a', undefined],
    ['a/one/more', undefined],
    [`a/one,${' '.repeat(3000)}`, undefined],
  ])('of Accept: %s', (accept, expected) => {
    expect(chooseType(accept, OFFERS)).toBe(expected)
  })

  it('is one of the offers or none, whatever the header', () => {
    const piece = fc.constantFrom('a/one', '*/*', ';q=', '0.5', ',', '"', '\\', ';', '=', 'profile', ' ')
    const header = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 40 }).map(pieces => pieces.join('')),
    )
    fc.assert(
      fc.property(header, accept => {
        expect([undefined, ...OFFERS]).toContain(chooseType(accept, OFFERS))
      }),
    )
  })

  it('comes with its parameters', () => {
    expect(parametersOf('a/one;X=1;y="2"', 'a/one')).toEqual(
      new Map([
        ['x', '1'],
        ['y', '2'],
      ]),
    )
    expect(parametersOf('a/two', 'a/one')).toBeUndefined()
  })
})
