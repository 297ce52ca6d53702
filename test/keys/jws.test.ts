import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeBase64url } from '../../src/codec/base64url.ts'
import { KeyError } from '../../src/keys/errors.ts'
import { generatePrivateJwk } from '../../src/keys/generate.ts'
import { parsePublicJwk } from '../../src/keys/jwk.ts'
import { parseCompact, signCompact } from '../../src/keys/jws.ts'
import { signerFromJwk } from '../../src/keys/signer.ts'
import { verifySignature } from '../../src/keys/verify.ts'
import { codeOf } from './code-of.ts'

/** RFC 8037 appendix A.4. */
const RFC8037 = {
  jwk: {
    kty: 'OKP',
    crv: 'Ed25519',
    d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
    x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  },
  payload: 'Example of Ed25519 signing',
  jws: 'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg',
} as const

/** RFC 7515 appendix A.3. */
const RFC7515 = {
  jwk: {
    kty: 'EC',
    crv: 'P-256',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  },
  jws: 'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
} as const

const jwsOf = (header: string, payload = '', signature = '') =>
  [header, payload, signature].map(part => encodeBase64url(Buffer.from(part))).join('.')

describe('a compact JWS', () => {
  test('of RFC 8037 appendix A.4 is made and verified', async () => {
    const made = await signCompact(signerFromJwk(RFC8037.jwk), {}, Buffer.from(RFC8037.payload))
    expect(made).toBe(RFC8037.jws)
    const { header, headerText, payload, signingInput, signature } = parseCompact(RFC8037.jws)
    expect(header).toEqual({ alg: 'EdDSA' })
    expect(headerText).toBe('{"alg":"EdDSA"}')
    expect(payload.toString()).toBe(RFC8037.payload)
    const { d: _, ...publicJwk } = RFC8037.jwk
    expect(verifySignature(publicJwk, 'EdDSA', signingInput, signature)).toBe(true)
  })

  test('of RFC 7515 appendix A.3 verifies', () => {
    const { signingInput, signature } = parseCompact(RFC7515.jws)
    expect(verifySignature(parsePublicJwk(RFC7515.jwk), 'ES256', signingInput, signature)).toBe(true)
  })

  test('is signed with the algorithm of its signer, and no other', async () => {
    const signer = signerFromJwk(generatePrivateJwk('P-384'))
    const made = await signCompact(signer, { kid: 'k', alg: 'ES384' }, Buffer.from('x'))
    expect(parseCompact(made).header).toEqual({ alg: 'ES384', kid: 'k' })
    await expect(signCompact(signer, { alg: 'ES256' }, Buffer.from('x'))).rejects.toThrow(TypeError)
  })

  test.each([
    ['is empty', ''],
    ['has two parts', 'e30.e30'],
    ['has four parts', 'e30.e30.e30.e30'],
    ['has five parts', 'e30....'],
    ['has no header', '.e30.AA'],
    ['has a header that is not an object', jwsOf('[]')],
    ['has a header that is not JSON', jwsOf('{')],
    ['has a header with a repeated member', jwsOf('{"alg":"ES256","alg":"none"}')],
    ['has a header with something after it', jwsOf('{}{}')],
    ['has a header with a lone surrogate', jwsOf('{"alg":"\\ud800"}')],
    ['has a header nested deep', jwsOf(`{"a":${'['.repeat(1000)}${']'.repeat(1000)}}`)],
    ['has a header that is not UTF-8', `${encodeBase64url(Buffer.from('7b22ff223a317d', 'hex'))}..`],
    ['has a header after a byte order mark', jwsOf('\ufeff{}')],
    ['has padding', `${jwsOf('{}', 'a')}A==`],
    ['has the other base64 alphabet', 'e30.+/+/.AA'],
    ['has white space', `${jwsOf('{}', 'a', 'bcd')}\n`],
    ['has unused bits set', 'e30.YR.AA'],
    ['has a part of impossible length', 'e30.YQ.A'],
    ['has other characters', 'e30.YQ.\u{1f511}'],
  ])('that %s is refused', (_, text) => {
    expect(codeOf(() => parseCompact(text))).toBe('JWS_INVALID')
  })

  test('beyond the bound is refused before it is read', () => {
    expect(codeOf(() => parseCompact(RFC7515.jws, { maxBytes: RFC7515.jws.length - 1 }))).toBe(
      'JWS_TOO_LARGE',
    )
    expect(codeOf(() => parseCompact('.'.repeat((1 << 20) + 1)))).toBe('JWS_TOO_LARGE')
    expect(codeOf(() => parseCompact(RFC7515.jws, { maxBytes: RFC7515.jws.length }))).toBeUndefined()
  })

  test('with a repeated header member is read where the caller asks for it, and the last one wins', () => {
    const text = jwsOf('{"alg":"ES256","alg":"none"}')
    expect(parseCompact(text, { duplicateMembers: true }).header).toEqual({ alg: 'none' })
  })

  test('without a signature is read, since its alg is for the caller to judge', () => {
    expect(parseCompact(jwsOf('{"alg":"none"}', 'x'))).toMatchObject({ signature: Buffer.alloc(0) })
  })

  test('of any text is refused with a KeyError, or is the one spelling of its parts', () => {
    const part = fc.oneof(
      fc.base64String(),
      fc.json().map(json => encodeBase64url(Buffer.from(json))),
    )
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(part, { maxLength: 4 }).map(parts => parts.join('.')),
    )
    fc.assert(fc.property(text, expectStrict))
  })

  test('cut or changed anywhere is refused with a KeyError, or is the one spelling of its parts', () => {
    for (let length = 0; length < RFC7515.jws.length; length++) expectStrict(RFC7515.jws.slice(0, length))
    fc.assert(
      fc.property(fc.nat(RFC7515.jws.length - 1), fc.string({ maxLength: 3 }), (at, inserted) => {
        expectStrict(RFC7515.jws.slice(0, at) + inserted + RFC7515.jws.slice(at + 1))
      }),
    )
  })

  test('of any header and payload is read back as it was signed', async () => {
    const signer = signerFromJwk(generatePrivateJwk('secp256k1'))
    const payloads = fc.uint8Array({ maxLength: 300 })
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.string()), payloads, async (header, payload) => {
        const { alg: _, ...rest } = header
        const parsed = parseCompact(await signCompact(signer, rest, payload))
        expect({ ...parsed.header }).toEqual({ ...rest, alg: 'ES256K' })
        expect([...parsed.payload]).toEqual([...payload])
        expect(verifySignature(signer.publicJwk, 'ES256K', parsed.signingInput, parsed.signature)).toBe(true)
      }),
    )
  })
})

function expectStrict(text: string): void {
  try {
    const { headerText, payload, signature, signingInput } = parseCompact(text)
    const parts = [Buffer.from(headerText), payload, signature].map(encodeBase64url)
    expect(parts.join('.')).toBe(text)
    expect(signingInput.toString()).toBe(parts.slice(0, 2).join('.'))
  } catch (error) {
    if (!(error instanceof KeyError)) throw error
  }
}
