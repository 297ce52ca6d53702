import { isDeepStrictEqual } from 'node:util'
import { parseAnchorString } from '../../../src/sidetree/anchor-string.ts'
import { BatchReader, readBatch } from '../../../src/sidetree/batch-read.ts'
import { checkOperation } from '../../../src/sidetree/check.ts'
import { toResolutionResult } from '../../../src/sidetree/document.ts'
import { SidetreeError } from '../../../src/sidetree/errors.ts'
import { parseChunkFile } from '../../../src/sidetree/files/chunk.ts'
import { parseCoreIndexFile } from '../../../src/sidetree/files/core-index.ts'
import { parseCoreProofFile } from '../../../src/sidetree/files/core-proof.ts'
import { parseProvisionalIndexFile } from '../../../src/sidetree/files/provisional-index.ts'
import { parseProvisionalProofFile } from '../../../src/sidetree/files/provisional-proof.ts'
import { ION_MAINNET } from '../../../src/sidetree/parameters.ts'
import { resolveOperations } from '../../../src/sidetree/resolution.ts'
import type { AnchoredOperation } from '../../../src/sidetree/types.ts'
import type { GeneratedFile } from './files.ts'
import type { GeneratedLedger } from './ledgers.ts'
import {
  type ReferenceOperation,
  type ReferenceOutcome,
  type ReferenceTransaction,
  referenceParseFile,
  referenceReadBatch,
  referenceResolve,
} from './reference.ts'

/** Where the two differ: what the reference says, and what this project says in its `ion` profile. */
export interface Difference {
  about: string
  theirs: unknown
  ours: unknown
}

/** Counts what was compared, so that a run can say what it covered. */
export type Count = (what: string, n?: number) => void

/** Reads every batch of a ledger and resolves its DIDs, both ways; returns the first difference. */
export async function compareLedger(
  { transactions, files, suffixes }: GeneratedLedger,
  count: Count,
): Promise<Difference | undefined> {
  const operations: ReferenceOperation[] = []
  for (const transaction of transactions) {
    const theirs = await referenceReadBatch(transaction, files)
    const ours = await readOurs(transaction, files)
    count('batches')
    if (theirs.retry && !ours.incomplete) count('batches that the reference failed on')
    // An unforeseen error makes the reference look again, so that only a missing file tells.
    const difference =
      differenceIn(`batch ${transaction.number}`, theirs.operations, ours.operations) ??
      (ours.incomplete ? differenceIn('a file is missing', theirs.retry, true) : undefined)
    if (difference !== undefined) return difference
    operations.push(...theirs.operations)
  }
  for (const suffix of suffixes) {
    const own = operations.filter(({ operation }) => operation.didSuffix === suffix)
    const difference = await compareResolution(suffix, own, count)
    if (difference !== undefined) return difference
  }
  return undefined
}

/** Resolves a DID from the same operations, both ways. */
async function compareResolution(
  suffix: string,
  operations: readonly ReferenceOperation[],
  count: Count,
): Promise<Difference | undefined> {
  const { outcome, unreadable } = await referenceResolve(suffix, operations)
  const checked = operations.map(({ operation, ...position }) => ({
    operation: checkOperation(operation, ION_MAINNET),
    position: { ...position, timestamp: position.transactionTime },
  }))
  const { state, applied } = resolveOperations(checked, [ION_MAINNET])
  count('DIDs')
  count('operations', operations.length)
  count('operations that applied', applied.length)
  count('operations that the reference failed on', unreadable)
  if (state?.deactivated) count('deactivated DIDs')
  if (!outcome.ok) return { about: 'the reference fails to resolve', theirs: outcome, ours: state }
  if (state === undefined) return differenceIn('no create applies', outcome.value, undefined)
  const did = { suffix, shortForm: `did:sidetree:${suffix}` }
  const theirs = withoutNull(outcome.value)
  const ours = withoutNull({
    // The reference keeps the last document of a deactivated DID, and never shows it.
    document: state.deactivated ? outcome.value?.document : state.document,
    recoveryCommitment: state.recoveryCommitment,
    updateCommitment: state.updateCommitment,
    result: toResolutionResult(state, did, { published: true, profile: 'ion' }),
  })
  return differenceIn(`resolution of ${suffix}`, theirs, ours)
}

/**
 * A value with `{}` for each null in it: with every update, the reference makes an empty object of each null that the
 * document holds (it copies null as an object), where this project leaves it.
 */
function withoutNull(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null), (_, member: unknown) => (member === null ? {} : member))
}

/**
 * Reads one file both ways. Where the reference fails with an error that it did not foresee, the file is invalid here
 * on purpose. And its JSON parser is its own: it takes texts that are no JSON, which are refused here, and fails on
 * some that are (`1e+21`), which are not.
 */
export async function compareFile(file: GeneratedFile, count: Count): Promise<Difference | undefined> {
  const theirs = await referenceParseFile(file.kind, file.bytes, file.deactivated)
  const code = codeOf(() => parse(file))
  count('files')
  if (theirs.ok) count('valid files')
  const isRefused = code !== undefined
  const difference: Difference = { about: file.kind, theirs, ours: code ?? 'valid' }
  if (isJson(file.text) !== isJsonToReference(theirs)) {
    count('files that the JSON parser of the reference misjudges')
    return isJson(file.text) || isRefused ? undefined : difference
  }
  if (!theirs.ok && 'threw' in theirs) count('files that the reference failed on')
  return theirs.ok === isRefused ? difference : undefined
}

function isJsonToReference(outcome: ReferenceOutcome<unknown>): boolean {
  if (outcome.ok) return true
  return 'code' in outcome ? !outcome.code.endsWith('_file_not_json') : outcome.threw !== 'ParseError'
}

async function readOurs(
  { number, time, anchorString }: ReferenceTransaction,
  content: ReadonlyMap<string, Uint8Array>,
): Promise<{ operations: ReferenceOperation[]; incomplete: boolean }> {
  const place = ({ canonicalDelta: _, ...operation }: AnchoredOperation, operationIndex: number) => ({
    operation,
    transactionNumber: number,
    transactionTime: time,
    operationIndex,
  })
  try {
    const reader = new BatchReader(parseAnchorString(anchorString, ION_MAINNET), ION_MAINNET)
    const outcome = await readBatch(reader, async ({ uri }) => content.get(uri) ?? 'unavailable')
    const operations = outcome.status === 'discarded' ? [] : outcome.operations
    return { operations: operations.map(place), incomplete: outcome.status === 'incomplete' }
  } catch (error) {
    if (!(error instanceof SidetreeError)) throw error
    return { operations: [], incomplete: false }
  }
}

function parse({ kind, bytes, deactivated }: GeneratedFile): unknown {
  switch (kind) {
    case 'coreIndex':
      return parseCoreIndexFile(bytes, ION_MAINNET)
    case 'coreProof':
      return parseCoreProofFile(bytes, deactivated, ION_MAINNET)
    case 'provisionalIndex':
      return parseProvisionalIndexFile(bytes, ION_MAINNET)
    case 'provisionalProof':
      return parseProvisionalProofFile(bytes, ION_MAINNET)
    case 'chunk':
      return parseChunkFile(bytes, ION_MAINNET)
  }
}

function differenceIn(about: string, theirs: unknown, ours: unknown): Difference | undefined {
  return isDeepStrictEqual(plain(theirs), plain(ours)) ? undefined : { about, theirs, ours }
}

/** As it stands in JSON, so that members which are undefined are absent. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown)
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    if (error instanceof SidetreeError) return error.code
    throw error
  }
}

/** The reference's own JSON parser takes some texts that are none. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
