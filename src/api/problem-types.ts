import type { ContentErrorCode } from '../content/errors.ts'
import type { LedgerErrorCode } from '../ledger/errors.ts'
import type { NodeErrorCode } from '../node/errors.ts'
import type { SidetreeErrorCode } from '../sidetree/errors.ts'
import type { StoreErrorCode } from '../store/errors.ts'
import type { ApiErrorCode } from './errors.ts'
import { PROTOCOL_TITLES } from './protocol-titles.ts'

/** One type of problem (RFC 9457 section 3.1): what holds for each occurrence of a code. */
export interface ProblemType {
  status: number
  title: string
  /** Seconds after which the same request may succeed, for the header Retry-After. */
  retryAfter?: number
  /** True where the error's own sentence may name files or addresses of this machine: it goes to the log alone. */
  internal?: true
}

const API_PROBLEMS = {
  REQUEST_INVALID: { status: 400, title: 'The request is not well-formed HTTP.' },
  REQUEST_TIMEOUT: { status: 408, title: 'The request did not arrive in time.' },
  URL_TOO_LONG: { status: 414, title: 'The URL is too long.' },
  HEADERS_TOO_LARGE: { status: 431, title: 'The headers are too large.' },
  BODY_TOO_LARGE: { status: 413, title: 'The body is too large.' },
  MEDIA_TYPE_UNSUPPORTED: {
    status: 415,
    title: 'The body is not said to be of the type that is taken here.',
  },
  NOT_ACCEPTABLE: { status: 406, title: 'There is no representation that the client accepts.' },
  HOST_NOT_ALLOWED: { status: 421, title: 'This server does not answer for that host.' },
  ORIGIN_NOT_ALLOWED: { status: 403, title: 'Pages of other origins may not do this.' },
  TOKEN_REQUIRED: { status: 401, title: 'This needs the token of the node.' },
  TOKEN_INVALID: { status: 401, title: 'The token is not that of the node.' },
  WRITER_REVOKED: { status: 403, title: 'The writer is revoked.' },
  ROUTE_UNKNOWN: { status: 404, title: 'There is nothing at this path for this method.' },
  PARAMETER_INVALID: { status: 400, title: 'A parameter of the request is invalid.' },
  DID_OPTION_UNSUPPORTED: { status: 501, title: 'The option is not supported.' },
  ENDPOINT_NOT_REDIRECTED: { status: 501, title: 'Nobody is sent to an endpoint of this kind.' },
  CURSOR_INVALID: { status: 400, title: 'The cursor is not one that this node gave out.' },
  PROBLEM_UNKNOWN: { status: 404, title: 'No problem has this code.' },
  TILE_PATH_INVALID: { status: 400, title: 'This is not the path of a tile.' },
  TILE_UNKNOWN: { status: 404, title: 'The published log has no such tile.' },
  STAMP_REQUEST_INVALID: { status: 400, title: 'The body is no list of digests to stamp.' },
  GATEWAY_OPTION_UNSUPPORTED: { status: 400, title: 'The gateway does not support this option.' },
  GATEWAY_FORMAT_MISSING: { status: 400, title: 'The gateway must be told the format.' },
  RATE_LIMITED: { status: 429, title: 'This client makes too many requests.' },
  BUSY: { status: 503, title: 'Too many requests of this kind are under way.', retryAfter: 1 },
  NOT_READY: { status: 503, title: 'The node is not ready.' },
  INTERNAL_ERROR: { status: 500, title: 'The server failed.', internal: true },
} as const satisfies Record<ApiErrorCode, ProblemType>

const NODE_PROBLEMS = {
  OPERATION_REFUSED: { status: 400, title: 'The operation could never apply.' },
  OPERATION_UNKNOWN: { status: 404, title: 'No operation with this id was accepted here.' },
  DID_UNKNOWN: { status: 404, title: 'The DID is not known here.' },
  DID_EXISTS: { status: 409, title: 'The DID exists already.' },
  DID_DEACTIVATED: { status: 409, title: 'The DID is deactivated.' },
  DID_QUEUE_FULL: {
    status: 429,
    title: 'Too many operations of this DID wait to be anchored.',
    retryAfter: 10,
  },
  QUEUE_FULL: { status: 503, title: 'Too many operations wait to be anchored.', retryAfter: 10 },
  NODE_STOPPING: { status: 503, title: 'The node is stopping.', retryAfter: 10 },
  NODE_READ_ONLY: { status: 403, title: 'This node follows the log of another, and anchors nothing.' },
  NODE_STORE_MISMATCH: { status: 500, title: "The node's database belongs elsewhere.", internal: true },
  VERSION_UNKNOWN: { status: 404, title: 'The DID has no such version.' },
  VERSION_TIME_AHEAD: { status: 400, title: 'The ledger has not been read up to this time.' },
  VERSION_TIME_INVALID: { status: 400, title: 'The version time is not a date and time.' },
  PROOF_INVALID: { status: 400, title: 'This is no proof of a resolution.' },
  PROOF_UNAVAILABLE: { status: 503, title: 'No proof can be made now.', retryAfter: 10 },
  SUBMISSION_INVALID: { status: 400, title: 'The body is not the files of a batch.' },
  WORKER_FAILED: { status: 503, title: 'A worker thread failed.', retryAfter: 1, internal: true },
} as const satisfies Record<NodeErrorCode, ProblemType>

const CONTENT_PROBLEMS = {
  CONTENT_NOT_FOUND: { status: 404, title: 'The content is not held here.' },
  CONTENT_NOT_REACHABLE: {
    status: 503,
    title: 'The content store did not answer.',
    retryAfter: 5,
    internal: true,
  },
  CONTENT_TOO_LARGE: { status: 400, title: 'The content is larger than what this node hands out.' },
  CONTENT_MISMATCH: { status: 500, title: 'The stored content is damaged.', internal: true },
  CONTENT_NOT_A_FILE: { status: 400, title: 'The content is not a file.' },
  CONTENT_CID_INVALID: { status: 400, title: 'This is not a CID that is in use here.' },
  CONTENT_FULL: { status: 507, title: 'The content store is full.', retryAfter: 60, internal: true },
  CONTENT_CLOSED: { status: 503, title: 'The content store is closed.', retryAfter: 10 },
} as const satisfies Record<ContentErrorCode, ProblemType>

const STORE_PROBLEMS = {
  STORE_LOCKED: { status: 503, title: 'The database is in use elsewhere.', retryAfter: 10, internal: true },
  STORE_CORRUPT: { status: 500, title: 'The database is damaged.', internal: true },
  STORE_FULL: { status: 507, title: 'The disk is full.', retryAfter: 60, internal: true },
  STORE_UNAVAILABLE: {
    status: 503,
    title: 'The database cannot be used.',
    retryAfter: 10,
    internal: true,
  },
  STORE_CLOSED: { status: 503, title: 'The database is closed.', retryAfter: 10, internal: true },
} as const satisfies Record<StoreErrorCode, ProblemType>

const LEDGER_PROBLEMS: Partial<Record<LedgerErrorCode, ProblemType>> = {
  LEDGER_CLOSED: { status: 503, title: 'The ledger is closed.', retryAfter: 10 },
  LEDGER_READ_ONLY: { status: 403, title: 'The ledger is the log of another.' },
  LEDGER_ENTRY_REFUSED: { status: 422, title: 'The log does not admit the batch.' },
  LEDGER_FILES_MISSING: { status: 422, title: 'The log does not hold every file of the batch.' },
  LEDGER_CLOCK_BEHIND: { status: 503, title: 'The clock of the ledger is behind.', retryAfter: 60 },
  LEDGER_CLOCK_AHEAD: { status: 503, title: 'The clock of the ledger is ahead.', retryAfter: 60 },
  LEDGER_OUTCOME_UNKNOWN: {
    status: 503,
    title: 'It is not known whether the ledger has taken it.',
    retryAfter: 10,
  },
  LEDGER_FILES_UNAVAILABLE: {
    status: 503,
    title: 'Files of an anchor of the log cannot be had.',
    retryAfter: 60,
  },
  LEDGER_QUORUM_MISSING: { status: 503, title: 'Too few witnesses have cosigned.', retryAfter: 10 },
  LEDGER_FROZEN: { status: 503, title: 'The ledger has shown two histories.' },
  LEDGER_UNREACHABLE: { status: 503, title: 'The ledger did not answer.', retryAfter: 5, internal: true },
}

/** What is documented in `docs/errors.md`, in the order of that page; the protocol's own codes apart. */
export const PROBLEM_TYPES: Readonly<Record<string, ProblemType>> = {
  ...API_PROBLEMS,
  ...NODE_PROBLEMS,
  ...CONTENT_PROBLEMS,
  ...STORE_PROBLEMS,
  ...LEDGER_PROBLEMS,
}

/** The type of the problem that a code names, or undefined. A code of the protocol has status 400. */
export function problemType(code: string): ProblemType | undefined {
  if (Object.hasOwn(PROBLEM_TYPES, code)) return PROBLEM_TYPES[code]
  if (!Object.hasOwn(PROTOCOL_TITLES, code)) return undefined
  return { status: 400, title: PROTOCOL_TITLES[code as SidetreeErrorCode] }
}
