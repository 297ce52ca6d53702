import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ContentError } from '../../src/content/errors.ts'
import type { ContentStore } from '../../src/content/types.ts'
import { LedgerError } from '../../src/ledger/errors.ts'
import type { Ledger } from '../../src/ledger/types.ts'
import { CheckPool } from '../../src/node/check-pool.ts'
import type { NodeParts } from '../../src/node/node.ts'
import type { FileRole } from '../../src/sidetree/files/file.ts'
import type { OperationRequest } from '../../src/sidetree/types.ts'
import { tempFolder } from '../temp.ts'
import { anchorBatch, idOf, storeFiles, type Tamper } from './batches.ts'
import { addService, bodyOf, Controller, startTestNode, type TestNode } from './parts.ts'
import { delegate } from './world.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const close of closers.splice(0)) await close()
})

/** A node whose log admits, and which writes a batch only when it is asked to. */
async function start(wrap: (parts: NodeParts) => NodeParts = parts => parts): Promise<TestNode> {
  const world = await startTestNode(tempFolder(), parts =>
    wrap({ ...parts, settings: { batchIntervalMs: 3_600_000, pollMs: 3_600_000, workers: 0 } }),
  )
  closers.push(world.close)
  return world
}

/** A DID that the node has anchored. */
async function anchored({ node }: TestNode): Promise<Controller> {
  const controller = new Controller()
  await node.submit(bodyOf(controller.create()))
  await node.settled()
  return controller
}

async function refusalOf(anchoring: Promise<unknown>): Promise<LedgerError> {
  const error = await anchoring.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof LedgerError) return error
  throw new TypeError('it was not refused')
}

async function leavesOf(ledger: Ledger): Promise<number> {
  return (await ledger.transactions(undefined, 100)).length
}

/** The update with another signature of the right form. */
function withBadSignature(request: OperationRequest): OperationRequest {
  if (!('signedData' in request)) throw new TypeError('not signed')
  const [header, payload] = request.signedData.split('.')
  const other = createHash('sha512').update(request.signedData).digest('base64url')
  return { ...request, signedData: `${header}.${payload}.${other}` }
}

describe('the log admits a batch', () => {
  it('of another writer whose files it holds and whose operations apply, and observes it', async () => {
    const world = await start()
    const controller = await anchored(world)
    const update = await controller.update([addService('a')])
    const { transaction } = await anchorBatch(world, [update, new Controller().create()])
    await world.node.settled()
    expect(transaction).toMatchObject({ number: 1, writer: 'other' })
    expect((await world.node.history(controller.did)).map(({ type }) => type)).toEqual(['create', 'update'])
  })

  it('and does not verify a signature again that its own intake has verified', async () => {
    const world = await start()
    const controller = await anchored(world)
    const verified: number[] = []
    const { check } = CheckPool.prototype
    vi.spyOn(CheckPool.prototype, 'check').mockImplementation(function (this: CheckPool, inputs, params) {
      verified.push(inputs.length)
      return check.call(this, inputs, params)
    })
    await world.node.submit(bodyOf(await controller.update([addService('a')])))
    await world.node.settled()
    expect(verified.reduce((sum, count) => sum + count, 0)).toBe(1)
    expect(await world.node.history(controller.did)).toHaveLength(2)
  })

  it('and verifies the signatures of another writer once, for itself and for its observer', async () => {
    const world = await start()
    const controller = await anchored(world)
    const checked = vi.spyOn(CheckPool.prototype, 'check')
    await anchorBatch(world, [await controller.update([addService('a')])])
    await world.node.settled()
    expect(checked.mock.calls.map(([inputs]) => inputs.length)).toEqual([1])
  })

  it('side by side with one that names no DID of it, however long that takes', async () => {
    const gate = Promise.withResolvers<void>()
    let held = ''
    const slow = (content: ContentStore): ContentStore =>
      Object.assign(delegate(content), {
        get: async (...[cid, options]: Parameters<ContentStore['get']>) => {
          if (cid === held) await gate.promise
          return content.get(cid, options)
        },
      })
    const world = await startTestNode(tempFolder(), parts => parts, { heldContent: slow })
    closers.push(world.close)
    const waiting = await storeFiles(world.content, [new Controller().create()])
    held = waiting.files.chunk ?? ''
    const first = world.ledger.anchor(waiting.anchorString, 'slow')
    const second = await anchorBatch(world, [new Controller().create()])
    expect(second.transaction.number).toBe(0)
    gate.resolve()
    expect((await first).number).toBe(1)
  })
})

describe('the log does not admit a batch', () => {
  it.each<FileRole>(['coreIndex', 'coreProof', 'provisionalIndex', 'provisionalProof', 'chunk'])(
    'whose %s file it does not hold',
    async role => {
      let lost = ''
      const without = (content: ContentStore): ContentStore =>
        Object.assign(delegate(content), {
          get: async (...[cid, options]: Parameters<ContentStore['get']>) => {
            if (cid === lost) throw new ContentError('CONTENT_NOT_FOUND', 'not here', { cid })
            return content.get(cid, options)
          },
        })
      // The node itself could get the file from elsewhere.
      const world = await startTestNode(tempFolder(), parts => parts, { heldContent: without })
      closers.push(world.close)
      const [a, b] = [await anchored(world), await anchored(world)]
      const requests = [await a.update([addService('a')]), await b.recover([]), new Controller().create()]
      const { anchorString, files } = await storeFiles(world.content, requests)
      lost = files[role] ?? ''
      const refusal = await refusalOf(world.ledger.anchor(anchorString, 'other'))
      expect(refusal).toMatchObject({ code: 'LEDGER_FILES_MISSING' })
      expect(refusal.message).toContain(lost)
      lost = ''
      expect(await world.ledger.anchor(anchorString, 'other')).toMatchObject({
        anchorString,
        writer: 'other',
      })
    },
  )

  const bomb = gzipSync(Buffer.alloc(200 << 20))
  it.each<[what: string, tamper: Tamper, reason: string]>([
    ['whose chunk file is no gzip', { chunk: () => Buffer.from('{}') }, 'FILE_NOT_GZIP'],
    ['whose chunk file expands too far', { chunk: () => bomb }, 'FILE_EXPANDS_TOO_FAR'],
    ['whose chunk file is too large', { chunk: () => Buffer.alloc(10_000_001) }, 'FILE_UNUSABLE'],
    ['whose core index file expands too far', { coreIndex: () => bomb }, 'FILE_EXPANDS_TOO_FAR'],
    ['whose proof file has no proofs', { provisionalProof: () => gzipSync('{}') }, 'FILE_OPERATIONS_INVALID'],
    ['whose index file is no JSON', { provisionalIndex: () => gzipSync('{"chunks":') }, 'FILE_NOT_JSON'],
  ])('%s', async (_, tamper, reason) => {
    const world = await start()
    const controller = await anchored(world)
    const anchoring = anchorBatch(world, [await controller.update([addService('a')])], tamper)
    const refusal = await refusalOf(anchoring)
    expect(refusal.code).toBe('LEDGER_ENTRY_REFUSED')
    expect(refusal.reason).toBe(reason)
    expect(refusal.refusals).toEqual([])
    expect(await leavesOf(world.ledger)).toBe(1)
  })

  it.each(['', '0.Qm', '1', 'x.QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG', '1.Qm\u00e4'])(
    'by the anchor string %j',
    async anchorString => {
      const { ledger } = await start()
      const { code } = await refusalOf(ledger.anchor(anchorString, 'other'))
      expect(['LEDGER_ENTRY_REFUSED', 'LEDGER_ANCHOR_INVALID']).toContain(code)
      expect(await leavesOf(ledger)).toBe(0)
    },
  )

  it('with an operation that does not apply, and names each of those with its reason', async () => {
    const world = await start()
    const [good, forged, late, gone] = await Promise.all(Array.from({ length: 4 }, () => anchored(world)))
    if (!good || !forged || !late || !gone) throw new TypeError('no DIDs')
    const spent = await late.update([addService('a')])
    await world.node.submit(bodyOf(spent))
    await world.node.submit(bodyOf(await gone.deactivate()))
    await world.node.settled()
    const leaves = await leavesOf(world.ledger)
    const known = new Controller()
    await world.node.submit(bodyOf(known.create()))
    await world.node.settled()
    const requests = [
      await good.update([addService('b')]),
      withBadSignature(await forged.update([addService('b')])),
      await late.fork(spent, [addService('b')]),
      await gone.update([addService('b')]),
      await unknownUpdate(),
    ]
    const refusal = await refusalOf(anchorBatch(world, requests))
    expect(refusal.code).toBe('LEDGER_ENTRY_REFUSED')
    expect(refusal.refusals.map(({ index, didSuffix, code }) => ({ index, didSuffix, code }))).toEqual([
      { index: 1, didSuffix: forged.suffix, code: 'SIGNATURE_INVALID' },
      { index: 2, didSuffix: late.suffix, code: 'COMMITMENT_UNKNOWN' },
      { index: 3, didSuffix: gone.suffix, code: 'DID_DEACTIVATED' },
      { index: 4, didSuffix: expect.any(String), code: 'DID_NOT_CREATED' },
    ])
    for (const { reason } of refusal.refusals) expect(reason).not.toBe('')
    expect(await leavesOf(world.ledger)).toBe(leaves + 1)
  })

  it('that it has already', async () => {
    const world = await start()
    const { anchorString } = await anchorBatch(world, [new Controller().create()])
    const { refusals } = await refusalOf(world.ledger.anchor(anchorString, 'other'))
    expect(refusals).toMatchObject([{ index: 0, code: 'CREATE_SUPERSEDED' }])
  })

  it('whose patches do not apply, so that it would only use up a key', async () => {
    const world = await start()
    const controller = await anchored(world)
    const update = await controller.update([
      { action: 'ietf-json-patch', patches: [{ op: 'remove', path: '/no' }] },
    ])
    const { refusals } = await refusalOf(anchorBatch(world, [update]))
    expect(refusals).toMatchObject([{ index: 0, didSuffix: controller.suffix }])
  })

  it('that contradicts one which is being admitted', async () => {
    const world = await start()
    const controller = await anchored(world)
    const update = await controller.update([addService('a')])
    const other = await controller.fork(update, [addService('b')])
    const outcomes = await Promise.allSettled([anchorBatch(world, [update]), anchorBatch(world, [other])])
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    const refused = outcomes.find(outcome => outcome.status === 'rejected')?.reason as LedgerError
    expect(refused.refusals).toMatchObject([{ code: 'COMMITMENT_UNKNOWN' }])
    expect(await leavesOf(world.ledger)).toBe(2)
  })
})

async function unknownUpdate(): Promise<OperationRequest> {
  const controller = new Controller()
  controller.create()
  return controller.update([addService('b')])
}

describe("the log's own batch writer", () => {
  it('gives an operation that is not admitted a final status with the reason, and anchors the others', async () => {
    const world = await start()
    const [changed, same] = [await anchored(world), await anchored(world)]
    const update = await changed.update([addService('a')])
    const kept = await same.update([addService('a')])
    await world.node.submit(bodyOf(update))
    await world.node.submit(bodyOf(kept))
    // Another writer comes between the cut of the batch and its anchor.
    const other = await changed.fork(update, [addService('b')])
    const raced = new Race(world, () => anchorBatch(world, [other]))
    raced.begin()
    await world.node.settled()
    expect(await world.node.operation(idOf(update))).toMatchObject({
      state: 'rejected',
      code: 'COMMITMENT_UNKNOWN',
    })
    expect(await world.node.operation(idOf(kept))).toMatchObject({ state: 'applied' })
    expect((await world.node.status()).queue).toMatchObject({ operations: 0, batching: false })
  })

  it('rejects all of a batch that breaks a rule of the log', async () => {
    const refuse = async () => {
      throw new LedgerError('LEDGER_ENTRY_REFUSED', 'the batch breaks a rule', undefined, {
        reason: 'FILE_TOO_LARGE',
      })
    }
    const world = await start(parts => ({
      ...parts,
      ledger: Object.assign(delegate(parts.ledger), { anchor: refuse }),
    }))
    const requests = [new Controller().create(), new Controller().create()]
    for (const request of requests) await world.node.submit(bodyOf(request))
    await world.node.settled()
    for (const request of requests) {
      expect(await world.node.operation(idOf(request))).toMatchObject({
        state: 'rejected',
        code: 'FILE_TOO_LARGE',
        reason: 'the batch breaks a rule',
      })
    }
    expect((await world.node.status()).queue).toMatchObject({ operations: 0, batching: false })
  })

  it('stores the files again where the log does not hold them', async () => {
    let failures = 2
    const world = await start(parts => ({
      ...parts,
      ledger: Object.assign(delegate(parts.ledger), {
        anchor: async (...[anchorString, writer]: Parameters<Ledger['anchor']>) => {
          if (failures-- > 0) throw new LedgerError('LEDGER_FILES_MISSING', 'no such file')
          return parts.ledger.anchor(anchorString, writer)
        },
      }),
    }))
    const request = new Controller().create()
    await world.node.submit(bodyOf(request))
    await world.node.settled()
    expect(await world.node.operation(idOf(request))).toMatchObject({ state: 'applied' })
    expect(failures).toBe(-1)
  })
})

/** Lets something happen once, between the intent of a batch and its anchor. */
class Race {
  readonly #world: TestNode
  readonly #happen: () => Promise<unknown>

  constructor(world: TestNode, happen: () => Promise<unknown>) {
    this.#world = world
    this.#happen = happen
  }

  begin(): void {
    const { ledger } = this.#world
    const { head } = ledger
    let over = false
    // The last thing that a batch writer asks before it says what it is about to anchor.
    ledger.head = async () => {
      if (!over) {
        over = true
        await this.#happen()
      }
      return head.call(ledger)
    }
  }
}
