import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '../../src/codec/hash.ts'
import { generateLogKey } from '../../src/ledger/log/key.ts'
import { openCheckpoint } from '../../src/merkle/checkpoint.ts'
import { type NoteSigner, parseSigningKey } from '../../src/merkle/signing-key.ts'
import { hashesAtLevel, TILE_WIDTH, tilePath, tileWidth } from '../../src/merkle/tile-path.ts'
import { Front } from './front.ts'
import { type End, type NodeProcess, readyUrl, spawnCommand, spawnNode } from './process.ts'

const QUICK = { ROOTLINE_OBSERVER_POLL_MS: '100' }

/** A process of the network that can be killed and started again, at an address that stays. */
export class Role {
  readonly name: string
  readonly data: string
  /** Where others reach it. */
  readonly front: Front
  /** Checkpoints that it showed to `watch`, in their order. */
  readonly shown: string[] = []
  /** Checkpoints that others were seen to get from it, or it to get from the log, in no order. */
  readonly passed = new Set<string>()
  readonly #spawn: () => NodeProcess
  #process: NodeProcess | undefined

  constructor(name: string, data: string, front: Front, spawn: () => NodeProcess) {
    this.name = name
    this.data = data
    this.front = front
    this.#spawn = spawn
  }

  get url(): string {
    return this.front.url
  }

  /** Starts it, and returns once it answers. */
  async start(): Promise<void> {
    this.#process = this.#spawn()
    this.front.target = await readyUrl(this.#process)
  }

  /** Starts it and kills it, mostly before it is ready. */
  async startAndKill(afterMs: number): Promise<void> {
    this.#process = this.#spawn()
    await new Promise(resolve => setTimeout(resolve, afterMs))
    await this.kill()
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  stop(): Promise<End | undefined> {
    return this.#end('SIGTERM')
  }

  async #end(signal: NodeJS.Signals): Promise<End | undefined> {
    this.#process?.child.kill(signal)
    const end = await this.#process?.end
    this.front.target = undefined
    this.#process = undefined
    return end
  }
}

/** A log, three witnesses of which two must cosign, and followers, each a process of the real command. */
export interface Network {
  log: Role
  witnesses: Role[]
  followers: Role[]
  signer: NoteSigner
  policyFile: string
  /** Adds a follower, which is not started. */
  follower(name: string, options?: FollowerOptions): Promise<Role>
  /** Ends all processes. */
  stop(): Promise<void>
}

export interface FollowerOptions {
  /** What it follows. Default: the log. */
  url?: string
  /** Default: that of the network. Null: none. */
  policyFile?: string | null
  env?: Record<string, string>
}

/**
 * Starts a network in a folder.
 * @param envs what is different in the environment of the log's node (`log`), and of witnesses (`w0` to `w2`)
 */
export async function startNetwork(
  folder: string,
  followers: readonly string[],
  envs: { [role: string]: Record<string, string> } = {},
): Promise<Network> {
  const key = generateLogKey('log.example/network')
  const signer = parseSigningKey(key)
  const { vkey } = signer.verifier
  const logData = join(folder, 'log')
  // The log's key is there before the log, so that its witnesses can know it.
  mkdirSync(logData, { recursive: true, mode: 0o700 })
  writeFileSync(join(logData, 'log.key'), `${key}\n`, { mode: 0o600 })
  const witnesses = await Promise.all(
    ['w0', 'w1', 'w2'].map(name => witnessOf(folder, name, vkey, envs[name])),
  )
  await Promise.all(witnesses.map(witness => witness.start()))
  const policyFile = join(folder, 'policy')
  const lines = await Promise.all(
    witnesses.map(async ({ name, url }) => `witness ${name} ${(await textAt(url, '/vkey')).trim()} ${url}`),
  )
  const policy = [`log ${vkey}`, ...lines, 'group two-of-three 2 w0 w1 w2', 'quorum two-of-three']
  writeFileSync(policyFile, `${policy.join('\n')}\n`)
  const log = new Role('log', logData, await Front.open(), () =>
    spawnNode(logData, { env: { ...QUICK, ROOTLINE_POLICY: policyFile, ...envs['log'] } }),
  )
  const roles = [log, ...witnesses]
  const follower = async (name: string, options: FollowerOptions = {}) => {
    const made = await followerOf(folder, name, { url: log.url, policyFile, ...options }, vkey)
    roles.unshift(made)
    return made
  }
  const stop = async () => {
    for (const role of roles) await role.stop()
  }
  const network: Network = { log, witnesses, followers: [], signer, policyFile, follower, stop }
  keepNotes(network)
  await log.start()
  for (const name of followers) network.followers.push(await follower(name))
  await Promise.all(network.followers.map(each => each.start()))
  return network
}

async function witnessOf(
  folder: string,
  name: string,
  vkey: string,
  env: Record<string, string> = {},
): Promise<Role> {
  const data = join(folder, name)
  const args = ['--data', data, '--listen', '127.0.0.1:0', '--log', vkey, '--name', `${name}.example`]
  return new Role(name, data, await Front.open(), () => spawnCommand(['witness', ...args], { env }))
}

async function followerOf(
  folder: string,
  name: string,
  { url, policyFile, env = {} }: Required<Pick<FollowerOptions, 'url' | 'policyFile'>> & FollowerOptions,
  vkey: string,
): Promise<Role> {
  const data = join(folder, name)
  const policy = policyFile === null ? {} : { ROOTLINE_POLICY: policyFile }
  const own = { ROOTLINE_FOLLOW: url, ROOTLINE_LOG_KEY: vkey, ...policy }
  return new Role(name, data, await Front.open(), () =>
    spawnNode(data, { env: { ...QUICK, ...own, ...env } }),
  )
}

/** Keeps every checkpoint that the log shows to readers, and every one that it hands to a witness. */
function keepNotes({ log, witnesses }: Network): void {
  log.front.onExchange = ({ path, answer }) => {
    if (path === '/log/checkpoint' && answer?.status === 200) log.passed.add(answer.body.toString())
  }
  for (const { front, passed } of witnesses) {
    front.onExchange = ({ path, body }) => {
      // After the old size and the proof comes an empty line, then the note (C2SP tlog-witness).
      if (path === '/add-checkpoint') passed.add(body.toString().slice(body.indexOf('\n\n') + 2))
    }
  }
}

/** Asks a role for its newest checkpoint of the log again and again, and keeps each that it has. @returns ends it */
export function watch(role: Role, path: string): () => Promise<void> {
  let stopped = false
  const watching = (async () => {
    while (!stopped) {
      const note = await textAt(role.url, path).catch(() => undefined)
      if (note !== undefined && role.shown.at(-1) !== note) role.shown.push(note)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  })()
  return async () => {
    stopped = true
    await watching
  }
}

/** Path of a witness's newest checkpoint of a log. */
export function witnessedPath(origin: string): string {
  return `/${sha256(origin).toString('hex')}/checkpoint`
}

/** A text over HTTP. @throws TypeError where there is none */
export async function textAt(url: string, path: string): Promise<string> {
  const response = await fetch(`${url}${path}`)
  if (!response.ok) throw new TypeError(`${path}: HTTP status ${response.status}`)
  return response.text()
}

/** Every file of the log that a node serves, by path: the checkpoint, and all tiles and bundles of its tree. */
export async function logFiles(url: string, { verifier }: NoteSigner): Promise<Map<string, string>> {
  const note = await textAt(url, '/log/checkpoint')
  const { size } = openCheckpoint(note, verifier.name, verifier)
  const files = new Map([['checkpoint', note]])
  for (const level of ['entries', 0, 1, 2] as const) {
    const items = level === 'entries' ? size : hashesAtLevel(size, level)
    for (let index = 0; index * TILE_WIDTH < items; index++) {
      const path = tilePath({ level, index, width: tileWidth(size, level, index) })
      const response = await fetch(`${url}/log/${path}`)
      if (response.status !== 200) throw new TypeError(`${path}: HTTP status ${response.status}`)
      files.set(path, Buffer.from(await response.arrayBuffer()).toString('base64'))
    }
  }
  return files
}

/** What a node answers of each DID: the resolution, its history, and the proof. Bytes, as texts. */
export async function answersOf(url: string, dids: readonly string[]): Promise<string[]> {
  const answers: string[] = []
  for (const did of dids) {
    for (const path of [`/1.0/identifiers/${did}`, `/dids/${did}/history`, `/dids/${did}/proof`]) {
      answers.push(`${path}: ${await textAt(url, path)}`)
    }
  }
  return answers
}

/** Waits for something to hold. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(resolve => setTimeout(resolve, 25))
}

/** Waits until nodes show the same checkpoint as the log, and have applied all of it. */
export async function untilLevel(log: Role, nodes: readonly Role[]): Promise<void> {
  await until(async () => {
    const notes = await Promise.all(
      [log, ...nodes].map(({ url }) => textAt(url, '/log/checkpoint').catch(() => url)),
    )
    const lags = await Promise.all(
      nodes.map(({ url }) =>
        textAt(url, '/metrics').then(text => /^rootline_observer_lag (.+)$/m.exec(text)?.[1]),
      ),
    )
    return new Set(notes).size === 1 && lags.every(lag => lag === '0')
  })
}
