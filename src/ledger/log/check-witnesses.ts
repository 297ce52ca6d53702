import type { SignedCheckpoint } from '../../merkle/checkpoint.ts'
import { meetsQuorum, type PolicyWitness, type TlogPolicy } from '../../merkle/policy.ts'
import { rfc3339 } from '../time.ts'
import type { ProofCheck } from '../types.ts'
import { witnessRoot } from './description.ts'

/** Of so many cosigners at the most, all smallest quorums are looked for. */
const MAX_LISTED = 8

/**
 * What the cosignatures on a checkpoint come to. Too few witnesses speak against nothing: more of them may cosign yet.
 * @param checkpoint opened with the keys of the policy's witnesses; undefined where the log has not signed it
 * @param policy with a quorum
 */
export function checkWitnesses(checkpoint: SignedCheckpoint | undefined, policy: TlogPolicy): ProofCheck {
  const code = 'CHECKPOINT_WITNESSED'
  if (checkpoint === undefined) {
    return { code, result: 'skipped', detail: 'There is no checkpoint signed by the log.' }
  }
  const times = new Map(checkpoint.signatures.map(({ verifier, timestamp }) => [verifier.vkey, timestamp]))
  const cosigners = policy.witnesses.filter(({ verifier }) => times.has(verifier.vkey))
  const at = ({ verifier }: PolicyWitness) => {
    const time = times.get(verifier.vkey)
    return time === undefined ? 'without a time' : `at ${rfc3339(time)}`
  }
  const who = cosigners.map(witness => `${witness.name} ${at(witness)}`).join(', ') || 'nobody'
  const cosignatures = cosigners.map(witness => ({
    root: witnessRoot(witness),
    detail: `${witness.name} has cosigned the checkpoint, ${at(witness)}.`,
  }))
  const quorums = quorumsOf(cosigners, policy)
  if (quorums.length > 0) {
    const detail = `A quorum of witnesses has cosigned the checkpoint: ${who}.`
    return { code, result: 'pass', detail, cosignatures, quorums }
  }
  const detail = `The quorum of the policy has not cosigned the checkpoint: ${who} has.`
  return { code, result: 'undecided', detail, cosignatures }
}

/** The smallest sets of cosigners that are a quorum, by the ids of their roots; none where they are none together. */
function quorumsOf(cosigners: readonly PolicyWitness[], policy: TlogPolicy): string[][] {
  const isQuorum = (set: readonly PolicyWitness[]) =>
    meetsQuorum(policy, new Set(set.map(({ verifier }) => verifier.vkey)))
  const idsOf = (set: readonly PolicyWitness[]) => set.map(witness => witnessRoot(witness).id)
  if (!isQuorum(cosigners)) return []
  if (cosigners.length > MAX_LISTED) return [idsOf(cosigners)]
  const sets = Array.from({ length: 2 ** cosigners.length }, (_, bits) =>
    cosigners.filter((_, i) => (bits >> i) & 1),
  )
  // A quorum is a smallest one where it needs each of its members.
  return sets
    .filter(set => isQuorum(set) && set.every(one => !isQuorum(set.filter(other => other !== one))))
    .map(idsOf)
}
