import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cutBatch } from '../../src/sidetree/batch-cut.ts'
import { fileSizes, type QueuedOperation } from '../../src/sidetree/batch-write.ts'
import { maxFileBytes } from '../../src/sidetree/files/file.ts'
import { ION_MAINNET, type ProtocolParameters, ROOTLINE } from '../../src/sidetree/parameters.ts'
import type { OperationType } from '../../src/sidetree/types.ts'
import { queued, queues, read, store } from './batch-support.ts'

const many = (type: OperationType, count: number) =>
  Array.from({ length: count }, (_, i) => queued(type, `${type}-${i}`))

/** Operations of the batch that a queue gives, after a reader has had them all; `undefined` for no batch. */
async function anchored(
  queue: readonly QueuedOperation[],
  params: ProtocolParameters,
): Promise<QueuedOperation[] | undefined> {
  const { batch } = cutBatch(queue, params)
  if (batch === undefined) return undefined
  const files = await store(batch, params)
  for (const [role, bytes] of files.byRole) {
    expect(bytes.length).toBeLessThanOrEqual(maxFileBytes(role, params))
  }
  const outcome = await read(files, params)
  if (outcome.status !== 'complete') throw new TypeError(outcome.status)
  expect(outcome).not.toHaveProperty('problem')
  expect(outcome.operations.map(({ didSuffix, type }) => [didSuffix, type])).toEqual(
    batch.operations.map(({ didSuffix, request }) => [didSuffix, request.type]),
  )
  return batch.operations
}

describe('which operations go into a batch', () => {
  test('all, where they fit, each with a reader in the end', async () => {
    await fc.assert(
      fc.asyncProperty(queues, fc.constantFrom(ROOTLINE, ION_MAINNET), async (queue, params) => {
        const first = queue.filter((a, i) => queue.findIndex(b => b.didSuffix === a.didSuffix) === i)
        const operations = (await anchored(queue, params)) ?? []
        expect(new Set(operations)).toEqual(new Set(first))
        expect(new Set(cutBatch(queue, params).held)).toEqual(new Set(queue.filter(a => !first.includes(a))))
      }),
    )
  })

  test('none of an empty queue', () => {
    expect(cutBatch([], ROOTLINE)).toEqual({ batch: undefined, held: [], refused: [] })
  })

  test('no more than the caller, or the protocol, allows', () => {
    const queue = many('create', 7)
    expect(cutBatch(queue, ROOTLINE, { maxOperations: 5 }).batch?.operations).toEqual(queue.slice(0, 5))
    expect(cutBatch(queue, { ...ROOTLINE, maxOperationCount: 3 }).batch?.operations).toHaveLength(3)
    expect(cutBatch(queue, ROOTLINE, { maxOperations: 0 }).batch).toBeUndefined()
  })

  test('the second operation of a DID waits for the next batch', () => {
    const first = queued('update', 'a')
    const second = { ...queued('update', 'b'), didSuffix: first.didSuffix }
    const { batch, held } = cutBatch([first, second, queued('update', 'c')], ROOTLINE)
    expect(batch?.operations).toHaveLength(2)
    expect(held).toEqual([second])
  })

  test('a queue that goes on for ever is read no further than needed', () => {
    function* endless() {
      for (let i = 0; ; i++) yield queued('deactivate', `${i}`)
    }
    expect(cutBatch(endless(), ROOTLINE, { maxOperations: 3 }).batch?.operations).toHaveLength(3)
  })
})

describe('an operation that would void its batch', () => {
  const good = queued('create', 'good')
  const update = queued('update', 'u')
  const altered = (base: QueuedOperation, change: object): QueuedOperation =>
    ({ ...base, request: { ...base.request, ...change } }) as QueuedOperation

  test.for([
    [
      'a delta that is too large',
      altered(update, { delta: { patches: [], updateCommitment: 'x'.repeat(1000) } }),
      'DELTA_TOO_LARGE',
    ],
    [
      'a delta with an unknown patch',
      altered(update, { delta: { patches: [{ action: 'x' }], updateCommitment: update.didSuffix } }),
      'PATCH_ACTION_UNKNOWN',
    ],
    ['no delta', altered(update, { delta: null }), 'DELTA_INVALID'],
    ['signed data that is no JWS', altered(update, { signedData: 'x' }), 'SIGNED_DATA_INVALID'],
    ['a reveal value that is no hash', altered(update, { revealValue: 'x' }), 'REVEAL_VALUE_INVALID'],
    ['a DID suffix that is no hash', { ...update, didSuffix: 'x' }, 'DID_SUFFIX_INVALID'],
    ['suffix data of another DID', { ...good, didSuffix: update.didSuffix }, 'DID_SUFFIX_INVALID'],
    [
      'signed data that deactivates another DID',
      { ...queued('deactivate', 'a'), didSuffix: update.didSuffix },
      'SIGNED_DATA_SUFFIX_MISMATCH',
    ],
  ] as const)('is refused: %s', ([, bad, code]) => {
    const { batch, refused } = cutBatch([bad, good], ROOTLINE)
    expect(refused).toMatchObject([{ operation: bad, code }])
    expect(batch?.operations).toEqual([good])
  })

  test('holds back what comes after it for the same DID', () => {
    const bad = altered(update, { signedData: 'x' })
    const { batch, held } = cutBatch([bad, update], ROOTLINE)
    expect(batch).toBeUndefined()
    expect(held).toEqual([update])
  })

  test('is refused where it alone exceeds the limits', async () => {
    const params = { ...ROOTLINE, maxProofFileBytes: 5_000 }
    const large = signedWith(update, noisyText(6_000))
    const { batch, refused } = cutBatch([large, good], params)
    expect(refused).toMatchObject([{ code: 'OPERATION_TOO_LARGE' }])
    expect(batch?.operations).toEqual([good])
  })

  test('is taken where only compression makes it fit', async () => {
    const params = { ...ROOTLINE, maxProofFileBytes: 5_000 }
    expect(await anchored([signedWith(update, 'a'.repeat(6_000)), good], params)).toHaveLength(2)
  })
})

describe('a batch that would exceed a limit is shortened', () => {
  test.for([
    ['recovers', 'recover', { maxProofFileBytes: 60_000 }, 'coreProof'],
    ['deltas', 'create', { maxChunkFileBytes: 30_000 }, 'chunk'],
    ['creates', 'create', { maxCoreIndexFileBytes: 30_000 }, 'coreIndex'],
    ['updates', 'update', { maxProvisionalIndexFileBytes: 30_000 }, 'provisionalIndex'],
  ] as const)('%s', async ([, type, limits, role]) => {
    const params = { ...ROOTLINE, ...limits }
    const queue = many(type, 1000)
    const operations = (await anchored(queue, params)) ?? []
    expect(operations).toEqual(queue.slice(0, operations.length))
    const { batch } = cutBatch(queue, params)
    if (batch === undefined) throw new TypeError('no batch')
    expect(fileSizes(batch)[role]).toBeGreaterThan(0.8 * maxFileBytes(role, params))
  })

  test('also where what compresses well stands at the end', async () => {
    const params = { ...ROOTLINE, maxProofFileBytes: 60_000, maxMemoryDecompressionFactor: 100 }
    const noisy = many('update', 100).map(operation => signedWith(operation, noisyText(500)))
    const plain = Array.from({ length: 100 }, (_, i) =>
      signedWith(queued('update', `p${i}`), 'a'.repeat(9_000)),
    )
    expect((await anchored([...noisy, ...plain], params))?.length).toBeGreaterThan(20)
  })

  test('10,000 recovers with nothing to compress fit the limits of the protocol', async () => {
    expect(await anchored(many('recover', 10_000), ROOTLINE)).toHaveLength(10_000)
  })
})

/** Base64url text that no compression shortens much. */
function noisyText(length: number): string {
  let text = ''
  for (let i = 0; text.length < length; i++) text += queued('update', `noise ${i}`).didSuffix
  return text.slice(0, length)
}

/** The operation with a `kid` of that text in its header. */
function signedWith(operation: QueuedOperation, kid: string): QueuedOperation {
  const { request } = operation
  if (request.type !== 'update') throw new TypeError(request.type)
  const header = Buffer.from(JSON.stringify({ alg: 'ES256K', kid })).toString('base64url')
  return { ...operation, request: { ...request, signedData: request.signedData.replace(/^[^.]*/, header) } }
}
