import { Command } from 'commander'
import { withExamples, withSettings } from '../options.ts'
import { action, type Host, type Run } from '../run.ts'
import { serveUntilSignal } from '../serve.ts'
import { wantedKey } from './witness.ts'

/** `rootline mirror`: a witness that holds what it cosigns, in the foreground. */
export function mirrorCommand(host: Host): Command {
  const command = new Command('mirror').description(
    'Start a mirror of a log: a witness (C2SP tlog-witness) that cosigns a checkpoint only once it holds every leaf and ' +
      'every file that the anchors name, and has made the map of the operations anew. It gives what it holds to anyone, at ' +
      '/ipfs/CID. The log names it in its policy as it names a witness. Run it on another machine, in other hands. Prints ' +
      'one line with its URL and key when it is ready, and runs until SIGTERM or SIGINT.',
  )
  command
    .option(
      '--name <name>',
      'name of its key, when it is made (default: localhost/witness- and eight random digits)',
    )
    .option('--type <type>', 'type of its key, when it is made: ed25519 or ml-dsa-44 (default: ed25519)')
  withExamples(
    command,
    'rootline mirror --data ./mirror --listen 127.0.0.1:7811 --follow http://log.example:7777 --log-key VKEY',
    'rootline witness key --data ./mirror',
  )
  withSettings(command, 'data', 'listen', 'follow', 'logKey', 'origin', 'source', 'protocol', 'logLevel')
  return command.action(action(host, start))
}

async function start(run: Run): Promise<undefined> {
  const { openMirror } = await import('../mirror.ts')
  const key = wantedKey(run.options)
  await serveUntilSignal(run, 'mirror', logger => openMirror(run.settings, { logger, key }))
}
