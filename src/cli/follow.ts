import { rename, writeFile } from 'node:fs/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { FollowedLogParts, LookOutcome } from '../ledger/follower/followed-log.ts'
import { heldLogOf } from '../ledger/follower/held-log.ts'
import { httpLogSource } from '../ledger/follower/log-source.ts'
import type { TlogPolicy } from '../merkle/policy.ts'
import type { NoteVerifier } from '../merkle/vkey.ts'
import type { Store } from '../store/store.ts'
import type { DataFolder } from './data-folder.ts'
import { CliError } from './errors.ts'
import { verifierIn } from './log-key.ts'
import { readPolicyOf } from './policy-file.ts'
import type { Settings } from './settings.ts'

/** What a node follows: whose log, where it is read, and by whose word it is the newest. */
export interface Followed {
  url: string
  verifier: NoteVerifier
  origin: string
  policy: TlogPolicy | undefined
}

/**
 * What the settings say of the log to follow; undefined for a node with a log of its own.
 * @throws CliError CONFIG_INVALID, INPUT_UNREADABLE, INPUT_INVALID
 */
export async function followedBy(settings: Settings): Promise<Followed | undefined> {
  const { follow, logKey, origin, policy: file } = settings
  if (follow === undefined) {
    if (settings.writeToken === undefined) return undefined
    throw new CliError(
      'CONFIG_INVALID',
      'the setting writeToken is for the log of another, and follow is missing',
      {
        hint: 'name the node of that log with --follow; a node writes on its own log without a token',
      },
    )
  }
  if (logKey === undefined) {
    throw new CliError('CONFIG_INVALID', 'a log is followed by its key, and the setting logKey is missing', {
      hint: 'give it with --log-key: "rootline log key" prints it on the node that has the log',
    })
  }
  const verifier = verifierIn(logKey)
  const policy = await readPolicyOf(file, verifier)
  return { url: follow.replace(/\/+$/, ''), verifier, origin: origin ?? verifier.name, policy }
}

/** A gateway that the operator has named may be of this network; where it redirects to, nobody has named. */
export const NAMED_GATEWAY = { allowPrivate: true, allowHttp: true, maxRedirects: 0 } as const

/** The parts of a followed log over its database. */
export function followedParts(
  { url, verifier, origin, policy }: Followed,
  parts: { store: Store; settings: Settings; folder: DataFolder; logger: FastifyBaseLogger | undefined },
): FollowedLogParts {
  const { store, settings, folder, logger } = parts
  return {
    store,
    source: httpLogSource(`${url}/log/`),
    sourceName: url,
    origin,
    verifier,
    ...(policy === undefined ? {} : { policy }),
    keepEvidence: text => replaceFile(folder.evidence, text),
    now: Date.now,
    random: Math.random,
    pollMs: settings['observer.pollMs'],
    staleMs: settings['limits.readyUnconfirmedMs'],
    ...(logger === undefined ? {} : { onLook: lookLogger(logger) }),
  }
}

/** What the database of a follower holds, whatever log that is of, and no more: nothing is to be looked at. */
export function heldParts(store: Store): FollowedLogParts {
  const { origin, verifier } = heldLogOf(store)
  const source = httpLogSource('')
  return { store, source, sourceName: origin, origin, verifier, now: Date.now, random: Math.random }
}

/** Evidence is in the database; this is a copy for whoever looks while the node runs. */
async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.next`, text, { mode: 0o600, flush: true })
  await rename(`${path}.next`, path)
}

/** Writes what is new to the node's log: a failure that goes on is told once. */
function lookLogger(logger: FastifyBaseLogger): (outcome: LookOutcome) => void {
  let before: LookOutcome = { size: 0 }
  return outcome => {
    const [last, now] = [textOf(before.error), textOf(outcome.error)]
    if (outcome.error !== undefined && now !== last)
      logger.warn({ err: outcome.error }, 'a look at the followed log failed')
    if (outcome.error === undefined && last !== undefined) logger.info('the followed log answers again')
    if (outcome.size !== before.size) logger.info({ leaves: outcome.size }, 'the followed log has grown')
    before = outcome
  }
}

function textOf(error: unknown): string | undefined {
  return error === undefined ? undefined : String(error)
}
