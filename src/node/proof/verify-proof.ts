import type { DidMethod } from '../../sidetree/did.ts'
import type { ProtocolVersions } from '../../sidetree/parameters.ts'
import type { Store } from '../../store/store.ts'
import { NodeError } from '../errors.ts'
import { type NodeSettings, startNode } from '../node.ts'
import type { Explanation, NodeStatus } from '../types.ts'
import { ProofContent } from './proof-content.ts'
import { type PinnedLog, ProofLedger } from './proof-ledger.ts'
import type { ResolutionProof } from './resolution-proof.ts'

/** What whoever verifies a proof brings. */
export interface ProofVerification {
  log: PinnedLog
  method: DidMethod
  versions: ProtocolVersions
  /** An empty database, for as long as this takes; the caller takes it away. It is closed by this. */
  store: Store
  settings?: Pick<NodeSettings, 'workers'>
  /** Unix milliseconds. */
  now?: () => number
}

/**
 * Resolves the DID of a proof from what the proof holds, and reports on it: as a node does whose whole ledger and content
 * the proof is, so that nothing is believed here that a node would check.
 * @throws NodeError PROOF_INVALID where the proof gives the DID no document; LedgerError LEDGER_LEAF_INVALID; SidetreeError
 * the DID is not well formed; StoreError
 */
export async function verifyResolutionProof(
  proof: ResolutionProof,
  { log, method, versions, store, settings, now }: ProofVerification,
): Promise<Explanation> {
  const node = await startNode({
    method,
    versions,
    store,
    content: new ProofContent(proof.files),
    ledger: new ProofLedger(proof, log),
    writer: 'proof',
    settings: { ...settings, batchIntervalMs: 0 },
    ...(now === undefined ? {} : { now }),
  })
  try {
    await node.settled()
    requireReadable(await node.status())
    return await node.explain(proof.did)
  } catch (cause) {
    if (!(cause instanceof NodeError) || cause.code !== 'DID_UNKNOWN') throw cause
    throw new NodeError('PROOF_INVALID', 'the proof holds no create operation of its DID that counts', {
      cause,
    })
  } finally {
    await node.stop()
  }
}

/** What was left out with a file is as if its transaction had not been there: that is not passed over. */
function requireReadable({ unresolvable }: NodeStatus): void {
  const [first] = unresolvable.transactions
  if (first === undefined) return
  throw new NodeError(
    'PROOF_INVALID',
    `a file of transaction ${first.transactionNumber} is not in the proof, or is another: ${first.detail}`,
  )
}
