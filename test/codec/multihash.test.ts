import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeBase64url } from '../../src/codec/base64url.ts'
import { sha256 } from '../../src/codec/hash.ts'
import { canonicalize } from '../../src/codec/jcs.ts'
import type { JsonValue } from '../../src/codec/json.ts'
import {
  decodeMultihash,
  encodedMultihash,
  isEncodedMultihash,
  multihashOfDigest,
} from '../../src/codec/multihash.ts'
import { corpusJson, hasCorpus } from '../corpus.ts'
import { failure } from './failure.ts'

const encode = (...bytes: number[]) => encodeBase64url(Uint8Array.from(bytes))
const zeros = (count: number) => Array<number>(count).fill(0)

describe('multihash', () => {
  it('is 12 20 and the digest, 46 characters that start with Ei', () => {
    const text = encodedMultihash('abc')
    expect(text).toMatch(/^Ei[A-D][\w-]{43}$/)
    expect(decodeMultihash(text)).toEqual(sha256('abc'))
    expect(multihashOfDigest(sha256('abc')).subarray(0, 2).toString('hex')).toBe('1220')
  })

  it.each([
    ['nothing', '', 'MULTIHASH_INVALID'],
    ['a code alone', encode(0x12), 'MULTIHASH_INVALID'],
    ['a digest that is a byte short', encode(0x12, 0x20, ...zeros(31)), 'MULTIHASH_INVALID'],
    ['a digest that is a byte long', encode(0x12, 0x20, ...zeros(33)), 'MULTIHASH_INVALID'],
    ['a length of 31 that is true', encode(0x12, 0x1f, ...zeros(31)), 'MULTIHASH_INVALID'],
    ['a length of 31 before 32 bytes', encode(0x12, 0x1f, ...zeros(32)), 'MULTIHASH_INVALID'],
    ['SHA2-512', encode(0x13, 0x40, ...zeros(64)), 'MULTIHASH_UNSUPPORTED'],
    ['identity', encode(0x00, 0x20, ...zeros(32)), 'MULTIHASH_UNSUPPORTED'],
    ['SHA3-256', encode(0x16, 0x20, ...zeros(32)), 'MULTIHASH_UNSUPPORTED'],
    ['padding', `${encodedMultihash('')}==`, 'BASE64URL_INVALID'],
    ['another spelling', `${encode(0x12, 0x20, ...zeros(32)).slice(0, -1)}B`, 'BASE64URL_INVALID'],
  ] as const)('refuses %s', (_, text, code) => {
    expect(failure(() => decodeMultihash(text))).toBe(code)
    expect(isEncodedMultihash(text)).toBe(false)
  })

  it('takes a digest of another length as misuse', () => {
    expect(() => multihashOfDigest(new Uint8Array(31))).toThrow(TypeError)
  })

  it('accepts exactly what it writes', () => {
    const mutated = fc
      .tuple(fc.uint8Array({ minLength: 1 }), fc.nat(45), fc.string({ minLength: 1, maxLength: 1 }))
      .map(
        ([bytes, at, c]) => encodedMultihash(bytes).slice(0, at) + c + encodedMultihash(bytes).slice(at + 1),
      )
    fc.assert(
      fc.property(fc.oneof(fc.string(), mutated), text => {
        const accepted = failure(() => decodeMultihash(text)) === undefined
        expect(isEncodedMultihash(text)).toBe(accepted)
        if (accepted) expect(encodeBase64url(multihashOfDigest(decodeMultihash(text)))).toBe(text)
      }),
    )
  })

  it.runIf(hasCorpus)('hashes the deltas of the golden batch as their creates say', () => {
    type Create = { delta: JsonValue; suffixData: { deltaHash: string } }
    const { operations } = corpusJson<{ operations: { create: Create[] } }>(
      'sidetree/generated/golden-batch.json',
    )
    expect(operations.create.length).toBeGreaterThan(0)
    for (const { delta, suffixData } of operations.create) {
      expect(encodedMultihash(canonicalize(delta))).toBe(suffixData.deltaHash)
    }
  })
})
