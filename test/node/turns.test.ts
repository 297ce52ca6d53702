import { describe, expect, it } from 'vitest'
import { Turns } from '../../src/node/turns.ts'

const set = (...names: string[]) => new Set(names)

describe('turns', () => {
  it('run work about a common name in the order of the calls, and other work side by side', async () => {
    const turns = new Turns()
    const begun: string[] = []
    const gates = new Map<string, () => void>()
    const work = (name: string) => () => {
      begun.push(name)
      return new Promise<void>(resolve => gates.set(name, resolve))
    }
    const all = [
      turns.run(set('x'), work('a')),
      turns.run(set('x', 'y'), work('b')),
      turns.run(set('y', 'z'), work('c')),
      turns.run(set('w'), work('d')),
    ]
    const turn = () => new Promise(resolve => setImmediate(resolve))
    await turn()
    expect(begun).toEqual(['a', 'd'])
    gates.get('d')?.()
    await turn()
    // c has no name in common with a, and waits for b, which came before it.
    expect(begun).toEqual(['a', 'd'])
    for (const name of ['a', 'b', 'c']) {
      gates.get(name)?.()
      await turn()
    }
    expect(begun).toEqual(['a', 'd', 'b', 'c'])
    await Promise.all(all)
  })

  it('go on after work that failed', async () => {
    const turns = new Turns()
    const failing = turns.run(set('x'), () => Promise.reject(new TypeError('no')))
    const next = turns.run(set('x'), async () => 'done')
    await expect(failing).rejects.toThrow('no')
    expect(await next).toBe('done')
  })
})
