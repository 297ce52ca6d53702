import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../src/codec/hash.ts'
import { generateLogKey } from '../../src/ledger/log/key.ts'
import { encodeLeaf, parseLeaf } from '../../src/ledger/log/leaf.ts'
import { formatCheckpoint, openCheckpoint } from '../../src/merkle/checkpoint.ts'
import { parseBundle } from '../../src/merkle/entry-bundle.ts'
import { signNote } from '../../src/merkle/note.ts'
import { type NoteSigner, parseCosignerKey, parseSigningKey } from '../../src/merkle/signing-key.ts'
import { tilePath } from '../../src/merkle/tile-path.ts'
import { formatAddCheckpoint } from '../../src/merkle/witness-request.ts'
import type { TrustReport } from '../../src/trust/types.ts'
import { rootline } from '../cli/process.ts'
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
/** The leaves of the log; and those of a second history that its key signs, of which there are more. */
let [own, fork]: [Uint8Array[], Uint8Array[]] = [[], []]

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
  own = parseBundle(Buffer.from(await response.arrayBuffer()), size)
  fork = [...own.slice(0, -3), ...anchors(20, 'fork')]
}, 120_000)
afterAll(() => network.stop())

/** A checkpoint of a history by the log's key, and by witnesses that sign anything. */
function signed(history: History, witnesses: readonly Role[] = []): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const cosigners = witnesses.map(({ data }) =>
    parseCosignerKey(readFileSync(join(data, 'witness.key'), 'utf8').trim()).at(now),
  )
  const { signer } = network
  const text = formatCheckpoint(signer.verifier.name, history.entries.length, history.root())
  return signNote(text, [signer, ...cosigners] as NoteSigner[])
}

/** Shows leaves in place of the log's, with their checkpoint and tiles. */
async function showing(entries: readonly Uint8Array[], witnesses: readonly Role[] = []): Promise<FrontLie> {
  const history = new History(entries)
  const note = await signed(history, witnesses)
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
  ['that forks at the same size, with no witness', () => showing(fork.slice(0, size)), () => [size, size]],
  [
    'that forks at the same size, cosigned by witnesses that sign anything',
    () => showing(fork.slice(0, size), network.witnesses),
    () => [size, size],
  ],
  [
    'that forks at a larger size, with no witness',
    () => showing(fork.slice(0, size + 6)),
    () => [size, size + 6],
  ],
  [
    'that forks at a larger size, cosigned by witnesses that sign anything',
    () => showing(fork.slice(0, size + 6), network.witnesses),
    () => [size, size + 6],
  ],
  ['that shrinks to another history', () => showing(fork.slice(0, size - 2)), () => [size - 2, size]],
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
    const { follower, before } = await shown('no-policy', () => showing(fork.slice(0, size + 6)), {
      policyFile: null,
    })
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
      const lie = await showing(fork.slice(0, size + 6))
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

describe('a log whose map leaf leaves out one operation of one DID', () => {
  it('is found out by a follower, which is not frozen', async () => {
    // The map of before the last batch, which had one operation.
    const maps = own.map(parseLeaf).filter(leaf => leaf.type === 'map')
    const [before, last] = maps.slice(-2)
    if (before === undefined || last === undefined) throw new TypeError('the log has no map')
    expect(own.at(-1)).toEqual(encodeLeaf(last))
    const lie = await showing(
      [...own.slice(0, -1), encodeLeaf({ ...last, root: before.root })],
      network.witnesses,
    )
    const front = await Front.open()
    front.target = network.log.front.target
    front.lie = lie
    const follower = await network.follower('mapped', { url: front.url })
    await follower.start()
    await until(async () => (await reasonsOf(follower)).length > 0)
    const detail = expect.stringContaining(before.root)
    expect(await reasonsOf(follower)).toMatchObject([{ code: 'LEDGER_MAP_WRONG', detail }])
    // Its own answers do not rest on the map; a proof with that map is rejected by whoever verifies it.
    expect(await claimsOf(follower, client.controller.did)).toMatchObject({ document: 'verified' })
    const proof = join(tempFolder(), 'proof.json')
    writeFileSync(proof, await textAt(follower.url, `/dids/${client.controller.did}/proof`))
    const pinned = ['--log-key', network.signer.verifier.vkey, '--policy', network.policyFile, '--json']
    const { status, stdout } = await rootline(['did', 'verify-proof', proof, ...pinned])
    const { report } = JSON.parse(stdout) as { report: TrustReport }
    expect([status, report.cause?.code]).toEqual([2, 'MAP_VALUE'])
    expect((await evidenceOf(follower, network.signer.verifier.vkey)).text).toContain('there is no evidence')
    await follower.stop()
  })
})

describe('a witness that is sent two histories', () => {
  it('cosigns one, and has evidence that anyone can verify', async () => {
    const { witnesses, signer } = network
    const [witness] = witnesses
    if (witness === undefined) throw new TypeError('no witness')
    const checkpoint = await signed(new History(fork.slice(0, size)))
    const body = formatAddCheckpoint({ old: size, proof: [], checkpoint })
    const answer = await fetch(`${witness.url}/add-checkpoint`, { method: 'POST', body })
    expect(answer.status).toBe(422)
    const path = `/${sha256(signer.verifier.name).toString('hex')}/evidence`
    const said = await verifiedEvidence(await textAt(witness.url, path), signer.verifier.vkey)
    expect(said).toMatchObject({ verified: 0, said: expect.stringContaining('proven: the log') })
  })
})
