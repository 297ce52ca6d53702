import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

const ENVIRONMENT = {
  PATH: process.env['PATH'] ?? '',
  HOME: '/nonexistent',
  ROOTLINE_BATCH_INTERVAL_MS: '20',
  ROOTLINE_LIMITS_REQUESTS_PER_MINUTE: '0',
  ROOTLINE_LOG_LEVEL: 'warn',
  ROOTLINE_WORKERS: '0',
}

/** How a process ended, and what it wrote to stderr. */
export interface End {
  status: number | null
  signal: NodeJS.Signals | null
  stderr: string
}

/** A process of `rootline` that serves HTTP, from before it is ready. */
export interface NodeProcess {
  child: ChildProcess
  /** Its URL, once it is ready; undefined where it ended before. */
  ready: Promise<string | undefined>
  end: Promise<End>
}

export interface SpawnOptions {
  env?: Record<string, string>
  /** Soft limit of the size of a file that it writes, in KiB. */
  maxFileKib?: number
}

const running = new Set<ChildProcess>()
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts the real `rootline up` on a free port. */
export function spawnNode(data: string, options: SpawnOptions = {}): NodeProcess {
  return spawnCommand(['up', '--data', data, '--listen', '127.0.0.1:0'], options)
}

/** Starts a command that serves HTTP until it is ended. */
export function spawnCommand(own: string[], { env = {}, maxFileKib }: SpawnOptions = {}): NodeProcess {
  const command = [process.execPath, MAIN, ...own]
  const limited = `ulimit -S -f ${maxFileKib}; exec "$0" "$@"`
  const [program = '', ...args] = maxFileKib === undefined ? command : ['bash', '-c', limited, ...command]
  const child = spawn(program, args, { env: { ...ENVIRONMENT, ...env } })
  running.add(child)
  let [stdout, stderr] = ['', '']
  child.stderr.on('data', chunk => {
    stderr += chunk
  })
  const end = new Promise<End>(resolve => {
    child.on('close', (status, signal) => {
      running.delete(child)
      resolve({ status, signal, stderr })
    })
  })
  const url = new Promise<string>(resolve => {
    child.stdout.on('data', chunk => {
      stdout += chunk
      const found = /http:\S+/.exec(stdout)?.[0]
      if (stdout.includes('\n') && found !== undefined) resolve(found)
    })
  })
  return { child, ready: Promise.race([url, end.then(() => undefined)]), end }
}

/** The URL of a node that is to become ready. @throws TypeError with what it wrote where it does not */
export async function readyUrl({ ready, end }: NodeProcess): Promise<string> {
  const url = await ready
  if (url !== undefined) return url
  throw new TypeError((await end).stderr)
}
