/**
 * Makes `dist/`: compiles with tsc, makes the commands executable, and checks that every file that package.json
 * promises is there. Exits with status 1 where one is missing.
 *
 * usage: node scripts/build.ts [FOLDER]   makes FOLDER/dist; default: that of this project
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The members of package.json that promise files. */
export interface Manifest {
  bin: Record<string, string>
  exports: Record<string, string | Record<string, string>>
}

/** What is wrong with the built files of the package in `root`: one sentence each. */
export function checkBuild(root: string, { bin, exports }: Manifest): string[] {
  const problems: string[] = []
  for (const [subpath, target] of Object.entries(exports)) {
    for (const path of typeof target === 'string' ? [target] : Object.values(target)) {
      if (!existsSync(join(root, path))) problems.push(`exports '${subpath}': ${path} does not exist`)
    }
  }
  for (const [name, path] of Object.entries(bin)) {
    const file = join(root, path)
    if (!existsSync(file)) problems.push(`bin '${name}': ${path} does not exist`)
    else if (!readFileSync(file, 'utf8').startsWith('#!/usr/bin/env node\n')) {
      problems.push(`bin '${name}': ${path} does not begin with '#!/usr/bin/env node'`)
    }
  }
  return problems
}

/** Builds the package of the project in `root` into `out`, and gives the exit status. */
function build(root: string, out: string): number {
  const dist = join(out, 'dist')
  rmSync(dist, { recursive: true, force: true })
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const compiled = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', dist], {
    cwd: root,
    stdio: 'inherit',
  })
  if (compiled.status !== 0) return compiled.status ?? 1
  if (out !== root) copyFileSync(join(root, 'package.json'), join(out, 'package.json'))

  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
  const problems = checkBuild(out, manifest)
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) return 1
  for (const path of Object.values(manifest.bin)) chmodSync(join(out, path), 0o755)
  return 0
}

if (import.meta.main) {
  const root = resolve('.')
  const out = resolve(process.argv[2] ?? root)
  mkdirSync(out, { recursive: true })
  process.exitCode = build(root, out)
}
