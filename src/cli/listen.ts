import { isIPv6 } from 'node:net'
import { systemCode } from './data-folder.ts'
import { CliError } from './errors.ts'

/** How long a stop waits for requests that are under way, in milliseconds. */
const LAST_ANSWERS_MS = 5_000

/** What is needed of a server of Fastify. */
interface Server {
  listen(address: { host: string; port: number }): Promise<string>
  close(): Promise<void>
  server: { address(): unknown; closeAllConnections(): void }
}

/** Lets a server listen on HOST:PORT, and gives the URL that it has then. @throws CliError ADDRESS_UNAVAILABLE, CONFIG_INVALID */
export async function listenOn(server: Server, listen: string): Promise<string> {
  const { host, port } = splitAddress(listen)
  try {
    await server.listen({ host, port })
  } catch (cause) {
    throw cannotListen(listen, cause)
  }
  const address = server.server.address()
  const isBound = typeof address === 'object' && address !== null && 'port' in address
  return `http://${isIPv6(host) ? `[${host}]` : host}:${isBound ? address.port : port}`
}

/** Answers what was asked; but a client that never finishes its request does not hold up the end. */
export async function closeServer(server: Server): Promise<void> {
  const timer = setTimeout(() => server.server.closeAllConnections(), LAST_ANSWERS_MS)
  await server.close()
  clearTimeout(timer)
}

/** @throws CliError CONFIG_INVALID */
export function splitAddress(listen: string): { host: string; port: number } {
  const colon = listen.lastIndexOf(':')
  const host = listen.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  const port = Number(listen.slice(colon + 1))
  if (port <= 65_535) return { host, port }
  throw new CliError('CONFIG_INVALID', `the setting listen: there is no port ${port}`)
}

function cannotListen(listen: string, cause: unknown): CliError {
  const code = systemCode(cause)
  const taken = code === 'EADDRINUSE'
  const reason = taken
    ? 'another program listens there'
    : cause instanceof Error
      ? cause.message
      : String(cause)
  return new CliError('ADDRESS_UNAVAILABLE', `cannot listen on ${listen}: ${reason}`, {
    hint: taken
      ? 'choose another port with --listen, or stop the other program'
      : 'choose another address with --listen',
    cause,
  })
}
