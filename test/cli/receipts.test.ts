import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Controller } from '../node/parts.ts'
import { handIn } from '../node/submission-car.ts'
import { type NodeProcess, runHere, up, workFolder } from './process.ts'

const { folder, data, env } = workFolder()
const QUICK = { ROOTLINE_OBSERVER_POLL_MS: '100', ROOTLINE_SUBMISSIONS_DEADLINE_SECONDS: '2' }
let log: NodeProcess
let vkey: string
let token: string

beforeAll(async () => {
  log = await up(data, [], QUICK)
  vkey = (await runHere(['log', 'key', '--data', data])).stdout.trim()
  token = (await runHere(['log', 'writer', 'add', 'alice', '--data', data])).stdout.trim()
})
afterAll(async () => {
  await log.stop()
})

/** Hands in a batch, and keeps the receipt in a file. */
async function receipt(name: string): Promise<string> {
  const { anchorString, car } = await handIn([new Controller().create()])
  const response = await fetch(`${log.url}/log/submissions?${new URLSearchParams({ anchorString })}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/vnd.ipld.car' },
    body: new Uint8Array(car),
  })
  expect(response.status).toBe(202)
  const { receipt: note } = (await response.json()) as { receipt: string }
  const file = join(folder, name)
  writeFileSync(file, note)
  return file
}

async function check(file: string, ...args: string[]) {
  const command = ['log', 'check-receipt', file, '--log-key', vkey, '--json', ...args]
  const { status, stdout, stderr } = await runHere(command, env)
  return { status, stderr, value: stdout === '' ? undefined : JSON.parse(stdout) }
}

async function create(): Promise<void> {
  const { status, stderr } = await runHere(['did', 'create', '--wait'], { ...env, ROOTLINE_NODE: log.url })
  expect(status, stderr).toBe(0)
}

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

describe('rootline log check-receipt', () => {
  let honoured: string

  it('says that a receipt was honoured, by a node, and by a folder of a log or a follower', async () => {
    honoured = await receipt('honoured')
    let checked = await check(honoured, '--node', log.url)
    while (checked.value.outcome === 'undecided') checked = await check(honoured, '--node', log.url)
    expect(checked).toMatchObject({
      status: 0,
      value: { outcome: 'honoured', leaf: 0, report: { verdict: 'verified' } },
    })
    expect(checked.value.proof).toMatch(/^c2sp\.org\/tlog-proof@v1\nindex 0\n/)
    expect(checked.value.evidence).toBeUndefined()

    const place = join(folder, 'follower')
    const follower = await up(place, ['--follow', log.url, '--log-key', vkey], QUICK)
    expect(await check(honoured, '--node', follower.url)).toMatchObject({ value: { outcome: 'honoured' } })
    await follower.stop()
    expect(await check(honoured, '--data', place)).toMatchObject({
      status: 0,
      value: { outcome: 'honoured', leaf: 0 },
    })
    await log.stop()
    expect(await check(honoured, '--data', data)).toMatchObject({
      status: 0,
      value: { outcome: 'honoured', leaf: 0 },
    })
    log = await up(data, [], QUICK)
  })

  it('is about a receipt of that log and no other, and says of which folder or node', async () => {
    const changed = join(folder, 'changed')
    writeFileSync(changed, readFileSync(honoured, 'utf8').replace('\nalice\n', '\nbobby\n'))
    expect(await check(changed, '--node', log.url)).toMatchObject({ status: 2, value: { outcome: 'void' } })
    const both = await check(honoured, '--node', log.url, '--data', data)
    expect(both.stderr).toContain('error USAGE')
    const running = await check(honoured, '--data', data)
    expect(running.stderr).toContain('error STORE_LOCKED')
    expect(await check(honoured, '--node', 'http://127.0.0.1:9')).toMatchObject({
      status: 3,
      value: { outcome: 'undecided' },
    })
  })

  it('keeps evidence where it was broken, as by a backup that was put back, for anyone to verify', async () => {
    await log.stop()
    const backup = join(folder, 'backup')
    cpSync(data, backup, { recursive: true })
    log = await up(data, [], QUICK)
    const broken = await receipt('broken')
    log.child.kill('SIGKILL')
    await log.end
    rmSync(data, { recursive: true })
    cpSync(backup, data, { recursive: true })
    log = await up(data, [], QUICK)
    expect(await check(broken, '--node', log.url)).toMatchObject({
      status: 3,
      value: { outcome: 'undecided' },
    })
    await pause(3_000)
    await create()

    const { status, value } = await check(broken, '--node', log.url)
    expect(status).toBe(2)
    expect(value).toMatchObject({
      outcome: 'broken',
      evidence: `${broken}.broken.json`,
      report: { verdict: 'rejected' },
    })
    const verify = (...args: string[]) =>
      runHere(['log', 'verify-evidence', value.evidence, '--log-key', vkey, ...args], env)
    const verified = await verify('--node', log.url)
    expect(verified.status, verified.stderr).toBe(0)
    expect(verified.stdout).toContain('proven: the log')
    const explained = await verify('--node', log.url, '--explain')
    expect(explained.stdout).toContain('RECEIPT_ABSENT')
    // Without the log, or with another key, it shows nothing.
    expect((await verify('--node', 'http://127.0.0.1:9')).status).toBe(3)
    const evidence = JSON.parse(readFileSync(value.evidence, 'utf8'))
    const accused = join(folder, 'accused.json')
    writeFileSync(accused, JSON.stringify({ ...evidence, receipt: readFileSync(honoured, 'utf8') }))
    const innocent = await runHere(
      ['log', 'verify-evidence', accused, '--log-key', vkey, '--node', log.url],
      env,
    )
    expect(innocent.status).toBe(2)
    expect(innocent.stdout).toContain('rejected')
  })

  it('explains itself', async () => {
    const { stdout, status } = await runHere(
      ['log', 'check-receipt', honoured, '--log-key', vkey, '--node', log.url, '--explain'],
      env,
    )
    expect(status).toBe(0)
    for (const code of ['RECEIPT_SIGNATURE', 'RECEIPT_LEAF', 'LOG_INCLUSION', 'LEAF_TIME'])
      expect(stdout).toContain(code)
    expect(existsSync(`${honoured}.broken.json`)).toBe(false)
  })
})
