import { PassThrough } from 'node:stream'
import type { Command } from 'commander'
import { CLI_ERRORS } from '../../src/cli/errors.ts'
import { buildProgram } from '../../src/cli/program.ts'
import {
  environmentName,
  factsOf,
  SETTING_NAMES,
  type SettingFacts,
  type SettingName,
} from '../../src/cli/settings.ts'

/** The parts of docs/cli.md and docs/configuration.md that are made from the code, by the name in their markers. */
export function docBlocks(): Record<string, string> {
  return { commands: commands(), errors: errorTable(), settings: settingTable() }
}

/** `page` with each block that it has markers for in its place. */
export function withBlocks(page: string): string {
  let out = page
  for (const [name, block] of Object.entries(docBlocks())) {
    const [start, end] = [`<!-- begin ${name} -->\n`, `<!-- end ${name} -->`]
    const [from, to] = [out.indexOf(start), out.indexOf(end)]
    if (from >= 0 && to >= from) out = `${out.slice(0, from + start.length)}\n${block}\n\n${out.slice(to)}`
  }
  return out
}

/** The help of every command, as it is printed. */
function commands(): string {
  const stream = new PassThrough()
  const host = {
    stdin: stream,
    stdout: stream,
    stderr: stream,
    env: {},
    platform: 'linux',
    exitStatus: 0,
  } as const
  return helpOf(buildProgram(host), '')
}

function helpOf(command: Command, parent: string): string {
  const name = `${parent}${command.name()}`
  let help = ''
  command.configureOutput({
    writeOut: text => (help += text),
    getOutHelpWidth: () => 100,
    getOutHasColors: () => false,
  })
  // The options of the program stand in its own help alone.
  command.configureHelp({ showGlobalOptions: false })
  command.outputHelp()
  const own = `## ${name}\n\n\`\`\`\n${help.trimEnd()}\n\`\`\``
  return [own, ...command.commands.map(inner => helpOf(inner, `${name} `))].join('\n\n')
}

function errorTable(): string {
  const rows = Object.entries(CLI_ERRORS).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`)
  return ['| code | meaning |\n|---|---|', ...rows].join('\n')
}

function settingTable(): string {
  const rows = SETTING_NAMES.map(name => {
    const facts = factsOf(name)
    const cells = [
      `\`${name}\``,
      `\`${environmentName(name)}\``,
      typeOf(facts),
      defaultOf(name),
      facts.description,
    ]
    return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  })
  return ['| setting | environment | type | default | |\n|---|---|---|---|---|', ...rows].join('\n')
}

function typeOf({ type, enum: words, minimum, maximum, exclusiveMinimum }: SettingFacts): string {
  if (words !== undefined) return words.map(word => `\`${word}\``).join(', ')
  if (type === 'array') return 'list of texts'
  if (type === 'string') return 'text'
  if (type === 'boolean') return '`true`, `false`'
  const least = minimum === undefined ? `more than ${exclusiveMinimum}` : `${minimum}`
  const most = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? ' or more' : ` to ${maximum}`
  return `${type === 'integer' ? 'whole number' : 'number'}, ${least}${most}`
}

/** A default that is a value of its setting stands as code; one in words as words. */
function defaultOf(name: SettingName): string {
  const { default: value } = factsOf(name)
  if (typeof value !== 'string') return `\`${JSON.stringify(value)}\``
  return value.includes(' ') || value === 'none' ? value : `\`${value}\``
}
