import type { NoteVerifier } from '../merkle/vkey.ts'
import type { PinnedLog } from '../node/proof/proof-ledger.ts'
import { CliError } from './errors.ts'
import { verifierIn } from './log-key.ts'
import { NO_POLICY, readPolicyFile, readPolicyOf } from './policy-file.ts'
import type { Settings } from './settings.ts'

/**
 * The log that something is verified of, by its key, which is given, or is that of the one log that the policy names.
 * @throws CliError USAGE, CONFIG_INVALID, INPUT_UNREADABLE, INPUT_INVALID
 */
export async function pinnedLog({ logKey, origin, policy: file }: Settings): Promise<PinnedLog> {
  const verifier = logKey === undefined ? await logInPolicy(file) : verifierIn(logKey)
  const log = { origin: origin ?? verifier.name, verifier }
  const policy = await readPolicyOf(file, verifier)
  return policy === undefined ? log : { ...log, policy }
}

async function logInPolicy(file: string | undefined): Promise<NoteVerifier> {
  const [log, ...others] = file === undefined || file === NO_POLICY ? [] : (await readPolicyFile(file)).logs
  if (log !== undefined && others.length === 0) return log.verifier
  throw new CliError('USAGE', 'a proof is checked with the key of the log', {
    hint: 'give it with --log-key, or a policy that names that log alone, from a source that you trust',
  })
}
