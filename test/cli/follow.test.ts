import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateLogKey } from '../../src/ledger/log/key.ts'
import { parseSigningKey } from '../../src/merkle/signing-key.ts'
import { Store } from '../../src/store/store.ts'
import type { TrustReport } from '../../src/trust/types.ts'
import { tempFolder } from '../temp.ts'
import { type NodeProcess, rootline, runHere, up, workFolder } from './process.ts'

const { folder, data, env } = workFolder()
const QUICK = { ROOTLINE_OBSERVER_POLL_MS: '100' }
const followers = [join(folder, 'first'), join(folder, 'second')] as const
let log: NodeProcess
let vkey: string

beforeAll(async () => {
  log = await up(data)
  vkey = (await runHere(['log', 'key', '--data', data])).stdout.trim()
})
afterAll(async () => {
  await log.stop()
})

const follow = (place: string, url = log.url) => up(place, ['--follow', url, '--log-key', vkey], QUICK)

/** A command that asks a node and gives JSON. */
async function ask(url: string, ...args: string[]) {
  const { status, stdout, stderr } = await runHere([...args, '--json'], { ...env, ROOTLINE_NODE: url })
  return { status, stderr, value: stdout === '' ? undefined : JSON.parse(stdout) }
}

/** The resolution of a DID by a node, asked over HTTP, once it is as `until` says. */
async function resolved(
  node: NodeProcess,
  did: string,
  until: (document: string) => boolean = () => true,
): Promise<string> {
  for (;;) {
    const response = await fetch(`${node.url}/1.0/identifiers/${did}`)
    const body = await response.text()
    if (response.status === 200 && until(body)) return body
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

async function explained(node: NodeProcess, place: string, did: string): Promise<TrustReport> {
  const token = readFileSync(join(place, 'token'), 'utf8').trim()
  const response = await fetch(`${node.url}/dids/${did}/report`, {
    headers: { authorization: `Bearer ${token}` },
  })
  return ((await response.json()) as { report: TrustReport }).report
}

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(resolve => setTimeout(resolve, 50))
}

const isReady = async (node: NodeProcess) => (await fetch(`${node.url}/health/ready`)).status === 200

describe('a log and two followers, one of which starts late', () => {
  let first: NodeProcess
  let second: NodeProcess
  let did: string

  afterAll(async () => {
    await Promise.all([first.stop(), second.stop()])
  })

  it('resolve what the log has anchored, alike to the byte, each with a report of its own', async () => {
    first = await follow(followers[0])
    did = (await ask(log.url, 'did', 'create', '--wait')).value.did
    await resolved(first, did)
    const update = [
      'did',
      'update',
      did,
      '--add-service',
      'site,LinkedDomains,https://example.com/',
      '--wait',
    ]
    expect((await ask(log.url, ...update)).status).toBe(0)
    const there = (document: string) => document.includes('https://example.com/')
    second = await follow(followers[1])
    const answers = await Promise.all([log, first, second].map(node => resolved(node, did, there)))
    expect(new Set(answers).size).toBe(1)
    for (const [node, place] of [
      [first, followers[0]],
      [second, followers[1]],
    ] as const) {
      const report = await explained(node, place, did)
      expect(report.verdict, report.summary).toBe('verified')
      const codes = report.edges.filter(({ result }) => result === 'pass').map(({ code }) => code)
      expect(codes).toEqual(
        expect.arrayContaining(['LOG_INCLUSION', 'LOG_CONSISTENCY', 'CHECKPOINT_FRESH', 'CHECKPOINT_NEWEST']),
      )
      expect(report.roots.map(({ id }) => id)).toEqual(
        expect.arrayContaining(['log-key', 'log-source', 'clock']),
      )
    }
  })

  it('hold the same log, and serve it on', async () => {
    const files = ['checkpoint', 'tile/0/000.p/2', 'tile/entries/000.p/2']
    for (const file of files) {
      const bodies = await Promise.all(
        [log, first, second].map(node => fetch(`${node.url}/log/${file}`).then(r => r.text())),
      )
      expect(new Set(bodies).size).toBe(1)
      expect(bodies[0]).not.toBe('')
    }
    expect(await Promise.all([first, second].map(isReady))).toEqual([true, true])
    const third = await follow(join(folder, 'third'), first.url)
    await resolved(third, did)
    await third.stop()
  })

  it('take no operation: that is refused at once, with a reason', async () => {
    const { status, stderr } = await runHere(['did', 'create'], {
      ...env,
      ROOTLINE_NODE: first.url,
      ROOTLINE_TOKEN_FILE: join(followers[0], 'token'),
    })
    expect(status).toBe(1)
    expect(stderr).toContain('NODE_READ_ONLY')
  })

  it('go on after a kill, without the log too', async () => {
    first.child.kill('SIGKILL')
    await first.end
    first = await follow(followers[0], 'http://127.0.0.1:9')
    await resolved(first, did)
    expect((await explained(first, followers[0], did)).verdict).toBe('undecided')
    await first.stop()
    for (const command of [
      ['check', '--data', followers[0]],
      ['log', 'verify', '--data', followers[0]],
      ['repair', '--data', followers[0]],
      ['check', '--data', followers[0]],
    ]) {
      const { status, stdout, stderr } = await rootline(command)
      expect(status, `${command.join(' ')}: ${stdout}${stderr}`).toBe(0)
    }
    const key = await rootline(['log', 'key', '--data', followers[0]])
    expect(key.stdout.trim()).toBe(vkey)
    first = await follow(followers[0])
    await resolved(first, did)
    expect(await isReady(first)).toBe(true)
  })

  it('are frozen by a log that begins again with the same key, stay so, and have evidence for anyone', async () => {
    expect((await rootline(['log', 'evidence', '--data', followers[0]])).stdout).toContain(
      'there is no evidence',
    )
    const { port } = new URL(log.url)
    await log.stop()
    // As if the disk were lost and the key kept.
    for (const name of ['log', 'node', 'log-checkpoint']) rmSync(join(data, name), { recursive: true })
    log = await up(data, ['--listen', `127.0.0.1:${port}`])
    expect((await ask(log.url, 'did', 'create', '--wait')).status).toBe(0)
    await waitFor(async () => !(await isReady(first)) && !(await isReady(second)))
    for (const [node, place] of [
      [first, followers[0]],
      [second, followers[1]],
    ] as const) {
      const health = await fetch(`${node.url}/health/ready`).then(response => response.json())
      expect(health).toMatchObject({ reasons: [{ code: 'LEDGER_FROZEN' }] })
      const report = await explained(node, place, did)
      expect(report.verdict).toBe('undecided')
      expect(report.claims.find(({ id }) => id === 'document')?.verdict).toBe('verified')
      expect(report.claims.find(({ id }) => id === 'newest')?.verdict).toBe('undecided')
      expect((await rootline(['log', 'evidence', '--data', place])).stdout).toContain('two checkpoints')
    }
    const shown = await rootline(['log', 'evidence', '--data', followers[1], '--json'])
    const file = join(tempFolder(), 'evidence.json')
    writeFileSync(file, shown.stdout)
    const verify = (...args: string[]) => rootline(['log', 'verify-evidence', file, ...args])
    const proven = await verify('--log-key', vkey)
    expect(proven.status, proven.stderr).toBe(0)
    expect(proven.stdout).toContain('proven: the log')
    const other = parseSigningKey(generateLogKey('other.example')).verifier.vkey
    expect(await verify('--log-key', other)).toMatchObject({
      status: 2,
      stdout: expect.stringContaining('not proven'),
    })
    writeFileSync(file, shown.stdout.replace('log-fork', 'log-fokr'))
    expect(await verify('--log-key', vkey)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('INPUT_INVALID'),
    })
    await first.stop()
    first = await follow(followers[0])
    expect(await isReady(first)).toBe(false)
    await resolved(first, did)
    expect((await explained(first, followers[0], did)).verdict).toBe('undecided')
    // Also where the copy for operators is lost.
    await first.stop()
    rmSync(join(followers[0], 'log-evidence.json'))
    expect((await rootline(['log', 'evidence', '--data', followers[0]])).stdout).toContain('two checkpoints')
    first = await follow(followers[0])
    expect(existsSync(join(followers[0], 'log-evidence.json'))).toBe(true)
  })
})

describe('rootline up --follow refuses', () => {
  it('a log without its key, or with a key that is none', async () => {
    const without = await rootline(['up', '--data', tempFolder(), '--follow', log.url])
    expect(without).toMatchObject({ status: 1, stderr: expect.stringContaining('error CONFIG_INVALID') })
    expect(without.stderr).toContain('logKey is missing')
    const wrong = await rootline(['up', '--data', tempFolder(), '--follow', log.url, '--log-key', 'x+y+z'])
    expect(wrong).toMatchObject({ status: 1, stderr: expect.stringContaining('the setting logKey') })
  })

  it('a policy that cannot be read, is none, or is of another log', async () => {
    const policy = join(tempFolder(), 'policy')
    const start = () =>
      rootline(['up', '--data', tempFolder(), '--follow', log.url, '--log-key', vkey, '--policy', policy])
    expect(await start()).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('error INPUT_UNREADABLE'),
    })
    writeFileSync(policy, 'nonsense\n')
    expect(await start()).toMatchObject({ status: 1, stderr: expect.stringContaining('error INPUT_INVALID') })
    const other = parseSigningKey(generateLogKey('other.example')).verifier.vkey
    writeFileSync(policy, `log ${other}\nquorum none\n`)
    expect(await start()).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('error CONFIG_INVALID'),
    })
  })

  it('a folder with a log of its own; and one that follows is refused a log of its own', async () => {
    const own = await rootline(['up', '--data', data, '--follow', log.url, '--log-key', vkey])
    expect(own).toMatchObject({ status: 1, stderr: expect.stringContaining('error LEDGER_MISMATCH') })
    const place = join(tempFolder(), 'data')
    await (await follow(place)).stop()
    const back = await rootline(['up', '--data', place])
    expect(back).toMatchObject({ status: 1, stderr: expect.stringContaining('error LEDGER_MISMATCH') })
    expect(existsSync(join(place, 'log.key'))).toBe(false)
    const other = parseSigningKey(generateLogKey('other.example')).verifier.vkey
    const elsewhere = await rootline(['up', '--data', place, '--follow', log.url, '--log-key', other])
    expect(elsewhere.stderr).toContain('error LEDGER_KEY_MISMATCH')
    await (await Store.open(join(place, 'followed'))).close()
  })
})
