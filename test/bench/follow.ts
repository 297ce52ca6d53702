import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { defaultSettings, type Settings } from '../../src/cli/settings.ts'
import { openNode } from '../../src/cli/up.ts'
import { generateLogKey } from '../../src/ledger/log/key.ts'
import { parseSigningKey } from '../../src/merkle/signing-key.ts'
import { type Figure, medianRates } from './measure.ts'
import { batchOf, Population } from './population.ts'

/** Operations in a batch, and batches: the creates of as many DIDs, then updates of all of them again and again. */
const CASES = [
  { batch: 10_000, batches: 8 },
  { batch: 100, batches: 200 },
]
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3)
const KEY = generateLogKey('log.example/bench')

/**
 * A new follower that reads a whole log from a node in another process (entries, tiles, files from its gateway, each
 * operation checked), beside the log's own node where it makes its database and its map anew from the same log; and the map
 * by itself.
 */
export async function benchFollow(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rootline-bench-'))
  try {
    const figures: Figure[] = []
    for (const one of CASES) figures.push(...(await benchCase(join(folder, String(one.batch)), one)))
    return figures
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function benchCase(folder: string, { batch, batches }: (typeof CASES)[number]): Promise<Figure[]> {
  const own = join(folder, 'own')
  await writeLog(own, batch, batches)
  const served = join(folder, 'served')
  // A node opens its folder alone.
  cpSync(own, served, { recursive: true })
  const server = await serve(served)
  try {
    let followers = 0
    const rates = await medianRates(ROUNDS, [
      () => {
        for (const made of ['node', 'map']) rmSync(join(own, made), { recursive: true, force: true })
        return catchUpRate({ data: own }, batch, batches)
      },
      () => {
        rmSync(join(own, 'map'), { recursive: true, force: true })
        return mapRate(own, batch, batches)
      },
      async () => {
        const data = join(folder, `follower-${followers++}`)
        const { vkey } = parseSigningKey(KEY).verifier
        const perSecond = await catchUpRate({ data, follow: server.url, logKey: vkey }, batch, batches)
        rmSync(data, { recursive: true })
        return perSecond
      },
    ])
    const [log, map, follower] = rates as [number, number, number]
    const what = `${batches} batches of ${batch.toLocaleString('en')}`
    return [
      { name: `the log's own node, its database made anew: ${what}`, perSecond: log },
      {
        name: 'the map of the operations alone, made anew from the same files',
        perSecond: map,
        against: { name: "the log's own node", perSecond: log },
        note: `${(1e6 / map).toFixed(1)} us an operation: the cost of the index`,
      },
      {
        name: 'a new follower, over HTTP from another process',
        perSecond: follower,
        against: { name: "the log's own node", perSecond: log },
      },
    ]
  } finally {
    server.process.kill('SIGTERM')
    await once(server.process, 'exit')
  }
}

/** A folder with a log of so many batches, as its node leaves it. */
async function writeLog(data: string, batch: number, batches: number): Promise<void> {
  mkdirSync(data, { recursive: true, mode: 0o700 })
  writeFileSync(join(data, 'log.key'), `${KEY}\n`, { mode: 0o600 })
  const { node, log, content, close } = await openNode(settingsOf({ data }))
  const population = new Population()
  const put = (bytes: Uint8Array) => content.put(bytes)
  await log.anchor(await batchOf(population.creates(batch), put), 'bench')
  for (let i = 1; i < batches; i++) {
    await log.anchor(await batchOf(await population.updates(), put), 'bench')
  }
  await node.settled()
  await close()
}

/** The log's node over HTTP, in a process of its own. */
async function serve(data: string): Promise<{ url: string; process: ChildProcess }> {
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
  const child = spawn(
    process.execPath,
    [main, 'up', '--data', data, '--listen', '127.0.0.1:0', '--log-level', 'error'],
    {
      env: { PATH: process.env['PATH'] ?? '', ROOTLINE_LIMITS_REQUESTS_PER_MINUTE: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let text = ''
  while (!text.includes('\n')) text += String((await once(child.stdout, 'data'))[0])
  const url = /http:\S+/.exec(text)?.[0]
  if (url === undefined) throw new TypeError(`no URL: ${text}`)
  return { url, process: child }
}

function settingsOf(given: Partial<Settings>): Settings {
  return { ...defaultSettings(given, process), workers: 2, listen: '127.0.0.1:0', ...given }
}

/** Operations a second, from the start of a node that has no map until that covers its log. */
async function mapRate(data: string, batch: number, batches: number): Promise<number> {
  const start = performance.now()
  const { node, log, close } = await openNode(settingsOf({ data }))
  const { size } = await log.head()
  while ((await node.status()).map?.size !== size) await setTimeout(10)
  const seconds = (performance.now() - start) / 1000
  await close()
  return (batch * batches) / seconds
}

/** Operations a second, from the start of a node with nothing in its database until all are applied. */
async function catchUpRate(given: Partial<Settings>, batch: number, batches: number): Promise<number> {
  const start = performance.now()
  const { node, close } = await openNode(settingsOf(given))
  await node.settled()
  const seconds = (performance.now() - start) / 1000
  const records = await node.transactions(undefined, batches + 1)
  await close()
  const applied = records.filter(({ outcome }) => outcome === 'applied')
  if (applied.length !== batches) throw new TypeError(`${applied.length} of ${batches} batches were applied`)
  return (batch * batches) / seconds
}
