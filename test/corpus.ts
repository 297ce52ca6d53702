import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The folder of published vectors, outside the project; tests copy nothing from it. */
const ROOT = resolve(process.env['ROOTLINE_CORPUS'] ?? '../shared/corpus')

/** True where the corpus is present. Where it is not, a corpus test says so in one line and is skipped. */
export const hasCorpus = existsSync(ROOT)
if (!hasCorpus) console.log(`skipped: no corpus at ${ROOT} (set ROOTLINE_CORPUS)`)

/** Absolute path of a corpus file. */
export function corpusPath(...parts: string[]): string {
  return join(ROOT, ...parts)
}

/** Bytes of a corpus file. */
export function corpusBytes(...parts: string[]): Buffer {
  return readFileSync(corpusPath(...parts))
}

/** Parsed JSON of a corpus file, as the shape that the test expects of it. */
export function corpusJson<T>(...parts: string[]): T {
  return JSON.parse(corpusBytes(...parts).toString('utf8')) as T
}
