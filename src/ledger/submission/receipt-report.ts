import { sha256 } from '../../codec/hash.ts'
import type { SignedCheckpoint } from '../../merkle/checkpoint.ts'
import type { TlogPolicy } from '../../merkle/policy.ts'
import { hashLeaf } from '../../merkle/tree.ts'
import type { NoteVerifier } from '../../merkle/vkey.ts'
import { type NeedsInput, ReportBuilder } from '../../trust/builder.ts'
import type { Result, Root, TrustReport } from '../../trust/types.ts'
import { LedgerError } from '../errors.ts'
import { checkWitnesses } from '../log/check-witnesses.ts'
import { describeLog, witnessRoot } from '../log/description.ts'
import { rfc3339 } from '../time.ts'
import type { Receipt } from './receipt.ts'
import type { Search } from './search.ts'

/**
 * What became of a receipt: `void` where it is none of this log. Both `broken` and `honoured` are shown, by the report;
 * `undecided` is all else.
 */
export type ReceiptOutcome = 'honoured' | 'broken' | 'undecided' | 'void'

/** What was found, for the report. */
export interface ReceiptFacts {
  note: string
  receipt: Receipt | LedgerError
  checkpoint: SignedCheckpoint | LedgerError
  /** Undefined where there is nothing to look for, or nowhere. */
  search: Search | LedgerError | undefined
  /** Of the leaf that came in time. */
  inclusion: { hashes: Uint8Array[]; leads: boolean } | LedgerError | undefined
  /** Witnesses that have cosigned after the deadline, by verifier key, where every quorum has one of them. */
  after: ReadonlySet<string>
}

/** By what a report is made. */
export interface ReceiptReportOptions {
  origin: string
  verifier: NoteVerifier
  /** With a quorum. */
  policy: TlogPolicy | undefined
  now: Date
  /** Whether it is asked if the receipt was honoured, or if it is evidence that it was not. */
  mode: 'receipt' | 'evidence'
}

/** Ids of nodes, and of the roots that `describeLog` gives. */
const RECEIPT = 'receipt'
const LEAF = 'leaf'
const CHECKPOINT = 'checkpoint'
const LOG_KEY = 'log-key'
const WITNESSES = 'log-witnesses'

interface Check {
  result: Result
  detail: string
}

/** Writes the report on a receipt; the outcome follows from its claims. */
export function reportOnReceipt(
  facts: ReceiptFacts,
  options: ReceiptReportOptions,
): { report: TrustReport; outcome: ReceiptOutcome } {
  const report = new ReceiptReporter(facts, options).report()
  const verdictOf = (id: string) => report.claims.find(claim => claim.id === id)?.verdict
  if (facts.receipt instanceof LedgerError) return { report, outcome: 'void' }
  if (verdictOf('honoured') === 'verified') return { report, outcome: 'honoured' }
  return { report, outcome: verdictOf('broken') === 'verified' ? 'broken' : 'undecided' }
}

class ReceiptReporter {
  readonly #facts: ReceiptFacts
  readonly #options: ReceiptReportOptions
  readonly #builder: ReportBuilder

  constructor(facts: ReceiptFacts, options: ReceiptReportOptions) {
    this.#facts = facts
    this.#options = options
    this.#builder = new ReportBuilder({ now: options.now })
  }

  report(): TrustReport {
    const { origin, verifier, policy, mode } = this.#options
    for (const root of describeLog(origin, verifier, policy).roots) this.#builder.root(root)
    this.#addNodes()
    const signed = [
      this.#edge(RECEIPT, LOG_KEY, 'RECEIPT_SIGNATURE', this.#receiptSignature()),
      this.#edge(CHECKPOINT, LOG_KEY, 'CHECKPOINT_SIGNATURE', this.#checkpointSignature()),
    ]
    const promise = this.#promise()
    this.#builder.claim({
      id: 'honoured',
      statement: `The log ${origin} has done in time what it promised: ${promise}.`,
      node: RECEIPT,
      required: mode === 'receipt',
      needs: { all: [...signed, ...this.#witnessed(), ...this.#leaf()] },
    })
    this.#builder.claim({
      id: 'broken',
      statement: `The log ${origin} has not done in time what it promised: ${promise}.`,
      node: RECEIPT,
      required: mode === 'evidence',
      needs: { all: [...signed, this.#absent(), { any: this.#over() }] },
    })
    this.#builder.notShown(
      'That the operations of the batch count: that follows from the rules of the protocol.',
    )
    this.#builder.notShown('Why a leaf is missing, and whose fault that is.')
    return this.#builder.build()
  }

  #addNodes(): void {
    const { note, checkpoint } = this.#facts
    const builder = this.#builder
    builder.node({
      id: RECEIPT,
      kind: 'file',
      label: 'receipt',
      digest: `sha256:${sha256(note).toString('hex')}`,
    })
    const size = checkpoint instanceof LedgerError ? 'that cannot be had' : `of size ${checkpoint.size}`
    builder.node({ id: CHECKPOINT, kind: 'checkpoint', label: `checkpoint ${size}` })
    const found = this.#search?.inTime ?? this.#search?.late
    if (found === undefined) builder.node({ id: LEAF, kind: 'leaf', label: 'the leaf that is promised' })
    else {
      const digest = hashLeaf(found.bytes).toString('hex')
      builder.node({ id: LEAF, kind: 'leaf', label: `leaf ${found.index}`, digest })
    }
  }

  #promise(): string {
    const { receipt } = this.#facts
    if (receipt instanceof LedgerError) return 'nothing that can be read'
    const { anchorString, writer, deadline } = receipt
    return `a leaf with the anchor string ${anchorString} of the writer ${writer} by ${rfc3339(deadline)}`
  }

  get #search() {
    const { search } = this.#facts
    return search instanceof LedgerError ? undefined : search
  }

  #receiptSignature(): Check {
    const { receipt } = this.#facts
    if (receipt instanceof LedgerError) return failed(sentence(receipt))
    return passed(`The receipt of ${rfc3339(receipt.time)} is signed by ${this.#options.verifier.name}.`)
  }

  #checkpointSignature(): Check {
    const { checkpoint } = this.#facts
    if (!(checkpoint instanceof LedgerError)) {
      return passed(`The checkpoint of size ${checkpoint.size} is signed by ${this.#options.verifier.name}.`)
    }
    // What somebody else sent speaks against nobody; as a part of evidence it has to stand.
    const isPart = this.#options.mode === 'evidence'
    return { result: isPart ? 'fail' : 'undecided', detail: sentence(checkpoint) }
  }

  #witnessed(): NeedsInput[] {
    const { policy } = this.#options
    if (policy === undefined) return []
    const { checkpoint } = this.#facts
    const check = checkWitnesses(checkpoint instanceof LedgerError ? undefined : checkpoint, policy)
    const edges = new Map(
      (check.cosignatures ?? []).map(({ root, detail }) => {
        const to = this.#builder.root(dated(root))
        return [to, this.#edge(CHECKPOINT, to, 'COSIGNATURE', passed(detail))]
      }),
    )
    const any = (check.quorums ?? []).map(roots => ({ all: roots.flatMap(root => edges.get(root) ?? []) }))
    const quorum = this.#edge(CHECKPOINT, WITNESSES, 'CHECKPOINT_WITNESSED', check)
    return any.length === 0 ? [quorum] : [quorum, { any }]
  }

  /** From the receipt to a leaf, its place in the tree, and its time. */
  #leaf(): NeedsInput[] {
    const { inclusion } = this.#facts
    const leaf = this.#edge(RECEIPT, LEAF, 'RECEIPT_LEAF', this.#promisedLeaf())
    const found = this.#search?.inTime
    if (found === undefined) return [leaf]
    const { index, leaf: content } = found
    const included: Check =
      inclusion === undefined || inclusion instanceof LedgerError
        ? undecided(inclusion === undefined ? 'There is no proof.' : sentence(inclusion))
        : inclusion.leads
          ? passed(`Leaf ${index} is in the tree of the checkpoint.`)
          : undecided(
              `The tiles that were sent do not lead from leaf ${index} to the root of the checkpoint.`,
            )
    const time = passed(`The log says that it took the leaf at ${rfc3339(content.time)}.`)
    return [
      leaf,
      this.#edge(LEAF, CHECKPOINT, 'LOG_INCLUSION', included),
      this.#edge(LEAF, LOG_KEY, 'LEAF_TIME', time),
    ]
  }

  #promisedLeaf(): Check {
    const { search } = this.#facts
    if (search === undefined)
      return { result: 'skipped', detail: 'There is nothing to look for, or nowhere.' }
    if (search instanceof LedgerError) return undecided(sentence(search))
    const { inTime, late } = search
    if (inTime !== undefined) {
      return passed(
        `Leaf ${inTime.index} holds the anchor string and the writer, with a time that is in time.`,
      )
    }
    if (!this.#isRead()) return undecided(NOT_THESE)
    if (!this.#isOver())
      return undecided('No such leaf is there yet, and the deadline is not over for this tree.')
    return failed(late === undefined ? 'There is no such leaf.' : lateSentence(late.index, late.leaf.time))
  }

  #absent(): string {
    return this.#edge(RECEIPT, CHECKPOINT, 'RECEIPT_ABSENT', this.#absence())
  }

  #absence(): Check {
    const { search, inclusion, checkpoint } = this.#facts
    if (search === undefined)
      return { result: 'skipped', detail: 'There is nothing to look for, or nowhere.' }
    if (search instanceof LedgerError) return undecided(sentence(search))
    if (search.inTime !== undefined) {
      const shown = inclusion !== undefined && !(inclusion instanceof LedgerError) && inclusion.leads
      return shown
        ? failed(`Leaf ${search.inTime.index} is the one that was promised, in time.`)
        : undecided('The leaf that was promised was sent, and not that it is in the tree.')
    }
    if (!this.#isRead() || checkpoint instanceof LedgerError) return undecided(NOT_THESE)
    const { late } = search
    const none = `None of the ${checkpoint.size} leaves is the one that was promised, in time.`
    return passed(late === undefined ? none : `${none} ${lateSentence(late.index, late.leaf.time)}`)
  }

  /** By the times of the log itself, and by those of its witnesses. */
  #over(): NeedsInput[] {
    const { receipt, after } = this.#facts
    const { policy } = this.#options
    const byLog = this.#edge(CHECKPOINT, RECEIPT, 'RECEIPT_DEADLINE', this.#overByLog())
    if (policy === undefined || after.size === 0 || receipt instanceof LedgerError) return [byLog]
    const cosigned = policy.witnesses
      .filter(({ verifier }) => after.has(verifier.vkey))
      .map(witness => {
        const to = this.#builder.root(dated(witnessRoot(witness)))
        const detail = `${witness.name} has cosigned the checkpoint after ${rfc3339(receipt.deadline)}.`
        return this.#edge(CHECKPOINT, to, 'COSIGNED_TIME', passed(detail))
      })
    return [byLog, { all: cosigned }]
  }

  #overByLog(): Check {
    const { receipt, search } = this.#facts
    if (receipt instanceof LedgerError) return { result: 'skipped', detail: 'There is no deadline.' }
    if (search === undefined) return { result: 'skipped', detail: 'No leaf was read.' }
    if (search instanceof LedgerError || !this.#isRead()) return undecided(NOT_THESE)
    const { lastTime } = search
    if (lastTime === undefined) return undecided('The tree has no leaf with a time.')
    const time = rfc3339(lastTime)
    return lastTime > receipt.deadline
      ? passed(
          `A leaf of the checkpoint has the time ${time}, after the deadline ${rfc3339(receipt.deadline)}.`,
        )
      : undecided(`The latest leaf of the checkpoint has the time ${time}, which is not after the deadline.`)
  }

  /** Whether all leaves were read, and are those of the checkpoint. */
  #isRead(): boolean {
    const { checkpoint } = this.#facts
    const root = this.#search?.root
    if (root === undefined || checkpoint instanceof LedgerError) return false
    return Buffer.compare(root, checkpoint.root) === 0
  }

  #isOver(): boolean {
    const { after } = this.#facts
    return after.size > 0 || this.#overByLog().result === 'pass'
  }

  #edge(
    from: string,
    to: string,
    code: Parameters<ReportBuilder['edge']>[0]['code'],
    { result, detail }: Check,
  ): string {
    return this.#builder.edge({ from, to, code, result, detail })
  }
}

const NOT_THESE = 'The leaves that were sent are not those of the checkpoint.'

/** A witness, here believed as to when it cosigned, too. */
function dated(root: Root): Root {
  return {
    ...root,
    trustedFor: [...root.trustedFor, 'cosigning-time'],
    ifItLies: `${root.ifItLies} Then they can also say that a deadline is over which is not.`,
  }
}

function lateSentence(index: number, time: number): string {
  return `Leaf ${index} came late: the log says that it took it at ${rfc3339(time)}.`
}

function passed(detail: string): Check {
  return { result: 'pass', detail }
}

function failed(detail: string): Check {
  return { result: 'fail', detail }
}

function undecided(detail: string): Check {
  return { result: 'undecided', detail }
}

function sentence(error: Error): string {
  return `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`
}
