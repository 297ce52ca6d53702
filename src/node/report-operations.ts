import type { FileRole } from '../sidetree/files/file.ts'
import type { AppliedOperation } from '../sidetree/resolution.ts'
import type { OperationType } from '../sidetree/types.ts'
import type { CheckCode } from '../trust/types.ts'
import type { TransactionEvidence } from './evidence.ts'
import {
  type Check,
  checkDelta,
  checkReveal,
  checkSignature,
  checkSuffix,
  checkWindow,
  type OperationEvidence,
} from './operation-evidence.ts'
import type { Outcome } from './recomputation.ts'
import { anchorNode, fileNode, isAuthentic, type TransactionEdges } from './report-transactions.ts'
import { DID, type ReportWriter } from './report-writer.ts'

/** An operation that the answer was made by, with what was read again of it. */
export interface ChainLink {
  applied: AppliedOperation
  /** Undefined where it was not read again, for want of time or room. */
  transaction: TransactionEvidence | undefined
  /** Undefined where the files list no operation of the DID there, or cannot be had. */
  evidence: OperationEvidence | undefined
  /** What became of it when all was resolved anew. */
  outcome: Outcome
  /** True before the last create or recover: what its patches made was replaced. */
  superseded: boolean
}

/** What an operation commits to, by its node and its files; no evidence where those could not be read again. */
interface Committed {
  node: string
  evidence: OperationEvidence | undefined
}

/** An operation that was read again, in its place in the report. */
interface ReadLink extends ChainLink {
  node: string
  transaction: TransactionEvidence
  evidence: OperationEvidence
  /** Whether its transaction and files are vouched for. */
  authentic: boolean
}

/** An operation in the report. */
export interface WrittenOperation {
  /** The node that stands for it. */
  node: string
  /** Edges of what it says and who signed it. */
  own: string[]
  /** Edges that lead on from its node to the root of the ledger. */
  path: string[]
}

/** Operations that were not read again and are listed one by one; of more only the number is told. */
const MAX_UNREAD = 50

const NOT_READ: Check = {
  result: 'skipped',
  detail: 'It was not read again: a report reads up to 5,000 operations, for up to 20 seconds.',
}

/** Files that list an operation: its reference, and its signed data. */
const LISTED_IN: { readonly [type in OperationType]: readonly FileRole[] } = {
  create: ['coreIndex'],
  recover: ['coreIndex', 'coreProof'],
  deactivate: ['coreIndex', 'coreProof'],
  update: ['provisionalIndex', 'provisionalProof'],
}

/** Writes the edges of the operations that a document was made by, oldest first. */
export class OperationEdges {
  readonly #writer: ReportWriter
  readonly #transactions: TransactionEdges
  readonly #suffix: string
  /** Whether the answer hangs on when each was anchored. */
  readonly #timed: boolean
  #update: Committed | undefined
  #recovery: Committed | undefined
  #count = 0

  constructor(writer: ReportWriter, transactions: TransactionEdges, suffix: string, timed: boolean) {
    this.#writer = writer
    this.#transactions = transactions
    this.#suffix = suffix
    this.#timed = timed
  }

  /** Writes operations; those that were not read again are one in the end, where they are many. */
  all(links: readonly ChainLink[]): WrittenOperation[] {
    const written: WrittenOperation[] = []
    const unlisted: ChainLink[] = []
    let unread = 0
    for (const link of links) {
      if (link.transaction !== undefined || unread++ < MAX_UNREAD) {
        written.push(this.#add(link))
        continue
      }
      unlisted.push(link)
      // What comes next is not to be held against an operation that is not the one before it.
      this.#update = undefined
      if (link.applied.operation.type !== 'update') this.#recovery = undefined
    }
    const [first] = unlisted
    return first === undefined ? written : [...written, this.#rest(first, unlisted.length)]
  }

  #rest({ applied }: ChainLink, count: number): WrittenOperation {
    const label = `${count} more operations`
    const node = this.#writer.node({ id: 'operations-unread', kind: 'operation', label })
    const anchor = anchorNode(this.#writer, applied.position.transactionNumber)
    return { node, own: [], path: [this.#writer.edge(node, anchor, 'FILE_LISTS_OPERATION', NOT_READ)] }
  }

  #add(link: ChainLink): WrittenOperation {
    const { applied, transaction, evidence } = link
    const { type, digest } = applied.operation
    const { transactionNumber, operationIndex } = applied.position
    const label = `${type}, transaction ${transactionNumber}, operation ${operationIndex}`
    const node = this.#writer.node({ id: `operation-${this.#count++}`, kind: 'operation', label, digest })
    const authentic = transaction !== undefined && isAuthentic(transaction)
    const written =
      transaction === undefined || evidence === undefined
        ? { own: [], path: this.#missing(node, transactionNumber, transaction, authentic) }
        : this.#read({ ...link, node, transaction, evidence, authentic })
    this.#update = { node, evidence }
    if (type !== 'update') this.#recovery = { node, evidence }
    return { node, ...written }
  }

  /** An operation that is not there to be read: nothing is said of it but that. */
  #missing(
    node: string,
    number: number,
    transaction: TransactionEvidence | undefined,
    authentic: boolean,
  ): string[] {
    const anchor = anchorNode(this.#writer, number)
    const listed = (check: Check): string =>
      this.#writer.edgeOver(authentic, node, anchor, 'FILE_LISTS_OPERATION', check)
    if (transaction === undefined) return [listed(NOT_READ)]
    const other: Check = { result: 'fail', detail: 'The files list no operation of this DID at its place.' }
    return [...this.#transactions.all(transaction), listed(transaction.problem ?? other)]
  }

  #read(link: ReadLink): Omit<WrittenOperation, 'node'> {
    const { node, evidence, transaction } = link
    const { type } = evidence.operation
    const anchored = this.#transactions.all(transaction)
    const own: string[] = []
    if (type === 'create') {
      own.push(this.#edge(link, DID, node, 'SUFFIX_HASH', checkSuffix(evidence, this.#suffix)))
    }
    if (type !== 'deactivate') own.push(this.#patches(link))
    if (type !== 'create') own.push(...this.#signed(link))
    own.push(...this.#delta(link))
    const path = [...this.#listed(link), ...anchored]
    return { own: [...own, ...this.#time(link)], path }
  }

  #patches(link: ReadLink): string {
    const { node, outcome, evidence, superseded } = link
    if (outcome === undefined || 'ignored' in outcome) {
      const why =
        outcome === undefined ? 'it is no part of the chain' : `it is left out for ${outcome.ignored}`
      return this.#edge(link, DID, node, 'PATCHES_APPLIED', {
        result: 'undecided',
        detail: `Resolved anew, ${why}.`,
      })
    }
    const problem = outcome.applied.patchProblem ?? evidence.checked.deltaProblem
    if (problem !== undefined) {
      const detail = `Its patches do not count (${problem}); its commitments do.`
      return this.#edge(link, DID, node, 'PATCHES_IGNORED', { result: 'pass', detail })
    }
    const count = evidence.checked.patches?.length ?? 0
    const made = `${count} ${count === 1 ? 'patch was' : 'patches were'} applied`
    const detail = superseded ? `${made}; a later recover or deactivate replaced what they made.` : `${made}.`
    return this.#edge(link, DID, node, 'PATCHES_APPLIED', { result: 'pass', detail })
  }

  #signed(link: ReadLink): string[] {
    const { node, evidence } = link
    const { type, revealValue = '' } = evidence.operation
    const digest = revealValue === '' ? {} : { digest: revealValue }
    const label = `key that the ${type} reveals`
    const key = this.#writer.node({ id: `key-of-${node}`, kind: 'key', label, ...digest })
    const edges = [this.#edge(link, node, key, 'OPERATION_SIGNATURE', checkSignature(evidence))]
    const committed = type === 'update' ? this.#update : this.#recovery
    if (committed === undefined) return edges
    const check = revealOf(evidence, committed)
    return [...edges, this.#edge(link, key, committed.node, 'REVEAL_COMMITMENT', check)]
  }

  /** A delta that does not count by the protocol is no failure, as long as the answer does not count it either. */
  #delta(link: ReadLink): string[] {
    const { applied, node, evidence } = link
    const { type, delta } = evidence.operation
    const counts = applied.operation.deltaProblem === undefined || evidence.checked.deltaProblem === undefined
    if (type === 'deactivate' || !counts) return []
    const to = this.#file(link, delta === undefined ? undefined : 'chunk')
    return [
      this.#edge(
        link,
        node,
        to,
        type === 'create' ? 'CREATE_DELTA_HASH' : 'DELTA_HASH',
        checkDelta(evidence),
      ),
    ]
  }

  #listed(link: ReadLink): string[] {
    const { applied, node, evidence } = link
    const { operation: wanted, position } = applied
    const { type, digest } = evidence.checked
    const place = `operation ${position.operationIndex} of transaction ${position.transactionNumber}`
    const check: Check =
      type === wanted.type && digest === wanted.digest
        ? { result: 'pass', detail: `The files give this ${type} as ${place}.` }
        : { result: 'fail', detail: `The files give another operation as ${place}: ${type} ${digest}.` }
    return LISTED_IN[type].map(role =>
      this.#edge(link, node, this.#file(link, role), 'FILE_LISTS_OPERATION', check),
    )
  }

  /** Its time is needed where the answer hangs on it, and where the ledger contradicts itself about it. */
  #time(link: ReadLink): string[] {
    const { node, evidence } = link
    const { transaction, proof } = link.transaction
    const anchor = anchorNode(this.#writer, transaction.number)
    const window = checkWindow(evidence, transaction.time)
    const within = window === undefined ? [] : [this.#edge(link, node, anchor, 'ANCHOR_WINDOW', window)]
    const doubted = proof.checks.some(({ code, result }) => code === 'LEAF_TIME' && result !== 'pass')
    const needed = this.#timed || window !== undefined || doubted
    return needed ? [...within, ...this.#transactions.time(anchor)] : []
  }

  /** Node of a file of its transaction; of the anchor where there is no such file. */
  #file({ transaction }: ReadLink, role: FileRole | undefined): string {
    const { number } = transaction.transaction
    const there = role !== undefined && transaction.files.some(file => file.role === role)
    return there ? fileNode(number, role) : anchorNode(this.#writer, number)
  }

  #edge({ authentic }: ReadLink, from: string, to: string, code: CheckCode, check: Check): string {
    return this.#writer.edgeOver(authentic, from, to, code, check)
  }
}

function revealOf(evidence: OperationEvidence, committed: Committed): Check {
  if (committed.evidence === undefined) {
    const detail = 'The operation that should commit to the key could not be read again.'
    return { result: 'undecided', detail }
  }
  const { nextUpdateCommitment, nextRecoveryCommitment } = committed.evidence.checked
  const isUpdate = evidence.operation.type === 'update'
  return checkReveal(evidence, isUpdate ? nextUpdateCommitment : nextRecoveryCommitment)
}
