import type { ContentStore } from '../content/types.ts'
import type { Ledger, LedgerTransaction } from '../ledger/types.ts'
import type { ProtocolVersions } from '../sidetree/parameters.ts'
import {
  type Resolution as Compiled,
  type ResolutionOptions,
  resolveOperations,
} from '../sidetree/resolution.ts'
import type { OperationPosition } from '../sidetree/types.ts'
import { StoreError } from '../store/errors.ts'
import { ReportBuilder } from '../trust/builder.ts'
import type { TrustReport } from '../trust/types.ts'
import { EvidenceReader, type TransactionEvidence } from './evidence.ts'
import { type LedgerProgress, readProgress } from './ledger-evidence.ts'
import type { OperationStore } from './operation-store.ts'
import { evidenceAt, placeOf, recompute, type Transactions } from './recomputation.ts'
import type { StoredOperation, UnresolvableRecord } from './records.ts'
import type { OtherOperation } from './report-newest.ts'
import type { ChainLink } from './report-operations.ts'
import { ReportWriter } from './report-writer.ts'
import { ResolutionReport } from './resolution-report.ts'
import type { ResolvedState, Resolver } from './resolver.ts'
import { parseVersionTime } from './time.ts'
import { positioned } from './transaction-applier.ts'
import type { Explanation, VersionOptions } from './types.ts'

/** Longest that reading again may take, in milliseconds; what is left then was `skipped`. */
const TIME_LIMIT = 20_000
/** Operations that are read again for one report, whose size grows with them by some six kilobytes each. */
const MAX_OPERATIONS = 5_000
/** Transactions that are read side by side; each can be some tens of megabytes while it is read. */
const PARALLEL = 4
/** How often an answer is looked up again because operations were applied meanwhile. */
const TRIES = 3

export interface ExplainerParts {
  resolver: Resolver
  operations: OperationStore
  ledger: Ledger
  content: ContentStore
  versions: ProtocolVersions
  /** Unix milliseconds. */
  now: () => number
}

/** What the store says, in the order that makes it safe to call a state the newest: the cursor is never the later. */
interface StoredAnswer {
  progress: LedgerProgress
  unresolvable: UnresolvableRecord[]
  found: ResolvedState
  /** All operations of the DID, and what they come to by the store. */
  stored: StoredOperation[]
  compiled: Compiled
}

/** Resolves a DID and reports what the answer stands on, each check made anew. */
export class Explainer {
  readonly #parts: ExplainerParts
  readonly #evidence: EvidenceReader

  constructor(parts: ExplainerParts) {
    this.#parts = parts
    this.#evidence = new EvidenceReader(parts)
  }

  /** @throws as `SidetreeNode.resolve`; StoreError where the store cannot be read */
  async explain(text: string, options: VersionOptions): Promise<Explanation> {
    const { resolver, versions } = this.#parts
    const started = this.#parts.now()
    const answer = await this.#answer(text, options)
    const { found, unresolvable } = answer
    const { suffix } = found.did
    const named = unresolvable
      .filter(({ names }) => names?.includes(suffix))
      .map(({ transaction }) => transaction.number)
    const resolution = resolver.answer(found, options, named)
    const report = found.published
      ? await this.#published(answer, options, started)
      : new ResolutionReport(this.#writer({}, started), found).unpublished(versions)
    return { resolution, report }
  }

  async #answer(text: string, options: VersionOptions): Promise<StoredAnswer> {
    const { resolver, operations, ledger, versions } = this.#parts
    const limits = limitsOf(options)
    for (let tries = 1; ; tries++) {
      const progress = await readProgress(ledger, () => operations.cursor())
      const unresolvable = await operations.unresolvables()
      const found = await resolver.find(text, options)
      const stored = found.published ? await operations.operations(found.did.suffix) : []
      const compiled = resolveOperations(stored.map(positioned), versions, limits)
      // What was applied between the two readings makes them differ once; a store that contradicts itself always does.
      const agree = !found.published || compiled.state?.versionId === found.state.versionId
      if (agree || tries === TRIES) return { progress, unresolvable, found, stored, compiled }
    }
  }

  async #published(answer: StoredAnswer, options: VersionOptions, started: number): Promise<TrustReport> {
    const { found, compiled, stored, progress } = answer
    const { versions } = this.#parts
    const { suffix } = found.did
    const limits = limitsOf(options)
    const chain = compiled.state === undefined ? [] : compiled.applied.filter(({ replaced }) => !replaced)
    const others = othersOf(
      stored,
      chain.map(({ position }) => position),
      limits,
    )
    const places = [...chain, ...others].slice(0, MAX_OPERATIONS).map(({ position }) => position)
    const transactions = await this.#read(places, started + TIME_LIMIT)
    const recomputation = recompute(places, transactions, { suffix, versions, options: limits })
    const epoch = chain.findLastIndex(({ operation }) => operation.type !== 'update')
    const readOf = (position: OperationPosition) => ({
      transaction: transactions.get(position.transactionNumber),
      evidence: evidenceAt(transactions, position, suffix),
      outcome: recomputation.outcome(position),
    })
    const links = chain.map(
      (applied, i): ChainLink => ({ applied, superseded: i < epoch, ...readOf(applied.position) }),
    )
    const rest = others.map(
      ({ checked, position }): OtherOperation => ({ type: checked.type, position, ...readOf(position) }),
    )
    const unresolvable = answer.unresolvable.filter(
      ({ transaction }) => limits.until === undefined || transaction.timestamp <= limits.until,
    )
    const newest = { progress, until: limits.until, others: rest, unresolvable, now: started }
    const report = new ResolutionReport(this.#writer(options, started), found)
    return report.published({ found, options, versions, chain: links, recomputation, newest })
  }

  #writer({ versionTime }: VersionOptions, started: number): ReportWriter {
    const now = new Date(started)
    const times =
      versionTime === undefined ? { now } : { now, asOf: new Date(parseVersionTime(versionTime) * 1000) }
    return new ReportWriter(new ReportBuilder(times), this.#parts.ledger.describe())
  }

  /** Reads the transactions of operations again, each once and in the order given, until time runs out. */
  async #read(places: readonly OperationPosition[], deadline: number): Promise<Transactions> {
    const wanted = Map.groupBy(places, ({ transactionNumber }) => transactionNumber)
    const read = new Map<number, TransactionEvidence>()
    const left = deadline - this.#parts.now()
    const signal = AbortSignal.timeout(Math.max(left, 1))
    const waiting = wanted[Symbol.iterator]()
    const follow = async (): Promise<void> => {
      for (const [number, positions] of waiting) {
        if (signal.aborted || this.#parts.now() >= deadline) return
        const indices = positions.map(({ operationIndex }) => operationIndex)
        const evidence = await this.#readOne(this.#transactionOf(number), indices, signal)
        if (evidence !== undefined) read.set(number, evidence)
      }
    }
    await Promise.all(Array.from({ length: PARALLEL }, follow))
    return read
  }

  /** Undefined where time ran out. */
  async #readOne(
    transaction: LedgerTransaction,
    indices: readonly number[],
    signal: AbortSignal,
  ): Promise<TransactionEvidence | undefined> {
    try {
      return await this.#evidence.transaction(transaction, indices, signal)
    } catch (error) {
      if (signal.aborted && error === signal.reason) return undefined
      throw error
    }
  }

  #transactionOf(number: number): LedgerTransaction {
    const record = this.#parts.operations.transaction(number)
    if (record !== undefined) return record.transaction
    throw new StoreError(
      'STORE_CORRUPT',
      '',
      `the store has operations of transaction ${number}, and no record of it`,
    )
  }
}

function limitsOf({ versionId, versionTime }: VersionOptions): ResolutionOptions {
  if (versionId !== undefined) return { versionId }
  return versionTime === undefined ? {} : { until: parseVersionTime(versionTime) }
}

/**
 * Operations that are to be read again though the answer does not stand on them: they could change it. At a time,
 * those up to it; for a version that was asked for, all but other updates, as only a create, recover or deactivate
 * can take from the DID's history what was a version of it.
 */
function othersOf(
  stored: readonly StoredOperation[],
  chain: readonly OperationPosition[],
  { until, versionId }: ResolutionOptions,
): StoredOperation[] {
  const inChain = new Set(chain.map(placeOf))
  return stored.filter(
    ({ position, checked }) =>
      !inChain.has(placeOf(position)) &&
      (until === undefined || position.timestamp <= until) &&
      (versionId === undefined || checked.type !== 'update'),
  )
}
