import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { fastify } from 'fastify'
import { buildServer } from '../../src/api/server.ts'
import { ContentError } from '../../src/content/errors.ts'
import { startTestNode } from '../node/parts.ts'
import { type Memory, residentMemory } from './measure.ts'

/** What a server process has used so far. */
export interface Usage {
  /** Microseconds of processor time, of all its threads. */
  cpu: number
  memory: Memory
}

/**
 * A server in a process of its own, for `http.ts`: `node FOLDER` serves the node in a folder, `bare FILE` the text of a
 * file from a route of Fastify with nothing around it, which sends a text faster than bytes. It sends its port, tells its
 * usage when it is asked, and ends with its parent.
 */
const [kind, path = ''] = process.argv.slice(2)

async function listen(): Promise<number> {
  const app = kind === 'node' ? await nodeServer(path) : bareServer(path)
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

async function nodeServer(folder: string) {
  const { node, content } = await startTestNode(folder, parts => ({
    ...parts,
    settings: { ...parts.settings, pollMs: 600_000 },
  }))
  const block = (): Promise<never> => Promise.reject(new ContentError('CONTENT_NOT_FOUND', 'not here'))
  return buildServer({
    node,
    content: Object.assign(content, { block }),
    token: 'token',
    hosts: ['127.0.0.1'],
    limits: { requestsPerMinute: 0 },
    version: '0.0.0',
  })
}

function bareServer(file: string) {
  const body = readFileSync(file, 'utf8')
  const app = fastify()
  app.get('/1.0/identifiers/:did', (_request, reply) => {
    reply.header('content-type', 'application/did-resolution').send(body)
  })
  return app
}

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  const usage: Usage = { cpu: user + system, memory: residentMemory() }
  process.send?.(usage)
})
process.on('disconnect', () => process.exit())
process.send?.({ port: await listen() })
