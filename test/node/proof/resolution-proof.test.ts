import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatSigningKey, parseSigningKey } from '../../../src/merkle/signing-key.ts'
import { parseVkey } from '../../../src/merkle/vkey.ts'
import { NodeError } from '../../../src/node/errors.ts'
import type { PinnedLog } from '../../../src/node/proof/proof-ledger.ts'
import {
  encodeResolutionProof,
  parseResolutionProof,
  type ResolutionProof,
} from '../../../src/node/proof/resolution-proof.ts'
import { verifyResolutionProof } from '../../../src/node/proof/verify-proof.ts'
import type { Explanation } from '../../../src/node/types.ts'
import { ROOTLINE } from '../../../src/sidetree/parameters.ts'
import type { OperationRequest } from '../../../src/sidetree/types.ts'
import { Store } from '../../../src/store/store.ts'
import { tempFolder } from '../../temp.ts'
import { addService, bodyOf, Controller, LOG_VKEY, METHOD, startTestNode, type TestNode } from '../parts.ts'

const folder = tempFolder()
let world: TestNode
let log: PinnedLog
const controller = new Controller('Ed25519')
/** Of a create and two updates, among operations of others. */
let bytes: Uint8Array
let document: unknown
let count = 0

async function submit(...requests: OperationRequest[]): Promise<void> {
  for (const request of requests) await world.node.submit(bodyOf(request))
  await world.node.settled()
}

async function verify(proof: ResolutionProof, pinned = log): Promise<Explanation> {
  const store = await Store.open(join(folder, `verification-${count++}`))
  return verifyResolutionProof(proof, {
    log: pinned,
    method: METHOD,
    versions: [ROOTLINE],
    store,
    settings: { workers: 0 },
  })
}

function claim({ report }: Explanation, id: string): string | undefined {
  return report.claims.find(one => one.id === id)?.verdict
}

function failed({ report }: Explanation): string[] {
  return report.edges.filter(({ result }) => result === 'fail').map(({ code }) => code)
}

beforeAll(async () => {
  world = await startTestNode(join(folder, 'node'))
  const description = world.ledger.describe()
  const others = [new Controller('Ed25519'), new Controller('Ed25519')]
  await submit(controller.create(), ...others.map(other => other.create()))
  await submit(
    await controller.update([addService('a')]),
    await (others[0] as Controller).update([addService('x')]),
  )
  await submit(await (others[1] as Controller).update([addService('y')]))
  await submit(await controller.update([addService('b')]))
  bytes = await world.node.prove(controller.did)
  document = (await world.node.resolve(controller.did)).result.didDocument
  log = { origin: description.id, verifier: parseVkey(LOG_VKEY) }
})
afterAll(() => world.close())

describe('a proof of a resolution', () => {
  it('gives the same document to who has only it and the key of the log', async () => {
    const explanation = await verify(parseResolutionProof(bytes))
    expect(explanation.resolution.result.didDocument).toEqual(document)
    expect(claim(explanation, 'document')).toBe('verified')
    expect(failed(explanation)).toEqual([])
    const codes = new Set(
      explanation.report.edges.filter(({ result }) => result === 'pass').map(({ code }) => code),
    )
    for (const code of ['SUFFIX_HASH', 'REVEAL_COMMITMENT', 'DELTA_HASH', 'OPERATION_SIGNATURE', 'FILE_CID'])
      expect(codes).toContain(code)
    for (const code of ['ANCHOR_STRING', 'LEAF_ANCHOR', 'LOG_INCLUSION', 'CHECKPOINT_SIGNATURE'])
      expect(codes).toContain(code)
  })

  it('says that nobody knows from it whether this is the newest state, or the DID still active', async () => {
    const explanation = await verify(parseResolutionProof(bytes))
    expect([claim(explanation, 'newest'), claim(explanation, 'active')]).toEqual(['undecided', 'undecided'])
    expect(explanation.report.verdict).toBe('undecided')
    expect(JSON.stringify(explanation.report.notShown)).toContain('left some out')
  })

  it('has one spelling, and is the same whenever it is made for the same checkpoint', async () => {
    expect(Buffer.from(encodeResolutionProof(parseResolutionProof(bytes)))).toEqual(Buffer.from(bytes))
    expect(await world.node.prove(controller.did)).toEqual(bytes)
  })

  it('holds only what concerns the DID', async () => {
    const { transactions } = parseResolutionProof(bytes)
    const history = await world.node.history(controller.did)
    expect(transactions.map(({ index }) => index)).toEqual(history.map(entry => entry.transactionNumber))
    expect(transactions).toHaveLength(3)
  })

  it('is refused for a DID that is not anchored, whose long form proves itself', async () => {
    const other = new Controller('Ed25519')
    other.create()
    await expect(world.node.prove(other.did)).rejects.toMatchObject({ code: 'DID_UNKNOWN' })
  })

  it('shows the end of a DID that has ended', async () => {
    const other = new Controller('Ed25519')
    await submit(other.create())
    await submit(await other.deactivate())
    const explanation = await verify(parseResolutionProof(await world.node.prove(other.did)))
    expect(explanation.resolution.deactivated).toBe(true)
    expect(claim(explanation, 'active')).toBe('rejected')
  })
})

describe('a proof that was tampered with', () => {
  const proof = () => parseResolutionProof(bytes)

  it('with a byte changed anywhere never verifies another document', async () => {
    const positions = Array.from({ length: 40 }, (_, i) => Math.floor(((i + 0.5) * bytes.length) / 40))
    for (const position of positions) {
      const changed = Buffer.from(bytes)
      changed[position] = (changed[position] as number) ^ 0x01
      const explanation = await verifyOrCode(changed)
      if (typeof explanation === 'string') continue
      const same = JSON.stringify(explanation.resolution.result.didDocument) === JSON.stringify(document)
      expect(same || claim(explanation, 'document') !== 'verified', `byte ${position}`).toBe(true)
    }
  })

  it('without its last operation verifies an older document, and says that more may follow', async () => {
    const { transactions, ...rest } = proof()
    const explanation = await verify({ ...rest, transactions: transactions.slice(0, 2) })
    expect(claim(explanation, 'document')).toBe('verified')
    expect(claim(explanation, 'newest')).toBe('undecided')
    expect(explanation.report.claims[0]?.statement).toContain('by themselves')
  })

  it('without an operation in the middle comes to what the others give', async () => {
    const { transactions, ...rest } = proof()
    const explanation = await verify({
      ...rest,
      transactions: transactions.toSpliced(1, 1),
    })
    expect(JSON.stringify(explanation.resolution.result.didDocument)).not.toContain('#b')
    expect(claim(explanation, 'newest')).toBe('undecided')
  })

  it('without its create operation shows nothing', async () => {
    const { transactions, ...rest } = proof()
    await expect(verify({ ...rest, transactions: transactions.slice(1) })).rejects.toMatchObject({
      code: 'PROOF_INVALID',
    })
  })

  it('with the leaf of another place, or the proof of another leaf, is rejected', async () => {
    const { transactions, ...rest } = proof()
    const [first, second, third] = transactions
    if (first === undefined || second === undefined || third === undefined) throw new TypeError('too few')
    const moved = await verify({
      ...rest,
      transactions: [first, second, { ...third, index: third.index + 1 }],
    })
    expect(claim(moved, 'document')).not.toBe('verified')
    expect(failed(moved)).toContain('LOG_INCLUSION')
    const swapped = await verify({
      ...rest,
      transactions: [first, { ...second, inclusion: third.inclusion }, third],
    })
    expect(failed(swapped)).toContain('LOG_INCLUSION')
  })

  it('under the checkpoint of another log, or with another key, is rejected', async () => {
    const other = parseSigningKey(formatSigningKey(log.origin, Buffer.alloc(32, 9))).verifier
    const explanation = await verify(proof(), { ...log, verifier: other })
    expect(claim(explanation, 'document')).not.toBe('verified')
    expect(failed(explanation)).toContain('CHECKPOINT_SIGNATURE')
    const named = await verify(proof(), { ...log, origin: 'other.example' })
    expect(failed(named)).toContain('CHECKPOINT_SIGNATURE')
  })

  it('with the files of two names swapped, or one left out, is refused', async () => {
    const { files, ...rest } = proof()
    const [a, b, ...others] = [...files]
    if (a === undefined || b === undefined) throw new TypeError('too few files')
    const swapped = new Map([[a[0], b[1]], [b[0], a[1]], ...others])
    await expect(verify({ ...rest, files: swapped })).rejects.toMatchObject({ code: 'PROOF_INVALID' })
    await expect(verify({ ...rest, files: new Map([a]) })).rejects.toMatchObject({ code: 'PROOF_INVALID' })
  })

  it('names another DID than that of its operations: it shows nothing of that one', async () => {
    const other = new Controller('Ed25519')
    other.create()
    await expect(verify({ ...proof(), did: other.did })).rejects.toMatchObject({ code: 'PROOF_INVALID' })
  })

  async function verifyOrCode(changed: Uint8Array): Promise<Explanation | string> {
    try {
      return await verify(parseResolutionProof(changed))
    } catch (error) {
      const { code } = error as { code?: string }
      expect(code, String(error)).toMatch(/^(PROOF_INVALID|LEDGER_LEAF_INVALID|DID_\w+)$/)
      return String(code)
    }
  }
})

describe('the form of a proof', () => {
  const valid = () => JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>

  it.each([
    ['another version', { v: 2 }],
    ['another type', { type: 'proof' }],
    ['one more member', { more: 1 }],
    ['a DID that is no text', { did: 1 }],
    ['transactions that are no list', { transactions: {} }],
    ['a transaction that is none', { transactions: [1] }],
    ['files that are no object', { files: [] }],
    ['a file that is not base64url', { files: { a: '=' } }],
    ['a checkpoint that is no text', { checkpoint: null }],
    ['more transactions than there may be', { transactions: Array.from({ length: 10_001 }, () => 0) }],
    [
      'more hashes than there may be',
      { transactions: [{ index: 0, leaf: '', inclusion: Array.from({ length: 64 }, () => 'A'.repeat(43)) }] },
    ],
    ['a hash of another length', { transactions: [{ index: 0, leaf: '', inclusion: ['AAAA'] }] }],
    ['an index that is none', { transactions: [{ index: -1, leaf: '', inclusion: [] }] }],
    ['one transaction twice', { transactions: [0, 0].map(index => ({ index, leaf: '', inclusion: [] })) }],
    [
      'transactions out of order',
      { transactions: [1, 0].map(index => ({ index, leaf: '', inclusion: [] })) },
    ],
  ])('with %s is refused', (_, change) => {
    const text = JSON.stringify({ ...valid(), ...change })
    expect(() => parseResolutionProof(Buffer.from(text))).toThrow(
      expect.objectContaining({ code: 'PROOF_INVALID' }),
    )
  })

  it('nested deep, or of any bytes, is refused with a NodeError and nothing else', () => {
    const only = (input: Uint8Array) => {
      try {
        parseResolutionProof(input)
      } catch (error) {
        expect(error).toBeInstanceOf(NodeError)
      }
    }
    only(Buffer.from('['.repeat(100_000)))
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat(), fc.nat({ max: 255 }), (input, at, byte) => {
        only(input)
        const changed = Buffer.from(bytes)
        changed[at % changed.length] = byte
        only(changed)
        only(bytes.subarray(0, at % bytes.length))
      }),
    )
  })
})

describe('docs/spec/resolution-proof.md', () => {
  it('has an example that is read, is written so, and is verified', async () => {
    const page = readFileSync(new URL('../../../docs/spec/resolution-proof.md', import.meta.url), 'utf8')
    const [example = '', vkey = ''] = [...page.matchAll(/```text\n([^`]*?)\n```/g)].map(
      match => match[1] as string,
    )
    const proof = parseResolutionProof(Buffer.from(example))
    expect(encodeResolutionProof(proof).toString()).toBe(example)
    const verifier = parseVkey(vkey)
    const explanation = await verify(proof, { origin: verifier.name, verifier })
    expect(claim(explanation, 'document')).toBe('verified')
    expect(explanation.resolution.result.didDocument?.['id']).toBe(proof.did)
  })
})
