import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { generateLogKey } from '../../src/ledger/log/key.ts'
import { formatCheckpoint } from '../../src/merkle/checkpoint.ts'
import { signNote } from '../../src/merkle/note.ts'
import { COSIGNATURE_V1 } from '../../src/merkle/signature-types.ts'
import { type NoteSigner, parseSigningKey } from '../../src/merkle/signing-key.ts'
import { formatVkey } from '../../src/merkle/vkey.ts'
import { rootline, runHere } from '../cli/process.ts'
import { tempFolder } from '../temp.ts'
import { Front, type FrontAnswer, type FrontLie } from './front.ts'
import { Client, HttpClient, untilApplied } from './load.ts'
import { type Network, type Role, startNetwork, textAt, until } from './network.ts'
import { claimsOf, clock, evidenceOf, reasonsOf, reportOf } from './told.ts'

/** Seconds after which an unconfirmed checkpoint is a reason against readiness, and some more. */
const LONG = 700
const client = new Client()
const time = clock()
let network: Network
let liar: Front
let follower: Role

/** Has the log anchor one more operation. */
async function grow(): Promise<void> {
  const { log } = network
  const http = new HttpClient(log.url, log.data)
  while ((await client.step(http)).status !== 202);
  await untilApplied(http, [client])
}

/** The answer of the follower once it is that of the log's node, as texts. */
async function agrees(): Promise<boolean> {
  const path = `/1.0/identifiers/${client.controller.did}`
  const [own, other] = await Promise.all(
    [network.log, follower].map(({ url }) => textAt(url, path).catch(() => url)),
  )
  return own === other && (await reasonsOf(follower)).length === 0
}

beforeAll(async () => {
  network = await startNetwork(join(tempFolder(), 'network'), [])
  liar = await Front.open()
  liar.target = network.log.front.target
  await grow()
  const env = { ROOTLINE_OBSERVER_POLL_MS: '25', ...time.env }
  follower = await network.follower('follower', { url: liar.url, env })
  await follower.start()
  await until(agrees)
}, 120_000)
afterEach(() => {
  liar.lie = honest
  time.set(0)
})
afterAll(() => network.stop())

const honest: FrontLie = () => undefined

/** A number that the follower measures; 0 where it does not yet. */
async function measured(line: RegExp): Promise<number> {
  return Number(line.exec(await textAt(follower.url, '/metrics'))?.[1] ?? 0)
}

/** What is new is at the end; what the follower has of a bundle already, it does not take again. */
const flipped = (body: Buffer): Buffer => {
  const copy = Buffer.from(body)
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1
  return copy
}
const sent = (body: Buffer | string, status = 200): FrontAnswer => ({ status, body: Buffer.from(body) })

function endless(response: ServerResponse): void {
  const more = () => {
    while (!response.destroyed && response.write(Buffer.alloc(65_536)));
    if (!response.destroyed) response.once('drain', more)
  }
  more()
}

/** Lies about files whose path begins so, and is honest about all else. */
function about(prefix: string, lie: (honest: Buffer) => FrontAnswer): FrontLie {
  return ({ path, answer }) =>
    path.startsWith(prefix) && answer?.status === 200 ? lie(answer.body) : undefined
}

/** A checkpoint of another log, or of one that calls itself the same, larger than what is known. */
function checkpointBy(name: string, signer?: NoteSigner): Promise<string> {
  const by = signer ?? parseSigningKey(generateLogKey(name))
  return signNote(formatCheckpoint(name, 1_000, Buffer.alloc(32, 7)), [by])
}

const NOTE = '/log/checkpoint'
const ENTRIES = '/log/tile/entries/'
const HASHES = '/log/tile/0/'
/** What is served of the log from when the lie began. */
const LIES: [string, () => Promise<FrontLie> | FrontLie, string][] = [
  [
    'a log that shrinks: the checkpoint of a smaller tree of the same history',
    () => about(NOTE, () => sent(notes[0] ?? '')),
    'LEDGER_CHECKPOINT_OLD',
  ],
  [
    'a stale checkpoint: the one that it has, for ever',
    async () => {
      const note = await textAt(network.log.url, NOTE)
      return about(NOTE, () => sent(note))
    },
    'LEDGER_STALE',
  ],
  ['flipped entries', () => about(ENTRIES, honest => sent(flipped(honest))), 'LEDGER_SOURCE_INVALID'],
  [
    'flipped entries, and flipped tiles to go with them',
    () => about('/log/tile/', honest => sent(flipped(honest))),
    'LEDGER_SOURCE_INVALID',
  ],
  [
    'an oversized tile, where entries do not fit',
    () => exchange =>
      about(ENTRIES, honest => sent(flipped(honest)))(exchange) ??
      about(HASHES, honest => sent(Buffer.concat([honest, Buffer.alloc(4 << 20)])))(exchange),
    'LEDGER_SOURCE_INVALID',
  ],
  ['an oversized bundle', () => about(ENTRIES, () => sent(Buffer.alloc(4 << 20))), 'LEDGER_SOURCE_INVALID'],
  ['nothing in place of entries', () => about(ENTRIES, () => sent('')), 'LEDGER_SOURCE_INVALID'],
  ['no entries', () => about(ENTRIES, () => sent('gone', 404)), 'LEDGER_UNREACHABLE'],
  [
    'endless bytes in place of the checkpoint',
    () =>
      ({ path }) =>
        path === NOTE ? endless : undefined,
    'LEDGER_SOURCE_INVALID',
  ],
  [
    "another log's checkpoint",
    async () => {
      const note = await checkpointBy('other.example')
      return about(NOTE, () => sent(note))
    },
    'LEDGER_CHECKPOINT_REFUSED',
  ],
  [
    'a checkpoint of this name by another key',
    async () => {
      const note = await checkpointBy(network.signer.verifier.name)
      return about(NOTE, () => sent(note))
    },
    'LEDGER_CHECKPOINT_REFUSED',
  ],
  [
    'a note with 10,000 signatures',
    () => about(NOTE, honest => sent(`${honest}${'— x.example AAAAAAAA\n'.repeat(10_000)}`)),
    'LEDGER_CHECKPOINT_REFUSED',
  ],
  [
    'a checkpoint without its cosignatures',
    () => about(NOTE, honest => sent(honest.toString().replaceAll(/^— w\d\.example .*\n/gm, ''))),
    'LEDGER_QUORUM_MISSING',
  ],
]
/** Checkpoints of the log, as it grew. */
const notes: string[] = []

describe('a follower behind a front that lies is not frozen: it keeps what it has, says so, and goes on once that ends', () => {
  it.each(LIES)('%s', async (_, make, code) => {
    notes.push(await textAt(network.log.url, NOTE))
    await grow()
    await until(agrees)
    liar.lie = await make()
    await grow()
    time.set(LONG)
    await until(async () => {
      const [reason] = await reasonsOf(follower)
      return reason !== undefined && `${reason.code} ${reason.detail}`.includes(code)
    })
    expect(await reasonsOf(follower)).toMatchObject([{ code: 'LEDGER_STALE' }])
    expect(await claimsOf(follower, client.controller.did)).toMatchObject({
      document: 'verified',
      newest: 'undecided',
      all: 'undecided',
    })
    const { text, verified, said } = await evidenceOf(follower, network.signer.verifier.vkey, runHere)
    expect(text).toContain('there is no evidence')
    expect([verified, said]).toEqual([1, expect.stringContaining('INPUT_INVALID')])
    liar.lie = honest
    time.set(0)
    await until(agrees)
    expect(await claimsOf(follower, client.controller.did)).toMatchObject({ all: 'verified' })
  })
})

describe('a follower whose gateway lies takes no wrong file, says that one is missing, and has it once that ends', () => {
  const FILES = '/ipfs/'
  const lies: [string, FrontLie, string][] = [
    ['other bytes', about(FILES, honest => sent(flipped(honest))), 'CONTENT_MISMATCH'],
    ['endless bytes', ({ path }) => (path.startsWith(FILES) ? endless : undefined), 'CONTENT_MISMATCH'],
    ['nothing', about(FILES, () => sent('')), 'CONTENT_MISMATCH'],
    ['no file', about(FILES, () => sent('gone', 404)), 'CONTENT_NOT_FOUND'],
  ]

  const unresolvable = /^rootline_unresolvable_transactions (\d+)$/m
  const counted = (outcome: string) =>
    new RegExp(`^rootline_content_sources_total{.*outcome="${outcome}"} (\\d+)$`, 'm')

  it.each(lies)('%s', async (_, lie, outcome) => {
    await until(agrees)
    const { did } = client.controller
    const before = await textAt(follower.url, `/1.0/identifiers/${did}`)
    const failures = await measured(counted(outcome))
    liar.lie = lie
    await grow()
    await until(
      async () => (await measured(unresolvable)) === 1 && (await measured(counted(outcome))) > failures,
    )
    // It stands at what it had, and its report says who must be trusted that nothing has changed it.
    expect(await textAt(follower.url, `/1.0/identifiers/${did}`)).toBe(before)
    const { roots } = await reportOf(follower, did)
    expect(roots.map(({ id }) => id)).toContain('unavailable-anchors')
    liar.lie = honest
    await until(agrees)
    expect((await reportOf(follower, did)).roots.map(({ id }) => id)).not.toContain('unavailable-anchors')
  })
})

describe('a policy whose quorum cannot be met', () => {
  it('has a follower show nothing, and say why', async () => {
    const ghost = formatVkey('ghost.example', COSIGNATURE_V1.type, randomBytes(32))
    const policy = readFileSync(network.policyFile, 'utf8')
    const policyFile = join(tempFolder(), 'policy')
    const more = [`witness ghost ${ghost}`, 'group both all two-of-three ghost', 'quorum both']
    writeFileSync(policyFile, `${policy.replace(/^quorum .*$/m, more.join('\n'))}`)
    const own = clock()
    const waiting = await network.follower('waiting', { policyFile, env: own.env })
    await waiting.start()
    own.set(LONG)
    await until(async () => (await reasonsOf(waiting)).length > 0)
    const reasons = await reasonsOf(waiting)
    expect(reasons).toMatchObject([
      { code: 'LEDGER_STALE', detail: expect.stringContaining('LEDGER_QUORUM_MISSING') },
    ])
    const paths = [`/1.0/identifiers/${client.controller.did}`, NOTE]
    const statuses = paths.map(async path => (await fetch(`${waiting.url}${path}`)).status)
    expect(await Promise.all(statuses)).toEqual([404, 404])
    expect((await evidenceOf(waiting, network.signer.verifier.vkey, runHere)).text).toContain('no evidence')
    await waiting.stop()
  })

  it('is refused where it asks for more witnesses than it names', async () => {
    const file = join(tempFolder(), 'policy')
    writeFileSync(file, readFileSync(network.policyFile, 'utf8').replace('two-of-three 2', 'two-of-three 4'))
    const { status, stderr } = await rootline(['up', '--data', join(tempFolder(), 'log'), '--policy', file])
    expect([status, stderr]).toEqual([1, expect.stringContaining('INPUT_INVALID')])
  })
})
