import { expect, test } from 'vitest'
import { ReportBuilder } from '../../src/trust/builder.ts'
import { DEFAULT_POLICY } from '../../src/trust/policy.ts'
import { chosenTime, machineClock } from '../../src/trust/roots.ts'
import type { Result, TrustReport } from '../../src/trust/types.ts'
import { exampleReport } from './example.ts'

function checked(results: Result[], options: { asOf?: Date; roots?: number } = {}): TrustReport {
  const asOf = options.asOf === undefined ? {} : { asOf: options.asOf }
  const report = new ReportBuilder({ now: new Date(0), ...asOf })
  const roots = Array.from({ length: options.roots ?? 1 }, (_, i) =>
    report.root({ ...machineClock(), id: `clock-${i}`, name: `clock ${i}` }),
  )
  report.node({ id: 'checkpoint', kind: 'checkpoint', label: 'checkpoint' })
  const needs = roots.map(to =>
    report.edge({ from: 'checkpoint', to, code: 'CHECKPOINT_FRESH', result: 'pass', detail: 'recent' }),
  )
  results.forEach((result, i) => {
    const file = report.node({ id: `file-${i}`, kind: 'file', label: `file ${i}` })
    needs.push(
      report.edge({ from: file, to: 'checkpoint', code: 'LOG_INCLUSION', result, detail: `detail ${i}.` }),
    )
  })
  report.claim({ id: 'claim', statement: 'A claim.', node: 'checkpoint', needs: { all: needs } })
  return report.build()
}

test('counts what was computed and names what is still trusted', () => {
  expect(checked(['pass']).summary).toBe('Verified. 2 checks computed here. You still trust: clock 0.')
  expect(checked([]).summary).toBe('Verified. 1 check computed here. You still trust: clock 0.')
})

test('names at most four roots and counts the rest', () => {
  const { summary } = checked([], { roots: 6 })
  expect(summary).toContain('You still trust: clock 0, clock 1, clock 2, clock 3 and 2 more.')
})

test('says as of when the caller chose the time', () => {
  const { summary, asOf } = checked([], { asOf: new Date('2026-01-01T00:00:00Z') })
  expect(summary).toMatch(/^Verified as of 2026-01-01T00:00:00Z\. /)
  expect(asOf).toBe('2026-01-01T00:00:00Z')
})

test('a rejection gives its first cause, and counts no failed check as computed', () => {
  const { summary } = checked(['pass', 'fail', 'undecided', 'fail'])
  expect(summary).toBe('Rejected: detail 1 [LOG_INCLUSION], and 1 more. 2 checks computed here.')
})

test('an undecided report says what is missing', () => {
  const { summary } = checked(['pass', 'undecided'])
  expect(summary).toBe('Undecided: detail 1 [LOG_INCLUSION]. 2 checks computed here.')
})

test('a check that was told or is not needed is not counted as computed', () => {
  const report = exampleReport()
  const needed = new Set(report.claims.flatMap(claim => JSON.stringify(claim.needs).match(/"edge":"[^"]+"/g)))
  expect(report.summary).toContain(`${needed.size} checks computed here.`)
})

test('a root on which only an unsettled alternative rests is not named', () => {
  const report = new ReportBuilder({ now: new Date(0) })
  report.node({ id: 'checkpoint', kind: 'checkpoint', label: 'checkpoint' })
  const any = (['pass', 'undecided'] as const).map(result => {
    const to = report.root({ ...machineClock(), id: result, name: `clock ${result}` })
    return report.edge({ from: 'checkpoint', to, code: 'CHECKPOINT_FRESH', result, detail: 'a clock' })
  })
  report.claim({ id: 'claim', statement: 'A claim.', node: 'checkpoint', needs: { any } })
  expect(report.build().summary).toBe('Verified. 1 check computed here. You still trust: clock pass.')
})

test('a time that the caller chose counts once the policy accepts it', () => {
  const report = new ReportBuilder({ now: new Date(0), asOf: new Date(1000) })
  const root = report.root(chosenTime('1970-01-01T00:00:01Z'))
  report.node({ id: 'checkpoint', kind: 'checkpoint', label: 'checkpoint' })
  const needs = report.edge({
    from: 'checkpoint',
    to: root,
    code: 'TIME_CHOSEN',
    result: 'pass',
    detail: 'by --at',
  })
  report.claim({ id: 'claim', statement: 'A claim.', node: 'checkpoint', needs })
  expect(report.build().summary).toMatch(/^Undecided as of 1970-01-01T00:00:01Z: the policy does not accept /)
  const accept = [...DEFAULT_POLICY.accept, { id: root }]
  expect(report.build({ ...DEFAULT_POLICY, accept }).summary).toBe(
    'Verified as of 1970-01-01T00:00:01Z. 0 checks computed here. ' +
      'You still trust: the time 1970-01-01T00:00:01Z, chosen by the caller.',
  )
})
