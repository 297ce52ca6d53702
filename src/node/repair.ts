import type { ContentStore } from '../content/types.ts'
import type { Ledger } from '../ledger/types.ts'
import type { DidMethod } from '../sidetree/did.ts'
import type { ProtocolVersions } from '../sidetree/parameters.ts'
import { resolveOperations } from '../sidetree/resolution.ts'
import type { DidState } from '../sidetree/state.ts'
import { StoreError } from '../store/errors.ts'
import type { Change, Range, Store } from '../store/store.ts'
import { CheckPool } from './check-pool.ts'
import { bindToLedger } from './identity.ts'
import * as keys from './keys.ts'
import { Observer } from './observer.ts'
import { OperationStore } from './operation-store.ts'
import { decodeOperations, decodeRecord, type StoredOperation } from './records.ts'
import { positioned, TransactionApplier } from './transaction-applier.ts'
import { TransactionReader } from './transaction-reader.ts'

/** What was found wrong, in plain sentences. */
export interface NodeStoreCheck {
  /** Values that were read. */
  values: number
  dids: number
  /** At most 100. */
  problems: string[]
}

/** What a rebuilt store has. */
export interface RebuiltStore {
  /** Records that only this node had: operations that wait, and what became of those that were accepted. */
  kept: number
  /** Such records that could not be read, in plain sentences; at most 100. */
  lost: string[]
  transactions: number
  /** Transactions whose files could not be had. */
  unresolvable: number
}

const MAX_PROBLEMS = 100
/** Records that are copied in one commit. */
const COPY_BATCH = 256

/** Kinds of records that do not follow from the ledger; the layout is in `keys.ts`. */
const OWN_RECORDS: readonly { range: Range; what: string }[] = [
  { range: keys.queuedRange(), what: 'an operation that waited for its batch' },
  { range: { gte: Buffer.from('x'), lt: Buffer.from('y') }, what: 'the status of an operation' },
  { range: { gte: keys.INTENT, lt: Buffer.from('x') }, what: 'the batch that was being anchored' },
]

/**
 * Reads every value of a node's database, and makes each DID's state anew from its operations to compare.
 * Memory does not grow with the number of DIDs.
 * @throws StoreError where the database cannot be walked at all
 */
export async function checkNodeStore(store: Store, versions: ProtocolVersions): Promise<NodeStoreCheck> {
  const check: NodeStoreCheck = { values: 0, dids: 0, problems: [] }
  let suffix: string | undefined
  let operations: StoredOperation[] = []
  for await (const key of store.keys({})) {
    const value = readValue(store, key, check.problems)
    check.values++
    if (value === undefined || key[0] !== OPERATION_KIND) continue
    const found = decodeOperations(value)
    const owner = found[0]?.operation.didSuffix
    if (owner !== suffix) {
      compareState(store, suffix, operations, versions, check)
      suffix = owner
      operations = []
    }
    operations.push(...found)
  }
  compareState(store, suffix, operations, versions, check)
  return check
}

/**
 * Makes a node's database anew: what only the node had is copied, everything else is read from the ledger and the
 * content again. `to` is empty, and complete only once this resolves.
 * @throws StoreError, LedgerError, NodeError
 */
export async function rebuildNodeStore(parts: {
  from: Store
  to: Store
  ledger: Ledger
  content: ContentStore
  versions: ProtocolVersions
  method: DidMethod
  /** Unix milliseconds. */
  now: () => number
  /** Called as transactions are read. */
  onTransaction?: (count: number) => void
}): Promise<RebuiltStore> {
  const { from, to, ledger, content, versions, method, now, onTransaction } = parts
  const { kept, lost } = await copyOwnRecords(from, to)
  await bindToLedger(to, ledger.describe(), method)
  const operations = new OperationStore(to)
  const pool = new CheckPool()
  let transactions = 0
  const observer = new Observer({
    ledger,
    operations,
    reader: new TransactionReader({ content, pool, versions, now }),
    applier: new TransactionApplier(operations, versions),
    now,
    random: Math.random,
    onEvent: event => {
      if (event.type === 'applied' || event.type === 'invalid') onTransaction?.(++transactions)
    },
  })
  observer.start()
  try {
    await observer.caughtUp()
  } finally {
    await observer.stop()
    await pool.close()
  }
  const unresolvable = (await operations.unresolvables()).length
  // What was written without a flush so far becomes durable with this.
  await to.commit([])
  return { kept, lost, transactions, unresolvable }
}

const OPERATION_KIND = 'o'.charCodeAt(0)

/** The value of a key; undefined where it is damaged. @throws StoreError other than STORE_CORRUPT */
function readValue(store: Store, key: Uint8Array, problems: string[], what = 'a value'): Uint8Array | undefined {
  try {
    return store.get(key)
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'STORE_CORRUPT') throw error
    report(problems, `${what} is damaged (key ${Buffer.from(key).toString('hex')})`)
    return undefined
  }
}

function compareState(
  store: Store,
  suffix: string | undefined,
  operations: StoredOperation[],
  versions: ProtocolVersions,
  check: NodeStoreCheck,
): void {
  if (suffix === undefined) return
  check.dids++
  const bytes = readValue(store, keys.stateKey(suffix), check.problems, `the state of the DID ${suffix}`)
  const expected = resolveOperations(operations.map(positioned), versions).state
  const found = bytes === undefined ? undefined : decodeRecord<DidState>(bytes)
  if (found?.versionId === expected?.versionId && found?.deactivated === expected?.deactivated) return
  report(check.problems, `the state of the DID ${suffix} does not follow from its operations`)
}

async function copyOwnRecords(from: Store, to: Store): Promise<{ kept: number; lost: string[] }> {
  const lost: string[] = []
  let kept = 0
  let batch: Change[] = []
  for (const { range, what } of OWN_RECORDS) {
    for await (const key of from.keys(range)) {
      const value = readValue(from, key, lost, what)
      if (value === undefined) continue
      batch.push({ key, value })
      kept++
      if (batch.length < COPY_BATCH) continue
      await to.commit(batch)
      batch = []
    }
  }
  await to.commit(batch)
  return { kept, lost }
}

function report(problems: string[], problem: string): void {
  if (problems.length < MAX_PROBLEMS) problems.push(problem)
}
