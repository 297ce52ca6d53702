import { randomBytes, randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { hasCosigned, ownerOf, setOwner } from '../ledger/witness/owner.ts'
import { MerkleError } from '../merkle/errors.ts'
import { COSIGNATURE_V1, ML_DSA_44, type SignatureType } from '../merkle/signature-types.ts'
import { type Cosigner, formatSigningKey, parseCosignerKey } from '../merkle/signing-key.ts'
import { Store } from '../store/store.ts'
import { EXIT } from '../trust/exit-status.ts'
import { makeFolder, readSecretFile, writeSecretFile } from './data-folder.ts'
import { CliError } from './errors.ts'

/** Types of keys of witnesses, by the words of the command line. */
export const WITNESS_KEY_TYPES = { ed25519: COSIGNATURE_V1, 'ml-dsa-44': ML_DSA_44 } as const satisfies {
  [word: string]: SignatureType
}

/** The key that a witness is to have: what a new one is made as, and what one that is there has to be. */
export interface WantedKey {
  /** Default: a name of this machine with random digits. */
  name?: string
  /** A word of {@link WITNESS_KEY_TYPES}. Default ed25519. */
  type?: string
}

/** Opens the database in the folder of a witness, which is made where there is none. @throws CliError, StoreError */
export async function openWitnessStore(data: string): Promise<Store> {
  await makeFolder(data)
  return Store.open(databaseOf(data))
}

/** The key of a witness that has run in a folder. @throws CliError WITNESS_KEY_MISSING, SECRET_FILE_* */
export async function readWitnessKey(data: string): Promise<Cosigner> {
  const path = keyFile(data)
  const text = await readSecretFile(path)
  if (text !== undefined) return parseKey(path, text)
  throw new CliError('WITNESS_KEY_MISSING', `there is no key ${path}`, {
    hint: 'name the folder of the witness with --data, or make the key with --make',
  })
}

/**
 * The key of a folder, made where there is none, with the database that it belongs to: before the witness first runs, so
 * that its logs can know it.
 * @throws CliError as {@link cosignerIn}; StoreError
 */
export async function makeWitnessKey(data: string, wanted: WantedKey): Promise<Cosigner> {
  const text = await readSecretFile(keyFile(data))
  if (text !== undefined) {
    // The database is not opened: a witness may be running on it.
    if (!existsSync(databaseOf(data))) throw databaseMissing(data)
    return requireWanted(data, parseKey(keyFile(data), text), wanted)
  }
  const store = await openWitnessStore(data)
  try {
    return await cosignerIn(data, store, wanted)
  } finally {
    await store.close()
  }
}

/**
 * The key in the folder of a witness, made where there is none. Key and database belong together: a key whose database is
 * gone would sign from the beginning again, for a second history too; and a new key with an old database would be another
 * witness that calls itself the same.
 * @throws CliError WITNESS_DATABASE_MISSING, WITNESS_KEY_MISSING, WITNESS_KEY_MISMATCH, SECRET_FILE_*, USAGE
 */
export async function cosignerIn(data: string, store: Store, wanted: WantedKey): Promise<Cosigner> {
  const path = keyFile(data)
  const found = await readSecretFile(path)
  if (found !== undefined) {
    const cosigner = parseKey(path, found)
    requireOwner(data, store, cosigner)
    return requireWanted(data, cosigner, wanted)
  }
  if (await hasCosigned(store)) {
    throw new CliError('WITNESS_KEY_MISSING', `a witness has run in ${data}, and its key ${path} is gone`, {
      hint: 'put back the file witness.key from a copy',
      status: EXIT.internal,
    })
  }
  const name = wanted.name ?? `localhost/witness-${String(randomInt(1e8)).padStart(8, '0')}`
  const key = newKey(name, typeOf(wanted.type ?? 'ed25519'))
  const cosigner = parseKey(path, key)
  // In this order: a kill in between leaves a database that has cosigned nothing, and no key.
  await setOwner(store, cosigner.verifier.vkey)
  await writeSecretFile(path, key)
  return cosigner
}

/** @throws CliError WITNESS_KEY_MISMATCH, USAGE */
function requireWanted(data: string, cosigner: Cosigner, { name, type }: WantedKey): Cosigner {
  const { verifier } = cosigner
  const wantedType = type === undefined ? verifier.type : typeOf(type).type
  if ((name ?? verifier.name) === verifier.name && wantedType === verifier.type) return cosigner
  const own = Object.entries(WITNESS_KEY_TYPES).find(([, known]) => known.type === verifier.type)?.[0]
  const wanted = [name, type].filter(part => part !== undefined).join(' ')
  throw new CliError(
    'WITNESS_KEY_MISMATCH',
    `the witness in ${data} is ${verifier.name} with a key of the type ${own}, not ${wanted}`,
    { hint: 'a witness keeps its name and its key: leave --name and --type out, or use another folder' },
  )
}

/** @throws CliError USAGE */
function typeOf(word: string): SignatureType {
  const found = Object.entries(WITNESS_KEY_TYPES).find(([name]) => name === word)
  if (found !== undefined) return found[1]
  const words = Object.keys(WITNESS_KEY_TYPES).join(', ')
  throw new CliError(
    'USAGE',
    `a witness has no key of the type ${JSON.stringify(word)}: give one of ${words}`,
  )
}

/** @throws CliError WITNESS_DATABASE_MISSING, WITNESS_KEY_MISSING */
function requireOwner(data: string, store: Store, { verifier }: Cosigner): void {
  const owner = ownerOf(store)
  if (owner === verifier.vkey) return
  if (owner !== undefined) {
    throw new CliError('WITNESS_KEY_MISSING', `the witness in ${data} has another key: ${owner}`, {
      hint: 'put back the file witness.key of this folder from a copy',
      status: EXIT.internal,
    })
  }
  throw databaseMissing(data)
}

/** @throws CliError USAGE */
function newKey(name: string, type: SignatureType): string {
  try {
    return formatSigningKey(name, randomBytes(32), type)
  } catch (cause) {
    if (!(cause instanceof MerkleError)) throw cause
    if (cause.code === 'VKEY_UNSUPPORTED') throw new CliError('USAGE', cause.message, { cause })
    throw new CliError('USAGE', `a key cannot have the name ${JSON.stringify(name)}`, { cause })
  }
}

function parseKey(path: string, text: string): Cosigner {
  try {
    return parseCosignerKey(text)
  } catch (cause) {
    if (!(cause instanceof MerkleError)) throw cause
    const unsupported = cause.code === 'VKEY_UNSUPPORTED'
    const why = unsupported ? `: ${cause.message}` : ' holds no signing key of a witness'
    throw new CliError('SECRET_FILE_INVALID', `${path}${why}`, {
      hint: unsupported ? 'run the witness with a newer release of Node.js' : 'put back the file from a copy',
      status: EXIT.internal,
      cause,
    })
  }
}

function keyFile(data: string): string {
  return join(data, 'witness.key')
}

function databaseOf(data: string): string {
  return join(data, 'witness')
}

function databaseMissing(data: string): CliError {
  return new CliError(
    'WITNESS_DATABASE_MISSING',
    `${data} has the key of a witness, and no database that says what it has cosigned`,
    {
      hint: 'without it the key could sign a second history: begin another witness in another folder',
      status: EXIT.internal,
    },
  )
}
