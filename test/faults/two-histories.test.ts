import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../src/codec/hash.ts'
import { generateLogKey } from '../../src/ledger/log/key.ts'
import { formatCheckpoint, openCheckpoint } from '../../src/merkle/checkpoint.ts'
import { parseBundle } from '../../src/merkle/entry-bundle.ts'
import { signNote } from '../../src/merkle/note.ts'
import { type NoteSigner, parseCosignerKey, parseSigningKey } from '../../src/merkle/signing-key.ts'
import { tilePath } from '../../src/merkle/tile-path.ts'
import { formatAddCheckpoint } from '../../src/merkle/witness-request.ts'
import { anchors, History } from '../ledger/follower/scripted-log.ts'
import { tempFolder } from '../temp.ts'
import { Front, type FrontLie } from './front.ts'
import { Client, HttpClient, untilApplied } from './load.ts'
import { type FollowerOptions, type Network, type Role, startNetwork, textAt, until } from './network.ts'
import { claimsOf, evidenceOf, reasonsOf, verifiedEvidence } from './told.ts'

const OPERATIONS = 5
const client = new Client()
let network: Network
/** Leaves of the log, of which the second history has all but the last three. */
let size: number
/** The leaves of a second history that the log's key signs: more than the log has. */
let fork: Uint8Array[]

beforeAll(async () => {
  network = await startNetwork(join(tempFolder(), 'network'), [])
  const http = new HttpClient(network.log.url, network.log.data)
  for (let i = 0; i < OPERATIONS; i++) {
    while ((await client.step(http)).status !== 202);
    await untilApplied(http, [client])
  }
  const { verifier } = network.signer
  const note = await textAt(network.log.url, '/log/checkpoint')
  size = openCheckpoint(note, verifier.name, verifier).size
  const path = tilePath({ level: 'entries', index: 0, width: size })
  const response = await fetch(`${network.log.url}/log/${path}`)
  const own = parseBundle(Buffer.from(await response.arrayBuffer()), size)
  fork = [...own.slice(0, -3), ...anchors(20, 'fork')]
}, 120_000)
afterAll(() => network.stop())

/** A checkpoint of the first leaves of the second history by the log's key, and by witnesses that sign anything. */
function signed(count: number, witnesses: readonly Role[] = []) {
  const history = new History(fork)
  const now = Math.floor(Date.now() / 1000)
  const cosigners = witnesses.map(({ data }) =>
    parseCosignerKey(readFileSync(join(data, 'witness.key'), 'utf8').trim()).at(now),
  )
  const { signer } = network
  const text = formatCheckpoint(signer.verifier.name, count, history.root(count))
  return signNote(text, [signer, ...cosigners] as NoteSigner[])
}

/** Shows the first leaves of the second history, with its tiles. */
async function showing(count: number, witnesses: readonly Role[] = []): Promise<FrontLie> {
  const note = await signed(count, witnesses)
  const history = new History(fork.slice(0, count))
  return ({ path }) => {
    if (path === '/log/checkpoint') return { status: 200, body: Buffer.from(note) }
    if (!path.startsWith('/log/tile/')) return undefined
    const body = history.file(path.slice('/log/'.length))
    return body === undefined ? { status: 404, body: Buffer.from('none') } : { status: 200, body }
  }
}

/** A follower that has all of the log, and then is shown something else. */
async function shown(name: string, lie: () => Promise<FrontLie>, options: FollowerOptions = {}) {
  const front = await Front.open()
  front.target = network.log.front.target
  const follower = await network.follower(name, { url: front.url, ...options })
  await follower.start()
  const { did } = client.controller
  await until(async () => (await fetch(`${follower.url}/1.0/identifiers/${did}`)).status === 200)
  const before = await textAt(follower.url, `/1.0/identifiers/${did}`)
  expect(await reasonsOf(follower)).toEqual([])
  front.lie = await lie()
  return { follower, front, before }
}

async function expectFrozen(follower: Role, before: string): Promise<void> {
  const { did } = client.controller
  await until(async () => (await reasonsOf(follower)).length > 0)
  expect(await reasonsOf(follower)).toMatchObject([{ code: 'LEDGER_FROZEN' }])
  expect(await textAt(follower.url, `/1.0/identifiers/${did}`)).toBe(before)
  expect(await claimsOf(follower, did)).toMatchObject({
    document: 'verified',
    newest: 'undecided',
    all: 'undecided',
  })
}

type Case = [string, () => Promise<FrontLie>, () => number[]]
const CASES: Case[] = [
  ['that forks at the same size, with no witness', () => showing(size), () => [size, size]],
  [
    'that forks at the same size, cosigned by witnesses that sign anything',
    () => showing(size, network.witnesses),
    () => [size, size],
  ],
  ['that forks at a larger size, with no witness', () => showing(size + 6), () => [size, size + 6]],
  [
    'that forks at a larger size, cosigned by witnesses that sign anything',
    () => showing(size + 6, network.witnesses),
    () => [size, size + 6],
  ],
  ['that shrinks to another history', () => showing(size - 2), () => [size - 2, size]],
]

describe('a follower is frozen by a log', () => {
  it.each(CASES)('%s, keeps the evidence, and stays frozen', async (name, lie, sizes) => {
    const { verifier } = network.signer
    const { follower, front, before } = await shown(name.replaceAll(/\W/g, '-'), lie)
    await expectFrozen(follower, before)
    const { text, json, verified, said } = await evidenceOf(follower, verifier.vkey)
    expect(text).toContain('two checkpoints')
    expect([verified, said]).toEqual([0, expect.stringContaining('proven: the log')])
    const { checkpoints } = JSON.parse(json) as { checkpoints: string[] }
    expect(checkpoints.map(note => openCheckpoint(note, verifier.name, verifier).size)).toEqual(sizes())
    const other = parseSigningKey(generateLogKey(verifier.name)).verifier.vkey
    expect(await verifiedEvidence(json, other)).toMatchObject({ verified: 2 })
    // The log shows its first history again, and the process is another.
    front.lie = () => undefined
    await follower.kill()
    await follower.start()
    await expectFrozen(follower, before)
    await follower.stop()
  })

  it('without a policy too', async () => {
    const { follower, before } = await shown('no-policy', () => showing(size + 6), { policyFile: null })
    await expectFrozen(follower, before)
    const { verified } = await evidenceOf(follower, network.signer.verifier.vkey)
    expect(verified).toBe(0)
    await follower.stop()
  })
})

describe('a follower is not frozen by two notes', () => {
  it('of which only one is by the key of the log', async () => {
    const stranger = parseSigningKey(generateLogKey(network.signer.verifier.name))
    const { follower, front, before } = await shown('stranger', async () => {
      const text = formatCheckpoint(stranger.verifier.name, size, Buffer.alloc(32, 3))
      const note = await signNote(text, [stranger])
      return ({ path }) => (path === '/log/checkpoint' ? { status: 200, body: Buffer.from(note) } : undefined)
    })
    let asked = 0
    front.onExchange = () => void asked++
    await until(async () => asked > 3)
    expect(await reasonsOf(follower)).toEqual([])
    expect(await textAt(follower.url, `/1.0/identifiers/${client.controller.did}`)).toBe(before)
    const { text, verified } = await evidenceOf(follower, network.signer.verifier.vkey)
    expect([text, verified]).toEqual([expect.stringContaining('there is no evidence'), 1])
    await follower.stop()
  })

  it('of which the larger one has no tiles that lead to its root', async () => {
    const { follower, front } = await shown('no-tiles', async () => {
      const lie = await showing(size + 6)
      return exchange =>
        exchange.path.startsWith('/log/tile/') ? { status: 404, body: Buffer.alloc(0) } : lie(exchange)
    })
    let asked = 0
    front.onExchange = ({ path }) => {
      if (path.startsWith('/log/tile/')) asked++
    }
    await until(async () => asked > 3)
    expect(await reasonsOf(follower)).toEqual([])
    await follower.stop()
  })
})

describe('a witness that is sent two histories', () => {
  it('cosigns one, and has evidence that anyone can verify', async () => {
    const { witnesses, signer } = network
    const [witness] = witnesses
    if (witness === undefined) throw new TypeError('no witness')
    const checkpoint = await signed(size)
    const body = formatAddCheckpoint({ old: size, proof: [], checkpoint })
    const answer = await fetch(`${witness.url}/add-checkpoint`, { method: 'POST', body })
    expect(answer.status).toBe(422)
    const path = `/${sha256(signer.verifier.name).toString('hex')}/evidence`
    const said = await verifiedEvidence(await textAt(witness.url, path), signer.verifier.vkey)
    expect(said).toMatchObject({ verified: 0, said: expect.stringContaining('proven: the log') })
  })
})
