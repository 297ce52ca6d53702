import type { MirrorStatus } from '../content/mirror-status.ts'
import type { LedgerErrorCode } from '../ledger/errors.ts'
import type { NodeStatus, SidetreeNode } from '../node/types.ts'
import type { ApiServer } from './api-server.ts'
import { ApiError } from './errors.ts'
import type { ApiLimits } from './parts.ts'
import { logFailure } from './problem.ts'
import { json, problems } from './schemas.ts'

/** Why no traffic should be sent to a node. */
export interface NotReadyReason {
  code:
    | 'STATUS_UNKNOWN'
    | 'OBSERVER_STOPPED'
    | 'OBSERVER_BEHIND'
    | 'QUEUE_FAILING'
    | 'FILES_MISSING_TOO_LONG'
    | 'FILES_NOT_MIRRORED'
    | LedgerErrorCode
  detail: string
}

export interface HealthParts {
  node: SidetreeNode
  limits: ApiLimits
  now: () => number
  /** As {@link ContentState.mirror}. */
  mirror?: (() => MirrorStatus) | undefined
}

/** What a load balancer and a process manager ask. */
export function healthRoutes(app: ApiServer, { node, limits, now, mirror }: HealthParts): void {
  app.get(
    '/health/live',
    {
      schema: {
        operationId: 'live',
        summary: 'Whether the process answers',
        tags: ['operation'],
        response: { 200: json('It does.', 'Live'), ...problems() },
      },
    },
    async (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'live' }),
  )

  app.get(
    '/health/ready',
    {
      schema: {
        operationId: 'ready',
        summary: 'Whether traffic should be sent here',
        description:
          'Ready: the observer runs and is not far behind the ledger, batches are not failing, no transaction has had ' +
          'its files missing for long, no file has waited long for a content store beside its own (Kubo), and nothing ' +
          'speaks against the ledger itself (such as two histories of it, or a newest checkpoint that nobody has ' +
          'confirmed for long). The problem of a 503 lists the `reasons`.',
        tags: ['operation'],
        response: { 200: json('Ready.', 'Ready'), ...problems() },
      },
    },
    async (request, reply) => {
      const reasons = await node.status().then(
        status => reasonsAgainst(status, limits, now()),
        (error: unknown): NotReadyReason[] => {
          logFailure(500, error, request)
          return [{ code: 'STATUS_UNKNOWN', detail: 'the node cannot tell how it fares' }]
        },
      )
      reasons.push(...reasonsOfMirror(mirror?.(), limits, now()))
      if (reasons.length > 0) {
        const sentence = reasons.map(({ detail }) => detail).join('; ')
        throw new ApiError('NOT_READY', sentence, { extra: { reasons } })
      }
      return reply.header('cache-control', 'no-store').send({ status: 'ready' })
    },
  )
}

/** A mirror may be away; files that have waited long for it are missing to whoever reads them there. */
export function reasonsOfMirror(
  mirror: MirrorStatus | undefined,
  limits: ApiLimits,
  now: number,
): NotReadyReason[] {
  const age = now - (mirror?.oldest ?? now)
  if (mirror === undefined || age <= limits.readyUnresolvableMs) return []
  const detail = `${mirror.waiting} files wait for the content store beside this node, the first for ${Math.round(age / 1000)} s`
  return [{ code: 'FILES_NOT_MIRRORED', detail }]
}

/** Empty for a node that is ready. */
export function reasonsAgainst(status: NodeStatus, limits: ApiLimits, now: number): NotReadyReason[] {
  const { ledger, observer, queue, unresolvable } = status
  const reasons: NotReadyReason[] = [...(ledger.problems ?? [])]
  if (!observer.running) {
    reasons.push({ code: 'OBSERVER_STOPPED', detail: 'the observer does not run' })
  }
  if (observer.lag > limits.readyLag) {
    reasons.push({ code: 'OBSERVER_BEHIND', detail: `the observer is ${observer.lag} behind the ledger` })
  }
  if (queue.lastError !== undefined) {
    reasons.push({ code: 'QUEUE_FAILING', detail: 'the last batch failed' })
  }
  if (unresolvable.oldest !== undefined) {
    const age = now - Date.parse(unresolvable.oldest)
    if (age > limits.readyUnresolvableMs) {
      const detail = `${unresolvable.count} transactions wait for files, the oldest for ${Math.round(age / 1000)} s`
      reasons.push({ code: 'FILES_MISSING_TOO_LONG', detail })
    }
  }
  return reasons
}
