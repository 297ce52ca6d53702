import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NodeEvent, NodeParts } from '../../src/node/node.ts'
import { startTestNode } from '../node/parts.ts'
import { type Figure, rate } from './measure.ts'
import { nativeVerifyRate } from './native-verifier.ts'
import { batchOf, Population } from './population.ts'

/** Operations in a batch, and batches of updates that are applied one after another. */
const BATCH = 10_000
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 6)

/** A node that catches up with batches of 10,000 updates: how many it applies a second, signatures checked. */
export async function benchApply(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rootline-bench-'))
  try {
    const native = await nativeVerifyRate(2)
    const first = await startTestNode(folder, settings)
    const population = new Population()
    const put = (bytes: Uint8Array) => first.content.put(bytes)
    await first.ledger.anchor(await batchOf(population.creates(BATCH), put), 'bench')
    await first.node.settled()
    await first.node.stop()
    for (let round = 0; round < ROUNDS; round++) {
      await first.ledger.anchor(await batchOf(await population.updates(), put), 'bench')
    }
    await first.close()
    let applied = 0
    const { node, close } = await startTestNode(folder, parts => ({ ...settings(parts), onEvent: count }))
    function count(event: NodeEvent): void {
      if (event.type === 'applied') applied += event.operations
    }
    const perSecond = await rate(BATCH * ROUNDS, () => node.settled())
    if (applied !== BATCH * ROUNDS) throw new TypeError(`${applied} operations were applied`)
    await close()
    return [
      { name: 'bare native secp256k1 verifier, two threads', perSecond: native },
      {
        name: `apply anchored updates, ${BATCH} in a batch, ${ROUNDS} batches`,
        perSecond,
        against: { name: 'the bare native verifier on both cores', perSecond: native, atLeast: 0.6 },
      },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function settings(parts: NodeParts): NodeParts {
  return { ...parts, settings: { ...parts.settings, workers: 2, pollMs: 60_000 } }
}
