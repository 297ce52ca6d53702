import { beforeEach, describe, expect, test } from 'vitest'
import { type EdgeInput, type NeedsInput, ReportBuilder } from '../../src/trust/builder.ts'
import { MAX_NEEDS_DEPTH } from '../../src/trust/needs.ts'
import { machineClock, thisSoftware } from '../../src/trust/roots.ts'

let report: ReportBuilder

beforeEach(() => {
  report = new ReportBuilder({ now: new Date('2026-01-02T03:04:05.678Z') })
  report.root(machineClock())
  report.root(thisSoftware())
  report.node({ id: 'did', kind: 'did', label: 'did:example:1' })
  report.node({ id: 'create', kind: 'operation', label: 'create' })
})

const SUFFIX: EdgeInput = { from: 'did', to: 'create', code: 'SUFFIX_HASH', result: 'pass', detail: 'equal' }

test('an edge takes relation, specification, basis and id from its code', () => {
  const id = report.edge(SUFFIX)
  expect(id).toBe('did SUFFIX_HASH create')
  expect(report.build().edges).toEqual([
    {
      ...SUFFIX,
      id,
      relation: 'hashOf',
      basis: 'computed',
      spec: 'Sidetree v1.0.0, DID URI Composition',
      at: '2026-01-02T03:04:05Z',
    },
  ])
})

test('an edge that ends in a root names it, and says for what', () => {
  report.node({ id: 'checkpoint', kind: 'checkpoint', label: 'checkpoint' })
  report.edge({ from: 'checkpoint', to: 'clock', code: 'CHECKPOINT_FRESH', result: 'pass', detail: 'now' })
  expect(report.build().edges[0]).toMatchObject({
    basis: 'computed',
    root: 'clock',
    purpose: 'time',
    accepted: true,
  })
})

test('saying the same twice is harmless', () => {
  report.edge(SUFFIX)
  report.edge(SUFFIX)
  report.root(machineClock())
  report.notShown('Who it is.')
  report.notShown('Who it is.')
  const { edges, roots, notShown } = report.build()
  expect([edges.length, roots.length, notShown.length]).toEqual([1, 2, 1])
})

test('a report does not change with the builder or with another report', () => {
  report.edge(SUFFIX)
  const first = report.build()
  report.notShown('Later.')
  for (const edge of report.build().edges) edge.result = 'fail'
  expect(first.notShown).toEqual([])
  expect(first.edges[0]?.result).toBe('pass')
})

describe('what would make a false report is a TypeError', () => {
  const node = { id: 'did', kind: 'did', label: 'did:example:1' } as const

  test.each([
    ['an edge from an unknown node', { from: 'nobody' }],
    ['an edge to an unknown node', { to: 'nobody' }],
    ['an edge from a root', { from: 'clock' }],
    ['a code that is not in the list', { code: 'LOOKS_FINE' }],
    ['a code of evaluation', { code: 'PATH_WITHOUT_ROOT' }],
    ['a code from the prototype', { code: 'toString' }],
    ['a result that is none', { result: 'ok' }],
    ['an empty detail', { detail: ' ' }],
    ['a detail that is no text', { detail: 1 }],
    ['someone else’s word passed off as computed', { code: 'REMOTE_NODE', basis: 'computed' }],
    ['a computation passed off as a word', { basis: 'remote', root: 'software' }],
    ['a remote edge without a root', { code: 'REMOTE_NODE' }],
    ['an assumed edge without a root', { code: 'UNAVAILABLE_ANCHORS' }],
    ['an edge whose root is unknown', { code: 'REMOTE_NODE', root: 'nobody' }],
    ['an edge whose root is a node only', { code: 'REMOTE_NODE', root: 'create' }],
    ['a word that says false', { code: 'REMOTE_NODE', root: 'software', result: 'fail' }],
    ['a computed edge that names a root elsewhere', { root: 'software' }],
    ['a computed check that ends in a root and cannot', { to: 'software' }],
    ['a pass of what only tells that something is missing', { code: 'DELTA_UNAVAILABLE' }],
    ['a failure of completeness, which can only be unknown', { code: 'COMPLETENESS', result: 'fail' }],
    ['an id with white space', { id: 'an edge' }],
  ])('%s', (_, change) => {
    expect(() => report.edge({ ...SUFFIX, ...change } as EdgeInput)).toThrow(TypeError)
  })

  test('two results for one check', () => {
    report.edge({ ...SUFFIX, result: 'fail' })
    expect(() => report.edge(SUFFIX)).toThrow(/two edges/)
  })

  test('one id for two nodes, two roots or two claims', () => {
    expect(() => report.node({ ...node, label: 'did:example:2' })).toThrow(TypeError)
    expect(() => report.root({ ...machineClock(), pinnedBy: 'operator' })).toThrow(TypeError)
    const claim = { id: 'c', statement: 'One.', node: 'did', needs: report.edge(SUFFIX) }
    report.claim(claim)
    expect(() => report.claim({ ...claim, required: false })).toThrow(TypeError)
  })

  test('a root given as a node, and a node that has the id of a root', () => {
    expect(() => report.node({ ...node, id: 'r', kind: 'root' })).toThrow(TypeError)
    expect(() => report.root({ ...machineClock(), id: 'did' })).toThrow(TypeError)
  })

  test('a root with a fingerprint that distrust would not find', () => {
    for (const fingerprint of [
      '',
      'ab'.repeat(32),
      `SHA256:${'ab'.repeat(32)}`,
      `sha256:${'AB'.repeat(32)}`,
    ]) {
      expect(() => report.root({ ...machineClock(), id: 'r', fingerprint })).toThrow(TypeError)
    }
  })

  test('ids and labels that are empty, not text, or hold control characters', () => {
    for (const id of ['', 'a b', 'a\u0000', 'a\u202e', '\ud800', 7]) {
      expect(() => report.node({ ...node, id: id as string })).toThrow(TypeError)
    }
    expect(() => report.node({ ...node, label: '' })).toThrow(TypeError)
  })

  test('a claim about an unknown node, or that needs an unknown edge', () => {
    const edge = report.edge(SUFFIX)
    expect(() => report.claim({ id: 'c', statement: 'One.', node: 'nobody', needs: edge })).toThrow(TypeError)
    const needs = { any: [edge, { edge: 'nowhere' }] }
    expect(() => report.claim({ id: 'c', statement: 'One.', node: 'did', needs })).toThrow(/no edge nowhere/)
  })

  test('a claim none of whose checks begins at its node', () => {
    const needs = report.edge(SUFFIX)
    expect(() => report.claim({ id: 'c', statement: 'One.', node: 'create', needs })).toThrow(TypeError)
  })

  test.each([{ all: [] }, { any: [] }, { all: [{ any: [] }] }])('needs of nothing: %j', needs => {
    expect(() => report.claim({ id: 'c', statement: 'One.', node: 'did', needs })).toThrow(TypeError)
  })

  test('needs nested deeper than the bound', () => {
    let needs: NeedsInput = report.edge(SUFFIX)
    for (let i = 1; i < MAX_NEEDS_DEPTH; i++) needs = { all: [needs] }
    report.claim({ id: 'deep', statement: 'Deep.', node: 'did', needs })
    for (let i = 0; i < 100_000; i++) needs = { any: [needs] }
    expect(() => report.claim({ id: 'deeper', statement: 'Deeper.', node: 'did', needs })).toThrow(TypeError)
  })

  test('a time that is none', () => {
    expect(() => new ReportBuilder({ now: new Date(Number.NaN) })).toThrow(TypeError)
  })
})

test('foreign text is made well formed, so that every report has a canonical form', () => {
  report.edge({ ...SUFFIX, detail: 'bad \ud800 text' })
  expect(report.build().edges[0]?.detail).toBe('bad \ufffd text')
})
