/**
 * Prints what a run of the tests came to, as one line 'N passed, N failed, N skipped', from vitest's JSON report.
 * Exits with status 1 where something failed, nothing ran, or the report cannot be read.
 *
 * usage: node scripts/test-summary.ts REPORT
 */
import { readFileSync } from 'node:fs'

/** What is used of the report of vitest's `json` reporter. */
export interface Report {
  success: boolean
  testResults: { name: string; status: string; assertionResults: { status: string }[] }[]
}

export interface Summary {
  passed: number
  failed: number
  skipped: number
}

/** Counts tests by outcome. A test file that failed without a failing test (it did not load) counts as one failure. */
export function summarise(report: Report): Summary {
  const summary = { passed: 0, failed: 0, skipped: 0 }
  for (const file of report.testResults) {
    const outcomes = file.assertionResults.map(test => test.status)
    const failed = outcomes.filter(status => status === 'failed').length
    const passed = outcomes.filter(status => status === 'passed').length
    summary.passed += passed
    summary.failed += file.status === 'failed' ? Math.max(1, failed) : failed
    summary.skipped += outcomes.length - passed - failed
  }
  // An error outside all tests, such as a rejection that nobody handled, fails the run.
  if (!report.success && summary.failed === 0) summary.failed = 1
  return summary
}

if (import.meta.main) {
  let summary: Summary = { passed: 0, failed: 1, skipped: 0 }
  try {
    summary = summarise(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Report)
  } catch (error) {
    console.error(`the tests left no report: ${error instanceof Error ? error.message : String(error)}`)
  }
  const { passed, failed, skipped } = summary
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
  if (failed > 0 || passed === 0) process.exitCode = 1
}
