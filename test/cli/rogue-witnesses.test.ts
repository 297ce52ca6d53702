import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateLogKey } from '../../src/ledger/log/key.ts'
import { formatCheckpoint, openCheckpoint } from '../../src/merkle/checkpoint.ts'
import { signatureLine, textOfNote } from '../../src/merkle/note.ts'
import { COSIGNATURE_V1, COSIGNER_TYPES } from '../../src/merkle/signature-types.ts'
import { formatSigningKey, parseCosignerKey, parseSigningKey } from '../../src/merkle/signing-key.ts'
import { parseVkey } from '../../src/merkle/vkey.ts'
import { parseAddCheckpoint } from '../../src/merkle/witness-request.ts'
import { type NodeProcess as Process, readyUrl, spawnCommand } from '../faults/process.ts'
import { tempFolder } from '../temp.ts'
import { type NodeProcess, rootline, runHere, up, workFolder } from './process.ts'

const { folder, data, env } = workFolder()
const logKey = generateLogKey('log.example/rogue')
const { verifier } = parseSigningKey(logKey)
const ROGUE = parseCosignerKey(formatSigningKey('rogue.example', Buffer.alloc(32, 9), COSIGNATURE_V1))
const honest: { process: Process; vkey: string; url: string }[] = []
let log: NodeProcess
let stamps = 0
let answerTo: (checkpoint: string, response: ServerResponse) => unknown

const rogue = createServer(async (request: IncomingMessage, response: ServerResponse) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  await answerTo(parseAddCheckpoint(Buffer.concat(chunks)).checkpoint, response)
})

const now = () => Math.floor(Date.now() / 1000)
const signed = (note: string, time = now()) => signatureLine(textOfNote(note), ROGUE.at(time))
/** A machine that has much else to do takes its time. */
const PATIENT = { timeout: 60_000 }
const YEAR = 365 * 86_400

/** Who has cosigned the newest checkpoint, and its size. */
async function newest(): Promise<{ size: number; cosigners: string[] }> {
  const note = await (await fetch(`${log.url}/log/checkpoint`)).text()
  const keys = [...honest.map(({ vkey }) => vkey), ROGUE.verifier.vkey]
  const cosigners = keys.map(vkey => parseVkey(vkey, COSIGNER_TYPES))
  const { size, signatures } = openCheckpoint(note, verifier.name, verifier, cosigners)
  const names = signatures.map(signature => signature.verifier.name)
  return { size, cosigners: names.filter(name => name !== verifier.name) }
}

async function measure(name: string): Promise<number> {
  const text = await (await fetch(`${log.url}/metrics`)).text()
  return Number(new RegExp(`^rootline_log_${name}\\{witness="rogue"\\} (\\S+)$`, 'm').exec(text)?.[1])
}

async function stamp(): Promise<void> {
  const path = join(tempFolder(), 'file')
  writeFileSync(path, `${stamps++}`)
  const { status, stderr } = await runHere(['log', 'stamp', path], { ...env, ROOTLINE_NODE: log.url })
  expect(status, stderr).toBe(0)
}

beforeAll(async () => {
  mkdirSync(data, { recursive: true, mode: 0o700 })
  writeFileSync(join(data, 'log.key'), `${logKey}\n`, { mode: 0o600 })
  await new Promise<void>(resolve => rogue.listen(0, '127.0.0.1', resolve))
  for (const name of ['first', 'second']) {
    const started = spawnCommand([
      'witness',
      ...['--data', join(folder, name), '--listen', '127.0.0.1:0', '--log', verifier.vkey],
    ])
    const url = await readyUrl(started)
    honest.push({ process: started, url, vkey: (await (await fetch(`${url}/vkey`)).text()).trim() })
  }
  const policy = join(folder, 'policy')
  const lines = [
    ...honest.map(({ vkey, url }, i) => `witness w${i} ${vkey} ${url}`),
    `witness rogue ${ROGUE.verifier.vkey} http://127.0.0.1:${(rogue.address() as AddressInfo).port}`,
    'group g 2 w0 w1 rogue',
    'quorum g',
  ]
  writeFileSync(policy, `${lines.join('\n')}\n`)
  answerTo = (_, response) => response.writeHead(500).end()
  log = await up(data, ['--policy', policy])
})
afterAll(async () => {
  await log.stop()
  for (const { process } of honest) process.child.kill('SIGKILL')
  rogue.closeAllConnections()
  rogue.close()
})

describe('a log, one of whose three witnesses', () => {
  it.each<[string, (checkpoint: string, response: ServerResponse) => unknown]>([
    [
      'answers with the cosignature of another log',
      async (_, response) => {
        const other = `${formatCheckpoint('other.example', 1, Buffer.alloc(32, 1))}\n— x AAAAAAAA\n`
        response.end(await signed(other))
      },
    ],
    ['answers with 10,000 lines', (_, response) => response.end('— rogue.example AAAAAAAA\n'.repeat(10_000))],
    [
      'answers with lines without end',
      (_, response) => {
        const line = Buffer.from('— rogue.example AAAAAAAA\n'.repeat(1000))
        const write = () => {
          while (!response.destroyed && response.write(line));
        }
        response.on('drain', write)
        write()
      },
    ],
    ['cosigns a year ahead', async (note, response) => response.end(await signed(note, now() + YEAR))],
    ['cosigns a year back', async (note, response) => response.end(await signed(note, now() - YEAR))],
    ['closes the line', (_, response) => response.destroy()],
    [
      'says at each size that it is at none',
      (_, response) => response.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end('0\n'),
    ],
    [
      'is at a size beyond all bounds',
      (_, response) =>
        response.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end(`${Number.MAX_SAFE_INTEGER}\n`),
    ],
    ['sends the log elsewhere', (_, response) => response.writeHead(307, { location: '/' }).end()],
  ])('%s publishes without it, and counts that', async (_, answer) => {
    answerTo = answer
    const [before, failures] = [await newest(), await measure('cosignature_failures_total')]
    await stamp()
    const after = await newest()
    expect(after.size).toBe(before.size + 2)
    expect(after.cosigners).not.toContain('rogue.example')
    expect(after.cosigners.length).toBeGreaterThanOrEqual(2)
    await expect.poll(() => measure('cosignature_failures_total'), PATIENT).toBeGreaterThan(failures)
  })

  it('hangs is held up by it no more than a moment', async () => {
    answerTo = () => {}
    const before = await newest()
    for (let i = 0; i < 3; i++) await stamp()
    expect((await newest()).size).toBe(before.size + 6)
    rogue.closeAllConnections()
  })

  it('signs anything publishes nothing by that signature alone', async () => {
    answerTo = async (note, response) => response.end(await signed(note))
    await stamp()
    await expect.poll(() => measure('cosignatures_total'), PATIENT).toBeGreaterThan(0)
    const before = await newest()
    for (const { process } of honest) process.child.kill('SIGKILL')
    const cosigned = await measure('cosignatures_total')
    const path = join(tempFolder(), 'file')
    writeFileSync(path, 'waits')
    const waiting = await runHere(['log', 'stamp', path], {
      ...env,
      ROOTLINE_NODE: log.url,
      ROOTLINE_TIMEOUT: '2',
    })
    expect([waiting.status, waiting.stderr]).toEqual([3, expect.stringContaining('NODE_UNREACHABLE')])
    await expect.poll(() => measure('cosignatures_total'), PATIENT).toBeGreaterThan(cosigned)
    expect(await newest()).toEqual(before)
  })
})

describe('rootline up with a policy', () => {
  const file = (text: string) => {
    const path = join(tempFolder(), 'policy')
    writeFileSync(path, text)
    return path
  }
  it.each<[string, () => string, string]>([
    ['of 10 MB', () => file('# comment\n'.repeat(1 << 20)), 'INPUT_UNREADABLE'],
    ['without end', () => '/dev/zero', 'INPUT_UNREADABLE'],
    ['that is a folder', () => tempFolder(), 'INPUT_UNREADABLE'],
    ['with a group that names itself', () => file('group g any g\nquorum g\n'), 'INPUT_INVALID'],
    [
      'with a quorum of more than there are',
      () => file(`witness w ${ROGUE.verifier.vkey} http://w.example\ngroup g 2 w\nquorum g\n`),
      'INPUT_INVALID',
    ],
    [
      'with a quorum that cannot be asked',
      () => file(`witness w ${ROGUE.verifier.vkey}\nquorum w\n`),
      'CONFIG_INVALID',
    ],
    ['that is no text', () => file('\u0000'.repeat(1000)), 'INPUT_INVALID'],
  ])('%s is refused', async (_, policy, code) => {
    const { status, stdout, stderr } = await rootline([
      'up',
      ...['--data', join(tempFolder(), 'data'), '--listen', '127.0.0.1:0', '--policy', policy()],
    ])
    expect([status, stdout, stderr]).toEqual([1, '', expect.stringContaining(code)])
  })
})
