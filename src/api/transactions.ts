import { Type } from 'typebox'
import { decodeBase64url, encodeBase64url } from '../codec/base64url.ts'
import { CodecError } from '../codec/errors.ts'
import type { TransactionRecord } from '../node/records.ts'
import { formatTime } from '../node/time.ts'
import type { NodeStatus, SidetreeNode } from '../node/types.ts'
import type { ApiServer } from './api-server.ts'
import { ApiError } from './errors.ts'
import type { TokenGuard } from './guard.ts'
import { sendJson } from './respond.ts'
import { json, problems } from './schemas.ts'

const MAX_PAGE = 1000
const DEFAULT_PAGE = 100

/** What the node has read from its ledger, and how it fares. */
export function transactionRoutes(
  app: ApiServer,
  { node, token }: { node: SidetreeNode; token: TokenGuard },
): void {
  app.get(
    '/transactions',
    {
      schema: {
        operationId: 'listTransactions',
        summary: 'Transactions of the ledger that were decided, in order',
        tags: ['ledger'],
        querystring: Type.Object({
          after: Type.Optional(Type.String({ description: 'The `next` of the page before.' })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PAGE, default: DEFAULT_PAGE })),
        }),
        response: { 200: json('A page of transactions.', 'Transactions'), ...problems() },
      },
    },
    async (request, reply) => {
      const { after, limit = DEFAULT_PAGE } = request.query
      // One more than asked for tells whether there is a next page.
      const found = await node.transactions(after === undefined ? undefined : decodeCursor(after), limit + 1)
      const page = found.slice(0, limit)
      const last = found.length > limit ? page.at(-1) : undefined
      return sendJson(request, reply, {
        transactions: page.map(written),
        ...(last === undefined ? {} : { next: encodeCursor(last.transaction.number) }),
      })
    },
  )

  app.get(
    '/status',
    {
      schema: {
        operationId: 'nodeStatus',
        summary: 'How the node fares',
        description: 'The texts of errors, which can name files of the machine, are shown with the token.',
        tags: ['operation'],
        response: { 200: json('Its status.', 'NodeStatus'), ...problems() },
      },
    },
    async (request, reply) => {
      const status = await node.status()
      return sendJson(request, reply, token.has(request) ? status : withoutErrors(status))
    },
  )
}

function withoutErrors(status: NodeStatus): NodeStatus {
  const { lastError: _, ...observer } = status.observer
  const { lastError: __, ...queue } = status.queue
  if (status.map === undefined) return { ...status, observer, queue }
  const { lastError: ___, ...map } = status.map
  return { ...status, observer, queue, map }
}

function written(record: TransactionRecord): Record<string, unknown> {
  const { transaction, outcome, operations, problems, files, firstSeen, decidedAt } = record
  const { number, timestamp, timeHash, anchorString, writer } = transaction
  return {
    number,
    time: formatTime(timestamp * 1000),
    timeHash,
    anchorString,
    writer,
    outcome,
    operations,
    problems,
    files,
    firstSeen: formatTime(firstSeen),
    decidedAt: formatTime(decidedAt),
  }
}

/** A place in the order of transactions, opaque to clients. */
function encodeCursor(number: number): string {
  return encodeBase64url(Buffer.from(String(number)))
}

function decodeCursor(cursor: string): number {
  const text = cursor.length > 64 ? '' : decodeText(cursor)
  const number = /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(number)) {
    throw new ApiError('CURSOR_INVALID', 'pass the `next` of an earlier answer as it is')
  }
  return number
}

function decodeText(cursor: string): string {
  try {
    return Buffer.from(decodeBase64url(cursor)).toString('latin1')
  } catch (error) {
    if (error instanceof CodecError) return ''
    throw error
  }
}
