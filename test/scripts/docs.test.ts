import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LAYERS } from '../../scripts/checks/layers.ts'
import { listFiles } from '../../scripts/checks/source.ts'
import { dataFolder } from '../../src/cli/data-folder.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { EXIT } from '../../src/trust/exit-status.ts'

const PAGES = listFiles('.').filter(path => path.endsWith('.md'))
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  scripts: Record<string, string>
  exports: Record<string, unknown>
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}

function read(path: string): string {
  return readFileSync(path, 'utf8')
}

/** A page without its blocks of code, and what is quoted within lines. */
function prose(path: string): string {
  return read(path)
    .replace(/^```.*?^```$/gms, '')
    .replace(/`[^`\n]*`/g, '')
}

interface Link {
  page: string
  text: string
  /** Path from the root of the project. */
  target: string
  anchor: string | undefined
}

/** Links of a page to places in this project. */
function linksOf(page: string): Link[] {
  const found = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, text = '']) => text)
  return found
    .filter(text => !/^[a-z]+:/.test(text))
    .map(text => {
      const [path = '', anchor] = text.split('#')
      const target = path === '' ? page : normalize(join(dirname(page), path))
      return { page, text, target, anchor }
    })
}

/** Anchors that GitHub makes of the headings of a page. */
function anchorsOf(page: string): string[] {
  const headings = [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading)
  return headings.map(heading =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

const links = PAGES.flatMap(linksOf)

describe('links between the documents', () => {
  it('lead to files that are there', () => {
    const dead = links.filter(({ target }) => !existsSync(target))
    expect(dead.map(({ page, text }) => `${page}: ${text}`)).toEqual([])
  })

  it('lead to headings that are there', () => {
    const dead = links.filter(({ target, anchor }) => {
      return anchor !== undefined && existsSync(target) && !anchorsOf(target).includes(anchor)
    })
    expect(dead.map(({ page, text }) => `${page}: ${text}`)).toEqual([])
  })

  it('lead from README.md to every document', () => {
    const reached = new Set(['README.md'])
    for (const page of reached) {
      for (const link of links)
        if (link.page === page && PAGES.includes(link.target)) reached.add(link.target)
    }
    const documents = PAGES.filter(page => /^(docs|did-methods)\//.test(page) || !page.includes('/'))
    expect(documents.filter(page => !reached.has(page))).toEqual([])
  })
})

describe('what the documents say of the code', () => {
  it('docs/library.md lists every subpath of the package, and no other', () => {
    const listed = [...read('docs/library.md').matchAll(/^\| `rootline(\/[a-z-]+)` \|/gm)]
    const exported = Object.keys(manifest.exports).filter(subpath => subpath !== './package.json')
    expect(listed.map(([, subpath]) => `.${subpath}`).sort()).toEqual(exported.sort())
  })

  it('docs/ARCHITECTURE.md lists the layers in their order', () => {
    const listed = [...read('docs/ARCHITECTURE.md').matchAll(/^\| `((?:src\/[a-z]+)|did-methods)` \|/gm)]
    expect(listed.map(([, layer]) => layer)).toEqual(LAYERS.filter(layer => existsSync(layer)))
  })

  it('docs/ARCHITECTURE.md shows everything that is kept in the data folder', () => {
    const [, shown = ''] = /^DATA\/\n((?: {2}.*\n)+)/m.exec(read('docs/ARCHITECTURE.md')) ?? []
    const names = Object.values(dataFolder('DATA')).filter(path => path !== 'DATA')
    expect(names.filter(path => !new RegExp(`\\b${path.slice(5)}\\b`).test(shown))).toEqual([])
  })

  it('paths of this project that the documents name exist', () => {
    const named = PAGES.flatMap(page => {
      const found = read(page).matchAll(
        /(?<![\w/.-])(?:src|test|scripts|did-methods|docs)\/[\w./-]+\.(?:ts|md)\b/g,
      )
      return [...found].map(([path]) => `${page}: ${path}`)
    })
    const isMissing = (line: string) => !existsSync(line.slice(line.indexOf(': ') + 2))
    expect(named.length).toBeGreaterThan(0)
    expect(named.filter(isMissing)).toEqual([])
  })

  it('README.md lists the exit statuses', () => {
    const listed = [...read('README.md').matchAll(/^\| (\d+) \|/gm)].map(([, status]) => Number(status))
    expect(listed).toEqual(Object.values(EXIT))
  })

  it('the decisions are numbered without a gap, and all are in their list', () => {
    const files = readdirSync('docs/decisions').filter(name => name !== 'README.md')
    const titles = files.map(file => /^# (\d{4}): (.+)$/m.exec(read(`docs/decisions/${file}`)))
    const rows = files.map((file, i) => `| [${titles[i]?.[1]}](${file}) | ${titles[i]?.[2]} |`)
    expect(read('docs/decisions/README.md').match(/^\| \[.*$/gm)).toEqual(rows)
    expect(files.map(file => Number(file.slice(0, 4)))).toEqual(files.map((_, i) => i + 1))
  })

  it('decision 0008 gives the reason for every dependency', () => {
    const page = read('docs/decisions/0008-dependencies.md')
    const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
    const unexplained = names.filter(name => !name.startsWith('@types/') && !page.includes(`\`${name}\``))
    expect(unexplained).toEqual([])
  })
})

describe('commands in the documents', () => {
  const blocks = ['README.md', 'CONTRIBUTING.md'].flatMap(page => {
    return [...read(page).matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block)
  })
  const lines = blocks.flatMap(block => block.split('\n')).map(line => line.replace(/\s+#.*$/, ''))

  it('of npm are scripts of the package, or its own', () => {
    const scripts = lines.map(line => /^npm (?:run (?:-s )?)?([\w:-]+)/.exec(line)?.[1])
    const named = scripts.filter(script => script !== undefined && script !== 'ci')
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter(script => !Object.hasOwn(manifest.scripts, script ?? ''))).toEqual([])
  })

  it('of rootline are commands with options that it has', () => {
    const { stdin, stdout, stderr, env, platform } = process
    const program = buildProgram({ stdin, stdout, stderr, env, platform, exitStatus: 0 })
    const commands = lines.flatMap(line => line.split(/^npm run -s rootline -- /)[1] ?? [])
    expect(commands.length).toBeGreaterThan(2)
    for (const text of commands) {
      let command = program
      for (const word of text.split(' ')) {
        const inner = command.commands.find(known => known.name() === word)
        if (inner !== undefined) command = inner
        else if (word.startsWith('--')) {
          const options = [...command.options, ...program.options].map(option => option.long)
          expect(options, text).toContain(word)
        }
      }
      // A group of commands has no options of its own; one that has some does something itself.
      if (command.options.length === 0) expect(command.commands, `${text} names a command`).toEqual([])
    }
  })
})
