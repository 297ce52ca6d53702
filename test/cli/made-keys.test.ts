import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { tempFolder } from '../temp.ts'
import { runHere, up } from './process.ts'

const folder = tempFolder()
const logKey = (data: string, ...more: string[]) => runHere(['log', 'key', '--data', data, ...more])
const witnessKey = (data: string, ...more: string[]) => runHere(['witness', 'key', '--data', data, ...more])

describe('rootline log key --make', () => {
  it('makes the key once, and the node that is started then has it', async () => {
    const data = join(folder, 'log')
    const made = await logKey(data, '--make', '--log-name', 'log.example')
    expect(made.stdout).toMatch(/^log\.example\+/)
    expect((await logKey(data, '--make')).stdout).toBe(made.stdout)
    const node = await up(data)
    const checkpoint = await (await fetch(`${node.url}/log/checkpoint`)).text()
    expect(checkpoint).toMatch(/^log\.example\n0\n/)
    await node.stop()
    expect((await logKey(data)).stdout).toBe(made.stdout)
  })

  it('makes no other key where there is one, nor for a log whose key is gone', async () => {
    const data = join(folder, 'begun')
    await (await up(data)).stop()
    const key = readFileSync(join(data, 'log.key'), 'utf8')
    expect((await logKey(data, '--make', '--log-name', 'other.example')).stderr).toContain(
      'LOG_NAME_MISMATCH',
    )
    expect(readFileSync(join(data, 'log.key'), 'utf8')).toBe(key)
    rmSync(join(data, 'log.key'))
    expect((await logKey(data, '--make')).stderr).toContain('LOG_KEY_MISSING')
  })

  it('makes none for a folder that follows the log of another', async () => {
    const data = join(folder, 'follower')
    mkdirSync(join(data, 'followed'), { recursive: true })
    expect((await logKey(data, '--make')).stderr).toContain('LEDGER_MISMATCH')
  })
})

describe('rootline witness key --make', () => {
  it('makes the key once, under its name', async () => {
    const data = join(folder, 'witness')
    expect((await witnessKey(data)).stderr).toContain('WITNESS_KEY_MISSING')
    const made = await witnessKey(data, '--make', '--name', 'witness.example')
    expect(made.stdout).toMatch(/^witness\.example\+/)
    expect((await witnessKey(data, '--make')).stdout).toBe(made.stdout)
    expect((await witnessKey(data)).stdout).toBe(made.stdout)
    expect((await witnessKey(data, '--make', '--name', 'other')).stderr).toContain('WITNESS_KEY_MISMATCH')
  })

  it('makes none in place of one whose database is gone', async () => {
    const data = join(folder, 'forgotten')
    await witnessKey(data, '--make')
    rmSync(join(data, 'witness'), { recursive: true })
    expect((await witnessKey(data, '--make')).stderr).toContain('WITNESS_DATABASE_MISSING')
  })
})
