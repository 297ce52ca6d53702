import { randomBytes } from 'node:crypto'
import { formatSigningKey } from '../../merkle/signing-key.ts'

/**
 * A new signing key for a log, as text (`PRIVATE+KEY+...`): for a file of mode 0600, and to be read again with
 * `parseSigningKey`.
 * @param name of the key; C2SP tlog-checkpoint wants it to equal the log's origin
 * @throws MerkleError SIGNING_KEY_INVALID for a name that a key cannot have
 */
export function generateLogKey(name: string): string {
  return formatSigningKey(name, randomBytes(32))
}
