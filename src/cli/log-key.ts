import { MerkleError } from '../merkle/errors.ts'
import { LOG_TYPES } from '../merkle/signature-types.ts'
import { type NoteSigner, parseSigningKey } from '../merkle/signing-key.ts'
import { type NoteVerifier, parseVkey } from '../merkle/vkey.ts'
import { EXIT } from '../trust/exit-status.ts'
import { type DataFolder, readSecretFile } from './data-folder.ts'
import { CliError } from './errors.ts'

/**
 * The signing key of a folder's log.
 * @returns undefined where there is none
 * @throws CliError SECRET_FILE_UNSAFE, SECRET_FILE_INVALID, DATA_UNAVAILABLE
 */
export async function readLogKey({ logKey }: DataFolder): Promise<NoteSigner | undefined> {
  const text = await readSecretFile(logKey)
  return text === undefined ? undefined : parseLogKey(logKey, text)
}

/**
 * The key of a log that an operator gives.
 * @param where what gives it, such as `--key`
 * @throws CliError CONFIG_INVALID, also for a key of a type that no log signs with
 */
export function verifierIn(vkey: string, where = 'the setting logKey'): NoteVerifier {
  try {
    return parseVkey(vkey, LOG_TYPES)
  } catch (cause) {
    if (!(cause instanceof MerkleError)) throw cause
    throw new CliError('CONFIG_INVALID', `${where}: ${cause.message}`, {
      hint: 'give the verifier key of the log: "rootline log key" prints it on the node that has the log',
      cause,
    })
  }
}

/** @throws CliError SECRET_FILE_INVALID, which never quotes the text */
export function parseLogKey(path: string, text: string): NoteSigner {
  try {
    return parseSigningKey(text)
  } catch (cause) {
    if (!(cause instanceof MerkleError)) throw cause
    throw new CliError('SECRET_FILE_INVALID', `${path} holds no signing key of a log`, {
      hint: 'put back the file from a copy',
      status: EXIT.internal,
      cause,
    })
  }
}
