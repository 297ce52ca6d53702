import { CAUSES } from './codes.ts'
import { allOf, decisiveEdges, neededEdges, truthOfNeeds } from './needs.ts'
import { type Acceptance, acceptance, type Policy, type Refusal } from './policy.ts'
import { PURPOSES } from './terms.ts'
import type { Cause, Claim, ReportEdge, ReportNode, Root, TrustReport, Verdict } from './types.ts'

/** What an evaluation reads of a report; its own verdicts are not among it. */
export interface Evidence {
  claims: readonly Pick<Claim, 'id' | 'required' | 'needs'>[]
  nodes: readonly ReportNode[]
  edges: readonly ReportEdge[]
  roots: readonly Root[]
}

export interface ClaimEvaluation {
  id: string
  /** By the policy, or by the report where the policy is silent. */
  required: boolean
  verdict: Verdict
  /** Why it is not verified, in the order of its needs; at least one then, none where it is verified. */
  causes: Cause[]
}

export interface Evaluation {
  verdict: Verdict
  /** Why the verdict is not `verified`; at least one then. */
  causes: Cause[]
  claims: ClaimEvaluation[]
  /** Ids of the edges whose root the policy accepts. */
  accepted: ReadonlySet<string>
}

/**
 * Evaluates a report under a policy, in three values.
 *
 * An edge is true if it passes and is computed, or its root is accepted for its purpose. It is false if it fails
 * and is computed: what someone else says is never false, only unknown. Otherwise it is unknown. A true edge of a
 * claim counts only if a path of true edges of the same claim leads on from it to an accepted root. The verdict is
 * `all` over the required claims, and unknown where none is required or a required one is missing.
 *
 * Reads nothing but its arguments. Time grows with the edges that claims need.
 * @throws TypeError needs nested too deep, or a policy with a bad rule
 */
export function evaluate(report: Evidence, policy: Policy): Evaluation {
  const accepts = acceptance(policy, report.roots)
  const roots = new Map(report.roots.map(root => [root.id, root]))
  return evaluateWith(report, edge => refusalOf(edge, roots, accepts), policy.required)
}

/**
 * Evaluates a report under the policy that it was built with, as its edges record it. For showing a report, not for
 * relying on one that came from elsewhere: {@link evaluate} is for that.
 */
export function evaluateAsRecorded(report: TrustReport): Evaluation {
  return evaluateWith(report, recorded, undefined)
}

/**
 * The weight of a root: ids of the claims that are verified under the policy, and no longer are when the root and
 * every other root with its key are refused.
 * @throws TypeError the report has no root of this id
 */
export function weightOf(rootId: string, report: Evidence, policy: Policy): string[] {
  if (!report.roots.some(root => root.id === rootId)) throw new TypeError(`no root ${rootId} in the report`)
  const without = { ...policy, refuse: [...policy.refuse, { id: rootId }] }
  return fallen(evaluate(report, policy), evaluate(report, without))
}

/** As {@link weightOf}, under the policy that the report was built with. */
export function weightAsRecorded(rootId: string, report: TrustReport): string[] {
  const key = report.roots.find(root => root.id === rootId)?.fingerprint
  const gone = new Set([rootId])
  for (const root of report.roots) if (key !== undefined && root.fingerprint === key) gone.add(root.id)
  const without = evaluateWith(
    report,
    edge => (edge.root !== undefined && gone.has(edge.root) ? 'ROOT_REFUSED' : recorded(edge)),
    undefined,
  )
  return fallen(evaluateAsRecorded(report), without)
}

function fallen(before: Evaluation, after: Evaluation): string[] {
  const standing = new Set(after.claims.filter(claim => claim.verdict === 'verified').map(claim => claim.id))
  return before.claims
    .filter(claim => claim.verdict === 'verified' && !standing.has(claim.id))
    .map(claim => claim.id)
}

/** Why the root of an edge does not count; undefined if it does, or the edge names none. */
type RefusalOf = (edge: ReportEdge) => Refusal | undefined

const recorded: RefusalOf = edge =>
  edge.root !== undefined && edge.accepted === true ? undefined : 'ROOT_NOT_ACCEPTED'

function refusalOf(
  edge: ReportEdge,
  roots: ReadonlyMap<string, Root>,
  accepts: Acceptance,
): Refusal | undefined {
  const root = edge.root === undefined ? undefined : roots.get(edge.root)
  if (root === undefined || edge.purpose === undefined) return 'ROOT_NOT_ACCEPTED'
  return accepts(root, edge.purpose)
}

function evaluateWith(
  report: Evidence,
  refusal: RefusalOf,
  required: readonly string[] | undefined,
): Evaluation {
  const known = new Map<string, KnownEdge>()
  const accepted = new Set<string>()
  for (const edge of report.edges) {
    const why = refusal(edge)
    if (edge.root !== undefined && why === undefined) accepted.add(edge.id)
    known.set(edge.id, { edge, truth: truthOf(edge, why), refusal: why })
  }
  const names = namesOf(report)
  const claims = report.claims.map(claim => {
    const isRequired = required === undefined ? claim.required : required.includes(claim.id)
    return { id: claim.id, required: isRequired, ...evaluateClaim(claim.needs, known, names) }
  })
  return { ...overall(claims, required), claims, accepted }
}

interface KnownEdge {
  edge: ReportEdge
  truth: Verdict
  refusal: Refusal | undefined
}

function truthOf(edge: ReportEdge, refusal: Refusal | undefined): Verdict {
  if (edge.basis === 'computed') {
    if (edge.result === 'fail') return 'rejected'
    return edge.result === 'pass' ? 'verified' : 'undecided'
  }
  return edge.result === 'pass' && refusal === undefined ? 'verified' : 'undecided'
}

function overall(
  claims: readonly ClaimEvaluation[],
  required: readonly string[] | undefined,
): Pick<Evaluation, 'verdict' | 'causes'> {
  const deciding = claims.filter(claim => claim.required)
  const verdict = allOf(deciding.map(claim => claim.verdict))
  const missing = (required ?? []).filter(id => !claims.some(claim => claim.id === id))
  if (verdict !== 'rejected' && missing.length > 0) {
    const causes = missing.map(id => ({
      code: 'CLAIM_MISSING' as const,
      detail: `the claim ${id} is required and is not made`,
    }))
    return { verdict: 'undecided', causes }
  }
  if (deciding.length === 0) {
    return { verdict, causes: [{ code: 'NOTHING_REQUIRED', detail: CAUSES.NOTHING_REQUIRED.meaning }] }
  }
  const causes = deciding.filter(claim => claim.verdict === verdict).flatMap(claim => claim.causes)
  return { verdict, causes: unique(causes) }
}

function evaluateClaim(
  needs: Claim['needs'],
  known: ReadonlyMap<string, KnownEdge>,
  names: Names,
): Pick<ClaimEvaluation, 'verdict' | 'causes'> {
  const needed: KnownEdge[] = []
  for (const id of neededEdges(needs).ids) {
    const entry = known.get(id)
    if (entry !== undefined) needed.push(entry)
  }
  const grounded = leadingToRoot(needed, ({ truth }) => truth === 'verified')
  const value = (id: string): Verdict => {
    const truth = known.get(id)?.truth ?? 'undecided'
    return truth === 'verified' && !grounded.has(id) ? 'undecided' : truth
  }
  const verdict = truthOfNeeds(needs, value)
  if (verdict === 'verified') return { verdict, causes: [] }
  const decisive = decisiveEdges(needs, value)
  return { verdict, causes: causesOf(decisive, needed, known, names) }
}

/**
 * Ids of the edges from which a path of `counting` edges, the edge itself the first, leads to an accepted root.
 * Walks back from the edges that end in one.
 */
function leadingToRoot(needed: readonly KnownEdge[], counting: (edge: KnownEdge) => boolean): Set<string> {
  const into = new Map<string, KnownEdge[]>()
  const waiting: KnownEdge[] = []
  const found = new Set<string>()
  const add = (entry: KnownEdge): void => {
    if (found.has(entry.edge.id)) return
    found.add(entry.edge.id)
    waiting.push(entry)
  }
  for (const entry of needed.filter(counting)) {
    const list = into.get(entry.edge.to)
    if (list === undefined) into.set(entry.edge.to, [entry])
    else list.push(entry)
    if (entry.refusal === undefined) add(entry)
  }
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const entry of into.get(next.edge.from) ?? []) add(entry)
  }
  return found
}

/**
 * Says why the decisive edges count for nothing. An edge that only waits for another edge further down its path is
 * left out where that other one is named.
 */
function causesOf(
  decisive: readonly string[],
  needed: readonly KnownEdge[],
  known: ReadonlyMap<string, KnownEdge>,
  names: Names,
): Cause[] {
  const own: Cause[] = []
  const pathless: Cause[] = []
  const waiting: Cause[] = []
  const couldLead = leadingToRoot(
    needed.map(entry => ({ ...entry, refusal: entry.edge.root === undefined ? entry.refusal : undefined })),
    ({ truth }) => truth !== 'rejected',
  )
  for (const id of decisive) {
    const entry = known.get(id)
    if (entry === undefined) {
      own.push({ code: 'CHECK_MISSING', edge: id, detail: `the report does not hold the check ${id}` })
      continue
    }
    const cause = ownCause(entry, names)
    if (cause !== undefined) own.push(cause)
    else (couldLead.has(id) ? waiting : pathless).push(withoutRoot(entry.edge, names))
  }
  const causes = [...own, ...pathless]
  if (causes.length > 0) return unique(causes)
  if (waiting.length > 0) return waiting.slice(0, 1)
  return [{ code: 'CHECK_MISSING', detail: CAUSES.CHECK_MISSING.meaning }]
}

/** What keeps the edge itself from being true, or its root from counting; undefined if nothing does. */
function ownCause({ edge, refusal }: KnownEdge, names: Names): Cause | undefined {
  if (edge.result !== 'pass') return { code: edge.code, edge: edge.id, detail: edge.detail }
  if (edge.basis === 'computed' && edge.root === undefined) return undefined
  if (refusal === undefined) return undefined
  return { code: refusal, edge: edge.id, detail: refusalText(refusal, edge, names) }
}

function refusalText(refusal: Refusal, edge: ReportEdge, names: Names): string {
  const name = edge.root === undefined ? 'a root that is not named' : names.root(edge.root)
  const purpose = edge.purpose === undefined ? 'anything' : PURPOSES[edge.purpose]
  if (refusal === 'ROOT_NOT_FOR_PURPOSE') return `${name} is not trusted for this: ${purpose}`
  const verb = refusal === 'ROOT_REFUSED' ? 'refuses' : 'does not accept'
  return `the policy ${verb} ${name} for this: ${purpose}`
}

function withoutRoot(edge: ReportEdge, names: Names): Cause {
  const detail = `nothing that was checked leads from "${names.node(edge.to)}" to a root of trust that counts`
  return { code: 'PATH_WITHOUT_ROOT', edge: edge.id, detail }
}

/** How nodes and roots are called in sentences. */
interface Names {
  node(id: string): string
  root(id: string): string
}

function namesOf(report: Evidence): Names {
  let nodes: Map<string, string> | undefined
  const roots = new Map(report.roots.map(root => [root.id, `"${root.name}" (pinned by: ${root.pinnedBy})`]))
  return {
    node: id => {
      nodes ??= new Map(report.nodes.map(node => [node.id, node.label]))
      return nodes.get(id) ?? id
    },
    root: id => roots.get(id) ?? `"${id}"`,
  }
}

/** Causes that say the same are given once. */
function unique(causes: readonly Cause[]): Cause[] {
  const seen = new Map<string, Cause>()
  for (const cause of causes) {
    const key = JSON.stringify([cause.code, cause.detail])
    if (!seen.has(key)) seen.set(key, cause)
  }
  return [...seen.values()]
}
