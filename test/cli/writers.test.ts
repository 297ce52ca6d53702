import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateLogKey } from '../../src/ledger/log/key.ts'
import { verifyReceipt } from '../../src/ledger/submission/receipt.ts'
import { parseSigningKey } from '../../src/merkle/signing-key.ts'
import type { OperationRequest } from '../../src/sidetree/types.ts'
import { readyUrl, spawnCommand } from '../faults/process.ts'
import { idOf } from '../node/batches.ts'
import { addService, bodyOf, Controller } from '../node/parts.ts'
import { handIn } from '../node/submission-car.ts'
import { type NodeProcess, runHere, up, workFolder } from './process.ts'

const QUICK = { ROOTLINE_OBSERVER_POLL_MS: '100' }

/** A log of its own, with writers on other machines. */
class World {
  readonly folder: string
  readonly data: string
  readonly logKey = generateLogKey('log.example/written')
  readonly verifier = parseSigningKey(this.logKey).verifier
  #log: NodeProcess | undefined
  #witness: { url: string; kill: () => Promise<void> } | undefined
  readonly #nodes = new Set<NodeProcess>()

  constructor() {
    const { folder, data } = workFolder()
    this.folder = folder
    this.data = data
    // The log's key is there before the log, so that its witness can know it.
    mkdirSync(data, { recursive: true, mode: 0o700 })
    writeFileSync(join(data, 'log.key'), `${this.logKey}\n`, { mode: 0o600 })
  }

  get log(): NodeProcess {
    if (this.#log === undefined) throw new TypeError('the log does not run')
    return this.#log
  }

  /** Starts the log, at the address that it had before. */
  async startLog(args: string[] = []): Promise<void> {
    const address = this.#log === undefined ? [] : ['--listen', this.#log.url.replace('http://', '')]
    this.#log = await up(this.data, [...args, ...address], QUICK)
  }

  async killLog(): Promise<void> {
    this.log.child.kill('SIGKILL')
    await this.log.end
  }

  /** Starts the one witness of the log, at the address that it had before. */
  async startWitness(): Promise<void> {
    const known = this.#witness?.url.replace('http://', '')
    const args = ['--data', join(this.folder, 'witness'), '--log', this.verifier.vkey]
    const started = spawnCommand([
      'witness',
      ...args,
      ...(known === undefined ? ['--listen', '127.0.0.1:0', '--name', 'w.example'] : ['--listen', known]),
    ])
    const url = await readyUrl(started)
    const kill = async () => {
      started.child.kill('SIGKILL')
      await started.end
    }
    this.#witness = { url, kill }
    const vkey = (await (await fetch(`${url}/vkey`)).text()).trim()
    writeFileSync(this.policy, `log ${this.verifier.vkey}\nwitness w ${vkey} ${url}\nquorum w\n`)
  }

  async killWitness(): Promise<void> {
    await this.#witness?.kill()
  }

  get policy(): string {
    return join(this.folder, 'policy')
  }

  /** Makes a writer, and gives the file with its token. */
  async addWriter(name: string): Promise<string> {
    const { stdout, stderr } = await runHere(['log', 'writer', 'add', name, '--data', this.data])
    expect(stderr).toContain('shown once')
    const file = join(this.folder, `${name}.token`)
    writeFileSync(file, stdout, { mode: 0o600 })
    return file
  }

  /** A node that follows the log, and writes on it where it has a token. */
  async follow(name: string, ...args: string[]): Promise<NodeProcess> {
    const data = join(this.folder, name)
    const node = await up(data, ['--follow', this.log.url, '--log-key', this.verifier.vkey, ...args], QUICK)
    this.#nodes.add(node)
    return node
  }

  /** Leaves of the log: what was anchored by whom. */
  async leaves(): Promise<{ anchorString: string; writer: string }[]> {
    const response = await fetch(`${this.log.url}/transactions?limit=1000`)
    const { transactions } = (await response.json()) as {
      transactions: { anchorString: string; writer: string }[]
    }
    return transactions
  }

  receipts(name: string): string[] {
    const folder = join(this.folder, name, 'receipts')
    return existsSync(folder) ? readdirSync(folder).map(file => join(folder, file)) : []
  }

  async stop(): Promise<void> {
    for (const node of this.#nodes) await node.stop()
    await this.#log?.stop()
    await this.killWitness()
  }

  tokenOf(name: string): string {
    return readFileSync(join(this.folder, name, 'token'), 'utf8').trim()
  }

  /** Hands an operation to a node. */
  async submit(node: NodeProcess, name: string, request: OperationRequest): Promise<void> {
    const response = await fetch(`${node.url}/operations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.tokenOf(name)}`, 'content-type': 'application/json' },
      body: bodyOf(request),
    })
    expect(response.status, await response.text()).toBe(202)
  }
}

type Status = { state: string; code?: string; reason?: string }

async function statusOf(node: NodeProcess, request: OperationRequest): Promise<Status> {
  return (await (await fetch(`${node.url}/operations/${idOf(request)}`)).json()) as Status
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await new Promise(resolve => setTimeout(resolve, 50))
}

/** What an operation has come to, once that is final. */
async function settled(node: NodeProcess, request: OperationRequest): Promise<Status> {
  for (;;) {
    const status = await statusOf(node, request)
    if (['applied', 'rejected'].includes(status.state)) return status
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

async function known(node: NodeProcess, did: string): Promise<void> {
  await until(async () => (await fetch(`${node.url}/1.0/identifiers/${did}`)).status === 200)
}

describe('a log with writers on other machines', () => {
  const world = new World()
  let alice: NodeProcess
  let bob: NodeProcess
  let reader: NodeProcess

  beforeAll(async () => {
    await world.startLog()
    const tokens = [await world.addWriter('alice'), await world.addWriter('bob')] as const
    alice = await world.follow('alice', '--write-token', tokens[0])
    bob = await world.follow('bob', '--write-token', tokens[1])
    reader = await world.follow('reader')
  })
  afterAll(() => world.stop())

  it('has what they hand in, in their names, for every node', async () => {
    const controller = new Controller()
    const create = controller.create()
    await world.submit(alice, 'alice', create)
    expect(await settled(alice, create)).toMatchObject({ state: 'applied' })
    for (const node of [world.log, bob, reader]) await known(node, controller.did)
    const update = await controller.update([addService('a')])
    await world.submit(bob, 'bob', update)
    expect(await settled(bob, update)).toMatchObject({ state: 'applied' })
    expect((await world.leaves()).map(({ writer }) => writer)).toEqual(['alice', 'bob'])
    // Receipts that were honoured show nothing any more.
    expect([...world.receipts('alice'), ...world.receipts('bob')]).toEqual([])
  })

  it('refuses an operation that another writer came before, and says why, to the one who handed it in', async () => {
    const controller = new Controller()
    const create = controller.create()
    await world.submit(alice, 'alice', create)
    await settled(alice, create)
    await known(bob, controller.did)
    const other = new Controller().create()
    const update = await controller.update([addService('a')])
    const fork = await controller.fork(update, [addService('b')])
    await Promise.all([
      world.submit(alice, 'alice', update),
      world.submit(bob, 'bob', fork),
      world.submit(bob, 'bob', other),
    ])
    const states = [await settled(alice, update), await settled(bob, fork)]
    expect(states.map(({ state }) => state).toSorted()).toEqual(['applied', 'rejected'])
    const rejected = states.find(({ state }) => state === 'rejected')
    expect(rejected).toMatchObject({ code: 'COMMITMENT_UNKNOWN' })
    // What was refused takes nothing of its batch with it.
    expect(await settled(bob, other)).toMatchObject({ state: 'applied' })
  })

  it('refuses over HTTP what is no batch of a writer', async () => {
    const token = readFileSync(join(world.folder, 'alice.token'), 'utf8').trim()
    const { anchorString, car } = await handIn([new Controller().create()])
    const post = async (body: Buffer, headers: Record<string, string> = {}) => {
      const response = await fetch(
        `${world.log.url}/log/submissions?${new URLSearchParams({ anchorString })}`,
        {
          method: 'POST',
          headers: {
            authorization: `Bearer ${token}`,
            'content-type': 'application/vnd.ipld.car',
            ...headers,
          },
          body,
        },
      )
      return { status: response.status, ...((await response.json()) as { code?: string; receipt?: string }) }
    }
    const damaged = Buffer.from(car)
    damaged[car.length - 1] = (damaged[car.length - 1] ?? 0) ^ 1
    const { car: incomplete } = await handIn([new Controller().create()], { without: ['chunk'] })
    expect(await post(damaged)).toMatchObject({ status: 400, code: 'SUBMISSION_INVALID' })
    expect(await post(incomplete)).toMatchObject({ status: 400, code: 'SUBMISSION_INVALID' })
    expect(await post(Buffer.alloc(17_065_537))).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' })
    expect(await post(car, { authorization: 'Bearer alice.x' })).toMatchObject({ status: 401 })
    expect(await post(car, { authorization: `Bearer ${world.tokenOf('data')}` })).toMatchObject({
      status: 401,
    })
    const { status, receipt = '' } = await post(car)
    expect(status).toBe(202)
    expect(verifyReceipt(receipt, world.verifier.name, world.verifier)).toMatchObject({
      anchorString,
      writer: 'alice',
    })
  })

  it('takes no more from a writer who is revoked, who keeps what waits until there is another token', async () => {
    const token = await world.addWriter('carol')
    const carol = await world.follow('carol', '--write-token', token)
    await runHere(['log', 'writer', 'revoke', 'carol', '--data', world.data])
    const create = new Controller().create()
    await world.submit(carol, 'carol', create)
    const lastError = async () => {
      const response = await fetch(`${carol.url}/status`, {
        headers: { authorization: `Bearer ${world.tokenOf('carol')}` },
      })
      return ((await response.json()) as { queue: { lastError?: string } }).queue.lastError ?? ''
    }
    await until(async () => (await lastError()).includes('WRITER_REVOKED'))
    expect(['queued', 'batched']).toContain((await statusOf(carol, create)).state)
    await carol.stop()
    const again = await world.follow('carol', '--write-token', await world.addWriter('carol-2'))
    expect(await settled(again, create)).toMatchObject({ state: 'applied' })
    expect((await world.leaves()).at(-1)).toMatchObject({ writer: 'carol-2' })
  })

  it.each([
    ['without a log to follow', ['--write-token', 'nowhere'], 'error CONFIG_INVALID'],
    [
      'whose token is not there',
      ['--follow', 'http://127.0.0.1:1', '--log-key', 'VKEY', '--write-token', 'nowhere'],
      'error TOKEN_MISSING',
    ],
    [
      'whose token would go over the network unencrypted',
      ['--follow', 'http://log.example', '--log-key', 'VKEY', '--write-token', 'TOKEN'],
      'error TOKEN_NOT_SENT',
    ],
  ])('does not start a writer %s', async (_, args, error) => {
    const given = args.map(arg =>
      arg === 'VKEY' ? world.verifier.vkey : arg === 'TOKEN' ? join(world.folder, 'alice.token') : arg,
    )
    const { stderr, status } = await runHere(['up', '--data', join(world.folder, 'none'), ...given])
    expect(stderr).toContain(error)
    expect(status).toBe(1)
  })
})

describe('a log whose witness is away, so that it can promise leaves and not show them', () => {
  const world = new World()
  let token: string

  beforeAll(async () => {
    await world.startWitness()
    await world.startLog(['--policy', world.policy])
    token = await world.addWriter('alice')
  })
  afterAll(() => world.stop())

  const writing = () => world.follow('alice', '--write-token', token)
  const leavesOf = async (anchorString: string) =>
    (await world.leaves()).filter(leaf => leaf.anchorString === anchorString).length

  it('honours after kill -9 what it has promised, and the writer, killed too, finds it', async () => {
    const alice = await writing()
    await world.killWitness()
    const create = new Controller().create()
    await world.submit(alice, 'alice', create)
    await until(() => world.receipts('alice').length === 1)
    const [path = ''] = world.receipts('alice')
    const { anchorString } = verifyReceipt(readFileSync(path), world.verifier.name, world.verifier)
    await world.killLog()
    alice.child.kill('SIGKILL')
    await alice.end

    await world.startWitness()
    await world.startLog(['--policy', world.policy])
    await until(async () => (await leavesOf(anchorString)) > 0)
    const again = await writing()
    expect(await settled(again, create)).toMatchObject({ state: 'applied' })
    await until(() => world.receipts('alice').length === 0)
    expect(await leavesOf(anchorString)).toBe(1)
    await again.stop()
  })

  it('has one leaf of a batch whose writer was killed after sending', async () => {
    const alice = await writing()
    await world.killWitness()
    const create = new Controller().create()
    await world.submit(alice, 'alice', create)
    await until(() => world.receipts('alice').length === 1)
    const [path = ''] = world.receipts('alice')
    const { anchorString } = verifyReceipt(readFileSync(path), world.verifier.name, world.verifier)
    alice.child.kill('SIGKILL')
    await alice.end
    await world.startWitness()
    const again = await writing()
    expect(await settled(again, create)).toMatchObject({ state: 'applied' })
    expect(await leavesOf(anchorString)).toBe(1)
    await again.stop()
  })
})
