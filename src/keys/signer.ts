import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { decodeBase64url } from '../codec/base64url.ts'
import { CURVES } from './curves.ts'
import { es256k } from './es256k.ts'
import { encodePoint, parsePrivateJwk, publicJwkOf } from './jwk.ts'
import type { JwsAlgorithm, PrivateJwk, PublicJwk, Signer } from './types.ts'

/**
 * A signer with a key in memory. Neither its properties nor an inspection of it show the private key. ES256K and
 * EdDSA signatures are the same each time (RFC 6979, RFC 8032); ES256K ones have a low s.
 * @throws KeyError KEY_INVALID, KEY_UNSUPPORTED
 */
export function signerFromJwk(jwk: PrivateJwk): Signer {
  const checked = parsePrivateJwk(jwk)
  return checked.crv === 'secp256k1' ? new Es256kSigner(checked) : new OpensslSigner(checked)
}

class Es256kSigner implements Signer {
  readonly publicJwk: PublicJwk
  readonly algorithm: JwsAlgorithm = 'ES256K'
  readonly #d: Uint8Array
  readonly #point: Uint8Array

  constructor(jwk: PrivateJwk) {
    this.publicJwk = publicJwkOf(jwk)
    this.#d = decodeBase64url(jwk.d)
    this.#point = encodePoint(jwk) ?? new Uint8Array()
  }

  async sign(bytes: Uint8Array): Promise<Uint8Array> {
    return es256k.sign(this.#d, this.#point, bytes)
  }
}

class OpensslSigner implements Signer {
  readonly publicJwk: PublicJwk
  readonly algorithm: JwsAlgorithm
  readonly #key: KeyObject
  readonly #hash: 'sha256' | 'sha384' | null

  constructor(jwk: PrivateJwk) {
    this.publicJwk = publicJwkOf(jwk)
    this.algorithm = CURVES[jwk.crv].algorithm
    this.#hash = CURVES[jwk.crv].hash
    this.#key = createPrivateKey({ key: { ...jwk }, format: 'jwk' })
  }

  async sign(bytes: Uint8Array): Promise<Uint8Array> {
    return this.#hash === null
      ? sign(null, bytes, this.#key)
      : sign(this.#hash, bytes, { key: this.#key, dsaEncoding: 'ieee-p1363' })
  }
}
