import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { run } from '../../src/cli/program.ts'
import { tempFolder } from '../temp.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** How a command ended. */
export interface Outcome {
  status: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface CommandOptions {
  /** The whole environment beside the path of programs. */
  env?: Record<string, string>
  stdin?: string
  /** Called with the process as soon as it runs. */
  started?: (child: ChildProcess) => void
}

/** Runs the real command to its end. */
export function rootline(args: string[], options: CommandOptions = {}): Promise<Outcome> {
  const child = start(args, options)
  options.started?.(child)
  return ended(child)
}

/** Runs a command in this process: quicker, for what does not depend on there being one. */
export async function runHere(args: string[], env: Record<string, string> = {}): Promise<Outcome> {
  const [stdout, stderr] = [new Capture(), new Capture()]
  const stdin = Object.assign(new PassThrough(), { isTTY: false })
  stdin.end()
  const host = {
    stdin,
    stdout,
    stderr,
    env: { HOME: '/nonexistent', ...env },
    platform: process.platform,
    exitStatus: 0,
  }
  const status = await run(args, host)
  return { status, signal: null, stdout: stdout.text, stderr: stderr.text }
}

class Capture extends Writable {
  text = ''
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

/** A node that runs in a folder of its own. */
export interface NodeProcess {
  url: string
  /** What `up` has written to stdout. */
  line: string
  child: ChildProcess
  /** How it ended, once it has. */
  end: Promise<Outcome>
  /** Sends SIGTERM, and waits for the end. */
  stop(): Promise<Outcome>
}

/** Starts `rootline up` on a free port, and waits for its line. @throws TypeError where it ends before */
export async function up(
  data: string,
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<NodeProcess> {
  const child = start(['up', '--data', data, '--listen', '127.0.0.1:0', ...args], {
    env: { ROOTLINE_BATCH_INTERVAL_MS: '50', ROOTLINE_WORKERS: '0', ...env },
  })
  running.add(child)
  const outcome = ended(child)
  const line = await Promise.race([
    firstLine(child),
    outcome.then(({ stderr }) => Promise.reject(new TypeError(stderr))),
  ])
  const url = /http:\S+/.exec(line)?.[0] ?? ''
  const stop = () => {
    child.kill('SIGTERM')
    return outcome
  }
  return { url, line, child, end: outcome, stop }
}

/** A folder with a passphrase file, and the options of commands that use a node's folder and a keystore in it. */
export function workFolder() {
  const folder = tempFolder()
  const passphraseFile = join(folder, 'passphrase')
  writeFileSync(passphraseFile, 'correct horse battery staple\nnot read\n', { mode: 0o600 })
  const data = join(folder, 'data')
  const keystore = join(folder, 'keys', 'keystore.json')
  const env = { ROOTLINE_DATA: data, ROOTLINE_KEYSTORE: keystore, ROOTLINE_PASSPHRASE_FILE: passphraseFile }
  return { folder, data, keystore, passphraseFile, env }
}

const running = new Set<ChildProcess>()
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
})

function start(args: string[], { env = {}, stdin = '' }: CommandOptions): ChildProcess {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env },
  })
  // A command that does not read stdin may end before this is written.
  child.stdin?.on('error', () => {})
  child.stdin?.end(stdin)
  return child
}

function ended(child: ChildProcess): Promise<Outcome> {
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
  return new Promise(resolve => {
    child.on('close', (status, signal) => {
      running.delete(child)
      resolve({
        status,
        signal,
        stdout: Buffer.concat(out).toString(),
        stderr: Buffer.concat(err).toString(),
      })
    })
  })
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise(resolve => {
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')))
    })
  })
}
