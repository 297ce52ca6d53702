import { describe, expect, test } from 'vitest'
import { ReportBuilder } from '../../src/trust/builder.ts'
import { exitStatus } from '../../src/trust/exit-status.ts'
import { DEFAULT_POLICY } from '../../src/trust/policy.ts'
import { machineClock } from '../../src/trust/roots.ts'
import type { CheckCode, Result, TrustReport } from '../../src/trust/types.ts'

type Check = [CheckCode, Result]

/** One required claim that needs all of the checks, or any, and a clock at the end. */
function report(checks: Check[], group: 'all' | 'any' = 'all', accept = DEFAULT_POLICY.accept): TrustReport {
  const builder = new ReportBuilder({ now: new Date(0) })
  const clock = builder.root(machineClock())
  builder.node({ id: 'checkpoint', kind: 'checkpoint', label: 'checkpoint' })
  const end = builder.edge({
    from: 'checkpoint',
    to: clock,
    code: 'CHECKPOINT_FRESH',
    result: 'pass',
    detail: 'now',
  })
  const parts = checks.map(([code, result], i) => {
    const from = builder.node({ id: `did-${i}`, kind: 'did', label: `did ${i}` })
    return builder.edge({ from, to: 'checkpoint', code, result, detail: 'a check' })
  })
  const needs = { all: [end, ...(parts.length === 0 ? [] : [{ [group]: parts } as { all: string[] }])] }
  builder.claim({ id: 'claim', statement: 'A claim.', node: 'checkpoint', needs })
  return builder.build({ accept, refuse: [] })
}

const PROOF: Check = ['SUFFIX_HASH', 'fail']
const ENDED: Check = ['DID_ACTIVE', 'fail']
const OPEN: Check = ['COMPLETENESS', 'undecided']
const GOOD: Check = ['FILE_CID', 'pass']

describe('exit status', () => {
  test.each<[string, Check[], number]>([
    ['verified', [GOOD], 0],
    ['cryptographically false', [GOOD, PROOF], 2],
    ['undecided', [GOOD, OPEN], 3],
    ['no longer in force', [GOOD, ENDED], 4],
    ['false before no longer in force', [ENDED, PROOF], 2],
    ['no longer in force before undecided', [OPEN, ENDED], 4],
    ['false before undecided', [OPEN, PROOF], 2],
  ])('%s', (_, checks, status) => {
    expect(exitStatus(report(checks))).toBe(status)
  })

  test('a failure that another proof makes up for does not count', () => {
    expect(exitStatus(report([PROOF, GOOD], 'any'))).toBe(0)
    expect(exitStatus(report([PROOF, ENDED], 'any'))).toBe(2)
    expect(exitStatus(report([PROOF, OPEN], 'any'))).toBe(3)
  })

  test('a failure of a claim that nobody required does not count', () => {
    const rejected = report([ENDED])
    const edge = { id: 'e', from: 'did-0', to: 'checkpoint', relation: 'hashOf', basis: 'computed' } as const
    const more = {
      ...edge,
      result: 'fail',
      code: 'SUFFIX_HASH',
      spec: 's',
      detail: 'd',
      at: rejected.at,
    } as const
    const other = {
      id: 'other',
      statement: 'Other.',
      node: 'did-0',
      verdict: 'rejected',
      needs: { edge: 'e' },
    } as const
    const withOther = (required: boolean): TrustReport => ({
      ...rejected,
      edges: [...rejected.edges, more],
      claims: [...rejected.claims, { ...other, required }],
    })
    expect(exitStatus(withOther(false))).toBe(4)
    expect(exitStatus(withOther(true))).toBe(2)
  })

  test('a root that the policy does not accept leaves it undecided', () => {
    expect(exitStatus(report([GOOD], 'all', []))).toBe(3)
  })

  test('facts from outside the report: 2, 4, 5, 3', () => {
    expect(exitStatus(report([GOOD]), { ended: true })).toBe(4)
    expect(exitStatus(report([GOOD]), { policyRefuses: true })).toBe(5)
    expect(exitStatus(report([GOOD]), { ended: true, policyRefuses: true })).toBe(4)
    expect(exitStatus(report([OPEN]), { policyRefuses: true })).toBe(5)
    expect(exitStatus(report([OPEN]), { ended: true })).toBe(4)
    expect(exitStatus(report([PROOF]), { ended: true, policyRefuses: true })).toBe(2)
    expect(exitStatus(report([GOOD]), { ended: false, policyRefuses: false })).toBe(0)
  })
})
