import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openWitness, type RunningWitness } from '../../src/cli/witness.ts'
import { readWitnessKey } from '../../src/cli/witness-key.ts'
import { formatCheckpoint, openCheckpoint } from '../../src/merkle/checkpoint.ts'
import { signNote } from '../../src/merkle/note.ts'
import { COSIGNATURE_V1, COSIGNER_TYPES, ML_DSA_44, privateKeyOf } from '../../src/merkle/signature-types.ts'
import { formatSigningKey, parseSigningKey } from '../../src/merkle/signing-key.ts'
import { formatVkey, parseVkey } from '../../src/merkle/vkey.ts'
import { readyUrl, spawnCommand } from '../faults/process.ts'
import { tempFolder } from '../temp.ts'
import { runHere } from './process.ts'

const LOG = parseSigningKey(formatSigningKey('log.example', Buffer.alloc(32, 1)))
const OTHER = parseSigningKey(formatSigningKey('other.example', Buffer.alloc(32, 2)))

function open(data: string, more: Partial<Parameters<typeof openWitness>[0]> = {}): Promise<RunningWitness> {
  return openWitness({
    data,
    listen: '127.0.0.1:0',
    logs: [LOG.verifier.vkey],
    requestsPerMinute: 0,
    ...more,
  })
}

async function cosign(url: string, signer = LOG): Promise<number> {
  const checkpoint = await signNote(formatCheckpoint(signer.verifier.name, 1, Buffer.alloc(32, 1)), [signer])
  const body = `old 0\n\n${checkpoint}`
  return (await fetch(`${url}/add-checkpoint`, { method: 'POST', body })).status
}

/** A folder in which a witness has run, and cosigned. */
async function used(): Promise<{ data: string; key: string; vkey: string }> {
  const data = tempFolder()
  const running = await open(data)
  expect(await cosign(running.url)).toBe(200)
  await running.close()
  return { data, key: join(data, 'witness.key'), vkey: running.vkey }
}

describe('rootline witness', () => {
  it('makes its key, which only its owner can read, and ends with what it has begun', async () => {
    const data = join(tempFolder(), 'new')
    const start = () =>
      spawnCommand(['witness', '--data', data, '--listen', '127.0.0.1:0', '--log', LOG.verifier.vkey])
    const first = start()
    expect(await cosign(await readyUrl(first))).toBe(200)
    expect(statSync(join(data, 'witness.key')).mode & 0o777).toBe(0o600)
    const { stdout, status } = await runHere(['witness', 'key', '--data', data])
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^localhost\/witness-\d{8}\+/)])
    first.child.kill('SIGTERM')
    expect((await first.end).status).toBe(0)
    const again = start()
    const url = await readyUrl(again)
    expect(await (await fetch(`${url}/vkey`)).text()).toBe(stdout)
    expect(await cosign(url)).toBe(409)
    again.child.kill('SIGINT')
    expect((await again.end).status).toBe(0)
  })

  it('with a key of ML-DSA-44 cosigns what that verifies, with the time', async () => {
    const data = join(tempFolder(), 'new')
    const { status, stdout } = await runHere([
      'witness',
      'key',
      '--data',
      data,
      '--make',
      '--type',
      'ml-dsa-44',
    ])
    expect(status).toBe(0)
    const key = parseVkey(stdout.trim(), COSIGNER_TYPES)
    const witness = spawnCommand([
      'witness',
      ...['--data', data, '--listen', '127.0.0.1:0', '--log', LOG.verifier.vkey, '--type', 'ml-dsa-44'],
    ])
    const url = await readyUrl(witness)
    const before = Math.floor(Date.now() / 1000)
    const checkpoint = await signNote(formatCheckpoint('log.example', 1, Buffer.alloc(32, 1)), [LOG])
    const answer = await fetch(`${url}/add-checkpoint`, { method: 'POST', body: `old 0\n\n${checkpoint}` })
    expect(answer.status).toBe(200)
    const note = checkpoint + (await answer.text())
    const { signatures } = openCheckpoint(note, 'log.example', LOG.verifier, [key])
    const timestamp = signatures.find(({ verifier }) => verifier.vkey === key.vkey)?.timestamp ?? 0
    expect(timestamp).toBeGreaterThanOrEqual(before)
    witness.child.kill('SIGTERM')
    expect((await witness.end).status).toBe(0)
  })

  it('cosigns for a log with a key of ML-DSA-44, whose signature says no time', async () => {
    const { publicKey, sign } = privateKeyOf(ML_DSA_44, Buffer.alloc(32, 8))
    const verifier = parseVkey(formatVkey('pq.example', ML_DSA_44.type, publicKey))
    const signer = { verifier, sign: async (text: Uint8Array) => sign(text, { name: 'pq.example', time: 0 }) }
    const running = await open(join(tempFolder(), 'witness'), { logs: [verifier.vkey] })
    expect(await cosign(running.url, signer)).toBe(200)
    await running.close()
  })

  it('cosigns for the logs of a policy, beside those of the command line', async () => {
    const data = tempFolder()
    const policy = join(data, 'policy')
    writeFileSync(policy, `log ${OTHER.verifier.vkey}\nquorum none\n`)
    const running = await open(join(data, 'witness'), { policy })
    expect(await cosign(running.url, OTHER)).toBe(200)
    expect(await cosign(running.url, LOG)).toBe(200)
    await running.close()
  })

  it.each([
    ['no log', []],
    ['a key that is none', ['--log', 'log.example']],
    ['one log twice', ['--log', LOG.verifier.vkey, '--log', LOG.verifier.vkey]],
    ['a name that a key cannot have', ['--log', LOG.verifier.vkey, '--name', 'a b']],
    ['a type of key that it cannot have', ['--log', LOG.verifier.vkey, '--type', 'rsa']],
    [
      'an origin that its key cannot sign',
      ['--log', `${'o'.repeat(256)}=${LOG.verifier.vkey}`, '--type', 'ml-dsa-44'],
    ],
  ])('with %s does not start', async (_, options) => {
    const { status, stderr } = await runHere(['witness', '--data', tempFolder(), ...options])
    expect([status, stderr]).toEqual([1, expect.stringContaining('USAGE')])
  })

  it('with a policy that cannot be read does not start', async () => {
    const data = tempFolder()
    const policy = join(data, 'policy')
    await expect(open(data, { policy })).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' })
    writeFileSync(policy, 'quorum nobody\n')
    await expect(open(data, { policy })).rejects.toMatchObject({ code: 'INPUT_INVALID' })
  })
})

describe('the folder of a witness', () => {
  it('without its database is refused: the key could sign a second history', async () => {
    const { data, key } = await used()
    rmSync(join(data, 'witness'), { recursive: true })
    await expect(open(data)).rejects.toMatchObject({ code: 'WITNESS_DATABASE_MISSING' })
    // Nor is the database that this has made a way around it.
    await expect(open(data)).rejects.toMatchObject({ code: 'WITNESS_DATABASE_MISSING' })
    expect(existsSync(key)).toBe(true)
  })

  it('without its key, or with another, is refused', async () => {
    const { data, key, vkey } = await used()
    const text = readFileSync(key)
    rmSync(key)
    await expect(open(data)).rejects.toMatchObject({ code: 'WITNESS_KEY_MISSING' })
    await expect(readWitnessKey(data)).rejects.toMatchObject({ code: 'WITNESS_KEY_MISSING' })
    writeFileSync(key, formatSigningKey('w.example', Buffer.alloc(32, 3), COSIGNATURE_V1), { mode: 0o600 })
    await expect(open(data)).rejects.toMatchObject({ code: 'WITNESS_KEY_MISSING' })
    writeFileSync(key, formatSigningKey('w.example', Buffer.alloc(32, 3)))
    await expect(open(data)).rejects.toMatchObject({ code: 'SECRET_FILE_INVALID' })
    writeFileSync(key, text)
    const running = await open(data)
    expect(running.vkey).toBe(vkey)
    await running.close()
  })

  it('in which a first start was killed before there was a key gets one', async () => {
    const data = tempFolder()
    const first = await open(data)
    await first.close()
    rmSync(join(data, 'witness.key'))
    const second = await open(data)
    expect(second.vkey).not.toBe(first.vkey)
    expect(await cosign(second.url)).toBe(200)
    await second.close()
    const third = await open(data)
    expect(third.vkey).toBe(second.vkey)
    await third.close()
  })

  it('keeps its key, whichever command names another type', async () => {
    const { data, vkey } = await used()
    const again = await runHere(['witness', 'key', '--data', data, '--make', '--type', 'ed25519'])
    expect([again.status, again.stdout.trim()]).toEqual([0, vkey])
    const other = await runHere(['witness', 'key', '--data', data, '--make', '--type', 'ml-dsa-44'])
    expect([other.status, other.stderr]).toEqual([1, expect.stringContaining('WITNESS_KEY_MISMATCH')])
    await expect(open(data, { key: { type: 'ml-dsa-44' } })).rejects.toMatchObject({
      code: 'WITNESS_KEY_MISMATCH',
    })
  })

  it('without a key is given none by a command that only prints it', async () => {
    const data = tempFolder()
    const { status, stderr } = await runHere(['witness', 'key', '--data', data])
    expect([status, stderr]).toEqual([1, expect.stringContaining('WITNESS_KEY_MISSING')])
    expect(existsSync(join(data, 'witness'))).toBe(false)
  })

  it('keeps its name, and serves one process', async () => {
    const { data } = await used()
    await expect(open(data, { key: { name: 'other.example' } })).rejects.toMatchObject({
      code: 'WITNESS_KEY_MISMATCH',
    })
    const running = await open(data)
    await expect(open(data)).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    await running.close()
  })
})
