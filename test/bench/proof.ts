import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseVkey } from '../../src/merkle/vkey.ts'
import { parseResolutionProof } from '../../src/node/proof/resolution-proof.ts'
import { verifyResolutionProof } from '../../src/node/proof/verify-proof.ts'
import { ROOTLINE } from '../../src/sidetree/parameters.ts'
import { LOG_VKEY, METHOD, startTestNode, type TestNode } from '../node/parts.ts'
import { type Figure, medianRates, rate } from './measure.ts'
import { batchOf, Population } from './population.ts'

/** Updates of the DID, and operations in each batch, of which one is the DID's. */
const CASES = [
  { updates: 10, batch: 1, repeat: 20 },
  { updates: 100, batch: 1, repeat: 4 },
  { updates: 1_000, batch: 1, repeat: 1 },
  { updates: 10, batch: 100, repeat: 10 },
  { updates: 10, batch: 10_000, repeat: 1 },
]
const ROUNDS = 3

/** Proofs that are made, and verified where only they are, beside the node's own report on the same DID. */
export async function benchProof(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rootline-bench-'))
  try {
    const figures: Figure[] = []
    for (const [i, one] of CASES.entries()) figures.push(...(await benchCase(join(folder, `${i}`), one)))
    return figures
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function benchCase(
  folder: string,
  { updates, batch, repeat }: (typeof CASES)[number],
): Promise<Figure[]> {
  const world = await startProofNode(folder)
  const did = await anchorHistory(world, updates, batch)
  const { node, ledger } = world
  const bytes = await node.prove(did)
  const verify = () => verifyProof(bytes, ledger.describe().id)
  const times = (work: () => Promise<unknown>) => () =>
    rate(repeat, async () => {
      for (let i = 0; i < repeat; i++) await work()
    })
  const rates = await medianRates(ROUNDS, [
    times(() => node.prove(did)),
    times(verify),
    times(() => node.explain(did)),
    times(() => node.history(did)),
  ])
  await world.close()
  const [made, verified, explained, stored] = rates as [number, number, number, number]
  const what = `${updates} updates, batches of ${batch.toLocaleString('en')}`
  const size = `${(bytes.length / 1024).toFixed(0)} KiB`
  return [
    { name: `made: ${what}`, perSecond: made, note: `${timeOf(made)}, ${size}` },
    {
      name: `verified: ${what}`,
      perSecond: verified,
      against: { name: "the node's own report on it", perSecond: explained },
      note: timeOf(verified),
    },
    {
      name: 'resolved from stored operations, with no report',
      perSecond: stored,
      against: { name: 'verifying the proof', perSecond: verified },
    },
  ]
}

/** A node that looks at its ledger when it is told that it has grown, and not by itself. */
export function startProofNode(folder: string): Promise<TestNode> {
  return startTestNode(folder, parts => ({
    ...parts,
    settings: { ...parts.settings, workers: 2, pollMs: 600_000 },
  }))
}

/** Verifies a proof from its bytes alone. @throws TypeError where it does not show the document */
export async function verifyProof(bytes: Uint8Array, origin: string): Promise<void> {
  const proof = parseResolutionProof(bytes)
  const log = { origin, verifier: parseVkey(LOG_VKEY) }
  const brought = { log, method: METHOD, versions: [ROOTLINE], now: Date.now() }
  const { report } = await verifyResolutionProof(proof, brought)
  if (report.claims[0]?.verdict !== 'verified') throw new TypeError(report.summary)
}

export function timeOf(perSecond: number): string {
  return `${(1_000 / perSecond).toFixed(1)} ms each`
}

/** A DID with a create and updates, each in a batch with as many other operations. */
export async function anchorHistory(
  { node, ledger, content }: TestNode,
  updates: number,
  batch: number,
): Promise<string> {
  const population = new Population()
  const put = (bytes: Uint8Array) => content.put(bytes)
  const anchors = [await batchOf(population.creates(batch), put)]
  for (let i = 0; i < updates; i++) anchors.push(await batchOf(await population.updates(), put))
  for (const anchorString of anchors) await ledger.anchor(anchorString, 'bench')
  await node.settled()
  return `did:rootline:${population.suffixes[0]}`
}
