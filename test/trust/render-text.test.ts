import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ReportBuilder } from '../../src/trust/builder.ts'
import { renderText } from '../../src/trust/render-text.ts'
import type { Result } from '../../src/trust/types.ts'
import { MIN_WIDTH } from '../../src/trust/wrap.ts'
import { plans, policies, written } from './arbitrary.ts'
import { exampleReport } from './example.ts'

const foreign = fc
  .oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }))
  .map(text => `x${text}`)

test('never throws, keeps to the width, and sends no control character', () => {
  fc.assert(
    fc.property(plans(foreign), policies, fc.integer({ min: -1, max: 120 }), (plan, policy, width) => {
      const text = renderText(written(plan).build(policy), { width })
      for (const line of text.split('\n')) {
        expect([...line].length).toBeLessThanOrEqual(Math.max(width, MIN_WIDTH))
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      }
    }),
  )
})

test('shows every edge, every root and every claim', () => {
  fc.assert(
    fc.property(plans(), policies, (plan, policy) => {
      const report = written(plan).build(policy)
      const text = renderText(report, { width: 10_000 })
      for (let i = 0; i < report.edges.length; i++) expect(text).toContain(`detail-${i};`)
      for (const root of report.roots)
        expect(text).toContain(`* ${root.name} (party, pinned by: ${root.pinnedBy})`)
      for (const claim of report.claims) expect(text).toContain(`Claim ${claim.id}`)
    }),
  )
})

test('colour changes nothing but colour', () => {
  fc.assert(
    fc.property(plans(foreign), policies, fc.integer({ min: 32, max: 120 }), (plan, policy, width) => {
      const report = written(plan).build(policy)
      const plain = renderText(report, { width })
      const coloured = renderText(report, { width, colour: true })
      expect(coloured).not.toBe(plain)
      expect(stripVTControlCharacters(coloured)).toBe(plain)
    }),
  )
})

describe('the text of the example', () => {
  const text = renderText(exampleReport())

  test('begins with the sentence and ends with what is not shown', () => {
    expect(text).toMatch(/^✓ Verified\. 15 checks computed here\. You still trust: /)
    expect(text).toMatch(/\nNot shown\n {2}- Who controls the DID[^\n]+\n {2}- That the log[^\n]+\n$/)
  })

  test('says of each root what follows if it lies and which claims fall without it', () => {
    expect(text).toContain('if it lies: An old state of the ledger is taken for the newest.')
    expect(text).toContain('without it these claims fall: newest')
  })

  test('shortens long digests and keeps both ends', () => {
    expect(text).toMatch(/key sha256:[0-9a-f]{10}…[0-9a-f]{6}\n/)
  })
})

test('a pass that rests on a root which is not accepted does not look like one', () => {
  const report = exampleReport()
  for (const edge of report.edges) if (edge.root !== undefined) edge.accepted = false
  const text = renderText(report, { width: 200 })
  expect(text).toContain('◌ pass, but root not accepted [computed] CHECKPOINT_SIGNATURE')
  expect(text).not.toContain('You still trust\n')
  expect(text).toContain('Named, but nothing rests on them')
})

test('a path of thousands of checks is written without growing ever wider or deeper', () => {
  const { report, edges } = started(5000, i => [`operation-${i}`, `operation-${i + 1}`])
  report.claim({ id: 'claim', statement: 'A claim.', node: 'operation-0', needs: { all: edges } })
  const lines = renderText(report.build()).split('\n')
  expect(lines.length).toBeGreaterThan(10_000)
  expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(80)
})

describe('rows of like checks', () => {
  const row = (count: number, result: (i: number) => Result = () => 'pass'): string => {
    const { report, edges } = started(count, i => ['operation-0', `operation-${i + 1}`], result)
    report.claim({ id: 'claim', statement: 'A claim.', node: 'operation-0', needs: { all: edges } })
    return renderText(report.build(), { width: 200 })
  }
  const details = (text: string): number => (text.match(/detail-\d+;/g) ?? []).length

  test('a short row is written in full', () => {
    expect(details(row(12))).toBe(12)
    expect(row(12)).not.toContain('like these')
  })

  test('of a long row the ends are written and the middle is counted', () => {
    const text = row(1000)
    expect(details(text)).toBe(4)
    expect(text).toContain('detail-1;')
    expect(text).toContain('… 996 more DELTA_HASH like these (pass): the JSON lists them')
    expect(text).toContain('detail-998;')
  })

  test('a check that failed is never counted away', () => {
    const text = row(1000, i => (i === 500 ? 'fail' : 'pass'))
    expect(text).toContain('✗ FAIL [computed] DELTA_HASH')
    expect(text).toContain('detail-500;')
    expect(text).toContain('496 more')
    expect(row(1000, () => 'fail').match(/✗ FAIL/g)).toHaveLength(1000)
  })

  test('checks that were skipped are counted as what they are', () => {
    expect(row(1000, i => (i < 500 ? 'pass' : 'skipped'))).toContain(
      '496 more DELTA_HASH like these (skipped)',
    )
  })
})

test('what an earlier claim has shown is named and not written out again', () => {
  const { report, edges } = started(20, i => [`operation-${i}`, `operation-${i + 1}`])
  for (const id of ['first', 'second']) {
    report.claim({ id, statement: 'A claim.', node: 'operation-0', needs: { all: edges } })
  }
  const [, first = '', second = ''] = renderText(report.build(), { width: 200 }).split('\nClaim ')
  expect(first.match(/detail-\d+;/g)).toHaveLength(20)
  expect(second).not.toMatch(/detail-(?!0)\d+;/)
  expect(second).toContain('operation 0 is tied by hash to operation 1 (shown above)')
  expect(second).toContain('… and 19 checks that are shown above')
})

/** A report with checks that lie as `ends` says. */
function started(
  count: number,
  ends: (i: number) => [string, string],
  result: (i: number) => Result = () => 'pass',
) {
  const report = new ReportBuilder({ now: new Date(0) })
  for (let i = 0; i <= count; i++) {
    report.node({ id: `operation-${i}`, kind: 'operation', label: `operation ${i}` })
  }
  const edges = Array.from({ length: count }, (_, i) => {
    const [from, to] = ends(i)
    return report.edge({ from, to, code: 'DELTA_HASH', result: result(i), detail: `detail-${i};` })
  })
  return { report, edges }
}
