import fc from 'fast-check'
import { expect, it } from 'vitest'
import { RecentlyUsed } from '../../src/node/recently-used.ts'

const KEYS = Array.from({ length: 13 }, (_, key) => String(key))

it('keeps the half that was used last, and no more than it may', () => {
  const uses = fc.array(fc.record({ key: fc.constantFrom(...KEYS), isSet: fc.boolean() }), { maxLength: 80 })
  const property = fc.property(fc.integer({ min: 2, max: 9 }), uses, (max, list) => {
    const kept = new RecentlyUsed<string>(max)
    let used: string[] = []
    for (const { key, isSet } of list) {
      if (isSet) kept.set(key, key)
      else if (kept.get(key) === undefined) continue
      used = [key, ...used.filter(other => other !== key)]
    }
    for (const key of used.slice(0, Math.floor(max / 2))) expect(kept.get(key)).toBe(key)
    expect(KEYS.filter(key => kept.get(key) !== undefined).length).toBeLessThanOrEqual(max)
  })
  fc.assert(property)
})

it('gives the value that was set last, and none that was deleted', () => {
  const kept = new RecentlyUsed<string>(4)
  for (const value of ['one', 'two']) kept.set('a', value)
  kept.set('b', 'three')
  kept.set('c', 'four')
  expect(kept.get('a')).toBe('two')
  kept.delete('a')
  expect(kept.get('a')).toBeUndefined()
})
