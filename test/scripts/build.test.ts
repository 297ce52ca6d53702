import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { checkBuild, type Manifest } from '../../scripts/build.ts'
import { tempFolder } from '../temp.ts'

const root = tempFolder()
const manifest: Manifest = {
  bin: { tool: 'dist/main.js' },
  exports: { './a': { types: './dist/a.d.ts', default: './dist/a.js' }, './package.json': './package.json' },
}

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

it('names each file that package.json promises and the build did not make', () => {
  put('package.json', '{}')
  put('dist/a.js', '')
  expect(checkBuild(root, manifest)).toEqual([
    "exports './a': ./dist/a.d.ts does not exist",
    "bin 'tool': dist/main.js does not exist",
  ])
})

it('refuses a command that a shell would not give to node', () => {
  put('dist/a.d.ts', '')
  put('dist/main.js', 'export {}\n')
  expect(checkBuild(root, manifest)).toEqual([
    "bin 'tool': dist/main.js does not begin with '#!/usr/bin/env node'",
  ])
})

it('finds nothing wrong where all is there', () => {
  put('dist/main.js', '#!/usr/bin/env node\nexport {}\n')
  expect(checkBuild(root, manifest)).toEqual([])
})

it('the lock names no registry host', () => {
  expect(readFileSync('package-lock.json', 'utf8')).not.toMatch(/"resolved":/)
})

it('each subpath of the package gives types before code', () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
  const targets = Object.entries(exports).filter(([subpath]) => subpath !== './package.json')
  expect(targets.length).toBeGreaterThan(0)
  for (const [subpath, target] of targets) {
    expect(Object.keys(target), subpath).toEqual(['types', 'default'])
  }
})
