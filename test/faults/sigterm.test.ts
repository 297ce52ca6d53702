import { join } from 'node:path'
import { expect, it } from 'vitest'
import { tempFolder } from '../temp.ts'
import { readFolder } from './ledger.ts'
import { Client, differences, HttpClient, Load, untilApplied } from './load.ts'
import { readyUrl, spawnNode } from './process.ts'

it('SIGTERM under load finishes the batch under way, ends with 0, and loses nothing', async () => {
  const data = join(tempFolder(), 'data')
  const clients = Array.from({ length: 8 }, () => new Client())
  const notes: string[] = []
  for (let round = 0; round < 2; round++) {
    const node = spawnNode(data)
    const http = new HttpClient(await readyUrl(node), data)
    const load = new Load(clients, http)
    await new Promise(resolve => setTimeout(resolve, 50 + Math.random() * 250))
    node.child.kill('SIGTERM')
    const [end] = await Promise.all([node.end, load.stop()])
    expect(end).toMatchObject({ status: 0, signal: null })
    expect(end.stderr).not.toMatch(/"level":(50|60)/)
    const statuses = new Set(load.answers.map(({ status }) => status))
    // What comes while it stops is refused or finds nobody there.
    for (const status of statuses) expect([202, 429, 503, undefined]).toContain(status)
    const { batching, problems, ids } = await readFolder(data, notes)
    expect([batching, problems]).toEqual([false, []])
    expect(new Set(ids).size).toBe(ids.length)
  }
  const node = spawnNode(data)
  const http = new HttpClient(await readyUrl(node), data)
  await Promise.all(clients.map(client => client.finish(http)))
  await untilApplied(http, clients)
  expect(await differences(http, clients)).toEqual([])
  node.child.kill('SIGTERM')
  await node.end
  const { ids } = await readFolder(data, notes)
  expect(ids.toSorted()).toEqual(clients.flatMap(client => client.acknowledged).toSorted())
})
