import type { FastifyBaseLogger } from 'fastify'
import { pino } from 'pino'
import type { Run } from './run.ts'
import { firstSignal } from './signals.ts'
import type { RunningWitness } from './witness.ts'

/**
 * Runs a witness, or what is one, in the foreground: prints one line when it is ready, and ends it at a signal.
 * @param what as the line calls it
 */
export async function serveUntilSignal(
  { settings, terminal }: Run,
  what: string,
  open: (logger: FastifyBaseLogger) => Promise<RunningWitness>,
): Promise<void> {
  const stopping = firstSignal()
  const logger = pino({ level: settings.logLevel }, pino.destination({ dest: 2, sync: true }))
  const { url, vkey, close } = await open(logger)
  terminal.result(
    { url, vkey, data: settings.data, pid: process.pid },
    () => `the ${what} is ready at ${url} ${vkey}`,
  )
  const signal = await stopping
  logger.info({ signal }, 'stopping')
  await close()
  logger.info('stopped')
}
