import { type TSchema, Type } from 'typebox'

const STRICT = { additionalProperties: false }

/** RFC 3339, UTC. */
const TIME = Type.String({ format: 'date-time' })
const OBJECT = Type.Object({}, { additionalProperties: true })

/** A problem document. */
export const PROBLEM = Type.Object(
  {
    type: Type.String({ description: 'Path that describes this type of problem.' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'What happened here, in one sentence.' }),
    code: Type.String({ description: 'Stable code; docs/errors.md lists them.' }),
    reason: Type.Optional(Type.String({ description: 'The code of the protocol that says why.' })),
  },
  { $id: 'Problem', description: 'RFC 9457 problem details.', additionalProperties: true },
)

const OPERATION_TYPE = Type.Enum(['create', 'update', 'recover', 'deactivate'])

export const OPERATION_STATUS = Type.Object(
  {
    id: Type.String(),
    did: Type.String(),
    type: OPERATION_TYPE,
    state: Type.Enum(['queued', 'batched', 'anchored', 'applied', 'rejected'], {
      description:
        'queued: durable, waits for a batch. batched: its files are stored, the anchor is under way. anchored: on ' +
        'the ledger. applied: it changed the DID. rejected: it never will.',
    }),
    acceptedAt: TIME,
    transactionNumber: Type.Optional(Type.Integer()),
    operationIndex: Type.Optional(Type.Integer()),
    ahead: Type.Optional(Type.Integer({ description: 'Operations that are to be batched before it.' })),
    code: Type.Optional(Type.String()),
    reason: Type.Optional(Type.String()),
  },
  { ...STRICT, $id: 'OperationStatus' },
)

export const SUBMISSION = Type.Object(
  {
    status: Type.Ref('OperationStatus'),
    accepted: Type.Boolean({ description: 'False where the same request had been accepted before.' }),
    longFormDid: Type.Optional(Type.String({ description: 'Of a create: resolves at once.' })),
  },
  { ...STRICT, $id: 'Submission' },
)

export const OPERATION_REQUEST = Type.Object(
  { type: OPERATION_TYPE },
  {
    $id: 'OperationRequest',
    description: 'A Sidetree v1 operation request (Sidetree v1, Operations).',
    additionalProperties: true,
  },
)

export const RESOLUTION_RESULT = Type.Object(
  {
    '@context': Type.Unknown(),
    didDocument: Type.Union([OBJECT, Type.Null()]),
    didResolutionMetadata: OBJECT,
    didDocumentMetadata: OBJECT,
  },
  { ...STRICT, $id: 'ResolutionResult', description: 'DID Resolution v1, DID Resolution Result.' },
)

export const DEREFERENCING_RESULT = Type.Object(
  { content: Type.Unknown(), dereferencingMetadata: OBJECT, contentMetadata: OBJECT },
  { ...STRICT, $id: 'DereferencingResult', description: 'DID Resolution v1, DID URL Dereferencing Result.' },
)

export const EXPLANATION = Type.Object(
  { resolution: Type.Ref('ResolutionResult'), report: Type.Ref('TrustReport') },
  { ...STRICT, $id: 'Explanation', description: 'A resolution with the record of what was checked.' },
)

export const HISTORY = Type.Object(
  {
    did: Type.String(),
    operations: Type.Array(
      Type.Object(
        {
          type: OPERATION_TYPE,
          transactionNumber: Type.Integer(),
          operationIndex: Type.Integer(),
          time: TIME,
          applied: Type.Boolean(),
          versionId: Type.Optional(Type.String({ description: 'The version that it made.' })),
          code: Type.Optional(Type.String({ description: 'Why it, or its delta, counts for nothing.' })),
        },
        STRICT,
      ),
    ),
  },
  { ...STRICT, $id: 'History', description: 'The operations of a DID in the order of the ledger.' },
)

export const TRANSACTIONS = Type.Object(
  {
    transactions: Type.Array(
      Type.Object(
        {
          number: Type.Integer(),
          time: TIME,
          timeHash: Type.String(),
          anchorString: Type.String(),
          writer: Type.String(),
          outcome: Type.Enum(['applied', 'invalid']),
          operations: Type.Integer(),
          problems: Type.Array(
            Type.Object({ file: Type.String(), code: Type.String(), detail: Type.String() }, STRICT),
          ),
          files: Type.Array(Type.Object({ role: Type.String(), uri: Type.String() }, STRICT)),
          firstSeen: TIME,
          decidedAt: TIME,
        },
        STRICT,
      ),
    ),
    next: Type.Optional(
      Type.String({ description: 'Pass it as `after` for what follows; absent on the last page.' }),
    ),
  },
  { ...STRICT, $id: 'Transactions' },
)

export const STAMP_REQUEST = Type.Object(
  {
    digests: Type.Array(Type.String({ pattern: '^[0-9a-f]{64}$' }), {
      minItems: 1,
      maxItems: 1024,
      description: 'SHA-256 in lower-case hexadecimal.',
    }),
  },
  { ...STRICT, $id: 'StampRequest' },
)

export const STAMP_PROOFS = Type.Object(
  {
    proofs: Type.Array(
      Type.Object(
        {
          v: Type.Literal(1),
          type: Type.Literal('stamp-proof'),
          digest: Type.String(),
          salt: Type.String(),
          index: Type.Integer(),
          size: Type.Integer(),
          path: Type.Array(Type.String()),
          leaf: Type.String(),
          proof: Type.String({ description: 'That the leaf is on the log (C2SP tlog-proof).' }),
        },
        STRICT,
      ),
    ),
  },
  { ...STRICT, $id: 'StampProofs', description: 'Proofs of a stamp, each to be kept by itself.' },
)

export const SUBMISSION_RECEIPT = Type.Object(
  {
    receipt: Type.String({ description: 'A signed note, to be kept until the leaf is there.' }),
    leaf: Type.Optional(Type.Integer({ description: 'Index of the leaf.' })),
  },
  {
    ...STRICT,
    $id: 'SubmissionReceipt',
    description: 'A promise of the log (docs/spec/submission-receipt.md).',
  },
)

const LAST_ERROR = Type.Optional(Type.String({ description: 'Shown with the token.' }))

export const NODE_STATUS = Type.Object(
  {
    method: Type.String(),
    ledger: Type.Object(
      {
        kind: Type.String(),
        id: Type.String(),
        newest: Type.Optional(Type.Integer()),
        time: TIME,
        problems: Type.Optional(
          Type.Array(Type.Object({ code: Type.String(), detail: Type.String() }, STRICT), {
            description: 'What speaks against the ledger, such as two histories that it has signed.',
          }),
        ),
      },
      STRICT,
    ),
    observer: Type.Object(
      {
        cursor: Type.Optional(Type.Integer()),
        lag: Type.Integer(),
        reorganisations: Type.Integer(),
        running: Type.Boolean(),
        lastError: LAST_ERROR,
      },
      STRICT,
    ),
    queue: Type.Object(
      {
        operations: Type.Integer(),
        oldest: Type.Optional(TIME),
        batching: Type.Boolean(),
        lastError: LAST_ERROR,
      },
      STRICT,
    ),
    unresolvable: Type.Object(
      {
        count: Type.Integer(),
        oldest: Type.Optional(TIME),
        transactions: Type.Array(
          Type.Object(
            {
              transactionNumber: Type.Integer(),
              anchorString: Type.String(),
              firstSeen: TIME,
              attempts: Type.Integer(),
              nextAttempt: TIME,
              code: Type.String(),
              detail: Type.String(),
            },
            STRICT,
          ),
        ),
      },
      STRICT,
    ),
    map: Type.Optional(
      Type.Object(
        {
          size: Type.Integer({ description: 'Leaves of the log that it covers.' }),
          lastError: LAST_ERROR,
          wrong: Type.Optional(
            Type.Object(
              { index: Type.Integer(), stated: Type.String(), computed: Type.String() },
              { ...STRICT, description: 'The first map leaf that is not what its anchors come to.' },
            ),
          ),
        },
        { ...STRICT, description: 'The map of the operations.' },
      ),
    ),
  },
  { ...STRICT, $id: 'NodeStatus' },
)

export const LIVE = Type.Object({ status: Type.Literal('live') }, { ...STRICT, $id: 'Live' })
export const READY = Type.Object({ status: Type.Literal('ready') }, { ...STRICT, $id: 'Ready' })

export const PROBLEM_DESCRIPTION = Type.Object(
  { code: Type.String(), status: Type.Integer(), title: Type.String() },
  { ...STRICT, $id: 'ProblemType' },
)

/** Schemas with a name, which the API description lists as components. */
export const NAMED_SCHEMAS: readonly TSchema[] = [
  PROBLEM,
  OPERATION_STATUS,
  SUBMISSION,
  OPERATION_REQUEST,
  RESOLUTION_RESULT,
  DEREFERENCING_RESULT,
  EXPLANATION,
  HISTORY,
  TRANSACTIONS,
  STAMP_REQUEST,
  STAMP_PROOFS,
  SUBMISSION_RECEIPT,
  NODE_STATUS,
  LIVE,
  READY,
  PROBLEM_DESCRIPTION,
]

/** A response as the API description has it. */
interface DocumentedResponse {
  description: string
  content?: Record<string, { schema: TSchema }>
  type?: 'null'
}

/** A response of one or more media types. */
export function documented(
  description: string,
  schema: TSchema,
  ...mediaTypes: string[]
): DocumentedResponse {
  return { description, content: Object.fromEntries(mediaTypes.map(type => [type, { schema }])) }
}

/** A response without a body. */
export function withoutBody(description: string): DocumentedResponse {
  return { description, type: 'null' }
}

/** A response of JSON. */
export function json(description: string, name: string): DocumentedResponse {
  return documented(description, Type.Ref(name), 'application/json')
}

/** Bytes that are no text. */
export const BINARY = Type.String({ description: 'Bytes.' })

/** Problem responses by status, beside those that any route can give. */
export function problems(...statuses: number[]): Record<number, DocumentedResponse> {
  const all = new Set([...statuses, 400, 421, 429, 500, 503])
  return Object.fromEntries(
    [...all]
      .sort()
      .map(status => [status, documented('A problem.', Type.Ref('Problem'), 'application/problem+json')]),
  )
}
