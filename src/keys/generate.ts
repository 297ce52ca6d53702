import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { encodeBase64url } from '../codec/base64url.ts'
import { CURVES } from './curves.ts'
import { es256k } from './es256k.ts'
import { parsePrivateJwk } from './jwk.ts'
import type { KeyCurve, PrivateJwk } from './types.ts'

/** A new private key from the operating system's randomness. */
export function generatePrivateJwk(curve: KeyCurve): PrivateJwk {
  if (curve === 'secp256k1') return generateSecp256k1()
  const { privateKey } =
    curve === 'Ed25519'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: CURVES[curve].openssl })
  return parsePrivateJwk(privateKey.export({ format: 'jwk' }))
}

/** As FIPS 186-5 appendix A.2.2 does: random bytes until they are a private key, which takes one try but for chance. */
function generateSecp256k1(): PrivateJwk {
  for (;;) {
    const d = randomBytes(32)
    const point = es256k.publicPoint(d)
    if (point === undefined) continue
    const [x, y] = [point.subarray(1, 33), point.subarray(33)].map(encodeBase64url)
    return parsePrivateJwk({ kty: 'EC', crv: 'secp256k1', x, y, d: encodeBase64url(d) })
  }
}
