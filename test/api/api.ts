import { afterEach } from 'vitest'
import type { ApiServer } from '../../src/api/api-server.ts'
import type { ApiParts } from '../../src/api/parts.ts'
import { buildServer } from '../../src/api/server.ts'
import { ContentError } from '../../src/content/errors.ts'
import { FakeNode } from './fake-node.ts'

export const TOKEN = 'a-token-of-this-test'
export const AUTHORIZED = { authorization: `Bearer ${TOKEN}` }

/** A store without content. */
const NOTHING: ApiParts['content'] = {
  put: async () => '',
  get: async cid => {
    throw new ContentError('CONTENT_NOT_FOUND', 'not here', { cid })
  },
  has: async () => false,
  block: async cid => {
    throw new ContentError('CONTENT_NOT_FOUND', 'not here', { cid })
  },
  close: async () => {},
}

const open = new Set<ApiServer>()
afterEach(async () => {
  await Promise.all([...open].map(app => app.close()))
  open.clear()
})

/** A server over a fake node, closed after the test. */
export async function serverFor(parts: Partial<ApiParts> = {}): Promise<ApiServer> {
  const app = await buildServer({
    node: new FakeNode(),
    content: NOTHING,
    token: TOKEN,
    hosts: ['localhost'],
    version: '0.0.0',
    ...parts,
  })
  open.add(app)
  return app
}
