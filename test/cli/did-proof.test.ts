import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateLogKey } from '../../src/ledger/log/key.ts'
import { parseSigningKey } from '../../src/merkle/signing-key.ts'
import type { TrustReport } from '../../src/trust/types.ts'
import { tempFolder } from '../temp.ts'
import { type NodeProcess, rootline, runHere, up, workFolder } from './process.ts'

const { folder, data, env } = workFolder()
/** Where nothing is but what is carried there. */
const elsewhere = tempFolder()
const file = join(elsewhere, 'proof.json')
let log: NodeProcess
let follower: NodeProcess
let vkey: string
let did: string

beforeAll(async () => {
  log = await up(data)
  vkey = (await runHere(['log', 'key', '--data', data])).stdout.trim()
  const poll = { ROOTLINE_OBSERVER_POLL_MS: '100' }
  follower = await up(join(folder, 'follower'), ['--follow', log.url, '--log-key', vkey], poll)
  did = (await at(log, 'create', '--wait')).did
  await at(log, 'update', did, '--add-service', 'site,LinkedDomains,https://example.com/', '--wait')
  await followed('https://example.com/')
})
afterAll(async () => {
  await Promise.all([log.stop(), follower.stop()])
})

/** A `rootline did ...` that is to succeed, at a node. */
async function at(node: NodeProcess, ...args: string[]) {
  const environment = { ...env, ROOTLINE_NODE: node.url }
  const { status, stdout, stderr } = await runHere(['did', ...args, '--json'], environment)
  expect(status, stderr).toBe(0)
  return JSON.parse(stdout)
}

/** Waits until the follower's answer holds a text. */
async function followed(part: string): Promise<void> {
  for (let there = false; !there; ) {
    there = (await (await fetch(`${follower.url}/1.0/identifiers/${did}`)).text()).includes(part)
    if (!there) await new Promise(resolve => setTimeout(resolve, 50))
  }
}

/** No node can be asked, and there are no settings, no home and no token. */
const NOWHERE = { ROOTLINE_NODE: 'http://127.0.0.1:9' }
const verifyThere = (...args: string[]) => runHere(['did', 'verify-proof', ...args], NOWHERE)

describe('rootline did prove', () => {
  it('gives the same bytes at the log and at a follower, which are what HTTP gives', async () => {
    const made = await at(log, 'prove', did, '-o', file)
    expect(made).toMatchObject({ did, file, transactions: 2 })
    const second = join(elsewhere, 'second.json')
    await at(follower, 'prove', did, '-o', second)
    const bytes = readFileSync(file)
    expect(bytes.length).toBe(made.bytes)
    expect(readFileSync(second)).toEqual(bytes)
    const response = await fetch(`${log.url}/dids/${did}/proof`)
    expect(response.headers.get('content-type')).toBe('application/vnd.rootline.resolution-proof+json')
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes)
  })

  it('makes no proof of a DID that is not there', async () => {
    const unknown = 'did:rootline:EiDKIkwqO69IPG3pOlHkdb86nYt0aNxSHZu2r-bhEznjdA'
    const { status, stderr } = await runHere(['did', 'prove', unknown], { ...env, ROOTLINE_NODE: log.url })
    expect([status, stderr]).toEqual([3, expect.stringContaining('DID_UNKNOWN')])
  })
})

describe('rootline did prove, at something that is no node of this kind', () => {
  it.each([
    ['a proof of another DID', () => readFileSync(file)],
    ['bytes that are no proof', () => Buffer.from('{"v":1}')],
  ])('refuses %s, and writes nothing', async (_, body) => {
    const server = createServer((_, response) => response.end(body()))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const other = 'did:rootline:EiDKIkwqO69IPG3pOlHkdb86nYt0aNxSHZu2r-bhEznjdA'
    const output = join(elsewhere, 'never.json')
    const node = { ...env, ROOTLINE_NODE: `http://127.0.0.1:${port}` }
    const { status, stderr } = await runHere(['did', 'prove', other, '-o', output], node)
    expect([status, stderr]).toEqual([3, expect.stringContaining('NODE_ANSWER_INVALID')])
    expect(existsSync(output)).toBe(false)
    server.close()
  })
})

describe('rootline did verify-proof, where only the file and the key of the log are', () => {
  it('gives the document, and says on stderr that the newest state is undecided: exit 3', async () => {
    const args = ['did', 'verify-proof', file, '--log-key', vkey]
    const { status, stdout, stderr } = await rootline(args, { env: NOWHERE })
    expect(status, stderr).toBe(3)
    const answer = await (await fetch(`${log.url}/1.0/identifiers/${did}`)).json()
    expect(JSON.parse(stdout)).toEqual((answer as { didDocument: object }).didDocument)
    expect(stderr).toMatch(/undecided/i)
  })

  it('reads stdin, and takes the key from a policy that names the log alone', async () => {
    const policy = join(elsewhere, 'policy')
    writeFileSync(policy, `log ${vkey}\nquorum none\n`)
    const stdin = readFileSync(file, 'utf8')
    const args = ['did', 'verify-proof', '-', '--policy', policy, '--json']
    const { status, stdout, stderr } = await rootline(args, { env: NOWHERE, stdin })
    expect(status, stderr).toBe(3)
    const { report } = JSON.parse(stdout) as { report: TrustReport }
    expect(report.claims.map(({ id, verdict }) => `${id} ${verdict}`)).toEqual([
      'document verified',
      'active verified',
      'newest undecided',
    ])
    const other = parseSigningKey(generateLogKey('other.example')).verifier.vkey
    writeFileSync(policy, `log ${vkey}\nlog ${other}\nquorum none\n`)
    expect(await verifyThere(file, '--policy', policy)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('USAGE'),
    })
    expect((await verifyThere(file, '--policy', policy, '--log-key', vkey)).status).toBe(3)
    writeFileSync(policy, `log ${other}\nquorum none\n`)
    expect(await verifyThere(file, '--policy', policy, '--log-key', vkey)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('CONFIG_INVALID'),
    })
  })

  it('explains what was checked, and whom one must trust', async () => {
    const { stdout } = await verifyThere(file, '--log-key', vkey, '--explain')
    expect(stdout).toContain('these are all')
    expect(stdout.replace(/\s+/g, ' ')).toContain('The log says that the map has every operation')
    expect(stdout).toContain(vkey.split('+')[0])
  })

  it('with the key of another log: exit 2', async () => {
    const other = parseSigningKey(generateLogKey('other.example')).verifier.vkey
    expect((await verifyThere(file, '--log-key', other)).status).toBe(2)
  })

  it('with the origin of another log: exit 2; with that of its log: exit 3', async () => {
    const pinned = [file, '--log-key', vkey, '--origin']
    expect((await verifyThere(...pinned, 'other.example')).status).toBe(2)
    expect((await verifyThere(...pinned, vkey.split('+')[0] ?? '')).status).toBe(3)
  })

  it.each([
    ['cut off', (text: string) => text.slice(0, -100)],
    ['no proof', () => '{"v":1}'],
    ['with a file that is another', (text: string) => text.replace('"H4sI', '"H5sI')],
    ['by other rules', (text: string) => text.replace('"profile":"rootline"', '"profile":"ion"')],
  ])('%s: exit 1, and says why', async (_, change) => {
    const bad = join(elsewhere, 'bad.json')
    writeFileSync(bad, change(readFileSync(file, 'utf8')))
    expect(await verifyThere(bad, '--log-key', vkey)).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/INPUT_INVALID.*bad\.json: not a proof/),
    })
  })

  it('of which the operations end the DID: exit 4, unless nothing shows that they are on the log', async () => {
    await at(log, 'deactivate', did, '--yes', '--wait')
    const ended = join(elsewhere, 'ended.json')
    await at(log, 'prove', did, '-o', ended)
    const { status, stderr } = await verifyThere(ended, '--log-key', vkey)
    expect([status, stderr]).toEqual([4, expect.stringContaining('A deactivate operation ended it')])
    const other = parseSigningKey(generateLogKey('other.example')).verifier.vkey
    expect((await verifyThere(ended, '--log-key', other)).status).toBe(2)
    expect((await verifyThere(file, '--log-key', vkey)).status).toBe(3)
  })
})
