/** The `Ledger` port, and the embedded transparency log. */
export type { Admission, AnchorOptions, Entry, OperationRefusal } from './admission.ts'
export { LedgerError, type LedgerErrorCode } from './errors.ts'
export { FollowedLog, type FollowedLogParts, type FollowStatus } from './follower/followed-log.ts'
export {
  type EvidenceReport,
  type ForkEvidence,
  formatForkEvidence,
  parseForkEvidence,
  verifyForkEvidence,
} from './follower/fork-evidence.ts'
export { httpLogSource, type LogSource } from './follower/log-source.ts'
export type { Submitter, SubmittingParts } from './follower/submitted-anchors.ts'
export { type LogClock, systemClock } from './log/clock.ts'
export { generateLogKey } from './log/key.ts'
export { type AnchorLeaf, type Leaf, parseLeaf, type StampLeaf } from './log/leaf.ts'
export { type PublishedCheckpoint, publishedCheckpointFile } from './log/published-checkpoint.ts'
export { TransparencyLog, type TransparencyLogParts } from './log/transparency-log.ts'
export { type LogVerification, verifyLog } from './log/verify-log.ts'
export { type LogProofReport, verifyLogProof } from './log/verify-proof.ts'
export { MAX_STAMP_DIGESTS, type StampingParts, stampDigests } from './stamp/make-stamp.ts'
export {
  encodeStampProof,
  MAX_STAMP_PROOF_BYTES,
  parseStampProof,
  type StampProof,
} from './stamp/stamp-proof.ts'
export { type StampReport, type StampVerification, verifyStamp } from './stamp/verify-stamp.ts'
export {
  type BrokenReceipt,
  formatBrokenReceipt,
  parseBrokenReceipt,
} from './submission/broken-receipt.ts'
export {
  type CheckedReceipt,
  checkBrokenReceipt,
  checkReceipt,
  type ReceiptVerification,
} from './submission/check-receipt.ts'
export {
  formatReceipt,
  MAX_RECEIPT_BYTES,
  parseReceipt,
  type Receipt,
  signReceipt,
  verifyReceipt,
} from './submission/receipt.ts'
export type { ReceiptOutcome } from './submission/receipt-report.ts'
export type {
  Ledger,
  LedgerDescription,
  LedgerHead,
  LedgerPosition,
  LedgerProof,
  LedgerTransaction,
  LogProof,
  ProofCheck,
  Reorganisation,
  ValueTimeLock,
  WordProof,
} from './types.ts'
