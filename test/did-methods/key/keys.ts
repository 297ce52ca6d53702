import { createECDH, generateKeyPairSync } from 'node:crypto'
import type { MultikeyType, SingleMultikey } from '../../../did-methods/key/multikey.ts'

/** Published points of BLS12-381: the generators (draft-irtf-cfrg-pairing-friendly-curves section 4.2.1), compressed. */
export const G1_GENERATOR =
  '97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb'
export const G2_GENERATOR =
  '93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e' +
  '024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8'

const CURVES = {
  secp256k1: 'secp256k1',
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
} as const

/** A new public key of a type, made by OpenSSL. */
export function newKey(type: Exclude<MultikeyType, `BLS${string}`>, rsaBits = 2048): SingleMultikey {
  if (type === 'RSA') {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: rsaBits })
    return { type, bytes: publicKey.export({ type: 'pkcs1', format: 'der' }) }
  }
  if (type === 'Ed25519' || type === 'X25519') {
    const { publicKey } = type === 'Ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519')
    return { type, bytes: Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url') }
  }
  const ecdh = createECDH(CURVES[type])
  ecdh.generateKeys()
  return { type, bytes: ecdh.getPublicKey(null, 'compressed') }
}
