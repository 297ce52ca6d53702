import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:http'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { generateLogKey } from '../../src/ledger/log/key.ts'
import { tempFolder } from '../temp.ts'
import { rootline, up } from './process.ts'

const mode = (path: string) => statSync(path).mode & 0o777

describe('rootline up', () => {
  it('prints one line with its URL when it is ready, and ends with 0 on SIGTERM', async () => {
    const data = join(tempFolder(), 'data')
    const node = await up(data)
    expect(node.line).toBe(`rootline is ready at ${node.url}`)
    expect((await fetch(`${node.url}/health/ready`)).status).toBe(200)
    const { status, stdout, stderr } = await node.stop()
    expect(status).toBe(0)
    expect(stdout).toBe(`${node.line}\n`)
    expect(stderr.trimEnd().split('\n').at(-1)).toContain('stopped')
  })

  it('ends with 0 on SIGINT, and prints its line as JSON where that is asked for', async () => {
    const data = join(tempFolder(), 'data')
    const node = await up(data, ['--json'])
    node.child.kill('SIGINT')
    const { status, stdout } = await node.end
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ url: expect.stringContaining('http://'), data, pid: node.child.pid })
  })

  it('waits for a request that is under way when it is to stop, and ends at once on a second signal', async () => {
    const node = await up(join(tempFolder(), 'data'))
    const { hostname, port } = new URL(node.url)
    const socket = connect(Number(port), hostname)
    await new Promise(resolve => socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n', resolve))
    // The server has seen the beginning once it has answered something that came later.
    await fetch(`${node.url}/health/live`)
    const stopping = new Promise(resolve =>
      node.child.stderr?.on('data', chunk => `${chunk}`.includes('stopping') && resolve(0)),
    )
    node.child.kill('SIGTERM')
    await stopping
    node.child.kill('SIGTERM')
    expect((await node.end).status).toBe(143)
    socket.destroy()
  })

  it('makes its folder, token and log key for its owner only, and keeps them', async () => {
    const data = join(tempFolder(), 'data')
    await (await up(data)).stop()
    expect([mode(data), mode(join(data, 'token')), mode(join(data, 'log.key'))]).toEqual([
      0o700, 0o600, 0o600,
    ])
    const token = readFileSync(join(data, 'token'), 'utf8')
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}\n$/)
    const checkpoint = readFileSync(join(data, 'log-checkpoint'), 'utf8')
    await (await up(data)).stop()
    expect(readFileSync(join(data, 'token'), 'utf8')).toBe(token)
    expect(readFileSync(join(data, 'log-checkpoint'), 'utf8').split('\n')[0]).toBe(checkpoint.split('\n')[0])
  })

  it('refuses a folder that another node has open', async () => {
    const data = join(tempFolder(), 'data')
    const node = await up(data)
    const second = await rootline(['up', '--data', data, '--listen', '127.0.0.1:0'])
    expect(second).toMatchObject({ status: 1, stdout: '' })
    expect(second.stderr).toContain('error STORE_LOCKED: another process has')
    expect(second.stderr).toContain('--data')
    expect((await node.stop()).status).toBe(0)
  })

  it('refuses an address that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { status, stderr } = await rootline(['up', '--data', tempFolder(), '--listen', `127.0.0.1:${port}`])
    server.close()
    expect(status).toBe(1)
    expect(stderr).toContain(`error ADDRESS_UNAVAILABLE: cannot listen on 127.0.0.1:${port}`)
  })

  it('answers for the hosts of the settings and for no other', async () => {
    const node = await up(join(tempFolder(), 'data'), [], { ROOTLINE_HOSTS: 'node.example,other.example:80' })
    const statusFor = (host: string) =>
      new Promise(resolve => {
        request(`${node.url}/health/live`, { headers: { host } }, response =>
          resolve(response.statusCode),
        ).end()
      })
    expect(await statusFor('node.example')).toBe(200)
    expect(await statusFor('localhost:1234')).toBe(200)
    expect(await statusFor('evil.example')).toBe(421)
    await node.stop()
  })
})

describe('rootline up refuses', () => {
  async function stoppedNode(): Promise<string> {
    const data = join(tempFolder(), 'data')
    await (await up(data)).stop()
    return data
  }
  const start = (data: string, ...args: string[]) =>
    rootline(['up', '--data', data, '--listen', '127.0.0.1:0', ...args])

  it('a token or a log key that others can read', async () => {
    const data = await stoppedNode()
    for (const name of ['token', 'log.key']) {
      chmodSync(join(data, name), 0o644)
      const { status, stderr } = await start(data)
      expect(status).toBe(1)
      expect(stderr).toContain(`error SECRET_FILE_UNSAFE: ${join(data, name)} is open to other users`)
      chmodSync(join(data, name), 0o600)
    }
  })

  it('a log whose key is gone, without making another', async () => {
    const data = await stoppedNode()
    rmSync(join(data, 'log.key'))
    const { status, stderr } = await start(data)
    expect(status).toBe(70)
    expect(stderr).toContain('error LOG_KEY_MISSING')
    expect(existsSync(join(data, 'log.key'))).toBe(false)
  })

  it('a log key that is none, and one of another log', async () => {
    const data = await stoppedNode()
    writeFileSync(join(data, 'log.key'), 'PRIVATE+KEY+nonsense\n')
    expect((await start(data)).stderr).toContain('error SECRET_FILE_INVALID')
    writeFileSync(join(data, 'log.key'), generateLogKey('log.example/other'))
    expect((await start(data)).stderr).toContain('error LEDGER_KEY_MISMATCH')
  })

  it('another name for a log that has one', async () => {
    const data = await stoppedNode()
    const { status, stderr } = await start(data, '--log-name', 'log.example/new')
    expect(status).toBe(1)
    expect(stderr).toContain('error LOG_NAME_MISMATCH')
  })

  it('a database of another DID method', async () => {
    const data = await stoppedNode()
    const { status, stderr } = await start(data, '--method', 'other')
    expect(status).toBe(70)
    expect(stderr).toContain('error NODE_STORE_MISMATCH')
  })

  it('a folder whose repair was not finished', async () => {
    const data = await stoppedNode()
    renameSync(join(data, 'node'), join(data, 'node.rebuilt'))
    expect((await start(data)).stderr).toContain('error REPAIR_UNFINISHED')
    expect(existsSync(join(data, 'node'))).toBe(false)
  })

  it('a folder that is a file', async () => {
    const file = join(tempFolder(), 'file')
    writeFileSync(file, '')
    const { status, stderr } = await start(file)
    expect(status).toBe(70)
    expect(stderr).toContain('error DATA_UNAVAILABLE')
  })

  it('a port that does not exist', async () => {
    mkdirSync(join(tempFolder(), 'data'))
    const { status, stderr } = await rootline(['up', '--data', tempFolder(), '--listen', '127.0.0.1:99999'])
    expect(status).toBe(1)
    expect(stderr).toContain('error CONFIG_INVALID: the setting listen')
  })
})
