import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateLogKey } from '../../src/ledger/log/key.ts'
import { parseSigningKey } from '../../src/merkle/signing-key.ts'
import { type NodeProcess as Process, readyUrl, spawnCommand, spawnNode } from '../faults/process.ts'
import { rootline, up, workFolder } from './process.ts'

/** A machine that has much else to do takes its time. */
const PATIENT = { timeout: 60_000 }
const { folder, data } = workFolder()
const logKey = generateLogKey('log.example/policies')
const { verifier } = parseSigningKey(logKey)
const witnesses = new Map<string, { process: Process; line: string }>()

async function startWitness(name: string): Promise<void> {
  const started = spawnCommand([
    'witness',
    ...['--data', join(folder, name), '--listen', '127.0.0.1:0', '--log', verifier.vkey],
  ])
  const url = await readyUrl(started)
  const vkey = (await (await fetch(`${url}/vkey`)).text()).trim()
  witnesses.set(name, { process: started, line: `witness ${name} ${vkey} ${url}` })
}

function policyOf(name: string): string {
  const path = join(folder, `policy-${name}`)
  writeFileSync(path, `log ${verifier.vkey}\n${witnesses.get(name)?.line}\nquorum ${name}\n`)
  return path
}

beforeAll(async () => {
  mkdirSync(data, { recursive: true, mode: 0o700 })
  writeFileSync(join(data, 'log.key'), `${logKey}\n`, { mode: 0o600 })
  await Promise.all(['w0', 'w1'].map(startWitness))
})
afterAll(async () => {
  for (const { process } of witnesses.values()) process.child.kill('SIGKILL')
})

async function runOnce(...args: string[]): Promise<string> {
  const node = await up(data, args)
  return (await node.stop()).stderr
}

describe('a log that has had a policy', () => {
  it('is refused without one, by every command that opens it to write', async () => {
    expect(await runOnce('--policy', policyOf('w0'))).toContain('has witnesses from now on')
    for (const command of ['up', 'repair']) {
      const { status, stderr } = await rootline([command, '--data', data])
      expect([status, stderr]).toEqual([1, expect.stringContaining('error POLICY_MISSING')])
      expect(stderr).toContain('w0')
      expect(stderr).toContain('--policy none')
    }
    expect(await runOnce('--policy', policyOf('w0'))).not.toMatch(/from now on|than before/)
  })

  it('tells of another policy, and asks the witnesses of the one before at that start', async () => {
    const stderr = await runOnce('--policy', policyOf('w1'))
    const told = stderr.split('\n').find(line => line.includes('are others than before'))
    expect(JSON.parse(told ?? '{}')).toMatchObject({
      added: [expect.stringMatching(/^w1 \(localhost\/witness-\d{8}\+/)],
      removed: [expect.stringMatching(/^w0 /)],
      quorum: 'w1',
    })
    witnesses.get('w1')?.process.child.kill('SIGKILL')
    await witnesses.get('w1')?.process.end
    const starting = spawnNode(data, { env: { ROOTLINE_POLICY: 'none' } })
    let text = ''
    starting.child.stderr?.on('data', chunk => {
      text += chunk
    })
    await expect.poll(() => text, PATIENT).toContain('waits for more witnesses')
    expect(text).toContain('w1 (of the policy before)')
    // A start that waits ends at the first signal.
    starting.child.kill('SIGTERM')
    expect(await starting.end).toMatchObject({
      status: 70,
      stderr: expect.stringContaining('LEDGER_QUORUM_MISSING'),
    })
  })

  it('goes on without witnesses where that is said, and then needs no policy', async () => {
    const lost = await runOnce('--policy', 'none', '--accept-unknown-history')
    expect(lost).toContain('are others than before')
    expect(await runOnce()).not.toContain('than before')
  })
})

describe('a follower that has had a policy', () => {
  it('is refused without one, and goes on without witnesses where that is said', async () => {
    const log = await up(data, ['--policy', policyOf('w0')])
    const place = join(folder, 'follower')
    const follow = ['--follow', log.url, '--log-key', verifier.vkey]
    await (await up(place, [...follow, '--policy', policyOf('w0')])).stop()
    const { status, stderr } = await rootline(['up', '--data', place, '--listen', '127.0.0.1:0', ...follow])
    expect([status, stderr]).toEqual([1, expect.stringContaining('error POLICY_MISSING')])
    const told = await (await up(place, [...follow, '--policy', 'none'])).stop()
    expect(told.stderr).toContain('are others than before')
    await (await up(place, follow)).stop()
    await log.stop()
  })
})
