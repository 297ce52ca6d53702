import { setImmediate } from 'node:timers/promises'
import { ContentError } from '../content/errors.ts'
import type { ContentStore } from '../content/types.ts'
import type { Admission, Entry, OperationRefusal } from '../ledger/admission.ts'
import { LedgerError } from '../ledger/errors.ts'
import { SidetreeError } from '../sidetree/errors.ts'
import { requireUsable } from '../sidetree/ingest.ts'
import type { ProtocolParameters, ProtocolVersions } from '../sidetree/parameters.ts'
import type { AdmittedBatches, CompleteBatch } from './admitted-batches.ts'
import { judgeByState, type Refusal } from './applicability.ts'
import { BatchFetcher, type BatchOperation } from './batch-fetcher.ts'
import type { CheckPool } from './check-pool.ts'
import type { KnownVerdicts } from './known-verdicts.ts'
import type { NextPosition } from './next-position.ts'
import type { OperationStore } from './operation-store.ts'
import { Turns } from './turns.ts'

/** Operations that are judged before others get their turn: requests wait for so many at the most. */
const JUDGED_AT_ONCE = 256

/** What admission takes of the node that the log is part of. */
export interface AdmittingNode {
  operations: OperationStore
  pool: CheckPool
  versions: ProtocolVersions
  known: KnownVerdicts
  admitted: AdmittedBatches
  next: NextPosition
  /** Resolves once all that is on the ledger now has been looked at. */
  caughtUp: () => Promise<void>
}

/** Where files of a batch are read. */
type Files = Pick<ContentStore, 'get'>

/** What admission is made of. */
export interface BatchAdmissionParts {
  /** What this machine holds, without what others have: a file that only others have is a missing one. */
  content: Files
  /** Longest wait for one file, in milliseconds. Default 10,000. */
  fetchTimeoutMs?: number
}

/**
 * Admits a batch where all its files are held here, nothing in them breaks a rule, and each operation does what it says
 * to its DID as it is now. The files are read and the signatures verified by the code of the observer, and what was read
 * is left for it.
 *
 * Entries that name a common DID are judged one after the other, each once the leaf of the one before has been
 * observed; others side by side.
 */
export class BatchAdmission implements Admission {
  readonly #parts: BatchAdmissionParts
  readonly #node = Promise.withResolvers<AdmittingNode>()
  readonly #turns = new Turns()
  /** Files that are handed in with an entry, by what the entry is. */
  readonly #handedIn = new Map<string, Files>()

  constructor(parts: BatchAdmissionParts) {
    this.#parts = parts
  }

  /** Names the node by whose knowledge entries are judged; until then they wait. */
  begin(node: AdmittingNode): void {
    this.#node.resolve(node)
  }

  /**
   * Does some work while an entry is judged with files that came with it; for other entries they are not there. Whoever
   * hands them in stores them before the entry is sequenced.
   */
  async withFiles<T>(entry: Entry, files: Files, work: () => Promise<T>): Promise<T> {
    const id = idOf(entry)
    this.#handedIn.set(id, files)
    try {
      return await work()
    } finally {
      this.#handedIn.delete(id)
    }
  }

  /** @throws LedgerError as {@link Admission.admit}; NodeError NODE_STOPPING, WORKER_FAILED; StoreError */
  async admit<T>(entry: Entry, sequence: () => Promise<T>): Promise<T> {
    const node = await this.#node.promise
    const { parameters } = await node.next()
    const { anchorString } = entry
    const batch = await this.#read(entry, node, parameters)
    const suffixes = new Set(batch.operations.map(({ checked }) => checked.didSuffix))
    return this.#turns.run(suffixes, async () => {
      await node.caughtUp()
      await requireApplicable(batch.operations, node)
      node.admitted.add(anchorString, parameters, batch)
      try {
        return await sequence()
      } catch (error) {
        node.admitted.delete(anchorString)
        throw error
      }
    })
  }

  async #read(
    entry: Entry,
    { pool, known }: AdmittingNode,
    parameters: ProtocolParameters,
  ): Promise<CompleteBatch> {
    const handedIn = this.#handedIn.get(idOf(entry))
    const content = handedIn === undefined ? this.#parts.content : firstOf(handedIn, this.#parts.content)
    const fetcher = new BatchFetcher({ ...this.#parts, content, pool, known })
    const batch = await fetcher.fetch(entry.anchorString, parameters)
    if (batch.status === 'unresolvable') {
      const { uri, code } = batch.cause
      throw new LedgerError('LEDGER_FILES_MISSING', `the log does not hold the file ${uri} (${code})`)
    }
    const { problem } = batch
    if (batch.status === 'discarded' || problem !== undefined) {
      const { file, code, detail } = problem ?? NOTHING
      throw refusedAsWhole(code, `${file}: ${detail}`)
    }
    if (batch.operations.length === 0) throw refusedAsWhole(NOTHING.code, NOTHING.detail)
    return batch
  }
}

const NOTHING = {
  file: 'coreIndex',
  code: 'FILE_OPERATIONS_INVALID',
  detail: 'the batch has no operation',
} as const

/** @throws LedgerError LEDGER_ENTRY_REFUSED, with each operation that does not apply */
async function requireApplicable(operations: readonly BatchOperation[], node: AdmittingNode): Promise<void> {
  const { position } = await node.next()
  const judge = await judgeByState({ ...node, position })
  const refusals: OperationRefusal[] = []
  for (const [index, { checked }] of operations.entries()) {
    if (index % JUDGED_AT_ONCE === JUDGED_AT_ONCE - 1) await setImmediate()
    const refusal = refusalByItself(checked) ?? (await judge({ didSuffix: checked.didSuffix, checked }))
    if (refusal !== undefined) refusals.push({ index, didSuffix: checked.didSuffix, ...refusal })
  }
  const [first] = refusals
  if (first === undefined) return
  const count = `${refusals.length} of ${operations.length} operations`
  throw new LedgerError(
    'LEDGER_ENTRY_REFUSED',
    `${count} do not apply; the first: ${first.reason} (${first.code})`,
    undefined,
    { refusals },
  )
}

/** What is wrong with an operation whatever the state of its DID. */
function refusalByItself(checked: BatchOperation['checked']): Refusal | undefined {
  try {
    requireUsable(checked)
    return undefined
  } catch (error) {
    if (!(error instanceof SidetreeError)) throw error
    return { code: error.code, reason: error.message }
  }
}

function refusedAsWhole(reason: string, detail: string): LedgerError {
  return new LedgerError('LEDGER_ENTRY_REFUSED', `the batch breaks a rule: ${detail}`, undefined, { reason })
}

/** Neither text has a line end, where a leaf can hold it. */
function idOf({ writer, anchorString }: Entry): string {
  return `${writer}\n${anchorString}`
}

/** Files of one place, and of another where the first has not got them. */
function firstOf(first: Files, second: Files): Files {
  return {
    async get(...asked) {
      try {
        return await first.get(...asked)
      } catch (error) {
        if (!(error instanceof ContentError) || error.code !== 'CONTENT_NOT_FOUND') throw error
        return second.get(...asked)
      }
    },
  }
}
