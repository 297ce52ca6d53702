import { type DidMethod, didPrefix, type ParsedDid, parseDid } from '../sidetree/did.ts'
import { parseInitialState, stateOfInitialState } from '../sidetree/long-form.ts'
import { type ProtocolParameters, type ProtocolVersions, parametersAt } from '../sidetree/parameters.ts'
import { type Resolution as Compiled, resolveOperations } from '../sidetree/resolution.ts'
import type { DidState } from '../sidetree/state.ts'
import { StoreError } from '../store/errors.ts'
import { answerOf, type ResolvedState } from './answer.ts'
import { NodeError } from './errors.ts'
import type { NextPosition } from './next-position.ts'
import type { OperationStore } from './operation-store.ts'
import type { OperationQueue } from './queue.ts'
import { parseVersionTime } from './time.ts'
import { positioned } from './transaction-applier.ts'
import type { HistoryEntry, Resolution, VersionOptions } from './types.ts'

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

/** Answers what a DID is, from what the observer has stored. */
export class Resolver {
  readonly #parts: ResolverParts
  readonly #prefix: string
  /** Answers for the short form, by the state that they were made from: they go when it leaves the memory. */
  readonly #answers = new WeakMap<DidState, Resolution>()

  constructor(parts: ResolverParts) {
    this.#parts = parts
    this.#prefix = didPrefix(parts.method)
  }

  /** @throws as `SidetreeNode.atHand` */
  atHand(text: string): Resolution | undefined {
    const known = this.#known(text)
    if (known !== undefined) return known
    const next = this.#parts.next()
    return next instanceof Promise ? undefined : this.#newest(text, next.parameters)
  }

  /** @throws as `SidetreeNode.resolve` */
  async resolve(text: string, options: VersionOptions = {}): Promise<Resolution> {
    const { operations, next } = this.#parts
    if (options.versionId === undefined && options.versionTime === undefined) {
      const newest = this.#newest(text, (await next()).parameters)
      if (newest !== undefined) return newest
    }
    const found = await this.find(text, options)
    return this.answer(found, options, await operations.naming(found.did.suffix))
  }

  /** An answer that was kept, if it still counts. It is found without taking the DID apart. */
  #known(shortForm: string): Resolution | undefined {
    if (!shortForm.startsWith(this.#prefix)) return undefined
    const suffix = shortForm.slice(this.#prefix.length)
    const state = this.#parts.operations.stateInMemory(suffix)
    const known = state === undefined ? undefined : this.#answers.get(state)
    return known === undefined || this.#mayHaveMore(suffix) ? undefined : known
  }

  /** The newest state of a DID by its short form; undefined where there may be more to say than the state does. */
  #newest(text: string, parameters: ProtocolParameters): Resolution | undefined {
    const { operations, method } = this.#parts
    const did = parseDid(text, method, parameters)
    const { suffix, longForm } = did
    if (longForm !== undefined || this.#mayHaveMore(suffix)) return undefined
    const state = operations.state(suffix)
    if (state === undefined) return undefined
    const known = this.#answers.get(state)
    if (known !== undefined) return known
    const answer = this.answer({ did, parameters, state, published: true }, {}, [])
    if (state === operations.stateInMemory(suffix)) this.#answers.set(state, answer)
    return answer
  }

  /** Operations that wait, or transactions that cannot be read, are named in an answer beside the state. */
  #mayHaveMore(suffix: string): boolean {
    return this.#parts.queue.has(suffix) || this.#parts.operations.mayBeNamed(suffix)
  }

  /** The state of a DID at the version asked for. @throws as `SidetreeNode.resolve` */
  async find(text: string, options: VersionOptions): Promise<ResolvedState> {
    const { operations, method, next } = this.#parts
    const { parameters } = await next()
    const did = parseDid(text, method, parameters)
    const state = operations.state(did.suffix)
    if (state === undefined) return this.#findUnpublished(did, parameters, options)
    this.#requireLongFormOf(did, state, parameters)
    if (options.versionId === undefined && options.versionTime === undefined) {
      return { did, parameters, state, published: true }
    }
    if (options.versionId === state.versionId) return { did, parameters, state, published: true }
    return this.#findVersion(did, parameters, options)
  }

  /** An initial state that is not the DID's own is refused, also once nothing depends on it. */
  #requireLongFormOf({ initialState, suffix }: ParsedDid, state: DidState, now: ProtocolParameters): void {
    if (initialState === undefined) return
    const then = parametersAt(this.#parts.versions, state.created.transactionTime)
    parseInitialState(initialState, suffix, then ?? now)
  }

  /** Writes a state as its answer. `named`: unavailable transactions that name the DID. */
  answer(found: ResolvedState, options: VersionOptions, named: number[]): Resolution {
    const waiting = this.#parts.queue.waitingFor(found.did.suffix)
    const pending = waiting.map(({ id, request }) => ({ id, type: request.type }))
    return answerOf(found, options, { pending, named })
  }

  /** All operations of a DID with what became of each. @throws as `SidetreeNode.resolve` */
  async history(text: string): Promise<HistoryEntry[]> {
    const { did } = await this.find(text, {})
    const compiled = await this.#compile(did.suffix, {})
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

  /**
   * Resolves all operations of a DID anew. They must come to its state: a version of the past that was found among
   * less than all of them could be wrong.
   */
  async #compile(suffix: string, options: { until?: number; versionId?: string }): Promise<Compiled> {
    const { operations, versions, location } = this.#parts
    for (;;) {
      const before = operations.state(suffix)?.versionId
      const stored = (await operations.operations(suffix)).map(positioned)
      if (operations.state(suffix)?.versionId !== before) continue
      const newest = resolveOperations(stored, versions)
      if (newest.state?.versionId === before) {
        return Object.keys(options).length === 0 ? newest : resolveOperations(stored, versions, options)
      }
      const sentence = `the operations and the state of a DID in ${location} disagree`
      throw new StoreError('STORE_CORRUPT', location, `${sentence}: run "rootline repair"`)
    }
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
    const compiled = await this.#compile(did.suffix, {
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
    // Without a state, there is no create that counts.
    if (this.#parts.operations.opening(did.suffix, undefined).length > 0) await this.#compile(did.suffix, {})
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
}
