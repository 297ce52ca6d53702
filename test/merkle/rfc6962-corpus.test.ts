import { describe, expect, it } from 'vitest'
import {
  verifyConsistency,
  verifyInclusion,
  verifySubtreeConsistency,
  verifySubtreeInclusion,
} from '../../src/merkle/verify-proof.ts'
import { corpusJson, hasCorpus } from '../corpus.ts'

interface Case {
  id: string
  file: string
  expect: 'verified' | 'rejected:proof'
  policyCase?: boolean
}

interface Vector {
  leafIdx: number
  treeSize: number
  leafHash: string
  root: string
  size1: number
  size2: number
  root1: string
  root2: string
  start: number
  end: number
  size: number
  proof: string[] | null
}

/**
 * Cases that upstream accepts and this refuses on purpose. The first two compare "hashes" of 12 bytes, and no hash
 * here has another length than 32. The others are about subtrees without leaves, which are part of every tree, so
 * that the root of the tree is not even looked at: such a proof shows nothing.
 */
const REFUSED_ON_PURPOSE = [
  'consistency/additional/sizes-are-equal-one-and-proof-is-empty',
  'subtreeconsistency/additional/sizes-are-equal-one-and-proof-is-empty',
  'subtreeconsistency/additional/subtree-is-empty-sizes-are-equal-one-subtree-root-valid-proof-is-empty',
  'subtreeconsistency/additional/subtree-is-empty-sizes-are-equal-one-subtree-root-valid-tree-root-random-proof-is-empty',
  'subtreeconsistency/additional/subtree-is-empty-sizes-are-equal-zero-subtree-root-valid-proof-is-empty',
  'subtreeconsistency/additional/subtree-is-empty-sizes-are-equal-zero-subtree-root-valid-tree-root-random-proof-is-empty',
  'subtreeconsistency/additional/subtree-is-empty-subtree-root-valid-proof-is-empty',
  'subtreeconsistency/additional/subtree-is-empty-subtree-root-valid-tree-root-random-proof-is-empty',
]

const bytes = (text: string) => Buffer.from(text, 'base64')

function judge(kind: string, v: Vector): boolean {
  const proof = (v.proof ?? []).map(bytes)
  switch (kind) {
    case 'inclusion':
      return verifyInclusion(v.leafIdx, v.treeSize, bytes(v.leafHash), proof, bytes(v.root))
    case 'consistency':
      return verifyConsistency(v.size1, v.size2, bytes(v.root1), bytes(v.root2), proof)
    case 'subtreeinclusion':
      return verifySubtreeInclusion(v.leafIdx, v.start, v.end, bytes(v.leafHash), proof, bytes(v.root))
    case 'subtreeconsistency':
      return verifySubtreeConsistency(v.start, v.end, v.size, bytes(v.root1), bytes(v.root2), proof)
    default:
      throw new TypeError(`an unknown kind of case: ${kind}`)
  }
}

describe.runIf(hasCorpus)('published proof vectors (transparency-dev/merkle)', () => {
  const { cases } = hasCorpus
    ? corpusJson<{ cases: Case[] }>('ledger/rfc6962-proofs/cases.json')
    : { cases: [] }
  const judged = (one: Case) => {
    const kind = one.id.slice(0, one.id.indexOf('/'))
    return judge(kind, corpusJson<Vector>('ledger/rfc6962-proofs', one.file)) ? 'verified' : 'rejected:proof'
  }

  it.each([
    ['inclusion', 98],
    ['consistency', 98],
    ['subtreeinclusion', 204],
    ['subtreeconsistency', 118],
  ])('%s: all %d cases are decided as published, save those refused on purpose', (kind, count) => {
    const ours = cases.filter(one => one.id.startsWith(`${kind}/`))
    expect(ours).toHaveLength(count)
    const different = ours.filter(one => judged(one) !== one.expect).map(one => one.id)
    expect(different).toEqual(REFUSED_ON_PURPOSE.filter(id => id.startsWith(`${kind}/`)))
  })

  it('refuses the four policy cases too: no hash that is not 32 bytes, no proof from the empty tree', () => {
    const policy = cases.filter(one => one.policyCase === true)
    expect(policy.map(one => one.id)).toEqual([
      'inclusion/single-entry/empty-root-and-leaf',
      'consistency/additional/size1-is-zero-and-does-not-equal-size2',
      'consistency/additional/size1-is-zero-and-size2-is-not-zero',
      'consistency/additional/sizes-are-equal-zero-and-proof-is-empty',
    ])
    expect(policy.map(judged)).toEqual(policy.map(() => 'rejected:proof'))
  })
})
