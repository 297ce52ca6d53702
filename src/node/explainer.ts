import type { ContentStore } from '../content/types.ts'
import type { Ledger, LedgerTransaction } from '../ledger/types.ts'
import type { ProtocolVersions } from '../sidetree/parameters.ts'
import { resolveOperations } from '../sidetree/resolution.ts'
import type { OperationPosition } from '../sidetree/types.ts'
import { StoreError } from '../store/errors.ts'
import { EvidenceReader, type TransactionEvidence } from './evidence.ts'
import { readProgress } from './ledger-evidence.ts'
import type { OperationStore } from './operation-store.ts'
import { limitsOf, type PublishedAnswer, reportPublished, reportWriter } from './published-report.ts'
import type { Transactions } from './recomputation.ts'
import { ResolutionReport } from './resolution-report.ts'
import type { Resolver } from './resolver.ts'
import { positioned } from './transaction-applier.ts'
import type { Explanation, VersionOptions } from './types.ts'

/** Longest that reading again may take, in milliseconds; what is left then was `skipped`. */
const TIME_LIMIT = 20_000
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
    const { resolver, ledger, versions } = this.#parts
    const started = this.#parts.now()
    const answer = await this.#answer(text, options)
    const { found, unresolvable } = answer
    const { suffix } = found.did
    const named = unresolvable
      .filter(({ names }) => names?.includes(suffix))
      .map(({ transaction }) => transaction.number)
    const resolution = resolver.answer(found, options, named)
    const context = { ledger: ledger.describe(), versions, now: started }
    const report = found.published
      ? await reportPublished(answer, places => this.#read(places, suffix, started + TIME_LIMIT), context)
      : new ResolutionReport(reportWriter({}, context), found).unpublished(versions)
    return { resolution, report }
  }

  /** What the store says, in the order that makes it safe to call a state the newest: the cursor is never the later. */
  async #answer(text: string, options: VersionOptions): Promise<PublishedAnswer> {
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
      if (agree || tries === TRIES) return { found, options, stored, compiled, progress, unresolvable }
    }
  }

  /** Reads the transactions of operations again, each once and in the order given, until time runs out. */
  async #read(places: readonly OperationPosition[], suffix: string, deadline: number): Promise<Transactions> {
    const read = new Map<number, TransactionEvidence>()
    const left = deadline - this.#parts.now()
    const signal = AbortSignal.timeout(Math.max(left, 1))
    const waiting = new Set(places.map(({ transactionNumber }) => transactionNumber)).values()
    const follow = async (): Promise<void> => {
      for (const number of waiting) {
        if (signal.aborted || this.#parts.now() >= deadline) return
        const evidence = await this.#readOne(this.#transactionOf(number), suffix, signal)
        if (evidence !== undefined) read.set(number, evidence)
      }
    }
    await Promise.all(Array.from({ length: PARALLEL }, follow))
    return read
  }

  /** Undefined where time ran out. */
  async #readOne(
    transaction: LedgerTransaction,
    suffix: string,
    signal: AbortSignal,
  ): Promise<TransactionEvidence | undefined> {
    try {
      return await this.#evidence.transaction(transaction, suffix, signal)
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
