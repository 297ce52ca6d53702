import { randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { FastifyBaseLogger } from 'fastify'
import { createDidResolver, jwkDriver, keyDriver, webDriver } from '../../did-methods/index.ts'
import type { ApiParts, ContentState, LogReader } from '../api/parts.ts'
import { buildServer } from '../api/server.ts'
import { EmbeddedContentStore } from '../content/embedded/embedded-content-store.ts'
import { GatewaySource } from '../content/gateway/gateway-source.ts'
import { KuboContentStore } from '../content/kubo/kubo-content-store.ts'
import { KuboMirror } from '../content/kubo/kubo-mirror.ts'
import { KuboNetwork } from '../content/kubo/kubo-network.ts'
import { KuboRpc } from '../content/kubo/kubo-rpc.ts'
import type { ContentSource } from '../content/source.ts'
import { SourceCounts } from '../content/source-counts.ts'
import { SourcedContentStore } from '../content/sourced-content-store.ts'
import type { BlockSource, ContentStore } from '../content/types.ts'
import { FollowedLog } from '../ledger/follower/followed-log.ts'
import { systemClock } from '../ledger/log/clock.ts'
import { keepPolicy, keptPolicy } from '../ledger/log/kept-policy.ts'
import { generateLogKey } from '../ledger/log/key.ts'
import type { LeafSource } from '../ledger/log/leaf-source.ts'
import { publishedCheckpointFile } from '../ledger/log/published-checkpoint.ts'
import { TransparencyLog } from '../ledger/log/transparency-log.ts'
import type { Ledger } from '../ledger/types.ts'
import type { NoteSigner } from '../merkle/signing-key.ts'
import { BatchAdmission } from '../node/admission.ts'
import { OperationMap } from '../node/map/operation-map.ts'
import { startNode } from '../node/node.ts'
import type { SidetreeNode } from '../node/types.ts'
import type { DidMethod } from '../sidetree/did.ts'
import { PROTOCOL_VERSIONS } from '../sidetree/parameters.ts'
import { Store } from '../store/store.ts'
import { EXIT } from '../trust/exit-status.ts'
import { type Closers, closeAll, closingOnFailure, openStore } from './closers.ts'
import { logMirror, told } from './content-log.ts'
import { cosigningBy } from './cosigning.ts'
import {
  type DataFolder,
  dataFolder,
  generateToken,
  makeDataFolder,
  readSecretFile,
  writeSecretFile,
} from './data-folder.ts'
import { CliError } from './errors.ts'
import { type Followed, followedBy, followedParts, heldParts, NAMED_GATEWAY } from './follow.ts'
import { closeServer, listenOn, splitAddress } from './listen.ts'
import { parseLogKey, readLogKey } from './log-key.ts'
import { logEvent } from './node-log.ts'
import { allowedHosts, apiLimits, nodeSettings } from './node-settings.ts'
import { requirePolicy, tellOfPolicy } from './policy-change.ts'
import type { Settings } from './settings.ts'
import { submissionsTo, WRITER } from './submissions.ts'
import { submittingTo } from './submitting.ts'
import { packageVersion } from './version.ts'

/** How long a start waits for the node to read what is new on its ledger, in milliseconds. */
const CATCH_UP_MS = 30_000

export interface OpenOptions {
  /** Default: nothing is logged. */
  logger?: FastifyBaseLogger
  /**
   * Opens a log beside which no published checkpoint is kept, and, with another policy than before, without asking the
   * witnesses of that. Default false.
   */
  acceptUnknownHistory?: boolean
  /** Ends a start that waits for witnesses. */
  signal?: AbortSignal
}

/** A node that runs, with its HTTP server. */
export interface RunningNode {
  /** Where it listens. */
  url: string
  token: string
  folder: DataFolder
  node: SidetreeNode
  log: Ledger & LogReader
  /** What is held, without what other sources have. */
  content: ContentStore & BlockSource
  /** Answers what was asked, finishes the batch under way, and leaves everything durable. */
  close(): Promise<void>
}

/** The parts of a node that are not the node's own database, open. */
export interface OpenLedger extends OpenContent {
  log: Ledger & LogReader & LeafSource
  /** The map that the log keeps; absent where it keeps none, or is followed. */
  map?: OperationMap
  /** What is there of a log of this node's own alone. */
  own?: OwnLog
  close(): Promise<void>
}

/** A log of this node's own. */
interface OwnLog {
  log: TransparencyLog
  /** Its database. */
  store: Store
  signer: NoteSigner
  /** Waits for the node. */
  admission: BatchAdmission
}

/** Content that is held, and what may have the rest. */
interface OpenContent {
  content: EmbeddedContentStore
  sources: ContentSource[]
  /** Is given what the folder holds. */
  kubo?: KuboRpc
}

/**
 * Puts a node together in its folder, as `rootline up` runs it: the one place that chooses the adapters of the ports.
 * @throws CliError, StoreError, LedgerError, NodeError
 */
export async function openNode(settings: Settings, options: OpenOptions = {}): Promise<RunningNode> {
  const folder = dataFolder(settings.data)
  requireNoRepair(folder)
  const followed = await followedBy(settings)
  requireLedgerOf(folder, followed)
  return closingOnFailure(async closers => {
    const opened =
      followed === undefined
        ? await openLedgerInto(closers, settings, { ...options, mapped: true })
        : await openFollowedInto(closers, settings, followed, options)
    const store = await openStore(closers, folder.node)
    const token = await readOrMake(folder.token, generateToken)
    const { logger } = options
    const { log, content, own } = opened
    const counts = new SourceCounts()
    const sources = [...gatewaysOf(settings, followed), ...opened.sources]
    const sourced = new SourcedContentStore({ local: content, sources, ...told(counts, logger) })
    const map = opened.map ?? (await openMapInto(closers, settings, sourced))
    const submissions = own && submissionsTo(own, { settings, folder, content, logger })
    // Before any other anchor: these were promised.
    await submissions?.start()
    const node = await startNode({
      method: methodOf(settings),
      versions: PROTOCOL_VERSIONS[settings.protocol],
      store,
      content: sourced,
      ledger: log,
      map: { operations: map, leaves: log },
      writer: WRITER,
      settings: nodeSettings(settings),
      ...(own === undefined ? {} : { admission: own.admission }),
      ...(logger === undefined ? {} : { onEvent: event => logEvent(logger, event) }),
    })
    closers.push(() => node.stop())
    closers.push(async () => submissions?.stop())
    await catchUp(node)
    const stamp = log instanceof TransparencyLog ? (root: Uint8Array) => log.stamp(root, WRITER) : undefined
    const url = await listen(closers, settings, {
      ...{ node, log, content, token, stamp, submissions, logger },
      contentState: { counts, ...mirrorInto(closers, opened, logger) },
    })
    return { url, token, folder, node, log, content, close: () => closeAll(closers) }
  })
}

/** Opens the log and the content of a folder, for what works on them without a node. @throws as {@link openNode} */
export async function openLedger(settings: Settings): Promise<OpenLedger> {
  return closingOnFailure(async closers => {
    const folder = dataFolder(settings.data)
    const opened = existsSync(folder.followed)
      ? await openHeldInto(closers, settings, folder)
      : await openLedgerInto(closers, settings, {})
    return { ...opened, close: () => closeAll(closers) }
  })
}

/** The Kubo node at a URL, as a store of what is pinned there. */
export function kuboAt(url: string): KuboContentStore {
  return new KuboContentStore(new KuboRpc(url))
}

/** The content in a database that is open already. */
export function contentIn(store: Store): EmbeddedContentStore {
  return new EmbeddedContentStore(store)
}

export function methodOf({ method, network }: Settings): DidMethod {
  return network === undefined ? { name: method } : { name: method, network }
}

function onAbort(signal: AbortSignal | undefined, act: () => void): void {
  if (signal?.aborted === true) act()
  else signal?.addEventListener('abort', act, { once: true })
}

/** The databases come first: whoever has them open is the one process that may make the other files. */
async function openLedgerInto(
  closers: Closers,
  settings: Settings,
  options: OpenOptions & { mapped?: boolean },
): Promise<Omit<OpenLedger, 'close'>> {
  const folder = dataFolder(settings.data)
  await makeDataFolder(folder)
  const logStore = await openStore(closers, folder.log)
  const content = await openContentInto(closers, settings, folder)
  const admission = new BatchAdmission({
    content: content.content,
    fetchTimeoutMs: settings['observer.fetchTimeoutMs'],
  })
  const signer = await logSigner(folder, logStore, settings)
  const kept = keptPolicy(logStore)
  requirePolicy(settings.policy, kept)
  const before = options.acceptUnknownHistory === true ? undefined : kept
  const { logger } = options
  const { policy, cosigning } = await cosigningBy(settings, signer.verifier, { before, logger })
  tellOfPolicy(logger, kept, policy)
  onAbort(options.signal, () => cosigning?.release())
  const map = options.mapped === true ? await openMapInto(closers, settings, content.content) : undefined
  const log = await TransparencyLog.open({
    store: logStore,
    published: publishedCheckpointFile(folder.checkpoint),
    signer,
    origin: signer.verifier.name,
    clock: systemClock,
    ...(map === undefined ? {} : { map }),
    admission,
    ...(cosigning === undefined ? {} : { cosigning }),
    acceptUnknownHistory: options.acceptUnknownHistory ?? false,
  })
  closers.push(() => log.close())
  // Nothing is appended before this: what witnesses of the new policy know, those of the old one know too.
  await keepPolicy(logStore, policy)
  const own = { log, store: logStore, signer, admission }
  return map === undefined ? { log, own, ...content } : { log, own, map, ...content }
}

/** The map of the operations on a log, from the content that they are in. */
async function openMapInto(
  closers: Closers,
  settings: Settings,
  content: ContentStore,
): Promise<OperationMap> {
  const store = await openStore(closers, dataFolder(settings.data).map)
  const map = new OperationMap({
    store,
    content,
    versions: PROTOCOL_VERSIONS[settings.protocol],
    fetchTimeoutMs: settings['observer.fetchTimeoutMs'],
  })
  closers.push(() => map.close())
  return map
}

/** A log that is followed, from its first look on, and the content that is here. */
async function openFollowedInto(
  closers: Closers,
  settings: Settings,
  followed: Followed,
  { logger }: OpenOptions,
): Promise<Omit<OpenLedger, 'close'>> {
  const folder = dataFolder(settings.data)
  await makeDataFolder(folder)
  const store = await openStore(closers, folder.followed)
  const kept = keptPolicy(store)
  requirePolicy(settings.policy, kept)
  tellOfPolicy(logger, kept, followed.policy)
  const content = await openContentInto(closers, settings, folder)
  const submitting = await submittingTo(followed, { settings, folder, content: content.content, logger })
  const log = await FollowedLog.open({
    ...followedParts(followed, { store, settings, folder, logger }),
    ...(submitting === undefined ? {} : { submitting }),
  })
  closers.push(() => log.close())
  await keepPolicy(store, followed.policy)
  const waited = new Promise(resolve => setTimeout(resolve, CATCH_UP_MS).unref())
  await Promise.race([log.start(), waited])
  return { log, ...content }
}

/** Content in the folder; what is missing there may be in Kubo, or in its network. */
async function openContentInto(
  closers: Closers,
  { kubo }: Settings,
  folder: DataFolder,
): Promise<OpenContent> {
  const content = new EmbeddedContentStore(await openStore(closers, folder.content))
  closers.push(() => content.close())
  if (kubo === undefined) return { content, sources: [] }
  const rpc = new KuboRpc(kubo)
  return { content, sources: [new KuboNetwork(rpc)], kubo: rpc }
}

/** Begins to give Kubo, where there is one, the files of the folder. */
function mirrorInto(
  closers: Closers,
  { content, kubo }: OpenContent,
  logger: FastifyBaseLogger | undefined,
): Pick<ContentState, 'mirror'> {
  if (kubo === undefined) return {}
  const mirror = new KuboMirror({
    files: content.files,
    content,
    kubo: new KuboContentStore(kubo),
    now: Date.now,
    ...(logger === undefined ? {} : { onEvent: event => logMirror(logger, event) }),
  })
  closers.push(() => mirror.close())
  return { mirror: () => mirror.status() }
}

/** The node whose log is followed, and the gateways that the operator names. */
function gatewaysOf({ source }: Settings, followed: Followed | undefined): ContentSource[] {
  const urls = followed === undefined ? source : [followed.url, ...source]
  return urls.map(url => new GatewaySource(url, NAMED_GATEWAY))
}

/** What a follower holds, without the log that it followed. */
async function openHeldInto(
  closers: Closers,
  settings: Settings,
  folder: DataFolder,
): Promise<Omit<OpenLedger, 'close'>> {
  const store = await openStore(closers, folder.followed)
  const content = await openContentInto(closers, settings, folder)
  return { log: await FollowedLog.open(heldParts(store)), ...content }
}

/** @throws CliError LEDGER_MISMATCH */
function requireLedgerOf(folder: DataFolder, followed: Followed | undefined): void {
  if (followed === undefined && existsSync(folder.followed)) {
    throw new CliError('LEDGER_MISMATCH', `the node in ${folder.path} follows the log of another`, {
      hint: 'name that log with --follow and --log-key, or use another folder',
    })
  }
  if (followed !== undefined && existsSync(folder.log)) {
    throw new CliError('LEDGER_MISMATCH', `the node in ${folder.path} has a log of its own`, {
      hint: 'follow the other log with another folder',
    })
  }
}

/** @throws CliError REPAIR_UNFINISHED */
function requireNoRepair({ node, nodeRebuilt, path }: DataFolder): void {
  if (existsSync(node) || !existsSync(nodeRebuilt)) return
  throw new CliError('REPAIR_UNFINISHED', `a repair of ${path} was stopped just before its end`, {
    hint: 'run "rootline repair" again',
  })
}

/**
 * The key of the log that a folder has or will have, made where there is neither: so that others can know it before the
 * node runs for the first time.
 * @throws as {@link openNode}
 */
export async function makeLogKey(settings: Settings): Promise<NoteSigner> {
  const folder = dataFolder(settings.data)
  requireLedgerOf(folder, undefined)
  await makeDataFolder(folder)
  const store = await Store.open(folder.log)
  try {
    return await logSigner(folder, store, settings)
  } finally {
    await store.close()
  }
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
  parts: Pick<RunningNode, 'node' | 'log' | 'content' | 'token'> & {
    stamp: ApiParts['stamp']
    submissions: ApiParts['submissions']
    contentState: ContentState
    logger: FastifyBaseLogger | undefined
  },
): Promise<string> {
  const { stamp, submissions, logger, ...served } = parts
  const { host } = splitAddress(settings.listen)
  const server = await buildServer({
    ...served,
    ...(stamp === undefined ? {} : { stamp }),
    ...(submissions === undefined ? {} : { submissions }),
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
  return listenOn(server, settings.listen)
}
