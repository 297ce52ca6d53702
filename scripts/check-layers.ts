/**
 * Checks the structure of the project: layers, circles of imports, the one composition root, and words that may
 * stand nowhere. Prints each finding as `file:line rule: message` and exits with status 1 where there is one.
 *
 * usage: node scripts/check-layers.ts [FOLDER]
 */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { checkCircles } from './checks/circles.ts'
import { checkComposition } from './checks/composition.ts'
import { checkFolders, checkLayers } from './checks/layers.ts'
import { type Finding, listFiles, readSources } from './checks/source.ts'
import { checkSyntax, checkWords } from './checks/words.ts'

/** All findings in the project whose root is `root`, by file and line. */
export function checkProject(root: string): Finding[] {
  const paths = listFiles(root)
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies?: object
    optionalDependencies?: object
  }
  const packages = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })
  const sources = readSources(root, paths)
  return [
    ...checkFolders(paths),
    ...checkLayers(sources, packages),
    ...checkCircles(sources),
    ...checkComposition(sources),
    ...checkSyntax(sources),
    ...checkWords(root, paths),
  ].sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1))
}

if (import.meta.main) {
  const findings = checkProject(resolve(process.argv[2] ?? '.'))
  for (const { file, line, rule, message } of findings) console.log(`${file}:${line} ${rule}: ${message}`)
  if (findings.length > 0) process.exitCode = 1
}
