import { Type } from 'typebox'
import type { ApiServer } from './api-server.ts'
import {
  DOCUMENT_TYPES,
  IDENTIFIERS_PATH,
  IdentifierHandler,
  type IdentifierParts,
  RESULT_TYPES,
} from './identifiers.ts'
import { documented, problems, withoutBody } from './schemas.ts'

const DID_DOCUMENT = Type.Object({ id: Type.String() }, { additionalProperties: true })
const OPTIONS = Type.Object(
  {
    versionId: Type.Optional(Type.String({ description: 'A version, as the metadata names it.' })),
    versionTime: Type.Optional(Type.String({ description: 'RFC 3339 date and time; not with versionId.' })),
    noCache: Type.Optional(Type.Enum(['true', 'false'], { description: 'Makes no difference here.' })),
    expandRelativeUrls: Type.Optional(Type.Enum(['true', 'false'], { description: 'Makes ids absolute.' })),
    service: Type.Optional(Type.String({ description: 'Leads to the endpoint of a service.' })),
    serviceType: Type.Optional(Type.String({ description: 'Leads to the endpoint of services of a type.' })),
    relativeRef: Type.Optional(Type.String({ description: 'Reference to resolve against the endpoint.' })),
  },
  { additionalProperties: true },
)

/** DID Resolution v1, HTTP(S) Binding. */
export function identifierRoutes(app: ApiServer, parts: IdentifierParts): void {
  const { handle } = new IdentifierHandler(parts)
  const result = Type.Ref('ResolutionResult')
  const ok = {
    description: 'The result, the document, or what the DID URL leads to.',
    content: {
      ...documented('', result, ...RESULT_TYPES).content,
      ...documented('', DID_DOCUMENT, ...DOCUMENT_TYPES).content,
      ...documented('', Type.Ref('DereferencingResult'), 'application/did-url-dereferencing').content,
    },
  }
  const failed = (description: string) => documented(description, result, RESULT_TYPES[0])
  const schema = {
    operationId: 'resolveDid',
    summary: 'Resolve a DID, or dereference a DID URL',
    description:
      'DID Resolution v1, HTTP(S) Binding. DIDs of methods that need a fetch, as did:web, need the token.',
    tags: ['resolution'],
    security: [{}, { token: [] }],
    params: Type.Object({
      did: Type.String({
        description: 'A DID or DID URL, percent-encoded; in the path, a DID also as it is.',
      }),
    }),
    querystring: OPTIONS,
    response: {
      200: ok,
      303: withoutBody('The endpoint of the service is at Location.'),
      304: withoutBody('The client has it.'),
      ...problems(401),
      400: failed('INVALID_DID, INVALID_DID_URL or INVALID_OPTIONS.'),
      404: failed('NOT_FOUND.'),
      406: failed('REPRESENTATION_NOT_SUPPORTED.'),
      410: failed('The DID is deactivated; the result is the body.'),
      500: failed('INTERNAL_ERROR or INVALID_DID_DOCUMENT.'),
      501: failed('METHOD_NOT_SUPPORTED or FEATURE_NOT_SUPPORTED.'),
    },
  }
  // The handler reads the URL itself, since percent-encoding is part of DIDs and of DID URLs.
  const validatorCompiler = () => () => true
  app.get(`${IDENTIFIERS_PATH}:did`, { schema, validatorCompiler }, handle)
  // A DID URL with a path, as it is.
  app.get(`${IDENTIFIERS_PATH}*`, { schema: { hide: true }, validatorCompiler }, handle)
}
