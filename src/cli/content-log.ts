import type { FastifyBaseLogger } from 'fastify'
import type { MirrorEvent } from '../content/kubo/kubo-mirror.ts'
import type { SourceCounts } from '../content/source-counts.ts'
import type { SourceEvent } from '../content/source-search.ts'
import type { SourcedParts } from '../content/sourced-content-store.ts'

/** Counts and logs what comes of asking sources. */
export function told(
  counts: SourceCounts,
  logger: FastifyBaseLogger | undefined,
): Pick<SourcedParts, 'onEvent' | 'onUnkept'> {
  return {
    onEvent: event => {
      counts.add(event)
      if (logger !== undefined) logSource(logger, event)
    },
    onUnkept: event => {
      counts.addUnkept()
      logger?.error(event, 'a file was fetched and cannot be kept: it has to be fetched again')
    },
  }
}

/** A source that lies is for the operator; that one has nothing, or is slow, is daily business. */
function logSource(logger: FastifyBaseLogger, { source, cid, failure }: SourceEvent): void {
  if (failure === 'CONTENT_MISMATCH')
    logger.warn({ source, cid }, 'a source gave other bytes than it was asked for')
  else logger.debug({ source, cid, failure }, 'a source of content was asked')
}

/** What is new about Kubo. */
export function logMirror(logger: FastifyBaseLogger, event: MirrorEvent): void {
  if (event.type === 'up') logger.info({ peer: event.peerId, agent: event.agent }, 'Kubo is there')
  else logger.warn({ err: event.error, cid: event.cid }, 'Kubo does not take the files; it is tried again')
}
