import { LedgerError } from '../ledger/errors.ts'
import type { Confirmation } from '../ledger/types.ts'
import type { OperationPosition, OperationType } from '../sidetree/types.ts'
import { machineClock, unavailableAnchors } from '../trust/roots.ts'
import type { TransactionEvidence } from './evidence.ts'
import type { LedgerProgress } from './ledger-evidence.ts'
import type { Check, OperationEvidence } from './operation-evidence.ts'
import { type Outcome, placeOf } from './recomputation.ts'
import type { UnresolvableRecord } from './records.ts'
import { anchorNode, isAuthentic, type TransactionEdges } from './report-transactions.ts'
import { DID, type ReportWriter } from './report-writer.ts'
import { formatTime } from './time.ts'

/** Furthest that the ledger's word of its time may be from the clock of this machine, in seconds. */
const MAX_AGE = 300

/** Things of one kind that are listed one by one; of more only the number is told. */
const MAX_LISTED = 50

/** An operation of the DID that the answer does not stand on. */
export interface OtherOperation {
  type: OperationType
  position: OperationPosition
  /** Undefined where it was not read again, for want of time or room. */
  transaction: TransactionEvidence | undefined
  evidence: OperationEvidence | undefined
  outcome: Outcome
}

/** What tells whether a state is the newest. */
export interface NewestEvidence {
  progress: LedgerProgress
  /** The time that was asked about, Unix seconds; undefined for now. */
  until: number | undefined
  others: readonly OtherOperation[]
  /** Transactions whose files could not be had, as far as they can matter at that time. */
  unresolvable: readonly UnresolvableRecord[]
  /** Unix milliseconds. */
  now: number
}

/** Writes the edges that nothing but the answer's own operations has changed a DID. */
export class NewestEdges {
  readonly #writer: ReportWriter
  readonly #transactions: TransactionEdges
  readonly #suffix: string

  constructor(writer: ReportWriter, transactions: TransactionEdges, suffix: string) {
    this.#writer = writer
    this.#transactions = transactions
    this.#suffix = suffix
  }

  all(evidence: NewestEvidence): string[] {
    const { progress, until, others, unresolvable, now } = evidence
    const end = this.#end(progress)
    // With a map it is that which shows whether these are all, and the document stands on it already.
    const complete =
      progress.map === undefined
        ? [this.#edge(DID, end.node, 'COMPLETENESS', this.#completeness(progress, until))]
        : []
    return [
      ...complete,
      ...end.edges,
      ...(until === undefined
        ? this.#fresh(end.node, progress, now)
        : this.#ahead(end.node, progress, until)),
      ...this.#others(others, end.node),
      ...this.#named(unresolvable),
      ...this.#unread(unresolvable),
    ]
  }

  #completeness(progress: LedgerProgress, until: number | undefined): Check {
    if (this.#writer.ledger.partial !== true) return checkCompleteness(progress, until)
    return undecided('Only some transactions of the log are at hand: an operation may have been left out.')
  }

  /** The point up to which this node has read, over its own proof to the root of the ledger. */
  #end({ cursor, reached }: LedgerProgress): { node: string; edges: string[] } {
    const number = cursor === undefined ? '' : ` ${cursor.number}`
    const label = `transaction${number} (the last that was read)`
    const head = this.#writer.node({ id: 'head', kind: 'anchor', label })
    if (reached === undefined) return { node: head, edges: [] }
    const { proof } = reached
    const edges = this.#transactions.proven(head, proof)
    const node = proof.checkpoint === undefined ? head : this.#transactions.checkpoint(proof.checkpoint)
    return { node, edges }
  }

  #fresh(node: string, { head }: LedgerProgress, now: number): string[] {
    const clock = this.#writer.report.root(machineClock())
    const edges = [this.#edge(node, clock, 'CHECKPOINT_FRESH', checkFresh(head, now))]
    const confirmed = head instanceof LedgerError ? undefined : head.confirmed
    const source = this.#writer.ledger.roots.find(({ trustedFor }) =>
      trustedFor.includes('newest-checkpoint'),
    )
    if (confirmed?.at === undefined || confirmed.by !== 'source' || source === undefined) return edges
    const detail = `At ${rfc3339(confirmed.at)} the address that the log is read from showed no newer checkpoint.`
    return [...edges, this.#edge(node, source.id, 'CHECKPOINT_NEWEST', { result: 'pass', detail })]
  }

  /** For a time in the past, the ledger's word of its times counts, and it must be past on the ledger too. */
  #ahead(node: string, { head, reached }: LedgerProgress, until: number): string[] {
    const time = this.#transactions.time('head')
    if (reached !== undefined && reached.transaction.timestamp > until) return time
    if (!(head instanceof LedgerError) && head.timestamp > until) return time
    const detail = `The ledger does not speak for a time after ${rfc3339(until)} yet: more may be anchored in that second.`
    return [...time, this.#edge(DID, node, 'VERSION_TIME_AHEAD', { result: 'undecided', detail })]
  }

  /** Operations of the DID that make nothing of the document. Those that are not settled come first. */
  #others(others: readonly OtherOperation[], end: string): string[] {
    const checked = others.map(other => ({ other, check: this.#checkOther(other) }))
    checked.sort((a, b) => Number(a.check.result === 'pass') - Number(b.check.result === 'pass'))
    const edges = checked.slice(0, MAX_LISTED).flatMap(({ other, check }) => {
      const anchor = anchorNode(this.#writer, other.position.transactionNumber)
      const id = `ignored-${placeOf(other.position)}`
      const proof = other.transaction === undefined ? [] : this.#transactions.proof(other.transaction)
      const edge = this.#edge(DID, anchor, 'OPERATION_IGNORED', check, id)
      // A proof that fails leaves it open what stands there; it does not show that the answer is wrong.
      return check.result === 'pass' ? [edge, ...proof] : [edge]
    })
    const rest = checked.slice(MAX_LISTED).map(({ check }) => check)
    if (rest.length > 0) edges.push(this.#edge(DID, end, 'OPERATION_IGNORED', summed(rest), 'ignored-others'))
    return edges
  }

  #checkOther({ type, position, transaction, evidence, outcome }: OtherOperation): Check {
    const what = `Operation ${position.operationIndex} of transaction ${position.transactionNumber} (${type})`
    if (transaction === undefined) {
      return { result: 'skipped', detail: `${what} was not read again, for want of time or room.` }
    }
    if (evidence === undefined || !isAuthentic(transaction)) {
      const why =
        transaction.problem?.detail ?? 'What the ledger and the files say of it could not be proven.'
      return { result: 'undecided', detail: `${what}: ${why}` }
    }
    if (outcome === undefined || 'ignored' in outcome) {
      const why = outcome?.ignored ?? 'DID_NOT_CREATED'
      return { result: 'pass', detail: `${what} was read again and is left out for ${why}.` }
    }
    return outcome.applied.replaced
      ? {
          result: 'pass',
          detail: `${what} was read again; what it made was replaced by a later recover or deactivate.`,
        }
      : {
          result: 'undecided',
          detail: `${what} was read again and counts, although the answer does without it.`,
        }
  }

  #named(unresolvable: readonly UnresolvableRecord[]): string[] {
    const named = unresolvable.filter(({ names }) => names?.includes(this.#suffix))
    const edges = named.slice(0, MAX_LISTED).map(({ transaction, cause }) => {
      const anchor = anchorNode(this.#writer, transaction.number)
      const code = cause.role.endsWith('Proof') ? 'PROOF_UNAVAILABLE' : 'DELTA_UNAVAILABLE'
      const detail = `${cause.role} file ${cause.uri}: ${cause.detail} (${cause.code}).`
      return this.#edge(DID, anchor, code, { result: 'undecided', detail })
    })
    if (named.length > MAX_LISTED) {
      this.#writer.report.notShown(
        `${named.length - MAX_LISTED} more transactions whose files cannot be had name the DID.`,
      )
    }
    return edges
  }

  /** Transactions of which an index file may not have been read, and so may name any DID. */
  #unread(unresolvable: readonly UnresolvableRecord[]): string[] {
    const unread = unresolvable.filter(({ unread }) => unread)
    if (unread.length === 0) return []
    const oldest = formatTime(
      unread.reduce((least, { firstSeen }) => Math.min(least, firstSeen), Number.POSITIVE_INFINITY),
    )
    const root = this.#writer.report.root(unavailableAnchors(unread.length, oldest))
    const anchors = unread.length === 1 ? 'One anchor has' : `${unread.length} anchors have`
    const detail = `${anchors} an index file that could not be read; that none names this DID is assumed.`
    return [this.#edge(DID, root, 'UNAVAILABLE_ANCHORS', { result: 'pass', detail })]
  }

  #edge(
    from: string,
    to: string,
    code: Parameters<ReportWriter['edge']>[2],
    check: Check,
    id?: string,
  ): string {
    return this.#writer.edge(from, to, code, check, id)
  }
}

/** That the node has read all that the ledger had when it was asked; at a time in the past, all up to that. */
function checkCompleteness({ head, cursor, reached }: LedgerProgress, until: number | undefined): Check {
  if (cursor === undefined) return undecided('This node has read nothing of the ledger.')
  const { number } = cursor
  const read = `This node has read all transactions up to number ${number}`
  if (reached === undefined) {
    return undecided(`${read}; the ledger has another there now, or does not answer.`)
  }
  if (until !== undefined && reached.transaction.timestamp > until) {
    return { result: 'pass', detail: `${read}, which is of a later time.` }
  }
  if (head instanceof LedgerError) return undecided(`The ledger does not say where it ends (${head.code}).`)
  if (head.number !== undefined && number < head.number) return undecided(`${read} of ${head.number}.`)
  const size = reached.proof.checkpoint?.size
  if (until === undefined && size !== undefined && size !== (head.size ?? number + 1)) {
    return undecided(`${read}; the ledger has grown meanwhile, to ${size}.`)
  }
  return { result: 'pass', detail: `${read}, the newest when the ledger was asked.` }
}

/** That the ledger speaks for a time near that of the clock. */
function checkFresh(head: LedgerProgress['head'], now: number): Check {
  if (head instanceof LedgerError) return undecided(`The ledger does not say what time it is (${head.code}).`)
  if (head.confirmed !== undefined) return checkConfirmed(head.confirmed, now)
  const age = Math.floor(now / 1000) - head.timestamp
  const distance = age < 0 ? `${-age} seconds after` : `${age} seconds before`
  const detail = `The ledger says that it speaks for ${rfc3339(head.timestamp)}, ${distance} the clock of this machine; of a ledger on this machine that is the same clock.`
  return { result: Math.abs(age) <= MAX_AGE ? 'pass' : 'undecided', detail }
}

/** That it was heard lately that nothing is newer. */
function checkConfirmed({ at, by }: Confirmation, now: number): Check {
  if (at === undefined)
    return undecided('Nobody has confirmed yet that the newest checkpoint known here is the newest.')
  const age = Math.floor(now / 1000) - at
  const distance = age < 0 ? `${-age} seconds after` : `${age} seconds before`
  const who =
    by === 'witnesses' ? 'A quorum of witnesses has cosigned the checkpoint' : 'The checkpoint was confirmed'
  const detail = `${who} at ${rfc3339(at)}, ${distance} the clock of this machine.`
  return { result: Math.abs(age) <= MAX_AGE ? 'pass' : 'undecided', detail }
}

/** Several checks as one. */
function summed(checks: readonly Check[]): Check {
  const settled = checks.filter(({ result }) => result === 'pass').length
  if (settled === checks.length) {
    return { result: 'pass', detail: `${settled} more operations were read again and count for nothing.` }
  }
  const skipped = checks.every(({ result }) => result !== 'undecided')
  const detail = `Of ${checks.length} more operations, ${settled} were read again and count for nothing; the others are not settled.`
  return { result: skipped ? 'skipped' : 'undecided', detail }
}

function undecided(detail: string): Check {
  return { result: 'undecided', detail }
}

function rfc3339(seconds: number): string {
  return formatTime(seconds * 1000)
}
