import { type Command, Option } from 'commander'
import { factsOf, type SettingName } from './settings.ts'

/** The options of the command line that give a setting: `--token-file FILE` gives `tokenFile`. */
const FLAGS = {
  data: '--data <dir>',
  listen: '--listen <host:port>',
  method: '--method <name>',
  network: '--network <label>',
  protocol: '--protocol <name>',
  logName: '--log-name <name>',
  follow: '--follow <url>',
  logKey: '--log-key <vkey>',
  writeToken: '--write-token <file>',
  origin: '--origin <name>',
  policy: '--policy <file>',
  source: '--source <url>',
  kubo: '--kubo <url>',
  logLevel: '--log-level <level>',
  node: '--node <url>',
  tokenFile: '--token-file <file>',
  keystore: '--keystore <file>',
  passphraseFile: '--passphrase-file <file>',
  timeout: '--timeout <seconds>',
} as const satisfies { readonly [name in SettingName]?: string }

/** Adds options that give settings, each described as its setting is. */
export function withSettings(command: Command, ...names: (keyof typeof FLAGS)[]): Command {
  for (const name of names) {
    const { description, default: value, type } = factsOf(name)
    const option = new Option(FLAGS[name], `${description} (default: ${defaultText(value)})`)
    command.addOption(type === 'array' ? option.argParser(collect) : option)
  }
  return command
}

function defaultText(value: unknown): string {
  return Array.isArray(value) ? 'none' : String(value)
}

/** Adds examples, which stand before everything else in the help of a command. */
export function withExamples(command: Command, ...examples: string[]): Command {
  return command.addHelpText('before', `Examples:\n${examples.map(example => `  ${example}`).join('\n')}\n`)
}

/** Collects an option that can be given more than once. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value]
}

/** An option that was given once or more. */
export function list(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : []
}

/** A text option, or undefined. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
