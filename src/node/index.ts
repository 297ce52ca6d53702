/** A Sidetree node over a ledger, a content store and a database that its caller chooses. */
export { NodeError, type NodeErrorCode } from './errors.ts'
export { type NodeEvent, type NodeParts, type NodeSettings, startNode } from './node.ts'
export type { ObserverEvent } from './observer.ts'
export type { PinnedLog } from './proof/proof-ledger.ts'
export {
  parseResolutionProof,
  RESOLUTION_PROOF_TYPE,
  type ResolutionProof,
} from './proof/resolution-proof.ts'
export { type ProofVerification, verifyResolutionProof } from './proof/verify-proof.ts'
export type { QueueLimits } from './queue.ts'
export type { TransactionRecord } from './records.ts'
export {
  checkNodeStore,
  type NodeStoreCheck,
  type RebuiltStore,
  rebuildNodeStore,
} from './repair.ts'
export type {
  Explanation,
  HistoryEntry,
  NodeStatus,
  OperationStatus,
  Resolution,
  ResolutionResult,
  SidetreeNode,
  Submission,
  UnresolvableSummary,
  VersionOptions,
} from './types.ts'
