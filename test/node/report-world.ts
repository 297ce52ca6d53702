import { canonicalize } from '../../src/codec/jcs.ts'
import type { JsonValue } from '../../src/codec/json.ts'
import { EmbeddedContentStore } from '../../src/content/embedded/embedded-content-store.ts'
import type { BlockSource, ContentStore } from '../../src/content/types.ts'
import type { TransparencyLog } from '../../src/ledger/log/transparency-log.ts'
import type {
  Ledger,
  LedgerHead,
  LedgerPosition,
  LedgerTransaction,
  LogProof,
  ProofCheck,
} from '../../src/ledger/types.ts'
import { startNode } from '../../src/node/node.ts'
import { type OperationBatch, OperationStore } from '../../src/node/operation-store.ts'
import type { StoredOperation } from '../../src/node/records.ts'
import { positioned } from '../../src/node/transaction-applier.ts'
import type { SidetreeNode, VersionOptions } from '../../src/node/types.ts'
import { packBatch, storeBatch } from '../../src/sidetree/batch-write.ts'
import type { ValidDelta } from '../../src/sidetree/delta.ts'
import { type ProtocolVersions, ROOTLINE } from '../../src/sidetree/parameters.ts'
import { resolveOperations } from '../../src/sidetree/resolution.ts'
import { didSuffixOf } from '../../src/sidetree/suffix-data.ts'
import type { OperationRequest } from '../../src/sidetree/types.ts'
import { exitStatus } from '../../src/trust/exit-status.ts'
import { renderText } from '../../src/trust/render-text.ts'
import type { CheckCode, ReportEdge, Result, TrustReport, Verdict } from '../../src/trust/types.ts'
import { LogWorld } from '../ledger/log-world.ts'
import { Disk, memoryStore } from './memory-store.ts'
import { METHOD } from './parts.ts'

/** What the parts of a node say in place of the truth, while a report is made. */
export interface Lies {
  proof?: (position: LedgerPosition, honest: LogProof) => LogProof | Promise<LogProof>
  verify?: (checks: ProofCheck[]) => ProofCheck[]
  head?: (honest: LedgerHead) => LedgerHead
  transactions?: (honest: LedgerTransaction[]) => LedgerTransaction[]
  /** Content of a file or a block; rejects where it throws. */
  content?: (cid: string, honest: () => Promise<Uint8Array>) => Promise<Uint8Array>
}

/** Files of a batch that was anchored by hand. */
export interface Anchored {
  number: number
  uris: { [role: string]: string }
}

/** A node over a transparency log, all in memory, whose parts can be made to lie. */
export class ReportWorld {
  readonly log = new LogWorld()
  readonly content = new EmbeddedContentStore(memoryStore(new Disk()))
  lies: Lies = {}
  /** Of the node's clock against the log's, in milliseconds. */
  skew = 0
  versions: ProtocolVersions = [ROOTLINE]
  /** Whether the content store hands out single blocks. */
  blocks = true
  readonly #disk = new Disk()
  #ledger: TransparencyLog | undefined
  #node: SidetreeNode | undefined

  get ledger(): TransparencyLog {
    if (this.#ledger === undefined) throw new TypeError('start the world first')
    return this.#ledger
  }

  get node(): SidetreeNode {
    if (this.#node === undefined) throw new TypeError('start the world first')
    return this.#node
  }

  async start(): Promise<this> {
    this.#ledger ??= await this.log.open()
    this.#node = await startNode({
      method: METHOD,
      versions: this.versions,
      store: memoryStore(this.#disk),
      content: this.#lyingContent(),
      ledger: this.#lyingLedger(this.ledger),
      writer: 'test',
      now: () => this.log.time + this.skew,
      random: () => 0.5,
      settings: { batchIntervalMs: 3_600_000, pollMs: 3_600_000, workers: 0 },
    })
    return this
  }

  /** Lets time go by, for the log and the node. */
  wait(seconds: number): void {
    this.log.time += seconds * 1000
    this.log.elapsed += seconds * 1000
  }

  /** Anchors a batch, and lets the node see it. @param edit changes the deltas, in batch order */
  async anchor(requests: OperationRequest[], edit = (deltas: ValidDelta[]) => deltas): Promise<Anchored> {
    const deltas = edit(requests.flatMap(request => ('delta' in request ? [validDelta(request.delta)] : [])))
    const packed = requests.map(request => ({
      operation: { didSuffix: suffixOf(request), request },
      delta: 'delta' in request ? deltas.shift() : undefined,
    }))
    const { anchorString, files } = await storeBatch(packBatch(packed), ROOTLINE, bytes =>
      this.content.put(bytes),
    )
    const { number } = await this.ledger.anchor(anchorString, 'test')
    await this.node.settled()
    return { number, uris: Object.fromEntries(files.map(({ role, uri }) => [role, uri])) }
  }

  async explain(did: string, options: VersionOptions = {}): Promise<TrustReport> {
    const { report } = await this.node.explain(did, options)
    expectHonestText(report)
    return report
  }

  /** Changes what the node has stored, behind its back. */
  async tamper(
    change: (store: OperationStore, batch: OperationBatch) => Promise<void> | void,
  ): Promise<void> {
    await this.node.stop()
    const store = new OperationStore(memoryStore(this.#disk))
    const batch = store.batch()
    await change(store, batch)
    await batch.write()
    await batch.close()
    await this.start()
  }

  /** Changes the stored operations of a DID, and makes the state what they come to then. */
  async plant(suffix: string, edit: (stored: StoredOperation[]) => StoredOperation[]): Promise<void> {
    await this.tamper(async (store, batch) => {
      const before = await store.operations(suffix)
      const after = edit(structuredClone(before))
      for (const { checked } of before) batch.setOperations(suffix, checked.reveals, [])
      for (const [reveals, operations] of Map.groupBy(after, ({ checked }) => checked.reveals)) {
        batch.setOperations(suffix, reveals, operations)
      }
      batch.setState(suffix, resolveOperations(after.map(positioned), this.versions).state)
    })
  }

  #lyingLedger(ledger: TransparencyLog): Ledger {
    const lies = (): Lies => this.lies
    return {
      anchor: (anchorString, writer) => ledger.anchor(anchorString, writer),
      transactions: async (after, limit) => {
        const honest = await ledger.transactions(after, limit)
        return lies().transactions?.(honest) ?? honest
      },
      head: async () => {
        const honest = await ledger.head()
        return lies().head?.(honest) ?? honest
      },
      reorganised: since => ledger.reorganised(since),
      proof: async position => {
        const honest = await ledger.proof(position)
        return lies().proof?.(position, honest) ?? honest
      },
      verify: (proof, transaction) => {
        const checks = ledger.verify(proof, transaction)
        return lies().verify?.(checks) ?? checks
      },
      describe: () => ledger.describe(),
      onTransaction: listener => ledger.onTransaction(listener),
      close: () => ledger.close(),
    }
  }

  #lyingContent(): ContentStore {
    const ask = (cid: string, honest: () => Promise<Uint8Array>) =>
      this.lies.content?.(cid, honest) ?? honest()
    const store: ContentStore = {
      put: (bytes, options) => this.content.put(bytes, options),
      get: (cid, options) => ask(cid, () => this.content.get(cid, options)),
      has: cid => this.content.has(cid),
      close: () => this.content.close(),
    }
    const source: BlockSource = { block: (cid, options) => ask(cid, () => this.content.block(cid, options)) }
    return this.blocks ? { ...store, ...source } : store
  }
}

function suffixOf(request: OperationRequest): string {
  return request.type === 'create' ? didSuffixOf(request.suffixData) : request.didSuffix
}

function validDelta(delta: ValidDelta['delta']): ValidDelta {
  return { delta, canonical: canonicalize(delta as unknown as JsonValue) }
}

/** Checks that did not pass, as `CODE result`, each kind once, in alphabetical order. */
export function openChecks({ edges }: TrustReport): string[] {
  const open = edges.filter(({ result }) => result !== 'pass').map(({ code, result }) => `${code} ${result}`)
  return [...new Set(open)].sort()
}

/** The checks of one code. */
export function checksOf({ edges }: TrustReport, code: CheckCode): ReportEdge[] {
  return edges.filter(edge => edge.code === code)
}

/** The results of the checks of one code, in order. */
export function resultsOf(report: TrustReport, code: CheckCode): Result[] {
  return checksOf(report, code).map(({ result }) => result)
}

/** The verdict, and the verdict of each claim. */
export function verdictsOf({ verdict, claims }: TrustReport): [Verdict, Record<string, Verdict>] {
  return [verdict, Object.fromEntries(claims.map(claim => [claim.id, claim.verdict]))]
}

const OPENING = { verified: '✓ Verified', rejected: '✗ Rejected', undecided: '◌ Undecided' } as const
const STATUS = { verified: [0], rejected: [2, 4, 5], undecided: [3] } as const

/** The text and the exit status never say more than the verdict; nor does a claim that it rests on. */
export function expectHonestText(report: TrustReport): void {
  const { verdict } = report
  const text = renderText(report)
  if (!text.startsWith(OPENING[verdict]))
    throw new TypeError(`${verdict}, and the text begins ${text.slice(0, 40)}`)
  const status: readonly number[] = STATUS[verdict]
  if (!status.includes(exitStatus(report)))
    throw new TypeError(`${verdict}, and the status is ${exitStatus(report)}`)
  if (verdict === 'verified' && report.claims.some(claim => claim.required && claim.verdict !== 'verified')) {
    throw new TypeError('a required claim is not verified')
  }
}
