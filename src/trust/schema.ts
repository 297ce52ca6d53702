import { Type } from 'typebox'
import { CAUSES, type CauseCode, CHECKS, type CheckCode } from './codes.ts'
import {
  BASES,
  NODE_KINDS,
  PINNED_BY,
  PURPOSES,
  type Purpose,
  RELATIONS,
  RESULTS,
  ROOT_KINDS,
  VERDICTS,
} from './terms.ts'

const CHECK_CODES = Object.keys(CHECKS) as CheckCode[]
const CAUSE_CODES = [...CHECK_CODES, ...Object.keys(CAUSES)] as CauseCode[]
const PURPOSE_NAMES = Object.keys(PURPOSES) as Purpose[]

const STRICT = { additionalProperties: false }
const ID = Type.String({ minLength: 1 })
const SENTENCE = Type.String({ minLength: 1 })
const TIME = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z$',
  description: 'RFC 3339, UTC',
})

/** What a claim stands on. Refers to itself, so it has a name of its own. */
export const NEEDS_SCHEMA = Type.Union(
  [
    Type.Object({ edge: ID }, STRICT),
    Type.Object({ all: Type.Array(Type.Ref('TrustNeeds'), { minItems: 1 }) }, STRICT),
    Type.Object({ any: Type.Array(Type.Ref('TrustNeeds'), { minItems: 1 }) }, STRICT),
  ],
  { $id: 'TrustNeeds', description: 'An edge, all of several, or any of several; at most 16 deep.' },
)

const CAUSE = Type.Object(
  { code: Type.Enum(CAUSE_CODES), edge: Type.Optional(ID), detail: SENTENCE },
  { ...STRICT, description: 'The first reason why it is not verified.' },
)

const CLAIM = Type.Object(
  {
    id: ID,
    statement: SENTENCE,
    node: ID,
    required: Type.Boolean(),
    verdict: Type.Enum([...VERDICTS]),
    cause: Type.Optional(CAUSE),
    needs: Type.Ref('TrustNeeds'),
  },
  STRICT,
)

const NODE = Type.Object(
  {
    id: ID,
    kind: Type.Enum([...NODE_KINDS]),
    label: SENTENCE,
    digest: Type.Optional(Type.String()),
    source: Type.Optional(Type.String()),
  },
  STRICT,
)

const EDGE = Type.Object(
  {
    id: ID,
    from: ID,
    to: ID,
    relation: Type.Enum([...RELATIONS]),
    basis: Type.Enum([...BASES]),
    result: Type.Enum([...RESULTS]),
    code: Type.Enum(CHECK_CODES),
    spec: SENTENCE,
    detail: SENTENCE,
    at: TIME,
    root: Type.Optional(ID),
    purpose: Type.Optional(Type.Enum(PURPOSE_NAMES)),
    accepted: Type.Optional(Type.Boolean()),
  },
  STRICT,
)

const ROOT = Type.Object(
  {
    id: ID,
    kind: Type.Enum([...ROOT_KINDS]),
    name: SENTENCE,
    fingerprint: Type.Optional(Type.String({ pattern: '^sha256:[0-9a-f]{64}$' })),
    pinnedBy: Type.Enum([...PINNED_BY]),
    trustedFor: Type.Array(Type.Enum(PURPOSE_NAMES)),
    ifItLies: SENTENCE,
  },
  STRICT,
)

/**
 * JSON Schema of a report, by the name `TrustReport`. It refers to {@link NEEDS_SCHEMA} by its name, so whoever
 * uses the one registers both (Fastify: `addSchema`).
 */
export const TRUST_REPORT_SCHEMA = Type.Object(
  {
    version: Type.Literal(1),
    verdict: Type.Enum([...VERDICTS]),
    summary: SENTENCE,
    cause: Type.Optional(CAUSE),
    at: TIME,
    asOf: Type.Optional(TIME),
    claims: Type.Array(CLAIM),
    nodes: Type.Array(NODE),
    edges: Type.Array(EDGE),
    roots: Type.Array(ROOT),
    notShown: Type.Array(SENTENCE),
  },
  {
    ...STRICT,
    $id: 'TrustReport',
    description: 'What was checked, what is undecided, and who must still be trusted.',
  },
)
