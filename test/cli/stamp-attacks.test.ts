import { spawn } from 'node:child_process'
import { createReadStream, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../src/codec/hash.ts'
import { isJsonObject, parseJsonObject } from '../../src/codec/json.ts'
import { LedgerError } from '../../src/ledger/errors.ts'
import { encodeStampProof, parseStampProof, readStampProof } from '../../src/ledger/stamp/stamp-proof.ts'
import { verifyStamp } from '../../src/ledger/stamp/verify-stamp.ts'
import { LOG_TYPES } from '../../src/merkle/signature-types.ts'
import { parseVkey } from '../../src/merkle/vkey.ts'
import { tempFolder } from '../temp.ts'
import { type NodeProcess, runHere, up, workFolder } from './process.ts'

const { data, env } = workFolder()
let node: NodeProcess
let vkey: string

beforeAll(async () => {
  node = await up(data)
  vkey = (await runHere(['log', 'key', '--data', data])).stdout.trim()
})
afterAll(async () => {
  await node.stop()
})

const digestOf = (text: string) => sha256(text).toString('hex')

async function post(body: string) {
  const token = readFileSync(join(data, 'token'), 'utf8').trim()
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const response = await fetch(`${node.url}/log/stamps`, { method: 'POST', headers, body })
  return { status: response.status, text: await response.text() }
}

const sizeOfLog = async () =>
  Number((await (await fetch(`${node.url}/log/checkpoint`)).text()).split('\n')[1])

/** What a proof shows of a text. */
function shown(bytes: Uint8Array, text: string): string {
  const verifier = parseVkey(vkey, LOG_TYPES)
  const digest = sha256(text)
  try {
    const proof = parseStampProof(bytes)
    return verifyStamp(proof, { digest, origin: verifier.name, verifier, now: new Date() }).report.verdict
  } catch (error) {
    if (error instanceof LedgerError) return error.code
    throw error
  }
}

describe('POST /log/stamps', () => {
  const many = (count: number) =>
    JSON.stringify({ digests: Array.from({ length: count }, () => digestOf('')) })

  it.each<[string, string, number]>([
    ['10,000 digests', many(10_000), 413],
    ['one digest more than a stamp is of', many(1025), 400],
    ['none', '{"digests":[]}', 400],
    ['a digest of 31 bytes', JSON.stringify({ digests: [digestOf('').slice(2)] }), 400],
    ['a digest of 33 bytes', JSON.stringify({ digests: [`${digestOf('')}00`] }), 400],
    ['a digest in capitals', JSON.stringify({ digests: [digestOf('').toUpperCase()] }), 400],
    ['a digest that is a number', '{"digests":[1]}', 400],
    ['lists in lists without end', `{"digests":${'['.repeat(40_000)}`, 400],
    ['two lists', `{"digests":["${digestOf('')}"],"digests":[]}`, 400],
    ['another member', `{"digests":["${digestOf('')}"],"writer":"me"}`, 400],
  ])('with %s adds nothing to the log', async (_, body, status) => {
    const before = await sizeOfLog()
    expect((await post(body)).status).toBe(status)
    expect(await sizeOfLog()).toBe(before)
  })

  it('with the same digest twice, and as often as a stamp is of, gives each a proof of its own', async () => {
    for (const count of [2, 1024]) {
      const before = await sizeOfLog()
      const { status, text } = await post(many(count))
      expect([status, await sizeOfLog()]).toEqual([200, before + 2])
      const { proofs } = parseJsonObject(Buffer.from(text), { maxBytes: 64 << 20 })
      const all = Array.isArray(proofs) ? proofs.filter(isJsonObject).map(readStampProof) : []
      expect(all).toHaveLength(count)
      expect(new Set(all.map(({ salt }) => Buffer.from(salt).toString('hex'))).size).toBe(count)
      for (const i of [0, 1, count - 1])
        expect(shown(encodeStampProof(all[i] as (typeof all)[0]), '')).toBe('verified')
    }
  })
})

describe('rootline log stamp', () => {
  it('of stdin without end takes no more memory, and stamps nothing once it is ended', async () => {
    const proof = join(tempFolder(), 'proof')
    const main = new URL('../../src/cli/main.ts', import.meta.url).pathname
    const child = spawn(process.execPath, [main, 'log', 'stamp', '-', '-o', proof], {
      env: { PATH: process.env['PATH'] ?? '', ...env, ROOTLINE_NODE: node.url },
    })
    const ended = new Promise(resolve => child.on('close', (_, signal) => resolve(signal)))
    let sent = 0
    const endless = createReadStream('/dev/zero', { highWaterMark: 1 << 20 })
    endless.on('data', chunk => {
      sent += chunk.length
    })
    child.stdin.on('error', () => {})
    endless.pipe(child.stdin)
    const before = await sizeOfLog()
    await expect.poll(() => sent, { timeout: 60_000 }).toBeGreaterThan(512 << 20)
    // Where the system tells; 512 MB have gone through it.
    const status = `/proc/${child.pid}/status`
    const resident = existsSync(status) ? /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(status, 'utf8'))?.[1] : 0
    expect(Number(resident)).toBeLessThan(512 << 10)
    child.kill('SIGINT')
    expect(await ended).toBe('SIGINT')
    endless.destroy()
    expect([existsSync(proof), await sizeOfLog()]).toEqual([false, before])
  })
})

describe('a proof of a stamp with one byte changed', () => {
  it('is accepted for no digest', async () => {
    const path = join(tempFolder(), 'file')
    writeFileSync(path, 'text')
    const stamping = await runHere(['log', 'stamp', path], { ...env, ROOTLINE_NODE: node.url })
    expect(stamping.status, stamping.stderr).toBe(0)
    const bytes = readFileSync(`${path}.stamp`)
    expect(shown(bytes, 'text')).toBe('verified')
    for (let at = 0; at < bytes.length; at++) {
      for (const flip of [1, 0x20, 0x80]) {
        const changed = Buffer.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ flip
        for (const text of ['another', 'text']) expect(shown(changed, text)).not.toBe('verified')
      }
    }
    const broken = join(tempFolder(), 'broken')
    for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 12)) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      writeFileSync(broken, changed)
      const { status } = await runHere(['log', 'verify-stamp', path, '--proof', broken, '--log-key', vkey])
      expect([1, 2]).toContain(status)
    }
  })
})
