import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generatePrivateJwk } from '../../src/keys/generate.ts'
import { publicJwkOf } from '../../src/keys/jwk.ts'
import { Keystore } from '../../src/keys/keystore.ts'
import { commitmentOf } from '../../src/sidetree/commitment.ts'
import { type NodeProcess, rootline, runHere, up, workFolder } from './process.ts'

const { folder, data, keystore, passphraseFile, env } = workFolder()
let node: NodeProcess

beforeAll(async () => {
  node = await up(data)
})
afterAll(async () => {
  await node.stop()
})

/** Runs `rootline did ...` against the node. */
function did(...args: string[]) {
  return rootline(['did', ...args], { env: { ...env, ROOTLINE_NODE: node.url } })
}

/** As `did`, in this process. */
function didHere(...args: string[]) {
  return runHere(['did', ...args], { ...env, ROOTLINE_NODE: node.url })
}

/** As `didHere`, for a command that is to succeed with JSON. */
async function didJson(...args: string[]) {
  const { status, stdout, stderr } = await didHere(...args, '--json')
  expect(status, stderr).toBe(0)
  return JSON.parse(stdout)
}

const openKeys = () => Keystore.open(keystore, 'correct horse battery staple')

describe('the life of a DID', () => {
  let created: { did: string; longFormDid: string; operation: { id: string } }
  let first: string

  it('create makes a keystore, prints the DID and how to follow it', async () => {
    const { status, stdout, stderr } = await did(
      'create',
      '--service',
      'site,LinkedDomains,https://example.com/a,b',
    )
    expect(status).toBe(0)
    expect(stdout).toMatch(
      /^did: {7}did:rootline:\S+\nlong form: did:rootline:\S+\noperation: \S+\nstate: {5}queued\n$/,
    )
    expect(stderr).toContain('made the keystore')
    expect(stderr).toContain('rootline did resolve did:rootline:')
    expect(statSync(keystore).mode & 0o777).toBe(0o600)
  })

  it('create --wait ends once the DID is applied, with its progress on stderr', async () => {
    const { status, stdout, stderr } = await did('create', '--wait', '--json', '--key-type', 'P-256')
    expect(status).toBe(0)
    expect(stderr).toMatch(/create: .*applied, transaction \d+/)
    created = JSON.parse(stdout)
    expect(created).toMatchObject({ operation: { state: 'applied' } })
    const keys = (await openKeys()).list().filter(key => key.did === created.did)
    expect(keys.map(key => [key.role, key.publicJwk.crv])).toEqual([
      ['update', 'P-256'],
      ['recovery', 'P-256'],
      ['document', 'P-256'],
    ])
  })

  it('resolve prints the document, and the verdict beside it', async () => {
    const { status, stdout, stderr } = await did('resolve', created.did)
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ id: created.did })
    expect(stderr).toContain('Verified.')
    expect(stderr).toContain('taken as your own')
  })

  it('resolve --explain prints the report as a tree, without colour where it is no terminal', async () => {
    const { status, stdout } = await didHere('resolve', created.did, '--explain')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^✓ Verified/)
    expect(stdout).toContain('CHECKPOINT_SIGNATURE')
    expect(stdout).not.toContain('\u001b')
  })

  it('resolve --json prints the resolution and the report', async () => {
    const { resolution, report } = await didJson('resolve', created.did)
    expect(resolution.didDocument.id).toBe(created.did)
    expect(report.verdict).toBe('verified')
    first = resolution.didDocumentMetadata.versionId
  })

  it('update adds and removes keys and services, and replaces its key in the keystore once it is applied', async () => {
    const jwk = join(folder, 'key.jwk')
    writeFileSync(jwk, JSON.stringify({ ...publicJwkOf(generatePrivateJwk('secp256k1')), kid: 'signing' }))
    const args = ['--add-service', 'files,X,https://example.com', '--add-key', jwk, '--remove-key', 'key-1']
    const { status, stderr } = await did(
      'update',
      created.did,
      ...args,
      '--purpose',
      'assertionMethod',
      '--wait',
    )
    expect(status, stderr).toBe(0)
    const { resolution } = await didJson('resolve', created.did)
    expect(resolution.didDocument).toMatchObject({
      verificationMethod: [{ id: '#signing' }],
      assertionMethod: ['#signing'],
      service: [{ id: '#files' }],
    })
    const { updateCommitment } = resolution.didDocumentMetadata.method
    const updates = (await openKeys()).list().filter(key => key.did === created.did && key.role === 'update')
    expect(updates.map(key => commitmentOf(key.publicJwk))).toEqual([updateCommitment])
  })

  it('two updates at a time come one after the other', async () => {
    const [before, after] = await Promise.all([
      did('update', created.did, '--add-service', 'one,X,https://example.com/1', '--wait'),
      did('update', created.did, '--add-service', 'two,X,https://example.com/2', '--wait'),
    ])
    expect([before.status, after.status], before.stderr + after.stderr).toEqual([0, 0])
    const { resolution } = await didJson('resolve', created.did)
    expect(resolution.didDocument.service.map((service: { id: string }) => service.id).sort()).toEqual([
      '#files',
      '#one',
      '#two',
    ])
  })

  it('patches can come from stdin', async () => {
    const patches = [{ action: 'add-also-known-as', uris: ['https://example.com/me'] }]
    const { status, stderr } = await rootline(['did', 'update', created.did, '--patches', '-', '--wait'], {
      env: { ...env, ROOTLINE_NODE: node.url },
      stdin: JSON.stringify(patches),
    })
    expect(status, stderr).toBe(0)
    const { resolution } = await didJson('resolve', created.did)
    expect(resolution.didDocument.alsoKnownAs).toEqual(['https://example.com/me'])
  })

  it('recover replaces document and keys', async () => {
    const document = join(folder, 'document.json')
    writeFileSync(
      document,
      JSON.stringify({ services: [{ id: 'new', type: 'X', serviceEndpoint: 'https://example.org' }] }),
    )
    const { status, stderr } = await didHere('recover', created.did, '--document', document, '--wait')
    expect(status, stderr).toBe(0)
    const { resolution } = await didJson('resolve', created.did)
    expect(resolution.didDocument).toMatchObject({ service: [{ id: '#new' }] })
    expect(resolution.didDocument.verificationMethod).toBeUndefined()
    const keys = (await openKeys()).list().filter(key => key.did === created.did && key.role !== 'document')
    const { updateCommitment, recoveryCommitment } = resolution.didDocumentMetadata.method
    const commitments = keys.map(key => [key.role, commitmentOf(key.publicJwk)])
    expect(commitments.filter(([role]) => role === 'recovery')).toEqual([['recovery', recoveryCommitment]])
    expect(commitments.filter(([role]) => role === 'update').at(-1)).toEqual(['update', updateCommitment])
  })

  it('resolve --version-id gives the old version', async () => {
    const { resolution } = await didJson('resolve', created.did, '--version-id', first)
    expect(resolution.didDocument.verificationMethod).toMatchObject([{ id: '#key-1' }])
  })

  it('history lists what became of each operation', async () => {
    const { operations } = await didJson('history', created.did)
    const seen = operations.map((entry: { type: string; applied: boolean }) => [entry.type, entry.applied])
    expect(seen).toEqual([
      ['create', true],
      ...Array.from({ length: 4 }, () => ['update', true]),
      ['recover', true],
    ])
    expect((await didHere('history', created.did)).stdout).toMatch(/^TIME .*\n.* create .* applied /)
  })

  it('deactivate asks, and without a terminal refuses', async () => {
    const { status, stderr } = await didHere('deactivate', created.did)
    expect(status).toBe(1)
    expect(stderr).toContain('error NOT_CONFIRMED')
  })

  it('deactivate --yes ends it: resolve then ends with 4, and so does an update', async () => {
    expect((await didHere('deactivate', created.did, '--yes', '--wait')).status).toBe(0)
    const { status, stdout } = await did('resolve', created.did)
    expect(status).toBe(4)
    expect(JSON.parse(stdout)).toMatchObject({ id: created.did })
    const late = await didHere('update', created.did, '--remove-service', 'new')
    expect(late.status).toBe(4)
    expect(late.stderr).toContain('error OPERATION_REJECTED')
  })
})

describe('a stop in between', () => {
  /** Passes requests on to the node, and kills the command instead of passing on an operation. */
  async function killingProxy(kill: () => void): Promise<Server> {
    const server = createServer((request, response) => {
      if (request.method === 'POST') {
        kill()
        request.socket.destroy()
        return
      }
      forward(request).then(
        answer => response.writeHead(answer.status).end(answer.body),
        () => response.destroy(),
      )
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return server
  }

  async function forward(request: IncomingMessage): Promise<{ status: number; body: string }> {
    const answer = await fetch(`${node.url}${request.url}`, {
      headers: { accept: request.headers.accept ?? '*/*' },
    })
    return { status: answer.status, body: await answer.text() }
  }

  it('between keystore and node loses nothing: the next update and recover find the key that counts', async () => {
    const { did: id } = await didJson('create', '--wait')
    const before = (await openKeys()).list().length
    let kill = () => {}
    const proxy = await killingProxy(() => kill())
    const proxied = { ...env, ROOTLINE_NODE: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` }
    const killed = await rootline(['did', 'update', id, '--add-service', 'a,X,https://example.com'], {
      env: proxied,
      started: child => {
        kill = () => child.kill('SIGKILL')
      },
    })
    expect(killed.signal).toBe('SIGKILL')
    expect((await openKeys()).list()).toHaveLength(before + 1)
    const killedAgain = await rootline(['did', 'recover', id], {
      env: proxied,
      started: child => {
        kill = () => child.kill('SIGKILL')
      },
    })
    expect(killedAgain.signal).toBe('SIGKILL')
    expect((await openKeys()).list()).toHaveLength(before + 4)
    proxy.close()
    const update = await didHere('update', id, '--add-service', 'b,X,https://example.com', '--wait')
    expect(update.status, update.stderr).toBe(0)
    const recover = await didHere('recover', id, '--wait')
    expect(recover.status, recover.stderr).toBe(0)
    const { operations } = await didJson('history', id)
    expect(operations.map((entry: { type: string }) => entry.type)).toEqual(['create', 'update', 'recover'])
  })

  it('after the node has taken the operation loses nothing either', async () => {
    const { did: id } = await didJson('create', '--wait')
    const update = await didHere('update', id, '--add-service', 'a,X,https://example.com')
    expect(update.status).toBe(0)
    // Nobody waited: the keystore holds the old key and the new one.
    expect((await didHere('update', id, '--add-service', 'b,X,https://example.com', '--wait')).status).toBe(0)
    expect((await didJson('resolve', id)).resolution.didDocument.service).toHaveLength(2)
  })
})

describe('a command that changes a DID refuses', () => {
  it('a keystore without the key of the DID', async () => {
    const { did: id } = await didJson('create', '--wait')
    const other = join(folder, 'other.json')
    await Keystore.create(other, 'correct horse battery staple', { iterations: 1000 })
    for (const command of ['update --remove-key key-1', 'recover']) {
      const [name = '', ...args] = command.split(' ')
      const { status, stderr } = await didHere(name, id, ...args, '--keystore', other)
      expect(status).toBe(1)
      expect(stderr).toContain('error KEY_OF_DID_MISSING')
    }
    expect((await Keystore.open(other, 'correct horse battery staple')).list()).toEqual([])
  })

  it('a wrong passphrase, and none', async () => {
    const wrong = join(folder, 'wrong')
    writeFileSync(wrong, 'wrong\n')
    const tried = await didHere('create', '--passphrase-file', wrong)
    expect(tried.status).toBe(1)
    expect(tried.stderr).toContain('error KEYSTORE_PASSPHRASE')
    const { ROOTLINE_PASSPHRASE_FILE: _, ...rest } = env
    const none = await runHere(['did', 'create'], { ...rest, ROOTLINE_NODE: node.url })
    expect(none.status).toBe(1)
    expect(none.stderr).toContain('error PASSPHRASE_MISSING')
    expect(none.stderr).toContain('--passphrase-file')
  })

  it('a wrong token, and none', async () => {
    const wrong = join(folder, 'token')
    writeFileSync(wrong, 'wrong\n', { mode: 0o600 })
    const tried = await didHere('create', '--token-file', wrong)
    expect(tried.status).toBe(1)
    expect(tried.stderr).toContain('error TOKEN_INVALID')
    const none = await didHere('create', '--token-file', join(folder, 'absent'))
    expect(none.stderr).toContain('error TOKEN_MISSING')
  })

  it('a node that is not there, before it asks for anything or makes a key', async () => {
    const absent = join(folder, 'absent.json')
    const { status, stderr } = await didHere('create', '--node', 'http://127.0.0.1:1', '--keystore', absent)
    expect(status).toBe(3)
    expect(stderr).toContain('error NODE_UNREACHABLE: the node at http://127.0.0.1:1 did not answer')
    expect(() => statSync(absent)).toThrow()
  })

  it('to send the token elsewhere unencrypted', async () => {
    const { status, stderr } = await didHere('create', '--node', 'http://192.0.2.1:7777', '--timeout', '1')
    expect(status).toBe(1)
    expect(stderr).toContain('error TOKEN_NOT_SENT')
  })

  it('another method than that of the node', async () => {
    const { status, stderr } = await didHere('create', '--method', 'ion')
    expect(status).toBe(1)
    expect(stderr).toContain('error NODE_METHOD_MISMATCH: the node serves did:rootline, not did:ion')
  })

  it('a private key for the document, a service that is none, nothing to change', async () => {
    const secret = join(folder, 'secret.jwk')
    writeFileSync(secret, JSON.stringify(generatePrivateJwk('Ed25519')))
    const cases = [
      [['create', '--public-key', secret], 'error KEY_PRIVATE'],
      [['create', '--service', 'id,type'], 'error USAGE: a service is given as ID,TYPE,URL'],
      [['create', '--key-type', 'P-384'], 'error USAGE: operation keys are of one of these types'],
      [['create', '--document', join(folder, 'absent.json')], 'error INPUT_UNREADABLE'],
      [['create', '--document', passphraseFile], 'error INPUT_INVALID'],
      [['update', 'did:rootline:x'], 'error USAGE: nothing is to be changed'],
      [['update', 'did:rootline:x', '--add-key', 'generate'], 'error USAGE: say which id'],
      [['update', 'did:rootline:x', '--remove-key', 'a'], 'error DID_INVALID'],
    ] as const
    for (const [args, message] of cases) {
      const { status, stderr } = await didHere(...args)
      expect(status, stderr).toBe(1)
      expect(stderr).toContain(message)
    }
  })

  it('a document that is too large for the protocol, with its size and no new keys', async () => {
    const before = readFileSync(keystore)
    const services = Array.from({ length: 12 }, (_, i) => [
      '--service',
      `s${i},LinkedDomains,https://example.com/${i}`,
    ])
    const { status, stderr } = await didHere('create', ...services.flat())
    expect(status).toBe(1)
    expect(stderr).toMatch(/error DELTA_TOO_LARGE: delta is \d+ bytes/)
    expect(readFileSync(keystore).equals(before)).toBe(true)
  })
})
