import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { tempFolder } from '../temp.ts'
import { readFolder } from './ledger.ts'
import { Client, differences, HttpClient, Load, untilApplied } from './load.ts'
import { readyUrl, spawnNode } from './process.ts'

/** For a run that shows more: ROOTLINE_KILLS=100 npx vitest run test/faults/kill-loop */
const KILLS = Number(process.env['ROOTLINE_KILLS'] ?? 8)
const CLIENTS = 12

/** Collects every checkpoint that the log hands out, as long as it does. */
async function collect(http: HttpClient, notes: Set<string>): Promise<void> {
  for (
    let note = await http.text('/log/checkpoint');
    note !== undefined;
    note = await http.text('/log/checkpoint')
  ) {
    notes.add(note)
    await new Promise(resolve => setTimeout(resolve, 3))
  }
}

it(
  `loses and doubles nothing over ${KILLS} kills at random moments under load, and the log signs one tree`,
  async () => {
    const data = join(tempFolder(), 'data')
    const clients: Client[] = []
    const notes = new Set<string>()
    let inStart = 0
    for (let kill = 0; kill < KILLS; kill++) {
      // Others come as time goes on; early DIDs have many operations, late ones few.
      while (clients.length < Math.min(CLIENTS, 3 + kill)) clients.push(new Client())
      const node = spawnNode(data)
      if (kill % 4 === 3) {
        // While it starts: most of that is loading code, so what is left is when it takes its folder up.
        await new Promise(resolve => setTimeout(resolve, 250 + Math.random() * 500))
        node.child.kill('SIGKILL')
        await node.end
        inStart++
      } else {
        const http = new HttpClient(await readyUrl(node), data)
        const load = new Load(clients, http)
        const collected = collect(http, notes)
        await new Promise(resolve => setTimeout(resolve, Math.random() * 400))
        node.child.kill('SIGKILL')
        await Promise.all([node.end, load.stop(), collected])
      }
      const published = join(data, 'log-checkpoint')
      if (existsSync(published)) notes.add(readFileSync(published, 'utf8'))
    }
    const node = spawnNode(data)
    const http = new HttpClient(await readyUrl(node), data)
    await Promise.all(clients.map(client => client.finish(http)))
    await untilApplied(http, clients)
    expect(await differences(http, clients)).toEqual([])
    node.child.kill('SIGTERM')
    expect(await node.end).toMatchObject({ status: 0 })

    const acknowledged = clients.flatMap(client => client.acknowledged)
    const { ids, problems, checkpoints, batching } = await readFolder(data, notes)
    console.log(
      `kill loop: ${KILLS} kills (${inStart} during start), ${acknowledged.length} operations acknowledged, ` +
        `${ids.length} anchored, ${checkpoints} checkpoints compared`,
    )
    expect(problems).toEqual([])
    expect(ids.toSorted()).toEqual(acknowledged.toSorted())
    expect(new Set(ids).size).toBe(ids.length)
    expect(batching).toBe(false)
    expect(acknowledged.length).toBeGreaterThan(KILLS)
  },
  60_000 + KILLS * 10_000,
)
