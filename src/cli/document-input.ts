import type { Readable } from 'node:stream'
import { checkPublicJwk } from '../../did-methods/public-key.ts'
import { isJsonObject, type JsonObject } from '../codec/json.ts'
import { generatePrivateJwk } from '../keys/generate.ts'
import { publicJwkOf } from '../keys/jwk.ts'
import type { NewKey } from '../keys/keystore.ts'
import type { KeyCurve } from '../keys/types.ts'
import type { DocumentState, KeyPurpose, Patch, PublicKeyEntry, ServiceEntry } from '../sidetree/types.ts'
import { CliError } from './errors.ts'
import { readJsonInput } from './input.ts'

/** What the command line says of a document: keys and services. */
export interface DocumentOptions {
  /** `[ID=]FILE` or `[ID=]generate`. */
  keys: readonly string[]
  /** `ID,TYPE,URL`. */
  services: readonly string[]
  /** Comma-separated; default: authentication and assertionMethod. */
  purposes: string | undefined
  /** Of keys that are generated. */
  curve: KeyCurve
  /** True where a key without an id may take the next free one: the document has no other keys. */
  chooseIds: boolean
}

/** Entries of a document, and the private keys that were generated for them. */
export interface DocumentEntries {
  publicKeys: PublicKeyEntry[]
  services: ServiceEntry[]
  generated: NewKey[]
}

const PURPOSES: readonly KeyPurpose[] = [
  'authentication',
  'keyAgreement',
  'assertionMethod',
  'capabilityDelegation',
  'capabilityInvocation',
]
const ID = /^[A-Za-z0-9_-]{1,50}$/

/**
 * Reads keys and services of the command line.
 * @throws CliError USAGE, INPUT_UNREADABLE, INPUT_INVALID; DidError for a JWK that cannot be published
 */
export async function readEntries(options: DocumentOptions, stdin: Readable): Promise<DocumentEntries> {
  const purposes = readPurposes(options.purposes)
  const entries: DocumentEntries = {
    publicKeys: [],
    services: options.services.map(readService),
    generated: [],
  }
  for (const text of options.keys) {
    const free = () => freeId(entries.publicKeys, options)
    const [wanted, source] = splitKey(text)
    if (source === 'generate') {
      const id = wanted ?? free()
      const jwk = generatePrivateJwk(options.curve)
      entries.generated.push({ jwk, id, role: 'document' })
      entries.publicKeys.push(keyEntry(id, { ...publicJwkOf(jwk) }, purposes))
    } else {
      const jwk = await readPublicJwk(source, stdin)
      const { kid, ...bare } = jwk
      const id = wanted ?? (typeof kid === 'string' && ID.test(kid) ? kid : free())
      entries.publicKeys.push(keyEntry(id, bare, purposes))
    }
  }
  return entries
}

/** The document of entries; members without entries are left out. */
export function documentOf({ publicKeys, services }: DocumentEntries): DocumentState {
  return {
    ...(publicKeys.length > 0 ? { publicKeys } : {}),
    ...(services.length > 0 ? { services } : {}),
  }
}

/** A document from a file, or stdin for `-`. Its rules are checked when the operation is made. */
export async function readDocument(path: string, stdin: Readable): Promise<DocumentState> {
  const value = await readJsonInput(path, stdin)
  if (isJsonObject(value)) return value as unknown as DocumentState
  throw new CliError('INPUT_INVALID', 'a document is a JSON object with publicKeys and services')
}

/** Patches from a file, or stdin for `-`. Their rules are checked when the operation is made. */
export async function readPatches(path: string, stdin: Readable): Promise<Patch[]> {
  const value = await readJsonInput(path, stdin)
  if (Array.isArray(value)) return value as unknown as Patch[]
  throw new CliError('INPUT_INVALID', 'patches are a JSON array')
}

function readPurposes(text: string | undefined): KeyPurpose[] {
  if (text === undefined) return ['authentication', 'assertionMethod']
  return text.split(',').map(name => {
    const purpose = PURPOSES.find(known => known === name.trim())
    if (purpose !== undefined) return purpose
    throw new CliError('USAGE', `a purpose is one of ${PURPOSES.join(', ')}`)
  })
}

function readService(text: string): ServiceEntry {
  const [id = '', type = '', ...rest] = text.split(',')
  const serviceEndpoint = rest.join(',')
  if (id !== '' && type !== '' && serviceEndpoint !== '') return { id, type, serviceEndpoint }
  throw new CliError('USAGE', `a service is given as ID,TYPE,URL, not ${JSON.stringify(text)}`)
}

function splitKey(text: string): [string | undefined, string] {
  const [, id, source] = /^([A-Za-z0-9_-]{1,50})=(.+)$/.exec(text) ?? []
  return id === undefined || source === undefined ? [undefined, text] : [id, source]
}

async function readPublicJwk(path: string, stdin: Readable): Promise<JsonObject> {
  const jwk = await readJsonInput(path, stdin)
  if (!isJsonObject(jwk)) throw new CliError('INPUT_INVALID', `${path} holds no JWK`)
  checkPublicJwk(jwk)
  return jwk
}

function keyEntry(id: string, publicKeyJwk: JsonObject, purposes: KeyPurpose[]): PublicKeyEntry {
  return { id, type: 'JsonWebKey2020', publicKeyJwk, purposes }
}

/** `key-1`, `key-2`, ... @throws CliError USAGE where the document may hold keys of that id already */
function freeId(keys: readonly PublicKeyEntry[], { chooseIds }: DocumentOptions): string {
  if (!chooseIds) throw new CliError('USAGE', 'say which id the new key is to have: --add-key ID=FILE')
  for (let i = 1; ; i++) if (!keys.some(key => key.id === `key-${i}`)) return `key-${i}`
}
