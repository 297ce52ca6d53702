// Rewrites the parts of docs/cli.md and docs/configuration.md that are made from the code: `npx node test/cli/write-doc.ts`.
import { readFileSync, writeFileSync } from 'node:fs'
import { withBlocks } from './doc-blocks.ts'

for (const name of ['cli.md', 'configuration.md']) {
  const page = new URL(`../../docs/${name}`, import.meta.url)
  writeFileSync(page, withBlocks(readFileSync(page, 'utf8')))
}
