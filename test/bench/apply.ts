import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestNode } from '../node/parts.ts'
import { type Figure, rate } from './measure.ts'
import { nativeVerifyRate } from './native-verifier.ts'
import { batchOf, Population } from './population.ts'

/** Operations in a batch, and batches of updates that are applied one after another. */
const BATCH = 10_000
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 3)

/** A node that finds batches of 10,000 updates on its ledger: how many it applies a second, signatures checked. */
export async function benchApply(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rootline-bench-'))
  try {
    const native = await nativeVerifyRate(2)
    const { node, ledger, content, close } = await startTestNode(folder, parts => ({
      ...parts,
      settings: { ...parts.settings, workers: 2, pollMs: 60_000 },
    }))
    const population = new Population()
    const put = (bytes: Uint8Array) => content.put(bytes)
    await ledger.anchor(await batchOf(population.creates(BATCH), put), 'bench')
    await node.settled()
    const rates: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const anchorString = await batchOf(await population.updates(), put)
      rates.push(
        await rate(BATCH, async () => {
          await ledger.anchor(anchorString, 'bench')
          await node.settled()
        }),
      )
    }
    const status = await node.status()
    if (status.observer.cursor !== ROUNDS) throw new TypeError('not all batches were applied')
    await close()
    const applied = rates.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] as number
    return [
      { name: 'bare native secp256k1 verifier, two threads', perSecond: native },
      {
        name: `apply anchored updates, ${BATCH} in a batch`,
        perSecond: applied,
        against: { name: 'the bare native verifier on both cores', perSecond: native, atLeast: 0.6 },
      },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
