import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ApiError } from '../../src/api/errors.ts'
import { answerTo } from '../../src/api/problem.ts'
import { PROBLEM_TYPES, problemType } from '../../src/api/problem-types.ts'
import { PROTOCOL_TITLES } from '../../src/api/protocol-titles.ts'
import { ContentError } from '../../src/content/errors.ts'
import { LedgerError } from '../../src/ledger/errors.ts'
import { NodeError } from '../../src/node/errors.ts'
import { SidetreeError } from '../../src/sidetree/errors.ts'
import { StoreError } from '../../src/store/errors.ts'
import { serverFor } from './api.ts'
import { withTables } from './error-tables.ts'
import { FakeNode } from './fake-node.ts'

/** Codes in the unions of an error module, read from its text. */
function codesIn(module: string): string[] {
  const text = readFileSync(new URL(`../../src/${module}`, import.meta.url), 'utf8')
  return [...text.matchAll(/\| '([A-Z][A-Z0-9_]+)'/g)].map(([, code]) => code ?? '')
}

describe('docs/errors.md', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')

  it('has the tables that the code has (rewrite them with test/api/write-doc.ts)', () => {
    expect(page).toBe(withTables(page))
  })

  it.each(['api/errors.ts', 'node/errors.ts', 'sidetree/errors.ts', 'content/errors.ts', 'store/errors.ts'])(
    'lists every code of %s, with a status',
    module => {
      const codes = codesIn(module)
      expect(codes.length).toBeGreaterThan(4)
      for (const code of codes) {
        expect(page).toContain(`| \`${code}\` |`)
        expect([code, problemType(code)?.status]).toEqual([code, expect.any(Number)])
      }
    },
  )
})

describe('problems', () => {
  it('describe themselves at their type', async () => {
    const app = await serverFor()
    const problem = (await app.inject('/operations/unknown')).json()
    const response = await app.inject(problem.type)
    expect(response.json()).toEqual({ code: problem.code, status: problem.status, title: problem.title })
    const protocol = await app.inject('/problems/DELTA_TOO_LARGE')
    expect(protocol.json()).toMatchObject({ status: 400, title: PROTOCOL_TITLES.DELTA_TOO_LARGE })
    for (const code of ['UNHEARD_OF', 'constructor', '__proto__', 'toString']) {
      expect((await app.inject(`/problems/${code}`)).json().code).toBe('PROBLEM_UNKNOWN')
    }
  })

  it('have a title that is a sentence', () => {
    for (const { title, status } of Object.values(PROBLEM_TYPES)) {
      expect(title).toMatch(/^[A-Z].*\.$/)
      expect(status).toBeGreaterThanOrEqual(400)
    }
    for (const title of Object.values(PROTOCOL_TITLES)) expect(title).toMatch(/^.*\.$/)
  })

  it.each([
    [new SidetreeError('SIGNATURE_INVALID', 'a sentence'), 400, 'SIGNATURE_INVALID', 'a sentence'],
    [new NodeError('QUEUE_FULL', 'a sentence'), 503, 'QUEUE_FULL', 'a sentence'],
    [
      new ContentError('CONTENT_MISMATCH', 'secret'),
      500,
      'CONTENT_MISMATCH',
      'The stored content is damaged.',
    ],
    [new StoreError('STORE_FULL', '/secret', 'secret'), 507, 'STORE_FULL', 'The disk is full.'],
    [new LedgerError('LEDGER_CORRUPT', 'secret'), 500, 'INTERNAL_ERROR', 'The server failed.'],
    [new TypeError('secret'), 500, 'INTERNAL_ERROR', 'The server failed.'],
    [
      Object.assign(new RangeError('secret'), { code: 'ENOENT' }),
      500,
      'INTERNAL_ERROR',
      'The server failed.',
    ],
    ['secret', 500, 'INTERNAL_ERROR', 'The server failed.'],
    [undefined, 500, 'INTERNAL_ERROR', 'The server failed.'],
  ])('%s', (error, status, code, detail) => {
    const { problem } = answerTo(error)
    expect(problem).toMatchObject({ type: `/problems/${code}`, status, code, detail })
    expect(JSON.stringify(problem)).not.toContain('secret')
  })

  it('of the server go to the log, with their cause', async () => {
    const entries: unknown[][] = []
    const record = (...entry: unknown[]) => entries.push(entry)
    const logger = { level: 'info', fatal: record, error: record, warn: record } as never
    const quiet = { info: () => {}, debug: () => {}, trace: () => {}, silent: () => {}, child: () => logger }
    Object.assign(logger, quiet)
    const node = new FakeNode()
    node.failure = new TypeError('the cause')
    const app = await serverFor({ node, logger })
    expect((await app.inject('/operations/x')).statusCode).toBe(500)
    expect((await app.inject('/1.0/identifiers/did:rootline:x')).statusCode).toBe(500)
    expect(entries).toMatchObject([
      [{ err: node.failure, route: '/operations/:id' }, expect.any(String)],
      [{ err: node.failure, route: '/1.0/identifiers/:did' }, expect.any(String)],
    ])
    node.failure = new ApiError('ROUTE_UNKNOWN', 'no failure of the server')
    await app.inject('/operations/x')
    expect(entries).toHaveLength(2)
  })
})
