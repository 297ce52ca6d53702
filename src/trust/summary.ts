import type { Evaluation } from './evaluate.ts'
import { neededEdges } from './needs.ts'
import type { Cause, ReportEdge, Root, TrustReport, Verdict } from './types.ts'

/** More roots than this are counted in the sentence, not named. */
const NAMED_ROOTS = 4

const OPENING: Record<Verdict, string> = {
  verified: 'Verified',
  rejected: 'Rejected',
  undecided: 'Undecided',
}

/**
 * The sentence at the top. It counts the checks that were computed here, passed, and are needed by a required
 * claim; names the roots that a verified report still stands on; says the first cause where it is not verified;
 * and says `as of` where the caller chose the time.
 */
export function summarize(
  report: Pick<TrustReport, 'claims' | 'edges' | 'roots' | 'asOf'>,
  evaluation: Evaluation,
): string {
  const needed = requiredEdges(report, evaluation)
  const sentences = [opening(evaluation, report.asOf), computed(needed)]
  if (evaluation.verdict === 'verified')
    sentences.push(stillTrusted(rootsInUse(report.roots, needed, evaluation)))
  sentences.push(...beside(evaluation))
  return sentences.join(' ')
}

function requiredEdges(report: Pick<TrustReport, 'claims' | 'edges'>, evaluation: Evaluation): ReportEdge[] {
  const required = new Set(evaluation.claims.filter(claim => claim.required).map(claim => claim.id))
  const ids = new Set<string>()
  for (const claim of report.claims) {
    if (required.has(claim.id)) for (const id of neededEdges(claim.needs).ids) ids.add(id)
  }
  return report.edges.filter(edge => ids.has(edge.id))
}

function opening({ verdict, causes }: Evaluation, asOf: string | undefined): string {
  const start = OPENING[verdict] + (asOf === undefined ? '' : ` as of ${asOf}`)
  const [first] = causes
  if (verdict === 'verified' || first === undefined) return `${start}.`
  const more = causes.length === 1 ? '' : `, and ${causes.length - 1} more`
  return `${start}: ${sentence(first)} [${first.code}]${more}.`
}

function sentence(cause: Cause): string {
  return cause.detail.replace(/\.+$/, '')
}

function computed(needed: readonly ReportEdge[]): string {
  const count = needed.filter(edge => edge.basis === 'computed' && edge.result === 'pass').length
  return `${count === 1 ? '1 check' : `${count} checks`} computed here.`
}

/** The roots that passed edges rest on and the policy accepts. */
function rootsInUse(roots: readonly Root[], needed: readonly ReportEdge[], { accepted }: Evaluation): Root[] {
  const inUse = new Set<string>()
  for (const edge of needed) {
    if (edge.root !== undefined && edge.result === 'pass' && accepted.has(edge.id)) inUse.add(edge.root)
  }
  return roots.filter(root => inUse.has(root.id))
}

function stillTrusted(roots: readonly Root[]): string {
  const names = roots.slice(0, NAMED_ROOTS).map(root => root.name)
  if (roots.length > NAMED_ROOTS) names.push(`${roots.length - NAMED_ROOTS} more`)
  const last = names.pop()
  return `You still trust: ${names.length === 0 ? last : `${names.join(', ')} and ${last}`}.`
}

/** Says that claims which nobody required are not verified. */
function beside(evaluation: Evaluation): string[] {
  const other = evaluation.claims.filter(claim => !claim.required)
  const count = (verdict: Verdict): number => other.filter(claim => claim.verdict === verdict).length
  const parts = (['rejected', 'undecided'] as const)
    .filter(verdict => count(verdict) > 0)
    .map(verdict => `${count(verdict)} ${verdict}`)
  return parts.length === 0 ? [] : [`Of the claims that were not required: ${parts.join(', ')}.`]
}
