/** What a node refuses or fails at; `docs/errors.md` lists each with its HTTP status. */
export type NodeErrorCode =
  | 'OPERATION_REFUSED'
  | 'OPERATION_UNKNOWN'
  | 'DID_UNKNOWN'
  | 'DID_EXISTS'
  | 'DID_DEACTIVATED'
  | 'DID_QUEUE_FULL'
  | 'QUEUE_FULL'
  | 'NODE_STOPPING'
  /** The node follows the ledger of another, and anchors nothing. */
  | 'NODE_READ_ONLY'
  | 'NODE_STORE_MISMATCH'
  | 'VERSION_UNKNOWN'
  | 'VERSION_TIME_AHEAD'
  | 'VERSION_TIME_INVALID'
  | 'WORKER_FAILED'
  /** Bytes that are no proof of a resolution, or one that shows nothing of its DID. */
  | 'PROOF_INVALID'
  | 'PROOF_UNAVAILABLE'
  /** Bytes that are no files of a batch, or not those that they say they are. */
  | 'SUBMISSION_INVALID'

/** A request that the node refuses, or cannot serve. `reason` is a code of the protocol where one says why. */
export class NodeError extends Error {
  override readonly name = 'NodeError'
  readonly code: NodeErrorCode
  readonly reason: string | undefined

  constructor(code: NodeErrorCode, message: string, details: { reason?: string; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.reason = details.reason
  }
}
