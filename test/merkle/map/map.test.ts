import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../../src/codec/hash.ts'
import { MerkleError } from '../../../src/merkle/errors.ts'
import { BYTES, bitOf, EMPTY, hashMapLeaf, hashMapNode } from '../../../src/merkle/map/hashes.ts'
import { type MapChange, MerkleMap } from '../../../src/merkle/map/map.ts'
import { decodePage, encodePage } from '../../../src/merkle/map/page.ts'
import {
  formatMapProof,
  type MapProof,
  parseMapProof,
  verifyMapProof,
} from '../../../src/merkle/map/proof.ts'

/** A map with its pages in memory. */
class World {
  readonly pages = new Map<string, Uint8Array>()
  readonly map = new MerkleMap({ get: prefix => this.pages.get(Buffer.from(prefix).toString('hex')) })

  set(changes: MapChange[]): Uint8Array {
    const { root, pages } = this.map.update(changes)
    for (const { prefix, bytes } of pages) this.pages.set(Buffer.from(prefix).toString('hex'), bytes)
    return root
  }
}

/** The definition, word for word: no pages, nothing remembered. */
function rootByDefinition(pairs: { key: Uint8Array; value: Uint8Array }[], depth = 0): Uint8Array {
  const [first, second] = pairs
  if (first === undefined) return EMPTY
  if (second === undefined) return hashMapLeaf(first.key, first.value)
  const below = (bit: number) => pairs.filter(({ key }) => bitOf(key, depth) === bit)
  return hashMapNode(rootByDefinition(below(0), depth + 1), rootByDefinition(below(1), depth + 1))
}

/** Keys of which many agree in their first bytes, so that pages lie several deep. */
const key = fc
  .tuple(fc.integer({ min: 0, max: 4 }), fc.uint8Array({ minLength: BYTES, maxLength: BYTES }))
  .map(([same, bytes]) => Buffer.concat([Buffer.alloc(same, 0xa5), bytes.subarray(same)]))
const value = fc.uint8Array({ minLength: BYTES, maxLength: BYTES }).map(bytes => Buffer.from(bytes))
const pairs = fc.uniqueArray(fc.record({ key, value }), {
  maxLength: 60,
  selector: pair => pair.key.toString('hex'),
})

describe('a Merkle map', () => {
  it('has the root of its definition, in whatever steps it was filled', () => {
    fc.assert(
      fc.property(pairs, fc.nat({ max: 60 }), (all, split) => {
        const world = new World()
        world.set(all.slice(split))
        world.set(all.slice(0, split))
        expect(Buffer.from(world.map.root()).toString('hex')).toBe(
          Buffer.from(rootByDefinition(all)).toString('hex'),
        )
      }),
    )
  })

  it('gives the value that was set last, and shows it', () => {
    fc.assert(
      fc.property(pairs, value, (all, changed) => {
        fc.pre(all.length > 0)
        const world = new World()
        world.set(all)
        const target = all[0] as MapChange
        const root = world.set([target, { key: target.key, value: changed }])
        expect(world.map.get(target.key)).toEqual(changed)
        for (const pair of all.slice(1)) expect(world.map.get(pair.key)).toEqual(pair.value)
        expect(verifyMapProof(root, target.key, world.map.prove(target.key))).toEqual({
          shown: 'present',
          value: changed,
        })
      }),
    )
  })

  it('shows that a key has no value', () => {
    fc.assert(
      fc.property(pairs, key, (all, absent) => {
        fc.pre(all.every(pair => Buffer.compare(pair.key, absent) !== 0))
        const world = new World()
        const root = world.set(all)
        expect(world.map.get(absent)).toBeUndefined()
        expect(verifyMapProof(root, absent, world.map.prove(absent))).toEqual({ shown: 'absent' })
      }),
    )
  })

  it('shows nothing with a proof in which a byte was changed, or for another root', () => {
    fc.assert(
      fc.property(pairs, fc.nat(), fc.nat({ max: 7 }), (all, at, bit) => {
        fc.pre(all.length > 1)
        const world = new World()
        const root = world.set(all)
        const target = all[0] as MapChange
        const proof = world.map.prove(target.key)
        const changed = flip(proof, at, bit)
        const verdict = verifyMapProof(root, target.key, changed)
        expect(verdict).toEqual({ shown: 'nothing' })
        expect(verifyMapProof(sha256(root), target.key, proof)).toEqual({ shown: 'nothing' })
      }),
    )
  })

  it('does not take a key of another place for the one that was asked for', () => {
    const world = new World()
    const [a, b] = [Buffer.alloc(BYTES, 0x00), Buffer.alloc(BYTES, 0xff)]
    const root = world.set([a, b].map(each => ({ key: each, value: sha256(each) })))
    const { siblings } = world.map.prove(a)
    const wrong = { siblings, end: world.map.prove(b).end }
    expect(verifyMapProof(root, a, wrong)).toEqual({ shown: 'nothing' })
  })

  it('is empty without keys', () => {
    const world = new World()
    expect(world.map.root()).toEqual(EMPTY)
    expect(verifyMapProof(EMPTY, sha256('any'), world.map.prove(sha256('any')))).toEqual({ shown: 'absent' })
  })

  it('refuses keys and values of another length', () => {
    const { map } = new World()
    expect(() => map.update([{ key: Buffer.alloc(31), value: Buffer.alloc(32) }])).toThrow(TypeError)
    expect(() => map.update([{ key: Buffer.alloc(32), value: Buffer.alloc(33) }])).toThrow(TypeError)
    expect(() => map.prove(Buffer.alloc(0))).toThrow(TypeError)
  })
})

describe('the forms of a map', () => {
  it('read a proof as it was written', () => {
    fc.assert(
      fc.property(pairs, key, (all, asked) => {
        const world = new World()
        world.set(all)
        const proof = world.map.prove(asked)
        const text = formatMapProof(proof)
        expect(formatMapProof(parseMapProof(text))).toBe(text)
        expect(verifyMapProof(world.map.root(), asked, parseMapProof(text)).shown).not.toBe('nothing')
      }),
    )
  })

  it('refuse other texts with a MerkleError, and nothing else', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom('-', '=', 'AAAA', ' ', '\n')).map(all => all.join('')),
    )
    fc.assert(
      fc.property(texts, text => {
        expectOnly(() => parseMapProof(text))
      }),
    )
    expect(() => parseMapProof(`${'-\n'.repeat(257)}=\n`)).toThrow(MerkleError)
    expect(parseMapProof(`${'-\n'.repeat(256)}=\n`).siblings).toHaveLength(256)
  })

  it('read a page as it was written, and refuse other bytes', () => {
    fc.assert(
      fc.property(pairs, fc.uint8Array(), (all, bytes) => {
        const world = new World()
        world.set(all)
        for (const page of world.pages.values()) expect(encodePage(decodePage(page))).toEqual(page)
        expectOnly(() => decodePage(bytes))
      }),
    )
  })
})

function expectOnly(parse: () => unknown): void {
  try {
    parse()
  } catch (error) {
    expect(error).toBeInstanceOf(MerkleError)
  }
}

/** The proof with one bit of one of its hashes changed. */
function flip({ siblings, end }: MapProof, at: number, bit: number): MapProof {
  const all = [...siblings, ...(end === undefined ? [] : [end.key, end.value])].map(bytes =>
    Buffer.from(bytes),
  )
  const target = all[at % all.length] as Buffer
  const byte = Math.floor(at / all.length) % BYTES
  target[byte] = (target[byte] as number) ^ (1 << bit)
  const [keyBytes, valueBytes] = all.slice(siblings.length)
  return {
    siblings: all.slice(0, siblings.length),
    end:
      keyBytes === undefined || valueBytes === undefined ? undefined : { key: keyBytes, value: valueBytes },
  }
}

describe('docs/spec/map.md', () => {
  it('gives the root and a proof as they are', () => {
    const page = readFileSync(new URL('../../../docs/spec/map.md', import.meta.url), 'utf8')
    const [root = '', proof = ''] = [...page.matchAll(/```text\n([^`]*)```/g)].map(
      match => match[1] as string,
    )
    const world = new World()
    world.set(['a', 'b', 'c'].map(name => ({ key: sha256(name), value: sha256(`value of ${name}`) })))
    expect(Buffer.from(world.map.root()).toString('hex')).toBe(root.trim())
    expect(formatMapProof(world.map.prove(sha256('d')))).toBe(proof)
    expect(verifyMapProof(Buffer.from(root.trim(), 'hex'), sha256('d'), parseMapProof(proof))).toEqual({
      shown: 'absent',
    })
  })
})
