import type { FastifyBaseLogger } from 'fastify'
import { EmbeddedContentStore } from '../content/embedded/embedded-content-store.ts'
import { GatewaySource } from '../content/gateway/gateway-source.ts'
import { SourcedContentStore } from '../content/sourced-content-store.ts'
import { FollowedLog } from '../ledger/follower/followed-log.ts'
import { OperationMap } from '../node/map/operation-map.ts'
import { HeldContent, Mirror, type MirroredLog } from '../node/mirror.ts'
import { PROTOCOL_VERSIONS } from '../sidetree/parameters.ts'
import { type Closers, closeAll, closingOnFailure, openStore } from './closers.ts'
import { dataFolder, makeDataFolder } from './data-folder.ts'
import { CliError } from './errors.ts'
import { type Followed, followedBy, followedParts, NAMED_GATEWAY } from './follow.ts'
import type { Settings } from './settings.ts'
import { openWitness, type RunningWitness } from './witness.ts'
import type { WantedKey } from './witness-key.ts'

/** What a mirror is started with, beside the settings. */
export interface MirrorOptions {
  /** What its key is to be. */
  key: WantedKey
  logger?: FastifyBaseLogger
}

/**
 * Starts a mirror in its folder: a witness of one log that holds it, in the databases of a follower beside that of the
 * witness. As `up.ts` of a node, this is where the adapters of a mirror are chosen.
 * @throws CliError, StoreError, LedgerError
 */
export async function openMirror(settings: Settings, options: MirrorOptions): Promise<RunningWitness> {
  const followed = await followedBy(settings)
  if (followed === undefined) {
    throw new CliError('USAGE', 'a mirror has to know the log that it mirrors', {
      hint: 'name it with --follow URL and --log-key VKEY',
    })
  }
  return closingOnFailure(async closers => {
    const { mirror, content } = await openHeld(closers, followed, settings, options)
    const { logger, key } = options
    const { verifier, origin } = followed
    const witness = await openWitness({
      data: settings.data,
      listen: settings.listen,
      logs: [`${origin}=${verifier.vkey}`],
      key,
      requestsPerMinute: settings['limits.requestsPerMinute'],
      mirrors: { hold: checkpoint => mirror.hold(checkpoint), content },
      ...(logger === undefined ? {} : { logger }),
    })
    // A request waits for what the mirror works on, which is given up first.
    closers.push(
      () => witness.close(),
      () => mirror.close(),
    )
    return { ...witness, close: () => closeAll(closers) }
  })
}

/** What the mirror holds, and what makes it do so. */
async function openHeld(
  closers: Closers,
  followed: Followed,
  settings: Settings,
  { logger }: MirrorOptions,
): Promise<{ mirror: Mirror; content: EmbeddedContentStore }> {
  const folder = dataFolder(settings.data)
  await makeDataFolder(folder)
  const logStore = await openStore(closers, folder.followed)
  const contentStore = await openStore(closers, folder.content)
  const mapStore = await openStore(closers, folder.map)
  const content = new EmbeddedContentStore(contentStore)
  const sources = [followed.url, ...settings.source].map(url => new GatewaySource(url, NAMED_GATEWAY))
  const sourced = new SourcedContentStore({ local: content, sources })
  const map = new OperationMap({
    store: mapStore,
    content: new HeldContent(sourced, content),
    versions: PROTOCOL_VERSIONS[settings.protocol],
    fetchTimeoutMs: settings['observer.fetchTimeoutMs'],
  })
  closers.push(() => map.close())
  const log = await openLog(followed, { store: logStore, settings, folder, logger })
  closers.push(() => log.close())
  return { mirror: new Mirror({ log: log.mirrored, map }), content }
}

/** The log, followed by the checkpoints that it sends. Nobody else has to have cosigned them: that is the mirror's part. */
async function openLog(
  { policy: _, ...followed }: Followed,
  parts: Parameters<typeof followedParts>[1],
): Promise<{ mirrored: MirroredLog; close: () => Promise<void> }> {
  let checkpoint = Buffer.alloc(0)
  const { source, ...rest } = followedParts({ ...followed, policy: undefined }, parts)
  const log = await FollowedLog.open({ ...rest, source: { ...source, checkpoint: async () => checkpoint } })
  const mirrored: MirroredLog = {
    take: (note, signal) => {
      checkpoint = Buffer.from(note)
      return log.look(signal)
    },
    get size() {
      return log.status().size
    },
    leaves: (first, limit) => log.leaves(first, limit),
  }
  return { mirrored, close: () => log.close() }
}
