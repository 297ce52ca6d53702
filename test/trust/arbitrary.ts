import fc from 'fast-check'
import { type NeedsInput, ReportBuilder } from '../../src/trust/builder.ts'
import type { Policy, RootRule } from '../../src/trust/policy.ts'
import type { CheckCode, PinnedBy, Purpose, Result, Root } from '../../src/trust/types.ts'

/** One code of each sort: computed, computed and able to end in a root, someone's word, taken for granted. */
const INNER: CheckCode[] = ['FILE_CID', 'DELTA_HASH', 'DID_ACTIVE']
const ENDING: CheckCode = 'CHECKPOINT_SIGNATURE'
const REMOTE: CheckCode = 'REMOTE_NODE'
const ASSUMED: CheckCode = 'ROOT_PINNED'
const PURPOSES: Purpose[] = ['ledger-order', 'resolution', 'key']
const RESULTS: Result[] = ['pass', 'pass', 'pass', 'pass', 'undecided', 'skipped', 'fail']

const NODES = 5
const ROOTS = 3

export interface EdgePlan {
  code: CheckCode
  from: number
  /** The node in which it ends, unless it ends in its root. */
  to: number
  root: number
  /** For someone's word: whether it ends in the root itself. A computed edge that names a root always does. */
  endsInRoot: boolean
  result: Result
}

type Tree = { leaf: number } | { all: Tree[] } | { any: Tree[] }

/** A report in the making: small enough that everything in it meets everything else. */
export interface Plan {
  roots: Pick<Root, 'pinnedBy' | 'trustedFor' | 'fingerprint'>[]
  edges: EdgePlan[]
  claims: { required: boolean; needs: Tree }[]
  /** Foreign text for labels, details and statements. */
  text: string
}

const edgePlan: fc.Arbitrary<EdgePlan> = fc
  .record({
    code: fc.constantFrom(...INNER, ENDING, ENDING, REMOTE, ASSUMED),
    from: fc.nat(NODES - 1),
    to: fc.nat(NODES - 1),
    root: fc.nat(ROOTS - 1),
    endsInRoot: fc.boolean(),
    result: fc.constantFrom(...RESULTS),
  })
  .map(plan => {
    const spoken = plan.code === REMOTE || plan.code === ASSUMED
    return spoken && plan.result === 'fail' ? { ...plan, result: 'undecided' as const } : plan
  })

const fingerprint = fc.constantFrom(`sha256:${'0'.repeat(64)}`, `sha256:${'1'.repeat(64)}`)

const rootPlan = fc.record(
  {
    pinnedBy: fc.constantFrom<PinnedBy>('built-in', 'operator', 'request'),
    trustedFor: fc.oneof({ weight: 3, arbitrary: fc.constant(PURPOSES) }, fc.subarray(PURPOSES)),
    fingerprint,
  },
  { requiredKeys: ['pinnedBy', 'trustedFor'] },
)

const { tree } = fc.letrec<{ tree: Tree }>(tie => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.record({ leaf: fc.nat(30) }),
    fc.record({ all: fc.array(tie('tree'), { minLength: 1, maxLength: 4 }) }),
    fc.record({ any: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) }),
  ),
}))

/** Plans of reports. `text`: what stands for foreign text. */
export function plans(text: fc.Arbitrary<string> = fc.constant('a thing')): fc.Arbitrary<Plan> {
  return fc.record({
    roots: fc.array(rootPlan, { minLength: ROOTS, maxLength: ROOTS }),
    edges: fc.array(edgePlan, { minLength: 1, maxLength: 10 }),
    claims: fc.array(fc.record({ required: fc.boolean(), needs: tree }), { maxLength: 3 }),
    text,
  })
}

const rule: fc.Arbitrary<RootRule> = fc.oneof(
  fc.record({ id: fc.constantFrom('root-0', 'root-1', 'root-2') }),
  fc.record({ pinnedBy: fc.constantFrom<PinnedBy>('built-in', 'operator', 'request') }),
  fc.record({ purpose: fc.constantFrom(...PURPOSES) }),
  fc.record({ fingerprint, purpose: fc.constantFrom(...PURPOSES) }),
)

export const policies: fc.Arbitrary<Policy> = fc.record(
  {
    accept: fc.array(rule, { minLength: 1, maxLength: 4 }),
    refuse: fc.oneof(fc.constant([]), fc.array(rule, { maxLength: 1 })),
    required: fc.subarray(['claim-0', 'claim-1', 'claim-2']),
  },
  { requiredKeys: ['accept', 'refuse'] },
)

/** Writes a plan into a builder. Edge i has the id `edge-i`, and `detail-i;` in its detail. */
export function written(plan: Plan): ReportBuilder {
  const report = new ReportBuilder({ now: new Date('2026-01-01T00:00:00Z') })
  const nodes = Array.from({ length: NODES }, (_, i) =>
    report.node({ id: `node-${i}`, kind: 'file', label: `${plan.text} node-${i};` }),
  )
  const roots = plan.roots.map((root, i) =>
    report.root({
      id: `root-${i}`,
      kind: 'party',
      name: `${plan.text} root-${i};`,
      ifItLies: plan.text + i,
      ...root,
    }),
  )
  const edges = plan.edges.map((edge, i) => {
    const root = INNER.includes(edge.code) ? undefined : roots[edge.root]
    const endsInRoot = edge.code === ENDING || edge.endsInRoot
    return report.edge({
      id: `edge-${i}`,
      from: `node-${edge.from}`,
      to: (endsInRoot ? root : undefined) ?? nodes[edge.to] ?? '',
      code: edge.code,
      result: edge.result,
      detail: `${plan.text} detail-${i};`,
      ...(root === undefined ? {} : { root }),
    })
  })
  plan.claims.forEach(({ required, needs }, i) => {
    const read = needsOf(needs, edges)
    const node = `node-${plan.edges[firstLeaf(needs) % edges.length]?.from}`
    report.claim({ id: `claim-${i}`, statement: `${plan.text} claim ${i}`, node, required, needs: read })
  })
  report.notShown(`${plan.text} is not shown`)
  return report
}

function needsOf(tree: Tree, edges: readonly string[]): NeedsInput {
  if ('leaf' in tree) return edges[tree.leaf % edges.length] ?? ''
  if ('all' in tree) return { all: tree.all.map(part => needsOf(part, edges)) }
  return { any: tree.any.map(part => needsOf(part, edges)) }
}

function firstLeaf(tree: Tree): number {
  if ('leaf' in tree) return tree.leaf
  const [first] = 'all' in tree ? tree.all : tree.any
  return first === undefined ? 0 : firstLeaf(first)
}
