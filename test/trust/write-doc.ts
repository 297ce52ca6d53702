// Rewrites the parts of docs/trust-report.md that are made from the code: `npx node test/trust/write-doc.ts`.
import { readFileSync, writeFileSync } from 'node:fs'
import { withBlocks } from './doc-blocks.ts'

const page = new URL('../../docs/trust-report.md', import.meta.url)
writeFileSync(page, withBlocks(readFileSync(page, 'utf8')))
