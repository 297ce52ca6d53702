import { MerkleError } from '../merkle/errors.ts'
import { MAX_POLICY_LENGTH, parsePolicy, type TlogPolicy } from '../merkle/policy.ts'
import type { NoteVerifier } from '../merkle/vkey.ts'
import { CliError } from './errors.ts'
import { readFileUpTo } from './input.ts'

/** What stands for a policy file where no witness is to be asked for; a file of this name is `./none`. */
export const NO_POLICY = 'none'

/**
 * Reads the policy of a log's witnesses from its file (C2SP tlog-policy).
 * @throws CliError INPUT_UNREADABLE, INPUT_INVALID
 */
export async function readPolicyFile(path: string): Promise<TlogPolicy> {
  const bytes = await readFileUpTo(path, MAX_POLICY_LENGTH)
  try {
    return parsePolicy(bytes.toString('utf8'))
  } catch (cause) {
    if (!(cause instanceof MerkleError)) throw cause
    throw new CliError('INPUT_INVALID', `${path}: ${cause.message}`, { cause })
  }
}

/**
 * Reads the policy of the witnesses of one log: it names no log, or that one, and the log is none of its witnesses.
 * @param path undefined, or {@link NO_POLICY}: without a policy
 * @throws CliError as {@link readPolicyFile}; CONFIG_INVALID
 */
export async function readPolicyOf(
  path: string | undefined,
  { name, vkey, fingerprint }: NoteVerifier,
): Promise<TlogPolicy | undefined> {
  if (path === undefined || path === NO_POLICY) return undefined
  const policy = await readPolicyFile(path)
  if (policy.witnesses.some(({ verifier }) => verifier.fingerprint === fingerprint)) {
    throw new CliError('CONFIG_INVALID', `a witness of the policy ${path} has the key of the log itself`, {
      hint: 'a log does not witness itself: take the witness out of the policy',
    })
  }
  if (policy.logs.length === 0 || policy.logs.some(log => log.verifier.vkey === vkey)) return policy
  throw new CliError('CONFIG_INVALID', `the policy ${path} is of other logs than ${name}`, {
    hint: 'name the log in the policy with its verifier key, or use the policy of this log',
  })
}
