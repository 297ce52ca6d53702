import { Type } from 'typebox'
import type { SidetreeNode } from '../node/types.ts'
import type { ApiServer } from './api-server.ts'
import { ApiError } from './errors.ts'
import type { TokenGuard } from './guard.ts'
import { sendJson } from './respond.ts'
import { json, problems } from './schemas.ts'

/** Taking operations, and telling what became of them. */
export function operationRoutes(
  app: ApiServer,
  { node, token, bodyBytes }: { node: SidetreeNode; token: TokenGuard; bodyBytes: number },
): void {
  app.post(
    '/operations',
    {
      bodyLimit: bodyBytes,
      schema: {
        operationId: 'submitOperation',
        summary: 'Hand in an operation',
        description:
          'Answers once the operation is durable; it is anchored with a later batch. The same request again changes ' +
          'nothing and is answered alike.',
        tags: ['operations'],
        security: [{ token: [] }],
        body: Type.Ref('OperationRequest'),
        response: {
          202: json('Accepted, now or before; the header Location names its status.', 'Submission'),
          ...problems(401, 403, 409, 413, 415, 507),
        },
      },
      onRequest: async request => token.require(request),
      // The body is bytes, which the node itself reads, strictly.
      validatorCompiler: () => () => true,
    },
    async (request, reply) => {
      const body: unknown = request.body
      if (!(body instanceof Uint8Array)) {
        throw new ApiError('MEDIA_TYPE_UNSUPPORTED', 'send the operation as a body of type application/json')
      }
      const submission = await node.submit(body)
      return reply
        .code(202)
        .header('location', `/operations/${submission.status.id}`)
        .header('cache-control', 'no-store')
        .header('content-type', 'application/json; charset=utf-8')
        .send(JSON.stringify(submission))
    },
  )

  app.get(
    '/operations/:id',
    {
      schema: {
        operationId: 'operationStatus',
        summary: 'What became of an operation',
        tags: ['operations'],
        params: Type.Object({ id: Type.String({ description: 'As the submission names it.' }) }),
        response: { 200: json('Its status.', 'OperationStatus'), ...problems(404) },
      },
    },
    async (request, reply) => sendJson(request, reply, await node.operation(request.params.id)),
  )
}
