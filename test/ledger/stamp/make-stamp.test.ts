import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../../src/codec/hash.ts'
import type { LedgerError } from '../../../src/ledger/errors.ts'
import { parseLeaf, type StampLeaf } from '../../../src/ledger/log/leaf.ts'
import { hashSalted, stampDigests } from '../../../src/ledger/stamp/make-stamp.ts'
import { hashLeaf, rootOf } from '../../../src/merkle/tree.ts'
import { LogWorld } from '../log-world.ts'
import { countingSalts, digestOf, stamped, verified } from './stamp-world.ts'

describe('stamping digests', () => {
  it('puts the root over salted digests on the log, in the order that they were given in', async () => {
    const [first, second, third] = await stamped('a', 'b', 'a')
    const salted = [1, 2, 3].map((salt, i) =>
      hashLeaf(Buffer.concat([Buffer.alloc(32, salt), digestOf(['a', 'b', 'a'][i] as string)])),
    )
    const leaf = parseLeaf(first?.leaf ?? Buffer.alloc(0)) as StampLeaf
    expect(leaf).toMatchObject({ type: 'stamp', root: Buffer.from(rootOf(salted)).toString('hex') })
    expect([first, second, third].map(proof => proof?.index)).toEqual([0, 1, 2])
    expect(new Set([first, second, third].map(proof => proof?.leaf)).size).toBe(1)
  })

  it('of any number gives each a proof of its own that verifies, and only for it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 70 }), async count => {
        const texts = Array.from({ length: count }, (_, i) => `text ${i}`)
        const proofs = await stamped(...texts)
        for (const [i, proof] of proofs.entries()) {
          expect(verified(proof, texts[i] as string).report.verdict).toBe('verified')
          expect(verified(proof, 'another').report.verdict).toBe('rejected')
        }
      }),
      { numRuns: 10 },
    )
  })

  it('of one and of 1,024 works; of none and of more, nothing reaches the log', async () => {
    const world = new LogWorld()
    const log = await world.open()
    const parts = { stamp: (root: Uint8Array) => log.stamp(root, 'w'), randomBytes: countingSalts() }
    const digests = (count: number) => Array.from({ length: count }, (_, i) => sha256(`${i}`))
    for (const count of [1, 1024]) {
      const proofs = await stampDigests(digests(count), parts)
      expect(proofs.length).toBe(count)
    }
    const before = world.entries().length
    for (const count of [0, 1025]) {
      await expect(stampDigests(digests(count), parts)).rejects.toMatchObject({
        code: 'LEDGER_STAMP_INVALID',
      } satisfies Partial<LedgerError>)
    }
    await expect(stampDigests([Buffer.alloc(31)], parts)).rejects.toThrow(TypeError)
    expect(world.entries().length).toBe(before)
  })

  it('asks for a salt of 32 bytes for each digest, so that equal digests do not look alike', async () => {
    const [first, second] = await stamped('a', 'a')
    expect(Buffer.from(first?.path[0] ?? [])).toEqual(
      hashSalted(second?.salt ?? Buffer.alloc(0), digestOf('a')),
    )
    expect(first?.path).not.toEqual(second?.path)
    expect(() => hashSalted(Buffer.alloc(16), digestOf('a'))).toThrow(TypeError)
  })
})
