import { Command } from 'commander'
import { pino } from 'pino'
import { withExamples, withSettings } from '../options.ts'
import { action, type Host, type Run } from '../run.ts'

/** `rootline up`: a node, in the foreground. */
export function upCommand(host: Host): Command {
  const command = new Command('up')
    .description(
      'Start a node. Prints one line with its URL when it is ready, and runs until SIGTERM or SIGINT, which it follows ' +
        'once the batch under way is finished; a second one ends it at once.',
    )
    .option(
      '--accept-unknown-history',
      'begin on a log whose record of what it has published is lost. If this is not the newest copy of the folder, ' +
        'the log will sign a second history',
    )
  withExamples(command, 'rootline up', 'rootline up --data ./node --listen 127.0.0.1:8888')
  withSettings(command, 'data', 'listen', 'method', 'network', 'protocol', 'logName', 'logLevel')
  return command.action(action(host, up))
}

async function up({ settings, terminal, options, unknownVariables }: Run): Promise<undefined> {
  const stopping = firstSignal()
  const logger = pino({ level: settings.logLevel }, pino.destination({ dest: 2, sync: true }))
  for (const name of unknownVariables)
    logger.warn({ variable: name }, 'a variable of the environment is no setting')
  // Loaded only here: no other command needs the HTTP server.
  const { openNode } = await import('../up.ts')
  const node = await openNode(settings, {
    logger,
    acceptUnknownHistory: options['acceptUnknownHistory'] === true,
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

/** The first signal to end, also where it comes while the node starts; a second one ends the process at once. */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    let stopping = false
    const onSignal = (signal: NodeJS.Signals) => {
      // 128 and the number of the signal, as a shell reports it.
      if (stopping) process.exit(signal === 'SIGINT' ? 130 : 143)
      stopping = true
      resolve(signal)
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  })
}
