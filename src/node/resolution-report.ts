import { SidetreeError } from '../sidetree/errors.ts'
import { parseInitialState, stateOfInitialState } from '../sidetree/long-form.ts'
import { type ProtocolVersions, parametersAt } from '../sidetree/parameters.ts'
import { thisSoftware } from '../trust/roots.ts'
import type { TrustReport } from '../trust/types.ts'
import type { ResolvedState } from './answer.ts'
import type { LedgerProgress } from './ledger-evidence.ts'
import type { Check } from './operation-evidence.ts'
import { type Recomputation, sameState } from './recomputation.ts'
import { mapEdges } from './report-map.ts'
import { NewestEdges, type NewestEvidence } from './report-newest.ts'
import { type ChainLink, OperationEdges } from './report-operations.ts'
import { TransactionEdges } from './report-transactions.ts'
import { DID, type ReportWriter } from './report-writer.ts'
import type { VersionOptions } from './types.ts'

/** All that the report of a published DID is made from. */
export interface ResolutionEvidence {
  found: ResolvedState
  options: VersionOptions
  versions: ProtocolVersions
  /** The operations that the answer was made by, oldest first. */
  chain: readonly ChainLink[]
  recomputation: Recomputation
  newest: NewestEvidence
}

/** Writes the trust report of one resolution: from the DID over its operations and their files to the ledger. */
export class ResolutionReport {
  readonly #writer: ReportWriter
  readonly #found: ResolvedState

  constructor(writer: ReportWriter, found: ResolvedState) {
    this.#writer = writer
    this.#found = found
    const { did, published } = found
    writer.node({ id: DID, kind: 'did', label: published ? did.shortForm : (did.longForm ?? did.shortForm) })
  }

  /** A DID whose create is on the ledger. */
  published(evidence: ResolutionEvidence): TrustReport {
    const { options, versions, newest } = evidence
    const { suffix } = this.#found.did
    const transactions = new TransactionEdges(this.#writer)
    const timed = options.versionTime !== undefined || versions.length > 1
    const operations = new OperationEdges(this.#writer, transactions, suffix, timed)
    const added = operations.all(evidence.chain)
    const mapped = this.#mapped(transactions, newest.progress)
    const document = [...mapped, ...added.flatMap(({ own, path }) => [...own, ...path])]
    const last = added.at(-1)
    const end =
      last?.node ?? this.#writer.node({ id: 'operations', kind: 'operation', label: 'operations of the DID' })
    document.push(
      ...this.#longFormOf(added[0]?.node, versions),
      this.#recomputed(end, evidence, this.#writer.passed(document)),
    )
    this.#claim('document', this.#documentStatement(), document)
    // A proof that was carried away can be old.
    const when = newest.progress.map === undefined ? whenOf(options) : 'as of the checkpoint'
    this.#active(end, [...mapped, ...(last?.path ?? [])], document, when)
    if (options.versionId === undefined) {
      this.#newest([...mapped, ...new NewestEdges(this.#writer, transactions, suffix).all(newest)], evidence)
    } else {
      this.#writer.report.notShown('Whether this version is the newest: a version was asked for.')
    }
    return this.#build()
  }

  /** What is left out of a part of the ledger can take a version out of the history of its DID. */
  #documentStatement(): string {
    const { versionId } = this.#found.state
    return this.#writer.ledger.partial === true
      ? `These operations of the DID are on the log and, by themselves, come to this document at version ${versionId}.`
      : `This is the document of the DID at version ${versionId}.`
  }

  /** A DID that is not anchored: its long form says what it is, and nothing says that this still holds. */
  unpublished(versions: ProtocolVersions): TrustReport {
    const { report, ledger } = this.#writer
    const state = this.#writer.node({
      id: 'initial-state',
      kind: 'operation',
      label: 'initial state in the long form',
    })
    const carries = { result: 'pass', detail: 'The DID carries its first document with it.' } as const
    this.#claim('document', 'This is the document that the DID was made with.', [
      this.#writer.edge(DID, state, 'LONG_FORM_STATE', checkInitialState(this.#found, versions)),
      this.#writer.edge(state, report.root(thisSoftware()), 'SELF_CERTIFYING', carries),
    ])
    const anchor = this.#writer.node({ id: 'ledger', kind: 'anchor', label: `ledger ${ledger.id}` })
    const detail = 'No create operation of the DID is known here, and that there is none is not proven.'
    const absent = this.#writer.edge(DID, anchor, 'NOT_PUBLISHED', { result: 'undecided', detail })
    this.#claim('newest', 'The document and the keys of the long form are still those of the DID.', [absent])
    return this.#build()
  }

  /** That what was read again comes to what was answered. @param sound whether all of it was vouched for */
  #recomputed(
    end: string,
    { chain, recomputation, options, newest }: ResolutionEvidence,
    sound: boolean,
  ): string {
    // Whether a version of the past is one hangs on the recovers after it.
    const read = options.versionId === undefined ? chain : [...chain, ...newest.others]
    const unread = read.filter(({ evidence }) => evidence === undefined).length
    const check = (result: Check['result'], detail: string): string =>
      this.#writer.edgeOver(sound, DID, end, 'STATE_RECOMPUTED', { result, detail })
    if (chain.length === 0)
      return check('undecided', 'The database has no operations that the answer was made by.')
    if (unread > 0) return check('undecided', `${unread} of ${read.length} operations were not read again.`)
    const count = `${chain.length} ${chain.length === 1 ? 'operation' : 'operations'}, read again and resolved anew,`
    const { state } = this.#found
    return sameState(state, recomputation.state)
      ? check('pass', `${count} come to version ${state.versionId} and its document.`)
      : check(
          'fail',
          `${count} come to ${recomputation.state === undefined ? 'no document' : 'another state'}.`,
        )
  }

  /** Stands on the last operation; that this is the last, and all before it, is looked at with the document. */
  #active(end: string, path: readonly string[], document: readonly string[], when: string | undefined): void {
    const check = this.#checkActive(this.#writer.passed(document))
    const statement = when === undefined ? 'The DID is active.' : `The DID was active ${when}.`
    this.#claim('active', statement, [this.#writer.edge(DID, end, 'DID_ACTIVE', check), ...path])
  }

  /** @param settled whether all that the document stands on is */
  #checkActive(settled: boolean): Check {
    const { deactivated } = this.#found.state
    if (this.#writer.ledger.partial === true) {
      // A deactivate counts only if nothing before it has opened the same commitment.
      const detail = deactivated
        ? 'By themselves these operations end the DID; one that came first, so that the end does not count, may have been left out.'
        : 'An operation that ended the DID may have been left out.'
      return { result: 'undecided', detail }
    }
    if (!settled) {
      const detail = 'Not all that the document stands on was settled, so this is not either.'
      return { result: 'undecided', detail }
    }
    return deactivated
      ? { result: 'fail', detail: 'A deactivate operation ended it; resolved anew, it counts.' }
      : { result: 'pass', detail: 'Resolved anew, no operation that was read again deactivates it.' }
  }

  /** With a map, all that is said of the DID stands on it: whoever made the proof could leave out what comes first. */
  #mapped(transactions: TransactionEdges, { map }: LedgerProgress): string[] {
    return map === undefined ? [] : mapEdges(this.#writer, transactions, map)
  }

  #newest(edges: string[], { options, newest }: ResolutionEvidence): void {
    const when = whenOf(options) ?? 'now'
    this.#claim('newest', `No operation that this ledger shows changes the document ${when}.`, edges)
    if (this.#writer.ledger.partial === true || newest.progress.map !== undefined) return
    this.#writer.report.notShown(
      'That no operation of the DID is missing from the database of this node: which there are was looked up there, and the ledger was not read again.',
    )
  }

  /** A long form that was asked with must be one of the DID also where the ledger tells its state. */
  #longFormOf(create: string | undefined, versions: ProtocolVersions): string[] {
    const { did, parameters, state } = this.#found
    const { initialState, suffix } = did
    if (initialState === undefined || create === undefined) return []
    const then = parametersAt(versions, state.created.transactionTime) ?? parameters
    const check = checked(
      () => parseInitialState(initialState, suffix, then),
      'The initial state that the DID was asked with is canonical and hashes to the suffix.',
    )
    return [this.#writer.edge(DID, create, 'LONG_FORM_STATE', check)]
  }

  #claim(id: string, statement: string, edges: string[]): void {
    this.#writer.report.claim({ id, statement, node: DID, needs: this.#writer.needsOf(edges) })
  }

  #build(): TrustReport {
    const { report, ledger } = this.#writer
    for (const sentence of ledger.cannotShow) report.notShown(sentence)
    report.notShown('Who controls the DID in the world: a DID is a key and not a name.')
    return report.build()
  }
}

/** That the initial state is that of the DID, and comes to what was answered. */
function checkInitialState({ did, state }: ResolvedState, versions: ProtocolVersions): Check {
  const { initialState = '', suffix } = did
  const { transactionTime } = state.created
  let same = false
  const check = checked(() => {
    same = sameState(state, stateOfInitialState(initialState, suffix, versions, transactionTime))
  }, 'The initial state is canonical, hashes to the suffix, and comes to this document.')
  if (check.result === 'fail' || same) return check
  return { result: 'fail', detail: 'The initial state comes to another document.' }
}

function checked(check: () => unknown, detail: string): Check {
  try {
    check()
    return { result: 'pass', detail }
  } catch (error) {
    if (!(error instanceof SidetreeError)) throw error
    return { result: 'fail', detail: `${error.message} (${error.code}).` }
  }
}

function whenOf({ versionId, versionTime }: VersionOptions): string | undefined {
  if (versionId !== undefined) return 'at this version'
  return versionTime === undefined ? undefined : `at ${versionTime}`
}
