import type { LedgerDescription, LedgerHead } from '../ledger/types.ts'
import type { IgnoredOperation } from '../sidetree/resolution.ts'
import type { CheckedOperation } from '../sidetree/types.ts'
import type { ReportBuilder } from '../trust/builder.ts'
import { machineClock, thisSoftware, unavailableAnchors } from '../trust/roots.ts'
import type { CheckCode, Result, TrustReport } from '../trust/types.ts'
import type { ExplainedOperation, TransactionEvidence } from './evidence.ts'
import type { UnresolvableRecord } from './records.ts'
import type { ResolvedState } from './resolver.ts'
import { formatTime } from './time.ts'
import type { VersionOptions } from './types.ts'

/** A ledger whose newest word is older than this is not taken as fresh, in seconds. */
const MAX_AGE = 300

/** Ignored operations that are listed one by one; of more only the number is told. */
const MAX_IGNORED = 50

/** Node of the DID that the report is about. */
const DID = 'did'

/** Writes the trust report of one resolution: from the DID over its operations and their files to the ledger. */
export class ResolutionReport {
  readonly #report: ReportBuilder
  readonly #found: ResolvedState
  readonly #ledger: LedgerDescription
  /** Edges that the document stands on, and that its being the newest does. */
  readonly #document: string[] = []
  readonly #newest: string[] = []
  readonly #anchors = new Map<number, { index: string; edges: string[] }>()

  constructor(report: ReportBuilder, found: ResolvedState, ledger: LedgerDescription) {
    this.#report = report
    this.#found = found
    this.#ledger = ledger
    const { did } = found
    report.node({
      id: DID,
      kind: 'did',
      label: found.published ? did.shortForm : (did.longForm ?? did.shortForm),
    })
    for (const root of ledger.roots) report.root(root)
  }

  /** The chain of operations that the document was made by, oldest first. */
  operations(explained: ExplainedOperation[]): void {
    /** Who committed to the next update key and to the next recovery key. */
    const committed = { update: '', recovery: '' }
    for (const [i, operation] of explained.entries()) {
      const id = `operation-${i}`
      const { position } = operation.applied
      const { type, digest } = operation.applied.operation
      const label = `${type}, transaction ${position.transactionNumber}, operation ${position.operationIndex}`
      this.#report.node({ id, kind: 'operation', label, digest })
      this.#document.push(...this.#operation(id, operation, committed))
      if (type !== 'update') committed.recovery = id
      committed.update = id
    }
  }

  /** Operations that name the DID and count for nothing. */
  ignored(ignored: readonly IgnoredOperation[]): void {
    for (const { operation, position, code } of ignored.slice(0, MAX_IGNORED)) {
      const id = `ignored-${position.transactionNumber}-${position.operationIndex}`
      this.#report.node({
        id,
        kind: 'operation',
        label: `${operation.type}, transaction ${position.transactionNumber}`,
      })
      this.#edge(DID, id, 'OPERATION_IGNORED', 'pass', `It is left out for ${code}.`)
    }
    if (ignored.length > MAX_IGNORED) {
      this.#report.notShown(
        `${ignored.length - MAX_IGNORED} more operations that are left out are not listed.`,
      )
    }
  }

  /** Transactions whose files could not be had: those that name the DID, and those that nobody could read. */
  unavailable(named: readonly number[], records: readonly UnresolvableRecord[]): void {
    for (const record of records) {
      const { number } = record.transaction
      if (!named.includes(number)) continue
      const id = `unavailable-${number}`
      this.#report.node({ id, kind: 'anchor', label: `anchor of transaction ${number}` })
      const code = record.cause.role.endsWith('Proof') ? 'PROOF_UNAVAILABLE' : 'DELTA_UNAVAILABLE'
      this.#newest.push(this.#edge(DID, id, code, 'undecided', `${record.cause.uri}: ${record.cause.detail}`))
    }
    const unread = records.filter(record => record.names === undefined)
    if (unread.length === 0) return
    const oldest = formatTime(Math.min(...unread.map(record => record.firstSeen)))
    const root = this.#report.root(unavailableAnchors(unread.length, oldest))
    const detail = `${unread.length} anchors cannot be read; that none of them names this DID is assumed.`
    this.#newest.push(this.#edge(DID, root, 'UNAVAILABLE_ANCHORS', 'pass', detail))
  }

  /** Whether the answer is the newest, where no version was asked for; and whether the DID is active in it. */
  newest(context: {
    options: VersionOptions
    head: LedgerHead
    cursor: number | undefined
    now: number
  }): void {
    const { options, head, cursor, now } = context
    const { versionId } = options
    this.#claimDocument()
    this.#claimActive()
    if (versionId !== undefined) {
      this.#report.notShown('Whether this version is the newest: a version was asked for.')
      return
    }
    const checkpoint = this.#report.node({
      id: 'head',
      kind: 'checkpoint',
      label: `head of ${this.#ledger.id}`,
    })
    const complete = cursor === head.number
    const read = complete
      ? `This node has read all transactions of the ledger up to number ${cursor ?? 'none'}.`
      : `This node has read the ledger up to ${cursor ?? 'nothing'} of ${head.number ?? 'nothing'}.`
    this.#newest.push(this.#edge(DID, checkpoint, 'COMPLETENESS', complete ? 'pass' : 'undecided', read))
    this.#newest.push(this.#ledgerWord(checkpoint))
    if (options.versionTime === undefined) this.#newest.push(this.#fresh(checkpoint, head, now))
    const when = options.versionTime === undefined ? 'now' : `at ${options.versionTime}`
    this.#report.claim({
      id: 'newest',
      statement: `No operation that this ledger shows changes the document ${when}.`,
      node: DID,
      needs: { all: this.#newest },
    })
  }

  /** A DID that is not anchored: its long form says what it is, and nothing says that this still holds. */
  longForm(): void {
    const report = this.#report
    const state = report.node({
      id: 'initial-state',
      kind: 'operation',
      label: 'initial state in the long form',
    })
    const software = report.root(thisSoftware())
    this.#document.push(
      this.#edge(
        DID,
        state,
        'LONG_FORM_STATE',
        'pass',
        'The initial state is canonical and hashes to the suffix.',
      ),
      this.#edge(state, software, 'SELF_CERTIFYING', 'pass', 'The DID carries its first document with it.'),
    )
    this.#claimDocument()
    const ledger = report.node({ id: 'ledger', kind: 'anchor', label: `ledger ${this.#ledger.id}` })
    const detail = 'No create operation of the DID is known here, and that there is none is not proven.'
    const absent = this.#edge(DID, ledger, 'NOT_PUBLISHED', 'undecided', detail)
    report.claim({
      id: 'newest',
      statement: 'The keys of the long form are still those of the DID.',
      node: DID,
      needs: absent,
    })
  }

  build(): TrustReport {
    for (const sentence of this.#ledger.cannotShow) this.#report.notShown(sentence)
    this.#report.notShown('Who controls the DID in the world: a DID is a key and not a name.')
    return this.#report.build()
  }

  #claimDocument(): void {
    const { state, published } = this.#found
    const version = published ? ` at version ${state.versionId}` : ''
    this.#report.claim({
      id: 'document',
      statement: `This is the document of the DID${version}.`,
      node: DID,
      needs: { all: this.#document },
    })
  }

  #claimActive(): void {
    const { deactivated } = this.#found.state
    const last = this.#document.length === 0 ? DID : 'operation-0'
    const detail = deactivated ? 'A deactivate operation ended it.' : 'No deactivate operation ended it.'
    const active = this.#edge(DID, last, 'DID_ACTIVE', deactivated ? 'fail' : 'pass', detail)
    this.#report.claim({
      id: 'active',
      statement: 'The DID is active.',
      node: DID,
      needs: { all: [active, ...this.#document] },
    })
  }

  #operation(
    id: string,
    explained: ExplainedOperation,
    committed: { update: string; recovery: string },
  ): string[] {
    const { evidence, transaction, applied } = explained
    if (transaction === undefined) {
      return [this.#edge(DID, id, 'PATCHES_APPLIED', 'skipped', 'Time ran out before it was checked again.')]
    }
    const anchor = this.#anchor(transaction)
    if (evidence === undefined) {
      const detail = 'The files of its transaction cannot be had now; it was checked when they could.'
      return [...anchor.edges, this.#edge(id, anchor.index, 'FILE_LISTS_OPERATION', 'undecided', detail)]
    }
    const { checked } = evidence
    const listed = same(checked, applied.operation)
    const edges = [
      ...anchor.edges,
      this.#patches(id, explained),
      this.#edge(
        id,
        anchor.index,
        'FILE_LISTS_OPERATION',
        listed ? 'pass' : 'fail',
        listed
          ? `The files of transaction ${transaction.transaction.number} list it at ${applied.position.operationIndex}.`
          : 'The files list another operation there.',
      ),
    ]
    if (checked.type === 'create') edges.push(this.#suffix(id, checked))
    else
      edges.push(
        ...this.#signed(id, checked, checked.type === 'update' ? committed.update : committed.recovery),
      )
    if (checked.type !== 'deactivate') edges.push(this.#delta(id, checked, transaction))
    return edges
  }

  #patches(id: string, { applied, evidence }: ExplainedOperation): string {
    const problem = applied.patchProblem ?? evidence?.checked.deltaProblem
    if (problem !== undefined)
      return this.#edge(DID, id, 'PATCHES_IGNORED', 'pass', `Its patches do not count: ${problem}.`)
    const count = evidence?.checked.patches?.length ?? 0
    return this.#edge(
      DID,
      id,
      'PATCHES_APPLIED',
      'pass',
      `${count} ${count === 1 ? 'patch was' : 'patches were'} applied.`,
    )
  }

  #suffix(id: string, checked: CheckedOperation): string {
    const pass = checked.problem === undefined
    const detail = pass
      ? 'The suffix is the hash of its suffix data.'
      : `The create does not count: ${checked.problem}.`
    return this.#edge(DID, id, 'SUFFIX_HASH', pass ? 'pass' : 'fail', detail)
  }

  #signed(id: string, checked: CheckedOperation, committedBy: string): string[] {
    const key = this.#report.node({
      id: `key-of-${id}`,
      kind: 'key',
      label: `key that the ${checked.type} reveals`,
    })
    const pass: Result = checked.problem === undefined ? 'pass' : 'fail'
    const because = checked.problem === undefined ? '' : ` (${checked.problem})`
    const edges = [
      this.#edge(
        id,
        key,
        'OPERATION_SIGNATURE',
        pass,
        `The signature was verified with the revealed key${because}.`,
      ),
      this.#edge(
        key,
        committedBy,
        'REVEAL_COMMITMENT',
        pass,
        `The key hashes to the commitment ${checked.reveals}.`,
      ),
    ]
    if (checked.anchorFrom !== undefined || checked.anchorUntil !== undefined) {
      const window = `from ${checked.anchorFrom ?? 'any'} until ${checked.anchorUntil ?? 'any'}`
      edges.push(this.#edge(id, DID, 'ANCHOR_WINDOW', 'pass', `It was anchored within its time, ${window}.`))
    }
    return edges
  }

  #delta(id: string, checked: CheckedOperation, { transaction, files }: TransactionEvidence): string {
    const code: CheckCode = checked.type === 'create' ? 'CREATE_DELTA_HASH' : 'DELTA_HASH'
    const has = files.some(file => file.role === 'chunk')
    const to = has ? fileId(transaction.number, 'chunk') : `anchor-${transaction.number}`
    if (checked.deltaProblem === undefined)
      return this.#edge(id, to, code, 'pass', 'The delta was hashed and compared.')
    return this.#edge(
      id,
      to,
      'PATCHES_IGNORED',
      'pass',
      `There is no delta that counts: ${checked.deltaProblem}.`,
    )
  }

  /** A transaction once: its files, anchor string, leaf and what the ledger's proof shows. */
  #anchor(evidence: TransactionEvidence): { index: string; edges: string[] } {
    const { number, anchorString } = evidence.transaction
    const there = this.#anchors.get(number)
    if (there !== undefined) return there
    const anchor = this.#report.node({
      id: `anchor-${number}`,
      kind: 'anchor',
      label: `anchor string ${anchorString}`,
    })
    const edges: string[] = []
    for (const { role, uri, failure } of evidence.files) {
      const id = this.#report.node({
        id: fileId(number, role),
        kind: 'file',
        label: `${role} file`,
        digest: uri,
      })
      const result = failure === undefined ? 'pass' : 'undecided'
      const detail = failure ?? `The bytes were hashed and give ${uri}.`
      if (role === 'coreIndex')
        edges.push(this.#edge(id, anchor, 'ANCHOR_STRING', result, `The anchor string names ${uri}.`))
      const parent = PARENTS[role]
      const to = parent === undefined ? anchor : fileId(number, parent)
      edges.push(this.#edge(id, to, 'FILE_CID', result, detail))
    }
    edges.push(...this.#ledgerProof(anchor, evidence))
    const made = { index: fileId(number, 'coreIndex'), edges }
    this.#anchors.set(number, made)
    return made
  }

  /** From the anchor string to the ledger's root, by what its proof shows. */
  #ledgerProof(anchor: string, { transaction, ledger }: TransactionEvidence): string[] {
    const { number, timestamp } = transaction
    const root = this.#ledger.roots[0]?.id ?? ''
    const leaf = this.#report.node({
      id: `leaf-${number}`,
      kind: 'leaf',
      label: `leaf ${number}`,
      digest: transaction.timeHash,
    })
    const checkpoint = this.#report.node({
      id: 'checkpoint',
      kind: 'checkpoint',
      label: `checkpoint of ${this.#ledger.id}`,
    })
    const ends: { [code: string]: readonly [string, string] } = {
      LEAF_ANCHOR: [anchor, leaf],
      LOG_INCLUSION: [leaf, checkpoint],
      CHECKPOINT_SIGNATURE: [checkpoint, root],
      LEAF_TIME: [leaf, root],
      LEDGER_WORD: [anchor, root],
    }
    const edges: string[] = []
    for (const { code, result, detail } of ledger) {
      const [from, to] = ends[code] ?? [anchor, root]
      const id = this.#edge(
        from,
        to,
        code,
        result,
        code === 'LEAF_TIME' ? `${detail} (${formatTime(timestamp * 1000)})` : detail,
      )
      if (code !== 'LEAF_TIME') edges.push(id)
    }
    return edges
  }

  #ledgerWord(checkpoint: string): string {
    const root = this.#ledger.roots[0]?.id ?? ''
    const detail = 'The head is that of the ledger which this node reads.'
    return this.#edge(checkpoint, root, 'LEDGER_WORD', 'pass', detail)
  }

  #fresh(checkpoint: string, head: LedgerHead, now: number): string {
    const clock = this.#report.root(machineClock())
    const age = Math.floor(now / 1000) - head.timestamp
    const detail = `The ledger speaks for ${formatTime(head.timestamp * 1000)}, ${age} seconds before the clock of this machine.`
    return this.#edge(checkpoint, clock, 'CHECKPOINT_FRESH', age <= MAX_AGE ? 'pass' : 'undecided', detail)
  }

  #edge(from: string, to: string, code: CheckCode, result: Result, detail: string): string {
    return this.#report.edge({ from, to, code, result, detail })
  }
}

/** Which file names another. */
const PARENTS: { [role: string]: string } = {
  coreProof: 'coreIndex',
  provisionalIndex: 'coreIndex',
  provisionalProof: 'provisionalIndex',
  chunk: 'provisionalIndex',
}

function fileId(transactionNumber: number, role: string): string {
  return `file-${transactionNumber}-${role}`
}

function same(a: CheckedOperation, b: CheckedOperation): boolean {
  return a.digest === b.digest && a.didSuffix === b.didSuffix && a.type === b.type
}
