/** The trust report: what was checked, what could not be decided, and whom one must still trust. */
export {
  type ClaimInput,
  type EdgeInput,
  type NeedsInput,
  ReportBuilder,
} from './builder.ts'
export { type CheckInfo, checkInfo } from './codes.ts'
export {
  type Evaluation,
  type Evidence,
  evaluate,
  evaluateAsRecorded,
  weightAsRecorded,
  weightOf,
} from './evaluate.ts'
export { EXIT, type ExitFacts, exitStatus } from './exit-status.ts'
export { DEFAULT_POLICY, type Policy, type RootRule } from './policy.ts'
export { renderJson } from './render-json.ts'
export { renderText, type TextOptions } from './render-text.ts'
export { fingerprintOf } from './roots.ts'
export type {
  Basis,
  Cause,
  CauseCode,
  CheckCode,
  Claim,
  Needs,
  NodeKind,
  PinnedBy,
  Purpose,
  Relation,
  ReportEdge,
  ReportNode,
  Result,
  Root,
  RootKind,
  TrustReport,
  Verdict,
} from './types.ts'
