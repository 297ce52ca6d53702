import { createPublicKey, verify } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MerkleError } from '../../src/merkle/errors.ts'
import { parseNote, signNote, verifyNote } from '../../src/merkle/note.ts'
import { COSIGNATURE_V1, COSIGNER_TYPES, LOG_TYPES, ML_DSA_44 } from '../../src/merkle/signature-types.ts'
import { formatSigningKey, parseCosignerKey, parseSigningKey } from '../../src/merkle/signing-key.ts'
import { formatVkey, isKeyName, parseVkey } from '../../src/merkle/vkey.ts'

// The example of C2SP signed-note, Verifier keys.
const VKEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'

describe('verifier keys (C2SP signed-note)', () => {
  it('reads name, key ID and type', () => {
    expect(parseVkey(VKEY)).toMatchObject({ name: 'example.com/foo', keyId: '530d903a', type: 1, vkey: VKEY })
  })

  it('splits at the first two plus signs, since base64 has some too', () => {
    // sum.golang.org's key has a plus in its base64.
    const sumdb = 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8'
    expect(parseVkey(sumdb)).toMatchObject({ name: 'sum.golang.org', keyId: '033de0ae' })
  })

  it.each([
    ['another key ID', VKEY.replace('530d903a', '530d903b')],
    ['an upper-case key ID', VKEY.replace('530d903a', '530D903A')],
    ['another name', VKEY.replace('foo', 'bar')],
    ['a space in the name', VKEY.replace('foo', 'f o')],
    ['no name', VKEY.slice(VKEY.indexOf('+'))],
    ['a shorter key', VKEY.slice(0, -4)],
    ['unused bits', `${VKEY.slice(0, -1)}l=`],
    ['one plus sign', 'example.com/foo+530d903a'],
    ['nothing', ''],
    ['no end', `${VKEY}${'A'.repeat(5000)}`],
  ])('refuses a key with %s', (_, vkey) => {
    expect(() => parseVkey(vkey)).toThrow(expect.objectContaining({ code: 'VKEY_INVALID' }))
  })

  it('says of a type that it does not verify that it does not', () => {
    const vkey = formatVkey('log.example', 0x05, Buffer.alloc(32, 1))
    expect(() => parseVkey(vkey)).toThrow(expect.objectContaining({ code: 'VKEY_UNSUPPORTED' }))
  })

  it('throws only its own error for any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^[a-z +]{0,9}\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{0,60}$/)),
        text => {
          expect(() => parseVkey(text)).toThrow(MerkleError)
        },
      ),
    )
  })

  it.each(['', 'a b', 'a+b', 'a\u2003b', 'a\nb', 'a\u0000', '\ud800'])('%j is no key name', name => {
    expect(isKeyName(name)).toBe(false)
  })
})

describe('signing keys', () => {
  // The generator of golang.org/x/mod/sumdb/note documents this pair in its tests.
  const GO_SIGNING_KEY = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz'
  const GO_VKEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'

  it('reads a key of the Go tools, and gives the verifier key that they give', () => {
    expect(parseSigningKey(GO_SIGNING_KEY).verifier.vkey).toBe(GO_VKEY)
  })

  it('signs what its own verifier key verifies, after a way through text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 32, maxLength: 32 }), async seed => {
        const text = formatSigningKey('log.example', seed)
        const signer = parseSigningKey(text)
        const note = await signNote('text\n', [signer])
        expect(verifyNote(note, [parseVkey(signer.verifier.vkey)]).text).toBe('text\n')
      }),
    )
  })

  it('refuses anything else, without quoting it', () => {
    const good = formatSigningKey('log.example', Buffer.alloc(32, 5))
    for (const text of [
      '',
      good.slice(12),
      good.replace('log', 'lag'),
      good.slice(0, -4),
      `${good}\n`,
      good.replace('+Ax', '+Bx'),
    ]) {
      if (text === good) continue
      let caught: unknown
      try {
        parseSigningKey(text)
      } catch (error) {
        caught = error
      }
      expect(caught).toMatchObject({ code: 'SIGNING_KEY_INVALID' })
      expect(String(caught)).not.toContain(good.slice(-20))
    }
    expect(() => formatSigningKey('log.example', Buffer.alloc(31))).toThrow(MerkleError)
    expect(() => formatSigningKey('lo g', Buffer.alloc(32))).toThrow(MerkleError)
  })
})

describe('keys of cosigners (C2SP tlog-cosignature)', () => {
  const text = formatSigningKey('witness.example', Buffer.alloc(32, 6), COSIGNATURE_V1)
  const cosigner = parseCosignerKey(text)

  it('sign the note text with the time that they are given, which the signature begins with', async () => {
    expect(cosigner.verifier).toMatchObject({ name: 'witness.example', type: 0x04 })
    const time = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
    await fc.assert(
      fc.asyncProperty(time, async at => {
        const note = await signNote('text\n', [cosigner.at(at)])
        const [verified] = verifyNote(note, [parseVkey(cosigner.verifier.vkey)]).signatures
        expect(verified?.timestamp).toBe(at)
        const [line] = parseNote(note).signatures
        expect(Buffer.from(line?.signature ?? []).readBigUInt64BE()).toBe(BigInt(at))
      }),
    )
  })

  it('sign another time with another signature, which does not verify with the time changed', async () => {
    const signature = Buffer.from(await cosigner.at(1000).sign(Buffer.from('text\n')))
    const { check } = cosigner.verifier
    expect(check(Buffer.from('text\n'), signature)).toEqual({ timestamp: 1000 })
    expect(check(Buffer.from('texts\n'), signature)).toBeUndefined()
    signature.writeBigUInt64BE(1001n)
    expect(check(Buffer.from('text\n'), signature)).toBeUndefined()
    expect(check(Buffer.from('text\n'), signature.subarray(8))).toBeUndefined()
  })

  it('are none for a log, and the other way round', () => {
    const log = formatSigningKey('log.example', Buffer.alloc(32, 6))
    const refused = expect.objectContaining({ code: 'SIGNING_KEY_INVALID' })
    expect(() => parseCosignerKey(log)).toThrow(refused)
    expect(() => parseSigningKey(text)).toThrow(refused)
    expect(() => parseCosignerKey(text.slice(0, -1))).toThrow(refused)
  })

  it('throw only their own error for any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.nat({ max: text.length }).map(cut => text.slice(0, cut)),
        ),
        key => {
          if (key === text) return
          expect(() => parseCosignerKey(key)).toThrow(MerkleError)
        },
      ),
    )
  })
})

describe('ML-DSA-44 cosignatures (C2SP tlog-cosignature)', () => {
  const text = formatSigningKey('witness.example', Buffer.alloc(32, 6), ML_DSA_44)
  const cosigner = parseCosignerKey(text)
  const ROOT = Buffer.alloc(32, 9)
  const CHECKPOINT = `log.example\n5\n${ROOT.toString('base64')}\n`

  it('have verifier keys of logs and of witnesses', () => {
    for (const types of [LOG_TYPES, COSIGNER_TYPES]) {
      expect(parseVkey(cosigner.verifier.vkey, types)).toMatchObject({ name: 'witness.example', type: 0x06 })
    }
  })

  it('sign the cosigned_message of the specification, byte for byte', async () => {
    const signature = await cosigner.at(1_800_000_000).sign(Buffer.from(CHECKPOINT))
    const message = Buffer.concat([
      Buffer.from('737562747265652f76310a00', 'hex'),
      Buffer.from('0f', 'hex'),
      Buffer.from('witness.example'),
      Buffer.from('000000006b49d200', 'hex'),
      Buffer.from('0b', 'hex'),
      Buffer.from('log.example'),
      Buffer.from('0000000000000000', 'hex'),
      Buffer.from('0000000000000005', 'hex'),
      ROOT,
    ])
    const [, , encoded = ''] = cosigner.verifier.vkey.split(/\+(.{8})\+/)
    const pub = Buffer.from(encoded, 'base64').subarray(1).toString('base64url')
    const key = createPublicKey({ key: { kty: 'AKP', alg: 'ML-DSA-44', pub }, format: 'jwk' })
    expect(Buffer.from(signature).toString('hex', 0, 8)).toBe('000000006b49d200')
    expect(verify(null, message, key, signature.subarray(8))).toBe(true)
    expect(signature).toHaveLength(8 + 2420)
  })

  it('count for the lines that they cover, for their time and for the name of their key', async () => {
    const signature = Buffer.from(await cosigner.at(1000).sign(Buffer.from(CHECKPOINT)))
    const check = (note: string, bytes: Uint8Array = signature) =>
      cosigner.verifier.check(Buffer.from(note), bytes)
    expect(check(CHECKPOINT)).toEqual({ timestamp: 1000 })
    expect(check(`${CHECKPOINT}an extension\n`)).toEqual({ timestamp: 1000 })
    const other = Buffer.from(signature)
    other.writeBigUInt64BE(1001n)
    for (const [note, bytes] of [
      [CHECKPOINT.replace('log', 'lag'), signature],
      [CHECKPOINT.replace('\n5\n', '\n6\n'), signature],
      [CHECKPOINT.replace('CQkJ', 'CQkK'), signature],
      ['text\n', signature],
      [CHECKPOINT, other],
      [CHECKPOINT, signature.subarray(8)],
      [CHECKPOINT, Buffer.concat([signature, Buffer.alloc(1)])],
      [CHECKPOINT, Buffer.alloc(2428)],
    ] as const) {
      expect(check(note, bytes)).toBeUndefined()
    }
    const renamed = formatVkey('w.example', 0x06, publicKeyIn(cosigner.verifier.vkey))
    expect(parseVkey(renamed).check(Buffer.from(CHECKPOINT), signature)).toBeUndefined()
  })

  it('say no time where that is zero', async () => {
    const signature = await cosigner.at(0).sign(Buffer.from(CHECKPOINT))
    expect(cosigner.verifier.check(Buffer.from(CHECKPOINT), signature)).toEqual({})
  })

  it('have names and origins of at most 255 bytes', async () => {
    expect(() => formatSigningKey('w'.repeat(256), Buffer.alloc(32), ML_DSA_44)).toThrow(MerkleError)
    const vkey = formatVkey('w'.repeat(256), 0x06, publicKeyIn(cosigner.verifier.vkey))
    expect(() => parseVkey(vkey)).toThrow(expect.objectContaining({ code: 'VKEY_INVALID' }))
    const longest = CHECKPOINT.replace('log.example', 'l'.repeat(255))
    expect(await cosigner.at(1).sign(Buffer.from(longest))).toHaveLength(2428)
    await expect(cosigner.at(1).sign(Buffer.from(`l${longest}`))).rejects.toMatchObject({
      code: 'CHECKPOINT_INVALID',
    })
    await expect(cosigner.at(1).sign(Buffer.from('text\n'))).rejects.toBeInstanceOf(MerkleError)
  })

  it('never throw for a signature or a text of any bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 2500 }),
        fc.uint8Array({ maxLength: 200 }),
        (signature, note) => {
          expect(cosigner.verifier.check(note, signature)).toBeUndefined()
          expect(cosigner.verifier.check(Buffer.from(CHECKPOINT), signature)).toBeUndefined()
        },
      ),
    )
  })
})

describe('a verifier key that is asked for as that of a log or of a witness', () => {
  const log = parseSigningKey(formatSigningKey('log.example', Buffer.alloc(32, 6))).verifier.vkey
  const witness = parseCosignerKey(formatSigningKey('w.example', Buffer.alloc(32, 6), COSIGNATURE_V1))
    .verifier.vkey

  it('is refused where it is of the other kind', () => {
    const refused = expect.objectContaining({ code: 'VKEY_UNSUPPORTED' })
    expect(() => parseVkey(witness, LOG_TYPES)).toThrow(refused)
    expect(() => parseVkey(log, COSIGNER_TYPES)).toThrow(refused)
    expect(parseVkey(log, LOG_TYPES).vkey).toBe(log)
    expect(parseVkey(witness, COSIGNER_TYPES).vkey).toBe(witness)
  })
})

function publicKeyIn(vkey: string): Buffer {
  return Buffer.from(vkey.slice(vkey.indexOf('+') + 10), 'base64').subarray(1)
}
