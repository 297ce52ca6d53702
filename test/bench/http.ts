import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
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

/** A server, with what it is asked for and what was measured of that. */
interface Subject {
  name: string
  process: ChildProcess
  port: number
  /** DIDs that are asked for, each as often as another. */
  asked: number
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
  const start = async (core: number, ...command: [string, ...string[]]): Promise<Server> => {
    const child = spawnOn(core, ...command)
    children.push(child)
    return { process: child, port: (await messageOf<{ port: number }>(child)).port }
  }
  try {
    const few = await startNode(folder, FEW, start)
    const many = await startNode(folder, MANY, start)
    const file = join(folder, 'answer')
    writeFileSync(file, await answerOf(few))
    const bare = await start(0, 'http-server.ts', 'bare', file)
    const subjects = {
      bare: subjectOf('bare Fastify route, the same bytes', bare, FEW),
      few: subjectOf(`GET /1.0/identifiers/{did}, ${text(FEW)} DIDs stored`, few, FEW),
      many: subjectOf(`the same, ${text(MANY)} stored, each asked for alike`, many, MANY),
      hot: subjectOf(`the same, ${text(MANY)} stored, ${text(FEW)} asked for`, many, FEW),
    }
    const { process: generator } = await start(1, 'load.ts')
    const busiest = await measure(Object.values(subjects), generator)
    return await figuresOf(subjects, busiest)
  } finally {
    for (const child of children) if (child.connected) child.disconnect()
    await Promise.all(children.map(child => child.exitCode ?? once(child, 'exit')))
    rmSync(folder, { recursive: true, force: true })
  }
}

type Server = Pick<Subject, 'process' | 'port'>
type Subjects = { [name in 'bare' | 'few' | 'many' | 'hot']: Subject }

async function startNode(
  folder: string,
  dids: number,
  start: (core: number, ...command: [string, ...string[]]) => Promise<Server>,
): Promise<Server> {
  const path = join(folder, String(dids))
  await fill(path, dids)
  const server = await start(0, 'http-server.ts', 'node', path)
  await settled(server)
  return server
}

function subjectOf(name: string, server: Server, asked: number): Subject {
  return { ...server, name, asked, perSecond: [], perCpuSecond: [] }
}

async function fill(folder: string, dids: number): Promise<void> {
  const start = performance.now()
  await fillNode(folder, dids, done => {
    if (done % 100_000 !== 0) return
    const seconds = Math.round((performance.now() - start) / 1000)
    process.stderr.write(`  ${text(done)} DIDs written to the database in ${seconds} s\n`)
  })
}

/** Waits until a server rests: after so many writes, its database sorts files for some seconds. */
async function settled(server: Server): Promise<void> {
  for (let used = Number.POSITIVE_INFINITY; used > 20_000; ) {
    const before = await usageOf(server)
    await setTimeout(1_000)
    used = (await usageOf(server)).cpu - before.cpu
  }
}

async function answerOf({ port }: Server): Promise<Buffer> {
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
      const { port, asked: dids } = subject
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

async function figuresOf(subjects: Subjects, busiest: number): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const key of ['perSecond', 'perCpuSecond'] as const) {
    const rateOf = (subject: Subject) => median(subject[key])
    const bare = { name: subjects.bare.name, perSecond: rateOf(subjects.bare), atLeast: 0.5 }
    const few = { name: `at ${text(FEW)} DIDs stored`, perSecond: rateOf(subjects.few), atLeast: 0.8 }
    const against = { bare: [], few: [bare], many: [bare, few], hot: [bare, few] }
    for (const name of ['bare', 'few', 'many', 'hot'] as const) {
      const subject = subjects[name]
      const note = key === 'perCpuSecond' ? 'CPU time' : memoryText((await usageOf(subject)).memory)
      figures.push({ name: subject.name, perSecond: rateOf(subject), against: against[name], note })
    }
  }
  const [first] = figures
  if (first !== undefined) first.note += `; the load took at most ${Math.round(busiest * 100)} % of its core`
  return figures
}

function text(count: number): string {
  return count.toLocaleString('en')
}

function memoryText({ own, mapped }: Memory): string {
  const mebibytes = (bytes: number) => Math.round(bytes / (1 << 20))
  return `resident ${mebibytes(own)} MiB, and ${mebibytes(mapped)} MiB of mapped files`
}

function usageOf(server: Server): Promise<Usage> {
  return request<Usage>(server.process, 'usage')
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
