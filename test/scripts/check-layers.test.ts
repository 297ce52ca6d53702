import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkProject } from '../../scripts/check-layers.ts'
import { LAYERS } from '../../scripts/checks/layers.ts'
import { tempFolder } from '../temp.ts'

const folder = tempFolder()

/** Makes a project of the given files and returns what the check finds, as `file:line rule`. */
function findings(files: Record<string, string>): string[] {
  const root = mkdtempSync(join(folder, 'tree-'))
  const all = { 'package.json': '{"dependencies":{"multiformats":"1"}}', ...files }
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return checkProject(root).map(({ file, line, rule }) => `${file}:${line} ${rule}`)
}

describe('layers', () => {
  it('accepts imports from the same folder and from folders before it', () => {
    expect(
      findings({
        'src/codec/a.ts': 'export const a = 1\n',
        'src/codec/b.ts': "import { a } from './a.ts'\nexport const b = a\n",
        'src/cli/main.ts': "import { b } from '../codec/b.ts'\nconsole.log(b)\n",
        'did-methods/key/driver.ts': "import { b } from '../../src/codec/b.ts'\nexport const d = b\n",
        'src/ledger/c.ts': "import { d } from '../../did-methods/key/driver.ts'\nexport const c = d\n",
      }),
    ).toEqual([])
  })

  it.each(LAYERS.slice(1).map((upper, i) => [LAYERS[i] ?? '', upper]))(
    'refuses %s importing from %s',
    (lower, upper) => {
      const up = lower.startsWith('src') ? '../..' : '..'
      expect(
        findings({
          [`${lower}/a.ts`]: `\nimport { b } from '${up}/${upper}/b.ts'\nexport const a = b\n`,
          [`${upper}/b.ts`]: 'export const b = 1\n',
        }),
      ).toEqual([`${lower}/a.ts:2 layer`])
    },
  )

  it.each([
    ['import type', "import type { B } from '../node/b.ts'\n"],
    ['import() type', "export type A = import('../node/b.ts').B\n"],
    ['export from', "export { B } from '../node/b.ts'\n"],
    ['dynamic import', "export const load = () => import('../node/b.ts')\n"],
    ['import for effect', "import '../node/b.ts'\n"],
  ])('sees %s', (_, text) => {
    expect(findings({ 'src/codec/a.ts': text, 'src/node/b.ts': 'export class B {}\n' })).toEqual([
      'src/codec/a.ts:1 layer',
    ])
  })

  it('refuses a did-method that imports the node', () => {
    expect(
      findings({
        'did-methods/sidetree/a.ts': "import { b } from '../../src/node/b.ts'\nexport const a = b\n",
        'src/node/b.ts': 'export const b = 1\n',
      }),
    ).toEqual(['did-methods/sidetree/a.ts:1 layer'])
  })

  it('refuses shipped code that imports what is for users of the package', () => {
    expect(
      findings({
        'src/codec/index.ts': "export { a } from './a.ts'\n",
        'src/codec/a.ts': 'export const a = 1\n',
        'src/node/b.ts': "import { a } from '../codec/index.ts'\nexport const b = a\n",
        'did-methods/index.ts': "export { a } from '../src/codec/a.ts'\n",
        'src/cli/c.ts': "import { a } from '../../did-methods/index.ts'\nexport const c = a\n",
        'test/d.test.ts': "import { a } from '../src/codec/index.ts'\nconsole.log(a)\n",
      }),
    ).toEqual(['src/node/b.ts:1 index'])
  })

  it('refuses a folder of src that is in no layer', () => {
    expect(findings({ 'src/misc/a.ts': 'export const a = 1\n' })).toEqual(['src/misc/a.ts:1 folder'])
  })

  it('refuses imports of test code from anywhere but tests', () => {
    expect(
      findings({
        'test/help.ts': 'export const h = 1\n',
        'test/a.test.ts': "import { h } from './help.ts'\nconsole.log(h)\n",
        'src/codec/a.ts': "import { h } from '../../test/help.ts'\nexport const a = h\n",
        'scripts/a.ts': "import { h } from '../test/help.ts'\nconsole.log(h)\n",
      }),
    ).toEqual(['scripts/a.ts:1 test-import', 'src/codec/a.ts:1 test-import'])
  })

  it('refuses a package that users would not have', () => {
    expect(
      findings({
        'src/codec/a.ts':
          "import { CID } from 'multiformats/cid'\nimport fc from 'fast-check'\nexport const a = [CID, fc]\n",
        'src/codec/b.ts': "import '@scope/name/sub'\nimport 'node:fs'\n",
      }),
    ).toEqual(['src/codec/a.ts:2 dependency', 'src/codec/b.ts:1 dependency'])
  })
})

describe('circles', () => {
  it('finds a circle of two files, once', () => {
    expect(
      findings({
        'src/codec/a.ts': "import { b } from './b.ts'\nexport const a = () => b\n",
        'src/codec/b.ts': "import { a } from './a.ts'\nexport const b = () => a\n",
      }),
    ).toEqual(['src/codec/a.ts:1 circle'])
  })

  it('finds a long circle behind a way in', () => {
    expect(
      findings({
        'src/codec/a.ts': "import './b.ts'\n",
        'src/codec/b.ts': "import './c.ts'\n",
        'src/codec/c.ts': "\nimport './d.ts'\n",
        'src/codec/d.ts': "import './b.ts'\n",
      }),
    ).toEqual(['src/codec/b.ts:1 circle'])
  })

  it('tells a circle that types alone close from one that runs', () => {
    expect(
      findings({
        'src/codec/a.ts': "import { b } from './b.ts'\nexport type A = number\nexport const a = b\n",
        'src/codec/b.ts': "import type { A } from './a.ts'\nexport const b: A = 1\n",
      }),
    ).toEqual(['src/codec/a.ts:1 type-circle'])
  })

  it('finds a file that imports itself', () => {
    expect(
      findings({ 'src/codec/a.ts': "import * as self from './a.ts'\nexport const a = () => self\n" }),
    ).toEqual(['src/codec/a.ts:1 circle'])
  })

  it('accepts two ways to one file', () => {
    expect(
      findings({
        'src/codec/a.ts': "import './b.ts'\nimport './c.ts'\n",
        'src/codec/b.ts': "import './c.ts'\n",
        'src/codec/c.ts': 'export {}\n',
      }),
    ).toEqual([])
  })
})

describe('composition root', () => {
  const log = {
    'src/ledger/log/log.ts':
      'export class Log { static open() {} }\nexport function openLog() {}\nexport const parse = 1\n',
  }

  it.each([
    ['new', "import { Log } from '../ledger/log/log.ts'\nexport const log = new Log()\n"],
    ['a static method', "import { Log } from '../ledger/log/log.ts'\nexport const log = Log.open()\n"],
    ['a function', "import { openLog } from '../ledger/log/log.ts'\nexport const log = openLog()\n"],
    ['a namespace', "import * as all from '../ledger/log/log.ts'\nexport const log = all.openLog()\n"],
  ])('refuses an adapter made by %s elsewhere', (_, text) => {
    expect(findings({ ...log, 'src/node/a.ts': text })).toEqual(['src/node/a.ts:2 composition'])
  })

  it('accepts it in src/cli/up.ts, within the adapter, and in tests', () => {
    const make = (up: string) => `import { Log } from '${up}/log.ts'\nexport const log = new Log()\n`
    expect(
      findings({
        ...log,
        'src/cli/up.ts': make('../ledger/log'),
        'src/ledger/log/make.ts': make('.'),
        'test/a.test.ts': make('../src/ledger/log'),
      }),
    ).toEqual([])
  })

  it('accepts the type of an adapter, and its other functions', () => {
    expect(
      findings({
        ...log,
        'src/node/a.ts':
          "import { type Log, parse } from '../ledger/log/log.ts'\nexport const a = (log: Log) => [log, parse]\n",
      }),
    ).toEqual([])
  })
})

describe('words', () => {
  const todo = ['TO', 'DO'].join('')

  it('refuses plain errors and any in shipped code only', () => {
    const text = "export function f(x: any) {\n  throw new Error('no')\n}\n"
    expect(findings({ 'src/codec/a.ts': text, 'did-methods/web/a.ts': text, 'test/a.ts': text })).toEqual([
      'did-methods/web/a.ts:1 any',
      'did-methods/web/a.ts:2 plain-error',
      'src/codec/a.ts:1 any',
      'src/codec/a.ts:2 plain-error',
    ])
  })

  it('refuses unfinished work and paths of one machine in every text file', () => {
    expect(
      findings({
        'docs/a.md': `${todo}: write this\n`,
        '.ci/run': `cd /${'work'}/main\n`,
        'test/a.ts': `// see /${'home'}/someone/notes\n`,
        Dockerfile: `COPY /${'root'}/.npmrc .\n`,
      }),
    ).toEqual([
      '.ci/run:1 machine-path',
      'Dockerfile:1 machine-path',
      'docs/a.md:1 unfinished',
      'test/a.ts:1 machine-path',
    ])
  })

  it('accepts web addresses and words that only contain a forbidden one', () => {
    expect(findings({ 'docs/a.md': `https://example.com/${'work'}/x and ${todo}S\n` })).toEqual([])
  })
})

it('finds nothing in this project', () => {
  expect(
    checkProject('.').map(({ file, line, rule, message }) => `${file}:${line} ${rule}: ${message}`),
  ).toEqual([])
})
