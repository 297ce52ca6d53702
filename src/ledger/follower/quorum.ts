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
  const signed = new Set<string>()
  if (meetsQuorum(policy, signed)) return undefined
  const stamped = signatures.flatMap(({ verifier, timestamp }) =>
    timestamp === undefined ? [] : [{ vkey: verifier.vkey, timestamp }],
  )
  for (const { vkey, timestamp } of stamped.sort((a, b) => b.timestamp - a.timestamp)) {
    signed.add(vkey)
    if (meetsQuorum(policy, signed)) return timestamp
  }
  return undefined
}
