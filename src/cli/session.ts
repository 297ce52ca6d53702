import { CURVES } from '../keys/curves.ts'
import type { Keystore } from '../keys/keystore.ts'
import type { KeyCurve } from '../keys/types.ts'
import type { DidMethod } from '../sidetree/did.ts'
import { PROTOCOL_VERSIONS, type ProtocolParameters } from '../sidetree/parameters.ts'
import { NodeClient } from './client.ts'
import { readSecretFile } from './data-folder.ts'
import { CliError } from './errors.ts'
import { openKeystore } from './keystore-access.ts'
import type { Run } from './run.ts'
import type { Settings } from './settings.ts'

/** What making operations takes: a node, keys, and the rules. */
export interface DidSession {
  client: NodeClient
  keystore: Keystore
  method: DidMethod
  parameters: ProtocolParameters
  /** Longest wait for the node in all, in milliseconds. */
  timeoutMs: number
  /** Tells how far something has come. */
  progress: (text: string) => void
}

/** A client of the node in the settings. Without a token it can only read. */
export async function nodeClient({ node, tokenFile, timeout }: Settings): Promise<NodeClient> {
  if (!URL.canParse(node)) throw new CliError('CONFIG_INVALID', `the setting node: ${node} is no URL`)
  const token = await readToken(tokenFile)
  return new NodeClient({ url: node, timeoutMs: timeout * 1000, ...(token === undefined ? {} : { token }) })
}

/** A client that can write. @throws CliError TOKEN_MISSING, TOKEN_NOT_SENT */
export async function writingClient(settings: Settings): Promise<NodeClient> {
  if ((await readToken(settings.tokenFile)) === undefined) {
    throw new CliError('TOKEN_MISSING', `there is no token in ${settings.tokenFile}`, {
      hint: 'a node makes it when it starts: name its folder with --data, or the file with --token-file',
    })
  }
  const client = await nodeClient(settings)
  client.requireSafeWrites()
  return client
}

/**
 * Everything that a command which changes a DID needs, looked at before anything is changed.
 * @throws CliError TOKEN_MISSING, TOKEN_NOT_SENT, NODE_UNREACHABLE, NODE_METHOD_MISMATCH, and as `openKeystore`
 */
export async function openSession(run: Run, options: { makeKeystore: boolean }): Promise<DidSession> {
  const { settings, terminal } = run
  const client = await writingClient(settings)
  const { method } = await client.status()
  if (method !== settings.method) {
    throw new CliError('NODE_METHOD_MISMATCH', `the node serves did:${method}, not did:${settings.method}`, {
      hint: `say --method ${method}`,
    })
  }
  const keystore = await openKeystore(run, { make: options.makeKeystore })
  const { network } = settings
  return {
    client,
    keystore,
    method: network === undefined ? { name: method } : { name: method, network },
    parameters: protocolParameters(settings),
    timeoutMs: settings.timeout * 1000,
    progress: text => terminal.progress(text),
  }
}

/** The curve of new operation keys. @throws CliError USAGE where the protocol has no such keys */
export function operationCurve(wanted: string | undefined, { keyCurves }: ProtocolParameters): KeyCurve {
  const preferred: KeyCurve = keyCurves.includes('Ed25519') ? 'Ed25519' : 'secp256k1'
  const curve = keyCurves.find(known => known === (wanted ?? preferred))
  if (curve !== undefined) return curve
  throw new CliError('USAGE', `operation keys are of one of these types: ${keyCurves.join(', ')}`)
}

/** Every key type, by the name of its curve. @throws CliError USAGE */
export function keyCurve(wanted: string): KeyCurve {
  const curve = (Object.keys(CURVES) as KeyCurve[]).find(known => known === wanted)
  if (curve !== undefined) return curve
  throw new CliError('USAGE', `a key is of one of these types: ${Object.keys(CURVES).join(', ')}`)
}

/** The rules that new operations follow. */
export function protocolParameters({ protocol }: Settings): ProtocolParameters {
  const versions: readonly ProtocolParameters[] = PROTOCOL_VERSIONS[protocol]
  return versions.at(-1) as ProtocolParameters
}

async function readToken(path: string): Promise<string | undefined> {
  const token = await readSecretFile(path)
  return token === '' ? undefined : token
}
