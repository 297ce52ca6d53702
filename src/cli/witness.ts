import { randomBytes, randomInt } from 'node:crypto'
import { join } from 'node:path'
import type { FastifyBaseLogger } from 'fastify'
import { buildWitnessServer } from '../api/witness-server.ts'
import { hasCosigned, ownerOf, setOwner } from '../ledger/witness/owner.ts'
import { Witness, type WitnessedLog } from '../ledger/witness/witness.ts'
import { MerkleError } from '../merkle/errors.ts'
import { COSIGNATURE_V1, LOG_TYPES } from '../merkle/signature-types.ts'
import { type Cosigner, formatSigningKey, parseCosignerKey } from '../merkle/signing-key.ts'
import { parseVkey } from '../merkle/vkey.ts'
import { Store } from '../store/store.ts'
import { EXIT } from '../trust/exit-status.ts'
import { makeFolder, readSecretFile, writeSecretFile } from './data-folder.ts'
import { CliError } from './errors.ts'
import { closeServer, listenOn } from './listen.ts'
import { readPolicyFile } from './policy-file.ts'

/** What a witness is started with. */
export interface WitnessOptions {
  /** Its folder. */
  data: string
  /** HOST:PORT. */
  listen: string
  /** Logs as the command line names them: VKEY, or ORIGIN=VKEY where the origin is not the name of the key. */
  logs: readonly string[]
  /** A tlog-policy file whose logs are witnessed too. */
  policy?: string
  /** Name of its key, for a new one. */
  name?: string
  /** Requests of one client address in a minute; 0 for any number. */
  requestsPerMinute: number
  logger?: FastifyBaseLogger
}

export interface RunningWitness {
  url: string
  /** The key that its cosignatures are verified with. */
  vkey: string
  witness: Witness
  close(): Promise<void>
}

/**
 * Starts a witness in its folder: `witness.key` (mode 0600) and its database.
 * @throws CliError, StoreError
 */
export async function openWitness(options: WitnessOptions): Promise<RunningWitness> {
  const logs = await logsOf(options)
  await makeFolder(options.data)
  const store = await Store.open(join(options.data, 'witness'))
  try {
    const cosigner = await cosignerIn(options.data, store, options.name)
    const { logger, requestsPerMinute } = options
    const witness = new Witness({
      store,
      logs,
      cosigner,
      now: () => Math.floor(Date.now() / 1000),
      onEvidence: origin =>
        logger?.error({ origin }, 'the log has signed two histories; the evidence is kept'),
    })
    const server = await buildWitnessServer({
      witness,
      requestsPerMinute,
      ...(logger === undefined ? {} : { logger }),
    })
    const url = await listenOn(server, options.listen)
    const close = async () => {
      await closeServer(server)
      await store.close()
    }
    return { url, vkey: cosigner.verifier.vkey, witness, close }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** The key of a witness that has run in a folder. @throws CliError WITNESS_KEY_MISSING, SECRET_FILE_* */
export async function readWitnessKey(data: string): Promise<Cosigner> {
  const path = keyFile(data)
  const text = await readSecretFile(path)
  if (text !== undefined) return parseKey(path, text)
  throw new CliError('WITNESS_KEY_MISSING', `there is no key ${path}`, {
    hint: 'name the folder of the witness with --data',
  })
}

/**
 * The key in the folder of a witness, made where there is none. Key and database belong together: a key whose database is
 * gone would sign from the beginning again, for a second history too; and a new key with an old database would be another
 * witness that calls itself the same.
 */
async function cosignerIn(data: string, store: Store, name: string | undefined): Promise<Cosigner> {
  const path = keyFile(data)
  const found = await readSecretFile(path)
  if (found !== undefined) {
    const cosigner = parseKey(path, found)
    requireOwner(data, store, cosigner)
    if (name === undefined || name === cosigner.verifier.name) return cosigner
    throw new CliError(
      'WITNESS_NAME_MISMATCH',
      `the witness in ${data} is ${cosigner.verifier.name}, not ${name}`,
      {
        hint: 'a witness keeps its name: leave --name out, or use another folder',
      },
    )
  }
  if (await hasCosigned(store)) {
    throw new CliError('WITNESS_KEY_MISSING', `a witness has run in ${data}, and its key ${path} is gone`, {
      hint: 'put back the file witness.key from a copy',
      status: EXIT.internal,
    })
  }
  const made = name ?? `localhost/witness-${String(randomInt(1e8)).padStart(8, '0')}`
  const key = newKey(made)
  const cosigner = parseKey(path, key)
  // In this order: a kill in between leaves a database that has cosigned nothing, and no key.
  await setOwner(store, cosigner.verifier.vkey)
  await writeSecretFile(path, key)
  return cosigner
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
  throw new CliError(
    'WITNESS_DATABASE_MISSING',
    `${data} has the key of a witness, and no database that says what it has cosigned`,
    {
      hint: 'without it the key could sign a second history: begin another witness in another folder',
      status: EXIT.internal,
    },
  )
}

function newKey(name: string): string {
  try {
    return formatSigningKey(name, randomBytes(32), COSIGNATURE_V1)
  } catch (cause) {
    if (!(cause instanceof MerkleError)) throw cause
    throw new CliError('USAGE', `a key cannot have the name ${JSON.stringify(name)}`, { cause })
  }
}

function parseKey(path: string, text: string): Cosigner {
  try {
    return parseCosignerKey(text)
  } catch (cause) {
    if (!(cause instanceof MerkleError)) throw cause
    throw new CliError('SECRET_FILE_INVALID', `${path} holds no signing key of a witness`, {
      hint: 'put back the file from a copy',
      status: EXIT.internal,
      cause,
    })
  }
}

function keyFile(data: string): string {
  return join(data, 'witness.key')
}

async function logsOf({ logs, policy }: WitnessOptions): Promise<WitnessedLog[]> {
  const named = logs.map(parseLog)
  const listed = policy === undefined ? [] : await logsIn(policy)
  const all = [...named, ...listed]
  if (all.length === 0) {
    throw new CliError('USAGE', 'a witness has to know at least one log', {
      hint: 'name it with --log VKEY, or with a line "log" in the file of --policy',
    })
  }
  if (new Set(all.map(({ origin }) => origin)).size < all.length) {
    throw new CliError('USAGE', 'two logs have the same origin')
  }
  return all
}

async function logsIn(path: string): Promise<WitnessedLog[]> {
  const { logs } = await readPolicyFile(path)
  return logs.map(({ verifier }) => ({ origin: verifier.name, verifier }))
}

/** An origin may hold anything but a line end; the key after the last equals sign has a form that cannot be mistaken. */
const LOG = /^(?:(?<origin>[^\n]+)=)?(?<vkey>[^\s+=]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*)$/

function parseLog(text: string): WitnessedLog {
  const { origin, vkey } = LOG.exec(text)?.groups ?? {}
  try {
    const verifier = parseVkey(vkey ?? '', LOG_TYPES)
    return { origin: origin ?? verifier.name, verifier }
  } catch (cause) {
    if (!(cause instanceof MerkleError)) throw cause
    throw new CliError('USAGE', `--log takes VKEY or ORIGIN=VKEY: ${cause.message}`, { cause })
  }
}
