/** The Sidetree protocol, pure: making and checking operations, reading batch files, resolving DIDs from them. */
export { type AnchorString, formatAnchorString, parseAnchorString } from './anchor-string.ts'
export {
  type BatchOutcome,
  BatchReader,
  type FetchedFile,
  type FileProblem,
  readBatch,
  type WantedFile,
} from './batch-read.ts'
export {
  buildCreate,
  buildDeactivate,
  buildRecover,
  buildUpdate,
  type CreateInput,
  type DeactivateInput,
  type RecoverInput,
  type SignedInput,
  type UpdateInput,
} from './build.ts'
export { checkOperation } from './check.ts'
export { commitmentOf, revealValueOf } from './commitment.ts'
export { type DidMethod, didPrefix, type ParsedDid, parseDid } from './did.ts'
export { type DidDocument, type SidetreeResolutionResult, toResolutionResult } from './document.ts'
export { SidetreeError, type SidetreeErrorCode } from './errors.ts'
export { longFormDid, parseInitialState, stateOfInitialState } from './long-form.ts'
export { operationIdOf } from './operation-id.ts'
export {
  PROTOCOL_VERSIONS,
  type ProtocolParameters,
  type ProtocolVersions,
  parametersAt,
} from './parameters.ts'
export { type ParsedRequest, parseRequest } from './request.ts'
export {
  type AppliedOperation,
  type IgnoredOperation,
  type PositionedOperation,
  type Resolution,
  type ResolutionOptions,
  resolveOperations,
} from './resolution.ts'
export type { DidState } from './state.ts'
export { didSuffixOf } from './suffix-data.ts'
export type {
  AnchoredOperation,
  CheckedOperation,
  CreateRequest,
  DeactivateRequest,
  Delta,
  DocumentState,
  KeyPurpose,
  OperationPosition,
  OperationRequest,
  OperationType,
  Patch,
  PublicKeyEntry,
  RecoverRequest,
  ServiceEntry,
  SuffixData,
  UpdateRequest,
} from './types.ts'
