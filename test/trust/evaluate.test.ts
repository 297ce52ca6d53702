import { describe, expect, test } from 'vitest'
import { ReportBuilder } from '../../src/trust/builder.ts'
import { evaluate, evaluateAsRecorded, weightOf } from '../../src/trust/evaluate.ts'
import { MAX_NEEDS_DEPTH } from '../../src/trust/needs.ts'
import { DEFAULT_POLICY } from '../../src/trust/policy.ts'
import { remoteNode } from '../../src/trust/roots.ts'
import type { Needs, Root } from '../../src/trust/types.ts'
import { exampleReport } from './example.ts'

const KEY = `sha256:${'ab'.repeat(32)}`

function log(changes: Partial<Root> = {}): Root {
  return {
    id: 'log',
    kind: 'ledger',
    name: 'the log',
    fingerprint: KEY,
    pinnedBy: 'operator',
    trustedFor: ['ledger-order'],
    ifItLies: 'It shows another history.',
    ...changes,
  }
}

/** A file whose CID is anchored by a checkpoint that a log signed. */
function chain(root: Root): ReportBuilder {
  const report = new ReportBuilder({ now: new Date(0) })
  report.root(root)
  report.node({ id: 'file', kind: 'file', label: 'the file' })
  report.node({ id: 'checkpoint', kind: 'checkpoint', label: 'the checkpoint' })
  const needs = [
    report.edge({ from: 'file', to: 'checkpoint', code: 'LOG_INCLUSION', result: 'pass', detail: 'proof' }),
    report.edge({
      from: 'checkpoint',
      to: root.id,
      code: 'CHECKPOINT_SIGNATURE',
      result: 'pass',
      detail: 'key',
    }),
  ]
  report.claim({ id: 'anchored', statement: 'The file is anchored.', node: 'file', needs: { all: needs } })
  return report
}

describe('the default policy', () => {
  test.each(['built-in', 'operator'] as const)('accepts what is pinned as %s', pinnedBy => {
    expect(chain(log({ pinnedBy })).build().verdict).toBe('verified')
  })

  test('accepts nothing that came with the request, however many computed checks lead to it', () => {
    const report = chain(log({ pinnedBy: 'request' })).build()
    expect(report.verdict).toBe('undecided')
    expect(report.cause?.code).toBe('ROOT_NOT_ACCEPTED')
    expect(report.edges.map(edge => edge.accepted)).toEqual([undefined, false])
  })
})

describe('roots', () => {
  test('a root counts only for what it is trusted for', () => {
    const report = chain(log({ trustedFor: ['ledger-time'] })).build()
    expect(report.cause?.code).toBe('ROOT_NOT_FOR_PURPOSE')
  })

  test('distrust by fingerprint acts on the key under whatever name', () => {
    const policy = { ...DEFAULT_POLICY, refuse: [{ fingerprint: KEY }] }
    expect(chain(log({ id: 'renamed' })).build(policy).cause?.code).toBe('ROOT_REFUSED')
  })

  test('distrust by id acts on every root with the same key', () => {
    const report = chain(log())
    report.root(log({ id: 'other', name: 'the same key again' }))
    expect(report.build({ ...DEFAULT_POLICY, refuse: [{ id: 'other' }] }).cause?.code).toBe('ROOT_REFUSED')
  })

  test('a copy of a root that came with the request does not drag down the pinned one', () => {
    const report = chain(log())
    report.root(log({ id: 'copy', pinnedBy: 'request' }))
    expect(report.build({ ...DEFAULT_POLICY, refuse: [{ pinnedBy: 'request' }] }).verdict).toBe('verified')
  })

  test('weight is the claims that fall without the root', () => {
    const report = exampleReport()
    expect(weightOf('clock', report, DEFAULT_POLICY)).toEqual(['newest'])
    expect(weightOf('log', report, DEFAULT_POLICY)).toEqual(['state', 'newest'])
    expect(() => weightOf('nobody', report, DEFAULT_POLICY)).toThrow(TypeError)
  })
})

describe('paths', () => {
  test('checks that pass but lead to no root verify nothing', () => {
    const report = new ReportBuilder({ now: new Date(0) })
    report.node({ id: 'did', kind: 'did', label: 'did:example:1' })
    report.node({ id: 'operation', kind: 'operation', label: 'create' })
    const edge = report.edge({
      from: 'did',
      to: 'operation',
      code: 'SUFFIX_HASH',
      result: 'pass',
      detail: 'hash',
    })
    report.claim({ id: 'state', statement: 'State.', node: 'did', needs: edge })
    const { verdict, cause } = report.build()
    expect(verdict).toBe('undecided')
    expect(cause).toMatchObject({ code: 'PATH_WITHOUT_ROOT', edge })
    expect(cause?.detail).toContain('"create"')
  })

  test('a path leads only through checks that the claim needs', () => {
    const report = chain(log())
    report.claim({
      id: 'short',
      statement: 'The signature of the checkpoint is left out.',
      node: 'file',
      needs: 'file LOG_INCLUSION checkpoint',
    })
    expect(report.build().cause?.code).toBe('PATH_WITHOUT_ROOT')
  })

  test('a circle of checks is no root', () => {
    const report = new ReportBuilder({ now: new Date(0) })
    for (const id of ['a', 'b']) report.node({ id, kind: 'file', label: id })
    const needs = [
      report.edge({ from: 'a', to: 'b', code: 'FILE_CID', result: 'pass', detail: 'hash' }),
      report.edge({ from: 'b', to: 'a', code: 'FILE_CID', result: 'pass', detail: 'hash' }),
    ]
    report.claim({ id: 'circle', statement: 'Each holds the other up.', node: 'a', needs: { all: needs } })
    expect(report.build().cause?.code).toBe('PATH_WITHOUT_ROOT')
  })

  test('the cause is the check that is missing, not the checks that wait for it', () => {
    const report = chain(log())
    report.node({ id: 'did', kind: 'did', label: 'did:example:1' })
    const more = report.edge({
      from: 'did',
      to: 'file',
      code: 'COMPLETENESS',
      result: 'undecided',
      detail: '2 of 3',
    })
    const needs = { all: [more, 'file LOG_INCLUSION checkpoint', 'checkpoint CHECKPOINT_SIGNATURE log'] }
    report.claim({ id: 'newest', statement: 'Newest.', node: 'did', needs })
    expect(report.build().cause).toEqual({ code: 'COMPLETENESS', edge: more, detail: '2 of 3' })
  })

  test('a path of twenty thousand checks is followed', () => {
    const report = new ReportBuilder({ now: new Date(0) })
    report.root(log())
    const count = 20_000
    for (let i = 0; i < count; i++) report.node({ id: `n${i}`, kind: 'checkpoint', label: `n${i}` })
    const needs = Array.from({ length: count - 1 }, (_, i) =>
      report.edge({
        from: `n${i}`,
        to: `n${i + 1}`,
        code: 'LOG_CONSISTENCY',
        result: 'pass',
        detail: 'proof',
      }),
    )
    const last = {
      from: `n${count - 1}`,
      to: 'log',
      code: 'CHECKPOINT_SIGNATURE',
      result: 'pass',
      detail: 'k',
    } as const
    needs.push(report.edge(last))
    report.claim({ id: 'long', statement: 'Long.', node: 'n0', needs: { all: needs } })
    expect(report.build().verdict).toBe('verified')
  })
})

describe('the word of someone else', () => {
  function asked(result: 'pass' | 'undecided', pinnedBy: Root['pinnedBy']): ReportBuilder {
    const report = new ReportBuilder({ now: new Date(0) })
    const root = report.root(remoteNode('https://node.example', pinnedBy))
    const did = report.node({ id: 'did', kind: 'did', label: 'did:example:1' })
    const edge = report.edge({ from: did, to: root, code: 'REMOTE_NODE', result, detail: 'It says so.' })
    report.claim({ id: 'state', statement: 'State.', node: did, needs: edge })
    return report
  }

  test('counts if the operator chose them and not if the request did', () => {
    expect(asked('pass', 'operator').build().verdict).toBe('verified')
    expect(asked('pass', 'request').build().verdict).toBe('undecided')
  })

  test('does not count by itself where it leads on to a root that is accepted', () => {
    const report = chain(log())
    const root = report.root(remoteNode('https://node.example', 'request'))
    report.node({ id: 'did', kind: 'did', label: 'did:example:1' })
    const word = {
      from: 'did',
      to: 'file',
      code: 'REMOTE_NODE',
      result: 'pass',
      detail: 'It says so.',
      root,
    } as const
    const needs = {
      all: [report.edge(word), 'file LOG_INCLUSION checkpoint', 'checkpoint CHECKPOINT_SIGNATURE log'],
    }
    report.claim({ id: 'state', statement: 'State.', node: 'did', required: false, needs })
    const { verdict, claims } = report.build()
    expect(verdict).toBe('verified')
    expect(claims[1]).toMatchObject({
      id: 'state',
      verdict: 'undecided',
      cause: { code: 'ROOT_NOT_ACCEPTED' },
    })
  })

  test('is never false, also in a report that claims so', () => {
    const report = asked('undecided', 'operator').build()
    const edges = report.edges.map(edge => ({ ...edge, result: 'fail' as const }))
    expect(evaluate({ ...report, edges }, DEFAULT_POLICY).verdict).toBe('undecided')
  })
})

describe('what is required', () => {
  test('nothing required is undecided', () => {
    const report = chain(log())
    expect(report.build({ ...DEFAULT_POLICY, required: [] }).cause?.code).toBe('NOTHING_REQUIRED')
    expect(new ReportBuilder({ now: new Date(0) }).build().verdict).toBe('undecided')
  })

  test('a required claim that is not made is undecided', () => {
    const report = chain(log()).build({ ...DEFAULT_POLICY, required: ['anchored', 'elsewhere'] })
    expect(report.verdict).toBe('undecided')
    expect(report.cause?.code).toBe('CLAIM_MISSING')
  })

  test('a false claim that nobody required cannot reject, and is told in the sentence', () => {
    const report = chain(log())
    report.node({ id: 'did', kind: 'did', label: 'did:example:1' })
    const edge = report.edge({
      from: 'did',
      to: 'file',
      code: 'SUFFIX_HASH',
      result: 'fail',
      detail: 'another',
    })
    report.claim({ id: 'extra', statement: 'Extra.', node: 'did', required: false, needs: edge })
    const { verdict, summary } = report.build()
    expect(verdict).toBe('verified')
    expect(summary).toContain('Of the claims that were not required: 1 rejected.')
    expect(report.build({ ...DEFAULT_POLICY, required: ['extra'] }).verdict).toBe('rejected')
  })
})

describe('reports from elsewhere', () => {
  const report = chain(log()).build()

  function withNeeds(needs: Needs): ReturnType<typeof evaluate> {
    return evaluate({ ...report, claims: report.claims.map(claim => ({ ...claim, needs })) }, DEFAULT_POLICY)
  }

  test('verdicts and acceptance that the report states are not believed', () => {
    const forged = chain(log({ pinnedBy: 'request' })).build()
    forged.verdict = 'verified'
    for (const claim of forged.claims) claim.verdict = 'verified'
    for (const edge of forged.edges) edge.accepted = true
    expect(evaluate(forged, DEFAULT_POLICY).verdict).toBe('undecided')
  })

  test.each([
    ['a check that is not there', { edge: 'nowhere' }],
    ['all of nothing', { all: [] }],
    ['any of nothing', { any: [] }],
  ] satisfies [string, Needs][])('%s is undecided', (_, needs) => {
    const { verdict, causes } = withNeeds(needs)
    expect(verdict).toBe('undecided')
    expect(causes[0]?.code).toBe('CHECK_MISSING')
  })

  test('a check that names no root ends in none, whatever is recorded about it', () => {
    const edges = report.edges.map(({ root: _, ...edge }) => ({ ...edge, accepted: true }))
    expect(evaluateAsRecorded(report).verdict).toBe('verified')
    expect(evaluateAsRecorded({ ...report, edges }).verdict).toBe('undecided')
    expect(evaluate({ ...report, edges }, DEFAULT_POLICY).verdict).toBe('undecided')
  })

  test('a root that is not there does not count', () => {
    expect(evaluate({ ...report, roots: [] }, DEFAULT_POLICY).verdict).toBe('undecided')
  })

  test('needs nested too deep are a TypeError', () => {
    let needs: Needs = { edge: 'checkpoint CHECKPOINT_SIGNATURE log' }
    for (let i = 1; i < MAX_NEEDS_DEPTH; i++) needs = { all: [needs] }
    expect(withNeeds(needs).verdict).toBe('verified')
    expect(() => withNeeds({ all: [needs] })).toThrow(TypeError)
  })
})

test('a rule without members and a fingerprint in another spelling are TypeErrors', () => {
  const report = chain(log())
  expect(() => report.build({ accept: [{}], refuse: [] })).toThrow(TypeError)
  expect(() => report.build({ accept: [], refuse: [{ fingerprint: KEY.toUpperCase() }] })).toThrow(TypeError)
})
