import { setImmediate } from 'node:timers/promises'
import { ContentError } from '../../content/errors.ts'
import type { ContentStore } from '../../content/types.ts'
import type { Ledger, LogProof } from '../../ledger/types.ts'
import { formatMapProof } from '../../merkle/map/proof.ts'
import type { ProtocolVersions } from '../../sidetree/parameters.ts'
import { NodeError } from '../errors.ts'
import { isContentOf } from '../hashed-content.ts'
import type { MapView } from '../map/operation-map.ts'
import type { OperationStore } from '../operation-store.ts'
import type { TransactionRecord } from '../records.ts'
import {
  encodeResolutionProof,
  MAX_NAMED_BYTES,
  MAX_PROOF_BYTES,
  MAX_PROOF_TRANSACTIONS,
  type ProvenLeaf,
} from './resolution-proof.ts'

/** What a proof is made from. */
export interface ProofParts {
  operations: OperationStore
  ledger: Ledger
  content: ContentStore
  versions: ProtocolVersions
  /** The map of the ledger as of a checkpoint; absent where it has none. */
  view?: (size: number) => Promise<MapView | undefined>
}

/** How often the proofs are asked for again because the log has published a checkpoint meanwhile. */
const TRIES = 5

/**
 * The proof of everything that this node knows of a DID: each transaction with an operation of it, whether that counts or
 * not, under one checkpoint, and the files of their batches. Where that ends in a map, the proof has what shows that these
 * are all. Where this node knows that something is missing, none is made.
 * @param did short form, and `suffix` its own
 * @throws NodeError PROOF_UNAVAILABLE; LedgerError, StoreError
 */
export async function makeResolutionProof(did: string, suffix: string, parts: ProofParts): Promise<Buffer> {
  const profile = parts.versions.at(-1)?.profile
  if (profile === undefined) throw new TypeError('there are no rules')
  for (let tries = 0; tries < TRIES; tries++) {
    const mapLeaf = parts.ledger.mapLeaf?.()
    const view = mapLeaf && (await parts.view?.(mapLeaf.index + 1))
    const records = await recordsOf(parts.operations, suffix, view)
    const proven = await proveAll(parts.ledger, records)
    if (proven === undefined || (view !== undefined && proven.checkpoint !== mapLeaf?.checkpoint)) continue
    const files = await readFiles(parts.content, records)
    const proof = { did, profile, ...proven, files }
    if (view === undefined || mapLeaf === undefined) return encodeResolutionProof(proof)
    const { leaf, inclusion } = mapLeaf
    const map = { leaf, inclusion, proof: formatMapProof(view.prove(suffix)) }
    return encodeResolutionProof({ ...proof, map })
  }
  throw impossible('the log publishes checkpoints faster than proofs can be read; try again')
}

/** Transactions with an operation of a DID, in ledger order, also those of which it counts for nothing. */
async function recordsOf(
  operations: OperationStore,
  suffix: string,
  view: MapView | undefined,
): Promise<TransactionRecord[]> {
  // Before the operations: what is read meanwhile is among them then.
  const [unavailable] = await operations.naming(suffix)
  if (unavailable !== undefined) {
    throw impossible(`transaction ${unavailable} names the DID, and its files cannot be had yet`)
  }
  const stored = await operations.operations(suffix)
  const known = stored.map(({ position }) => position.transactionNumber)
  const mapped = (await view?.transactions(suffix)) ?? []
  const numbers = [...new Set([...known, ...mapped])].sort((a, b) => a - b)
  if (numbers.length > MAX_PROOF_TRANSACTIONS) {
    throw impossible(`the DID has operations in more than ${MAX_PROOF_TRANSACTIONS} transactions`)
  }
  return numbers.map(number => recordOf(operations, number))
}

function recordOf(operations: OperationStore, number: number): TransactionRecord {
  const record = operations.transaction(number)
  if (record === undefined) throw impossible(`transaction ${number} is not known any more`)
  if (record.problems.some(({ code }) => code === 'FILE_UNUSABLE')) {
    throw impossible(`a file of transaction ${number} is too large, or is no file, and is not kept`)
  }
  return record
}

/**
 * All under the same checkpoint, which is why nothing yields the thread between two of them; undefined where the log has
 * published another all the same.
 */
async function proveAll(
  ledger: Ledger,
  records: readonly TransactionRecord[],
): Promise<{ checkpoint: string; transactions: ProvenLeaf[] } | undefined> {
  const proofs: LogProof[] = []
  for (const { transaction } of records) {
    const { number, timeHash } = transaction
    const proof = await ledger.proof({ number, timeHash })
    if (proof.kind !== 'log') throw impossible('this ledger gives no proofs that can be carried away')
    proofs.push(proof)
  }
  const [checkpoint, ...others] = new Set(proofs.map(proof => proof.checkpoint))
  if (checkpoint === undefined || others.length > 0) return undefined
  const transactions = proofs.map(({ index, leaf, inclusion }) => ({ index, leaf, inclusion }))
  return { checkpoint, transactions }
}

async function readFiles(
  content: ContentStore,
  records: readonly TransactionRecord[],
): Promise<Map<string, Uint8Array>> {
  const namings = Map.groupBy(
    records.flatMap(record => record.files),
    ({ uri }) => uri,
  )
  const files = new Map<string, Uint8Array>()
  // What is not files is small beside what is left.
  let left = MAX_PROOF_BYTES * 0.9
  let named = 0
  for (const [uri, { length: times }] of namings) {
    // A store that is on this machine need not wait for anything, and there can be thousands.
    await setImmediate()
    const bytes = await readFile(content, uri)
    left -= (bytes.length * 4) / 3
    named += bytes.length * times
    if (left < 0) throw impossible(`it would be larger than ${MAX_PROOF_BYTES} bytes`)
    if (named > MAX_NAMED_BYTES) {
      throw impossible(`its transactions would name more than ${MAX_NAMED_BYTES} bytes of files`)
    }
    files.set(uri, bytes)
  }
  return files
}

async function readFile(content: ContentStore, uri: string): Promise<Uint8Array> {
  try {
    const bytes = await content.get(uri, { maxBytes: MAX_PROOF_BYTES })
    if (await isContentOf(uri, bytes)) return bytes
  } catch (cause) {
    if (!(cause instanceof ContentError)) throw cause
    throw impossible(`the file ${uri} cannot be had (${cause.code})`, cause)
  }
  // Its blocks would have to be in the proof; so far they are the whole file in the layout that is known here.
  throw impossible(`the file ${uri} is stored in a layout that a proof cannot carry yet`)
}

function impossible(why: string, cause?: unknown): NodeError {
  return new NodeError('PROOF_UNAVAILABLE', `no proof can be made: ${why}`, { cause })
}
