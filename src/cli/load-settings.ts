import { readFileSync } from 'node:fs'
import { Value } from 'typebox/value'
import { CodecError } from '../codec/errors.ts'
import { isJsonObject, type JsonObject, parseJsonObject } from '../codec/json.ts'
import { CliError } from './errors.ts'
import {
  defaultSettings,
  environmentName,
  factsOf,
  type Machine,
  SETTING_NAMES,
  SETTINGS,
  type SettingName,
  type Settings,
  settingOfText,
} from './settings.ts'

/** Where the value of a setting came from. */
export type Origin = 'default' | 'flag' | `file ${string}` | `environment ${string}`

/** The settings that hold, and where each came from. */
export interface LoadedSettings {
  settings: Settings
  origins: Map<SettingName, Origin>
  /** Variables of the environment that look like settings and are none. */
  unknownVariables: string[]
}

/** What settings are made of. */
export interface Sources extends Machine {
  /** Values of the command line, by the name of the setting. */
  flags: { readonly [name: string]: unknown }
  /** File of settings; default: `ROOTLINE_CONFIG`, else none. */
  file?: string
}

/** Variables that are read elsewhere: the file of settings, and those of this project's tests. */
const OTHER_VARIABLES = ['ROOTLINE_CONFIG', 'ROOTLINE_CORPUS', 'ROOTLINE_SEED', 'ROOTLINE_PROPERTY_RUNS']

/**
 * The settings of a command: flags over environment over file over default.
 * @throws CliError CONFIG_INVALID, CONFIG_KEY_UNKNOWN
 */
export function loadSettings(sources: Sources): LoadedSettings {
  const { env, flags } = sources
  const values = new Map<SettingName, unknown>()
  const origins = new Map<SettingName, Origin>()
  const set = (name: SettingName, value: unknown, origin: Origin): void => {
    values.set(name, checked(name, value, origin))
    origins.set(name, origin)
  }
  const file = sources.file ?? env['ROOTLINE_CONFIG']
  for (const [name, value] of file === undefined ? [] : readSettingsFile(file))
    set(name, value, `file ${file}`)
  for (const name of SETTING_NAMES) {
    const variable = environmentName(name)
    const text = env[variable]
    if (text !== undefined) set(name, settingOfText(name, text), `environment ${variable}`)
    const flag = flags[name]
    if (flag !== undefined) set(name, typeof flag === 'string' ? settingOfText(name, flag) : flag, 'flag')
  }
  const given = Object.fromEntries(values) as Partial<Settings>
  const settings = { ...defaultSettings(given, sources), ...given }
  for (const name of SETTING_NAMES) if (!origins.has(name)) origins.set(name, 'default')
  return { settings, origins, unknownVariables: unknownVariables(env) }
}

/** The settings in a file, by name. @throws CliError CONFIG_INVALID, CONFIG_KEY_UNKNOWN */
export function readSettingsFile(path: string): [SettingName, unknown][] {
  return flatten(parseFile(path)).map(([name, value]) => {
    if (isSettingName(name)) return [name, value]
    throw new CliError(
      'CONFIG_KEY_UNKNOWN',
      `${path}: there is no setting ${JSON.stringify(name)}${similar(name)}`,
      {
        hint: 'docs/configuration.md lists the settings',
      },
    )
  })
}

function parseFile(path: string): JsonObject {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    throw new CliError('CONFIG_INVALID', `${path} cannot be read: ${messageOf(cause)}`, { cause })
  }
  try {
    return parseJsonObject(bytes)
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause
    throw new CliError('CONFIG_INVALID', `${path} is no JSON object: ${cause.message}`, { cause })
  }
}

/** `{ batch: { intervalMs: 1 } }` is the setting `batch.intervalMs`. */
function flatten(file: JsonObject): [string, unknown][] {
  return Object.entries(file).flatMap(([name, value]): [string, unknown][] => {
    const isGroup = isJsonObject(value) && !isSettingName(name)
    if (name.includes('.') || !isGroup)
      return [[name.includes('.') ? `${name} (write groups as objects)` : name, value]]
    return Object.entries(value).map(([member, inner]) => [`${name}.${member}`, inner])
  })
}

function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name)
}

function checked(name: SettingName, value: unknown, origin: Origin): unknown {
  const schema = SETTINGS[name]
  if (Value.Check(schema, value)) return value
  const [problem] = Value.Errors(schema, value)
  const from = origin === 'flag' ? 'the command line' : origin
  throw new CliError(
    'CONFIG_INVALID',
    `the setting ${name} from ${from}: ${problem?.message ?? 'it has a wrong type'}`,
    {
      hint: `${name}: ${factsOf(name).description}`,
    },
  )
}

function unknownVariables(env: Machine['env']): string[] {
  const known = new Set([...SETTING_NAMES.map(environmentName), ...OTHER_VARIABLES])
  return Object.keys(env).filter(name => name.startsWith('ROOTLINE_') && !known.has(name))
}

/** ` (did you mean ...?)` for a name that differs from a setting's in case or punctuation, or by one letter. */
function similar(name: string): string {
  const near = SETTING_NAMES.find(known => plain(known) === plain(name) || isOneEditAway(known, name))
  return near === undefined ? '' : ` (did you mean ${near}?)`
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z]/g, '')
}

function isOneEditAway(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let end = 0
  const most = Math.min(a.length, b.length) - start
  while (end < most && a[a.length - 1 - end] === b[b.length - 1 - end]) end++
  return a.length - start - end <= 1 && b.length - start - end <= 1
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
