import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openCheckpoint } from '../../src/merkle/checkpoint.ts'
import { tempFolder } from '../temp.ts'
import { readFolder } from './ledger.ts'
import { Client, differences, HttpClient, Load, untilApplied } from './load.ts'
import {
  answersOf,
  logFiles,
  type Network,
  type Role,
  startNetwork,
  untilLevel,
  watch,
  witnessedPath,
} from './network.ts'

/** For a run that shows more: ROOTLINE_KILLS=100 npx vitest run test/faults/network-kill */
const KILLS = Number(process.env['ROOTLINE_KILLS'] ?? 6)
const CLIENTS = 8

/** Who is killed, one entry after another: each alone, and some together. */
function victims({ log, witnesses, followers }: Network): Role[][] {
  const [w0, w1, w2] = witnesses as [Role, Role, Role]
  const [first, second] = followers as [Role, Role]
  return [[log], [w0], [first], [w1], [log, w2], [second, w0], [w0, w1], [log, first, second], [w2]]
}

function randomly(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, Math.random() * ms))
}

/** One kill under load: sometimes again while the process starts, before the last start. */
async function killOnce(kill: number, network: Network, clients: readonly Client[]): Promise<void> {
  const all = victims(network)
  const killed = all[kill % all.length] as Role[]
  const isLog = killed.includes(network.log)
  const http = new HttpClient(network.log.url, network.log.data)
  const load = new Load(clients, http, 5)
  await randomly(400)
  await Promise.all(killed.map(role => role.kill()))
  await randomly(isLog ? 0 : 300)
  if (isLog) await load.stop()
  if (kill % 3 === 2) await Promise.all(killed.map(role => role.startAndKill(250 + Math.random() * 500)))
  await Promise.all(killed.map(role => role.start()))
  if (!isLog) await load.stop()
}

/** The first checkpoint that a role showed of a smaller tree than one before it. */
function setBack({ name, shown }: Role, { signer: { verifier } }: Network): string | undefined {
  const sizes = shown.map(note => openCheckpoint(note, verifier.name, verifier).size)
  const at = sizes.findIndex((size, i) => size < (sizes[i - 1] ?? 0))
  return at === -1 ? undefined : `${name} showed ${sizes[at - 1]}, and then ${sizes[at]}`
}

it(
  `a log, two followers and three witnesses: ${KILLS} kills of each in turn, under load, lose, double and fork nothing`,
  async () => {
    const network = await startNetwork(join(tempFolder(), 'network'), ['first', 'second'])
    const { log, witnesses, followers } = network
    const origin = network.signer.verifier.name
    const watching = [
      ...[log, ...followers].map(role => watch(role, '/log/checkpoint')),
      ...witnesses.map(role => watch(role, witnessedPath(origin))),
    ]
    const clients: Client[] = []
    for (let kill = 0; kill < KILLS; kill++) {
      while (clients.length < Math.min(CLIENTS, 3 + kill)) clients.push(new Client())
      await killOnce(kill, network, clients)
    }
    const http = new HttpClient(log.url, log.data)
    await Promise.all(clients.map(client => client.finish(http)))
    await untilApplied(http, clients)
    expect(await differences(http, clients)).toEqual([])
    await untilLevel(log, followers)
    await Promise.all(watching.map(stop => stop()))

    const dids = clients.filter(c => c.acknowledged.length > 0).map(({ controller }) => controller.did)
    const [files, ...held] = await Promise.all(
      [log, ...followers].map(({ url }) => logFiles(url, network.signer)),
    )
    const [answers, ...others] = await Promise.all([log, ...followers].map(({ url }) => answersOf(url, dids)))
    for (const each of held) expect(each).toEqual(files)
    for (const each of others) expect(each).toEqual(answers)
    for (const { url } of witnesses) {
      const path = witnessedPath(origin).replace('checkpoint', 'evidence')
      expect((await fetch(`${url}${path}`)).status).toBe(404)
    }
    const roles = [log, ...followers, ...witnesses]
    for (const role of roles) expect(await role.stop()).toMatchObject({ status: 0 })

    const acknowledged = clients.flatMap(client => client.acknowledged)
    const notes = roles.flatMap(({ shown, passed }) => [...shown, ...passed])
    const { ids, problems, checkpoints, batching } = await readFolder(log.data, notes)
    console.log(
      `network kill loop: ${KILLS} kills, ${acknowledged.length} operations acknowledged, ` +
        `${checkpoints} checkpoints compared`,
    )
    expect(roles.map(role => setBack(role, network)).filter(text => text !== undefined)).toEqual([])
    expect(problems).toEqual([])
    expect(ids.toSorted()).toEqual(acknowledged.toSorted())
    expect(batching).toBe(false)
    expect(acknowledged.length).toBeGreaterThan(KILLS)
  },
  120_000 + KILLS * 15_000,
)
