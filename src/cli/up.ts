import { randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { createDidResolver, jwkDriver, keyDriver, webDriver } from '../../did-methods/index.ts'
import { buildServer } from '../api/server.ts'
import { EmbeddedContentStore } from '../content/embedded/embedded-content-store.ts'
import { systemClock } from '../ledger/log/clock.ts'
import { generateLogKey } from '../ledger/log/key.ts'
import { publishedCheckpointFile } from '../ledger/log/published-checkpoint.ts'
import { TransparencyLog } from '../ledger/log/transparency-log.ts'
import type { NoteSigner } from '../merkle/signing-key.ts'
import { type NodeEvent, type NodeSettings, startNode } from '../node/node.ts'
import type { SidetreeNode } from '../node/types.ts'
import type { DidMethod } from '../sidetree/did.ts'
import { PROTOCOL_VERSIONS } from '../sidetree/parameters.ts'
import { Store } from '../store/store.ts'
import { EXIT } from '../trust/exit-status.ts'
import {
  type DataFolder,
  dataFolder,
  generateToken,
  makeDataFolder,
  readSecretFile,
  systemCode,
  writeSecretFile,
} from './data-folder.ts'
import { CliError } from './errors.ts'
import { parseLogKey, readLogKey } from './log-key.ts'
import type { Settings } from './settings.ts'
import { packageVersion } from './version.ts'

/** Who anchors, in the words of the embedded log: the node that it is part of. */
const WRITER = 'local'

/** How long a start waits for the node to read what is new on its ledger, in milliseconds. */
const CATCH_UP_MS = 30_000

/** How long a stop waits for requests that are under way, in milliseconds. */
const LAST_ANSWERS_MS = 5_000

export interface OpenOptions {
  /** Default: nothing is logged. */
  logger?: FastifyBaseLogger
  /** Opens a log beside which no published checkpoint is kept. Default false. */
  acceptUnknownHistory?: boolean
}

/** A node that runs, with its HTTP server. */
export interface RunningNode {
  /** Where it listens. */
  url: string
  token: string
  folder: DataFolder
  node: SidetreeNode
  log: TransparencyLog
  content: EmbeddedContentStore
  /** Answers what was asked, finishes the batch under way, and leaves everything durable. */
  close(): Promise<void>
}

/** The parts of a node's folder that are not the node's own database, open. */
export interface OpenLedger {
  log: TransparencyLog
  content: EmbeddedContentStore
  close(): Promise<void>
}

/**
 * Puts a node together in its folder, as `rootline up` runs it: the one place that chooses the adapters of the ports.
 * @throws CliError, StoreError, LedgerError, NodeError
 */
export async function openNode(settings: Settings, options: OpenOptions = {}): Promise<RunningNode> {
  const folder = dataFolder(settings.data)
  requireNoRepair(folder)
  return closingOnFailure(async closers => {
    const { log, content } = await openLedgerInto(closers, settings, options)
    const store = await openStore(closers, folder.node)
    const token = await readOrMake(folder.token, generateToken)
    const { logger } = options
    const node = await startNode({
      method: methodOf(settings),
      versions: PROTOCOL_VERSIONS[settings.protocol],
      store,
      content,
      ledger: log,
      writer: WRITER,
      settings: nodeSettings(settings),
      ...(logger === undefined ? {} : { onEvent: event => logEvent(logger, event) }),
    })
    closers.push(() => node.stop())
    await catchUp(node)
    const url = await listen(closers, settings, { node, log, content, token, logger })
    return { url, token, folder, node, log, content, close: () => closeAll(closers) }
  })
}

/** Opens the log and the content of a folder, for what works on them without a node. @throws as {@link openNode} */
export async function openLedger(settings: Settings): Promise<OpenLedger> {
  return closingOnFailure(async closers => {
    const { log, content } = await openLedgerInto(closers, settings, {})
    return { log, content, close: () => closeAll(closers) }
  })
}

/** The content in a database that is open already. */
export function contentIn(store: Store): EmbeddedContentStore {
  return new EmbeddedContentStore(store)
}

export function methodOf({ method, network }: Settings): DidMethod {
  return network === undefined ? { name: method } : { name: method, network }
}

type Closers = (() => Promise<void>)[]

async function closingOnFailure<T>(open: (closers: Closers) => Promise<T>): Promise<T> {
  const closers: Closers = []
  try {
    return await open(closers)
  } catch (error) {
    // What failed to open is the news, not that closing failed too.
    await closeAll(closers).catch(() => {})
    throw error
  }
}

/** Closes what was opened, the last first; all of it, also where something fails. */
async function closeAll(closers: Closers): Promise<void> {
  const failures: unknown[] = []
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
    await close().catch((error: unknown) => failures.push(error))
  }
  if (failures.length > 0) throw failures[0]
}

async function openStore(closers: Closers, location: string): Promise<Store> {
  const store = await Store.open(location)
  closers.push(() => store.close())
  return store
}

/** The databases come first: whoever has them open is the one process that may make the other files. */
async function openLedgerInto(
  closers: Closers,
  settings: Settings,
  options: OpenOptions,
): Promise<Pick<OpenLedger, 'log' | 'content'>> {
  const folder = dataFolder(settings.data)
  await makeDataFolder(folder)
  const logStore = await openStore(closers, folder.log)
  const content = new EmbeddedContentStore(await openStore(closers, folder.content))
  closers.push(() => content.close())
  const signer = await logSigner(folder, logStore, settings)
  const log = await TransparencyLog.open({
    store: logStore,
    published: publishedCheckpointFile(folder.checkpoint),
    signer,
    origin: signer.verifier.name,
    clock: systemClock,
    acceptUnknownHistory: options.acceptUnknownHistory ?? false,
  })
  closers.push(() => log.close())
  return { log, content }
}

/** @throws CliError REPAIR_UNFINISHED */
function requireNoRepair({ node, nodeRebuilt, path }: DataFolder): void {
  if (existsSync(node) || !existsSync(nodeRebuilt)) return
  throw new CliError('REPAIR_UNFINISHED', `a repair of ${path} was stopped just before its end`, {
    hint: 'run "rootline repair" again',
  })
}

/** The log's key: that of the folder, or a new one for a new log. */
async function logSigner(folder: DataFolder, store: Store, { logName }: Settings): Promise<NoteSigner> {
  const found = await readLogKey(folder)
  if (found === undefined && !(await isEmpty(store))) {
    throw new CliError('LOG_KEY_MISSING', `${folder.log} holds a log, and its key ${folder.logKey} is gone`, {
      hint: 'put back the file log.key from a copy; with another key, this would be another log',
      status: EXIT.internal,
    })
  }
  if (found !== undefined) {
    const { name } = found.verifier
    if (logName === undefined || logName === name) return found
    throw new CliError(
      'LOG_NAME_MISMATCH',
      `the log in ${folder.path} is ${name}, and logName says ${logName}`,
      {
        hint: 'a log keeps its name: take logName out of the settings, or use another folder',
      },
    )
  }
  const key = generateLogKey(logName ?? `localhost/rootline-${String(randomInt(1e8)).padStart(8, '0')}`)
  await writeSecretFile(folder.logKey, key)
  return parseLogKey(folder.logKey, key)
}

async function isEmpty(store: Store): Promise<boolean> {
  for await (const _ of store.keys({ limit: 1 })) return false
  return true
}

async function readOrMake(path: string, make: () => string): Promise<string> {
  const found = await readSecretFile(path)
  if (found !== undefined && found !== '') return found
  const made = make()
  await writeSecretFile(path, made)
  return made
}

function nodeSettings(settings: Settings): NodeSettings {
  const { workers } = settings
  const maxBatchOperations = settings['batch.maxOperations']
  return {
    batchIntervalMs: settings['batch.intervalMs'],
    pollMs: settings['observer.pollMs'],
    fetchTimeoutMs: settings['observer.fetchTimeoutMs'],
    queue: { maxOperations: settings['queue.maxOperations'], maxPerDid: settings['queue.maxPerDid'] },
    ...(workers === undefined ? {} : { workers }),
    ...(maxBatchOperations === undefined ? {} : { maxBatchOperations }),
  }
}

/** Waits until the node has read what is on its ledger, but not for ever: it can answer and say that it is behind. */
async function catchUp(node: SidetreeNode): Promise<void> {
  const deadline = Date.now() + CATCH_UP_MS
  while (Date.now() < deadline) {
    const { observer } = await node.status()
    if (observer.lag === 0 || observer.lastError !== undefined) return
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

async function listen(
  closers: Closers,
  settings: Settings,
  parts: Pick<RunningNode, 'node' | 'log' | 'content' | 'token'> & { logger: FastifyBaseLogger | undefined },
): Promise<string> {
  const { logger, ...served } = parts
  const { host, port } = splitAddress(settings.listen)
  const server = await buildServer({
    ...served,
    hosts: allowedHosts(host, settings.hosts),
    methods: {
      resolver: createDidResolver(
        keyDriver(),
        jwkDriver(),
        webDriver({ allowPrivate: settings['web.allowPrivate'] }),
      ),
      fetching: ['web'],
    },
    limits: apiLimits(settings),
    version: packageVersion(),
    trustedProxies: settings.trustedProxies,
    ...(logger === undefined ? {} : { logger }),
  })
  closers.push(() => closeServer(server))
  try {
    await server.listen({ host, port })
  } catch (cause) {
    throw cannotListen(settings.listen, cause)
  }
  const address = server.server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return `http://${isIPv6(host) ? `[${host}]` : host}:${bound}`
}

/** Answers what was asked; but a client that never finishes its request does not hold up the end. */
async function closeServer(server: Awaited<ReturnType<typeof buildServer>>): Promise<void> {
  const timer = setTimeout(() => server.server.closeAllConnections(), LAST_ANSWERS_MS)
  await server.close()
  clearTimeout(timer)
}

function splitAddress(listen: string): { host: string; port: number } {
  const colon = listen.lastIndexOf(':')
  const host = listen.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  const port = Number(listen.slice(colon + 1))
  if (port <= 65_535) return { host, port }
  throw new CliError('CONFIG_INVALID', `the setting listen: there is no port ${port}`)
}

/** Names that a page of another origin cannot make its own, at any port; and what the operator names. */
function allowedHosts(listenHost: string, more: readonly string[]): string[] {
  const own = isIPv6(listenHost) ? `[${listenHost}]` : listenHost
  return [...new Set(['localhost', '127.0.0.1', '[::1]', own, ...more])]
}

function apiLimits(settings: Settings) {
  return {
    bodyBytes: settings['limits.bodyBytes'],
    urlLength: settings['limits.urlLength'],
    requestsPerMinute: settings['limits.requestsPerMinute'],
    reports: settings['limits.reports'],
    downloads: settings['limits.downloads'],
    foreignResolutions: settings['limits.foreignResolutions'],
    fileBytes: settings['limits.fileBytes'],
    blockBytes: settings['limits.blockBytes'],
    requestTimeoutMs: settings['limits.requestTimeoutMs'],
    readyLag: settings['limits.readyLag'],
    readyUnresolvableMs: settings['limits.readyUnresolvableMs'],
  }
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

function logEvent(logger: FastifyBaseLogger, event: NodeEvent): void {
  switch (event.type) {
    case 'accepted':
      logger.debug({ operation: event.id }, 'operation accepted')
      break
    case 'batched':
      logger.info({ operations: event.operations }, 'batch anchored')
      break
    case 'applied':
      logger.info(
        { transaction: event.transaction.number, operations: event.operations, late: event.late },
        'transaction applied',
      )
      break
    case 'invalid':
      logger.warn(
        { transaction: event.transaction.number, code: event.code },
        'transaction counts for nothing',
      )
      break
    case 'unresolvable':
      logger.warn(
        { transaction: event.transaction.number, code: event.code, attempts: event.attempts },
        'files of a transaction cannot be had',
      )
      break
    case 'reorganised':
      logger.warn({ reverted: event.reverted }, 'the ledger was reorganised')
      break
    case 'batch-failed':
      logger.error({ err: event.error }, 'a batch failed; it is tried again')
      break
    case 'failed':
      logger.error({ err: event.error }, 'a look at the ledger failed; it is tried again')
      break
  }
}
