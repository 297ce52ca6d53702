import type { VerifiedSignature } from '../../merkle/note.ts'
import { meetsQuorum, type TlogPolicy } from '../../merkle/policy.ts'

/** Whether those who have signed a checkpoint are a quorum of the policy's witnesses. */
export function hasQuorum(policy: TlogPolicy, signatures: readonly VerifiedSignature[]): boolean {
  return meetsQuorum(policy, new Set(signatures.map(({ verifier }) => verifier.vkey)))
}

/**
 * When a quorum of witnesses last said that it knows of no larger tree: the latest second such that those who cosigned
 * then or later are a quorum. Undefined where they are none, or none is needed.
 */
export function quorumTime(policy: TlogPolicy, signatures: readonly VerifiedSignature[]): number | undefined {
  return timeOfQuorum(policy, inOrder(signatures).reverse())
}

/**
 * When the checkpoint was there at the latest, by the word of a quorum: the earliest second such that those who cosigned
 * then or before are a quorum. Undefined where they are none, or none is needed.
 */
export function firstQuorumTime(
  policy: TlogPolicy,
  signatures: readonly VerifiedSignature[],
): number | undefined {
  return timeOfQuorum(policy, inOrder(signatures))
}

interface Cosigned {
  vkey: string
  timestamp: number
}

/** Cosignatures, the earliest first. */
function inOrder(signatures: readonly VerifiedSignature[]): Cosigned[] {
  const cosigned = signatures.flatMap(({ verifier, timestamp }) =>
    timestamp === undefined ? [] : [{ vkey: verifier.vkey, timestamp }],
  )
  return cosigned.sort((a, b) => a.timestamp - b.timestamp)
}

/** The time of the one that makes those up to it a quorum. */
function timeOfQuorum(policy: TlogPolicy, cosigned: readonly Cosigned[]): number | undefined {
  const signed = new Set<string>()
  if (meetsQuorum(policy, signed)) return undefined
  for (const { vkey, timestamp } of cosigned) {
    signed.add(vkey)
    if (meetsQuorum(policy, signed)) return timestamp
  }
  return undefined
}
