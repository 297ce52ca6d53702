import { base32 } from 'multiformats/bases/base32'
import { describe, expect, it } from 'vitest'
import { cidText, parseCid } from '../../src/codec/cid.ts'
import { sha256 } from '../../src/codec/hash.ts'
import { multihashOfDigest } from '../../src/codec/multihash.ts'
import { fileBlocks } from '../../src/codec/unixfs.ts'
import type { ContentStore } from '../../src/content/types.ts'
import { generatePrivateJwk } from '../../src/keys/generate.ts'
import { HashedContent } from '../../src/node/hashed-content.ts'
import {
  checkDelta,
  checkReveal,
  checkSignature,
  checkSuffix,
  checkWindow,
  readOperation,
} from '../../src/node/operation-evidence.ts'
import { commitmentOf } from '../../src/sidetree/commitment.ts'
import { ROOTLINE } from '../../src/sidetree/parameters.ts'
import type { AnchoredOperation } from '../../src/sidetree/types.ts'
import { exitStatus } from '../../src/trust/exit-status.ts'
import { addService, Controller } from './parts.ts'
import { checksOf, openChecks, ReportWorld, resultsOf, verdictsOf } from './report-world.ts'
import { NodeWorld } from './world.ts'

/** An operation as a batch that gives all of it would have it. */
async function anchored(kind: 'create' | 'update' | 'deactivate') {
  const controller = new Controller('P-256')
  const create = controller.create()
  const request = {
    create: async () => create,
    update: () => controller.update([addService('a')]),
    deactivate: () => controller.deactivate(),
  }[kind]()
  return {
    suffix: controller.suffix,
    operation: { didSuffix: controller.suffix, ...(await request) } as AnchoredOperation,
  }
}

const results = (operation: AnchoredOperation) => {
  const evidence = readOperation(operation, ROOTLINE)
  return [checkSignature(evidence).result, checkDelta(evidence).result]
}

describe('the checks of one operation', () => {
  it('the suffix is the hash of the suffix data', async () => {
    const { operation, suffix } = await anchored('create')
    expect(checkSuffix(readOperation(operation, ROOTLINE), suffix).result).toBe('pass')
    const other = await anchored('create')
    const swapped = { ...operation, suffixData: other.operation.suffixData as never }
    expect(checkSuffix(readOperation(swapped, ROOTLINE), suffix)).toMatchObject({
      result: 'fail',
      detail: expect.stringContaining(other.suffix),
    })
    expect(checkSuffix(readOperation({ type: 'create', didSuffix: suffix }, ROOTLINE), suffix).result).toBe(
      'fail',
    )
  })

  it('signature and delta are checked apart from each other', async () => {
    const { operation } = await anchored('update')
    expect(results(operation)).toEqual(['pass', 'pass'])
    const other = await anchored('update')
    expect(results({ ...operation, delta: other.operation.delta as never })).toEqual(['pass', 'fail'])
    const [header, payload] = operation.signedData?.split('.') ?? []
    const foreign = `${header}.${payload}.${other.operation.signedData?.split('.')[2]}`
    expect(results({ ...operation, signedData: foreign })).toEqual(['fail', 'pass'])
    expect(results({ ...operation, revealValue: other.operation.revealValue as never })).toEqual([
      'fail',
      'fail',
    ])
    expect(results({ ...operation, signedData: 'nothing' })).toEqual(['fail', 'fail'])
    const { delta: _, ...without } = operation
    expect(results(without)).toEqual(['pass', 'undecided'])
  })

  it('the key is held against the commitment that is given, and no other', async () => {
    const evidence = readOperation((await anchored('update')).operation, ROOTLINE)
    if (evidence.signed === undefined || evidence.signed instanceof Error)
      throw new TypeError('no signed data')
    const commitment = commitmentOf(evidence.signed.data.key)
    expect(checkReveal(evidence, commitment).result).toBe('pass')
    expect(checkReveal(evidence, commitmentOf(generatePrivateJwk('P-256'))).result).toBe('fail')
    expect(checkReveal(evidence, undefined).result).toBe('fail')
    expect(
      checkReveal(readOperation({ ...evidence.operation, signedData: 'x' }, ROOTLINE), commitment).result,
    ).toBe('undecided')
  })

  it.each([
    [{}, undefined],
    [{ anchorFrom: 10 }, 'pass'],
    [{ anchorFrom: 11 }, 'fail'],
    [{ anchorUntil: 10 }, 'pass'],
    [{ anchorUntil: 9 }, 'fail'],
    [{ anchorFrom: 10, anchorUntil: 10 }, 'pass'],
  ])('a window of %j at ledger time 10', async (window, result) => {
    const { operation } = await anchored('deactivate')
    const { checked } = readOperation(operation, ROOTLINE)
    expect(checkWindow({ operation, checked: { ...checked, ...window } }, 10)?.result).toBe(result)
  })
})

describe('content that is hashed here', () => {
  const bytes = Buffer.alloc(600_000, 'content')
  const giving = (given: Uint8Array): ContentStore => ({
    put: () => Promise.reject(new TypeError('not asked')),
    get: async () => given,
    has: async () => true,
    close: async () => {},
  })
  const get = (cid: string, given: Uint8Array) => new HashedContent(giving(given)).get(cid, { maxBytes: 1e6 })

  it('is compared with its address in the layout of this node, and as a raw block', async () => {
    const cid = cidText((await fileBlocks(bytes)).root)
    expect(await get(cid, bytes)).toBe(bytes)
    await expect(get(cid, Buffer.from('other'))).rejects.toMatchObject({ code: 'CONTENT_MISMATCH' })
    const raw = base32.encode(Buffer.concat([Buffer.from([1, 0x55]), multihashOfDigest(sha256(bytes))]))
    expect(parseCid(raw).code).toBe(0x55)
    expect(await get(raw, bytes)).toBe(bytes)
    await expect(get(raw, Buffer.from('other'))).rejects.toMatchObject({ code: 'CONTENT_MISMATCH' })
  })

  it('under an address that cannot be compared is a mismatch, never taken as it is', async () => {
    await expect(get('no CID', bytes)).rejects.toMatchObject({ code: 'CONTENT_MISMATCH' })
  })
})

describe('a ledger that gives its word and no proof', () => {
  it('is named as whose word it is, and no longer once its chain was replaced', async () => {
    const world = new NodeWorld()
    const node = await world.start()
    const controller = new Controller('P-256')
    await node.submit(Buffer.from(JSON.stringify(controller.create())))
    await node.settled()
    world.time = 1_700_000_000_000 + 600_000
    const { report } = await node.explain(controller.did)
    expect(openChecks(report)).toEqual([])
    expect(report.verdict).toBe('verified')
    expect(checksOf(report, 'LEDGER_WORD').map(({ basis, root }) => [basis, root])).toEqual([
      ['remote', 'memory-ledger'],
      ['remote', 'memory-ledger'],
    ])
    world.ledger.reorganise(1, [{ anchorString: '1.QmOther', writer: 'x' }])
    const { report: replaced } = await node.explain(controller.did)
    expect(verdictsOf(replaced)).toEqual([
      'undecided',
      { document: 'undecided', active: 'undecided', newest: 'undecided' },
    ])
    expect(exitStatus(replaced)).toBe(3)
    await node.stop()
  })
})

describe('operations that are applied while a report is made', () => {
  it.each(['before the state is read', 'after it was read'])('%s', async when => {
    const world = await new ReportWorld().start()
    const controller = new Controller('P-256')
    await world.anchor([controller.create()])
    world.wait(60)
    let calls = 0
    // The proof of the last transaction that was read is asked for first, and then those of the operations.
    world.lies.proof = async (_, honest) => {
      if (++calls === (when === 'after it was read' ? 2 : 1))
        await world.anchor([await controller.update([addService('late')])])
      return honest
    }
    const { resolution, report } = await world.node.explain(controller.did)
    const text = JSON.stringify(resolution.result.didDocument)
    expect(text.includes('late')).toBe(when === 'before the state is read')
    expect(report.claims[0]?.statement).toContain(resolution.result.didDocumentMetadata['versionId'])
    expect(resultsOf(report, 'STATE_RECOMPUTED')).toEqual(['pass'])
    expect(report.verdict).toBe('verified')
    expect(checksOf(report, 'COMPLETENESS')[0]?.detail).toContain(
      'up to number 0, the newest when the ledger was asked',
    )
  })
})
