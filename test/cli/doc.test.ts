import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CLI_ERRORS } from '../../src/cli/errors.ts'
import { readSettingsFile } from '../../src/cli/load-settings.ts'
import { SETTING_NAMES } from '../../src/cli/settings.ts'
import { tempFolder } from '../temp.ts'
import { withBlocks } from './doc-blocks.ts'
import { runHere } from './process.ts'

const page = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')

describe('docs/cli.md', () => {
  it('is what `npx node test/cli/write-doc.ts` writes', () => {
    expect(page('cli.md')).toBe(withBlocks(page('cli.md')))
  })

  it('lists every code and no other', () => {
    const listed = [...page('cli.md').matchAll(/^\| `([A-Z_]+)` \|/gm)].map(match => match[1])
    expect(listed).toEqual(Object.keys(CLI_ERRORS))
  })

  it('has every command in it', async () => {
    const { stdout } = await runHere(['--help'])
    const listed = [...stdout.slice(stdout.indexOf('Commands:')).matchAll(/^ {2}([a-z]+) /gm)].map(
      match => match[1],
    )
    expect(listed.length).toBeGreaterThan(5)
    for (const name of listed) if (name !== 'help') expect(page('cli.md')).toContain(`## rootline ${name}\n`)
  })
})

describe('docs/configuration.md', () => {
  it('is what `npx node test/cli/write-doc.ts` writes', () => {
    expect(page('configuration.md')).toBe(withBlocks(page('configuration.md')))
  })

  it('lists every setting and no other', () => {
    const listed = [...page('configuration.md').matchAll(/^\| `([A-Za-z.]+)` \| `ROOTLINE_/gm)].map(
      match => match[1],
    )
    expect(listed).toEqual(SETTING_NAMES)
  })

  it('gives an example that is valid', async () => {
    const { writeFileSync } = await import('node:fs')
    const path = `${tempFolder()}/rootline.json`
    writeFileSync(path, /```json\n([\s\S]*?)\n```/.exec(page('configuration.md'))?.[1] ?? '')
    expect(readSettingsFile(path).length).toBeGreaterThan(3)
    const { status, stderr } = await runHere(['config', 'check', '--config', path])
    expect([status, stderr]).toEqual([0, ''])
  })
})
