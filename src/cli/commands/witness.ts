import { Command } from 'commander'
import { collect, list, text, withExamples, withSettings } from '../options.ts'
import { action, type Host, type Run } from '../run.ts'
import { serveUntilSignal } from '../serve.ts'
import type { WantedKey } from '../witness-key.ts'

const KEY_TYPE = 'type of its key, when it is made: ed25519 or ml-dsa-44 (default: ed25519)'

/** `rootline witness`: a witness of logs, in the foreground. */
export function witnessCommand(host: Host): Command {
  const command = new Command('witness').description(
    'Start a witness (C2SP tlog-witness): it cosigns checkpoints of the logs that it is told of, each only if it continues ' +
      'the one before. Run it on another machine than the log, in other hands. Prints one line with its URL and key when it ' +
      'is ready, and runs until SIGTERM or SIGINT.',
  )
  command
    .option('--log <vkey>', 'a log to witness, VKEY or ORIGIN=VKEY; can be given again', collect)
    .option('--policy <file>', 'a tlog-policy file whose logs are witnessed')
    .option(
      '--name <name>',
      'name of its key, when it is made (default: localhost/witness- and eight random digits)',
    )
    .option('--type <type>', KEY_TYPE)
  withExamples(
    command,
    'rootline witness --data ./witness --listen 127.0.0.1:7801 --log VKEY',
    'rootline witness key --data ./witness',
    'rootline witness key --data ./witness --make --type ml-dsa-44',
  )
  withSettings(command, 'data', 'listen', 'logLevel')
  command.action(action(host, start))
  command.addCommand(keyCommand(host))
  return command
}

function keyCommand(host: Host): Command {
  const command = new Command('key')
    .description(
      'Print the key that verifies the cosignatures of the witness in a folder. With --make the key is made where there ' +
        'is none, so that its logs can know it before the witness runs.',
    )
    .option('--make', 'make the key where the folder has none')
    .option('--type <type>', KEY_TYPE)
    .option('--name <name>', 'name of its key, when it is made')
  withExamples(
    command,
    'rootline witness key --data ./witness',
    'rootline witness key --data ./witness --make --type ml-dsa-44 --name witness.example',
  )
  return withSettings(command, 'data').action(action(host, key))
}

async function start(run: Run): Promise<undefined> {
  const { settings, options } = run
  const { openWitness } = await import('../witness.ts')
  const policy = text(options['policy'])
  await serveUntilSignal(run, 'witness', logger =>
    openWitness({
      data: settings.data,
      listen: settings.listen,
      logs: list(options['log']),
      requestsPerMinute: settings['limits.requestsPerMinute'],
      logger,
      ...(policy === undefined ? {} : { policy }),
      key: wantedKey(options),
    }),
  )
}

async function key({ settings, terminal, options }: Run): Promise<undefined> {
  const { makeWitnessKey, readWitnessKey } = await import('../witness-key.ts')
  const { data } = settings
  const { verifier } =
    options['make'] === true ? await makeWitnessKey(data, wantedKey(options)) : await readWitnessKey(data)
  terminal.result({ vkey: verifier.vkey }, () => verifier.vkey)
}

/** The key that the options ask for. */
export function wantedKey(options: Run['options']): WantedKey {
  const [name, type] = [text(options['name']), text(options['type'])]
  return { ...(name === undefined ? {} : { name }), ...(type === undefined ? {} : { type }) }
}
