import type { ContentStore } from '../content/types.ts'
import type { Ledger } from '../ledger/types.ts'
import type { DidMethod } from '../sidetree/did.ts'
import type { ProtocolVersions } from '../sidetree/parameters.ts'
import { resolveOperations } from '../sidetree/resolution.ts'
import { StoreError } from '../store/errors.ts'
import type { Change, Range, Store } from '../store/store.ts'
import { CheckPool } from './check-pool.ts'
import { bindToLedger, requireLayout } from './identity.ts'
import * as keys from './keys.ts'
import { Observer } from './observer.ts'
import { OperationStore } from './operation-store.ts'
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
 * @throws StoreError where the database cannot be walked at all; NodeError NODE_STORE_MISMATCH where it is of another
 * layout
 */
export async function checkNodeStore(store: Store, versions: ProtocolVersions): Promise<NodeStoreCheck> {
  const check: NodeStoreCheck = { values: 0, dids: 0, problems: [] }
  // Where it is damaged itself, the walk says so.
  const identity = readValue(store, keys.IDENTITY, [], 'a value')
  if (identity !== undefined) requireLayout(store, identity)
  for await (const key of store.keys({})) {
    readValue(store, key, check.problems, 'a value')
    check.values++
  }
  // States are compared only where everything can be read: a damaged value is a reason to rebuild them all.
  if (check.problems.length === 0) await compareStates(new OperationStore(store), versions, check)
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
  // All that was written without a flush so far becomes durable with one more commit.
  await to.commit([{ key: keys.IDENTITY, value: to.get(keys.IDENTITY) as Uint8Array }])
  return { kept, lost, transactions, unresolvable }
}

/** The value of a key; undefined where it is damaged. @throws StoreError other than STORE_CORRUPT */
function readValue(store: Store, key: Uint8Array, problems: string[], what: string): Uint8Array | undefined {
  try {
    return store.get(key)
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'STORE_CORRUPT') throw error
    report(problems, `${what} is damaged (key ${Buffer.from(key).toString('hex')})`)
    return undefined
  }
}

async function compareStates(
  operations: OperationStore,
  versions: ProtocolVersions,
  check: NodeStoreCheck,
): Promise<void> {
  const fresh = async (suffix: string) =>
    resolveOperations((await operations.operations(suffix)).map(positioned), versions).state
  for await (const suffix of operations.suffixes()) {
    check.dids++
    const [stored, expected] = [operations.state(suffix), await fresh(suffix)]
    if (stored?.versionId === expected?.versionId && stored?.deactivated === expected?.deactivated) continue
    report(check.problems, `the state of the DID ${suffix} does not follow from its operations`)
  }
  for await (const { transaction } of operations.transactions(undefined)) {
    for (const suffix of operations.suffixesOf(transaction.number)) {
      if (operations.state(suffix) !== undefined || (await fresh(suffix)) === undefined) continue
      report(check.problems, `the DID ${suffix} has operations and no state`)
    }
  }
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
