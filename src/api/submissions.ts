import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { LedgerError } from '../ledger/errors.ts'
import type { ApiServer } from './api-server.ts'
import { ApiError } from './errors.ts'
import { Gate } from './gate.ts'
import type { ApiLimits, SubmissionParts, Writer } from './parts.ts'
import { BINARY, json, problems } from './schemas.ts'
import { WriterGuard } from './writer-guard.ts'

const CAR = 'application/vnd.ipld.car'
/** Longest anchor string that is looked at, in characters: as a leaf can hold it. */
const MAX_ANCHOR_STRING = 1_024

const SCHEMA = {
  operationId: 'submitBatch',
  summary: 'Hand in a batch as a writer on another machine',
  description:
    'Answers with a receipt, signed by the log, that promises a leaf by a deadline; the same submission again has ' +
    'the same receipt and makes no second leaf. docs/spec/submission-receipt.md has the formats.',
  tags: ['log'],
  security: [{ writer: [] }],
  querystring: Type.Object({
    anchorString: Type.String({ description: '<count>.<CID of the core index file>' }),
  }),
  body: { content: { [CAR]: { schema: BINARY } } },
  response: {
    200: json('Promised before, and the leaf is there.', 'SubmissionReceipt'),
    202: json('Promised.', 'SubmissionReceipt'),
    ...problems(400, 401, 403, 413, 415, 422, 429, 503, 507),
  },
}

/** A request of a writer, while it is under way. */
interface Admitted {
  writer: Writer
  leave: () => void
}

/** Batches of writers on other machines (docs/spec/submission-receipt.md). */
export function submissionRoutes(
  app: ApiServer,
  {
    submissions,
    limits,
    now,
  }: { submissions: SubmissionParts | undefined; limits: ApiLimits; now: () => number },
): void {
  const gate = new Gate(limits.submissions, 'submissions')
  const guard = submissions === undefined ? undefined : new WriterGuard(submissions.writers, limits, now)
  const admitted = new WeakMap<FastifyRequest, Admitted>()
  const admit = async (request: FastifyRequest, reply: FastifyReply) => {
    if (guard === undefined) throw readOnly()
    const writer = await guard.admit(request)
    // Before the body is read, which is most of what a submission takes.
    const leave = gate.enter()
    admitted.set(request, { writer, leave })
    reply.raw.once('close', leave)
  }
  // A scope of its own: nowhere else is a body of this type taken, and here no other.
  void app.register(async scope => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(CAR, { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    scope.post(
      '/log/submissions',
      {
        bodyLimit: submissions?.maxBytes ?? 1,
        schema: SCHEMA,
        onRequest: admit,
        // The body is bytes, which are read strictly.
        validatorCompiler: () => () => true,
      },
      async (request, reply) => {
        const inside = admitted.get(request)
        if (submissions === undefined || inside === undefined) throw readOnly()
        const { body } = request
        if (!(body instanceof Uint8Array)) {
          throw new ApiError('MEDIA_TYPE_UNSUPPORTED', `send the files as a body of type ${CAR}`)
        }
        guard?.received(inside.writer, body.length)
        const entry = { anchorString: anchorStringOf(request.query as object), writer: inside.writer.name }
        const { receipt, leaf } = await submissions.submit(entry, body)
        return reply
          .code(leaf === undefined ? 202 : 200)
          .header('cache-control', 'no-store')
          .header('content-type', 'application/json; charset=utf-8')
          .send(JSON.stringify(leaf === undefined ? { receipt } : { receipt, leaf }))
      },
    )
  })
}

function readOnly(): LedgerError {
  return new LedgerError(
    'LEDGER_READ_ONLY',
    'this node follows the log of another: hand the batch to the node of that log',
  )
}

/** @throws ApiError PARAMETER_INVALID */
function anchorStringOf({ anchorString }: { anchorString?: unknown }): string {
  if (typeof anchorString === 'string' && anchorString.length <= MAX_ANCHOR_STRING) return anchorString
  throw new ApiError('PARAMETER_INVALID', 'give the anchor string of the batch as ?anchorString=')
}
