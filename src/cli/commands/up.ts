import { Command } from 'commander'
import { pino } from 'pino'
import { withExamples, withSettings } from '../options.ts'
import { action, type Host, type Run } from '../run.ts'
import { firstSignal } from '../signals.ts'

/** `rootline up`: a node, in the foreground. */
export function upCommand(host: Host): Command {
  const command = new Command('up')
    .description(
      'Start a node. Prints one line with its URL when it is ready, and runs until SIGTERM or SIGINT, which it follows ' +
        'once the batch under way is finished; a second one ends it at once.',
    )
    .option(
      '--accept-unknown-history',
      'begin on a log whose record of what it has published is lost, or, with another policy, whose witnesses before are. ' +
        'If this is not the newest copy of the folder, the log will sign a second history',
    )
  withExamples(
    command,
    'rootline up',
    'rootline up --data ./node --listen 127.0.0.1:8888',
    'rootline up --data ./node --kubo http://127.0.0.1:5001 --source https://gateway.example',
    'rootline up --data ./follower --follow https://log.example --log-key VKEY --policy witnesses.txt',
    'rootline up --data ./writer --follow https://log.example --log-key VKEY --write-token alice.token',
  )
  withSettings(command, 'data', 'listen', 'method', 'network', 'protocol', 'logName')
  withSettings(command, 'follow', 'logKey', 'writeToken', 'origin', 'policy', 'source', 'kubo', 'logLevel')
  return command.action(action(host, up))
}

async function up({ settings, terminal, options, unknownVariables }: Run): Promise<undefined> {
  const stopping = firstSignal()
  const logger = pino({ level: settings.logLevel }, pino.destination({ dest: 2, sync: true }))
  for (const name of unknownVariables)
    logger.warn({ variable: name }, 'a variable of the environment is no setting')
  // Loaded only here: no other command needs the HTTP server.
  const { openNode } = await import('../up.ts')
  const stop = new AbortController()
  void stopping.then(() => stop.abort())
  const node = await openNode(settings, {
    logger,
    acceptUnknownHistory: options['acceptUnknownHistory'] === true,
    signal: stop.signal,
  })
  terminal.result(
    { url: node.url, data: node.folder.path, pid: process.pid },
    () => `rootline is ready at ${node.url}`,
  )
  const signal = await stopping
  logger.info({ signal }, 'stopping: the batch under way is finished first')
  await node.close()
  logger.info('stopped')
}
