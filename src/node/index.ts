/** A Sidetree node over a ledger, a content store and a database that its caller chooses. */
export { NodeError, type NodeErrorCode } from './errors.ts'
export { type NodeEvent, type NodeParts, type NodeSettings, startNode } from './node.ts'
export type { ObserverEvent } from './observer.ts'
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
