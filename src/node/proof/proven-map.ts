import { LedgerError } from '../../ledger/errors.ts'
import { parseLeaf } from '../../ledger/log/leaf.ts'
import type { LogProofVerifier } from '../../ledger/log/verify-proof.ts'
import type { ProofCheck } from '../../ledger/types.ts'
import { MerkleError } from '../../merkle/errors.ts'
import { type MapVerdict, parseMapProof, verifyMapProof } from '../../merkle/map/proof.ts'
import { type CheckpointName, checkpointNameOf } from '../checkpoint-name.ts'
import { type ChainedReference, chainValue, mapKeyOf } from '../map/chain.ts'
import type { Check } from '../operation-evidence.ts'

/** The `map` leaf that a checkpoint ends in, and what its map says of a DID. */
export interface ProvenMap {
  leaf: Uint8Array
  /** Sibling hashes of the leaf, its own first; 32 bytes each. */
  inclusion: Uint8Array[]
  /** The way to the DID in the map (docs/spec/map.md). */
  proof: string
}

/** What a map shows of the references to a DID. */
export interface MapEvidence {
  /** The checkpoint that the map is of. */
  checkpoint: CheckpointName
  /** That the last leaf of the tree states a root. */
  leaf: Check
  /** That this leaf is the last in the tree of the checkpoint. */
  inclusion: ProofCheck
  /** That what the map has for the DID is what the references come to. */
  value: Check
}

/**
 * Holds references to a DID against the map of a checkpoint: they are all, if they come to what the map has.
 * @param references those that were found in the files, in ledger order
 */
export function checkMap(
  map: ProvenMap,
  checkpoint: string,
  verifier: LogProofVerifier,
  didSuffix: string,
  references: readonly ChainedReference[],
): MapEvidence {
  const { leaf, inclusion } = map
  const root = rootIn(leaf)
  const index = Math.max(0, verifier.sizeOf(checkpoint) - 1)
  const proof = { kind: 'log', leaf, inclusion, checkpoint, index } as const
  const included = verifier.verifyLeaf(proof).checks.find(({ code }) => code === 'LOG_INCLUSION')
  return {
    checkpoint: checkpointNameOf(checkpoint),
    leaf:
      root instanceof LedgerError
        ? { result: 'fail', detail: `The last leaf states no map: ${root.message}.` }
        : { result: 'pass', detail: `The last leaf states a map with the root ${root.toString('hex')}.` },
    inclusion: included ?? { code: 'LOG_INCLUSION', result: 'skipped', detail: 'It was not checked.' },
    value:
      root instanceof LedgerError
        ? { result: 'undecided', detail: 'There is no map to look in.' }
        : checkValue(root, map.proof, didSuffix, references),
  }
}

function checkValue(
  root: Uint8Array,
  proof: string,
  didSuffix: string,
  references: readonly ChainedReference[],
): Check {
  const verdict = verdictOf(root, proof, mapKeyOf(didSuffix))
  if (verdict.shown === 'nothing') {
    return { result: 'fail', detail: 'What is said to be in the map does not lead to its root.' }
  }
  const count = `${references.length} ${references.length === 1 ? 'operation' : 'operations'}`
  if (verdict.shown === 'absent') {
    return references.length === 0
      ? { result: 'pass', detail: 'The map has nothing for the DID.' }
      : { result: 'fail', detail: `The map has nothing for the DID, of which there are ${count} here.` }
  }
  const same = references.length > 0 && Buffer.compare(verdict.value, chainValue(undefined, references)) === 0
  return same
    ? {
        result: 'pass',
        detail: `What the map has for the DID is what the ${count} here come to: these are all.`,
      }
    : { result: 'fail', detail: `The map has other operations for the DID than the ${count} here.` }
}

function verdictOf(root: Uint8Array, proof: string, key: Uint8Array): MapVerdict {
  try {
    return verifyMapProof(root, key, parseMapProof(proof))
  } catch (error) {
    if (error instanceof MerkleError) return { shown: 'nothing' }
    throw error
  }
}

function rootIn(bytes: Uint8Array): Buffer | LedgerError {
  try {
    const leaf = parseLeaf(bytes)
    if (leaf.type === 'map') return Buffer.from(leaf.root, 'hex')
    return new LedgerError('LEDGER_LEAF_INVALID', `it is of the type ${leaf.type}`)
  } catch (error) {
    if (error instanceof LedgerError) return error
    throw error
  }
}
