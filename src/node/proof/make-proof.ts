import { cidText } from '../../codec/cid.ts'
import { fileBlocks } from '../../codec/unixfs.ts'
import { ContentError } from '../../content/errors.ts'
import type { ContentStore } from '../../content/types.ts'
import type { Ledger, LedgerTransaction, LogProof } from '../../ledger/types.ts'
import { NodeError } from '../errors.ts'
import type { OperationStore } from '../operation-store.ts'
import type { TransactionRecord } from '../records.ts'
import { encodeResolutionProof, MAX_PROOF_BYTES, type ProvenLeaf } from './resolution-proof.ts'

/** What a proof is made from. */
export interface ProofParts {
  operations: OperationStore
  ledger: Ledger
  content: ContentStore
}

/** How often the proofs are asked for again because the log has published a checkpoint meanwhile. */
const TRIES = 5

/**
 * The proof of everything that this node knows of a DID: each transaction with an operation of it, whether that counts or
 * not, under one checkpoint, and the files of their batches.
 * @param did short form, and `suffix` its own
 * @throws NodeError PROOF_UNAVAILABLE; LedgerError, StoreError
 */
export async function makeResolutionProof(
  did: string,
  suffix: string,
  { operations, ledger, content }: ProofParts,
): Promise<Buffer> {
  const stored = await operations.operations(suffix)
  const numbers = [...new Set(stored.map(({ position }) => position.transactionNumber))].sort((a, b) => a - b)
  const records = numbers.map(number => recordOf(operations, number))
  const { checkpoint, transactions } = await proveAll(
    ledger,
    records.map(({ transaction }) => transaction),
  )
  const files = await readFiles(content, records)
  return encodeResolutionProof({ did, checkpoint, transactions, files })
}

function recordOf(operations: OperationStore, number: number): TransactionRecord {
  const record = operations.transaction(number)
  if (record !== undefined) return record
  throw unavailable(`transaction ${number} is not known any more`)
}

/** All under the same checkpoint. */
async function proveAll(
  ledger: Ledger,
  transactions: readonly LedgerTransaction[],
): Promise<{ checkpoint: string; transactions: ProvenLeaf[] }> {
  for (let tries = 0; tries < TRIES; tries++) {
    const proofs: LogProof[] = []
    for (const { number, timeHash } of transactions) {
      const proof = await ledger.proof({ number, timeHash })
      if (proof.kind !== 'log') throw unavailable('this ledger gives no proofs that can be carried away')
      proofs.push(proof)
    }
    const [checkpoint, ...others] = new Set(proofs.map(proof => proof.checkpoint))
    if (checkpoint === undefined || others.length > 0) continue
    return {
      checkpoint,
      transactions: proofs.map(({ index, leaf, inclusion }) => ({ index, leaf, inclusion })),
    }
  }
  throw unavailable('the log publishes checkpoints faster than proofs can be read; try again')
}

async function readFiles(
  content: ContentStore,
  records: readonly TransactionRecord[],
): Promise<Map<string, Uint8Array>> {
  const uris = new Set(records.flatMap(({ files }) => files.map(({ uri }) => uri)))
  const files = new Map<string, Uint8Array>()
  let size = 0
  for (const uri of [...uris].sort()) {
    const bytes = await readFile(content, uri)
    size += (bytes.length * 4) / 3
    if (size > MAX_PROOF_BYTES) throw unavailable(`its files are larger than ${MAX_PROOF_BYTES} bytes`)
    files.set(uri, bytes)
  }
  return files
}

async function readFile(content: ContentStore, uri: string): Promise<Uint8Array> {
  try {
    const bytes = await content.get(uri, { maxBytes: MAX_PROOF_BYTES })
    if (cidText((await fileBlocks(bytes)).root) === uri) return bytes
  } catch (cause) {
    if (!(cause instanceof ContentError)) throw cause
    throw unavailable(`the file ${uri} cannot be had (${cause.code})`, cause)
  }
  // Its blocks would have to be in the proof; so far they are the whole file in Kubo's default layout.
  throw unavailable(`the file ${uri} is stored in a layout that a proof cannot carry yet`)
}

function unavailable(why: string, cause?: unknown): NodeError {
  return new NodeError('PROOF_UNAVAILABLE', `no proof can be made: ${why}`, { cause })
}
