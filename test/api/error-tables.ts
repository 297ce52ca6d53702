import { DID_ERRORS } from '../../did-methods/index.ts'
import { RESOLUTION_ERRORS } from '../../did-methods/result.ts'
import { PROBLEM_TYPES } from '../../src/api/problem-types.ts'
import { PROTOCOL_TITLES } from '../../src/api/protocol-titles.ts'

/** The tables of docs/errors.md, by the name in their markers. */
export function errorTables(): Record<string, string> {
  return { problems: problemTable(), resolution: resolutionTable(), protocol: protocolTable() }
}

/** `page` with each table in its place. @throws TypeError a table has no markers */
export function withTables(page: string): string {
  let out = page
  for (const [name, table] of Object.entries(errorTables())) {
    const [start, end] = [`<!-- begin ${name} -->\n`, `<!-- end ${name} -->`]
    const [from, to] = [out.indexOf(start), out.indexOf(end)]
    if (from < 0 || to < from) throw new TypeError(`no markers for ${name}`)
    out = `${out.slice(0, from + start.length)}\n${table}\n\n${out.slice(to)}`
  }
  return out
}

function problemTable(): string {
  const rows = Object.entries(PROBLEM_TYPES).map(([code, { status, title, retryAfter }]) => {
    const again = retryAfter === undefined ? '' : `${retryAfter} s`
    return `| \`${code}\` | ${status} | ${title} | ${again} |`
  })
  return ['| code | status | meaning | Retry-After |\n|---|---|---|---|', ...rows].join('\n')
}

function resolutionTable(): string {
  const rows = Object.entries(DID_ERRORS).map(([code, { error }]) => {
    const { type, status } = RESOLUTION_ERRORS[error]
    return `| \`${code}\` | \`${type.replace(/^.*#/, '')}\` | ${status} |`
  })
  return ['| code | error | status |\n|---|---|---|', ...rows].join('\n')
}

function protocolTable(): string {
  const rows = Object.entries(PROTOCOL_TITLES).map(([code, title]) => `| \`${code}\` | ${title} |`)
  return ['| code | meaning |\n|---|---|', ...rows].join('\n')
}
