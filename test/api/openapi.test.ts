import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import * as schemas from '../../src/api/schemas.ts'
import { NEEDS_SCHEMA, TRUST_REPORT_SCHEMA } from '../../src/trust/schema.ts'
import { AUTHORIZED, serverFor } from './api.ts'
import { DID, FakeNode, transactionRecord } from './fake-node.ts'

const log = { checkpoint: () => '', tile: () => undefined, entries: async () => undefined }

interface Operation {
  operationId?: string
  summary?: string
  responses: Record<string, { content?: Record<string, { schema: unknown }> }>
}
interface Description {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, unknown> }
}

async function description(): Promise<Description> {
  const app = await serverFor({ log })
  return (await app.inject('/openapi.json')).json()
}

describe('the API description', () => {
  it('lists every route', async () => {
    const { openapi, paths } = await description()
    expect(openapi).toBe('3.1.0')
    const listed = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map(method => `${method.toUpperCase()} ${path}`),
    )
    expect(listed.sort()).toEqual([
      'GET /1.0/identifiers/{did}',
      'GET /dids/{did}/history',
      'GET /dids/{did}/proof',
      'GET /dids/{did}/report',
      'GET /health/live',
      'GET /health/ready',
      'GET /ipfs/{cid}',
      'GET /log/checkpoint',
      'GET /log/tile/{*}',
      'GET /metrics',
      'GET /openapi.json',
      'GET /operations/{id}',
      'GET /problems/{code}',
      'GET /status',
      'GET /transactions',
      'POST /log/stamps',
      'POST /log/submissions',
      'POST /operations',
    ])
  })

  it('names every operation once, and says what it answers', async () => {
    const { paths } = await description()
    const operations = Object.values(paths).flatMap(item => Object.values(item))
    const ids = operations.map(({ operationId }) => operationId)
    expect(ids).not.toContain(undefined)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { summary, responses } of operations) {
      expect(summary).toMatch(/\S/)
      expect(Object.keys(responses).some(status => status.startsWith('2'))).toBe(true)
      expect(Object.keys(responses)).toContain('429')
    }
  })

  it('refers to nothing that it does not hold', async () => {
    const document = await description()
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, name]) => name ?? '',
    )
    expect(references.length).toBeGreaterThan(10)
    for (const reference of references) {
      const found = reference
        .replace(/^#\//, '')
        .split('/')
        .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document)
      expect([reference, typeof found]).toEqual([reference, 'object'])
    }
  })

  it('is shown on a page that asks nobody else', async () => {
    const app = await serverFor()
    const page = await app.inject('/docs')
    expect(page.statusCode).toBe(200)
    expect(page.headers['content-type']).toMatch(/^text\/html/)
    expect(page.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'")
    const links = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link ?? '')
    expect(links.length).toBeGreaterThan(3)
    for (const link of links) {
      expect(link).toMatch(/^\/docs\//)
      expect((await app.inject(link)).statusCode).toBe(200)
    }
    const script = await app.inject('/docs/static/swagger-initializer.js')
    expect(script.body).toContain('"validatorUrl":null')
  })
})

describe('answers fit their description', () => {
  const named = Object.fromEntries(
    [NEEDS_SCHEMA, TRUST_REPORT_SCHEMA, ...schemas.NAMED_SCHEMAS].map(schema => [
      (schema as TSchema & { $id: string }).$id,
      schema,
    ]),
  )
  const routes: [string, string][] = [
    [`/1.0/identifiers/${DID}`, 'ResolutionResult'],
    ['/1.0/identifiers/nonsense', 'ResolutionResult'],
    [`/dids/${DID}/report`, 'Explanation'],
    [`/dids/${DID}/history`, 'History'],
    ['/operations/EiOperation', 'OperationStatus'],
    ['/transactions?limit=1', 'Transactions'],
    ['/status', 'NodeStatus'],
    ['/health/live', 'Live'],
    ['/health/ready', 'Ready'],
    ['/problems/DID_UNKNOWN', 'ProblemType'],
    ['/operations/other', 'Problem'],
  ]
  it.each(routes)('%s is a %s', async (path, name) => {
    const node = new FakeNode()
    node.transactionRecords = [1, 2].map(transactionRecord)
    const app = await serverFor({ node })
    const body: unknown = (await app.inject(path)).json()
    expect([...Value.Errors(named, named[name] as TSchema, body)]).toEqual([])
  })

  it('a submission too', async () => {
    const app = await serverFor()
    const headers = { 'content-type': 'application/json', ...AUTHORIZED }
    const response = await app.inject({ method: 'POST', url: '/operations', headers, payload: '{}' })
    expect([...Value.Errors(named, schemas.SUBMISSION, response.json())]).toEqual([])
  })
})
