import { generateKeyPairSync } from 'node:crypto'
import { CURVES } from './curves.ts'
import { parsePrivateJwk } from './jwk.ts'
import type { KeyCurve, PrivateJwk } from './types.ts'

/** A new private key from the operating system's randomness. */
export function generatePrivateJwk(curve: KeyCurve): PrivateJwk {
  const { privateKey } =
    curve === 'Ed25519'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: CURVES[curve].openssl })
  return parsePrivateJwk(privateKey.export({ format: 'jwk' }))
}
