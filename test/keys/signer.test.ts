import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { CURVES } from '../../src/keys/curves.ts'
import { generatePrivateJwk } from '../../src/keys/generate.ts'
import { publicJwkOf } from '../../src/keys/jwk.ts'
import { signerFromJwk } from '../../src/keys/signer.ts'
import type { KeyCurve } from '../../src/keys/types.ts'
import { verifySignature } from '../../src/keys/verify.ts'
import { codeOf } from './code-of.ts'

const curves = Object.keys(CURVES) as KeyCurve[]

describe.each(curves)('a signer of %s', curve => {
  test('gives its public key and algorithm, and signs any length of bytes', async () => {
    const jwk = generatePrivateJwk(curve)
    const signer = signerFromJwk(jwk)
    expect(signer.publicJwk).toEqual(publicJwkOf(jwk))
    expect(signer.algorithm).toBe(CURVES[curve].algorithm)
    for (const length of [0, 1, 100_000]) {
      const data = Buffer.alloc(length, 1)
      const signature = await signer.sign(data)
      expect(signature).toHaveLength(CURVES[curve].signatureLength)
      expect(verifySignature(signer.publicJwk, signer.algorithm, data, signature)).toBe(true)
    }
  })

  test('shows its private key to no one who prints it', () => {
    const jwk = generatePrivateJwk(curve)
    const signer = signerFromJwk(jwk)
    const shown = [
      JSON.stringify(signer),
      JSON.stringify({ ...signer }),
      inspect(signer, { showHidden: true, depth: 20, getters: true }),
      String(signer),
    ].join()
    const d = Buffer.from(jwk.d, 'base64url')
    expect(shown).toContain(jwk.x)
    for (const secret of [
      jwk.d,
      d.toString('hex'),
      d.toString('base64'),
      [...d].join(', '),
      [...d].join(','),
    ]) {
      expect(shown).not.toContain(secret)
    }
  })

  test('is not made from a key whose parts do not belong together', () => {
    const jwk = { ...generatePrivateJwk(curve), d: generatePrivateJwk(curve).d }
    expect(codeOf(() => signerFromJwk(jwk))).toBe('KEY_INVALID')
  })
})

test.each(['Ed25519', 'secp256k1'] as const)('signatures of %s are the same each time', async curve => {
  const signer = signerFromJwk(generatePrivateJwk(curve))
  expect(await signer.sign(Buffer.from('a'))).toEqual(await signer.sign(Buffer.from('a')))
})
