import { expect, it } from 'vitest'
import { type Report, summarise } from '../../scripts/test-summary.ts'

function report(success: boolean, ...files: [status: string, ...outcomes: string[]][]): Report {
  return {
    success,
    testResults: files.map(([status, ...outcomes], i) => ({
      name: `${i}.test.ts`,
      status,
      assertionResults: outcomes.map(outcome => ({ status: outcome })),
    })),
  }
}

it('counts tests by outcome, and every other outcome as skipped', () => {
  const run = report(
    false,
    ['failed', 'passed', 'failed', 'failed'],
    ['passed', 'passed', 'skipped', 'todo', 'pending'],
  )
  expect(summarise(run)).toEqual({ passed: 2, failed: 2, skipped: 3 })
})

it('counts a test file that did not load as a failure', () => {
  expect(summarise(report(false, ['failed'], ['passed', 'passed']))).toEqual({
    passed: 1,
    failed: 1,
    skipped: 0,
  })
})

it('counts an error outside all tests as a failure', () => {
  expect(summarise(report(false, ['passed', 'passed']))).toEqual({ passed: 1, failed: 1, skipped: 0 })
})

it('counts nothing where nothing ran', () => {
  expect(summarise(report(true))).toEqual({ passed: 0, failed: 0, skipped: 0 })
})
