import type { LedgerDescription } from '../ledger/types.ts'
import type { ProtocolVersions } from '../sidetree/parameters.ts'
import type { Resolution as Compiled, ResolutionOptions } from '../sidetree/resolution.ts'
import type { OperationPosition } from '../sidetree/types.ts'
import { ReportBuilder } from '../trust/builder.ts'
import type { TrustReport } from '../trust/types.ts'
import type { ResolvedState } from './answer.ts'
import type { LedgerProgress } from './ledger-evidence.ts'
import { evidenceAt, placeOf, recompute, type Transactions } from './recomputation.ts'
import type { StoredOperation, UnresolvableRecord } from './records.ts'
import type { OtherOperation } from './report-newest.ts'
import type { ChainLink } from './report-operations.ts'
import { ReportWriter } from './report-writer.ts'
import { ResolutionReport } from './resolution-report.ts'
import { parseVersionTime } from './time.ts'
import type { VersionOptions } from './types.ts'

/** Operations that one report reads: its size grows with them by some six kilobytes each. */
export const MAX_REPORT_OPERATIONS = 5_000

/** The answer for a published DID, and what it is said to stand on. */
export interface PublishedAnswer {
  found: ResolvedState
  options: VersionOptions
  /** All operations of the DID that are known, and what they come to. */
  stored: readonly StoredOperation[]
  compiled: Compiled
  progress: LedgerProgress
  unresolvable: readonly UnresolvableRecord[]
}

/** By what and when a report is made. */
export interface ReportContext {
  ledger: LedgerDescription
  versions: ProtocolVersions
  /** Unix milliseconds. */
  now: number
}

/**
 * Reports on the answer for a published DID.
 * @param read gives the transactions of operations, read for this report; those that there was no time for are missing
 */
export async function reportPublished(
  answer: PublishedAnswer,
  read: (places: readonly OperationPosition[]) => Promise<Transactions>,
  context: ReportContext,
): Promise<TrustReport> {
  const { found, options, compiled, stored, progress } = answer
  const { versions, now } = context
  const { suffix } = found.did
  const limits = limitsOf(options)
  const chain = compiled.state === undefined ? [] : compiled.applied.filter(({ replaced }) => !replaced)
  const others = othersOf(
    stored,
    chain.map(({ position }) => position),
    limits,
  )
  const places = [...chain, ...others].slice(0, MAX_REPORT_OPERATIONS).map(({ position }) => position)
  const transactions = await read(places)
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
  const newest = { progress, until: limits.until, others: rest, unresolvable, now }
  const report = new ResolutionReport(reportWriter(options, context), found)
  return report.published({ found, options, versions, chain: links, recomputation, newest })
}

/** Begins the report of a resolution. */
export function reportWriter(
  { versionTime }: VersionOptions,
  { ledger, now }: Pick<ReportContext, 'ledger' | 'now'>,
): ReportWriter {
  const asOf = versionTime === undefined ? {} : { asOf: new Date(parseVersionTime(versionTime) * 1000) }
  return new ReportWriter(new ReportBuilder({ now: new Date(now), ...asOf }), ledger)
}

/** The part of a history that a version is looked for in. */
export function limitsOf({ versionId, versionTime }: VersionOptions): ResolutionOptions {
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
