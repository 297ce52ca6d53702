import { createRequire } from 'node:module'
import type { AnchoredOperation, OperationType } from '../../../src/sidetree/types.ts'

/**
 * The reference implementation of Sidetree (@decentralized-identity/sidetree 1.0.6), which ION's nodes run, in this
 * process: its file parsers, its transaction processor and its resolver, without their databases and network.
 */

const load = createRequire(import.meta.url)
const CORE = '@decentralized-identity/sidetree/dist/lib/core'
const LATEST = `${CORE}/versions/latest`

type Parser = { parse(bytes: Uint8Array, suffixes?: readonly string[]): Promise<unknown> }

interface StoredModel {
  type: OperationType
  didUniqueSuffix: string
  operationBuffer: Buffer
  transactionNumber: number
  transactionTime: number
  operationIndex: number
}

interface OperationProcessor {
  apply(operation: StoredModel, state: DidStateModel | undefined): Promise<DidStateModel | undefined>
  getMultihashRevealValue(operation: StoredModel): Promise<Buffer>
}

export interface DidStateModel {
  document: object
  nextRecoveryCommitmentHash?: string
  nextUpdateCommitmentHash?: string
}

function module<T>(path: string): T {
  return (load(path) as { default: T }).default
}

const Logger = module<{ initialize(logger: object): void }>(`${CORE}/../common/Logger.js`)
const mute = () => {}
Logger.initialize({ info: mute, warn: mute, error: mute })

const SidetreeError = module<new () => Error & { code: string }>(`${CORE}/../common/SidetreeError.js`)
const Processor = module<new () => OperationProcessor>(`${LATEST}/OperationProcessor.js`)
const Resolver = module<
  new (
    ...parts: object[]
  ) => { resolve(suffix: string): Promise<DidStateModel | undefined> }
>(`${CORE}/Resolver.js`)
const TransactionProcessor = module<
  new (
    ...parts: object[]
  ) => { processTransaction(transaction: object): Promise<boolean> }
>(`${LATEST}/TransactionProcessor.js`)
const DocumentComposer = module<{
  transformToExternalDocument(state: object, did: object, published: boolean): object
}>(`${LATEST}/DocumentComposer.js`)
const Did = module<{ create(did: string, method: string): Promise<object> }>(`${LATEST}/Did.js`)
const Multihash = module<{
  canonicalizeThenHashThenEncode(value: object): string
  canonicalizeThenDoubleHashThenEncode(value: object): string
}>(`${LATEST}/Multihash.js`)

export type FileKind = 'coreIndex' | 'coreProof' | 'provisionalIndex' | 'provisionalProof' | 'chunk'

const PARSERS: { [kind in FileKind]: Parser } = {
  coreIndex: module(`${LATEST}/CoreIndexFile.js`),
  coreProof: module(`${LATEST}/CoreProofFile.js`),
  provisionalIndex: module(`${LATEST}/ProvisionalIndexFile.js`),
  provisionalProof: module(`${LATEST}/ProvisionalProofFile.js`),
  chunk: module(`${LATEST}/ChunkFile.js`),
}

/**
 * What the reference makes of an input: a value, a refusal with one of its codes, or an error that it did not
 * foresee.
 */
export type ReferenceOutcome<T> =
  | { ok: true; value: T }
  | { ok: false; code: string }
  | { ok: false; threw: string }

/** Encoded multihash of a value's canonical form, by the reference. */
export const referenceHash = (value: object): string => Multihash.canonicalizeThenHashThenEncode(value)

/** The commitment to a public key, by the reference. */
export const referenceCommitment = (jwk: object): string =>
  Multihash.canonicalizeThenDoubleHashThenEncode(jwk)

/** Parses one file as it is stored. `deactivated` are the DID suffixes that a core proof file's deactivates are of. */
export function referenceParseFile(
  kind: FileKind,
  bytes: Uint8Array,
  deactivated: readonly string[] = [],
): Promise<ReferenceOutcome<unknown>> {
  return outcomeOf(() => PARSERS[kind].parse(Buffer.from(bytes), deactivated))
}

/** A transaction as a ledger gives it. */
export interface ReferenceTransaction {
  number: number
  time: number
  anchorString: string
}

/** An operation that came out of a batch, with its place on the ledger. */
export interface ReferenceOperation {
  operation: AnchoredOperation
  transactionNumber: number
  transactionTime: number
  operationIndex: number
}

/** What a batch came to. */
export interface ReferenceBatch {
  operations: ReferenceOperation[]
  /** True where the reference wants to look at the transaction again: a file is missing, or it failed on one. */
  retry: boolean
}

/** Reads the files of a transaction; a URI that `files` lacks is not found. No fee is asked. */
export async function referenceReadBatch(
  { number, time, anchorString }: ReferenceTransaction,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<ReferenceBatch> {
  const operations: ReferenceOperation[] = []
  const processor = new TransactionProcessor(
    { download: async (uri: string, maxBytes: number) => download(files.get(uri), maxBytes) },
    {
      insertOrReplace: async (models: StoredModel[]) => {
        operations.push(...models.map(fromModel))
      },
    },
    { getValueTimeLock: async () => undefined },
    {},
  )
  const done = await processor.processTransaction({
    anchorString,
    transactionNumber: number,
    transactionTime: time,
    transactionTimeHash: '',
    transactionFeePaid: 0,
    normalizedTransactionFee: 0,
    writer: 'writer',
  })
  return { operations, retry: !done }
}

/** A DID as the reference resolves it. */
export interface ReferenceState {
  document: object
  recoveryCommitment: string | undefined
  updateCommitment: string | undefined
  /** Its resolution result for the short form. */
  result: object
}

/**
 * Resolves a DID from its operations; the value is undefined where none creates it.
 *
 * The reference reads the reveal value of each operation before it resolves, and fails for the whole DID where one
 * cannot be read. Such operations are left out here first, and counted: what remains is what it would decide without
 * them.
 */
export async function referenceResolve(
  suffix: string,
  operations: readonly ReferenceOperation[],
  method = 'sidetree',
): Promise<{ outcome: ReferenceOutcome<ReferenceState | undefined>; unreadable: number }> {
  const processor = new Processor()
  const models: StoredModel[] = []
  for (const model of operations.map(toModel)) {
    const isReadable =
      model.type === 'create' || (await isFulfilled(processor.getMultihashRevealValue(model)))
    if (isReadable) models.push(model)
  }
  const resolver = new Resolver({ getOperationProcessor: () => processor }, { get: async () => models })
  const outcome = await outcomeOf(async () => {
    const state = await resolver.resolve(suffix)
    return state === undefined ? undefined : describe(state, suffix, method)
  })
  return { outcome, unreadable: operations.length - models.length }
}

/** Operations of one DID in the form in which the reference stores them, so that only its own work takes time. */
export interface PreparedOperations {
  /** The state that all of them come to. */
  resolve(): Promise<DidStateModel | undefined>
  /** Applies one of them to the state before it, its signature checked; undefined where it does not apply. */
  apply(index: number, before: DidStateModel | undefined): Promise<DidStateModel | undefined>
}

export function prepareOperations(
  suffix: string,
  operations: readonly ReferenceOperation[],
): PreparedOperations {
  const processor = new Processor()
  const models = operations.map(toModel)
  const resolver = new Resolver({ getOperationProcessor: () => processor }, { get: async () => models })
  return {
    resolve: () => resolver.resolve(suffix),
    apply: (index, before) => processor.apply(models[index] as StoredModel, before),
  }
}

async function describe(state: DidStateModel, suffix: string, method: string): Promise<ReferenceState> {
  const did = await Did.create(`did:${method}:${suffix}`, method)
  const result = DocumentComposer.transformToExternalDocument(state, did, true)
  return {
    document: state.document,
    recoveryCommitment: state.nextRecoveryCommitmentHash,
    updateCommitment: state.nextUpdateCommitmentHash,
    // As it is sent: without members that are undefined.
    result: JSON.parse(JSON.stringify(result)) as object,
  }
}

function download(content: Uint8Array | undefined, maxBytes: number): object {
  if (content === undefined) return { code: 'content_not_found' }
  if (content.length > maxBytes) return { code: 'content_exceeds_maximum_allowed_size' }
  return { code: 'success', content: Buffer.from(content) }
}

function fromModel(model: StoredModel): ReferenceOperation {
  const { didUniqueSuffix, operationBuffer, transactionNumber, transactionTime, operationIndex } = model
  const request = JSON.parse(operationBuffer.toString()) as AnchoredOperation
  return {
    operation: { ...request, didSuffix: didUniqueSuffix },
    transactionNumber,
    transactionTime,
    operationIndex,
  }
}

function toModel({ operation, ...position }: ReferenceOperation): StoredModel {
  const { didSuffix, ...rest } = operation
  const request = operation.type === 'create' ? rest : operation
  return {
    ...position,
    type: operation.type,
    didUniqueSuffix: didSuffix,
    operationBuffer: Buffer.from(JSON.stringify(request)),
  }
}

/** Long enough for the slowest input of a test; the reference's JSON parser can fail without calling back. */
const PATIENCE_MS = 20_000

async function outcomeOf<T>(action: () => Promise<T>): Promise<ReferenceOutcome<T>> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<ReferenceOutcome<T>>(resolve => {
    timer = setTimeout(() => resolve({ ok: false, threw: 'no answer' }), PATIENCE_MS)
  })
  try {
    return await Promise.race([action().then(value => ({ ok: true as const, value })), silence])
  } catch (error) {
    return error instanceof SidetreeError
      ? { ok: false, code: error.code }
      : { ok: false, threw: nameOf(error) }
  } finally {
    clearTimeout(timer)
  }
}

/** The name of an error; the reference's JSON parser rejects with objects that are none. */
function nameOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'name' in error ? String(error.name) : typeof error
}

async function isFulfilled(promise: Promise<unknown>): Promise<boolean> {
  try {
    await promise
    return true
  } catch {
    return false
  }
}
