import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeDidKey } from '../../did-methods/index.ts'
import { generatePrivateJwk } from '../../src/keys/generate.ts'
import { publicJwkOf } from '../../src/keys/jwk.ts'
import { type NodeProcess, rootline, runHere, up, workFolder } from './process.ts'

const { folder, data, env } = workFolder()
let node: NodeProcess

beforeAll(async () => {
  node = await up(data)
})
afterAll(async () => {
  await node.stop()
})

function resolve(did: string, ...args: string[]) {
  return rootline(['did', 'resolve', did, ...args], { env: { ...env, ROOTLINE_NODE: node.url } })
}

describe('exit status of resolve', () => {
  it('0 for a did:key, which needs no node', async () => {
    const did = encodeDidKey(publicJwkOf(generatePrivateJwk('Ed25519')))
    const { status, stdout, stderr } = await resolve(did, '--node', 'http://127.0.0.1:1')
    expect(status, stderr).toBe(0)
    expect(JSON.parse(stdout).id).toBe(did)
    expect(stderr).toContain('You still trust: this software and its cryptography.')
  })

  it('3 for a long form that is not anchored, whose keys may have changed', async () => {
    const offline = join(folder, 'elsewhere')
    const other = await up(offline, [], { ROOTLINE_BATCH_INTERVAL_MS: '60000' })
    const made = await rootline(['did', 'create', '--json', '--node', other.url, '--data', offline], {
      env: {
        ROOTLINE_KEYSTORE: env.ROOTLINE_KEYSTORE,
        ROOTLINE_PASSPHRASE_FILE: env.ROOTLINE_PASSPHRASE_FILE,
      },
    })
    const { did, longFormDid } = JSON.parse(made.stdout)
    other.child.kill('SIGKILL')
    const long = await resolve(longFormDid, '--explain')
    expect(long.status).toBe(3)
    expect(long.stdout).toContain('NOT_PUBLISHED')
    const short = await resolve(did)
    expect(short).toMatchObject({ status: 3, stdout: '' })
    expect(short.stderr).toContain('error DID_UNKNOWN')
  })

  it('1 for what is no DID, and for versions that contradict each other', async () => {
    for (const [did, args] of [
      ['nonsense', []],
      ['did:rootline:nonsense', []],
      ['did:nosuch:abc', []],
      ['did:key:z6Mk', []],
      [
        'did:rootline:EiAcGedczsoCGPTDPrYY4CkHOq_p7N5Nii7o5QN0qmwRRA',
        ['--version-id', 'a', '--version-time', 'b'],
      ],
      ['did:rootline:EiAcGedczsoCGPTDPrYY4CkHOq_p7N5Nii7o5QN0qmwRRA:e30', []],
    ] as const) {
      const { status, stdout, stderr } = await runHere(['did', 'resolve', did, ...args], {
        ...env,
        ROOTLINE_NODE: node.url,
      })
      expect([did, status, stdout]).toEqual([did, 1, ''])
      expect(stderr).toMatch(/^error [A-Z_]+: /)
    }
  })

  it('3 where no node answers', async () => {
    const did = 'did:rootline:EiAcGedczsoCGPTDPrYY4CkHOq_p7N5Nii7o5QN0qmwRRA'
    expect((await resolve(did, '--node', 'http://127.0.0.1:1')).status).toBe(3)
  })

  it('5 for a did:web whose host leads to an address that is refused', async () => {
    const { status, stderr } = await resolve('did:web:localhost')
    expect(status).toBe(5)
    expect(stderr).toContain('NET_ADDRESS_REFUSED')
  })

  it('1 for a root that the report does not name', async () => {
    const did = encodeDidKey(publicJwkOf(generatePrivateJwk('P-256')))
    const { status, stderr } = await resolve(did, '--accept', 'nobody')
    expect(status).toBe(1)
    expect(stderr).toContain('the report names no root nobody: its roots are software')
  })
})

describe('a node that is not the own one', () => {
  const suffix = 'EiAcGedczsoCGPTDPrYY4CkHOq_p7N5Nii7o5QN0qmwRRA'
  const did = `did:rootline:${suffix}`
  let deactivated = false
  let server: Server

  beforeAll(async () => {
    server = createServer((request, response) => {
      if (!request.url?.startsWith('/1.0/identifiers/')) {
        response.writeHead(404, { 'content-type': 'text/plain' }).end('no such page')
        return
      }
      const didDocumentMetadata = deactivated ? { deactivated } : {}
      const body = { didDocument: { id: did }, didResolutionMetadata: {}, didDocumentMetadata }
      response.writeHead(deactivated ? 410 : 200, { 'content-type': 'application/did-resolution' })
      response.end(JSON.stringify(body))
    })
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  })
  afterAll(() => server.close())

  /** Without the token, which is what makes a node on this machine the own one. */
  const ask = (...args: string[]) => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return runHere(['did', 'resolve', did, '--node', url, ...args])
  }

  it('is believed by nobody unless the user says so: its answer is its word', async () => {
    const { status, stdout, stderr } = await ask('--json')
    expect(status, stderr).toBe(3)
    const { report } = JSON.parse(stdout)
    expect(report.verdict).toBe('undecided')
    expect(report.edges).toMatchObject([
      { code: 'DID_DOCUMENT_ID', basis: 'computed', result: 'pass' },
      { code: 'REMOTE_NODE', basis: 'remote', root: 'remote-node', accepted: false },
    ])
    expect(report.roots).toMatchObject([{ id: 'remote-node', pinnedBy: 'request' }])
  })

  it('counts where the user accepts it', async () => {
    const { status, stdout } = await ask('--explain', '--accept', 'remote-node')
    expect(status).toBe(0)
    expect(stdout).toContain('You still trust: the node at http://127.0.0.1:')
  })

  it('ends a DID only for who accepts it', async () => {
    deactivated = true
    expect((await ask()).status).toBe(3)
    expect((await ask('--accept', 'remote-node')).status).toBe(4)
  })

  it('shows the report of the other node as its word', async () => {
    const made = await rootline(['did', 'create', '--wait', '--json', '--node', node.url], { env })
    const { did: id } = JSON.parse(made.stdout)
    const { status, stdout } = await rootline(['did', 'resolve', id, '--node', node.url, '--explain'])
    expect(status).toBe(3)
    expect(stdout).toMatch(/^◌ Undecided/)
    expect(stdout).toContain("The node's own report. It is its word, and nothing of it was checked here.")
    expect(stdout).toContain('✓ Verified.')
  })
})

describe('what answers and is no node', () => {
  const answers = [
    '',
    '<html>',
    '{}',
    'null',
    '[]',
    '{"method":1}',
    '{"code":"lower"}',
    '{"resolution":{},"report":{}}',
    '{"resolution":{"didDocument":{},"didDocumentMetadata":{}},"report":{"version":2}}',
    '{"didDocument":{"id":"did:example:other"},"didDocumentMetadata":{}}',
    '{"operations":[1]}',
    '['.repeat(100_000),
    '\u001b[2J',
  ]
  const did = 'did:rootline:EiAcGedczsoCGPTDPrYY4CkHOq_p7N5Nii7o5QN0qmwRRA'
  const commands = [
    ['did', 'resolve', did],
    ['did', 'history', did],
    ['did', 'create'],
    ['log', 'checkpoint'],
  ]

  it.each([200, 404, 410, 500])('with status %i, is said to be none', async status => {
    let body = ''
    const server = createServer((_request, response) => response.writeHead(status).end(body))
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    for (const answer of answers) {
      body = answer
      for (const command of commands) {
        const own = await runHere([...command, '--node', url], env)
        const other = await runHere([
          ...command.slice(0, 3),
          '--node',
          url,
          '--token-file',
          join(folder, 'none'),
        ])
        expect(own.stderr).toMatch(/^error NODE_ANSWER_INVALID: /)
        expect(other.stderr).toMatch(/^error (NODE_ANSWER_INVALID|RESOLUTION_FAILED|TOKEN_MISSING): /)
        expect([own.status, own.stdout, other.stdout]).toEqual([3, '', ''])
        expect(own.stderr + other.stderr).not.toContain('\u001b')
      }
    }
    server.close()
  })
})
