import fc from 'fast-check'
import { calculateJwkThumbprint } from 'jose'
import { describe, expect, test } from 'vitest'
import { CURVES } from '../../src/keys/curves.ts'
import { KeyError } from '../../src/keys/errors.ts'
import { generatePrivateJwk } from '../../src/keys/generate.ts'
import { encodePoint, parsePrivateJwk, parsePublicJwk, publicJwkOf, thumbprint } from '../../src/keys/jwk.ts'
import type { KeyCurve } from '../../src/keys/types.ts'
import { codeOf } from './code-of.ts'

const curves = Object.keys(CURVES) as KeyCurve[]
const ecCurves = curves.filter(curve => CURVES[curve].kty === 'EC')

/** RFC 8037 appendix A.1. */
const RFC8037 = {
  kty: 'OKP',
  crv: 'Ed25519',
  d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
} as const

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')

/** A key whose x begins with a zero byte; of 256 keys about one does. */
function keyWithLeadingZero(curve: KeyCurve) {
  for (;;) {
    const jwk = generatePrivateJwk(curve)
    if (Buffer.from(jwk.x, 'base64url')[0] === 0) return jwk
  }
}

describe('a public JWK', () => {
  test.each(curves)('of %s is read as it is', curve => {
    const jwk = publicJwkOf(generatePrivateJwk(curve))
    expect(parsePublicJwk({ ...jwk })).toEqual(jwk)
  })

  test('may hold a nonce of 16 bytes, and no other', () => {
    const jwk = { ...publicJwkOf(generatePrivateJwk('secp256k1')), nonce: base64url(Buffer.alloc(16, 7)) }
    expect(parsePublicJwk(jwk)).toEqual(jwk)
    expect(codeOf(() => parsePublicJwk({ ...jwk, nonce: base64url(Buffer.alloc(15)) }))).toBe('KEY_INVALID')
  })

  test.each(curves)(
    'of %s with a private part is refused, also where unknown members are stripped',
    curve => {
      const jwk = generatePrivateJwk(curve)
      expect(codeOf(() => parsePublicJwk(jwk))).toBe('KEY_PRIVATE')
      expect(codeOf(() => parsePublicJwk(jwk, { unknownMembers: 'strip' }))).toBe('KEY_PRIVATE')
    },
  )

  test('with an unknown member is refused, or read without it', () => {
    const jwk = publicJwkOf(generatePrivateJwk('P-256'))
    const foreign = { ...jwk, kid: 'k', alg: 'ES256', use: 'sig' }
    expect(codeOf(() => parsePublicJwk(foreign))).toBe('KEY_INVALID')
    expect(parsePublicJwk(foreign, { unknownMembers: 'strip' })).toEqual(jwk)
  })

  test('of an Ed25519 key with a y is refused', () => {
    const jwk = { ...publicJwkOf(RFC8037), y: RFC8037.x }
    expect(codeOf(() => parsePublicJwk(jwk))).toBe('KEY_INVALID')
  })

  test.each([
    ['another key type', { kty: 'RSA', n: 'AQAB', e: 'AQAB' }, 'KEY_UNSUPPORTED'],
    ['another curve', { kty: 'EC', crv: 'P-521', x: 'AA', y: 'AA' }, 'KEY_UNSUPPORTED'],
    [
      'a curve named like a member of every object',
      { kty: 'EC', crv: 'toString', x: '', y: '' },
      'KEY_UNSUPPORTED',
    ],
    ['a curve of another key type', { kty: 'EC', crv: 'Ed25519', x: RFC8037.x }, 'KEY_INVALID'],
    ['no curve', { kty: 'EC', x: RFC8037.x, y: RFC8037.x }, 'KEY_INVALID'],
    ['no y', { kty: 'EC', crv: 'P-256', x: RFC8037.x }, 'KEY_INVALID'],
    ['a number as x', { kty: 'OKP', crv: 'Ed25519', x: 1 }, 'KEY_INVALID'],
    ['null', null, 'KEY_INVALID'],
    ['an array', [], 'KEY_INVALID'],
    ['a string', 'EC', 'KEY_INVALID'],
  ])('that is %s is refused', (_, value, code) => {
    expect(codeOf(() => parsePublicJwk(value))).toBe(code)
  })

  test.each(ecCurves)('of %s that is not a point of the curve is refused', curve => {
    const jwk = publicJwkOf(generatePrivateJwk(curve))
    const y = Buffer.from(jwk.y ?? '', 'base64url')
    y.writeUInt8(y.readUInt8(0) ^ 1)
    expect(codeOf(() => parsePublicJwk({ ...jwk, y: base64url(y) }))).toBe('KEY_INVALID')
    const zero = base64url(Buffer.alloc(CURVES[curve].coordinateLength))
    expect(codeOf(() => parsePublicJwk({ ...jwk, x: zero, y: zero }))).toBe('KEY_INVALID')
  })

  test.each(ecCurves)('of %s with a coordinate as long as the field and beyond it is refused', curve => {
    const all = base64url(Buffer.alloc(CURVES[curve].coordinateLength, 0xff))
    expect(codeOf(() => parsePublicJwk({ kty: 'EC', crv: curve, x: all, y: all }))).toBe('KEY_INVALID')
  })

  test.each([
    ['has no x for its y', '0200000000000000000000000000000000000000000000000000000000000000'],
    ['has y of the prime and more', 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['is the neutral point', '0100000000000000000000000000000000000000000000000000000000000000'],
    [
      'is the neutral point with the sign of x set',
      '0100000000000000000000000000000000000000000000000000000000000080',
    ],
    ['has order 2', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['has order 4', '0000000000000000000000000000000000000000000000000000000000000000'],
    ['has order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
    ['has order 8, the other y', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
  ])('of Ed25519 that %s is refused', (_, hex) => {
    const x = base64url(Buffer.from(hex, 'hex'))
    expect(codeOf(() => parsePublicJwk({ kty: 'OKP', crv: 'Ed25519', x }))).toBe('KEY_INVALID')
  })

  test('of Ed25519 is a point for about half of all y', () => {
    let points = 0
    for (let i = 0; i < 200; i++) {
      const x = base64url(Buffer.alloc(32, i + 2))
      if (codeOf(() => parsePublicJwk({ kty: 'OKP', crv: 'Ed25519', x })) === undefined) points++
    }
    expect(points).toBeGreaterThan(60)
    expect(points).toBeLessThan(140)
  })

  test.each(curves)('of %s has one spelling of each coordinate', curve => {
    const jwk = publicJwkOf(generatePrivateJwk(curve))
    for (const x of [`${jwk.x}=`, ` ${jwk.x}`, `${jwk.x}\n`, jwk.x.slice(1), `A${jwk.x}`, `AAAA${jwk.x}`]) {
      expect(codeOf(() => parsePublicJwk({ ...jwk, x }))).toBe('KEY_INVALID')
    }
  })

  test('with unused bits set in the last character is refused', () => {
    const last = RFC8037.x.slice(-1)
    const x = RFC8037.x.slice(0, -1) + String.fromCharCode(last.charCodeAt(0) + 1)
    expect(Buffer.from(x, 'base64url')).toEqual(Buffer.from(RFC8037.x, 'base64url'))
    expect(codeOf(() => parsePublicJwk({ kty: 'OKP', crv: 'Ed25519', x }))).toBe('KEY_INVALID')
  })

  // ion-tools#23
  test.each(ecCurves)('of %s keeps the zero bytes that a coordinate begins with', curve => {
    const jwk = keyWithLeadingZero(curve)
    expect(jwk.x).toHaveLength(Math.ceil((CURVES[curve].coordinateLength * 4) / 3))
    expect(parsePublicJwk(publicJwkOf(jwk))).toEqual(publicJwkOf(jwk))
    const short = base64url(Buffer.from(jwk.x, 'base64url').subarray(1))
    expect(codeOf(() => parsePublicJwk({ ...publicJwkOf(jwk), x: short }))).toBe('KEY_INVALID')
  })

  test('of any shape gives a key or a KeyError', () => {
    fc.assert(
      fc.property(fc.anything(), value => {
        expect(isKeyOrKeyError(value)).toBe(true)
      }),
    )
    const member = fc.oneof(fc.constantFrom('EC', 'OKP', ...curves), fc.base64String(), fc.jsonValue())
    const shape = fc.record({ kty: member, crv: member, x: member, y: member }, { requiredKeys: [] })
    fc.assert(
      fc.property(shape, value => {
        expect(isKeyOrKeyError(value)).toBe(true)
      }),
    )
  })

  test('with one character changed is another key or a KeyError', () => {
    const keys = curves.map(curve => publicJwkOf(generatePrivateJwk(curve)))
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.nat(42), fc.string({ maxLength: 2 }), (jwk, at, text) => {
        const changed = { ...jwk, x: jwk.x.slice(0, at) + text + jwk.x.slice(at + 1) }
        if (changed.x === jwk.x || codeOf(() => parsePublicJwk(changed)) !== undefined) return
        expect(encodePoint(changed)).not.toEqual(encodePoint(jwk))
      }),
    )
  })
})

describe('a private JWK', () => {
  test.each(curves)('of %s is read as it is', curve => {
    const jwk = generatePrivateJwk(curve)
    expect(parsePrivateJwk({ ...jwk })).toEqual(jwk)
  })

  test.each(curves)('of %s with the private key of another is refused', curve => {
    const jwk = { ...generatePrivateJwk(curve), d: generatePrivateJwk(curve).d }
    expect(codeOf(() => parsePrivateJwk(jwk))).toBe('KEY_INVALID')
  })

  test.each(ecCurves)('of %s whose d is zero, or not below the order, is refused', curve => {
    const length = CURVES[curve].coordinateLength
    for (const d of [Buffer.alloc(length), Buffer.alloc(length, 0xff)]) {
      const jwk = { ...generatePrivateJwk(curve), d: base64url(d) }
      expect(codeOf(() => parsePrivateJwk(jwk))).toBe('KEY_INVALID')
    }
  })

  test('without d is refused', () => {
    expect(codeOf(() => parsePrivateJwk(publicJwkOf(RFC8037)))).toBe('KEY_INVALID')
  })

  test('is never repeated in a message', () => {
    const jwk = generatePrivateJwk('P-256')
    for (const broken of [
      { ...jwk, d: `${jwk.d}A` },
      { ...jwk, x: jwk.y },
      { ...jwk, extra: jwk.d },
    ]) {
      expect(() => parsePrivateJwk(broken)).toThrow(KeyError)
      expect(() => parsePrivateJwk(broken)).not.toThrow(jwk.d)
    }
  })
})

describe('a thumbprint', () => {
  test('is that of RFC 8037 appendix A.3', () => {
    expect(thumbprint(publicJwkOf(RFC8037))).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
  })

  test.each(curves)('of %s is the one that jose computes', async curve => {
    const jwk = generatePrivateJwk(curve)
    expect(thumbprint(jwk)).toBe(await calculateJwkThumbprint({ ...jwk }))
  })

  test('depends on the key alone', () => {
    const jwk = generatePrivateJwk('secp256k1')
    expect(thumbprint(jwk)).toBe(thumbprint({ ...publicJwkOf(jwk), nonce: base64url(Buffer.alloc(16)) }))
  })
})

function isKeyOrKeyError(value: unknown): boolean {
  try {
    return thumbprint(parsePublicJwk(value, { unknownMembers: 'strip' })).length === 43
  } catch (error) {
    return error instanceof KeyError
  }
}
