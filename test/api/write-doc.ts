// Rewrites the tables of docs/errors.md: `npx node test/api/write-doc.ts`.
import { readFileSync, writeFileSync } from 'node:fs'
import { withTables } from './error-tables.ts'

const page = new URL('../../docs/errors.md', import.meta.url)
writeFileSync(page, withTables(readFileSync(page, 'utf8')))
