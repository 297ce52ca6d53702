import { encodeBase64url } from '../codec/base64url.ts'
import { sha256 } from '../codec/hash.ts'
import type { JsonObject, JsonValue } from '../codec/json.ts'
import { type DidMethod, type ParsedDid, parseDid } from '../sidetree/did.ts'
import { toResolutionResult } from '../sidetree/document.ts'
import { stateOfInitialState } from '../sidetree/long-form.ts'
import type { ProtocolParameters, ProtocolVersions } from '../sidetree/parameters.ts'
import { type Resolution as Compiled, resolveOperations } from '../sidetree/resolution.ts'
import type { DidState } from '../sidetree/state.ts'
import { StoreError } from '../store/errors.ts'
import { NodeError } from './errors.ts'
import type { NextPosition } from './next-position.ts'
import type { OperationStore } from './operation-store.ts'
import type { OperationQueue } from './queue.ts'
import type { StoredOperation } from './records.ts'
import { parseVersionTime } from './time.ts'
import { positioned } from './transaction-applier.ts'
import type { HistoryEntry, Resolution, ResolutionResult, VersionOptions } from './types.ts'

/** Media type of a DID document in a resolution result (DID Core section 6). */
const CONTENT_TYPE = 'application/did'

export interface ResolverParts {
  location: string
  method: DidMethod
  versions: ProtocolVersions
  operations: OperationStore
  queue: OperationQueue
  next: NextPosition
  /** UTC time that the ledger has been read up to, Unix seconds. */
  readUntil: () => Promise<number>
}

/** A DID with the state that was asked for. */
export interface ResolvedState {
  did: ParsedDid
  parameters: ProtocolParameters
  state: DidState
  published: boolean
  nextVersionId?: string
}

/** Answers what a DID is, from what the observer has stored. */
export class Resolver {
  readonly #parts: ResolverParts

  constructor(parts: ResolverParts) {
    this.#parts = parts
  }

  /** @throws as `SidetreeNode.resolve` */
  async resolve(did: string, options: VersionOptions = {}): Promise<Resolution> {
    const found = await this.find(did, options)
    const named = await this.#parts.operations.naming(found.did.suffix)
    return this.answer(found, options, named)
  }

  /** The state of a DID at the version asked for. @throws as `SidetreeNode.resolve` */
  async find(text: string, options: VersionOptions): Promise<ResolvedState> {
    const { operations, method, next } = this.#parts
    const { parameters } = await next()
    const did = parseDid(text, method, parameters)
    const state = operations.state(did.suffix)
    if (state === undefined) return this.#findUnpublished(did, parameters, options)
    if (options.versionId === undefined && options.versionTime === undefined) {
      return { did, parameters, state, published: true }
    }
    if (options.versionId === state.versionId) return { did, parameters, state, published: true }
    return this.#findVersion(did, parameters, options)
  }

  /** Writes a state as its answer. `named`: unavailable transactions that name the DID. */
  answer(found: ResolvedState, options: VersionOptions, named: number[]): Resolution {
    const { did, parameters, state, published, nextVersionId } = found
    const written = toResolutionResult(state, did, {
      published,
      profile: parameters.profile,
      ...(nextVersionId === undefined ? {} : { nextVersionId }),
    })
    const didDocumentMetadata = written.didDocumentMetadata as unknown as JsonObject
    const pending = this.#parts.queue
      .waitingFor(did.suffix)
      .map(({ id, request }) => ({ id, type: request.type }))
    if (pending.length > 0) didDocumentMetadata['pendingOperations'] = pending as unknown as JsonValue
    if (named.length > 0) didDocumentMetadata['unavailableTransactions'] = named
    const result: ResolutionResult = {
      '@context': written['@context'],
      didDocument: written.didDocument as unknown as JsonObject,
      didResolutionMetadata: { contentType: CONTENT_TYPE },
      didDocumentMetadata,
    }
    const body = Buffer.from(JSON.stringify(result))
    const immutable = options.versionId !== undefined && nextVersionId !== undefined
    return {
      result,
      body,
      deactivated: state.deactivated,
      immutable,
      etag: `"${encodeBase64url(sha256(body))}"`,
    }
  }

  /** All operations of a DID with what became of each. @throws as `SidetreeNode.resolve` */
  async history(text: string): Promise<HistoryEntry[]> {
    const { did } = await this.find(text, {})
    const stored = await this.stored(did.suffix)
    const compiled = resolveOperations(stored.map(positioned), this.#parts.versions)
    const entries = [
      ...compiled.applied.map(({ operation, position, versionId, patchProblem }) => {
        const code = patchProblem ?? operation.deltaProblem
        return { operation, position, applied: true, versionId, ...(code === undefined ? {} : { code }) }
      }),
      ...compiled.ignored.map(({ operation, position, code }) => ({
        operation,
        position,
        applied: false,
        code,
      })),
    ]
    return entries
      .map(({ operation, position, ...rest }) => ({
        type: operation.type,
        transactionNumber: position.transactionNumber,
        operationIndex: position.operationIndex,
        time: new Date(position.timestamp * 1000).toISOString(),
        ...rest,
      }))
      .sort((a, b) => a.transactionNumber - b.transactionNumber || a.operationIndex - b.operationIndex)
  }

  /** Operations of a DID with their verdicts. */
  stored(suffix: string): Promise<StoredOperation[]> {
    return this.#parts.operations.operations(suffix)
  }

  /** Resolves all operations of a DID anew. */
  async compile(suffix: string, options: { until?: number; versionId?: string } = {}): Promise<Compiled> {
    return resolveOperations((await this.stored(suffix)).map(positioned), this.#parts.versions, options)
  }

  async #findVersion(
    did: ParsedDid,
    parameters: ProtocolParameters,
    options: VersionOptions,
  ): Promise<ResolvedState> {
    const { versionId, versionTime } = options
    const until = versionTime === undefined ? undefined : parseVersionTime(versionTime)
    if (until !== undefined && until > (await this.#parts.readUntil())) {
      throw new NodeError('VERSION_TIME_AHEAD', `the ledger has not been read up to ${versionTime} yet`)
    }
    const compiled = await this.compile(did.suffix, {
      ...(until === undefined ? {} : { until }),
      ...(versionId === undefined ? {} : { versionId }),
    })
    if (compiled.state === undefined) {
      if (versionId !== undefined)
        throw new NodeError('VERSION_UNKNOWN', `the DID has no version ${versionId}`)
      throw new NodeError('DID_UNKNOWN', `the DID did not exist at ${versionTime}`)
    }
    const { state, nextVersionId } = compiled
    const base = { did, parameters, state, published: true }
    return nextVersionId === undefined ? base : { ...base, nextVersionId }
  }

  async #findUnpublished(
    did: ParsedDid,
    parameters: ProtocolParameters,
    options: VersionOptions,
  ): Promise<ResolvedState> {
    await this.#requireNothingStored(did.suffix)
    if (did.initialState === undefined) {
      const waits = this.#parts.queue.has(did.suffix)
      const sentence = waits
        ? 'its create operation waits to be anchored'
        : 'no operation of it is on the ledger'
      throw new NodeError('DID_UNKNOWN', `${did.shortForm} is not known here: ${sentence}`, {
        reason: waits ? 'QUEUED' : 'NOT_ANCHORED',
      })
    }
    if (options.versionId !== undefined || options.versionTime !== undefined) {
      throw new NodeError('VERSION_UNKNOWN', 'a DID that is not anchored has no versions')
    }
    const { position } = await this.#parts.next()
    const state = stateOfInitialState(
      did.initialState,
      did.suffix,
      this.#parts.versions,
      position.transactionTime,
    )
    return { did, parameters, state, published: false }
  }

  /** A DID without a state has no create that counts; where operations say otherwise, the store is damaged. */
  async #requireNothingStored(suffix: string): Promise<void> {
    if (this.#parts.operations.opening(suffix, undefined).length === 0) return
    if ((await this.compile(suffix)).state === undefined) return
    throw new StoreError(
      'STORE_CORRUPT',
      this.#parts.location,
      `${this.#parts.location} has operations of a DID and no state: run "rootline repair"`,
    )
  }
}
