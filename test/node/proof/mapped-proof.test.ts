import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseLeaf } from '../../../src/ledger/log/leaf.ts'
import {
  encodeResolutionProof,
  parseResolutionProof,
  type ResolutionProof,
} from '../../../src/node/proof/resolution-proof.ts'
import { tempFolder } from '../../temp.ts'
import { anchorBatch } from '../batches.ts'
import { addService, Controller } from '../parts.ts'
import { claim, codesOf, documentOf, expectRefused, ProofWorld, verify } from './proof-world.ts'

const folder = tempFolder()
const [controller, other] = [new Controller('Ed25519'), new Controller('Ed25519')]
let world: ProofWorld
let proof: ResolutionProof
/** As of two updates before. */
let older: ResolutionProof

beforeAll(async () => {
  world = await ProofWorld.startMapped(join(folder, 'node'))
  await world.submit(controller.create(), other.create())
  await world.submit(await controller.update([addService('a')]))
  older = await world.prove(controller.did)
  await world.submit(await other.update([addService('y')]))
  await world.submit(await controller.update([addService('b')]))
  proof = await world.prove(controller.did)
})
afterAll(() => world.close())

function mapOf({ map }: ResolutionProof) {
  if (map === undefined) throw new TypeError('the proof has no map')
  return map
}

/** The proof without one of its transactions. */
async function without(whole: ResolutionProof, at: number): Promise<ResolutionProof> {
  const transactions = whole.transactions.toSpliced(at, 1)
  return { ...whole, transactions, files: await world.filesOf(transactions) }
}

describe('a proof from a log with a map', () => {
  it('shows that its operations are all, by the word of the log for the map', async () => {
    const explanation = await verify(proof)
    expect(documentOf(explanation)).toEqual((await world.node.resolve(controller.did)).result.didDocument)
    expect([claim(explanation, 'document'), claim(explanation, 'active')]).toEqual(['verified', 'verified'])
    expect(codesOf(explanation, 'pass')).toEqual(
      expect.arrayContaining(['MAP_VALUE', 'LEAF_MAP', 'MAP_WORD']),
    )
    expect(codesOf(explanation, 'fail')).toEqual([])
    // No witness says that nothing is newer.
    expect(claim(explanation, 'newest')).toBe('undecided')
    const root = explanation.report.roots.find(({ id }) => id === 'log-key')
    expect(root?.trustedFor).toContain('operation-map')
  })

  it.each([0, 1, 2])('without its transaction %d is rejected, or shows no document', async at => {
    const cut = await without(proof, at)
    if (at === 0) return expectRefused(cut, /no create operation/)
    const explanation = await verify(cut)
    expect(codesOf(explanation, 'fail')).toContain('MAP_VALUE')
    expect([claim(explanation, 'document'), claim(explanation, 'newest')]).toEqual(['rejected', 'rejected'])
    expect(claim(explanation, 'active')).toBe('rejected')
  })

  it('of which the winner of two operations is left out is rejected', async () => {
    const thief = new Controller('Ed25519')
    const create = thief.create()
    const update = await thief.update([addService('own')])
    for (const request of [create, update, await thief.fork(update, [addService('stolen')])]) {
      await world.submit(request)
    }
    const whole = await world.prove(thief.did)
    expect(whole.transactions.length).toBe(3)
    expect(claim(await verify(whole), 'document')).toBe('verified')
    expect((await verify(await without(whole, 1))).report.verdict).toBe('rejected')
  })

  it('with the map of an older checkpoint is rejected', async () => {
    const explanation = await verify({ ...proof, map: mapOf(older) })
    expect(claim(explanation, 'document')).toBe('rejected')
    expect(codesOf(explanation, 'fail')).toEqual(expect.arrayContaining(['MAP_VALUE', 'LOG_INCLUSION']))
    // Its operations are those of the older map, but the checkpoint ends in another.
    const { transactions, files } = older
    const cut = await verify({ ...proof, transactions, files, map: mapOf(older) })
    expect(codesOf(cut, 'fail')).toContain('LOG_INCLUSION')
    expect(claim(cut, 'document')).toBe('rejected')
  })

  it('with an anchor or the way to another DID in place of the map is rejected', async () => {
    const [first] = proof.transactions
    if (first === undefined) throw new TypeError('no transaction')
    const { leaf, inclusion } = first
    const anchor = await verify({ ...proof, map: { ...mapOf(proof), leaf, inclusion } })
    expect(codesOf(anchor, 'fail')).toEqual(expect.arrayContaining(['LEAF_MAP', 'LOG_INCLUSION']))
    const way = mapOf(await world.prove(other.did)).proof
    expect(codesOf(await verify({ ...proof, map: { ...mapOf(proof), proof: way } }), 'fail')).toContain(
      'MAP_VALUE',
    )
  })

  it('without the map claims no more than one from a log that has none', async () => {
    const { map: _, ...bare } = proof
    const explanation = await verify(bare)
    expect([claim(explanation, 'active'), claim(explanation, 'newest')]).toEqual(['undecided', 'undecided'])
    expect(explanation.report.claims[0]?.statement).toContain('by themselves')
  })

  it('has also what is void: an update of which the files beside the index are invalid', async () => {
    const victim = new Controller('Ed25519')
    await world.submit(victim.create())
    const update = await victim.update([addService('void')])
    await anchorBatch(world, [update], { chunk: () => randomBytes(100) })
    await world.node.settled()
    const whole = await world.prove(victim.did)
    expect(whole.transactions.length).toBe(2)
    const explanation = await verify(whole)
    expect(claim(explanation, 'document')).toBe('verified')
    expect(JSON.stringify(documentOf(explanation))).not.toContain('#void')
    expect((await verify(await without(whole, 1))).report.verdict).toBe('rejected')
  })

  it('reads back as it was written, and no changed byte gives another verified document', async () => {
    const bytes = encodeResolutionProof(proof)
    expect(encodeResolutionProof(parseResolutionProof(bytes))).toEqual(bytes)
    const text = bytes.toString('latin1')
    const from = text.indexOf('"map":')
    const to = text.indexOf('"profile"')
    expect(from).toBeGreaterThan(0)
    const document = JSON.stringify(documentOf(await verify(proof)))
    for (let at = from; at < to; at += 3) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] as number) ^ 1
      try {
        const explanation = await verify(parseResolutionProof(changed))
        const same = JSON.stringify(documentOf(explanation)) === document
        expect(same || explanation.report.verdict === 'rejected', `byte ${at}`).toBe(true)
      } catch (error) {
        expect((error as { code?: string }).code, `byte ${at}: ${error}`).toBe('PROOF_INVALID')
      }
    }
  })

  it('every checkpoint of the log ends in a map leaf', async () => {
    const leaf = world.ledger.mapLeaf?.()
    expect(leaf && parseLeaf(leaf.leaf).type).toBe('map')
  })
})
