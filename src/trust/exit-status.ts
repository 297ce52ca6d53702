import { checkInfo } from './codes.ts'
import { decisiveEdges } from './needs.ts'
import type { FailureKind } from './terms.ts'
import type { TrustReport, Verdict } from './types.ts'

/** Exit status of a command that verifies. */
export const EXIT = {
  verified: 0,
  usage: 1,
  /** Cryptographically false. */
  false: 2,
  undecided: 3,
  /** Expired, revoked or deactivated. */
  ended: 4,
  /** The policy refuses it, or a root is not trusted. */
  policy: 5,
  internal: 70,
} as const

/** What a command knows beside the report. */
export interface ExitFacts {
  /** The subject is expired, revoked or deactivated. */
  ended?: boolean
  /** A policy of the caller's that is not part of the report refuses the outcome. */
  policyRefuses?: boolean
}

/**
 * The exit status that follows from a report. Where several apply: 2, 4, 5, 3. A rejected report gives 2, 4 or 5 by
 * what its failed checks speak against, and an undecided one 3; only a fact from outside the report can make it
 * differ from the verdict.
 */
export function exitStatus(report: TrustReport, facts: ExitFacts = {}): 0 | 2 | 3 | 4 | 5 {
  const broken = report.verdict === 'rejected' ? failureKinds(report) : new Set<FailureKind>()
  if (broken.has('proof')) return EXIT.false
  if (broken.has('ended') || facts.ended === true) return EXIT.ended
  if (broken.has('policy') || facts.policyRefuses === true) return EXIT.policy
  if (report.verdict === 'rejected') return EXIT.false
  return report.verdict === 'undecided' ? EXIT.undecided : EXIT.verified
}

/** What the failed checks that decide the required claims speak against. */
function failureKinds(report: TrustReport): Set<FailureKind> {
  const edges = new Map(report.edges.map(edge => [edge.id, edge]))
  const value = (id: string): Verdict => {
    const edge = edges.get(id)
    return edge?.basis === 'computed' && edge.result === 'fail' ? 'rejected' : 'undecided'
  }
  const kinds = new Set<FailureKind>()
  for (const claim of report.claims) {
    if (!claim.required || claim.verdict !== 'rejected') continue
    for (const id of decisiveEdges(claim.needs, value)) {
      const edge = edges.get(id)
      if (edge !== undefined && value(id) === 'rejected') kinds.add(checkInfo(edge.code).breaks ?? 'proof')
    }
  }
  return kinds
}
