import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import fc from 'fast-check'
import { CompactSign, compactVerify, importJWK } from 'jose'
import { describe, expect, test } from 'vitest'
import { CURVES } from '../../src/keys/curves.ts'
import { generatePrivateJwk } from '../../src/keys/generate.ts'
import { publicJwkOf } from '../../src/keys/jwk.ts'
import { parseCompact, signCompact } from '../../src/keys/jws.ts'
import { signerFromJwk } from '../../src/keys/signer.ts'
import type { JwsAlgorithm, KeyCurve, PublicJwk } from '../../src/keys/types.ts'
import { verifySignature } from '../../src/keys/verify.ts'

const curves = Object.keys(CURVES) as KeyCurve[]
const DATA = Buffer.from('what is signed')
const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

async function signed(curve: KeyCurve) {
  const jwk = generatePrivateJwk(curve)
  const signer = signerFromJwk(jwk)
  return { jwk, publicJwk: publicJwkOf(jwk), algorithm: signer.algorithm, signature: await signer.sign(DATA) }
}

describe.each(curves)('a signature of %s', curve => {
  test('verifies with its key and data only', async () => {
    const { publicJwk, algorithm, signature } = await signed(curve)
    expect(verifySignature(publicJwk, algorithm, DATA, signature)).toBe(true)
    expect(verifySignature(publicJwk, algorithm, Buffer.from('else'), signature)).toBe(false)
    const other = publicJwkOf(generatePrivateJwk(curve))
    expect(verifySignature(other, algorithm, DATA, signature)).toBe(false)
  })

  test('is accepted by node:crypto, and the other way round', async () => {
    const { jwk, publicJwk, algorithm, signature } = await signed(curve)
    const { hash } = CURVES[curve]
    const dsaEncoding = 'ieee-p1363'
    const publicKey = createPublicKey({ key: { ...publicJwk }, format: 'jwk' })
    expect(verify(hash, DATA, { key: publicKey, dsaEncoding }, signature)).toBe(true)
    const privateKey = createPrivateKey({ key: { ...jwk }, format: 'jwk' })
    for (let i = 0; i < 8; i++) {
      const theirs = sign(hash, DATA, { key: privateKey, dsaEncoding })
      expect(verifySignature(publicJwk, algorithm, DATA, theirs)).toBe(true)
    }
  })

  test('never verifies once a bit of it is changed', async () => {
    const { publicJwk, algorithm, signature } = await signed(curve)
    fc.assert(
      fc.property(fc.nat(signature.length * 8 - 1), bit => {
        const changed = Uint8Array.from(signature)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(verifySignature(publicJwk, algorithm, DATA, changed)).toBe(false)
      }),
    )
  })

  test('of any other bytes or length is false, not an error', async () => {
    const { publicJwk, algorithm, signature } = await signed(curve)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 140 }), bytes => {
        expect(verifySignature(publicJwk, algorithm, DATA, bytes)).toBe(false)
      }),
    )
    for (let length = 0; length < signature.length; length++) {
      expect(verifySignature(publicJwk, algorithm, DATA, signature.subarray(0, length))).toBe(false)
    }
    const longer = Buffer.concat([signature, Buffer.alloc(1)])
    expect(verifySignature(publicJwk, algorithm, DATA, longer)).toBe(false)
  })

  test('is false under the algorithm of another curve', async () => {
    const { publicJwk, algorithm, signature } = await signed(curve)
    for (const other of [...curves.map(name => CURVES[name].algorithm), 'none' as JwsAlgorithm]) {
      if (other !== algorithm) expect(verifySignature(publicJwk, other, DATA, signature)).toBe(false)
    }
  })

  test('is false under a key that is malformed', async () => {
    const { publicJwk, algorithm, signature } = await signed(curve)
    const { y: _, ...withoutY } = publicJwk
    const broken: PublicJwk[] = [
      { ...publicJwk, x: `${publicJwk.x}=` },
      { ...publicJwk, x: publicJwk.x.slice(2) },
      { ...publicJwk, x: '' },
      { ...publicJwk, x: Buffer.alloc(CURVES[curve].coordinateLength, 0xff).toString('base64url') },
      { ...publicJwk, kty: CURVES[curve].kty === 'EC' ? 'OKP' : 'EC' },
      { ...publicJwk, crv: 'P-521' as KeyCurve },
      { ...publicJwk, crv: 'toString' as KeyCurve },
      ...(CURVES[curve].kty === 'EC' ? [withoutY, { ...publicJwk, y: publicJwk.x }] : []),
    ]
    for (const key of broken) expect(verifySignature(key, algorithm, DATA, signature)).toBe(false)
  })

  test('in a JWS is accepted by jose, and the other way round', async () => {
    const { jwk, publicJwk, algorithm } = await signed(curve)
    if (algorithm === 'ES256K') return expectNoEs256kInJose(jwk)
    const ours = await signCompact(signerFromJwk(jwk), {}, DATA)
    const { payload } = await compactVerify(ours, await importJWK({ ...publicJwk }, algorithm))
    expect(Buffer.from(payload)).toEqual(DATA)
    const theirs = await new CompactSign(DATA)
      .setProtectedHeader({ alg: algorithm })
      .sign(await importJWK({ ...jwk }, algorithm))
    const parsed = parseCompact(theirs)
    expect(verifySignature(publicJwk, algorithm, parsed.signingInput, parsed.signature)).toBe(true)
  })
})

/** Should jose learn ES256K, this fails and the test above can hold it to that too. */
async function expectNoEs256kInJose(jwk: PublicJwk): Promise<void> {
  await expect(importJWK({ ...jwk }, 'ES256K')).rejects.toThrow()
}

test('an ES256K signature is valid with its high s too (RFC 8812 does not ask for the low one)', async () => {
  const { publicJwk, signature } = await signed('secp256k1')
  const low = BigInt(`0x${Buffer.from(signature.subarray(32)).toString('hex')}`)
  const high = Buffer.from((SECP256K1_ORDER - low).toString(16).padStart(64, '0'), 'hex')
  const twin = Buffer.concat([signature.subarray(0, 32), high])
  expect(verifySignature(publicJwk, 'ES256K', DATA, twin)).toBe(true)
  expect(Buffer.compare(twin.subarray(32), high)).toBe(0)
})

test('the caller finds its signature bytes unchanged', async () => {
  const { publicJwk, signature } = await signed('secp256k1')
  const before = Buffer.from(signature)
  verifySignature(publicJwk, 'ES256K', DATA, signature)
  expect(Buffer.from(signature)).toEqual(before)
})

test('verification goes on where more keys were used than are kept', async () => {
  const first = await signed('Ed25519')
  expect(verifySignature(first.publicJwk, 'EdDSA', DATA, first.signature)).toBe(true)
  for (let i = 0; i < 300; i++) {
    const { publicJwk, signature } = await signed('Ed25519')
    expect(verifySignature(publicJwk, 'EdDSA', DATA, signature)).toBe(true)
    expect(verifySignature(publicJwk, 'EdDSA', DATA, first.signature)).toBe(false)
  }
  expect(verifySignature(first.publicJwk, 'EdDSA', DATA, first.signature)).toBe(true)
})
