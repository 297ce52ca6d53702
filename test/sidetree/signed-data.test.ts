import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeBase64url } from '../../src/codec/base64url.ts'
import { encodedMultihash } from '../../src/codec/multihash.ts'
import { revealValueOf } from '../../src/sidetree/commitment.ts'
import { SidetreeError } from '../../src/sidetree/errors.ts'
import { type ProtocolParameters, ROOTLINE } from '../../src/sidetree/parameters.ts'
import { parseSignedData } from '../../src/sidetree/signed-data.ts'
import { ION, publicKey } from './operations.ts'

const KEY = publicKey('update')
const DELTA_HASH = encodedMultihash('a delta')
/** As most software writes the payload of an update. */
const PLAIN = JSON.stringify({
  updateKey: { kty: KEY.kty, crv: KEY.crv, x: KEY.x, y: KEY.y },
  deltaHash: DELTA_HASH,
})

/** What reading an update with this payload gives: what it says, or the code of what is wrong. */
function read(payload: string, alg: string, params: ProtocolParameters): unknown {
  const [header, body] = [JSON.stringify({ alg }), payload].map(text => encodeBase64url(Buffer.from(text)))
  const signedData = `${header}.${body}.${encodeBase64url(Buffer.alloc(64, 1))}`
  try {
    const input = { type: 'update' as const, didSuffix: '', revealValue: revealValueOf(KEY), signedData }
    const { data, key } = parseSignedData(input, params)
    return { data, key }
  } catch (error) {
    if (error instanceof SidetreeError) return error.code
    throw error
  }
}

/** Changes that leave the text as long as it is, so that it may still be taken for the usual one. */
const changed = fc
  .tuple(
    fc.nat(PLAIN.length - 1),
    fc.constantFrom('A', 'B', 'Q', '_', '"', '\\', '{', ' ', '=', 'é', '\u0000', '0'),
    fc.boolean(),
  )
  .map(([at, by, isChanged]) => (isChanged ? `${PLAIN.slice(0, at)}${by}${PLAIN.slice(at + 1)}` : PLAIN))

describe('the payload of an update in its most usual form', () => {
  it('says what it says with white space in it', () => {
    expect(read(PLAIN, 'ES256K', ROOTLINE)).toEqual({
      data: { key: KEY, algorithm: 'ES256K', deltaHash: DELTA_HASH },
      key: KEY,
    })
    fc.assert(
      fc.property(
        changed,
        fc.constantFrom('ES256K', 'ES256', 'none'),
        fc.constantFrom(ROOTLINE, ION),
        (payload, alg, params) => {
          expect(read(payload, alg, params)).toEqual(read(` ${payload}`, alg, params))
        },
      ),
    )
  })

  it('is refused where its curve is not among those of the protocol', () => {
    const params: ProtocolParameters = { ...ROOTLINE, keyCurves: ['P-256'] }
    expect(read(PLAIN, 'ES256K', params)).toBe('OPERATION_KEY_INVALID')
    expect(read(PLAIN, 'ES256', ROOTLINE)).toBe('SIGNED_DATA_ALGORITHM_INVALID')
  })
})
