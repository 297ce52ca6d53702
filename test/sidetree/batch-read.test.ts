import { describe, expect, test } from 'vitest'
import { parseAnchorString } from '../../src/sidetree/anchor-string.ts'
import { cutBatch } from '../../src/sidetree/batch-cut.ts'
import {
  type BatchOutcome,
  BatchReader,
  type FetchedFile,
  isFormProblem,
  readBatch,
} from '../../src/sidetree/batch-read.ts'
import type { QueuedOperation } from '../../src/sidetree/batch-write.ts'
import { writeChunkFile } from '../../src/sidetree/files/chunk.ts'
import { writeCoreIndexFile } from '../../src/sidetree/files/core-index.ts'
import { writeCoreProofFile } from '../../src/sidetree/files/core-proof.ts'
import type { FileRole } from '../../src/sidetree/files/file.ts'
import { writeProvisionalIndexFile } from '../../src/sidetree/files/provisional-index.ts'
import { writeProvisionalProofFile } from '../../src/sidetree/files/provisional-proof.ts'
import { ION_MAINNET, type ProtocolParameters, ROOTLINE } from '../../src/sidetree/parameters.ts'
import { type Files, queued, store } from './batch-support.ts'

const CREATE = queued('create', 'a')
const RECOVER = queued('recover', 'b')
const DEACTIVATE = queued('deactivate', 'c')
const UPDATE = queued('update', 'd')
const ALL = [UPDATE, DEACTIVATE, RECOVER, CREATE]

async function stored(operations: readonly QueuedOperation[]): Promise<Files> {
  const { batch } = cutBatch(operations, ROOTLINE)
  if (batch === undefined) throw new TypeError('no batch')
  return await store(batch, ROOTLINE)
}

/** Reads a batch with some files replaced. */
async function readWith(
  files: Files,
  replaced: { [role in FileRole]?: FetchedFile },
  params: ProtocolParameters = ROOTLINE,
  anchorString = files.anchorString,
): Promise<BatchOutcome> {
  const reader = new BatchReader(parseAnchorString(anchorString, params), params)
  return await readBatch(
    reader,
    async ({ role }) => replaced[role] ?? files.byRole.get(role) ?? 'unavailable',
  )
}

/** Type and DID of each operation, and whether it has its delta. */
const shape = (outcome: BatchOutcome) =>
  outcome.status === 'discarded'
    ? undefined
    : outcome.operations.map(({ type, delta }) => `${type} ${delta === undefined ? 'without' : 'with'} delta`)

const CORE_ONLY = ['create without delta', 'recover without delta', 'deactivate without delta']
const BROKEN = Buffer.from('not gzip')

describe('a whole batch', () => {
  test('gives its operations in batch order: creates, recovers, deactivates, updates', async () => {
    const outcome = await readWith(await stored(ALL), {})
    expect(outcome.status).toBe('complete')
    expect(shape(outcome)).toEqual([
      'create with delta',
      'recover with delta',
      'deactivate without delta',
      'update with delta',
    ])
  })

  test('gives back what was put in', async () => {
    const outcome = await readWith(await stored(ALL), {})
    if (outcome.status !== 'complete') throw new TypeError(outcome.status)
    const operations = outcome.operations.map(({ canonicalDelta: _, ...operation }) => operation)
    const inOrder = [CREATE, RECOVER, DEACTIVATE, UPDATE]
    expect(operations).toEqual(inOrder.map(({ didSuffix, request }) => ({ didSuffix, ...request })))
  })

  test('of deactivates alone has no provisional files', async () => {
    const files = await stored([DEACTIVATE])
    expect([...files.byRole.keys()]).toEqual(['coreProof', 'coreIndex'])
    expect(shape(await readWith(files, {}))).toEqual(['deactivate without delta'])
  })
})

describe('what to fetch', () => {
  test('the core index first, then what it names, then what the provisional index names', async () => {
    const files = await stored(ALL)
    const reader = new BatchReader(parseAnchorString(files.anchorString, ROOTLINE), ROOTLINE)
    const supply = (role: FileRole) =>
      reader.supply(role, files.byRole.get(role) ?? 'unavailable').map(wanted => wanted.role)
    expect(reader.wanted().map(({ role, maxBytes }) => [role, maxBytes])).toEqual([['coreIndex', 1_000_000]])
    expect(supply('coreIndex')).toEqual(['coreProof', 'provisionalIndex'])
    expect(supply('provisionalIndex')).toEqual(['provisionalProof', 'chunk'])
    expect(supply('chunk')).toEqual([])
    expect(supply('chunk')).toEqual([])
    expect(reader.wanted().map(({ role }) => role)).toEqual(['coreProof', 'provisionalProof'])
    expect(supply('coreProof')).toEqual([])
    expect(reader.outcome().status).toBe('incomplete')
    expect(supply('provisionalProof')).toEqual([])
    expect(shape(reader.outcome())).toHaveLength(4)
  })

  test('files that do not name each other are fetched side by side', async () => {
    const files = await stored(ALL)
    const reader = new BatchReader(parseAnchorString(files.anchorString, ROOTLINE), ROOTLINE)
    const waiting = new Map<FileRole, () => void>()
    const reading = readBatch(reader, async ({ role }) => {
      await new Promise<void>(resolve => waiting.set(role, resolve))
      return files.byRole.get(role) ?? 'unavailable'
    })
    const release = async (role: FileRole) => {
      waiting.get(role)?.()
      waiting.delete(role)
      await new Promise(resolve => setImmediate(resolve))
    }
    await release('coreIndex')
    expect([...waiting.keys()]).toEqual(['coreProof', 'provisionalIndex'])
    await release('provisionalIndex')
    expect([...waiting.keys()]).toEqual(['coreProof', 'provisionalProof', 'chunk'])
    for (const role of [...waiting.keys()]) await release(role)
    expect((await reading).status).toBe('complete')
  })

  test('a fetch that fails ends the reading', async () => {
    const reader = new BatchReader(parseAnchorString('1.Qm', ROOTLINE), ROOTLINE)
    await expect(readBatch(reader, () => Promise.reject(new TypeError('aborted')))).rejects.toThrow('aborted')
  })
})

describe('an invalid file', () => {
  test.for(['coreIndex', 'coreProof'] as const)('%s discards the transaction', async role => {
    const files = await stored(ALL)
    for (const fault of [BROKEN, 'invalid'] as const) {
      const outcome = await readWith(files, { [role]: fault })
      const code = fault === 'invalid' ? 'FILE_UNUSABLE' : 'FILE_NOT_GZIP'
      expect(outcome).toMatchObject({ status: 'discarded', problem: { role, code } })
    }
  })

  test.for([
    ['provisionalIndex', 0],
    ['provisionalProof', 1],
    ['chunk', 1],
  ] as const)('%s takes deltas and updates away', async ([role, dropped]) => {
    const files = await stored(ALL)
    for (const fault of [BROKEN, 'invalid'] as const) {
      const outcome = await readWith(files, { [role]: fault })
      expect(shape(outcome)).toEqual(CORE_ONLY)
      expect(outcome).toMatchObject({ status: 'complete', problem: { role } })
      expect(outcome.status === 'complete' && outcome.dropped).toHaveLength(dropped)
    }
  })

  test('ends the wait for files that could not change the verdict', async () => {
    const files = await stored(ALL)
    const provisional = await readWith(files, { chunk: BROKEN, provisionalProof: 'unavailable' })
    expect(provisional.status).toBe('complete')
    const core = await readWith(files, { coreProof: BROKEN, provisionalIndex: 'unavailable' })
    expect(core.status).toBe('discarded')
  })
})

describe('an unavailable file', () => {
  test.for([
    ['coreIndex', [], []],
    ['coreProof', [], ['create', 'recover', 'deactivate', 'update']],
    ['provisionalIndex', CORE_ONLY, ['create', 'recover']],
    ['provisionalProof', CORE_ONLY, ['create', 'recover', 'update']],
    ['chunk', CORE_ONLY, ['create', 'recover', 'update']],
  ] as const)('%s leaves the batch undecided', async ([role, operations, undecided]) => {
    const outcome = await readWith(await stored(ALL), { [role]: 'unavailable' })
    expect(outcome).toMatchObject({ status: 'incomplete', missing: [{ role }] })
    expect(shape(outcome)).toEqual(operations)
    const suffixes = ALL.filter(({ request }) => (undecided as readonly string[]).includes(request.type))
    expect(outcome.status === 'incomplete' && [...outcome.undecided].sort()).toEqual(
      suffixes.map(({ didSuffix }) => didSuffix).sort(),
    )
  })

  test('may be supplied later', async () => {
    const files = await stored([CREATE])
    const reader = new BatchReader(parseAnchorString(files.anchorString, ROOTLINE), ROOTLINE)
    await readBatch(reader, async ({ role }) =>
      role === 'chunk' ? 'unavailable' : (files.byRole.get(role) ?? 'unavailable'),
    )
    expect(shape(reader.outcome())).toEqual(['create without delta'])
    reader.supply('chunk', files.byRole.get('chunk') ?? 'unavailable')
    expect(shape(reader.outcome())).toEqual(['create with delta'])
  })
})

describe('the declared count', () => {
  const declaring = (files: Files, count: number) => files.anchorString.replace(/^\d+/, `${count}`)

  test('may be higher than the operations are', async () => {
    const files = await stored(ALL)
    expect(shape(await readWith(files, {}, ROOTLINE, declaring(files, 99)))).toHaveLength(4)
  })

  test('lower than the core index has discards the transaction', async () => {
    const files = await stored(ALL)
    const outcome = await readWith(files, {}, ROOTLINE, declaring(files, 2))
    expect(outcome).toMatchObject({ status: 'discarded', problem: { code: 'BATCH_COUNT_EXCEEDED' } })
  })

  test('lower than core and provisional index have drops the updates', async () => {
    const files = await stored(ALL)
    const outcome = await readWith(files, {}, ROOTLINE, declaring(files, 3))
    expect(outcome).toMatchObject({ status: 'complete', problem: { code: 'BATCH_COUNT_EXCEEDED' } })
    expect(outcome.status === 'complete' && outcome.dropped).toHaveLength(1)
    expect(shape(outcome)).toEqual(CORE_ONLY)
  })

  test('over 100 without a lock discards the transaction where the ledger asks for one', async () => {
    const files = await stored([CREATE])
    const outcome = await readWith(files, {}, ION_MAINNET, declaring(files, 101))
    expect(outcome).toMatchObject({ status: 'discarded', problem: { code: 'LOCK_TOO_SMALL' } })
    expect((await readWith(files, {}, ION_MAINNET, declaring(files, 100))).status).toBe('complete')
    expect((await readWith(files, {}, ROOTLINE, declaring(files, 101))).status).toBe('complete')
  })
})

describe('files that do not belong together', () => {
  const signed = ({ request }: QueuedOperation) => ('signedData' in request ? request.signedData : '')
  const reference = ({ didSuffix, request }: QueuedOperation) => ({
    didSuffix,
    revealValue: 'revealValue' in request ? request.revealValue : '',
  })

  test('an update of a DID that the core index has an operation of drops the updates', async () => {
    const files = await stored([RECOVER, UPDATE])
    const provisionalIndex = writeProvisionalIndexFile({
      chunkFileUri: 'Qm',
      provisionalProofFileUri: 'Qm',
      updates: [reference({ ...UPDATE, didSuffix: RECOVER.didSuffix })],
    })
    const outcome = await readWith(files, { provisionalIndex })
    expect(outcome).toMatchObject({ status: 'complete', problem: { code: 'BATCH_DID_REPEATED' } })
    expect(shape(outcome)).toEqual(['recover without delta'])
  })

  test('a core proof file of other counts discards the transaction', async () => {
    const files = await stored([RECOVER, DEACTIVATE])
    const recovers = [signed(RECOVER)]
    const fewer = writeCoreProofFile({ recovers, deactivates: [] })
    const outcome = await readWith(files, { coreProof: fewer })
    expect(outcome).toMatchObject({ status: 'discarded', problem: { code: 'BATCH_COUNT_MISMATCH' } })
  })

  test('ion asks only for the sum of proofs, and leaves an operation without signed data', async () => {
    const files = await stored([RECOVER, DEACTIVATE])
    const coreProof = writeCoreProofFile({ recovers: [signed(RECOVER), signed(RECOVER)], deactivates: [] })
    expect((await readWith(files, { coreProof })).status).toBe('discarded')
    const outcome = await readWith(files, { coreProof }, ION_MAINNET)
    if (outcome.status !== 'complete') throw new TypeError(outcome.status)
    expect(outcome.operations.map(({ signedData }) => signedData)).toEqual([signed(RECOVER), undefined])
  })

  test('a provisional proof file of another count drops the updates', async () => {
    const files = await stored(ALL)
    const provisionalProof = writeProvisionalProofFile({ updates: [signed(UPDATE), signed(UPDATE)] })
    const outcome = await readWith(files, { provisionalProof })
    expect(outcome).toMatchObject({ status: 'complete', problem: { code: 'BATCH_COUNT_MISMATCH' } })
    expect(shape(outcome)).toEqual(CORE_ONLY)
  })

  test('a chunk file of another count takes deltas and updates away', async () => {
    const outcome = await readWith(await stored(ALL), { chunk: writeChunkFile({ deltas: [] }) })
    expect(outcome).toMatchObject({ status: 'complete', problem: { code: 'BATCH_COUNT_MISMATCH' } })
    expect(shape(outcome)).toEqual(CORE_ONLY)
  })

  test('a provisional index file beside deactivates alone is noted, and costs nothing', async () => {
    const files = await stored([DEACTIVATE])
    const coreIndex = writeCoreIndexFile({
      coreProofFileUri: 'Qm',
      provisionalIndexFileUri: 'Qm',
      creates: [],
      recovers: [],
      deactivates: [reference(DEACTIVATE)],
    })
    const provisionalIndex = writeProvisionalIndexFile({ chunkFileUri: 'Qm', updates: [] })
    const replaced = { coreIndex, provisionalIndex, chunk: writeChunkFile({ deltas: [] }) }
    const outcome = await readWith(files, replaced)
    expect(outcome).toMatchObject({ problem: { code: 'PROVISIONAL_INDEX_URI_NOT_ALLOWED' } })
    expect(shape(outcome)).toEqual(['deactivate without delta'])
    const toIon = await readWith(files, replaced, ION_MAINNET)
    expect(toIon).not.toHaveProperty('problem')
    expect(shape(toIon)).toEqual(['deactivate without delta'])
  })
})

describe('signed data that is looked at later', () => {
  test('can still drop the updates', async () => {
    const files = await stored([CREATE, UPDATE])
    const provisionalProof = writeProvisionalProofFile({ updates: ['x'] })
    const reader = new BatchReader(parseAnchorString(files.anchorString, ROOTLINE), ROOTLINE, 'defer')
    const outcome = await readBatch(reader, async ({ role }) =>
      role === 'provisionalProof' ? provisionalProof : (files.byRole.get(role) ?? 'unavailable'),
    )
    expect(shape(outcome)).toEqual(['create with delta', 'update with delta'])
    reader.reject({ role: 'provisionalProof', code: 'SIGNED_DATA_INVALID', message: 'no JWS' })
    expect(shape(reader.outcome())).toEqual(['create without delta'])
  })

  test('does so for its form only, not for a wrong key or signature', () => {
    expect(isFormProblem('SIGNED_DATA_INVALID')).toBe(true)
    expect(isFormProblem('OPERATION_KEY_INVALID')).toBe(true)
    expect(isFormProblem('REVEAL_VALUE_MISMATCH')).toBe(false)
    expect(isFormProblem('SIGNATURE_INVALID')).toBe(false)
  })
})

test('a lock that does not hold discards the transaction', async () => {
  const { batch } = cutBatch([CREATE], ROOTLINE, { writerLockId: 'lock' })
  if (batch === undefined) throw new TypeError('no batch')
  const files = await store(batch, ROOTLINE)
  const reader = new BatchReader(parseAnchorString(files.anchorString, ROOTLINE), ROOTLINE)
  await readBatch(reader, async ({ role }) => files.byRole.get(role) ?? 'unavailable')
  expect(reader.writerLockId).toBe('lock')
  reader.reject({ role: 'coreIndex', code: 'LOCK_TOO_SMALL', message: 'too small' })
  expect(reader.outcome().status).toBe('discarded')
})
