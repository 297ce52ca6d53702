import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { renderText } from '../../src/trust/render-text.ts'
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
  const edges = Array.from({ length: 5000 }, (_, i) => ({
    code: 'FILE_CID' as const,
    from: i % 5,
    to: (i + 1) % 5,
    root: 0,
    endsInRoot: false,
    result: 'pass' as const,
  }))
  const needs = { all: edges.map((_, leaf) => ({ leaf })) }
  const plan = { roots: [], edges, claims: [{ required: true, needs }], text: 'long' }
  const lines = renderText(written(plan).build()).split('\n')
  expect(lines.length).toBeGreaterThan(10_000)
  expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(80)
})
