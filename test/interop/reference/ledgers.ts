import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import type { JsonObject, JsonValue } from '../../../src/codec/json.ts'
import type { OperationType } from '../../../src/sidetree/types.ts'
import {
  makeCreate,
  makeNext,
  newWallet,
  type OperationFault,
  operationFaults,
  type RawOperation,
  type Wallet,
} from './operations.ts'
import { patchLists } from './patches.ts'
import type { ReferenceTransaction } from './reference.ts'

const BATCH_FAULTS = [
  'core index missing',
  'core proof missing',
  'provisional index missing',
  'provisional proof missing',
  'chunk missing',
  'core index damaged',
  'core proof damaged',
  'provisional index damaged',
  'provisional proof damaged',
  'chunk damaged',
  'another create in the batch',
  'another create with a bad delta',
  'an update of an unknown DID in the batch',
  'the same DID twice in the core index',
  'the same DID in core and provisional index',
  'one delta too many',
  'one proof too many',
  'proofs in the wrong list',
  'declares more operations',
  'declares fewer operations',
  'anchor string malformed',
  'anchor string without URI',
] as const

type BatchFault = (typeof BATCH_FAULTS)[number] | 'none'

/** One operation of one of two DIDs, with what is wrong with it and with the batch that carries it. */
export interface Step {
  did: 0 | 1
  type: OperationType
  patches: JsonValue
  fault: OperationFault
  batchFault: BatchFault
  /** Where it is anchored, where not in its turn. */
  place: number | undefined
  /** Anchored a second time, at the end. */
  again: boolean
}

/** A ledger with the content that its anchors name, and the DIDs that are worth resolving. */
export interface GeneratedLedger {
  suffixes: string[]
  transactions: ReferenceTransaction[]
  files: Map<string, Uint8Array>
}

const steps: fc.Arbitrary<Step> = fc.record({
  did: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0 as const) },
    { weight: 1, arbitrary: fc.constant(1 as const) },
  ),
  type: fc.oneof(
    { weight: 6, arbitrary: fc.constant<OperationType>('update') },
    { weight: 3, arbitrary: fc.constant<OperationType>('recover') },
    { weight: 1, arbitrary: fc.constantFrom<OperationType>('deactivate', 'create') },
  ),
  patches: patchLists,
  fault: operationFaults,
  batchFault: fc.oneof(
    { weight: 5, arbitrary: fc.constant<BatchFault>('none') },
    { weight: 1, arbitrary: fc.constantFrom<BatchFault>(...BATCH_FAULTS) },
  ),
  place: fc.option(fc.nat(12), { freq: 5, nil: undefined }),
  again: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
})

/** A history of up to two DIDs: a create, mostly sound, then what its owner and others do. */
export const histories: fc.Arbitrary<Step[]> = fc
  .tuple(
    steps.map((step): Step => ({ ...step, did: 0, type: 'create' })),
    fc.boolean(),
    fc.array(steps, { maxLength: 8 }),
  )
  .map(([first, sound, rest]) => [sound ? { ...first, fault: 'none', batchFault: 'none' } : first, ...rest])

/** Makes the operations, batches and anchors of a history. The same history gives the same verdicts every time. */
export function buildLedger(history: readonly Step[]): GeneratedLedger {
  const wallets: [Wallet, Wallet] = [newWallet(4), newWallet(100)]
  const made = history.map((step, turn) => ({
    step,
    place: step.place ?? turn,
    operation: make(step, wallets[step.did]),
  }))
  const again = made.filter(({ step }) => step.again).map(item => ({ ...item, place: 100 }))
  const ordered = [...made, ...again].sort((a, b) => a.place - b.place)
  const ledger: GeneratedLedger = { suffixes: [], transactions: [], files: new Map() }
  for (const [i, { step, operation }] of ordered.entries()) anchor(ledger, i + 1, operation, step.batchFault)
  ledger.suffixes = [...new Set(made.map(({ operation }) => operation.didSuffix))].filter(
    suffix => suffix !== '',
  )
  return ledger
}

function make(step: Step, wallet: Wallet): RawOperation {
  if (step.type === 'create' || wallet.suffix === '') return makeCreate(wallet, step.patches, step.fault)
  return makeNext(step.type, wallet, step.patches, step.fault)
}

function anchor(ledger: GeneratedLedger, number: number, operation: RawOperation, fault: BatchFault): void {
  const operations = withCompanions(operation, number, fault)
  const batch = batchFiles(operations, number, fault)
  for (const { uri, title, json } of batch.files) {
    if (fault === `${title} missing`) continue
    const bytes = gzipSync(JSON.stringify(json), { level: 1 })
    if (fault === `${title} damaged`) bytes[12] = (bytes[12] ?? 0) ^ 0xff
    ledger.files.set(uri, bytes)
  }
  const anchorString = anchorStringOf(batch.coreIndexUri, operations.length, fault)
  ledger.transactions.push({ number, time: 700_000 + number, anchorString })
}

function anchorStringOf(uri: string, count: number, fault: BatchFault): string {
  switch (fault) {
    case 'declares more operations':
      return `${count + 5}.${uri}`
    case 'declares fewer operations':
      return `${count - 1}.${uri}`
    case 'anchor string malformed':
      return `0${count}.${uri}`
    case 'anchor string without URI':
      return `${count}.`
    default:
      return `${count}.${uri}`
  }
}

function withCompanions(operation: RawOperation, number: number, fault: BatchFault): RawOperation[] {
  const wallet = newWallet(200 + 2 * (number % 20))
  switch (fault) {
    case 'another create in the batch':
      return [operation, makeCreate(wallet, [], 'none')]
    case 'another create with a bad delta':
      return [operation, makeCreate(wallet, [{ action: 'unknown' }], 'none')]
    case 'an update of an unknown DID in the batch':
      return [operation, makeNext('update', { ...wallet, suffix: wallet.update.reveal }, [], 'none')]
    case 'the same DID twice in the core index':
      return [operation, makeNext('deactivate', { ...wallet, suffix: operation.didSuffix }, [], 'none')]
    case 'the same DID in core and provisional index':
      return [operation, makeNext('update', { ...wallet, suffix: operation.didSuffix }, [], 'none')]
    case 'declares fewer operations':
      return [operation, makeCreate(wallet, [], 'none')]
    default:
      return [operation]
  }
}

type NamedFile = { uri: string; title: string; json: JsonObject }

function batchFiles(
  operations: readonly RawOperation[],
  number: number,
  fault: BatchFault,
): { coreIndexUri: string; files: NamedFile[] } {
  const of = (type: OperationType) => operations.filter(operation => operation.type === type)
  const [creates, recovers, updates, deactivates] = [
    of('create'),
    of('recover'),
    of('update'),
    of('deactivate'),
  ]
  const withDelta = [...creates, ...recovers, ...updates]
  const uri = (title: string) => `Qm${Buffer.from(`${number} ${title}`).toString('hex')}`
  const files: NamedFile[] = []
  const put = (title: string, json: JsonObject): string => {
    files.push({ uri: uri(title), title, json })
    return uri(title)
  }
  const core: JsonObject = {}
  if (withDelta.length > 0) core['provisionalIndexFileUri'] = uri('provisional index')
  if (recovers.length + deactivates.length > 0) {
    core['coreProofFileUri'] = put('core proof', { operations: coreProofs(recovers, deactivates, fault) })
  }
  const lists = {
    create: creates.map(createReference),
    recover: recovers.map(reference),
    deactivate: deactivates.map(reference),
  }
  core['operations'] = Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0))
  const coreIndexUri = put('core index', core)
  if (withDelta.length > 0) {
    const deltas = withDelta.map(operation => operation.delta ?? null)
    if (fault === 'one delta too many') deltas.push(...deltas)
    const index: JsonObject = { chunks: [{ chunkFileUri: put('chunk', { deltas }) }] }
    if (updates.length > 0) {
      const proofs = updates.map(proof)
      if (fault === 'one proof too many') proofs.push(...proofs)
      index['provisionalProofFileUri'] = put('provisional proof', { operations: { update: proofs } })
      index['operations'] = { update: updates.map(reference) }
    }
    put('provisional index', index)
  }
  return { coreIndexUri, files }
}

function coreProofs(recovers: RawOperation[], deactivates: RawOperation[], fault: BatchFault): JsonObject {
  const lists = { recover: recovers.map(proof), deactivate: deactivates.map(proof) }
  if (fault === 'one proof too many') lists.recover.push(...lists.recover, ...lists.deactivate)
  if (fault === 'proofs in the wrong list') return { recover: lists.deactivate, deactivate: lists.recover }
  return lists
}

function createReference({ suffixData }: RawOperation): JsonValue {
  return { suffixData: suffixData ?? null }
}

function reference({ didSuffix, revealValue = '' }: RawOperation): JsonValue {
  return { didSuffix, revealValue }
}

function proof({ signedData = '' }: RawOperation): JsonValue {
  return { signedData }
}
