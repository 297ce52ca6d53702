import type { Ledger } from '../ledger/types.ts'
import { checkOperation, signedDataInputOf } from '../sidetree/check.ts'
import { requireUsable } from '../sidetree/ingest.ts'
import { operationIdOf } from '../sidetree/operation-id.ts'
import type { ProtocolParameters, ProtocolVersions } from '../sidetree/parameters.ts'
import { parseRequest } from '../sidetree/request.ts'
import { applyOperation, type DidState } from '../sidetree/state.ts'
import type {
  AnchoredOperation,
  CheckedOperation,
  OperationPosition,
  OperationRequest,
} from '../sidetree/types.ts'
import { type Judge, judgeByState, judgeOperation, type Refusal } from './applicability.ts'
import type { CheckPool } from './check-pool.ts'
import { NodeError } from './errors.ts'
import type { KnownVerdicts } from './known-verdicts.ts'
import type { NextPosition } from './next-position.ts'
import type { OperationStore } from './operation-store.ts'
import { outcomeOf } from './outcome.ts'
import type { OperationQueue } from './queue.ts'
import type { OperationRecord, QueuedOperation } from './records.ts'

export interface IntakeParts {
  queue: OperationQueue
  operations: OperationStore
  ledger: Ledger
  pool: CheckPool
  versions: ProtocolVersions
  /** Where verdicts are left for whoever reads the operation back from the ledger. */
  known: KnownVerdicts
  next: NextPosition
  /** Unix milliseconds. */
  now: () => number
  /** Resolves once all that is on the ledger now has been looked at. */
  caughtUp: () => Promise<void>
}

/**
 * Decides which operations may wait for a batch: those that would apply to their DID as it will be once everything
 * that waits is anchored. So nothing that can never count takes a place in a DID's queue.
 */
export class Intake {
  readonly #parts: IntakeParts
  /** The last acceptance under way of each DID: one DID's operations are judged one after another. */
  readonly #busy = new Map<string, Promise<unknown>>()

  constructor(parts: IntakeParts) {
    this.#parts = parts
  }

  /**
   * Takes a request; resolves once it is durable. The same request again gives the record that it has.
   * @throws SidetreeError where it breaks a rule; NodeError as `SidetreeNode.submit` says
   */
  async accept(
    body: Uint8Array,
  ): Promise<{ record: OperationRecord; accepted: boolean; request: OperationRequest }> {
    const { position, parameters } = await this.#parts.next()
    const { request, operation } = parseRequest(body, parameters)
    const { didSuffix } = operation
    const id = operationIdOf(request)
    const known = await this.#known(id)
    if (known !== undefined) return { record: known, accepted: false, request }
    const checked = await this.#check(operation, parameters)
    const record = await this.#inTurn(didSuffix, () =>
      this.#queue({ id, didSuffix, request, checked }, position),
    )
    return { ...record, request }
  }

  /** Judges operations that wait by what their DIDs are now. */
  async judge(): Promise<Judge> {
    const { position } = await this.#parts.next()
    return judgeByState({ ...this.#parts, position })
  }

  /** The record of an operation that was accepted and may still count, or does. */
  async #known(id: string): Promise<OperationRecord | undefined> {
    const record = this.#parts.queue.record(id)
    if (record?.state !== 'anchored') return record?.state === 'queued' ? record : undefined
    const { state } = await outcomeOf(record, this.#parts)
    return state === 'rejected' ? undefined : record
  }

  async #check(operation: AnchoredOperation, parameters: ProtocolParameters): Promise<CheckedOperation> {
    const input = signedDataInputOf(operation)
    const { pool, known } = this.#parts
    const verdict = input === undefined ? undefined : await pool.checkOne(input, parameters)
    const checked = checkOperation(operation, parameters, verdict)
    requireUsable(checked, verdict)
    if (input !== undefined && verdict !== undefined) known.add(input, parameters, verdict)
    return checked
  }

  async #queue(
    operation: Pick<QueuedOperation, 'id' | 'didSuffix' | 'request' | 'checked'>,
    position: OperationPosition,
  ): Promise<{ record: OperationRecord; accepted: boolean }> {
    const { queue, now } = this.#parts
    const known = await this.#known(operation.id)
    if (known !== undefined) return { record: known, accepted: false }
    await this.#requireApplicable(operation, position)
    queue.requireRoom(operation.didSuffix)
    return { record: await queue.add({ ...operation, acceptedAt: now() }), accepted: true }
  }

  /** An operation that has left the queue may not have come back from the ledger yet: then a second look decides. */
  async #requireApplicable(
    operation: Pick<QueuedOperation, 'didSuffix' | 'checked'>,
    position: OperationPosition,
  ): Promise<void> {
    if (this.#refusal(operation, position) === undefined) return
    await this.#parts.caughtUp()
    const refusal = this.#refusal(operation, position)
    if (refusal !== undefined) throw refusal
  }

  #refusal(
    { didSuffix, checked }: Pick<QueuedOperation, 'didSuffix' | 'checked'>,
    position: OperationPosition,
  ): NodeError | undefined {
    const { queue, operations, versions } = this.#parts
    let state: DidState | undefined = operations.state(didSuffix)
    for (const waiting of queue.waitingFor(didSuffix)) {
      const outcome = applyOperation(state, waiting.checked, position, versions)
      if ('state' in outcome) state = outcome.state
    }
    const outcome = judgeOperation(state, checked, position, versions)
    return 'state' in outcome ? undefined : refused(outcome.refusal)
  }

  /** Runs `action` after all that was asked for the same DID before. */
  async #inTurn<T>(didSuffix: string, action: () => Promise<T>): Promise<T> {
    const before = this.#busy.get(didSuffix) ?? Promise.resolve()
    const turn = before.then(action, action)
    const done = turn.catch(() => {})
    this.#busy.set(didSuffix, done)
    try {
      return await turn
    } finally {
      if (this.#busy.get(didSuffix) === done) this.#busy.delete(didSuffix)
    }
  }
}

function refused({ code: reason, reason: sentence }: Refusal): NodeError {
  switch (reason) {
    case 'DID_NOT_CREATED':
      return new NodeError('DID_UNKNOWN', sentence, { reason })
    case 'CREATE_SUPERSEDED':
      return new NodeError('DID_EXISTS', sentence, { reason })
    case 'DID_DEACTIVATED':
      return new NodeError('DID_DEACTIVATED', sentence, { reason })
    default:
      return new NodeError('OPERATION_REFUSED', sentence, { reason })
  }
}
