import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateLogKey } from '../../src/ledger/log/key.ts'
import { openCheckpoint } from '../../src/merkle/checkpoint.ts'
import { parseSigningKey } from '../../src/merkle/signing-key.ts'
import { parseVkey } from '../../src/merkle/vkey.ts'
import type { TrustReport } from '../../src/trust/types.ts'
import { readyUrl, spawnCommand } from '../faults/process.ts'
import { type NodeProcess, rootline, runHere, up, workFolder } from './process.ts'

const { folder, data, env } = workFolder()
const QUICK = { ROOTLINE_OBSERVER_POLL_MS: '100' }
const NAMES = ['w0', 'w1', 'w2']
const TYPES: { [name: string]: string } = { w2: 'ml-dsa-44' }
const policyFile = join(folder, 'policy')
const followerData = join(folder, 'follower')
const logKey = generateLogKey('log.example/witnessed')
const { verifier } = parseSigningKey(logKey)
const witnesses = new Map<string, { url: string; vkey: string; kill: () => Promise<void> }>()
let log: NodeProcess
let follower: NodeProcess

/** A witness in its folder, at the address that it had before. */
async function startWitness(name: string): Promise<void> {
  const address = witnesses.get(name)?.url.replace('http://', '') ?? '127.0.0.1:0'
  const args = ['--data', join(folder, name), '--listen', address, '--log', verifier.vkey]
  const started = spawnCommand([
    'witness',
    ...args,
    ...(witnesses.has(name) ? [] : ['--name', `${name}.example`, '--type', TYPES[name] ?? 'ed25519']),
  ])
  const url = await readyUrl(started)
  const vkey = (await (await fetch(`${url}/vkey`)).text()).trim()
  const kill = async () => {
    started.child.kill('SIGKILL')
    await started.end
  }
  witnesses.set(name, { url, vkey, kill })
}

beforeAll(async () => {
  // The log's key is there before the log, so that its witnesses can know it.
  mkdirSync(data, { recursive: true, mode: 0o700 })
  writeFileSync(join(data, 'log.key'), `${logKey}\n`, { mode: 0o600 })
  await Promise.all(NAMES.map(startWitness))
  const lines = NAMES.map(name => `witness ${name} ${witnesses.get(name)?.vkey} ${witnesses.get(name)?.url}`)
  const policy = [
    `log ${verifier.vkey}`,
    ...lines,
    `group quorum-of-two 2 ${NAMES.join(' ')}`,
    'quorum quorum-of-two',
  ]
  writeFileSync(policyFile, `${policy.join('\n')}\n`)
  log = await up(data, ['--policy', policyFile], QUICK)
  follower = await up(
    followerData,
    ['--follow', log.url, '--log-key', verifier.vkey, '--policy', policyFile],
    QUICK,
  )
})
afterAll(async () => {
  await follower.stop()
  await log.stop()
  await Promise.all([...witnesses.values()].map(({ kill }) => kill()))
})

async function resolved(did: string): Promise<void> {
  while ((await fetch(`${follower.url}/1.0/identifiers/${did}`)).status !== 200) {
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

async function create(...more: string[]) {
  const { status, stdout, stderr } = await runHere(['did', 'create', '--json', ...more], {
    ...env,
    ROOTLINE_NODE: log.url,
  })
  expect(status, stderr).toBe(0)
  return JSON.parse(stdout) as { did: string }
}

describe('a log, three witnesses of which two must cosign, and a follower', () => {
  it('the follower resolves what was cosigned, and its report says by whom', async () => {
    const { did } = await create('--wait')
    await resolved(did)
    const token = readFileSync(join(followerData, 'token'), 'utf8').trim()
    const response = await fetch(`${follower.url}/dids/${did}/report`, {
      headers: { authorization: `Bearer ${token}` },
    })
    const { report } = (await response.json()) as { report: TrustReport }
    expect(report.verdict, report.summary).toBe('verified')
    const edge = report.edges.find(({ code }) => code === 'CHECKPOINT_WITNESSED')
    expect(edge).toMatchObject({ relation: 'witnessedBy', result: 'pass', to: 'log-witnesses' })
    const cosignatures = report.edges.filter(({ code }) => code === 'COSIGNATURE')
    expect(cosignatures.length).toBeGreaterThanOrEqual(2)
    for (const each of cosignatures) expect(each).toMatchObject({ from: edge?.from, accepted: true })
    expect(report.roots.filter(({ name }) => /^the witness w\d$/.test(name))).toHaveLength(
      cosignatures.length,
    )
    expect(edge?.detail).toMatch(/A quorum of witnesses has cosigned the checkpoint: w\d at .+, w\d at /)
    expect(report.roots.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['log-key', 'log-witnesses', 'clock']),
    )
    expect(JSON.stringify(report.notShown)).not.toContain('no witness')
  })

  it('its answers can be carried away, and are checked without any of these processes', async () => {
    const { did } = await create('--wait')
    await resolved(did)
    const file = join(folder, 'proof.json')
    const prove = await runHere(['did', 'prove', did, '-o', file, '--json'], {
      ...env,
      ROOTLINE_NODE: follower.url,
    })
    expect(prove.status, prove.stderr).toBe(0)
    const again = await runHere(['did', 'prove', did, '-o', file], { ...env, ROOTLINE_NODE: follower.url })
    expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('OUTPUT_UNWRITABLE')])
    const pinned = ['--log-key', verifier.vkey, '--policy', policyFile, '--json']
    const { status, stdout, stderr } = await rootline(['did', 'verify-proof', file, ...pinned], {
      env: { ROOTLINE_NODE: 'http://127.0.0.1:9' },
    })
    expect(status, stderr).toBe(0)
    const { resolution, report } = JSON.parse(stdout) as {
      resolution: { didDocument: object }
      report: TrustReport
    }
    const answer = await (await fetch(`${follower.url}/1.0/identifiers/${did}`)).json()
    expect(resolution.didDocument).toEqual((answer as typeof resolution).didDocument)
    expect(report.claims.map(({ id, verdict }) => `${id} ${verdict}`)).toEqual([
      'document verified',
      'active verified',
      'newest verified',
    ])
    expect(report.edges.find(({ code }) => code === 'CHECKPOINT_WITNESSED')?.result).toBe('pass')
    const bare = await rootline(['did', 'verify-proof', file])
    expect([bare.status, bare.stderr]).toEqual([1, expect.stringContaining('USAGE')])
  })

  it('goes on with one witness gone', async () => {
    await witnesses.get('w0')?.kill()
    await resolved((await create('--wait')).did)
  })

  it('publishes nothing with two gone, and what waited once one is back', async () => {
    await witnesses.get('w1')?.kill()
    const { did } = await create()
    const before = await (await fetch(`${log.url}/log/checkpoint`)).text()
    await new Promise(resolve => setTimeout(resolve, 300))
    expect(await (await fetch(`${log.url}/log/checkpoint`)).text()).toBe(before)
    await startWitness('w1')
    await resolved(did)
    const after = await (await fetch(`${log.url}/log/checkpoint`)).text()
    const keys = [...witnesses.values()].map(({ vkey }) => parseVkey(vkey))
    const { size, signatures } = openCheckpoint(after, verifier.name, verifier, keys)
    expect(size).toBe(openCheckpoint(before, verifier.name, verifier).size + 2)
    expect(signatures.length).toBeGreaterThanOrEqual(3)
  })

  it('stops while it waits for witnesses, and publishes after the next start', async () => {
    await witnesses.get('w2')?.kill()
    const { did } = await create()
    await new Promise(resolve => setTimeout(resolve, 300))
    expect((await log.stop()).status).toBe(0)
    await Promise.all(['w0', 'w2'].map(startWitness))
    log = await up(data, ['--policy', policyFile], {
      ...QUICK,
      ROOTLINE_LISTEN: log.url.replace('http://', ''),
    })
    const again = await up(
      join(folder, 'late'),
      ['--follow', log.url, '--log-key', verifier.vkey, '--policy', policyFile],
      QUICK,
    )
    while ((await fetch(`${again.url}/1.0/identifiers/${did}`)).status !== 200) {
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    await again.stop()
  })

  it('a policy whose witnesses cannot be asked is refused', async () => {
    const file = join(folder, 'without-urls')
    writeFileSync(file, readFileSync(policyFile, 'utf8').replaceAll(/ http:\S+/g, ''))
    const { status, stderr } = await rootline(['up', '--data', join(folder, 'other'), '--policy', file])
    expect([status, stderr]).toEqual([1, expect.stringContaining('CONFIG_INVALID')])
  })
})
