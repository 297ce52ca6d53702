import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { DID_ERRORS, type DidErrorCode, REMOTE_ERROR } from '../../did-methods/errors.ts'

const PAGES = ['.', 'key', 'jwk', 'web', 'sidetree'].map(folder =>
  readFileSync(new URL(`../../did-methods/${folder}/README.md`, import.meta.url), 'utf8'),
)
const ROW = /^\| `([A-Z_]+)` +\| ([a-zA-Z]+)(, transient)?(?: [a-z ]+)? +\|/gm
const rows = PAGES.flatMap(page => [...page.matchAll(ROW)])

it('the pages list every code, and no other', () => {
  const documented = new Set(rows.map(([, code]) => code))
  expect([...documented].sort()).toEqual([...Object.keys(DID_ERRORS), REMOTE_ERROR].sort())
})

it('the pages give each code the error that it is reported as', () => {
  const listed = rows.filter(([, code]) => code !== REMOTE_ERROR)
  expect(listed.length).toBeGreaterThanOrEqual(Object.keys(DID_ERRORS).length)
  for (const [, code, error, transient] of listed) {
    const known: { error: string; transient?: boolean } = DID_ERRORS[code as DidErrorCode]
    expect([code, error, transient !== undefined]).toEqual([code, known.error, known.transient === true])
  }
})
