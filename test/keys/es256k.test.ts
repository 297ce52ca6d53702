import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { decodeBase64url } from '../../src/codec/base64url.ts'
import { type Es256k, es256k, libsecp256k1, openssl } from '../../src/keys/es256k.ts'
import { generatePrivateJwk } from '../../src/keys/generate.ts'
import { encodePoint } from '../../src/keys/jwk.ts'

const MODULE = new URL('../../src/keys/es256k.ts', import.meta.url).href
const DATA = Buffer.from('what is signed')
const libraries: Es256k[] = libsecp256k1 === undefined ? [openssl] : [libsecp256k1, openssl]

function newKey() {
  const jwk = generatePrivateJwk('secp256k1')
  return { d: decodeBase64url(jwk.d), point: encodePoint(jwk) ?? Buffer.alloc(0) }
}

/** Runs a module in a process of its own and returns what it prints. */
function run(source: string): string {
  return execFileSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' }).trim()
}

const REPORT = `
  import { createRequire } from 'node:module'
  const { es256k } = await import(${JSON.stringify(MODULE)})
  const loaded = Object.keys(createRequire(import.meta.url).cache ?? {})
  console.log(es256k.name, loaded.some(name => name.includes('elliptic')))`

describe('secp256k1', () => {
  test('uses the native library, and not elliptic', () => {
    expect(run(REPORT)).toBe('libsecp256k1 false')
  })

  test('uses OpenSSL, and not elliptic, where the native library does not load', () => {
    const hooks = `
      import { registerHooks } from 'node:module'
      registerHooks({
        resolve(name, context, next) {
          if (name.startsWith('secp256k1')) throw new TypeError('no build for this machine')
          return next(name, context)
        },
      })`
    expect(run(hooks + REPORT)).toBe('openssl false')
  })

  test.each(libraries)('signatures of $name have low s and verify with each library', library => {
    for (let i = 0; i < 20; i++) {
      const { d, point } = newKey()
      const signature = library.sign(d, point, DATA)
      expect(signature).toHaveLength(64)
      expect(signature[32]).toBeLessThan(0x80)
      for (const other of libraries) expect(other.verify(point, DATA, signature)).toBe(true)
    }
  })

  test('signatures of the native library are deterministic', () => {
    const { d, point } = newKey()
    expect(es256k.sign(d, point, DATA)).toEqual(es256k.sign(d, point, DATA))
  })

  test.each(libraries)('$name takes a point of 65 bytes on the curve, and nothing else', library => {
    const { point } = newKey()
    expect(library.isPoint(point)).toBe(true)
    const beside = Buffer.from(point)
    beside.writeUInt8(beside.readUInt8(64) ^ 1, 64)
    for (const bytes of [beside, point.subarray(1), Buffer.alloc(65), Buffer.alloc(0)]) {
      expect(library.isPoint(bytes)).toBe(false)
      expect(library.verify(bytes, DATA, Buffer.alloc(64, 1))).toBe(false)
    }
  })
})
