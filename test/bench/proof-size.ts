import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generatePrivateJwk } from '../../src/keys/generate.ts'
import type { QueuedOperation } from '../../src/sidetree/batch-write.ts'
import { buildCreate } from '../../src/sidetree/build.ts'
import { ROOTLINE } from '../../src/sidetree/parameters.ts'
import { didSuffixOf } from '../../src/sidetree/suffix-data.ts'
import type { TestNode } from '../node/parts.ts'
import { type Figure, medianRates, rate } from './measure.ts'
import { batchOf } from './population.ts'
import { anchorHistory, startProofNode, timeOf, verifyProof } from './proof.ts'

const SIZES = [1_000, 100_000, Number(process.env['BENCH_DIDS'] ?? 1_000_000)]
/** Creates in a batch of the DIDs that are only there. */
const BATCH = 1_000
/** Updates of the DIDs that are proved, and operations in each of their batches. */
const SUBJECTS = [
  { updates: 10, batch: 1, repeat: 20 },
  { updates: 10, batch: 100, repeat: 10 },
]
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5)

/** A node with so many DIDs on its log, and the proof of one of them. */
interface World extends TestNode {
  dids: number
  /** The DID of each subject. */
  subjects: string[]
}

/** Proofs of the same histories among few DIDs on the log and among many: what the others cost. */
export async function benchProofSize(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rootline-bench-'))
  const worlds: World[] = []
  try {
    for (const dids of SIZES) worlds.push(await makeWorld(join(folder, String(dids)), dids))
    const figures: Figure[] = []
    for (const [i] of SUBJECTS.entries()) figures.push(...(await benchSubject(worlds, i)))
    return figures
  } finally {
    for (const world of worlds) await world.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Every DID is created by a batch on the log, which the node reads and checks as any other. */
async function makeWorld(folder: string, dids: number): Promise<World> {
  const world = await startProofNode(folder)
  const { node, ledger, content } = world
  const put = (bytes: Uint8Array) => content.put(bytes)
  const start = performance.now()
  for (let first = 0; first < dids; first += BATCH) {
    await ledger.anchor(await batchOf(creates(first, Math.min(BATCH, dids - first)), put), 'bench')
    if ((first + BATCH) % 100_000 !== 0) continue
    await node.settled()
    const seconds = Math.round((performance.now() - start) / 1000)
    process.stderr.write(`  ${text(first + BATCH)} DIDs anchored and applied in ${seconds} s\n`)
  }
  await node.settled()
  const subjects: string[] = []
  for (const { updates, batch } of SUBJECTS) subjects.push(await anchorHistory(world, updates, batch))
  return { ...world, dids, subjects }
}

const [updateKey, recoveryKey] = [0, 1].map(() => {
  const { d: _, ...jwk } = generatePrivateJwk('secp256k1')
  return jwk
})

/** Creates that differ in their service alone: they have the same keys, since making keys would take most of the time. */
function creates(first: number, count: number): QueuedOperation[] {
  if (updateKey === undefined || recoveryKey === undefined) throw new TypeError('no keys')
  return Array.from({ length: count }, (_, i) => {
    const service = { id: 's', type: 'LinkedDomains', serviceEndpoint: `https://example.com/${first + i}` }
    const key = {
      id: 'key-1',
      type: 'JsonWebKey2020',
      publicKeyJwk: { ...updateKey },
      purposes: ['assertionMethod' as const],
    }
    const document = { publicKeys: [key], services: [service] }
    const request = buildCreate(
      { updateKey, recoveryKey, patches: [{ action: 'replace', document }] },
      ROOTLINE,
    )
    return { didSuffix: didSuffixOf(request.suffixData), request }
  })
}

async function benchSubject(worlds: readonly World[], subject: number): Promise<Figure[]> {
  const { updates, batch, repeat } = SUBJECTS[subject] as (typeof SUBJECTS)[number]
  const repeated = (work: () => Promise<unknown>) => () =>
    rate(repeat, async () => {
      for (let i = 0; i < repeat; i++) await work()
    })
  const proofs: Uint8Array[] = []
  const works: (() => Promise<number>)[] = []
  for (const { node, ledger, subjects } of worlds) {
    const did = subjects[subject] as string
    const proof = await node.prove(did)
    proofs.push(proof)
    works.push(
      repeated(() => node.prove(did)),
      repeated(() => verifyProof(proof, ledger.describe().id)),
    )
  }
  const rates = await medianRates(ROUNDS, works)
  return worlds.flatMap(({ dids }, i) => {
    const [made, verified] = rates.slice(2 * i, 2 * i + 2) as [number, number]
    const [leastMade, leastVerified] = rates as [number, number]
    const [bytes, least] = [proofs[i]?.length ?? 0, proofs[0]?.length ?? 0]
    const size = i === 0 ? '' : `, ${(bytes / least).toFixed(3)} x the size at ${text(SIZES[0] ?? 0)}`
    const against = (perSecond: number) =>
      i === 0 ? {} : { against: { name: `at ${text(SIZES[0] ?? 0)} DIDs`, perSecond } }
    return [
      {
        name: `made among ${text(dids)} DIDs: ${updates} updates, batches of ${batch}`,
        perSecond: made,
        ...against(leastMade),
        note: `${timeOf(made)}, ${text(bytes)} bytes${size}`,
      },
      { name: 'the same, verified', perSecond: verified, ...against(leastVerified), note: timeOf(verified) },
    ]
  })
}

function text(count: number): string {
  return count.toLocaleString('en')
}
