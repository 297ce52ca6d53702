import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { tempFolder } from '../temp.ts'
import { readFolder } from './ledger.ts'
import { type Answer, Client, differences, HttpClient, Load, untilApplied } from './load.ts'
import { type NodeProcess, readyUrl, spawnNode } from './process.ts'

/** A way to take the room on a disk from a node, and to give it back while the node runs. */
interface Limit {
  data: string
  start(): NodeProcess
  /** Takes the room that is left. */
  take(node: NodeProcess): Promise<void>
  give(node: NodeProcess): void
}

const mounts: string[] = []
afterAll(() => {
  for (const mount of mounts) spawnSync('umount', [mount])
})

/** No file may grow beyond a size, so that a record is cut at any byte; needs no rights, but `prlimit`. */
function fileSizeLimit(): Limit | undefined {
  if (spawnSync('prlimit', ['--version']).status !== 0) return undefined
  const data = join(tempFolder(), 'data')
  return {
    data,
    start: () => spawnNode(data, { maxFileKib: 192 }),
    take: async () => {},
    give: ({ child }) => {
      execFileSync('prlimit', [`--pid=${child.pid}`, '--fsize=unlimited:unlimited'])
    },
  }
}

/** A small file system in memory; needs the right to mount one. */
function smallFileSystem(): Limit | undefined {
  const mount = join(tempFolder(), 'mount')
  mkdirSync(mount)
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', mount]).status !== 0) return undefined
  mounts.push(mount)
  const filler = join(mount, 'filler')
  return {
    data: join(mount, 'data'),
    start: () => spawnNode(join(mount, 'data')),
    take: async () => {
      try {
        writeFileSync(filler, Buffer.alloc(32 << 20))
      } catch (error) {
        if ((error as { code?: string }).code !== 'ENOSPC') throw error
      }
    },
    give: () => rmSync(filler),
  }
}

/** Codes that whoever asks may see while there is no room. */
const NO_ROOM = /^(STORE_FULL|STORE_CLOSED|STORE_UNAVAILABLE)$/

it.each([
  ['a limit of file sizes', fileSizeLimit],
  ['a file system that is full', smallFileSystem],
])('by %s: operations are refused with a code, and what was acknowledged survives', async (what, make) => {
  const limit = make()
  if (limit === undefined) {
    console.log(`${what} cannot be made here: not tried`)
    return
  }
  const { data } = limit
  const clients = Array.from({ length: 6 }, () => new Client())
  const node = limit.start()
  const http = new HttpClient(await readyUrl(node), data)
  let refused: Answer[] = []
  /** Twice: it is not only the first time that is survived. */
  for (let round = 0; round < 2; round++) {
    if (round === 0 || what !== 'a limit of file sizes') {
      const first = new Load(clients, http)
      await new Promise(resolve => setTimeout(resolve, 100))
      await limit.take(node)
      const answered = (holds: (answer: Answer) => boolean) => first.answers.filter(holds).length
      // The last page of a file may still take some; then the queues of all clients are full of what no batch can take.
      await until(() => answered(isRefused) > 20 || answered(({ status }) => status === 429) > 500)
      await first.stop()
      const now = first.answers.filter(isRefused)
      refused = [...refused, ...now]
      for (const { status, body } of now) {
        expect([503, 507]).toContain(status)
        expect(body['code']).toMatch(NO_ROOM)
      }
      // It goes on answering.
      expect((await http.get('/health/live')).status).toBe(200)
      const { status } = await http.get(`/1.0/identifiers/${clients[0]?.controller.did}`)
      expect([200, 404]).toContain(status)
      limit.give(node)
    }
    const acknowledged = clients.reduce((sum, client) => sum + client.acknowledged.length, 0)
    const second = new Load(clients, http)
    await until(
      () => clients.reduce((sum, client) => sum + client.acknowledged.length, 0) > acknowledged + 30,
    )
    await second.stop()
  }
  expect(refused.map(({ body }) => body['code'])).toContain('STORE_FULL')
  node.child.kill('SIGKILL')
  await node.end
  const again = spawnNode(data)
  const after = new HttpClient(await readyUrl(again), data)
  await Promise.all(clients.map(client => client.finish(after)))
  await untilApplied(after, clients)
  expect(await differences(after, clients)).toEqual([])
  again.child.kill('SIGTERM')
  expect((await again.end).status).toBe(0)
  const { ids, problems } = await readFolder(data, [])
  expect(problems).toEqual([])
  expect(ids.toSorted()).toEqual(clients.flatMap(client => client.acknowledged).toSorted())
  console.log(`disk full (${what}): ${refused.length} refused, ${ids.length} acknowledged and applied`)
})

function isRefused({ status }: Answer): boolean {
  return status !== 202 && status !== 429
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setTimeout(resolve, 5))
}
