import type { Command } from 'commander'
import type { LoadedSettings, Origin } from './load-settings.ts'
import { loadSettings } from './load-settings.ts'
import type { KeyInput } from './prompt.ts'
import type { SettingName, Settings } from './settings.ts'
import { SETTING_NAMES } from './settings.ts'
import { Terminal } from './terminal.ts'

/** The process that commands run in, or what a test puts in its place. */
export interface Host {
  stdin: KeyInput
  stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number }
  stderr: NodeJS.WritableStream & { isTTY?: boolean }
  env: { readonly [name: string]: string | undefined }
  platform: NodeJS.Platform
  /** Takes the exit status of the command that ran. */
  exitStatus: number
}

/** What a command is given beside its arguments. */
export interface Run extends LoadedSettings {
  host: Host
  terminal: Terminal
  /** Options of the command line, by the name that they have in camel case. */
  options: { readonly [name: string]: unknown }
  /** True where questions may be asked: on a terminal, without --no-input. */
  interactive: boolean
}

/** Does a command; gives its exit status, 0 where it gives none. */
export type Handler = (run: Run, ...args: string[]) => Promise<number | undefined>

/** Makes a commander action of a handler: loads the settings, chooses the output. */
export function action(host: Host, handler: Handler) {
  return async (...args: unknown[]): Promise<void> => {
    const command = args.at(-1) as Command
    const options: { [name: string]: unknown } = command.optsWithGlobals()
    const positional = args
      .slice(0, -2)
      .flat()
      .filter(arg => typeof arg === 'string')
    const loaded = loadSettings({
      env: host.env,
      platform: host.platform,
      flags: settingFlags(options),
      ...(typeof options['config'] === 'string' ? { file: options['config'] } : {}),
    })
    const terminal = new Terminal({
      stdout: host.stdout,
      stderr: host.stderr,
      json: options['json'] === true,
      colour: options['color'] !== false && (host.env['NO_COLOR'] ?? '') === '',
    })
    const interactive = options['input'] !== false && host.stdin.isTTY === true
    host.exitStatus = (await handler({ ...loaded, host, terminal, options, interactive }, ...positional)) ?? 0
  }
}

/** Options that give a setting have its name. */
function settingFlags(options: { readonly [name: string]: unknown }): Partial<Record<SettingName, unknown>> {
  return Object.fromEntries(SETTING_NAMES.flatMap(name => (name in options ? [[name, options[name]]] : [])))
}

export type { Origin, Settings }
