import type { FastifyBaseLogger } from 'fastify'
import { buildWitnessServer, type WitnessServerParts } from '../api/witness-server.ts'
import { Witness, type WitnessedLog, type WitnessParts } from '../ledger/witness/witness.ts'
import { MerkleError } from '../merkle/errors.ts'
import { LOG_TYPES, ML_DSA_44 } from '../merkle/signature-types.ts'
import { type NoteVerifier, parseVkey } from '../merkle/vkey.ts'
import { CliError } from './errors.ts'
import { closeServer, listenOn } from './listen.ts'
import { readPolicyFile } from './policy-file.ts'
import { cosignerIn, openWitnessStore, type WantedKey } from './witness-key.ts'

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
  /** What its key is to be. */
  key?: WantedKey
  /** Requests of one client address in a minute; 0 for any number. */
  requestsPerMinute: number
  /** What makes a mirror of it: see `Witness` and its server. */
  mirrors?: Pick<WitnessParts, 'hold'> & Pick<WitnessServerParts, 'content'>
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
  const store = await openWitnessStore(options.data)
  try {
    const cosigner = await cosignerIn(options.data, store, options.key ?? {})
    requireSignable(cosigner.verifier, logs)
    const { logger, requestsPerMinute, mirrors } = options
    const witness = new Witness({
      ...(mirrors?.hold === undefined ? {} : { hold: mirrors.hold }),
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
      ...(mirrors?.content === undefined ? {} : { content: mirrors.content }),
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

/** @throws CliError USAGE for a log whose checkpoints a key of this type cannot sign */
function requireSignable({ type }: NoteVerifier, logs: readonly WitnessedLog[]): void {
  const long = logs.find(({ origin }) => Buffer.byteLength(origin) > 255)
  if (type !== ML_DSA_44.type || long === undefined) return
  throw new CliError('USAGE', `a key of the type ${ML_DSA_44.name} signs origins of at most 255 bytes`)
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
