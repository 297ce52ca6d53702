import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LedgerTransaction } from '../../src/ledger/types.ts'
import { CheckPool } from '../../src/node/check-pool.ts'
import { OperationStore } from '../../src/node/operation-store.ts'
import type { StoredOperation, TransactionRecord } from '../../src/node/records.ts'
import { positioned, TransactionApplier } from '../../src/node/transaction-applier.ts'
import type { SidetreeNode } from '../../src/node/types.ts'
import { checkOperation, type SignedDataVerdict, signedDataInputOf } from '../../src/sidetree/check.ts'
import { ROOTLINE } from '../../src/sidetree/parameters.ts'
import { resolveOperations } from '../../src/sidetree/resolution.ts'
import { Store } from '../../src/store/store.ts'
import type { ReferenceOperation } from '../interop/reference/reference.ts'
import { prepareOperations } from '../interop/reference/reference.ts'
import { startTestNode } from '../node/parts.ts'
import { type Figure, medianRates, rate } from './measure.ts'
import { nativeVerifyRate } from './native-verifier.ts'
import { Population } from './population.ts'
import { anchored } from './reference.ts'

const UPDATES = 1_000
const ROUNDS = 5
/** Repetitions of what takes microseconds. */
const READS = 20_000

/** The resolution of one DID with many updates, each in a transaction of its own, beside the reference resolver. */
export async function benchResolve(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rootline-bench-'))
  try {
    const history = await makeHistory()
    const suffix = (history[0] as ReferenceOperation).operation.didSuffix
    await storeHistory(folder, history)
    const inOne = new CheckPool({ workers: 0 })
    const inTwo = new CheckPool({ workers: 2 })
    const all = await medianRates(ROUNDS, [
      () => referenceRate(suffix, history),
      () => anchoredRate(history, inOne),
      () => anchoredRate(history, inTwo),
      () => storedRate(folder, suffix),
      () => firstRate(folder, suffix),
    ])
    await inTwo.close()
    const [reference, one, two, fromStored, first] = all as [number, number, number, number, number]
    const next = await nextRate(folder, suffix)
    const plain = { name: 'the reference resolver', perSecond: reference }
    const against = { ...plain, atLeast: 20 }
    const name = 'from anchored operations, signatures checked'
    const verifier = async (threads: number) => ({
      name: `the bare native verifier, ${threads} thread(s), on as many signatures`,
      perSecond: (await nativeVerifyRate(threads)) / UPDATES,
    })
    return [
      { name: 'reference resolver, from operations in memory', ...timed(reference) },
      { name: `${name} in one thread`, ...timed(one), against: [plain, await verifier(1)] },
      { name: `${name} in two threads`, ...timed(two), against: [plain, await verifier(2)] },
      { name: "from the node's operations on disk, checked before", ...timed(fromStored), against },
      { name: 'first answer of a node that was started again', ...timed(first), against },
      { name: 'next answer, from memory', ...timed(next, 'aim: under 1 ms') },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function makeHistory(): Promise<ReferenceOperation[]> {
  const population = new Population()
  const [create] = population.creates(1)
  if (create === undefined) throw new TypeError('no create')
  const history = [anchored(create, 1)]
  for (let i = 1; i <= UPDATES; i++) history.push(anchored(await population.update(0, i), i + 1))
  return history
}

async function referenceRate(suffix: string, history: ReferenceOperation[]): Promise<number> {
  const prepared = prepareOperations(suffix, history)
  return rate(1, async () => {
    const state = await prepared.resolve()
    if (state?.nextUpdateCommitmentHash !== lastCommitment(history)) throw new TypeError('not resolved')
  })
}

function anchoredRate(history: ReferenceOperation[], pool: CheckPool): Promise<number> {
  return rate(1, async () => {
    const inputs = history.flatMap(({ operation }) => signedDataInputOf(operation) ?? [])
    const verdicts = await pool.check(inputs, ROOTLINE)
    // The create, which comes first, has no signature.
    const checked = history.map((item, i) => check(item, verdicts[i - 1]))
    const { state } = resolveOperations(checked.map(positioned), [ROOTLINE])
    if (state?.operationCount !== UPDATES + 1) throw new TypeError('not resolved')
  })
}

/** Reads all operations of a DID, whose signatures were checked when they were stored, and resolves them. */
async function storedRate(folder: string, suffix: string): Promise<number> {
  const store = await Store.open(join(folder, 'node'))
  const operations = new OperationStore(store)
  const perSecond = await rate(1, async () => {
    const stored = await operations.operations(suffix)
    const { state } = resolveOperations(stored.map(positioned), [ROOTLINE])
    if (state?.operationCount !== UPDATES + 1) throw new TypeError('not resolved')
  })
  await store.close()
  return perSecond
}

/** A node keeps the state on disk, so that a restart costs one read. */
function firstRate(folder: string, suffix: string): Promise<number> {
  return withNode(folder, node => rate(1, () => node.resolve(`did:rootline:${suffix}`)))
}

function nextRate(folder: string, suffix: string): Promise<number> {
  return withNode(folder, async node => {
    const resolveMany = async () => {
      for (let i = 0; i < READS; i++) await node.resolve(`did:rootline:${suffix}`)
    }
    await resolveMany()
    return rate(READS, resolveMany)
  })
}

/** A node with another log each time, in which nothing is anchored: what it knows of the DID is in its own database. */
async function withNode<T>(folder: string, work: (node: SidetreeNode) => Promise<T>): Promise<T> {
  const { node, close } = await startTestNode(folder, parts => ({
    ...parts,
    settings: { ...parts.settings, pollMs: 600_000 },
  }))
  try {
    return await work(node)
  } finally {
    await close()
  }
}

/** Applies the history as a node does, each operation in a transaction of its own. */
async function storeHistory(folder: string, history: ReferenceOperation[]): Promise<void> {
  const store = await Store.open(join(folder, 'node'))
  const applier = new TransactionApplier(new OperationStore(store), [ROOTLINE])
  for (const item of history) {
    await applier.apply(recordOf(item.transactionNumber), [check(item)])
  }
  await store.close()
}

function check({ operation, ...place }: ReferenceOperation, verdict?: SignedDataVerdict): StoredOperation {
  const position = { ...place, timestamp: place.transactionTime }
  return { position, checked: checkOperation(operation, ROOTLINE, verdict) }
}

function recordOf(number: number): TransactionRecord {
  const transaction: LedgerTransaction = {
    number,
    time: number,
    timestamp: number,
    timeHash: '',
    anchorString: '',
    writer: 'bench',
  }
  return {
    transaction,
    outcome: 'applied',
    operations: 1,
    problems: [],
    files: [],
    firstSeen: 0,
    decidedAt: 0,
  }
}

function lastCommitment(history: ReferenceOperation[]): string | undefined {
  return history.at(-1)?.operation.delta?.updateCommitment
}

/** A rate, with the time of one as its note. */
function timed(perSecond: number, more?: string): Pick<Figure, 'perSecond' | 'note'> {
  const micros = 1e6 / perSecond
  const time = micros < 1_000 ? `${micros.toFixed(1)} us` : `${(micros / 1_000).toFixed(1)} ms`
  return { perSecond, note: more === undefined ? `${time} each` : `${time} each (${more})` }
}
