import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadSettings } from '../../src/cli/load-settings.ts'
import { environmentName, SETTING_NAMES } from '../../src/cli/settings.ts'
import { tempFolder } from '../temp.ts'
import { rootline, runHere } from './process.ts'

function file(content: unknown): string {
  const path = join(tempFolder(), 'rootline.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const load = (flags: object, env: Record<string, string>, config?: string) =>
  loadSettings({
    flags: flags as Record<string, unknown>,
    env,
    platform: 'linux',
    ...(config === undefined ? {} : { file: config }),
  })

describe('settings', () => {
  it('come from flags over environment over file over defaults', async () => {
    const path = file({
      listen: '127.0.0.1:1',
      method: 'file',
      batch: { intervalMs: 7 },
      hosts: ['a.example'],
    })
    const { status, stdout } = await rootline(
      ['config', 'print', '--origins', '--json', '--config', path, '--listen', '127.0.0.1:3'],
      { env: { ROOTLINE_LISTEN: '127.0.0.1:2', ROOTLINE_METHOD: 'environment' } },
    )
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      listen: { value: '127.0.0.1:3', origin: 'flag' },
      method: { value: 'environment', origin: 'environment ROOTLINE_METHOD' },
      'batch.intervalMs': { value: 7, origin: `file ${path}` },
      hosts: { value: ['a.example'], origin: `file ${path}` },
      'queue.maxPerDid': { value: 8, origin: 'default' },
      network: { value: null, origin: 'default' },
    })
  })

  it('can be read from the file that ROOTLINE_CONFIG names', async () => {
    const { stdout } = await rootline(['config', 'print'], {
      env: { ROOTLINE_CONFIG: file({ logLevel: 'warn' }) },
    })
    expect(stdout).toMatch(/^logLevel +warn$/m)
  })

  it('follow each other: paths in the data folder, the rules of the method', () => {
    const { settings } = load({ data: '/d', method: 'ion' }, {})
    expect(settings).toMatchObject({
      tokenFile: '/d/token',
      keystore: '/d/keystore.json',
      protocol: 'ion-mainnet',
    })
    expect(load({}, { XDG_DATA_HOME: '/x' }).settings.data).toBe('/x/rootline')
    expect(load({}, { XDG_DATA_HOME: 'relative' }).settings.data).toMatch(/\.local\/share\/rootline$/)
  })

  it('are converted from the text of the environment', () => {
    const env = { ROOTLINE_HOSTS: 'a, b:1', ROOTLINE_WEB_ALLOW_PRIVATE: 'true', ROOTLINE_LIMITS_REPORTS: '3' }
    expect(load({}, env).settings).toMatchObject({
      hosts: ['a', 'b:1'],
      'web.allowPrivate': true,
      'limits.reports': 3,
    })
  })

  it('have names of their own in the environment', () => {
    const names = SETTING_NAMES.map(environmentName)
    expect(new Set(names).size).toBe(names.length)
    expect(environmentName('batch.intervalMs')).toBe('ROOTLINE_BATCH_INTERVAL_MS')
  })
})

describe('settings that are refused', () => {
  it.each([
    [{ lisen: '127.0.0.1:1' }, 'CONFIG_KEY_UNKNOWN', 'there is no setting "lisen" (did you mean listen?)'],
    [{ batch: { interval: 1 } }, 'CONFIG_KEY_UNKNOWN', 'there is no setting "batch.interval"'],
    [{ 'batch.intervalMs': 1 }, 'CONFIG_KEY_UNKNOWN', 'write groups as objects'],
    [{ batch: 1 }, 'CONFIG_KEY_UNKNOWN', 'there is no setting "batch"'],
    [{ token: 'secret' }, 'CONFIG_KEY_UNKNOWN', 'there is no setting "token"'],
    [{ listen: 7777 }, 'CONFIG_INVALID', 'the setting listen from file'],
    [{ listen: 'nowhere' }, 'CONFIG_INVALID', 'the setting listen from file'],
    [{ batch: { intervalMs: -1 } }, 'CONFIG_INVALID', 'the setting batch.intervalMs'],
    [{ logLevel: 'loud' }, 'CONFIG_INVALID', 'the setting logLevel'],
    ['{"listen": "127.0.0.1:1", "listen": "127.0.0.1:2"}', 'CONFIG_INVALID', 'is no JSON object'],
    ['[]', 'CONFIG_INVALID', 'is no JSON object'],
  ])('file %j', (content, code, sentence) => {
    expect(() => load({}, {}, file(content))).toThrow(expect.objectContaining({ code }))
    expect(() => load({}, {}, file(content))).toThrow(sentence)
  })

  it.each([
    [{ ROOTLINE_BATCH_INTERVAL_MS: 'soon' }],
    [{ ROOTLINE_BATCH_INTERVAL_MS: '' }],
    [{ ROOTLINE_BATCH_INTERVAL_MS: '1.5' }],
    [{ ROOTLINE_WEB_ALLOW_PRIVATE: 'yes' }],
    [{ ROOTLINE_NODE: 'ftp://example.com' }],
    [{ ROOTLINE_CONFIG: '/nonexistent/file' }],
  ])('environment %j', env => {
    expect(() => load({}, env as unknown as Record<string, string>)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    )
  })

  it('end a command with 1, whatever the command', async () => {
    const env = { ROOTLINE_CONFIG: file({ nosuch: true }) }
    for (const args of [['config', 'check'], ['up'], ['did', 'resolve', 'did:key:x']]) {
      const { status, stdout, stderr } = await runHere(args, env)
      expect([status, stdout]).toEqual([1, ''])
      expect(stderr).toContain('error CONFIG_KEY_UNKNOWN')
    }
  })

  it('are told apart from variables that are none: those are only warned of', async () => {
    const { status, stdout, stderr } = await runHere(['config', 'check'], { ROOTLINE_LISTN: 'x' })
    expect([status, stdout]).toEqual([0, 'the settings are valid\n'])
    expect(stderr).toContain('ROOTLINE_LISTN is in the environment and is no setting')
  })
})
