import type { JsonObject } from '../codec/json.ts'
import type { LedgerProblem } from '../ledger/types.ts'
import type { OperationType } from '../sidetree/types.ts'
import type { TrustReport } from '../trust/types.ts'
import type { WrongRoot } from './map/records.ts'
import type { TransactionRecord } from './records.ts'

/** Life of an operation that was handed to this node. */
export interface OperationStatus {
  /** Encoded multihash of the request's canonical form. */
  id: string
  did: string
  type: OperationType
  /**
   * queued: durable, waits for a batch. batched: its batch's files are stored, the anchor is under way. anchored:
   * on the ledger, not yet read back. applied: it changed the DID. rejected: it never will, for `reason`.
   */
  state: 'queued' | 'batched' | 'anchored' | 'applied' | 'rejected'
  /** RFC 3339. */
  acceptedAt: string
  /** Where it was anchored. */
  transactionNumber?: number
  operationIndex?: number
  /** How many operations are to be batched before it. */
  ahead?: number
  /** Why it was rejected: a code of the protocol, and a sentence. */
  code?: string
  reason?: string
}

/** What a client gets for an operation that was accepted. */
export interface Submission {
  status: OperationStatus
  /** False where the same request had been accepted before. */
  accepted: boolean
  /** For a create: the long form, which resolves at once. */
  longFormDid?: string
}

/** Which version of a DID is asked for; at most one of the two. */
export interface VersionOptions {
  versionId?: string
  /** RFC 3339 date and time. */
  versionTime?: string
}

/** A DID resolution result (W3C DID Resolution v1, section 4). */
export interface ResolutionResult {
  '@context': string
  didDocument: JsonObject | null
  didResolutionMetadata: JsonObject
  didDocumentMetadata: JsonObject
}

/** The outcome of a resolution. Not found and bad input are NodeErrors and SidetreeErrors. */
export interface Resolution {
  result: ResolutionResult
  /** JSON of `result`. */
  body: string
  deactivated: boolean
  /** True where the answer can never change: it was asked for by version id. */
  immutable: boolean
  /** Changes whenever `body` does. */
  etag: string
}

/** One operation in the history of a DID, applied or not. */
export interface HistoryEntry {
  type: OperationType
  transactionNumber: number
  operationIndex: number
  /** RFC 3339, the ledger's word. */
  time: string
  applied: boolean
  /** Version of the DID that it made. */
  versionId?: string
  /** Why it was ignored, or why its delta did not count. */
  code?: string
}

/** A resolution with the record of what was checked. */
export interface Explanation {
  resolution: Resolution
  report: TrustReport
}

/** What an operator looks at. */
export interface NodeStatus {
  method: string
  ledger: {
    kind: string
    id: string
    newest: number | undefined
    time: string
    /** Why no traffic should be sent here; absent where nothing speaks against it. */
    problems?: LedgerProblem[]
  }
  observer: {
    cursor: number | undefined
    lag: number
    reorganisations: number
    running: boolean
    lastError?: string
  }
  queue: { operations: number; oldest?: string; batching: boolean; lastError?: string }
  unresolvable: { count: number; oldest?: string; transactions: UnresolvableSummary[] }
  /** The map of the operations on the ledger; absent where there is none. */
  map?: {
    /** Leaves of the log that it covers. */
    size: number
    /** Why it is behind. */
    lastError?: string
    /** The first `map` leaf of the log that states another root than its anchors come to. */
    wrong?: WrongRoot
  }
}

/** A transaction whose files could not be had yet. */
export interface UnresolvableSummary {
  transactionNumber: number
  anchorString: string
  firstSeen: string
  attempts: number
  nextAttempt: string
  code: string
  detail: string
}

/** Sidetree at work: what the API, the CLI and an embedding program call. */
export interface SidetreeNode {
  /** DID method name, for example `rootline`. */
  readonly method: string
  /**
   * Accepts an operation request (JSON) for a later batch; resolves once it is durable.
   * @throws NodeError NODE_READ_ONLY where the node follows the ledger of another
   * @throws SidetreeError the request breaks a rule of the protocol
   * @throws NodeError OPERATION_REFUSED (it could never apply: `reason` says why), DID_UNKNOWN, DID_EXISTS,
   * DID_DEACTIVATED, DID_QUEUE_FULL, QUEUE_FULL, NODE_STOPPING
   */
  submit(request: Uint8Array): Promise<Submission>
  /** @throws NodeError OPERATION_UNKNOWN */
  operation(id: string): Promise<OperationStatus>
  /**
   * Resolves a short or long form.
   * @throws SidetreeError the DID is not well formed; NodeError DID_UNKNOWN, VERSION_UNKNOWN, VERSION_TIME_AHEAD
   */
  resolve(did: string, options?: VersionOptions): Promise<Resolution>
  /**
   * What `resolve` gives for the newest state of a DID, if that takes no waiting; undefined says nothing. For servers,
   * since nearly every request asks for this. @throws SidetreeError the DID is not well formed
   */
  atHand(did: string): Resolution | undefined
  /** As `resolve`, with the trust report. */
  explain(did: string, options?: VersionOptions): Promise<Explanation>
  /**
   * The proof of all operations of a DID that this node knows, to be carried away (docs/spec/resolution-proof.md).
   * @throws as `resolve`; NodeError DID_UNKNOWN with the reason NOT_ANCHORED for a long form that proves itself;
   * PROOF_UNAVAILABLE
   */
  prove(did: string): Promise<Uint8Array>
  /** Operations of a DID in ledger order. @throws as `resolve` */
  history(did: string): Promise<HistoryEntry[]>
  /** Transactions that were decided, after a number. */
  transactions(after: number | undefined, limit: number): Promise<TransactionRecord[]>
  status(): Promise<NodeStatus>
  /** Waits until every transaction that is on the ledger now was looked at, and nothing is queued. */
  settled(): Promise<void>
  /** Stops taking operations, finishes the batch under way, and leaves everything durable. */
  stop(): Promise<void>
}
