import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { basesOf, CAUSES, CHECKS, type CheckCode, checkInfo } from '../../src/trust/codes.ts'
import { renderJson } from '../../src/trust/render-json.ts'
import { PURPOSES } from '../../src/trust/terms.ts'
import { withBlocks } from './doc-blocks.ts'
import { exampleReport } from './example.ts'

const page = readFileSync(new URL('../../docs/trust-report.md', import.meta.url), 'utf8')
const codes = Object.keys(CHECKS) as CheckCode[]

describe('docs/trust-report.md', () => {
  test('lists every code and no other', () => {
    const listed = [...page.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(match => match[1])
    expect(listed.sort()).toEqual([...codes, ...Object.keys(CAUSES)].sort())
  })

  test('lists every purpose and no other', () => {
    const listed = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(match => match[1])
    expect(listed.sort()).toEqual(Object.keys(PURPOSES).sort())
  })

  test('shows the example byte for byte, but for white space between members', () => {
    const block = /```json\n([\s\S]*?)\n```/.exec(page)?.[1] ?? ''
    expect(JSON.stringify(JSON.parse(block))).toBe(renderJson(exampleReport()))
  })

  test('is what `npx node test/trust/write-doc.ts` writes', () => {
    expect(page).toBe(withBlocks(page))
  })
})

describe('the list of codes', () => {
  test('what can be told or assumed says what its root is trusted for', () => {
    const silent = codes.filter(
      code => basesOf(code).some(basis => basis !== 'computed') && !checkInfo(code).purpose,
    )
    expect(silent).toEqual([])
  })

  test('what can fail or stay open says what to do', () => {
    const mute = codes.filter(code => {
      const { fail, never = [] } = checkInfo(code)
      return fail === undefined && !never.includes('fail') && basesOf(code).includes('computed')
    })
    expect(mute).toEqual([])
  })

  test('codes of checks and of evaluation are apart', () => {
    expect(Object.keys(CAUSES).filter(code => Object.hasOwn(CHECKS, code))).toEqual([])
  })
})
