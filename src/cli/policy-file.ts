import { readFile } from 'node:fs/promises'
import { MerkleError } from '../merkle/errors.ts'
import { parsePolicy, type TlogPolicy } from '../merkle/policy.ts'
import { CliError } from './errors.ts'

/**
 * Reads the policy of a log's witnesses from its file (C2SP tlog-policy).
 * @throws CliError INPUT_UNREADABLE, INPUT_INVALID
 */
export async function readPolicyFile(path: string): Promise<TlogPolicy> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CliError('INPUT_UNREADABLE', `${path} cannot be read: ${reason}`, { cause })
  }
  try {
    return parsePolicy(text)
  } catch (cause) {
    if (!(cause instanceof MerkleError)) throw cause
    throw new CliError('INPUT_INVALID', `${path}: ${cause.message}`, { cause })
  }
}
