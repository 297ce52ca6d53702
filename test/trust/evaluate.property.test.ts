import fc from 'fast-check'
import { expect, test } from 'vitest'
import { evaluate, evaluateAsRecorded, weightOf } from '../../src/trust/evaluate.ts'
import type { Policy, RootRule } from '../../src/trust/policy.ts'
import type { Needs, Purpose, ReportEdge, Root, TrustReport, Verdict } from '../../src/trust/types.ts'
import { type Plan, plans, policies, written } from './arbitrary.ts'

const RANK: Record<Verdict, number> = { rejected: 0, undecided: 0.5, verified: 1 }

/** Evaluation written down a second time: numbers for truth values, and every path walked. */
function oracle(report: TrustReport, policy: Policy): { verdict: number; claims: number[] } {
  const counts = (root: Root, purpose: Purpose): boolean => {
    const fits = (rule: RootRule, candidate: Root): boolean =>
      Object.entries(rule).every(([member, wanted]) =>
        member === 'purpose' ? wanted === purpose : candidate[member as keyof Root] === wanted,
      )
    const sameKey = report.roots.filter(
      other => other.id === root.id || (other.fingerprint ?? other.id) === (root.fingerprint ?? root.id),
    )
    const named = (rule: RootRule): boolean => rule.id !== undefined || rule.fingerprint !== undefined
    const refused = policy.refuse.some(rule =>
      (named(rule) ? sameKey : [root]).some(other => fits(rule, other)),
    )
    return root.trustedFor.includes(purpose) && !refused && policy.accept.some(rule => fits(rule, root))
  }
  const rootCounts = (edge: ReportEdge): boolean => {
    const root = report.roots.find(candidate => candidate.id === edge.root)
    return root !== undefined && edge.purpose !== undefined && counts(root, edge.purpose)
  }
  const truth = (edge: ReportEdge): number => {
    if (edge.result === 'fail' && edge.basis === 'computed') return 0
    return edge.result === 'pass' && (edge.basis === 'computed' || rootCounts(edge)) ? 1 : 0.5
  }
  const leads = (edge: ReportEdge, usable: readonly ReportEdge[]): boolean =>
    rootCounts(edge) ||
    usable.some(
      next =>
        next.from === edge.to &&
        leads(
          next,
          usable.filter(other => other !== next),
        ),
    )
  const edgesOf = (needs: Needs): ReportEdge[] => {
    if ('edge' in needs) return report.edges.filter(edge => edge.id === needs.edge)
    return ('all' in needs ? needs.all : needs.any).flatMap(edgesOf)
  }
  const claims = report.claims.map(claim => {
    const usable = [...new Set(edgesOf(claim.needs))].filter(edge => truth(edge) === 1)
    const value = (needs: Needs): number => {
      if ('all' in needs) return Math.min(...needs.all.map(value))
      if ('any' in needs) return Math.max(...needs.any.map(value))
      const [edge] = edgesOf(needs)
      if (edge === undefined) return 0.5
      return truth(edge) === 1 && !leads(edge, usable) ? 0.5 : truth(edge)
    }
    return value(claim.needs)
  })
  const deciding = report.claims.flatMap(({ id, required }, i) =>
    (policy.required?.includes(id) ?? required) ? [claims[i] ?? 0.5] : [],
  )
  const absent = (policy.required ?? []).some(id => !report.claims.some(claim => claim.id === id))
  const unsure = absent || deciding.length === 0 ? [0.5] : []
  return { verdict: Math.min(...deciding, ...unsure), claims }
}

test('evaluation agrees with three-valued logic written down a second time', () => {
  fc.assert(
    fc.property(plans(), policies, (plan, policy) => {
      const report = written(plan).build(policy)
      const evaluation = evaluate(report, policy)
      const expected = oracle(report, policy)
      expect(evaluation.claims.map(claim => RANK[claim.verdict])).toEqual(expected.claims)
      expect(RANK[evaluation.verdict]).toBe(expected.verdict)
      expect(report.verdict).toBe(evaluation.verdict)
      expect(report.claims.map(claim => claim.verdict)).toEqual(evaluation.claims.map(claim => claim.verdict))
    }),
  )
})

test('the generated reports have every verdict, so that the properties speak of something', () => {
  const samples = fc.sample(fc.tuple(plans(), policies), 400)
  const verdicts = new Set(samples.map(([plan, policy]) => written(plan).build(policy).verdict))
  expect([...verdicts].sort()).toEqual(['rejected', 'undecided', 'verified'])
})

/** Expects that no claim, and not the verdict, is higher than before. */
function expectNotHigher(after: TrustReport, before: TrustReport): void {
  expect(RANK[after.verdict]).toBeLessThanOrEqual(RANK[before.verdict])
  after.claims.forEach((claim, i) => {
    expect(RANK[claim.verdict]).toBeLessThanOrEqual(RANK[before.claims[i]?.verdict ?? 'rejected'])
  })
}

function withResult(plan: Plan, at: number, result: 'pass' | 'skipped' | 'undecided'): Plan {
  return { ...plan, edges: plan.edges.map((edge, i) => (i === at ? { ...edge, result } : edge)) }
}

test('a check that turns from unsettled to passed never lowers a verdict', () => {
  fc.assert(
    fc.property(plans(), policies, fc.nat(9), (plan, policy, at) => {
      const before = written(withResult(plan, at % plan.edges.length, 'undecided')).build(policy)
      expectNotHigher(before, written(withResult(plan, at % plan.edges.length, 'pass')).build(policy))
    }),
  )
})

test('accepting fewer roots never raises a verdict', () => {
  fc.assert(
    fc.property(plans(), policies, fc.nat(3), fc.nat(2), (plan, policy, gone, root) => {
      const report = written(plan)
      const before = report.build(policy)
      const fewer = policy.accept.filter((_, i) => i !== gone % policy.accept.length)
      expectNotHigher(report.build({ ...policy, accept: fewer }), before)
      expectNotHigher(report.build({ ...policy, refuse: [...policy.refuse, { id: `root-${root}` }] }), before)
    }),
  )
})

test('with no root accepted nothing is verified', () => {
  fc.assert(
    fc.property(plans(), plan => {
      const report = written(plan).build({ accept: [], refuse: [] })
      expect([report, ...report.claims].filter(({ verdict }) => verdict === 'verified')).toEqual([])
    }),
  )
})

test('a claim whose checks were all skipped is undecided', () => {
  fc.assert(
    fc.property(plans(), policies, (plan, policy) => {
      const skipped = { ...plan, edges: plan.edges.map(edge => ({ ...edge, result: 'skipped' as const })) }
      for (const { verdict } of written(skipped).build(policy).claims) expect(verdict).toBe('undecided')
    }),
  )
})

test('a claim that nobody required never changes the verdict', () => {
  fc.assert(
    fc.property(plans(), policies, (plan, policy) => {
      const { required: _, ...silent } = policy
      const kept = { ...plan, claims: plan.claims.filter(claim => claim.required) }
      expect(written(plan).build(silent).verdict).toBe(written(kept).build(silent).verdict)
    }),
  )
})

test('what is not verified has a cause, and what is verified has none', () => {
  fc.assert(
    fc.property(plans(), policies, (plan, policy) => {
      const report = written(plan).build(policy)
      for (const { verdict, cause } of [report, ...report.claims]) {
        expect(cause === undefined).toBe(verdict === 'verified')
      }
    }),
  )
})

test('the weight of a root is what an evaluation without its key no longer verifies', () => {
  fc.assert(
    fc.property(plans(), policies, fc.nat(2), (plan, policy, at) => {
      const report = written(plan).build(policy)
      const gone = report.roots[at]
      const key = gone?.fingerprint
      const without = report.edges.map(edge => {
        const root = report.roots.find(({ id }) => id === edge.root)
        const same = root !== undefined && (root === gone || (key !== undefined && root.fingerprint === key))
        const { root: _, purpose: __, ...bare } = edge
        return same ? bare : edge
      })
      const { claims } = evaluate({ ...report, edges: without }, policy)
      const falls = report.claims.filter(
        (c, i) => c.verdict === 'verified' && claims[i]?.verdict !== 'verified',
      )
      expect(weightOf(`root-${at}`, report, policy)).toEqual(falls.map(({ id }) => id))
    }),
  )
})

test('a report carries what its own claims are evaluated from', () => {
  fc.assert(
    fc.property(plans(), policies, (plan, policy) => {
      const report = written(plan).build(policy)
      const { claims } = evaluateAsRecorded(report)
      expect(claims.map(claim => claim.verdict)).toEqual(report.claims.map(claim => claim.verdict))
    }),
  )
})
