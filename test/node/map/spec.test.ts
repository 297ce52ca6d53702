import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { encodeLeaf, parseLeaf } from '../../../src/ledger/log/leaf.ts'
import { MerkleMap } from '../../../src/merkle/map/map.ts'
import { chainValue, mapKeyOf } from '../../../src/node/map/chain.ts'
import { parseResolutionProof } from '../../../src/node/proof/resolution-proof.ts'
import { parseAnchorString } from '../../../src/sidetree/anchor-string.ts'
import { BatchReader, readBatch } from '../../../src/sidetree/batch-read.ts'
import { batchReferences } from '../../../src/sidetree/batch-references.ts'
import { ROOTLINE } from '../../../src/sidetree/parameters.ts'

function blocksOf(page: string): string[] {
  const text = readFileSync(new URL(`../../../docs/spec/${page}`, import.meta.url), 'utf8')
  return [...text.matchAll(/```text\n([^`]*)\n```/g)].map(match => match[1] as string)
}

describe('docs/spec/operation-map.md', () => {
  it('gives the leaf, the key, the value and the digest of the example as they are', async () => {
    const [leaf = '', pair = '', digest = ''] = blocksOf('operation-map.md')
    const proof = parseResolutionProof(Buffer.from(blocksOf('resolution-proof.md')[0] as string))
    const anchor = parseLeaf(proof.transactions[0]?.leaf as Uint8Array)
    if (anchor.type !== 'anchor') throw new TypeError('no anchor')
    const reader = new BatchReader(parseAnchorString(anchor.anchorString, ROOTLINE), ROOTLINE)
    const outcome = await readBatch(reader, async ({ uri }) => proof.files.get(uri) as Uint8Array)
    const references = batchReferences(outcome).map(one => ({ ...one, transactionNumber: 0 }))
    const [only] = references
    expect(references.length).toBe(1)
    expect(Buffer.from(only?.digest ?? '', 'base64url').toString('hex')).toBe(digest)
    const key = mapKeyOf(only?.didSuffix ?? '')
    const value = chainValue(undefined, references)
    expect(pair).toBe(`${key.toString('hex')}\n${Buffer.from(value).toString('hex')}`)
    const { root } = new MerkleMap({ get: () => undefined }).update([{ key, value }])
    const stated = { type: 'map', time: anchor.time, root: Buffer.from(root).toString('hex') } as const
    expect(encodeLeaf(stated).toString()).toBe(leaf)
    expect(leaf.length).toBe(112)
  })
})
