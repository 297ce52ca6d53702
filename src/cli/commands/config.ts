import { Command } from 'commander'
import { withExamples, withSettings } from '../options.ts'
import { action, type Host, type Run } from '../run.ts'
import { SETTING_NAMES } from '../settings.ts'
import { table } from '../terminal.ts'

/** `rootline config`: what the settings are, and where each comes from. */
export function configCommand(host: Host): Command {
  const config = new Command('config').description(
    'Check and print the settings. docs/configuration.md lists them.',
  )
  config.addCommand(checkCommand(host))
  config.addCommand(printCommand(host))
  return config
}

function checkCommand(host: Host): Command {
  const command = new Command('check').description('Check the settings: file, environment and command line.')
  withExamples(command, 'rootline config check --config rootline.json')
  return everySetting(command).action(action(host, check))
}

async function check(run: Run): Promise<undefined> {
  const { terminal, unknownVariables } = run
  for (const name of unknownVariables)
    terminal.note(`warning: ${name} is in the environment and is no setting`)
  terminal.result({ valid: true, unknownVariables }, () => 'the settings are valid')
}

function printCommand(host: Host): Command {
  const command = new Command('print')
    .description('Print the settings that hold.')
    .option('--origins', 'say where each comes from: flag, environment, file or default')
  withExamples(
    command,
    'rootline config print',
    'ROOTLINE_LISTEN=0.0.0.0:80 rootline config print --origins --json',
  )
  return everySetting(command).action(action(host, print))
}

async function print({ settings, origins, options, terminal }: Run): Promise<undefined> {
  const withOrigins = options['origins'] === true
  const rows = SETTING_NAMES.map(name => ({
    name,
    value: settings[name],
    origin: origins.get(name) ?? 'default',
  }))
  const value = Object.fromEntries(
    rows.map(({ name, value = null, origin }) => [name, withOrigins ? { value, origin } : value]),
  )
  terminal.result(value, () =>
    table(
      rows.map(({ name, value, origin }) => [
        name,
        value === undefined ? '-' : typeof value === 'string' ? value : JSON.stringify(value),
        ...(withOrigins ? [origin] : []),
      ]),
    ),
  )
}

/** Every setting that some command takes as an option. */
function everySetting(command: Command): Command {
  return withSettings(
    command,
    'data',
    'listen',
    'method',
    'network',
    'protocol',
    'logName',
    'logLevel',
    'node',
    'tokenFile',
    'keystore',
    'passphraseFile',
  )
}
