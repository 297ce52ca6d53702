import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeLeaf } from '../../../src/ledger/log/leaf.ts'
import { appendSignatures, signatureLine } from '../../../src/merkle/note.ts'
import { parsePolicy } from '../../../src/merkle/policy.ts'
import { COSIGNATURE_V1 } from '../../../src/merkle/signature-types.ts'
import { formatSigningKey, parseCosignerKey, parseSigningKey } from '../../../src/merkle/signing-key.ts'
import {
  encodeResolutionProof,
  type ProvenLeaf,
  parseResolutionProof,
  type ResolutionProof,
} from '../../../src/node/proof/resolution-proof.ts'
import type { Explanation, SidetreeNode } from '../../../src/node/types.ts'
import { ION_MAINNET, ROOTLINE } from '../../../src/sidetree/parameters.ts'
import type { OperationRequest } from '../../../src/sidetree/types.ts'
import { evaluate } from '../../../src/trust/evaluate.ts'
import { DEFAULT_POLICY } from '../../../src/trust/policy.ts'
import { tempFolder } from '../../temp.ts'
import { anchorBatch, storeFiles } from '../batches.ts'
import { addService, Controller } from '../parts.ts'
import { claim, codesOf, documentOf, expectRefused, LOG, ProofWorld, verify } from './proof-world.ts'

const folder = tempFolder()
const controller = new Controller('Ed25519')
const [first, second] = [new Controller('Ed25519'), new Controller('Ed25519')]
let world: ProofWorld
let node: SidetreeNode
/** Of a create and two updates, among operations of others. */
let proof: ResolutionProof
let document: unknown
let lastUpdate: OperationRequest

beforeAll(async () => {
  world = await ProofWorld.start(join(folder, 'node'))
  node = world.node
  await world.submit(controller.create(), first.create(), second.create())
  await world.submit(await controller.update([addService('a')]), await first.update([addService('x')]))
  await world.submit(await second.update([addService('y')]))
  lastUpdate = await controller.update([addService('b')])
  await world.submit(lastUpdate)
  proof = await world.prove(controller.did)
  document = (await node.resolve(controller.did)).result.didDocument
})
afterAll(() => world.close())

/** The proof with these transactions, and the files that they name. */
async function withLeaves(transactions: ProvenLeaf[]): Promise<ResolutionProof> {
  return { ...proof, transactions, files: await world.filesOf(transactions) }
}

function leaf(i: number): ProvenLeaf {
  const found = proof.transactions[i]
  if (found === undefined) throw new TypeError(`no transaction ${i}`)
  return found
}

/** Fails where a changed proof verifies anything else than the proof as it was made. */
function expectNothingElse(explanation: Explanation, what: string): void {
  const same = JSON.stringify(documentOf(explanation)) === JSON.stringify(document)
  expect(same || claim(explanation, 'document') !== 'verified', what).toBe(true)
  expect([claim(explanation, 'newest'), claim(explanation, 'active')], what).not.toContain('verified')
}

async function verifyOrCode(changed: Uint8Array): Promise<Explanation | string> {
  try {
    return await verify(parseResolutionProof(changed))
  } catch (error) {
    const { code } = error as { code?: string }
    expect(code, String(error)).toMatch(/^(PROOF_INVALID|DID_\w+)$/)
    return String(code)
  }
}

describe('a proof of a resolution', () => {
  it('gives the same document to who has only it and the key of the log', async () => {
    const explanation = await verify(proof)
    expect(documentOf(explanation)).toEqual(document)
    expect(explanation.resolution.result).toEqual((await node.resolve(controller.did)).result)
    expect(claim(explanation, 'document')).toBe('verified')
    expect(codesOf(explanation, 'fail')).toEqual([])
    const made = ['SUFFIX_HASH', 'REVEAL_COMMITMENT', 'DELTA_HASH', 'OPERATION_SIGNATURE', 'FILE_CID']
    const anchored = ['ANCHOR_STRING', 'LEAF_ANCHOR', 'LOG_INCLUSION', 'CHECKPOINT_SIGNATURE']
    expect(codesOf(explanation, 'pass')).toEqual(expect.arrayContaining([...made, ...anchored]))
  })

  it('makes each check that the report of the node makes of the document', async () => {
    const edgesOf = ({ report }: Explanation) =>
      report.edges
        .filter(({ code }) => !/^(COMPLETENESS|CHECKPOINT_FRESH|DID_ACTIVE|UNAVAILABLE_ANCHORS)$/.test(code))
        .filter(({ from }) => !from.startsWith('head'))
        .map(({ from, to, code, result, detail }) => ({ from, to, code, result, detail }))
    expect(edgesOf(await verify(proof))).toEqual(edgesOf(await node.explain(controller.did)))
  })

  it('says that nobody knows from it whether this is the newest state, or the DID still active', async () => {
    const explanation = await verify(proof)
    expect([claim(explanation, 'newest'), claim(explanation, 'active')]).toEqual(['undecided', 'undecided'])
    expect(explanation.report.verdict).toBe('undecided')
    expect(JSON.stringify(explanation.report.notShown)).toContain('left some out')
    const completeness = explanation.report.edges.find(({ code }) => code === 'COMPLETENESS')
    expect(completeness?.result).toBe('undecided')
    expect(completeness?.detail).toContain('left out')
  })

  it('says so of the newest leaf of the log too', async () => {
    expect(leaf(2).index).toBe((await world.transactions()).at(-1)?.number)
    expect(codesOf(await verify(proof), 'undecided')).toContain('COMPLETENESS')
  })

  it('shows what a recover has replaced, and that its operations end the DID, which others could prevent', async () => {
    const ended = new Controller('Ed25519')
    await world.submit(ended.create())
    await world.submit(await ended.update([addService('old')]))
    await world.submit(await ended.recover([addService('new')]))
    const recovered = await verify(await world.prove(ended.did))
    expect(claim(recovered, 'document')).toBe('verified')
    expect(documentOf(recovered)).toEqual((await node.resolve(ended.did)).result.didDocument)
    await world.submit(await ended.deactivate())
    const explanation = await verify(await world.prove(ended.did))
    expect(explanation.resolution.deactivated).toBe(true)
    expect([claim(explanation, 'document'), claim(explanation, 'active')]).toEqual(['verified', 'undecided'])
    const active = explanation.report.edges.find(({ code }) => code === 'DID_ACTIVE')
    expect(active?.detail).toContain('By themselves these operations end the DID')
  })
})

describe('a proof without the operation that counts, and with one that opens the same commitment after it', () => {
  /** The proof of a DID whose last two operations open one commitment, without the first of the two. */
  async function withoutWinner(loser: Controller, requests: OperationRequest[]): Promise<Explanation> {
    for (const request of requests) await world.submit(request)
    const whole = await world.prove(loser.did)
    expect(documentOf(await verify(whole))).toEqual((await node.resolve(loser.did)).result.didDocument)
    const transactions = whole.transactions.toSpliced(-2, 1)
    return verify({ ...whole, transactions, files: await world.filesOf(transactions) })
  }

  it('does not say that a DID has ended which has not', async () => {
    const thief = new Controller('Ed25519')
    const create = thief.create()
    const recover = await thief.recover([addService('after')])
    const explanation = await withoutWinner(thief, [create, recover, await thief.deactivateInstead(recover)])
    expect((await node.resolve(thief.did)).deactivated).toBe(false)
    expect(explanation.resolution.deactivated).toBe(true)
    expect([claim(explanation, 'active'), explanation.report.verdict]).toEqual(['undecided', 'undecided'])
    expect(codesOf(explanation, 'fail')).toEqual([])
  })

  it('claims no more of a document that never was the one of the DID than what is in the proof', async () => {
    const thief = new Controller('Ed25519')
    const create = thief.create()
    const update = await thief.update([addService('own')])
    const stolen = await thief.fork(update, [addService('stolen')])
    const explanation = await withoutWinner(thief, [create, update, stolen])
    expect(JSON.stringify(documentOf(explanation))).toContain('#stolen')
    expect(explanation.report.claims[0]?.statement).toContain('by themselves')
    expect(JSON.stringify(explanation.report.notShown)).toContain('another counts here and never did')
    const open = ['active', 'newest'].map(id => claim(explanation, id))
    expect([...open, explanation.report.verdict]).toEqual(['undecided', 'undecided', 'undecided'])
  })
})

/** How often something else got the thread while work was done. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0
  const turn = () => {
    turns++
    next = setImmediate(turn)
  }
  let next = setImmediate(turn)
  await work()
  clearImmediate(next)
  return turns
}

describe('the work that a proof makes', () => {
  it('is bounded however often one file is named, for who verifies and who makes it', async () => {
    const large = new Controller('Ed25519')
    const chunk = randomBytes(9_000_000)
    const { anchorString } = await anchorBatch(world, [large.create()], { chunk: () => chunk })
    await node.settled()
    const once = await world.prove(large.did)
    const [only] = once.transactions
    if (only === undefined) throw new TypeError('no transaction')
    const named = (times: number): ResolutionProof => {
      return { ...once, transactions: Array.from({ length: times }, (_, i) => ({ ...only, index: i })) }
    }
    expect(claim(await verify(named(14)), 'document')).toBe('rejected')
    await expectRefused(named(15), /name are more than 134217728 bytes/)
    for (let i = 1; i < 15; i++) await world.ledger.anchor(anchorString, 'other')
    await node.settled()
    await expect(node.prove(large.did)).rejects.toMatchObject({
      code: 'PROOF_UNAVAILABLE',
      message: expect.stringContaining('would name more than'),
    })
  })

  it('leaves the thread to others between two transactions or files, as does a report', async () => {
    const long = new Controller('Ed25519')
    await world.submit(long.create())
    for (let i = 0; i < 30; i++) await world.submit(await long.update([addService(`s${i}`)]))
    const whole = await world.prove(long.did)
    expect(await turnsDuring(() => node.prove(long.did))).toBeGreaterThanOrEqual(whole.files.size)
    const { length } = whole.transactions
    expect(length).toBe(31)
    expect(await turnsDuring(() => verify(whole))).toBeGreaterThanOrEqual(length)
    // A report of a node reads four at a time.
    expect(await turnsDuring(() => node.explain(long.did))).toBeGreaterThanOrEqual(Math.floor(length / 4))
  })

  it('ends where its caller says so, before it begins or on its way', async () => {
    const reason = new TypeError('enough')
    await expect(verify(proof, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const verified = verify(proof, { signal: controller.signal })
    setImmediate(() => controller.abort(reason))
    await expect(verified).rejects.toBe(reason)
  })
})

describe('the witnesses of a policy', () => {
  const cosigners = ['w1', 'w2', 'w3'].map((name, i) =>
    parseCosignerKey(formatSigningKey(name, Buffer.alloc(32, i + 1), COSIGNATURE_V1)),
  )
  const lines = cosigners.map(({ verifier }) => `witness ${verifier.name} ${verifier.vkey}`)
  const policy = parsePolicy([...lines, 'group two 2 w1 w2 w3', 'quorum two', ''].join('\n'))
  const log = { ...LOG, policy }
  const time = 1_800_000_000

  /** The proof with its checkpoint cosigned by some, each a minute after the one before. */
  async function cosigned(...who: number[]): Promise<ResolutionProof> {
    const [text = ''] = proof.checkpoint.split('\n\n')
    const added = who.map(async (i, at) => {
      const signer = cosigners[i]?.at(time + 60 * at)
      if (signer === undefined) throw new TypeError('no such witness')
      return signatureLine(`${text}\n`, signer)
    })
    return { ...proof, checkpoint: appendSignatures(proof.checkpoint, await Promise.all(added)) }
  }

  it('where a quorum has cosigned, the report says who, when, and that this is recent', async () => {
    const explanation = await verify(await cosigned(0, 2), { log, now: (time + 200) * 1000 })
    expect(claim(explanation, 'document')).toBe('verified')
    expect(codesOf(explanation, 'pass')).toEqual(
      expect.arrayContaining(['CHECKPOINT_WITNESSED', 'CHECKPOINT_FRESH']),
    )
    const fresh = explanation.report.edges.find(({ code }) => code === 'CHECKPOINT_FRESH')
    expect(fresh?.detail).toContain('200 seconds before')
    expect(explanation.report.roots.map(({ id }) => id)).toContain('log-witnesses')
    expect(claim(explanation, 'newest')).toBe('undecided')
  })

  it('each witness is a root of its own: without one, the others count, as long as they are a quorum', async () => {
    const verdictsWithout = async (refused: number, who: number[]) => {
      const { report } = await verify(await cosigned(...who), { log, now: (time + 200) * 1000 })
      const fingerprint = `sha256:${cosigners[refused]?.verifier.fingerprint}`
      const { claims } = evaluate(report, { ...DEFAULT_POLICY, refuse: [{ fingerprint }] })
      return claims.find(({ id }) => id === 'document')?.verdict
    }
    expect(await verdictsWithout(0, [0, 1, 2])).toBe('verified')
    expect(await verdictsWithout(0, [0, 2])).toBe('undecided')
    expect(await verdictsWithout(1, [0, 2])).toBe('verified')
    const { report } = await verify(await cosigned(0, 2), { log })
    expect(report.edges.filter(({ code }) => code === 'COSIGNATURE').map(({ detail }) => detail)).toEqual([
      'w1 has cosigned the checkpoint, at 2027-01-15T08:00:00Z.',
      'w3 has cosigned the checkpoint, at 2027-01-15T08:01:00Z.',
    ])
  })

  it('a time that no date can say is an undecided one', async () => {
    const [text = ''] = proof.checkpoint.split('\n\n')
    const far = cosigners.map(cosigner => signatureLine(`${text}\n`, cosigner.at(Number.MAX_SAFE_INTEGER)))
    const checkpoint = appendSignatures(proof.checkpoint, await Promise.all(far))
    expect(codesOf(await verify({ ...proof, checkpoint }, { log }), 'undecided')).toContain(
      'CHECKPOINT_FRESH',
    )
  })

  it('recent is what the quorum as a whole has cosigned lately', async () => {
    const late = { log, now: (time + 360) * 1000 }
    expect(codesOf(await verify(await cosigned(0, 2), late), 'undecided')).toContain('CHECKPOINT_FRESH')
    const three = await verify(await cosigned(0, 1, 2), late)
    expect(codesOf(three, 'pass')).toContain('CHECKPOINT_FRESH')
  })

  it('where too few have, or nobody whom the policy knows, the document is not verified', async () => {
    const strangers = parsePolicy(
      ['a', 'b']
        .map((name, i) => parseCosignerKey(formatSigningKey(name, Buffer.alloc(32, 90 + i), COSIGNATURE_V1)))
        .map(({ verifier }) => `witness ${verifier.name} ${verifier.vkey}`)
        .concat('group both all a b', 'quorum both', '')
        .join('\n'),
    )
    for (const [who, pinned] of [
      [await cosigned(), log],
      [await cosigned(1), log],
      [await cosigned(1, 1), log],
      [await cosigned(0, 1, 2), { ...LOG, policy: strangers }],
    ] as const) {
      const explanation = await verify(who, { log: pinned, now: time * 1000 })
      expect(claim(explanation, 'document')).toBe('undecided')
      const open = codesOf(explanation, 'undecided')
      expect(open).toEqual(expect.arrayContaining(['CHECKPOINT_WITNESSED', 'CHECKPOINT_FRESH']))
    }
  })
})

describe('a proof that was tampered with', () => {
  it('with a byte changed anywhere never verifies another document', async () => {
    const bytes = encodeResolutionProof(proof)
    const step = Math.ceil(bytes.length / 200)
    for (let position = 0; position < bytes.length; position += step) {
      for (const bit of [0x01, 0x20]) {
        const changed = Buffer.from(bytes)
        changed[position] = (changed[position] ?? 0) ^ bit
        const explanation = await verifyOrCode(changed)
        if (typeof explanation !== 'string') expectNothingElse(explanation, `byte ${position}`)
      }
    }
  })

  it('each byte of a small one: the same', async () => {
    const small = await withLeaves([leaf(0)])
    const bytes = encodeResolutionProof(small)
    const made = JSON.stringify(documentOf(await verify(small)))
    const verified = new Set<string>()
    for (let position = 0; position < bytes.length; position++) {
      const changed = Buffer.from(bytes)
      changed[position] = (changed[position] ?? 0) ^ 0x01
      const explanation = await verifyOrCode(changed)
      if (typeof explanation === 'string' || claim(explanation, 'document') !== 'verified') continue
      verified.add(JSON.stringify(documentOf(explanation)))
    }
    // Bytes of a signature by nobody whom the verifier knows, or of a hint, may differ.
    verified.delete(made)
    expect([...verified]).toEqual([])
  })

  it('without its last operation verifies an older document, and says that more may follow', async () => {
    const explanation = await verify(await withLeaves([leaf(0), leaf(1)]))
    expect(claim(explanation, 'document')).toBe('verified')
    expect(claim(explanation, 'newest')).toBe('undecided')
    expect(explanation.report.claims[0]?.statement).toContain('by themselves')
  })

  it('without an operation in the middle comes to what the others give', async () => {
    const explanation = await verify(await withLeaves([leaf(0), leaf(2)]))
    expect(JSON.stringify(documentOf(explanation))).not.toContain('#b')
    expect(claim(explanation, 'newest')).toBe('undecided')
  })

  it('without its create operation, or without any, shows nothing', async () => {
    await expectRefused(await withLeaves([leaf(1), leaf(2)]), /no create operation/)
    await expectRefused(await withLeaves([]), /no create operation/)
  })

  it('with the leaf of another place, or the proof of another leaf, is rejected', async () => {
    const moved = await verify({ ...proof, transactions: [leaf(0), leaf(1), { ...leaf(2), index: 2 }] })
    expect(claim(moved, 'document')).toBe('rejected')
    expect(codesOf(moved, 'fail')).toContain('LOG_INCLUSION')
    const swapped = { ...leaf(1), inclusion: leaf(2).inclusion }
    const proven = await verify({ ...proof, transactions: [leaf(0), swapped, leaf(2)] })
    expect(claim(proven, 'document')).toBe('rejected')
    expect(codesOf(proven, 'fail')).toContain('LOG_INCLUSION')
  })

  it('under another checkpoint of the same log is rejected', async () => {
    const [{ checkpoint }] = await Promise.all([
      world.prove(first.did),
      world.submit(new Controller().create()),
    ])
    const later = (await world.prove(first.did)).checkpoint
    expect(later).not.toBe(checkpoint)
    const explanation = await verify({ ...proof, checkpoint: later })
    expect(claim(explanation, 'document')).toBe('rejected')
    expect(codesOf(explanation, 'fail')).toContain('LOG_INCLUSION')
  })

  it('under the checkpoint of another log, or with another key, is rejected', async () => {
    const other = parseSigningKey(formatSigningKey(LOG.origin, Buffer.alloc(32, 9))).verifier
    const explanation = await verify(proof, { log: { ...LOG, verifier: other } })
    expect(claim(explanation, 'document')).toBe('rejected')
    expect(codesOf(explanation, 'fail')).toContain('CHECKPOINT_SIGNATURE')
    const named = await verify(proof, { log: { ...LOG, origin: 'other.example' } })
    expect(codesOf(named, 'fail')).toContain('CHECKPOINT_SIGNATURE')
  })

  it('with the files of two names swapped, one left out, or one more, is refused', async () => {
    const [a, b, ...others] = [...proof.files]
    if (a === undefined || b === undefined) throw new TypeError('too few files')
    const swapped = new Map([[a[0], b[1]], [b[0], a[1]], ...others])
    await expectRefused({ ...proof, files: swapped }, /CONTENT_MISMATCH/)
    await expectRefused({ ...proof, files: new Map([a, ...others]) }, /CONTENT_NOT_FOUND/)
    const more = new Map([...proof.files, ['QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n', Buffer.of()]])
    await expectRefused({ ...proof, files: more }, /no transaction names its file/)
  })

  it('with a transaction of others is refused', async () => {
    const [extra] = (await world.prove(second.did)).transactions.filter(({ index }) => index === 2)
    if (extra === undefined) throw new TypeError('no transaction 2')
    const mixed = await withLeaves([leaf(0), leaf(1), extra, leaf(2)])
    await expectRefused(mixed, /transaction 2 has no operation of its DID/)
  })

  it('with an operation that the controller signed and never anchored is rejected, whatever it does', async () => {
    const change = await controller.fork(lastUpdate, [addService('never-anchored')])
    const deactivate = await controller.deactivate()
    for (const [request, index] of [
      [change, 2],
      [deactivate, 9],
    ] as const) {
      const { anchorString, files: named } = await storeFiles(world.content, [request])
      const files = new Map(proof.files)
      for (const uri of Object.values(named))
        files.set(uri, await world.content.get(uri, { maxBytes: 10_000 }))
      const time = Math.floor(Date.now() / 1000)
      const forged = {
        index,
        leaf: encodeLeaf({ type: 'anchor', time, anchorString, writer: 'test' }),
        inclusion: leaf(2).inclusion,
      }
      const transactions = [...proof.transactions, forged].sort((a, b) => a.index - b.index)
      const explanation = await verify({ ...proof, transactions, files })
      expect(claim(explanation, 'document')).toBe('rejected')
      expect(codesOf(explanation, 'fail')).toContain('LOG_INCLUSION')
    }
  })

  it('with the name of another DID, or of another method, shows nothing of that one', async () => {
    const other = new Controller('Ed25519')
    other.create()
    await expectRefused({ ...proof, did: other.did }, /has no operation of its DID/)
    await expectRefused({ ...proof, did: `${controller.did}:abc` }, /long form/)
    await expect(verify({ ...proof, did: `did:ion:${controller.suffix}` })).rejects.toMatchObject({
      code: 'DID_METHOD_UNKNOWN',
    })
  })

  it('with leaves that are no anchors is refused', async () => {
    for (const bytes of [
      '',
      '{}',
      '{"time":1,"type":"map","v":1}',
      `{"root":"${'0'.repeat(64)}","time":1,"type":"stamp","v":1,"writer":"test"}`,
      Buffer.from(leaf(0).leaf).toString('hex'),
    ]) {
      const other = { ...leaf(0), leaf: Buffer.from(bytes) }
      await expectRefused({ ...proof, transactions: [other] }, /leaf 0 is no anchor/)
    }
    const nonsense = encodeLeaf({ type: 'anchor', time: 1, anchorString: 'nonsense', writer: 'test' })
    await expectRefused(
      { ...proof, transactions: [{ ...leaf(0), leaf: nonsense }], files: new Map() },
      /transaction 0 has no operation/,
    )
  })
})

describe('the rules that a proof is verified by', () => {
  it('are those of whoever verifies, and a proof that was made by others is refused', async () => {
    await expectRefused(proof, /rules of rootline/, { versions: [ION_MAINNET] })
    await expectRefused({ ...proof, profile: 'ion' }, /rules of ion/)
  })

  it('do not hold before they began', async () => {
    const versions = [{ ...ROOTLINE, genesisTime: 9_000_000_000 }]
    await expectRefused(proof, /older than the rules/, { versions })
  })
})
