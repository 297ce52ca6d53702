import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fillNode, suffixOf } from './fill.ts'
import type { Usage } from './http-server.ts'
import type { LoadOrder, LoadResult } from './load.ts'
import { type Figure, type Memory, median } from './measure.ts'

const FEW = 1_000
const MANY = Number(process.env['BENCH_DIDS'] ?? 1_000_000)
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 7)
const CONNECTIONS = 64
const SECONDS = 3

/** A server under test, and what was measured of it. */
interface Subject {
  name: string
  process: ChildProcess
  port: number
  dids: number
  perSecond: number[]
  /** Requests for a second of the server's processor time. */
  perCpuSecond: number[]
}

/**
 * Resolutions over HTTP, at few and at many DIDs stored, beside a bare route of Fastify that returns the same bytes. The
 * servers and the load have a process each; the servers share one core and take turns, the load has another.
 */
export async function benchHttp(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rootline-bench-'))
  const children: ChildProcess[] = []
  const start = async (core: number, ...command: [string, ...string[]]) => {
    const child = spawnOn(core, ...command)
    children.push(child)
    return { child, said: await messageOf<{ port: number }>(child) }
  }
  try {
    const subjects: Subject[] = []
    const add = async (name: string, dids: number, kind: 'node' | 'bare', path: string) => {
      const { child, said } = await start(0, 'http-server.ts', kind, path)
      subjects.push({ name, process: child, port: said.port, dids, perSecond: [], perCpuSecond: [] })
    }
    for (const dids of [FEW, MANY]) {
      const path = join(folder, String(dids))
      await fill(path, dids)
      await add(`GET /1.0/identifiers/{did}, ${dids.toLocaleString('en')} DIDs stored`, dids, 'node', path)
    }
    const file = join(folder, 'answer')
    writeFileSync(file, await answerOf(subjects[0] as Subject))
    await add('bare Fastify route, the same bytes', FEW, 'bare', file)
    const { child: generator } = await start(1, 'load.ts')
    const busiest = await measure(subjects, generator)
    return await figuresOf(subjects, busiest)
  } finally {
    for (const child of children) if (child.connected) child.disconnect()
    await Promise.all(children.map(child => child.exitCode ?? once(child, 'exit')))
    rmSync(folder, { recursive: true, force: true })
  }
}

async function fill(folder: string, dids: number): Promise<void> {
  const start = performance.now()
  await fillNode(folder, dids, done => {
    if (done % 100_000 !== 0) return
    const seconds = Math.round((performance.now() - start) / 1000)
    process.stderr.write(`  stored ${done.toLocaleString('en')} DIDs in ${seconds} s\n`)
  })
}

async function answerOf({ port }: Subject): Promise<Buffer> {
  const response = await fetch(`http://127.0.0.1:${port}/1.0/identifiers/did:rootline:${suffixOf(0)}`)
  if (response.status !== 200) throw new TypeError(`the node answered ${response.status}`)
  return Buffer.from(await response.arrayBuffer())
}

/** Loads the servers in turn; the first round warms them up. Returns the largest part of its time that the load computed. */
async function measure(subjects: Subject[], generator: ChildProcess): Promise<number> {
  let busiest = 0
  for (let round = 0; round <= ROUNDS; round++) {
    for (const subject of subjects) {
      const before = await usageOf(subject)
      const { port, dids } = subject
      const result = await request<LoadResult>(generator, {
        port,
        dids,
        connections: CONNECTIONS,
        seconds: SECONDS,
      } satisfies LoadOrder)
      const after = await usageOf(subject)
      if (result.failed > 0) throw new TypeError(`${result.failed} requests failed: ${subject.name}`)
      if (round === 0) continue
      busiest = Math.max(busiest, result.busy)
      subject.perSecond.push(result.perSecond)
      subject.perCpuSecond.push((result.answered / (after.cpu - before.cpu)) * 1e6)
    }
  }
  return busiest
}

async function figuresOf(subjects: Subject[], busiest: number): Promise<Figure[]> {
  const bare = subjects.at(-1) as Subject
  const figures: Figure[] = []
  for (const [what, key] of [
    ['', 'perSecond'],
    [', for a second of CPU time', 'perCpuSecond'],
  ] as const) {
    const few = median((subjects[0] as Subject)[key])
    for (const subject of [bare, ...subjects.slice(0, -1)]) {
      const figure: Figure = { name: `${subject.name}${what}`, perSecond: median(subject[key]) }
      const peer = { name: bare.name, perSecond: median(bare[key]), atLeast: 0.5 }
      if (subject !== bare) figure.against = [peer]
      if (subject.dids === MANY) {
        figure.against = [peer, { name: `at ${FEW.toLocaleString('en')} DIDs`, perSecond: few, atLeast: 0.8 }]
      }
      if (key === 'perSecond') figure.note = memoryText((await usageOf(subject)).memory)
      figures.push(figure)
    }
  }
  const [first] = figures
  if (first !== undefined) first.note += `; the load took at most ${Math.round(busiest * 100)} % of its core`
  return figures
}

function memoryText({ own, mapped }: Memory): string {
  const mebibytes = (bytes: number) => Math.round(bytes / (1 << 20))
  return `resident ${mebibytes(own)} MiB, and ${mebibytes(mapped)} MiB of mapped files`
}

function usageOf(subject: Subject): Promise<Usage> {
  return request<Usage>(subject.process, 'usage')
}

function request<T>(child: ChildProcess, message: object | string): Promise<T> {
  const answer = messageOf<T>(child)
  child.send(message)
  return answer
}

async function messageOf<T>(child: ChildProcess): Promise<T> {
  const ended = new AbortController()
  const exit = once(child, 'exit', { signal: ended.signal }).then(
    () => {
      throw new TypeError('a process of the benchmark ended')
    },
    () => new Promise<never>(() => {}),
  )
  try {
    const [message] = await Promise.race([once(child, 'message'), exit])
    return message as T
  } finally {
    ended.abort()
  }
}

/** Starts a module of this folder on one core, where the system can pin a process. */
function spawnOn(core: number, module: string, ...args: string[]): ChildProcess {
  const own = [fileURLToPath(new URL(module, import.meta.url)), ...args]
  const stdio: ['ignore', 'inherit', 'inherit', 'ipc'] = ['ignore', 'inherit', 'inherit', 'ipc']
  return canPin() && availableParallelism() > 1
    ? spawn('taskset', ['-c', String(core), process.execPath, ...own], { stdio })
    : spawn(process.execPath, own, { stdio })
}

function canPin(): boolean {
  return spawnSync('taskset', ['--version']).status === 0
}
