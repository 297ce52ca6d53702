import { canonicalize } from '../../src/codec/jcs.ts'
import type { JsonValue } from '../../src/codec/json.ts'
import { basesOf, CAUSES, CHECKS, type CheckCode, checkInfo } from '../../src/trust/codes.ts'
import { renderText } from '../../src/trust/render-text.ts'
import { PURPOSES } from '../../src/trust/terms.ts'
import { exampleReport } from './example.ts'

/** The parts of docs/trust-report.md that are made from the code, by the name in their markers. */
export function docBlocks(): Record<string, string> {
  return {
    json: fenced('json', oneElementPerLine(exampleReport() as unknown as { [name: string]: JsonValue })),
    text: fenced('text', renderText(exampleReport(), { width: 100 }).trimEnd()),
    checks: checkTable(),
    causes: causeTable(),
    purposes: purposeTable(),
  }
}

/** `page` with each block in its place. @throws TypeError a block has no markers */
export function withBlocks(page: string): string {
  let out = page
  for (const [name, block] of Object.entries(docBlocks())) {
    const [start, end] = [`<!-- begin ${name} -->\n`, `<!-- end ${name} -->`]
    const [from, to] = [out.indexOf(start), out.indexOf(end)]
    if (from < 0 || to < from) throw new TypeError(`no markers for ${name}`)
    out = `${out.slice(0, from + start.length)}\n${block}\n\n${out.slice(to)}`
  }
  return out
}

/** JSON with the members in canonical order, and a line for each element of the outer arrays. */
function oneElementPerLine(value: { [name: string]: JsonValue }): string {
  const members = Object.keys(value)
    .sort()
    .map(name => `${JSON.stringify(name)}: ${elements(value[name] ?? null)}`)
  return `{\n${members.join(',\n')}\n}`
}

function elements(value: JsonValue): string {
  if (!Array.isArray(value) || value.length === 0) return canonicalize(value)
  return `[\n  ${value.map(canonicalize).join(',\n  ')}\n]`
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``
}

function checkTable(): string {
  const rows = (Object.keys(CHECKS) as CheckCode[]).map(code => {
    const { meaning, fail = '', spec, relation, purpose, breaks = 'proof' } = checkInfo(code)
    const basis = basesOf(code).join(', ') + (purpose === undefined ? '' : ` (for \`${purpose}\`)`)
    const [of, results] = [breaks === 'proof' ? '' : ` A failure means: ${breaks}.`, resultNote(code)]
    return `| \`${code}\` | ${meaning}${results} | ${fail}${of} | ${relation} | ${basis} | ${spec} |`
  })
  const head =
    '| code | what a pass means | if it does not pass | relation | basis | specification |\n|---|---|---|---|---|---|'
  return [head, ...rows].join('\n')
}

function resultNote(code: CheckCode): string {
  const { never = [] } = checkInfo(code)
  return never.length === 0 ? '' : ` (Never: ${never.join(', ')}.)`
}

function causeTable(): string {
  const rows = Object.entries(CAUSES).map(
    ([code, { meaning, fail }]) => `| \`${code}\` | ${meaning} | ${fail} |`,
  )
  return ['| code | meaning | what to do |\n|---|---|---|', ...rows].join('\n')
}

function purposeTable(): string {
  const rows = Object.entries(PURPOSES).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`)
  return ['| purpose | what the root is believed about |\n|---|---|', ...rows].join('\n')
}
