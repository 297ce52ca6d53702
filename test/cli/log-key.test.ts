import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { followedBy } from '../../src/cli/follow.ts'
import { loadSettings } from '../../src/cli/load-settings.ts'
import { readPolicyOf } from '../../src/cli/policy-file.ts'
import { COSIGNATURE_V1, ML_DSA_44, type SignatureType } from '../../src/merkle/signature-types.ts'
import { formatSigningKey, parseCosignerKey, parseSigningKey } from '../../src/merkle/signing-key.ts'
import { tempFolder } from '../temp.ts'
import { runHere } from './process.ts'

const folder = tempFolder()
const cosignerKey = (type: SignatureType, seed = 2) =>
  parseCosignerKey(formatSigningKey('w.example', Buffer.alloc(32, seed), type)).verifier
const WITNESS = cosignerKey(COSIGNATURE_V1).vkey

function file(text: string, name = 'file'): string {
  const path = join(tempFolder(), name)
  writeFileSync(path, text)
  return path
}

describe('the verifier key of a log', () => {
  mkdirSync(join(folder, 'log'), { recursive: true })

  it.each<[string, string[]]>([
    ['log verify --key', ['log', 'verify', '--data', folder, '--key', WITNESS]],
    ['log verify-evidence', ['log', 'verify-evidence', file('{}'), '--log-key', WITNESS]],
    ['log verify-stamp', ['log', 'verify-stamp', file('a'), '--log-key', WITNESS]],
    ['did verify-proof', ['did', 'verify-proof', file('{}'), '--log-key', WITNESS]],
  ])('is refused by %s where it is of a type that only witnesses sign with', async (_, args) => {
    const { status, stderr } = await runHere(args)
    expect([status, stderr]).toEqual([1, expect.stringMatching(/CONFIG_INVALID[\s\S]*Ed25519, ML-DSA-44/)])
  })

  it('is refused by a follower where it is of a type that only witnesses sign with', async () => {
    const { settings } = loadSettings({
      env: {},
      platform: 'linux',
      flags: { follow: 'https://log.example', logKey: WITNESS },
    })
    await expect(followedBy(settings)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  it('is refused in the line of a witness of a policy, and that of a witness in the line of a log', async () => {
    const log = parseSigningKey(formatSigningKey('log.example', Buffer.alloc(32, 1))).verifier
    for (const line of [`log ${WITNESS}`, `witness w ${log.vkey}`]) {
      const policy = file(`${line}\nquorum none\n`)
      await expect(readPolicyOf(policy, log)).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    }
  })

  it('is refused as a witness of its own log, whatever name and type it has there', async () => {
    const ed25519 = parseSigningKey(formatSigningKey('log.example', Buffer.alloc(32, 2))).verifier
    for (const [log, type] of [
      [ed25519, COSIGNATURE_V1],
      [cosignerKey(ML_DSA_44), ML_DSA_44],
    ] as const) {
      const policy = file(`witness w ${cosignerKey(type).vkey}\nquorum w\n`)
      await expect(readPolicyOf(policy, log)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('the key of the log itself'),
      })
      const other = file(`witness w ${cosignerKey(type, 3).vkey}\nquorum w\n`)
      expect((await readPolicyOf(other, log))?.witnesses).toHaveLength(1)
    }
  })
})
