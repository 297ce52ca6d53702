import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../src/merkle/checkpoint.ts'
import { Store } from '../../src/store/store.ts'
import { rootline } from '../cli/process.ts'
import { tempFolder } from '../temp.ts'
import { Client, HttpClient, Load, untilApplied } from './load.ts'
import { answersOf, logFiles, type Network, type Role, startNetwork, textAt, untilLevel } from './network.ts'

const CLIENTS = 8
/** More than a full tile, so that there are full and partial ones of two levels. */
const LEAVES = 260
const folder = tempFolder()
const clients = Array.from({ length: CLIENTS }, () => new Client())
let network: Network
/** Ran all the time; started once all was anchored; started then, and read from the first. */
let [early, late, remote]: (Role | undefined)[] = []

/** Has operations of all clients anchored until the log has so many leaves, each operation in a leaf of its own. */
async function fill({ log, signer: { verifier } }: Network, leaves: number): Promise<void> {
  const http = new HttpClient(log.url, log.data)
  const size = async () =>
    openCheckpoint(await textAt(log.url, '/log/checkpoint'), verifier.name, verifier).size
  const load = new Load(clients, http)
  while ((await size()) < leaves) await new Promise(resolve => setTimeout(resolve, 50))
  await load.stop()
  await Promise.all(clients.map(client => client.finish(http)))
  await untilApplied(http, clients)
}

/** Entries of a database in a follower's folder whose keys begin with none of these letters. */
async function entriesOf(role: Role, name: string, without = ''): Promise<Map<string, string>> {
  const store = await Store.open(join(role.data, name))
  try {
    const found = new Map<string, string>()
    for await (const [key, value] of store.entries({})) {
      if (without.includes(String.fromCharCode(key[0] ?? 0))) continue
      found.set(Buffer.from(key).toString('hex'), Buffer.from(value).toString('base64'))
    }
    return found
  } finally {
    await store.close()
  }
}

beforeAll(async () => {
  network = await startNetwork(join(folder, 'network'), [], { log: { ROOTLINE_BATCH_MAX_OPERATIONS: '1' } })
  early = await network.follower('early')
  await early.start()
  await fill(network, LEAVES)
  late = await network.follower('late')
  remote = await network.follower('remote', { url: early.url })
  await Promise.all([late, remote].map(role => role.start()))
  await untilLevel(network.log, [early, late, remote])
}, 240_000)
afterAll(async () => {
  await network.stop()
})

describe('a follower that ran all the time, one that starts late, and one that follows the first', () => {
  const followers = () => [early, late, remote].filter(role => role !== undefined)

  it('serve the checkpoint, the tiles and the entries of the log, alike to the byte', async () => {
    const [own, ...others] = await Promise.all(
      [network.log, ...followers()].map(({ url }) => logFiles(url, network.signer)),
    )
    expect(own?.size).toBeGreaterThan(5)
    expect(others).toHaveLength(3)
    for (const each of others) expect(each).toEqual(own)
  })

  it('answer and prove every DID as the node of the log does, alike to the byte', async () => {
    const dids = clients.map(({ controller }) => controller.did)
    const [own, ...others] = await Promise.all(
      [network.log, ...followers()].map(({ url }) => answersOf(url, dids)),
    )
    expect(own).toHaveLength(3 * CLIENTS)
    for (const each of others) expect(each).toEqual(own)
  })

  it('give proofs that are verified with nothing but the policy', async () => {
    const did = clients[0]?.controller.did ?? ''
    const answer = JSON.parse(await textAt(late?.url ?? '', `/1.0/identifiers/${did}`)) as object
    const file = join(folder, 'proof.json')
    writeFileSync(file, await textAt(late?.url ?? '', `/dids/${did}/proof`))
    const { vkey } = network.signer.verifier
    const pinned = ['--log-key', vkey, '--policy', network.policyFile, '--json']
    const { status, stdout, stderr } = await rootline(['did', 'verify-proof', file, ...pinned])
    // The map of the log shows that nothing is left out, and a quorum has cosigned it just now.
    expect(status, stderr).toBe(0)
    const { resolution } = JSON.parse(stdout) as { resolution: object }
    expect(resolution).toMatchObject({ didDocument: (answer as { didDocument: object }).didDocument })
  })

  it('hold the same log, the same files and the same map on disk, once they have ended', async () => {
    for (const role of followers()) expect(await role.stop()).toMatchObject({ status: 0 })
    // Which checkpoints there were on the way (c) depends on when one looked.
    const logs = await Promise.all(followers().map(role => entriesOf(role, 'followed', 'c')))
    const [files, maps] = await Promise.all(
      ['content', 'map'].map(name => Promise.all(followers().map(role => entriesOf(role, name)))),
    )
    expect(logs[0]?.size).toBeGreaterThan(LEAVES)
    expect(files?.[0]?.size).toBeGreaterThan(LEAVES)
    expect(maps?.[0]?.size).toBeGreaterThan(LEAVES / 2)
    for (const each of logs) expect(each).toEqual(logs[0])
    for (const each of files ?? []) expect(each).toEqual(files?.[0])
    // The log's node has made it batch by batch, with no look back; the followers from what they read.
    await network.log.stop()
    const own = await entriesOf(network.log, 'map')
    for (const each of maps ?? []) expect(each).toEqual(own)
    for (const { data } of followers()) {
      const { status, stdout } = await rootline(['log', 'verify', '--data', data])
      expect(status, stdout).toBe(0)
    }
  })
})
