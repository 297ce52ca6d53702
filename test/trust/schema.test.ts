import fc from 'fast-check'
import type { Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { expect, expectTypeOf, test } from 'vitest'
import { parseJson } from '../../src/codec/json.ts'
import { renderJson } from '../../src/trust/render-json.ts'
import { NEEDS_SCHEMA, TRUST_REPORT_SCHEMA } from '../../src/trust/schema.ts'
import type { Claim, TrustReport } from '../../src/trust/types.ts'
import { plans, policies, written } from './arbitrary.ts'
import { exampleReport } from './example.ts'

const schema = Compile({ TrustNeeds: NEEDS_SCHEMA }, TRUST_REPORT_SCHEMA)

type Described = Static<typeof TRUST_REPORT_SCHEMA>
type WithoutNeeds<T extends { claims: unknown }> = Omit<T, 'claims'>

// Decided by the type checker (`npm run typecheck`).
test('the schema and the types describe the same', () => {
  expectTypeOf<WithoutNeeds<Described>>().toEqualTypeOf<WithoutNeeds<TrustReport>>()
  expectTypeOf<Omit<Described['claims'][number], 'needs'>>().toEqualTypeOf<Omit<Claim, 'needs'>>()
})

test('every report that is built validates, also after a journey as JSON', () => {
  fc.assert(
    fc.property(plans(), policies, (plan, policy) => {
      const report = written(plan).build(policy)
      expect(schema.Check(report)).toBe(true)
      const back = parseJson(renderJson(report))
      expect(back).toEqual(report)
      expect(schema.Check(back)).toBe(true)
    }),
  )
})

test('the same report has the same bytes', () => {
  expect(renderJson(exampleReport())).toBe(renderJson(exampleReport()))
  const reversed = Object.fromEntries(Object.entries(exampleReport()).reverse()) as unknown as TrustReport
  expect(renderJson(reversed)).toBe(renderJson(exampleReport()))
})

test.each<[string, (report: TrustReport) => unknown]>([
  ['a verdict that is none', report => ({ ...report, verdict: 'ok' })],
  ['another version', report => ({ ...report, version: 2 })],
  ['a member more', report => ({ ...report, score: 7 })],
  ['a code that is not in the list', report => ({ ...report, edges: [{ ...report.edges[0], code: 'OK' }] })],
  ['needs of nothing', report => ({ ...report, claims: [{ ...report.claims[0], needs: { all: [] } }] })],
  [
    'needs of two sorts',
    report => ({ ...report, claims: [{ ...report.claims[0], needs: { edge: 'a', all: [] } }] }),
  ],
])('%s does not validate', (_, change) => {
  expect(schema.Check(exampleReport())).toBe(true)
  expect(schema.Check(change(exampleReport()))).toBe(false)
})
