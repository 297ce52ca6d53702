import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { Type } from 'typebox'
import type { ApiServer } from './api-server.ts'
import { ApiError } from './errors.ts'
import { PROBLEMS_PATH } from './problem.ts'
import { problemType } from './problem-types.ts'
import { sendJson } from './respond.ts'
import { documented, json, problems } from './schemas.ts'

/** The page at /docs: everything it needs comes from this server, and it asks nobody else. */
const DOCS_POLICY = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self' 'unsafe-inline'",
  'img-src': "'self' data:",
  'connect-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
}

/** Gathers the schemas of the routes that are added after it into an OpenAPI 3.1 document. */
export async function describeRoutes(app: ApiServer, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Rootline',
        version,
        description:
          'A decentralized-identity node: resolves DIDs, takes Sidetree operations, and shows its log.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'resolution', description: 'DID Resolution v1' },
        { name: 'dids', description: 'What stands behind the state of a DID' },
        { name: 'operations', description: 'Sidetree operations' },
        { name: 'log', description: 'The transparency log (C2SP tlog-tiles)' },
        { name: 'ledger', description: 'What was read from the ledger' },
        { name: 'content', description: 'Trustless gateway' },
        { name: 'operation', description: 'Health, metrics and this description' },
      ],
      components: {
        securitySchemes: {
          token: {
            type: 'http',
            scheme: 'bearer',
            description: 'The token in the file `token` of the data folder.',
          },
          writer: {
            type: 'http',
            scheme: 'bearer',
            description: 'The token that `rootline log writer add` has shown.',
          },
        },
      },
    },
    // Components by the names of their schemas, rather than by a count.
    refResolver: {
      buildLocalReference: (schema, _baseUri, _fragment, index) =>
        typeof schema['$id'] === 'string' ? schema['$id'] : `schema-${index}`,
    },
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_POLICY,
    uiConfig: { docExpansion: 'list', validatorUrl: null },
  })
}

/** The description of the interface, and of its problems. */
export function descriptionRoutes(app: ApiServer): void {
  app.get(
    '/openapi.json',
    {
      schema: {
        operationId: 'openapi',
        summary: 'This description',
        tags: ['operation'],
        response: { 200: documented('OpenAPI 3.1.', Type.Unknown(), 'application/json'), ...problems() },
      },
    },
    async (request, reply) => sendJson(request, reply, app.swagger()),
  )

  app.get(
    `${PROBLEMS_PATH}:code`,
    {
      schema: {
        operationId: 'describeProblem',
        summary: 'What a problem means',
        tags: ['operation'],
        params: Type.Object({ code: Type.String() }),
        response: { 200: json('Its description.', 'ProblemType'), ...problems(404) },
      },
    },
    async (request, reply) => {
      const { code } = request.params
      const found = problemType(code)
      if (found === undefined) throw new ApiError('PROBLEM_UNKNOWN', 'no problem has this code')
      return sendJson(request, reply, { code, status: found.status, title: found.title })
    },
  )
}
