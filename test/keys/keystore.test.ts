import { execFile } from 'node:child_process'
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect, promisify } from 'node:util'
import fc from 'fast-check'
import { FlattenedEncrypt, flattenedDecrypt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CodecError } from '../../src/codec/errors.ts'
import { sha256 } from '../../src/codec/hash.ts'
import { KeyError } from '../../src/keys/errors.ts'
import { generatePrivateJwk } from '../../src/keys/generate.ts'
import { publicJwkOf, thumbprint } from '../../src/keys/jwk.ts'
import { Keystore, type KeystoreOptions } from '../../src/keys/keystore.ts'
import { unsealKeys } from '../../src/keys/keystore-jwe.ts'
import { verifySignature } from '../../src/keys/verify.ts'
import { codeOf, codeOfAsync } from './code-of.ts'

const PASSPHRASE = 'correct horse battery staple'
const SECRET = Buffer.from(PASSPHRASE)
/** Few iterations: these tests are not about how slow guessing is. */
const FAST: KeystoreOptions = { iterations: 1000 }
const DECRYPT = {
  keyManagementAlgorithms: ['PBES2-HS512+A256KW'],
  contentEncryptionAlgorithms: ['A256GCM'],
  maxPBES2Count: 2_000_000,
}

let folder: string
let count = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rootline-keystore-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

const newPath = () => join(folder, String(count++), 'keys.jwe')

async function newKeystore(keys = 1) {
  const path = newPath()
  const keystore = await Keystore.create(path, PASSPHRASE, FAST)
  await keystore.add(Array.from({ length: keys }, () => ({ jwk: generatePrivateJwk('secp256k1') })))
  return { path, keystore }
}

async function kidsIn(path: string): Promise<string[]> {
  return (await Keystore.open(path, PASSPHRASE, FAST)).list().map(({ kid }) => kid)
}

const code = (path: string, passphrase: string | Uint8Array = PASSPHRASE) =>
  codeOfAsync(Keystore.open(path, passphrase, FAST))

/** A keystore file with another JWE in it, its checksum right. */
async function writeForeign(path: string, jwe: object, header?: object): Promise<void> {
  const parts: Record<string, string> = {}
  for (const name of ['protected', 'encrypted_key', 'iv', 'ciphertext', 'tag']) {
    parts[name] = String((jwe as Record<string, unknown>)[name] ?? '')
  }
  if (header !== undefined) parts['protected'] = Buffer.from(JSON.stringify(header)).toString('base64url')
  const checksum = sha256(Object.values(parts).join('.')).toString('base64url')
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, JSON.stringify({ ...parts, sha256: checksum }), { mode: 0o600 })
}

describe('a keystore', () => {
  test('gives back the keys, in their order, with what was noted about them', async () => {
    const path = newPath()
    const now = () => new Date('2026-01-02T03:04:05Z')
    const keystore = await Keystore.create(path, PASSPHRASE, { ...FAST, now })
    const update = { ...generatePrivateJwk('secp256k1'), nonce: Buffer.alloc(16, 9).toString('base64url') }
    const document = generatePrivateJwk('Ed25519')
    const added = await keystore.add([
      { jwk: update, did: 'did:rootline:EiA', role: 'update', label: 'laptop ☃' },
      { jwk: document, did: 'did:rootline:EiA', role: 'document', id: 'key-1' },
    ])
    expect(added).toEqual([
      {
        kid: thumbprint(update),
        publicJwk: publicJwkOf(update),
        algorithm: 'ES256K',
        created: '2026-01-02T03:04:05.000Z',
        did: 'did:rootline:EiA',
        role: 'update',
        label: 'laptop ☃',
      },
      {
        kid: thumbprint(document),
        publicJwk: publicJwkOf(document),
        algorithm: 'EdDSA',
        created: '2026-01-02T03:04:05.000Z',
        did: 'did:rootline:EiA',
        role: 'document',
        id: 'key-1',
      },
    ])
    expect(keystore.list()).toEqual(added)
    expect((await Keystore.open(path, PASSPHRASE)).list()).toEqual(added)
  })

  test('signs with a key that it holds', async () => {
    const { path } = await newKeystore()
    const keystore = await Keystore.open(path, PASSPHRASE, FAST)
    const data = Buffer.from('data')
    for (const { kid, publicJwk, algorithm } of keystore.list()) {
      const signature = await keystore.signer(kid).sign(data)
      expect(verifySignature(publicJwk, algorithm, data, signature)).toBe(true)
    }
    expect(codeOf(() => keystore.signer('another'))).toBe('KEY_NOT_FOUND')
  })

  test('removes a key, and only that one', async () => {
    const { path, keystore } = await newKeystore(3)
    const [first, second, third] = keystore.list().map(({ kid }) => kid)
    await keystore.remove(second ?? '')
    expect(await kidsIn(path)).toEqual([first, third])
    expect(await codeOfAsync(keystore.remove(second ?? ''))).toBe('KEY_NOT_FOUND')
  })

  test('adds all keys or none', async () => {
    const { path, keystore } = await newKeystore()
    const jwk = generatePrivateJwk('P-256')
    expect(await codeOfAsync(keystore.add([{ jwk }, { jwk }]))).toBe('KEY_EXISTS')
    const broken = { ...generatePrivateJwk('P-256'), d: jwk.d }
    expect(await codeOfAsync(keystore.add([{ jwk }, { jwk: broken }]))).toBe('KEY_INVALID')
    expect(await kidsIn(path)).toHaveLength(1)
    await keystore.add([{ jwk }])
    expect(await codeOfAsync(keystore.add([{ jwk }]))).toBe('KEY_EXISTS')
  })

  test('refuses a note that could not be read back', async () => {
    const { path, keystore } = await newKeystore()
    const added = keystore.add([{ jwk: generatePrivateJwk('P-256'), label: '\ud800' }])
    await expect(added).rejects.toThrow(CodecError)
    expect(await kidsIn(path)).toHaveLength(1)
  })

  test('shows neither keys nor passphrase to whoever prints it', async () => {
    const jwk = generatePrivateJwk('secp256k1')
    const keystore = await Keystore.create(newPath(), PASSPHRASE, FAST)
    const records = await keystore.add([{ jwk }])
    const shown = [keystore, keystore.list(), records].map(value => [
      JSON.stringify(value),
      inspect(value, { showHidden: true, depth: 20, getters: true }),
    ])
    expect(shown.join()).toContain(jwk.x)
    expect(shown.join()).not.toContain(jwk.d)
    expect(shown.join()).not.toContain(PASSPHRASE)
  })
})

describe('a keystore file', () => {
  test('is an Encrypted JWK Set that jose opens', async () => {
    const { path, keystore } = await newKeystore(2)
    const jwe = JSON.parse(await readFile(path, 'utf8'))
    const { plaintext, protectedHeader } = await flattenedDecrypt(jwe, SECRET, DECRYPT)
    expect(protectedHeader).toMatchObject({ alg: 'PBES2-HS512+A256KW', enc: 'A256GCM', cty: 'jwk-set+json' })
    const set = JSON.parse(Buffer.from(plaintext).toString())
    expect(set.keys).toHaveLength(2)
    for (const [i, { kid, publicJwk }] of keystore.list().entries()) {
      expect(set.keys[i]).toMatchObject({ ...publicJwk, kid, alg: 'ES256K' })
      expect(await readFile(path, 'utf8')).not.toContain(set.keys[i].d)
    }
  })

  test('is written with a high iteration count and a new salt each time', async () => {
    const path = newPath()
    const keystore = await Keystore.create(path, PASSPHRASE)
    const read = async () => {
      const { protected: header } = JSON.parse(await readFile(path, 'utf8'))
      return JSON.parse(Buffer.from(header, 'base64url').toString())
    }
    const before = await read()
    await keystore.add([])
    const after = await read()
    expect(before.p2c).toBeGreaterThanOrEqual(600_000)
    expect(Buffer.from(before.p2s, 'base64url')).toHaveLength(16)
    expect(after.p2s).not.toBe(before.p2s)
  })

  test('is not written with more iterations than are accepted when it is read', async () => {
    for (const iterations of [2_000_001, 0, 1.5]) {
      await expect(Keystore.create(newPath(), PASSPHRASE, { iterations })).rejects.toThrow(TypeError)
    }
  })

  test('and its folder are open to their owner only, and nothing stays beside it', async () => {
    const { path, keystore } = await newKeystore()
    await keystore.add([{ jwk: generatePrivateJwk('Ed25519') }])
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700)
    expect(await readdir(join(path, '..'))).toEqual(['keys.jwe'])
  })

  test.each([0o640, 0o604, 0o620, 0o602, 0o666])('that others can use (mode %o) is not read', async mode => {
    const { path } = await newKeystore()
    await chmod(path, mode)
    expect(await code(path)).toBe('KEYSTORE_PERMISSIONS')
    await chmod(path, 0o600)
    expect(await code(path)).toBeUndefined()
  })

  test('is not made where there is one, or read where there is none', async () => {
    const { path } = await newKeystore()
    expect(await codeOfAsync(Keystore.create(path, 'another', FAST))).toBe('KEYSTORE_EXISTS')
    expect(await kidsIn(path)).toHaveLength(1)
    expect(await code(newPath())).toBe('KEYSTORE_NOT_FOUND')
  })

  test('that is a folder, or a path through a file, cannot be read', async () => {
    const { path } = await newKeystore()
    expect(await code(join(path, '..'))).toBe('KEYSTORE_UNAVAILABLE')
    expect(await code(join(path, 'below'))).toBe('KEYSTORE_UNAVAILABLE')
  })

  test('reached through a link is replaced where it is', async () => {
    const { path } = await newKeystore()
    const link = join(folder, `link-${count++}`)
    await symlink(path, link)
    const keystore = await Keystore.open(link, PASSPHRASE, FAST)
    await keystore.add([{ jwk: generatePrivateJwk('P-256') }])
    expect(await kidsIn(path)).toHaveLength(2)
    expect(await kidsIn(link)).toHaveLength(2)
  })
})

describe('a passphrase', () => {
  test('that is wrong is told from a damaged file', async () => {
    const { path } = await newKeystore()
    expect(await code(path, `${PASSPHRASE} `)).toBe('KEYSTORE_PASSPHRASE')
    expect(await code(path, SECRET)).toBeUndefined()
  })

  test('that is empty is refused', async () => {
    expect(await codeOfAsync(Keystore.create(newPath(), '', FAST))).toBe('KEYSTORE_PASSPHRASE')
    expect(await code(newPath(), new Uint8Array())).toBe('KEYSTORE_PASSPHRASE')
  })

  test('is the same in whichever form its letters were composed', async () => {
    const path = newPath()
    await Keystore.create(path, 'e\u0301', FAST)
    expect(await code(path, '\u00e9')).toBeUndefined()
  })

  test('changed by another process is asked for again, and nothing is overwritten', async () => {
    const { path, keystore } = await newKeystore()
    await rm(path)
    await Keystore.create(path, 'another', FAST)
    expect(await codeOfAsync(keystore.add([{ jwk: generatePrivateJwk('P-256') }]))).toBe(
      'KEYSTORE_PASSPHRASE',
    )
    expect(await code(path, 'another')).toBeUndefined()
  })
})

describe('a damaged keystore', () => {
  test('is known by any byte that is changed', async () => {
    const { path } = await newKeystore()
    const bytes = await readFile(path)
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed.writeUInt8(changed.readUInt8(at) ^ (1 << (at % 8)), at)
      expect(await codeOfAsync(unsealKeys(changed, SECRET, path)), `byte ${at}`).toBe('KEYSTORE_DAMAGED')
    }
  })

  test('is known by any length that is cut off', async () => {
    const { path } = await newKeystore()
    const bytes = await readFile(path)
    for (let length = 0; length < bytes.length; length++) {
      const cut = unsealKeys(bytes.subarray(0, length), SECRET, path)
      expect(await codeOfAsync(cut), `${length} bytes`).toBe('KEYSTORE_DAMAGED')
    }
  })

  test('of any bytes or JSON is a KeyError', async () => {
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.json().map(json => Buffer.from(json)),
    )
    await fc.assert(
      fc.asyncProperty(bytes, async content => {
        expect(await codeOfAsync(unsealKeys(content, SECRET, 'file'))).toBe('KEYSTORE_DAMAGED')
      }),
    )
  })

  test('is refused when it is opened, and when it is about to be changed', async () => {
    const { path, keystore } = await newKeystore()
    await truncate(path, 100)
    expect(await code(path)).toBe('KEYSTORE_DAMAGED')
    expect(await codeOfAsync(keystore.add([]))).toBe('KEYSTORE_DAMAGED')
    await truncate(path, 0)
    expect(await code(path)).toBe('KEYSTORE_DAMAGED')
    expect((await stat(path)).size).toBe(0)
  })
})

describe('a hostile keystore', () => {
  const seal = (header: Record<string, string>, p2c?: number, content = '{"keys":[]}') => {
    const jwe = new FlattenedEncrypt(Buffer.from(content)).setProtectedHeader({
      alg: 'PBES2-HS512+A256KW',
      enc: 'A256GCM',
      ...header,
    })
    if (p2c !== undefined) jwe.setKeyManagementParameters({ p2c })
    return jwe.encrypt(header['alg'] === 'dir' ? Buffer.alloc(32) : SECRET)
  }

  test('that asks for too many iterations is refused without them', async () => {
    const path = newPath()
    for (const p2c of [2_000_001, 2 ** 31, 2 ** 53, 1e300, -1, 0, 1.5, '1000', null]) {
      const header = { alg: 'PBES2-HS512+A256KW', enc: 'A256GCM', p2c, p2s: 'AAAAAAAAAAAAAAAAAAAAAA' }
      await writeForeign(path, await seal({}, 1), header)
      expect(await code(path), String(p2c)).toBe('KEYSTORE_UNSUPPORTED')
    }
  })

  test('encrypted in another way is refused', async () => {
    const path = newPath()
    await writeForeign(path, await seal({ alg: 'PBES2-HS256+A128KW' }, 1))
    expect(await code(path)).toBe('KEYSTORE_UNSUPPORTED')
    await writeForeign(path, await seal({ enc: 'A128CBC-HS256' }, 1))
    expect(await code(path)).toBe('KEYSTORE_UNSUPPORTED')
    await writeForeign(path, await seal({ alg: 'dir' }))
    expect(await code(path)).toBe('KEYSTORE_UNSUPPORTED')
    await writeForeign(path, await seal({ zip: 'DEF' }, 1))
    expect(await code(path)).toBe('KEYSTORE_UNSUPPORTED')
  })

  test.each([
    ['text', 'x'],
    ['an array', '[]'],
    ['no keys', '{}'],
    ['a key that is none', '{"keys":[null]}'],
    ['a key of another type', '{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","d":"AQAB"}]}'],
    ['a key without a thumbprint', '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"A","d":"A","rootline":{}}]}'],
  ])('that holds %s under the right passphrase is refused', async (_, content) => {
    const path = newPath()
    await writeForeign(path, await seal({}, 1, content))
    expect(await code(path)).toBe('KEYSTORE_UNSUPPORTED')
  })

  test('of great size is refused before it is read', async () => {
    const { path } = await newKeystore()
    await truncate(path, 2 ** 40)
    expect(await code(path)).toBe('KEYSTORE_TOO_LARGE')
  })
})

describe('writers of one keystore', () => {
  test('in one process lose no key of one another', async () => {
    const { path, keystore } = await newKeystore(0)
    const others = await Promise.all(Array.from({ length: 4 }, () => Keystore.open(path, PASSPHRASE, FAST)))
    const jwks = Array.from({ length: 20 }, () => generatePrivateJwk('Ed25519'))
    await Promise.all(jwks.map((jwk, i) => (others[i % 5] ?? keystore).add([{ jwk }])))
    expect((await kidsIn(path)).sort()).toEqual(jwks.map(thumbprint).sort())
  })

  test('in several processes lose no key of one another', async () => {
    const { path } = await newKeystore(0)
    const url = (name: string) => JSON.stringify(new URL(`../../src/keys/${name}.ts`, import.meta.url).href)
    const source = `
      import { Keystore } from ${url('keystore')}
      import { generatePrivateJwk } from ${url('generate')}
      const keystore = await Keystore.open(${JSON.stringify(path)}, ${JSON.stringify(PASSPHRASE)}, { iterations: 1000 })
      for (let i = 0; i < 5; i++) {
        const [record] = await keystore.add([{ jwk: generatePrivateJwk('Ed25519') }])
        console.log(record.kid)
      }`
    const run = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', source])
    const outputs = await Promise.all([run(), run(), run()])
    const acknowledged = outputs.flatMap(({ stdout }) => stdout.trim().split('\n'))
    expect(acknowledged).toHaveLength(15)
    expect((await kidsIn(path)).sort()).toEqual(acknowledged.sort())
  })

  test('make one keystore, not two', async () => {
    const path = newPath()
    const results = await Promise.allSettled(
      ['a', 'b', 'c'].map(passphrase => Keystore.create(path, passphrase, FAST)),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('see a key that another one added or removed', async () => {
    const { path, keystore } = await newKeystore()
    const other = await Keystore.open(path, PASSPHRASE, FAST)
    const [added] = await other.add([{ jwk: generatePrivateJwk('P-384') }])
    await keystore.remove(added?.kid ?? '')
    expect(await codeOfAsync(other.remove(added?.kid ?? ''))).toBe('KEY_NOT_FOUND')
  })

  test('are told who holds a lock that stays, and what to do', async () => {
    const { path } = await newKeystore()
    const keystore = await Keystore.open(path, PASSPHRASE, { ...FAST, lockWaitMs: 30 })
    await writeFile(`${path}.lock`, 'process 123 since 2026-01-01T00:00:00.000Z')
    const add = () => keystore.add([{ jwk: generatePrivateJwk('P-256') }])
    await expect(add()).rejects.toMatchObject({ code: 'KEYSTORE_LOCKED', path })
    await expect(add()).rejects.toThrow(`process 123 since 2026-01-01T00:00:00.000Z`)
    await expect(add()).rejects.toThrow(`delete ${path}.lock`)
    await writeFile(`${path}.lock`, '\u001b[31m whatever')
    await expect(add()).rejects.toThrow('another process')
    expect(await kidsIn(path)).toHaveLength(1)
    await rm(`${path}.lock`)
    await add()
    expect(await kidsIn(path)).toHaveLength(2)
  })

  test('go on after a crash that left a temporary file', async () => {
    const { path, keystore } = await newKeystore()
    await writeFile(`${path}.new`, 'half', { mode: 0o666 })
    await keystore.add([{ jwk: generatePrivateJwk('P-256') }])
    expect(await kidsIn(path)).toHaveLength(2)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  test('leave the file, and no lock, where they cannot write', async () => {
    const { path, keystore } = await newKeystore()
    await mkdir(`${path}.new`)
    const failed = keystore.add([{ jwk: generatePrivateJwk('P-256') }])
    await expect(failed).rejects.toThrow(KeyError)
    expect(await codeOfAsync(failed)).toBe('KEYSTORE_UNAVAILABLE')
    expect(keystore.list()).toHaveLength(1)
    expect(await kidsIn(path)).toHaveLength(1)
    expect((await readdir(join(path, '..'))).sort()).toEqual(['keys.jwe', 'keys.jwe.new'])
  })

  test('find no keystore where it was removed meanwhile, and make none', async () => {
    const { path, keystore } = await newKeystore()
    await rm(path)
    expect(await codeOfAsync(keystore.add([]))).toBe('KEYSTORE_NOT_FOUND')
    expect(await readdir(join(path, '..'))).toEqual([])
  })
})
