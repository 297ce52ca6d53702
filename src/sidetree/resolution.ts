import { type ProtocolVersions, parametersAt } from './parameters.ts'
import { applyOperation, comparePositions, type DidState, nextCommitmentOf } from './state.ts'
import type { CheckedOperation, OperationPosition, SidetreeCode } from './types.ts'

export interface PositionedOperation {
  operation: CheckedOperation
  position: OperationPosition
}

/** An operation that made a version of the DID. */
export interface AppliedOperation extends PositionedOperation {
  versionId: string
  /** Why its patches left the document as it was; its commitments count nevertheless. */
  patchProblem?: SidetreeCode
  /** True for an update before a recover or deactivate: it counted until then, and made nothing of what is now. */
  replaced: boolean
}

/** An operation that makes no version, and why. */
export interface IgnoredOperation extends PositionedOperation {
  code: SidetreeCode
}

/** What the operations of a DID come to. */
export interface Resolution {
  /** Undefined where no create applies, or no version has the `versionId` that was asked for. */
  state: DidState | undefined
  /** In the order of versions: the create, its updates, the first recover, its updates, and so on. */
  applied: AppliedOperation[]
  ignored: IgnoredOperation[]
  /** The version after the one that was asked for. */
  nextVersionId?: string
}

export interface ResolutionOptions {
  /** Only operations whose transaction has this timestamp or an earlier one (Unix seconds). */
  until?: number
  /** Stop at this version. */
  versionId?: string
}

/** A version on the way, with the operation that made it. */
interface Step {
  item: PositionedOperation
  state: DidState
  epoch: number
  patchProblem?: SidetreeCode
}

interface Compilation {
  versions: ProtocolVersions
  steps: Step[]
  /** Why an operation that was looked at did not apply. */
  reasons: Map<PositionedOperation, SidetreeCode>
}

/**
 * Resolves a DID from all its operations, in whatever order they are given (Sidetree v1, Operation Compilation).
 * The order of commitments counts, not that of the ledger; among operations that open the same commitment the
 * earliest valid one does. An operation is discarded if its next commitment was opened before on its chain, or is
 * the one that it opens itself.
 *
 * Versions are those that the DID went through: an update of a time before a recover stays a version if it was in force
 * before the recover was anchored. One that came later never was, and who stole the update key cannot make it one.
 */
export function resolveOperations(
  operations: readonly PositionedOperation[],
  versions: ProtocolVersions,
  options: ResolutionOptions = {},
): Resolution {
  const { until, versionId } = options
  const pool = operations
    .filter(({ position }) => until === undefined || position.timestamp <= until)
    .sort((a, b) => comparePositions(a.position, b.position))
  const compilation: Compilation = { versions, steps: [], reasons: new Map() }
  const trunk = compileTrunk(pool, compilation)
  compileUpdates(trunk, pool, compilation)
  return versionId === undefined
    ? conclude(pool, compilation, compilation.steps.length - 1)
    : concludeAt(pool, compilation, versionId)
}

/** The create and, on the recovery commitments, each recover and the deactivate. */
function compileTrunk(pool: readonly PositionedOperation[], compilation: Compilation): Step[] {
  const first = findCreate(pool, compilation)
  if (first === undefined) return []
  const trunk = [first]
  const byCommitment = groupByReveal(pool, type => type === 'recover' || type === 'deactivate')
  const spent = new Set<string>()
  for (let state: DidState | undefined = first.state; state !== undefined; ) {
    const step = firstValid(state, state.recoveryCommitment, byCommitment, spent, compilation)
    state = step?.state
    if (step !== undefined) trunk.push({ ...step, epoch: trunk.length })
  }
  return trunk
}

/** Fills in the steps: each of the trunk, with the updates that follow on it. */
function compileUpdates(
  trunk: readonly Step[],
  pool: readonly PositionedOperation[],
  compilation: Compilation,
): void {
  const byCommitment = groupByReveal(pool, type => type === 'update')
  for (const [epoch, start] of trunk.entries()) {
    compilation.steps.push(start)
    const end = trunk[epoch + 1]?.state.updated
    const spent = new Set<string>()
    for (let state: DidState | undefined = start.state; state !== undefined; ) {
      const commitment = state.updateCommitment
      const step = firstValid(state, commitment, byCommitment, spent, compilation)
      if (step !== undefined && end !== undefined && comparePositions(step.state.updated, end) > 0) {
        mark(byCommitment.get(commitment ?? ''), 'COMMITMENT_REPLACED', compilation)
        break
      }
      state = step?.state
      if (step !== undefined) compilation.steps.push({ ...step, epoch })
    }
  }
}

/**
 * The create that counts. All creates of a DID have the same suffix data; the suffix commits to one delta. ION's nodes
 * take the earliest, whatever its delta, so that whoever anchors the suffix data first, with another delta, leaves
 * the DID with an empty document. Otherwise the earliest with the right delta is taken, if there is one.
 */
function findCreate(pool: readonly PositionedOperation[], compilation: Compilation): Step | undefined {
  const creates = pool.filter(({ operation }) => operation.type === 'create')
  const isIon = compilation.versions[0]?.profile === 'ion'
  const complete = isIon ? [] : creates.filter(({ operation }) => operation.deltaProblem === undefined)
  let found: Step | undefined
  for (const item of new Set([...complete, ...creates])) {
    const step = found === undefined ? attempt(undefined, item, compilation) : undefined
    if (found !== undefined) mark([item], 'CREATE_SUPERSEDED', compilation)
    found ??= step
  }
  return found
}

function groupByReveal(
  pool: readonly PositionedOperation[],
  isWanted: (type: CheckedOperation['type']) => boolean,
): Map<string, PositionedOperation[]> {
  const groups = new Map<string, PositionedOperation[]>()
  for (const item of pool) {
    const { type, reveals } = item.operation
    if (reveals === undefined || !isWanted(type)) continue
    const group = groups.get(reveals)
    if (group === undefined) groups.set(reveals, [item])
    else group.push(item)
  }
  return groups
}

/** The earliest operation that opens the commitment and applies; the commitment is spent then. */
function firstValid(
  state: DidState,
  commitment: string | undefined,
  byCommitment: ReadonlyMap<string, PositionedOperation[]>,
  spent: Set<string>,
  compilation: Compilation,
): Step | undefined {
  if (commitment === undefined) return undefined
  let found: Step | undefined
  for (const item of byCommitment.get(commitment) ?? []) {
    if (found !== undefined) {
      mark([item], 'COMMITMENT_SPENT', compilation)
    } else if (spent.has(nextCommitmentOf(item.operation) ?? '')) {
      mark([item], 'COMMITMENT_REUSED', compilation)
    } else {
      found = attempt(state, item, compilation)
    }
  }
  if (found !== undefined) spent.add(commitment)
  return found
}

function attempt(
  state: DidState | undefined,
  item: PositionedOperation,
  compilation: Compilation,
): Step | undefined {
  const application = applyOperation(state, item.operation, item.position, compilation.versions)
  if ('state' in application) return { item, epoch: 0, ...application }
  mark([item], application.ignored, compilation)
  return undefined
}

/** Keeps the first reason; what is wrong with an operation itself comes before what others did. */
function mark(
  items: readonly PositionedOperation[] | undefined,
  reason: SidetreeCode,
  { reasons }: Compilation,
): void {
  for (const item of items ?? []) {
    if (!reasons.has(item)) reasons.set(item, item.operation.problem ?? reason)
  }
}

function concludeAt(
  pool: readonly PositionedOperation[],
  compilation: Compilation,
  versionId: string,
): Resolution {
  const { steps } = compilation
  const last = steps.findIndex(step => step.state.versionId === versionId)
  if (last === -1) return { ...conclude(pool, compilation, steps.length - 1), state: undefined }
  const next = steps[last + 1]?.state.versionId
  const resolution = conclude(pool, compilation, last)
  return next === undefined ? resolution : { ...resolution, nextVersionId: next }
}

function conclude(pool: readonly PositionedOperation[], compilation: Compilation, last: number): Resolution {
  const steps = compilation.steps.slice(0, last + 1)
  const end = steps.at(-1)
  const everApplied = new Set(compilation.steps.map(step => step.item))
  return {
    state: end?.state,
    applied: steps.map(({ item, state, epoch, patchProblem }) => ({
      ...item,
      versionId: state.versionId,
      ...(patchProblem === undefined ? {} : { patchProblem }),
      replaced: epoch !== end?.epoch && item.operation.type === 'update',
    })),
    ignored: pool
      .filter(item => !everApplied.has(item))
      .map(item => ({ ...item, code: reasonOf(item, compilation) })),
  }
}

function reasonOf(item: PositionedOperation, compilation: Compilation): SidetreeCode {
  const { steps, reasons, versions } = compilation
  const known = reasons.get(item) ?? item.operation.problem
  if (known !== undefined) return known
  if (parametersAt(versions, item.position.transactionTime) === undefined) return 'BEFORE_GENESIS'
  const state = steps.at(-1)?.state
  if (state === undefined) return 'DID_NOT_CREATED'
  return state.deactivated ? 'DID_DEACTIVATED' : 'COMMITMENT_UNKNOWN'
}
