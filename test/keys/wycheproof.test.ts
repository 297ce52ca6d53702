import { describe, expect, test } from 'vitest'
import { CURVES } from '../../src/keys/curves.ts'
import { es256k, libsecp256k1, openssl } from '../../src/keys/es256k.ts'
import { encodePoint, parsePublicJwk } from '../../src/keys/jwk.ts'
import { parseCompact } from '../../src/keys/jws.ts'
import type { KeyCurve, PublicJwk } from '../../src/keys/types.ts'
import { verifySignature } from '../../src/keys/verify.ts'
import { corpusJson, hasCorpus } from '../corpus.ts'

interface Case {
  tcId: number
  comment: string
  result: 'valid' | 'invalid' | 'acceptable'
  msg: string
  sig: string
}
interface Group {
  publicKeyJwk?: Record<string, unknown>
  publicKey: { uncompressed?: string }
  tests: Case[]
}
interface JoseGroup {
  comment: string
  public?: Record<string, unknown>
  tests: { tcId: number; comment: string; result: string; jws: unknown }[]
}

const FOLDER = ['credentials', 'wycheproof', 'testvectors_v1']
const FILES: [file: string, curve: KeyCurve, count: number][] = [
  ['ed25519_test.json', 'Ed25519', 151],
  ['ecdsa_secp256r1_sha256_p1363_test.json', 'P-256', 262],
  ['ecdsa_secp384r1_sha384_p1363_test.json', 'P-384', 280],
  ['ecdsa_secp256k1_sha256_p1363_test.json', 'secp256k1', 252],
]

function groups(file: string): Group[] {
  return corpusJson<{ testGroups: Group[] }>(...FOLDER, file).testGroups
}

/** Some groups have the point alone. */
function publicJwk({ publicKeyJwk, publicKey }: Group, crv: KeyCurve): PublicJwk {
  const point = Buffer.from(publicKey.uncompressed ?? '', 'hex').subarray(1)
  const [x, y] = [point.subarray(0, point.length / 2), point.subarray(point.length / 2)]
  const jwk = publicKeyJwk ?? { kty: 'EC', crv, x: x.toString('base64url'), y: y.toString('base64url') }
  return parsePublicJwk(jwk, { unknownMembers: 'strip' })
}

describe.runIf(hasCorpus)('Wycheproof', () => {
  test.each(FILES)('%s: every verdict of %s', (file, curve, count) => {
    let seen = 0
    for (const group of groups(file)) {
      for (const { tcId, comment, result, msg, sig } of group.tests) {
        const verdict = verifySignature(
          publicJwk(group, curve),
          CURVES[curve].algorithm,
          Buffer.from(msg, 'hex'),
          Buffer.from(sig, 'hex'),
        )
        expect.soft(verdict, `${tcId} ${comment}`).toBe(result === 'valid')
        seen++
      }
    }
    expect(seen).toBe(count)
  })

  test('ES256K: both libraries give every verdict', () => {
    for (const group of groups('ecdsa_secp256k1_sha256_p1363_test.json')) {
      const point = encodePoint(publicJwk(group, 'secp256k1')) ?? Buffer.alloc(0)
      for (const { tcId, comment, result, msg, sig } of group.tests) {
        for (const library of [es256k, openssl, libsecp256k1 ?? es256k]) {
          const verdict = library.verify(point, Buffer.from(msg, 'hex'), Buffer.from(sig, 'hex'))
          expect.soft(verdict, `${library.name} ${tcId} ${comment}`).toBe(result === 'valid')
        }
      }
    }
  })

  test('json_web_crypto_test.json: every verdict of the ES256 key', () => {
    const all = corpusJson<{ testGroups: JoseGroup[] }>(...FOLDER, 'json_web_crypto_test.json').testGroups
    const group = all.find(({ comment }) => comment === 'jws_ec')
    const jwk = parsePublicJwk(group?.public, { unknownMembers: 'strip' })
    for (const { tcId, comment, result, jws } of group?.tests ?? []) {
      expect.soft(acceptsEs256(jwk, String(jws)), `${tcId} ${comment}`).toBe(result === 'valid')
    }
    expect(group?.tests).toHaveLength(15)
  })
})

function acceptsEs256(jwk: PublicJwk, text: string): boolean {
  try {
    const { header, signingInput, signature } = parseCompact(text)
    return header['alg'] === 'ES256' && verifySignature(jwk, 'ES256', signingInput, signature)
  } catch {
    return false
  }
}
