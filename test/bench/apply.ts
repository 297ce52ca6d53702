import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NodeEvent, NodeParts } from '../../src/node/node.ts'
import { startTestNode } from '../node/parts.ts'
import { type Figure, rate } from './measure.ts'
import { nativeVerifyRate } from './native-verifier.ts'
import { batchOf, Population } from './population.ts'
import { referenceApplyRate } from './reference.ts'

/** Operations in a batch, batches that are applied before, and batches that count. */
const BATCH = 10_000
const WARM_UP = 3
const ROUNDS = 20

/**
 * A node to whose ledger batches of 10,000 updates are added, their files in its content store: how many it applies a
 * second, from the anchors to the stored states, signatures checked. The first batches only warm it up.
 */
export async function benchApply(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rootline-bench-'))
  try {
    const native = await nativeVerifyRate(2)
    let applied = 0
    const count = (event: NodeEvent) => {
      if (event.type === 'applied') applied += event.operations
    }
    const { node, ledger, content, close } = await startTestNode(
      folder,
      parts => ({ ...settings(parts), onEvent: count }),
      { anyEntry: true },
    )
    const population = new Population()
    const put = (bytes: Uint8Array) => content.put(bytes)
    const anchors = [await batchOf(population.creates(BATCH), put)]
    for (let round = 0; round < WARM_UP + ROUNDS; round++)
      anchors.push(await batchOf(await population.updates(), put))
    const apply = async (anchorStrings: string[]) => {
      await Promise.all(anchorStrings.map(anchorString => ledger.anchor(anchorString, 'bench')))
      await node.settled()
    }
    await apply(anchors.splice(0, 1 + WARM_UP))
    const perSecond = await rate(BATCH * ROUNDS, () => apply(anchors))
    if (applied !== BATCH * (1 + WARM_UP + ROUNDS)) throw new TypeError(`${applied} operations were applied`)
    await close()
    return [
      { name: 'bare native secp256k1 verifier, two threads', perSecond: native },
      {
        name: `apply anchored updates, ${BATCH} in a batch, ${ROUNDS} batches`,
        perSecond,
        against: [
          { name: 'the bare native verifier on both cores', perSecond: native, atLeast: 0.6 },
          { name: 'the reference implementation', perSecond: await referenceApplyRate(), atLeast: 20 },
        ],
      },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function settings(parts: NodeParts): NodeParts {
  return { ...parts, settings: { ...parts.settings, workers: 2, pollMs: 60_000 } }
}
