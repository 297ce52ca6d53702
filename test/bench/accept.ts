import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/ledger/log/clock.ts'
import { generateLogKey } from '../../src/ledger/log/key.ts'
import { encodeLeaf } from '../../src/ledger/log/leaf.ts'
import { publishedCheckpointFile } from '../../src/ledger/log/published-checkpoint.ts'
import { entryKey } from '../../src/ledger/log/records.ts'
import { TransparencyLog } from '../../src/ledger/log/transparency-log.ts'
import { parseSigningKey } from '../../src/merkle/signing-key.ts'
import * as keys from '../../src/node/keys.ts'
import { decodeRecord, type QueuedOperation } from '../../src/node/records.ts'
import type { SidetreeNode } from '../../src/node/types.ts'
import { type Change, Store } from '../../src/store/store.ts'
import { startTestNode } from '../node/parts.ts'
import { type Figure, medianRates, rate } from './measure.ts'
import { nativeVerifyRate } from './native-verifier.ts'
import { Population } from './population.ts'

/** Operations, and log entries, of one round. */
const COUNT = 4_000
/** How many are under way at a time: those that arrive together share a flush of the disk. */
const IN_FLIGHT = 256
/** Entries where each waits for the one before it. */
const ALONE = 200
const ROUNDS = 5

/** Operations taken durably, and entries of the log, beside the bare database that both are written to. */
export async function benchAccept(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rootline-bench-'))
  try {
    return [...(await benchOperations(folder)), ...(await benchLog(folder))]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function benchOperations(folder: string): Promise<Figure[]> {
  const [{ node, store, close }, raw] = await Promise.all([startNode(folder), openStore(folder, 'raw')])
  let population = new Population()
  let records: Change[][] = []
  const accept = async (bodies: Buffer[]): Promise<number> => {
    const perSecond = await rate(COUNT, () => inFlight(bodies, IN_FLIGHT, body => node.submit(body)))
    records = await queuedRecords(store)
    await node.settled()
    return perSecond
  }
  const commitSame = () => rate(COUNT, () => inFlight(records, IN_FLIGHT, changes => raw.commit(changes)))
  const verifier = await nativeVerifyRate(2)
  const rates = await medianRates(ROUNDS, [
    () => {
      population = new Population()
      return accept(population.creates(COUNT).map(bodyOf))
    },
    commitSame,
    async () => accept((await population.updates()).map(bodyOf)),
    commitSame,
  ])
  await Promise.all([close(), raw.close()])
  const [creates, rawCreates, updates, rawUpdates] = rates as [number, number, number, number]
  const same = (perSecond: number) => ({ name: 'the bare database, the same records', perSecond })
  return [
    { name: `creates accepted, ${IN_FLIGHT} in flight`, perSecond: creates, against: same(rawCreates) },
    {
      name: `updates accepted, signatures checked, ${IN_FLIGHT} in flight`,
      perSecond: updates,
      against: [same(rawUpdates), { name: 'the bare native verifier on both cores', perSecond: verifier }],
    },
  ]
}

/** A node that writes no batch by itself while operations are accepted. */
async function startNode(
  folder: string,
): Promise<{ node: SidetreeNode; store: Store; close: () => Promise<void> }> {
  let store: Store | undefined
  const { node, close } = await startTestNode(folder, parts => {
    store = parts.store
    return { ...parts, settings: { workers: 2, pollMs: 600_000, batchIntervalMs: 600_000 } }
  })
  if (store === undefined) throw new TypeError('no store')
  return { node, store, close }
}

/** What the node has written for each operation that waits. */
async function queuedRecords(store: Store): Promise<Change[][]> {
  const records: Change[][] = []
  for await (const [key, value] of store.entries(keys.queuedRange())) {
    const status = keys.statusKey(decodeRecord<QueuedOperation>(value).id)
    records.push([
      { key, value },
      { key: status, value: store.get(status) as Uint8Array },
    ])
  }
  if (records.length !== COUNT) throw new TypeError(`${records.length} operations were accepted`)
  return records
}

async function benchLog(folder: string): Promise<Figure[]> {
  const [logStore, raw] = await Promise.all([openStore(folder, 'entries'), openStore(folder, 'raw-entries')])
  const log = await TransparencyLog.open({
    store: logStore,
    published: publishedCheckpointFile(join(folder, 'entries-checkpoint')),
    signer: parseSigningKey(generateLogKey('log.example/bench')),
    origin: 'log.example/bench',
    clock: systemClock,
  })
  const anchorString = `10000.${'Qm'.padEnd(46, 'x')}`
  const value = encodeLeaf({ type: 'anchor', time: 1_750_000_000, anchorString, writer: 'bench' })
  let written = 0
  const append = (count: number, together: number) =>
    rate(count, () => inFlight(Array(count), together, () => log.anchor(anchorString, 'bench')))
  const commit = (count: number, together: number) =>
    rate(count, () =>
      inFlight(Array(count), together, () => raw.commit([{ key: entryKey(written++), value }])),
    )
  const rates = await medianRates(ROUNDS, [
    () => append(COUNT, IN_FLIGHT),
    () => commit(COUNT, IN_FLIGHT),
    () => append(ALONE, 1),
    () => commit(ALONE, 1),
  ])
  await log.close()
  await Promise.all([logStore.close(), raw.close()])
  const [grouped, rawGrouped, alone, rawAlone] = rates as [number, number, number, number]
  const bare = (perSecond: number) => ({ name: 'the bare database, the entry alone', perSecond })
  return [
    { name: `log entries, ${IN_FLIGHT} in flight`, perSecond: grouped, against: bare(rawGrouped) },
    { name: 'log entries, one after another', perSecond: alone, against: bare(rawAlone) },
  ]
}

/** Does some work for each item, so many at a time. */
async function inFlight<T>(items: T[], together: number, work: (item: T) => Promise<unknown>): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < items.length) await work(items[next++] as T)
  }
  await Promise.all(Array.from({ length: together }, lane))
}

function openStore(folder: string, name: string): Promise<Store> {
  return Store.open(join(folder, name))
}

function bodyOf({ request }: { request: object }): Buffer {
  return Buffer.from(JSON.stringify(request))
}
