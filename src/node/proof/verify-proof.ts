import { type DidMethod, type ParsedDid, parseDid } from '../../sidetree/did.ts'
import { type ProtocolParameters, type ProtocolVersions, parametersAt } from '../../sidetree/parameters.ts'
import { resolveOperations } from '../../sidetree/resolution.ts'
import { answerOf } from '../answer.ts'
import { EvidenceReader, type TransactionEvidence } from '../evidence.ts'
import type { ChainedReference } from '../map/chain.ts'
import { type PublishedAnswer, reportPublished } from '../published-report.ts'
import type { Transactions } from '../recomputation.ts'
import type { StoredOperation } from '../records.ts'
import { positioned } from '../transaction-applier.ts'
import type { Explanation } from '../types.ts'
import { ProofContent } from './proof-content.ts'
import { type PinnedLog, ProofLedger } from './proof-ledger.ts'
import { proofInvalid, type ResolutionProof } from './resolution-proof.ts'

/** What whoever verifies a proof brings. */
export interface ProofVerification {
  log: PinnedLog
  method: DidMethod
  versions: ProtocolVersions
  /** Unix milliseconds. */
  now: number
  /** Ends the verification between two transactions: the largest proofs take many seconds. */
  signal?: AbortSignal
}

/**
 * Resolves the DID of a proof from what the proof holds, and reports on it by the same code as a node on its own
 * answers: only the source of the evidence is another. Nothing in the proof is believed; what a maker could have left out
 * is `undecided`.
 * @throws NodeError PROOF_INVALID where the proof gives the DID no document, or has more or less than it needs;
 * SidetreeError the DID is not well formed, or of another method; the signal's reason
 */
export async function verifyResolutionProof(
  proof: ResolutionProof,
  { log, method, versions, now, signal }: ProofVerification,
): Promise<Explanation> {
  const parameters = rulesFor(proof, versions)
  const did = parseDid(proof.did, method, parameters)
  if (did.longForm !== undefined) throw proofInvalid('its DID is a long form')
  const ledger = new ProofLedger(proof, log)
  const content = new ProofContent(proof.files)
  const mapped = proof.map !== undefined
  const transactions = await readTransactions(ledger, content, did, { versions, signal, mapped })
  const stored = [...transactions.values()].flatMap(operationsIn)
  const compiled = resolveOperations(stored.map(positioned), versions)
  const { state } = compiled
  if (state === undefined) throw proofInvalid('it holds no create operation of its DID that counts')
  const found = { did, parameters, state, published: true }
  const progress = await ledger.progress(did.suffix, [...transactions.values()].flatMap(referencesIn))
  const answer: PublishedAnswer = { found, options: {}, stored, compiled, progress, unresolvable: [] }
  const context = { ledger: ledger.describe(), versions, now }
  const report = await reportPublished(answer, async () => transactions, context)
  return { resolution: answerOf(found, {}, { pending: [], named: [] }), report }
}

/** The rules of whoever verifies, which must be those that the proof was made by. */
function rulesFor({ profile }: ResolutionProof, versions: ProtocolVersions): ProtocolParameters {
  const newest = versions.at(-1)
  if (newest === undefined) throw new TypeError('there are no rules')
  if (newest.profile === profile) return newest
  throw proofInvalid(
    `it follows the rules of ${profile}, and is to be verified by those of ${newest.profile}`,
  )
}

/** Each with exactly what is needed: a file that is missing, or a transaction of others, is not passed over. */
async function readTransactions(
  ledger: ProofLedger,
  content: ProofContent,
  { suffix }: ParsedDid,
  {
    versions,
    signal,
    mapped,
  }: { versions: ProtocolVersions; signal: AbortSignal | undefined; mapped: boolean },
): Promise<Transactions> {
  const reader = new EvidenceReader({ content, ledger, versions })
  const read = new Map<number, TransactionEvidence>()
  for (const transaction of ledger.transactions) {
    const { number, time } = transaction
    if (parametersAt(versions, time) === undefined)
      throw proofInvalid(`leaf ${number} is older than the rules`)
    const evidence = await reader.transaction(transaction, suffix, signal)
    const missing = evidence.files.find(({ check }) => check.result !== 'pass')
    if (missing !== undefined) {
      throw proofInvalid(`the ${missing.role} file of transaction ${number}: ${missing.check.detail}`)
    }
    // The map has also what counts for nothing, and is held against it.
    if (evidence.operations.size === 0 && !(mapped && evidence.references.length > 0))
      throw proofInvalid(`transaction ${number} has no operation of its DID`)
    read.set(number, evidence)
  }
  const { unread } = content
  if (unread !== undefined) throw proofInvalid(`no transaction names its file ${unread}`)
  return read
}

function referencesIn({ transaction, references }: TransactionEvidence): ChainedReference[] {
  return references.map(({ operationIndex, digest }) => ({
    transactionNumber: transaction.number,
    operationIndex,
    digest,
  }))
}

function operationsIn({ transaction, operations }: TransactionEvidence): StoredOperation[] {
  return [...operations].map(([operationIndex, { checked }]) => {
    const { number, time, timestamp } = transaction
    return {
      position: { transactionNumber: number, operationIndex, transactionTime: time, timestamp },
      checked,
    }
  })
}
