import type { FastifyBaseLogger } from 'fastify'
import { formatPolicy, meetsQuorum, type TlogPolicy } from '../merkle/policy.ts'
import { CliError } from './errors.ts'
import { NO_POLICY } from './policy-file.ts'

/**
 * Does not let witnesses be dropped without a word.
 * @param path of the setting
 * @param kept the policy that the log was opened with before
 * @throws CliError POLICY_MISSING
 */
export function requirePolicy(path: string | undefined, kept: TlogPolicy | undefined): void {
  if (path !== undefined || kept === undefined) return
  throw new CliError(
    'POLICY_MISSING',
    `the log has had the witnesses ${namesOf(kept)}, and no policy is given`,
    {
      hint: 'give the policy again with --policy FILE; "--policy none" goes on without witnesses',
    },
  )
}

/** Tells the operator where others cosign than before. */
export function tellOfPolicy(
  logger: FastifyBaseLogger | undefined,
  kept: TlogPolicy | undefined,
  now: TlogPolicy | undefined,
): void {
  const change = policyChange(kept, now)
  if (change === undefined || logger === undefined) return
  if (kept === undefined) logger.info(change, 'the log has witnesses from now on')
  else logger.warn(change, 'the witnesses of the log are others than before')
}

/** How a policy differs from the one before; undefined where it does not. */
function policyChange(
  before: TlogPolicy | undefined,
  now: TlogPolicy | undefined,
): { added: string[]; removed: string[]; quorum: string } | undefined {
  const [old, given] = [before, now].map(asking)
  if (old?.text === given?.text) return undefined
  const beside = (some: TlogPolicy | undefined, others: TlogPolicy | undefined) =>
    some?.witnesses
      .filter(({ verifier }) => !others?.witnesses.some(other => other.verifier.vkey === verifier.vkey))
      .map(({ name, verifier }) => `${name} (${verifier.name}+${verifier.keyId})`) ?? []
  return {
    added: beside(given?.policy, old?.policy),
    removed: beside(old?.policy, given?.policy),
    quorum: given?.policy.quorum ?? NO_POLICY,
  }
}

function asking(policy: TlogPolicy | undefined): { policy: TlogPolicy; text: string } | undefined {
  return policy === undefined || meetsQuorum(policy, new Set())
    ? undefined
    : { policy, text: formatPolicy(policy) }
}

function namesOf({ witnesses }: TlogPolicy): string {
  return witnesses.map(({ name }) => name).join(', ')
}
