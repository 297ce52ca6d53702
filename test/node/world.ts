import { EmbeddedContentStore } from '../../src/content/embedded/embedded-content-store.ts'
import { ContentError } from '../../src/content/errors.ts'
import type { ContentStore } from '../../src/content/types.ts'
import { LedgerError } from '../../src/ledger/errors.ts'
import type { Ledger } from '../../src/ledger/types.ts'
import { type NodeEvent, type NodeSettings, startNode } from '../../src/node/node.ts'
import type { SidetreeNode } from '../../src/node/types.ts'
import { type ProtocolVersions, ROOTLINE } from '../../src/sidetree/parameters.ts'
import { StoreError } from '../../src/store/errors.ts'
import { FaultyContentStore } from '../content/faulty.ts'
import { MemoryLedger } from '../ledger/memory-ledger.ts'
import { Disk, memoryStore, type Step } from './memory-store.ts'
import { METHOD } from './parts.ts'

/** A fault at one of the durable steps that a node takes: a write to its store, a file stored, an anchor. */
export interface Fault {
  /** Which step from now on: 1 is the next. */
  step: number
  /** Whether the step took effect before it failed. A write to the store that did not kill never does: as LevelDB's. */
  applied: boolean
  /** Whether the process ends there. */
  kills: boolean
}

/** A node that runs in a world, as one process does. */
export interface WorldNode extends SidetreeNode {
  readonly events: NodeEvent[]
  /** Ends it as SIGKILL would: nothing that it has begun goes on. */
  kill(): Promise<void>
  /** Whether it was killed. */
  isDead(): boolean
}

/** The world around a node: a disk, content and a chain that outlive its processes, and a clock. */
export class NodeWorld {
  readonly disk = new Disk()
  readonly ledger: MemoryLedger
  readonly content: FaultyContentStore
  /** Unix milliseconds; by default as the chain's first block. */
  time = 1_700_000_000_000
  fault: Fault | undefined
  /** Durable steps that were taken. */
  readonly steps: string[] = []
  versions: ProtocolVersions = [ROOTLINE]
  /** Something between the node and its ledger, for what one test alone needs. */
  wrapLedger: (ledger: Ledger) => Ledger = ledger => ledger
  /** Nothing is batched or looked at but when it is asked for. */
  settings: NodeSettings = { batchIntervalMs: 3_600_000, pollMs: 3_600_000, workers: 0 }

  constructor(options: { ledger?: MemoryLedger; content?: FaultyContentStore } = {}) {
    this.ledger = options.ledger ?? new MemoryLedger()
    this.content =
      options.content ?? new FaultyContentStore(new EmbeddedContentStore(memoryStore(new Disk())))
  }

  /** Another world with the same chain and content: what a node there knows, it has read from them. */
  fresh(): NodeWorld {
    const world = new NodeWorld({ ledger: this.ledger, content: this.content })
    world.versions = this.versions
    world.time = this.time
    return world
  }

  async start(): Promise<WorldNode> {
    const state = { dead: false }
    const alive = () => {
      if (state.dead) throw new StoreError('STORE_CLOSED', 'memory', 'the process was killed')
    }
    const events: NodeEvent[] = []
    const node = await startNode({
      method: METHOD,
      versions: this.versions,
      store: memoryStore(this.disk, this.#step(state, 'store'), alive),
      content: this.#content(state),
      ledger: this.wrapLedger(this.#ledger(state)),
      writer: 'test',
      now: () => this.time,
      random: () => 0.5,
      settings: this.settings,
      onEvent: event => events.push(event),
    })
    const kill = async () => {
      state.dead = true
      await node.stop()
    }
    return Object.assign(Object.create(node) as SidetreeNode, delegate(node), {
      events,
      kill,
      isDead: () => state.dead,
    })
  }

  #step(state: { dead: boolean }, kind: 'store' | 'content' | 'ledger'): Step {
    return async (what, take) => {
      await new Promise(resolve => setImmediate(resolve))
      if (state.dead) throw failure(kind)
      const { fault } = this
      if (fault !== undefined) fault.step--
      this.steps.push(`${kind} ${what}`)
      if (fault === undefined || fault.step > 0) return take()
      this.fault = undefined
      if (fault.applied && (fault.kills || kind !== 'store')) take()
      state.dead = fault.kills
      throw failure(kind)
    }
  }

  #content(state: { dead: boolean }): ContentStore {
    const { content } = this
    const step = this.#step(state, 'content')
    return {
      async put(bytes, options) {
        let put: Promise<string> | undefined
        await step('put', () => {
          put = content.put(bytes, options)
        })
        if (put === undefined) throw failure('content')
        return put
      },
      get: (cid, options) => content.get(cid, options),
      has: cid => content.has(cid),
      close: () => content.close(),
    }
  }

  #ledger(state: { dead: boolean }): Ledger {
    const { ledger } = this
    const step = this.#step(state, 'ledger')
    const own: Pick<Ledger, 'anchor'> = {
      async anchor(anchorString, writer) {
        let anchored: ReturnType<Ledger['anchor']> | undefined
        await step('anchor', () => {
          anchored = ledger.anchor(anchorString, writer)
        })
        if (anchored === undefined) throw failure('ledger')
        return anchored
      },
    }
    return Object.assign(delegate<Ledger>(ledger), own)
  }
}

function failure(kind: 'store' | 'content' | 'ledger'): Error {
  switch (kind) {
    case 'store':
      return new StoreError('STORE_FULL', 'memory', 'no space is left')
    case 'content':
      return new ContentError('CONTENT_NOT_REACHABLE', 'the store cannot be reached')
    default:
      return new LedgerError('LEDGER_OUTCOME_UNKNOWN', 'it is not known whether it was anchored')
  }
}

/** An object with the methods of another, bound to it. */
export function delegate<T extends object>(target: T): T {
  const methods: { [name: string]: unknown } = {}
  for (let level: object | null = target; level !== null; level = Object.getPrototypeOf(level)) {
    for (const name of Object.getOwnPropertyNames(level)) {
      if (name === 'constructor' || name in methods) continue
      const value: unknown = Reflect.get(target, name)
      if (typeof value === 'function') methods[name] = value.bind(target)
    }
    if (Object.getPrototypeOf(level) === Object.prototype) break
  }
  return methods as T
}

/** Waits until something holds; the wait of the test itself is the limit. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(resolve => setTimeout(resolve, 1))
}

/** Lets time go by until a node has read every transaction on its ledger, whose files can be had by now. */
export async function untilReadable(world: NodeWorld, node: SidetreeNode): Promise<void> {
  await until(async () => {
    world.time += 3_600_000
    await node.settled()
    return (await node.status()).unresolvable.count === 0
  })
}
