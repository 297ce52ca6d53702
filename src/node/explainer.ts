import type { ContentStore } from '../content/types.ts'
import type { Ledger } from '../ledger/types.ts'
import type { ProtocolVersions } from '../sidetree/parameters.ts'
import { type AppliedOperation, resolveOperations } from '../sidetree/resolution.ts'
import { StoreError } from '../store/errors.ts'
import { ReportBuilder } from '../trust/builder.ts'
import type { TrustReport } from '../trust/types.ts'
import { EvidenceReader, type ExplainedOperation, type TransactionEvidence } from './evidence.ts'
import type { OperationStore } from './operation-store.ts'
import { ResolutionReport } from './resolution-report.ts'
import type { ResolvedState, Resolver } from './resolver.ts'
import { parseVersionTime } from './time.ts'
import type { Explanation, VersionOptions } from './types.ts'

/** Longest that a report may take to be worked out, in milliseconds; what is left then is `skipped`. */
const TIME_LIMIT = 20_000

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

  /** @throws as `SidetreeNode.resolve` */
  async explain(text: string, options: VersionOptions): Promise<Explanation> {
    const { resolver, operations } = this.#parts
    const found = await resolver.find(text, options)
    const named = await operations.naming(found.did.suffix)
    const resolution = resolver.answer(found, options, named)
    const report = found.published ? await this.#published(found, options, named) : this.#unpublished(found)
    return { resolution, report }
  }

  async #published(found: ResolvedState, options: VersionOptions, named: number[]): Promise<TrustReport> {
    const { resolver, ledger, operations, now } = this.#parts
    const { state, did } = found
    const compiled = await resolver.compile(did.suffix, { versionId: state.versionId })
    const chain = compiled.applied.filter(applied => !applied.replaced)
    const explained = await this.#read(chain)
    this.#requireSame(explained, state.versionId)
    const report = new ResolutionReport(this.#builder(options), found, ledger.describe())
    report.operations(explained)
    report.ignored(compiled.ignored)
    report.unavailable(named, await operations.unresolvables())
    const head = await ledger.head()
    const cursor = operations.cursor()?.number
    report.newest({ options, head, cursor, now: now() })
    return report.build()
  }

  #unpublished(found: ResolvedState): TrustReport {
    const report = new ResolutionReport(this.#builder({}), found, this.#parts.ledger.describe())
    report.longForm()
    return report.build()
  }

  #builder(options: VersionOptions): ReportBuilder {
    const now = new Date(this.#parts.now())
    const { versionTime } = options
    return versionTime === undefined
      ? new ReportBuilder({ now })
      : new ReportBuilder({ now, asOf: new Date(parseVersionTime(versionTime) * 1000) })
  }

  /** Reads the transactions of a chain again, each once, until time runs out. */
  async #read(chain: readonly AppliedOperation[]): Promise<ExplainedOperation[]> {
    const deadline = this.#parts.now() + TIME_LIMIT
    const read = new Map<number, TransactionEvidence>()
    const explained: ExplainedOperation[] = []
    for (const applied of chain) {
      const { transactionNumber, operationIndex } = applied.position
      let transaction = read.get(transactionNumber)
      if (transaction === undefined && this.#parts.now() < deadline) {
        transaction = await this.#evidence.transaction(this.#transactionOf(transactionNumber))
        read.set(transactionNumber, transaction)
      }
      const evidence = transaction && this.#evidence.operation(transaction, operationIndex)
      explained.push({ applied, transaction, evidence })
    }
    return explained
  }

  #transactionOf(number: number) {
    const record = this.#parts.operations.transaction(number)
    if (record !== undefined) return record.transaction
    throw new StoreError(
      'STORE_CORRUPT',
      '',
      `the store has operations of transaction ${number}, and no record of it`,
    )
  }

  /** What was read again must come to the version that was answered; else the store is not what it was made from. */
  #requireSame(explained: ExplainedOperation[], versionId: string): void {
    const fresh = explained.flatMap(({ evidence, applied }) =>
      evidence === undefined ? [] : [{ operation: evidence.checked, position: applied.position }],
    )
    if (fresh.length < explained.length) return
    if (resolveOperations(fresh, this.#parts.versions).state?.versionId === versionId) return
    throw new StoreError(
      'STORE_CORRUPT',
      '',
      'the files on the ledger come to another version of the DID than the store: run "rootline repair"',
    )
  }
}
