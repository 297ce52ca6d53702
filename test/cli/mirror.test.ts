import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateLogKey } from '../../src/ledger/log/key.ts'
import { openCheckpoint } from '../../src/merkle/checkpoint.ts'
import { parseSigningKey } from '../../src/merkle/signing-key.ts'
import { parseVkey } from '../../src/merkle/vkey.ts'
import { readyUrl, spawnCommand } from '../faults/process.ts'
import { type NodeProcess, runHere, up, workFolder } from './process.ts'

const { folder, data, env } = workFolder()
const logKey = generateLogKey('log.example/mirrored')
const { verifier } = parseSigningKey(logKey)
let logUrl: string
let log: NodeProcess
let mirror: { url: string; vkey: string; kill: () => Promise<void> }

/** An address that nobody has now: a mirror has to know that of the log before either runs. */
async function freeAddress(): Promise<string> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  if (address === null || typeof address === 'string') throw new TypeError('no address')
  return `127.0.0.1:${address.port}`
}

async function startMirror(listen: string): Promise<void> {
  const started = spawnCommand([
    'mirror',
    ...['--data', join(folder, 'mirror'), '--listen', listen, '--follow', logUrl, '--log-key', verifier.vkey],
    ...['--name', 'mirror.example'],
  ])
  const url = await readyUrl(started)
  const vkey = (await (await fetch(`${url}/vkey`)).text()).trim()
  const kill = async () => {
    started.child.kill('SIGKILL')
    await started.end
  }
  mirror = { url, vkey, kill }
}

beforeAll(async () => {
  mkdirSync(data, { recursive: true, mode: 0o700 })
  writeFileSync(join(data, 'log.key'), `${logKey}\n`, { mode: 0o600 })
  const listen = await freeAddress()
  logUrl = `http://${listen}`
  await startMirror('127.0.0.1:0')
  const policy = [`log ${verifier.vkey}`, `witness m ${mirror.vkey} ${mirror.url}`, 'quorum m', '']
  writeFileSync(join(folder, 'policy'), policy.join('\n'))
  log = await up(data, ['--policy', join(folder, 'policy'), '--listen', listen])
})
afterAll(async () => {
  await log.stop()
  await mirror.kill()
})

async function create(): Promise<string> {
  const { stdout, stderr, status } = await runHere(['did', 'create', '--wait', '--json'], {
    ...env,
    ROOTLINE_NODE: log.url,
  })
  expect(status, stderr).toBe(0)
  return (JSON.parse(stdout) as { did: string }).did
}

/** CIDs of the files of all batches, as the log's node tells of them. */
async function namedFiles(): Promise<string[]> {
  const { transactions } = (await (await fetch(`${log.url}/transactions`)).json()) as {
    transactions: { files: { uri: string }[] }[]
  }
  return transactions.flatMap(({ files }) => files.map(({ uri }) => uri))
}

async function newestCheckpoint() {
  const note = await (await fetch(`${log.url}/log/checkpoint`)).text()
  return openCheckpoint(note, verifier.name, verifier, [parseVkey(mirror.vkey)])
}

describe('a log whose policy asks for a mirror', () => {
  it('publishes what that holds, which gives the files to anyone', async () => {
    await create()
    const { signatures, size } = await newestCheckpoint()
    expect([size, signatures.length]).toEqual([2, 2])
    const held = await namedFiles()
    expect(held.length).toBeGreaterThanOrEqual(3)
    for (const uri of held) {
      const [there, here] = await Promise.all(
        [log.url, mirror.url].map(async url => {
          const response = await fetch(`${url}/ipfs/${uri}?format=raw`)
          return [response.status, await response.text()]
        }),
      )
      expect(here).toEqual(there)
      expect(here?.[0]).toBe(200)
    }
    const unknown = 'QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n'
    expect((await fetch(`${mirror.url}/ipfs/${unknown}?format=raw`)).status).toBe(404)
  })

  it('waits for it while it is away, and goes on once it is back, killed at any moment', async () => {
    for (let i = 0; i < 3; i++) {
      const before = await newestCheckpoint()
      const [did] = await Promise.all([create(), killAndStart()])
      const after = await newestCheckpoint()
      expect(after.size).toBeGreaterThan(before.size)
      expect(after.signatures.length).toBe(2)
      expect((await fetch(`${log.url}/1.0/identifiers/${did}`)).status).toBe(200)
    }
  })
})

async function killAndStart(): Promise<void> {
  const listen = mirror.url.replace('http://', '')
  await mirror.kill()
  await startMirror(listen)
}

describe('rootline mirror', () => {
  it('has to know its log', async () => {
    const { status, stderr } = await runHere(
      ['mirror', '--data', join(folder, 'other'), '--listen', '127.0.0.1:0'],
      env,
    )
    expect([status, stderr]).toEqual([1, expect.stringContaining('USAGE')])
  })
})
