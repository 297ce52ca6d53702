import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WriterFiles } from '../../src/cli/writers.ts'
import { tempFolder } from '../temp.ts'
import { runHere } from './process.ts'

const NOW = new Date('2030-01-02T03:04:05Z')

function writers(): { files: WriterFiles; folder: string } {
  const folder = join(tempFolder(), 'writers')
  return { folder, files: new WriterFiles(folder, ['local']) }
}

describe('writers of a log', () => {
  it('are found by their token, of which only a hash is on disk', async () => {
    const { files, folder } = writers()
    const token = await files.add('alice', NOW)
    expect(await files.find(token)).toEqual({ name: 'alice', revoked: false })
    const secret = token.slice('alice.'.length)
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
    expect(readdirSync(folder)).toEqual(['alice'])
    const path = join(folder, 'alice')
    expect(readFileSync(path, 'utf8')).not.toContain(secret)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('are not found by any other token', async () => {
    const { files } = writers()
    const [alice, bob] = [await files.add('alice', NOW), await files.add('bob', NOW)]
    const swapped = `alice.${bob.slice('bob.'.length)}`
    for (const token of [
      swapped,
      alice.slice(0, -1),
      `${alice}.`,
      'alice.',
      'alice',
      '',
      '../alice.x',
      'carol.x',
    ])
      expect(await files.find(token)).toBeUndefined()
    await fc.assert(
      fc.asyncProperty(fc.string(), async token => {
        if (token !== alice && token !== bob) expect(await files.find(token)).toBeUndefined()
      }),
    )
  })

  it('that are revoked are known and may do nothing, and their name is not given again', async () => {
    const { files } = writers()
    const token = await files.add('alice', NOW)
    await files.revoke('alice', NOW)
    expect(await files.find(token)).toEqual({ name: 'alice', revoked: true })
    expect(await files.list()).toEqual([
      { name: 'alice', revoked: true, created: NOW.toISOString(), revokedAt: NOW.toISOString() },
    ])
    await expect(files.add('alice', NOW)).rejects.toMatchObject({ code: 'WRITER_EXISTS' })
    await expect(files.revoke('alice', new Date())).resolves.toMatchObject({ revokedAt: NOW.toISOString() })
  })

  it('are made once, also by two commands at the same time', async () => {
    const { files } = writers()
    const made = await Promise.allSettled([files.add('alice', NOW), files.add('alice', NOW)])
    expect(made.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    const [token] = made.flatMap(outcome => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    expect(await files.find(token ?? '')).toMatchObject({ name: 'alice' })
  })

  it.each(['', 'Alice', 'a.b', '../x', 'a/b', '-a', 'a-', 'a'.repeat(64), 'a b', 'ä', 'a\n'])(
    'are not called %j',
    async name => {
      await expect(writers().files.add(name, NOW)).rejects.toMatchObject({ code: 'USAGE' })
    },
  )

  it('are not called as the node itself is', async () => {
    await expect(writers().files.add('local', NOW)).rejects.toMatchObject({ code: 'WRITER_EXISTS' })
  })

  it('whose file is damaged may do nothing', async () => {
    const { files, folder } = writers()
    const token = await files.add('alice', NOW)
    const path = join(folder, 'alice')
    const whole = JSON.parse(readFileSync(path, 'utf8'))
    chmodSync(path, 0o600)
    for (const text of [
      '',
      '{}',
      '[]',
      JSON.stringify({ ...whole, name: 'bob' }),
      JSON.stringify({ ...whole, x: 1 }),
    ]) {
      writeFileSync(path, text)
      await expect(files.find(token)).rejects.toMatchObject({ code: 'DATA_UNAVAILABLE' })
    }
  })
})

describe('rootline log writer', () => {
  function dataFolder(): string {
    const data = tempFolder()
    mkdirSync(join(data, 'log'))
    return data
  }

  it('makes, lists and revokes', async () => {
    const data = dataFolder()
    const writer = (...args: string[]) => runHere(['log', 'writer', ...args, '--data', data])
    expect((await writer('list')).stdout).toContain('nobody but the node itself')
    const added = await writer('add', 'alice')
    expect(added.status).toBe(0)
    expect(added.stdout).toMatch(/^alice\.[A-Za-z0-9_-]{43}\n$/)
    expect(added.stderr).toContain('shown once')
    expect((await writer('list')).stdout).toMatch(/^alice: since \S+\n$/)
    expect((await writer('revoke', 'alice')).stdout).toContain('alice writes no more')
    expect((await writer('list')).stdout).toMatch(/revoked/)
    expect((await writer('revoke', 'bob')).stderr).toContain('error WRITER_UNKNOWN')
    expect((await writer('add', 'alice')).stderr).toContain('error WRITER_EXISTS')
  })

  it('prints the token as JSON too', async () => {
    const { stdout } = await runHere(['log', 'writer', 'add', 'bob', '--json', '--data', dataFolder()])
    expect(JSON.parse(stdout)).toEqual({ writer: 'bob', token: expect.stringMatching(/^bob\./) })
  })
})
