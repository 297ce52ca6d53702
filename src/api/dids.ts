import { Type } from 'typebox'
import { RESOLUTION_PROOF_TYPE } from '../node/proof/resolution-proof.ts'
import type { SidetreeNode, VersionOptions } from '../node/types.ts'
import type { ApiServer } from './api-server.ts'
import { ApiError } from './errors.ts'
import { Gate } from './gate.ts'
import { etagOf, REVALIDATE, sendAnswer, sendJson } from './respond.ts'
import { documented, json, problems } from './schemas.ts'

/** Proofs that are made at a time: each can take some hundred megabytes of memory meanwhile. */
const MAX_PROOFS = 2

const DID = Type.Object({ did: Type.String({ description: 'A DID of this node, short or long form.' }) })

/** What stands behind the state of a DID. */
export function didRoutes(app: ApiServer, { node, reports }: { node: SidetreeNode; reports: Gate }): void {
  const proofs = new Gate(MAX_PROOFS, 'proofs')
  app.get(
    '/dids/:did/report',
    {
      schema: {
        operationId: 'explainDid',
        summary: 'Resolve a DID with its trust report',
        description:
          'What was checked, what is undecided, and who must still be trusted. Any verdict is a 200.',
        tags: ['dids'],
        params: DID,
        querystring: Type.Object({
          versionId: Type.Optional(Type.String()),
          versionTime: Type.Optional(Type.String({ description: 'RFC 3339 date and time.' })),
        }),
        response: { 200: json('The resolution and its report.', 'Explanation'), ...problems(404) },
      },
    },
    async (request, reply) => {
      const version = onlyOne(request.query)
      const { resolution, report } = await reports.run(() => node.explain(request.params.did, version))
      return sendJson(request, reply, { resolution: resolution.result, report })
    },
  )

  app.get(
    '/dids/:did/proof',
    {
      schema: {
        operationId: 'proveDid',
        summary: 'A proof of all operations of a DID, to be carried away',
        description:
          'Checked with no network by "rootline did verify-proof"; docs/spec/resolution-proof.md has the format.',
        tags: ['dids'],
        params: DID,
        response: {
          200: documented(
            'The proof.',
            Type.Object({}, { additionalProperties: true }),
            RESOLUTION_PROOF_TYPE,
          ),
          ...problems(404, 503),
        },
      },
    },
    async (request, reply) => {
      const body = await proofs.run(() => node.prove(request.params.did))
      return sendAnswer(request, reply, {
        body,
        contentType: RESOLUTION_PROOF_TYPE,
        etag: etagOf(body),
        cacheControl: REVALIDATE,
      })
    },
  )

  app.get(
    '/dids/:did/history',
    {
      schema: {
        operationId: 'didHistory',
        summary: 'All operations of a DID, and what became of each',
        tags: ['dids'],
        params: DID,
        response: { 200: json('Its operations.', 'History'), ...problems(404) },
      },
    },
    async (request, reply) => {
      const { did } = request.params
      return sendJson(request, reply, { did, operations: await reports.run(() => node.history(did)) })
    },
  )
}

function onlyOne({ versionId, versionTime }: VersionOptions): VersionOptions {
  if (versionId !== undefined && versionTime !== undefined) {
    throw new ApiError('PARAMETER_INVALID', 'versionId and versionTime are given together')
  }
  if (versionId !== undefined) return { versionId }
  return versionTime === undefined ? {} : { versionTime }
}
