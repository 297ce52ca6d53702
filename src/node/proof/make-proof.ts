import { setImmediate } from 'node:timers/promises'
import { ContentError } from '../../content/errors.ts'
import type { ContentStore } from '../../content/types.ts'
import type { Ledger, LedgerTransaction, LogProof } from '../../ledger/types.ts'
import type { ProtocolVersions } from '../../sidetree/parameters.ts'
import { NodeError } from '../errors.ts'
import { isContentOf } from '../hashed-content.ts'
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
}

/** How often the proofs are asked for again because the log has published a checkpoint meanwhile. */
const TRIES = 5

/**
 * The proof of everything that this node knows of a DID: each transaction with an operation of it, whether that counts or
 * not, under one checkpoint, and the files of their batches. Where this node knows that something is missing, none is
 * made.
 * @param did short form, and `suffix` its own
 * @throws NodeError PROOF_UNAVAILABLE; LedgerError, StoreError
 */
export async function makeResolutionProof(
  did: string,
  suffix: string,
  { operations, ledger, content, versions }: ProofParts,
): Promise<Buffer> {
  const profile = versions.at(-1)?.profile
  if (profile === undefined) throw new TypeError('there are no rules')
  const records = await recordsOf(operations, suffix)
  const { checkpoint, transactions } = await proveAll(
    ledger,
    records.map(({ transaction }) => transaction),
  )
  const files = await readFiles(content, records)
  return encodeResolutionProof({ did, profile, checkpoint, transactions, files })
}

/** Transactions with an operation of a DID, in ledger order. */
async function recordsOf(operations: OperationStore, suffix: string): Promise<TransactionRecord[]> {
  // Before the operations: what is read meanwhile is among them then.
  const [unavailable] = await operations.naming(suffix)
  if (unavailable !== undefined) {
    throw impossible(`transaction ${unavailable} names the DID, and its files cannot be had yet`)
  }
  const stored = await operations.operations(suffix)
  const numbers = new Set(stored.map(({ position }) => position.transactionNumber))
  if (numbers.size > MAX_PROOF_TRANSACTIONS) {
    throw impossible(`the DID has operations in more than ${MAX_PROOF_TRANSACTIONS} transactions`)
  }
  return [...numbers].map(number => recordOf(operations, number))
}

function recordOf(operations: OperationStore, number: number): TransactionRecord {
  const record = operations.transaction(number)
  if (record === undefined) throw impossible(`transaction ${number} is not known any more`)
  if (record.problems.some(({ code }) => code === 'FILE_UNUSABLE')) {
    throw impossible(`a file of transaction ${number} is too large, or is no file, and is not kept`)
  }
  return record
}

/** All under the same checkpoint, which is why nothing yields the thread between two of them. */
async function proveAll(
  ledger: Ledger,
  transactions: readonly LedgerTransaction[],
): Promise<{ checkpoint: string; transactions: ProvenLeaf[] }> {
  for (let tries = 0; tries < TRIES; tries++) {
    const proofs: LogProof[] = []
    for (const { number, timeHash } of transactions) {
      const proof = await ledger.proof({ number, timeHash })
      if (proof.kind !== 'log') throw impossible('this ledger gives no proofs that can be carried away')
      proofs.push(proof)
    }
    const [checkpoint, ...others] = new Set(proofs.map(proof => proof.checkpoint))
    if (checkpoint === undefined || others.length > 0) continue
    return {
      checkpoint,
      transactions: proofs.map(({ index, leaf, inclusion }) => ({ index, leaf, inclusion })),
    }
  }
  throw impossible('the log publishes checkpoints faster than proofs can be read; try again')
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
