import type { LedgerDescription } from '../ledger/types.ts'
import type { NeedsInput, ReportBuilder } from '../trust/builder.ts'
import { checkInfo } from '../trust/codes.ts'
import type { Purpose } from '../trust/terms.ts'
import type { CheckCode, ReportNode, Result } from '../trust/types.ts'
import type { Check } from './operation-evidence.ts'

/** Node of the DID that a report is about. */
export const DID = 'did'

/** Writes checks as edges of a report, and knows what became of each. */
export class ReportWriter {
  readonly report: ReportBuilder
  readonly ledger: LedgerDescription
  /** Root of the ledger; undefined where it names none, so that no path leads on from it. */
  readonly ledgerRoot: string | undefined
  readonly #labels = new Map<string, string>()
  readonly #results = new Map<string, Result>()
  readonly #needs = new Map<string, NeedsInput>()

  constructor(report: ReportBuilder, ledger: LedgerDescription) {
    this.report = report
    this.ledger = ledger
    for (const root of ledger.roots) report.root(root)
    this.ledgerRoot = ledger.roots[0]?.id
  }

  /** The root of the ledger that is trusted for this, the first of several; undefined where it names none. */
  rootFor(purpose: Purpose): string | undefined {
    return this.ledger.roots.find(({ trustedFor }) => trustedFor.includes(purpose))?.id
  }

  /** Adds a node; returns its id. */
  node(node: ReportNode): string {
    this.#labels.set(node.id, node.label)
    return this.report.node(node)
  }

  /** How a node is called in sentences. */
  labelOf(id: string): string {
    return this.#labels.get(id) ?? id
  }

  /** Writes one check; returns the id of its edge. @param id where several checks have the same code and ends */
  edge(from: string, to: string, code: CheckCode, check: Check, id?: string): string {
    const { result, detail } = check
    const edge = this.report.edge({ from, to, code, result, detail, ...(id === undefined ? {} : { id }) })
    this.#results.set(edge, result)
    return edge
  }

  /** As {@link edge}; a failure over bytes that nobody vouches for is undecided (docs/trust-report.md). */
  edgeOver(authentic: boolean, from: string, to: string, code: CheckCode, check: Check): string {
    const weak = check.result === 'fail' && (!authentic || checkInfo(code).never?.includes('fail') === true)
    return this.edge(from, to, code, weak ? { ...check, result: 'undecided' } : check)
  }

  /** Says what else counts in a claim wherever it needs this edge. */
  standsOn(edge: string, needs: NeedsInput): void {
    this.#needs.set(edge, { all: [edge, needs] })
  }

  /** What a claim needs that stands on these edges. */
  needsOf(edges: readonly string[]): NeedsInput {
    return { all: [...new Set(edges)].map(edge => this.#needs.get(edge) ?? edge) }
  }

  /** True if every one of these edges has passed. */
  passed(edges: readonly string[]): boolean {
    return edges.every(edge => this.#results.get(edge) === 'pass')
  }
}
