import { encodedSha256 } from '../codec/hash.ts'
import type { JsonObject, JsonValue } from '../codec/json.ts'
import type { ParsedDid } from '../sidetree/did.ts'
import { toResolutionResult } from '../sidetree/document.ts'
import type { ProtocolParameters } from '../sidetree/parameters.ts'
import type { DidState } from '../sidetree/state.ts'
import type { OperationType } from '../sidetree/types.ts'
import { decodeRecord } from './records.ts'
import type { Resolution, ResolutionResult, VersionOptions } from './types.ts'

/** Media type of a DID document in a resolution result (DID Core section 6). */
const CONTENT_TYPE = 'application/did'

/** A DID with the state that was asked for. */
export interface ResolvedState {
  did: ParsedDid
  parameters: ProtocolParameters
  state: DidState
  published: boolean
  nextVersionId?: string
}

/** What an answer says beside the state. */
export interface Besides {
  /** Operations that wait to be anchored. */
  pending: readonly { id: string; type: OperationType }[]
  /** Unavailable transactions that name the DID. */
  named: readonly number[]
}

/** A resolution, kept as its text alone: Node sends that faster than bytes, in one piece with the headers. */
class Answer implements Resolution {
  readonly body: string
  readonly deactivated: boolean
  readonly immutable: boolean
  readonly etag: string

  constructor(text: string, deactivated: boolean, immutable: boolean) {
    this.body = text
    this.deactivated = deactivated
    this.immutable = immutable
    this.etag = `"${encodedSha256(text)}"`
  }

  get result(): ResolutionResult {
    return decodeRecord<ResolutionResult>(Buffer.from(this.body))
  }
}

/** Writes a state as its answer. */
export function answerOf(
  found: ResolvedState,
  { versionId, versionTime }: VersionOptions,
  { pending, named }: Besides,
): Resolution {
  const { did, parameters, state, published, nextVersionId } = found
  const written = toResolutionResult(state, did, {
    published,
    profile: parameters.profile,
    ...(nextVersionId === undefined ? {} : { nextVersionId }),
  })
  const didDocumentMetadata = written.didDocumentMetadata as unknown as JsonObject
  // A version by its id is what it is: what waits or is missing says nothing of it.
  if (versionId === undefined) {
    if (versionTime === undefined && pending.length > 0) {
      didDocumentMetadata['pendingOperations'] = pending as unknown as JsonValue
    }
    if (named.length > 0) didDocumentMetadata['unavailableTransactions'] = [...named]
  }
  const result: ResolutionResult = {
    '@context': written['@context'],
    didDocument: written.didDocument as unknown as JsonObject,
    didResolutionMetadata: { contentType: CONTENT_TYPE },
    didDocumentMetadata,
  }
  const immutable = versionId !== undefined && nextVersionId !== undefined
  return new Answer(JSON.stringify(result), state.deactivated, immutable)
}
