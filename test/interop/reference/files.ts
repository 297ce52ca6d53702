import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import type { JsonObject, JsonValue } from '../../../src/codec/json.ts'
import { compactJws, poolKey } from './keys.ts'
import {
  makeNext,
  newWallet,
  type OperationFault,
  operationFaults,
  type RawOperation,
  twin,
} from './operations.ts'
import { patchLists } from './patches.ts'
import { type FileKind, referenceHash } from './reference.ts'

/** A file as it is stored, and the JSON text that it was made from. */
export interface GeneratedFile {
  kind: FileKind
  bytes: Uint8Array
  text: string
  /** The DIDs that a core proof file's deactivates are of. */
  deactivated: string[]
}

const KINDS: FileKind[] = ['coreIndex', 'coreProof', 'provisionalIndex', 'provisionalProof', 'chunk']
const URI = 'QmWd5PH6vyRH5kMdzZRPBnf952dbR4av3Bd7B2wBqMaAcf'
const SUFFIXES = [4, 5, 6, 7, 8, 9].map(n => referenceHash({ suffix: n }))

/** A sound file of each kind, with up to three entries of what it lists. */
function soundFile(kind: FileKind, operations: readonly RawOperation[]): JsonObject {
  const of = (type: string) => operations.filter(operation => operation.type === type)
  const references = (type: string) =>
    of(type).map(({ didSuffix, revealValue = '' }) => ({ didSuffix, revealValue }))
  const proofs = (type: string) => of(type).map(({ signedData = '' }) => ({ signedData }))
  switch (kind) {
    case 'coreIndex':
      return {
        provisionalIndexFileUri: URI,
        coreProofFileUri: URI,
        writerLockId: 'lock',
        operations: {
          create: [
            { suffixData: { deltaHash: poolKey(4).reveal, recoveryCommitment: poolKey(5).commitment } },
          ],
          recover: references('recover'),
          deactivate: references('deactivate'),
        },
      }
    case 'coreProof':
      return { operations: { recover: proofs('recover'), deactivate: proofs('deactivate') } }
    case 'provisionalIndex':
      return {
        chunks: [{ chunkFileUri: URI }],
        provisionalProofFileUri: URI,
        operations: { update: references('update') },
      }
    case 'provisionalProof':
      return { operations: { update: proofs('update') } }
    case 'chunk':
      return { deltas: of('update').map(({ delta }) => delta ?? null) }
  }
}

/** What a value inside a file is put in place of. */
const oddValues: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom<JsonValue>(null, true, false, 0, -1, 1.5, 1e21, '', 'text', [], {}, [[]], [null], [{}], {
    a: 1,
  }),
  fc.constantFrom<JsonValue>(
    URI,
    'x'.repeat(99),
    'x'.repeat(100),
    'x'.repeat(101),
    'x'.repeat(200),
    'x'.repeat(201),
  ),
  fc.constantFrom<JsonValue>('é'.repeat(50), 'é'.repeat(101), '__proto__', 'constructor', { constructor: 1 }),
  fc.constantFrom<JsonValue>(
    Buffer.concat([Buffer.from([0x12, 0x1f]), Buffer.alloc(31)]).toString('base64url'),
    Buffer.concat([Buffer.from([0x12, 0x20]), Buffer.alloc(31)]).toString('base64url'),
    Buffer.concat([Buffer.from([0x16, 0x20]), Buffer.alloc(32)]).toString('base64url'),
    Buffer.concat([Buffer.from([0x92, 0x00, 0x20]), Buffer.alloc(32)]).toString('base64url'),
    `${poolKey(4).reveal}=`,
    `${poolKey(4).reveal}A`,
    ` ${poolKey(4).reveal}`,
  ),
  fc.constantFrom<JsonValue>(
    compactJws({ alg: 'ES256K' }, {}, poolKey(4)),
    compactJws({ alg: 'ES256K' }, [], poolKey(4)),
    compactJws({ alg: 'ES256K' }, 'null', poolKey(4)),
    compactJws({ alg: 'ES256K' }, '5', poolKey(4)),
    compactJws([], {}, poolKey(4)),
    'a.b',
    'a.b.c.d',
    '..',
  ),
)

/** Ways to change one place in a JSON value. `at` picks the place. */
type Mutation =
  | { how: 'replace'; at: number; value: JsonValue }
  | { how: 'remove' | 'repeat' | 'twin' | 'cut' | 'lengthen'; at: number }
  | { how: 'add'; at: number; name: string; value: JsonValue }

const mutations: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ how: fc.constant('replace' as const), at: fc.nat(999), value: oddValues }),
  fc.record({ how: fc.constantFrom('remove', 'repeat', 'twin', 'cut', 'lengthen'), at: fc.nat(999) }),
  fc.record({
    how: fc.constant('add' as const),
    at: fc.nat(999),
    name: fc.constantFrom('x', 'operations', 'type', 'anchorOrigin', 'update', 'toString', ''),
    value: oddValues,
  }),
)

type Place = { owner: JsonValue[] | JsonObject; name: string | number }

/** Applies one change in place; where it fits nowhere, nothing changes. */
function mutate(root: JsonObject, mutation: Mutation): void {
  const places: Place[] = []
  const visit = (owner: JsonValue[] | JsonObject): void => {
    for (const name of Array.isArray(owner) ? owner.keys() : Object.keys(owner)) {
      places.push({ owner, name })
      const value = (owner as JsonObject)[name]
      if (typeof value === 'object' && value !== null) visit(value)
    }
  }
  visit(root)
  const place = places[mutation.at % Math.max(1, places.length)]
  if (place === undefined) return
  const owner = place.owner as JsonObject
  const value = owner[place.name]
  switch (mutation.how) {
    case 'replace':
      owner[place.name] = structuredClone(mutation.value)
      return
    case 'remove':
      if (Array.isArray(place.owner)) place.owner.splice(Number(place.name), 1)
      else delete owner[place.name]
      return
    case 'repeat':
      if (Array.isArray(place.owner)) place.owner.push(structuredClone(value ?? null))
      return
    case 'add':
      if (!Array.isArray(place.owner)) owner[mutation.name] = structuredClone(mutation.value)
      return
    default:
      if (typeof value === 'string' && value !== '') owner[place.name] = reword(value, mutation.how)
  }
}

function reword(text: string, how: 'twin' | 'cut' | 'lengthen'): string {
  return how === 'twin' ? twin(text) : how === 'cut' ? text.slice(0, -1) : `${text}A`
}

/** Ways to write a JSON value that are the same value, or almost. */
const TEXTS: { [name: string]: (json: JsonObject) => string } = {
  plain: json => JSON.stringify(json),
  indented: json => JSON.stringify(json, null, 2),
  'space around it': json => ` \n${JSON.stringify(json)}\t\r\n`,
  'a member twice, the first null': json => {
    const [name = 'x'] = Object.keys(json)
    return `{${JSON.stringify(name)}:null,${JSON.stringify(json).slice(1)}`
  },
  'a member twice, the last null': json => {
    const [name = 'x'] = Object.keys(json)
    return `${JSON.stringify(json).slice(0, -1)},${JSON.stringify(name)}:null}`
  },
  'names with escapes': json => JSON.stringify(json).replace(/"operations"/, '"\\u006fperations"'),
  'text after it': json => `${JSON.stringify(json)}x`,
  'two values': json => JSON.stringify(json).repeat(2),
  'in an array': json => `[${JSON.stringify(json)}]`,
  'byte order mark': json => `\u{feff}${JSON.stringify(json)}`,
  'comma at the end': json => `${JSON.stringify(json).slice(0, -1)},}`,
  'cut short': json => JSON.stringify(json).slice(0, -1),
  'an empty object': () => '{}',
  'an empty array': () => '[]',
  null: () => 'null',
  'a number': () => '7',
  'a string': () => '"text"',
  nothing: () => '',
}

/** Ways to store a text. */
const STORAGE: { [name: string]: (text: string) => Buffer } = {
  gzip: text => gzipSync(text, { level: 1 }),
  'two gzip members': text => Buffer.concat([gzipSync(text.slice(0, 9)), gzipSync(text.slice(9))]),
  'zeros after gzip': text => Buffer.concat([gzipSync(text), Buffer.alloc(9)]),
  'bytes after gzip': text => Buffer.concat([gzipSync(text), Buffer.from('more')]),
  'gzip cut short': text => gzipSync(text).subarray(0, -3),
  'gzip with another checksum': text => {
    const bytes = gzipSync(text)
    bytes[bytes.length - 5] = (bytes[bytes.length - 5] ?? 0) ^ 1
    return bytes
  },
  'not compressed': text => Buffer.from(text),
  nothing: () => Buffer.alloc(0),
}

/** Mostly the first of the names, sometimes another. */
function nameOf(choices: object): fc.Arbitrary<string> {
  const [first = '', ...others] = Object.keys(choices)
  return fc.oneof(
    { weight: 8, arbitrary: fc.constant(first) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  )
}

/** Files of the five kinds: sound ones, and ones with up to three things changed. */
export const files: fc.Arbitrary<GeneratedFile> = fc
  .record({
    kind: fc.constantFrom(...KINDS),
    entries: fc.array(fc.record({ fault: faults(), patches: patchLists }), { minLength: 3, maxLength: 6 }),
    changes: fc.oneof(fc.constant([]), fc.array(mutations, { minLength: 1, maxLength: 3 })),
    text: nameOf(TEXTS),
    storage: nameOf(STORAGE),
  })
  .map(({ kind, entries, changes, text: textName, storage }) => {
    const operations = entries.map(({ fault, patches }, i) => {
      const type = (['update', 'recover', 'deactivate'] as const)[i % 3] ?? 'update'
      return makeNext(type, { ...newWallet(4 + 2 * i), suffix: SUFFIXES[i] ?? '' }, patches, fault)
    })
    const json = structuredClone(soundFile(kind, operations))
    for (const change of changes) mutate(json, change)
    const text = TEXTS[textName]?.(json) ?? ''
    const bytes = STORAGE[storage]?.(text) ?? Buffer.alloc(0)
    const deactivated = operations
      .filter(({ type }) => type === 'deactivate')
      .map(({ didSuffix }) => didSuffix)
    return { kind, bytes, text, deactivated }
  })

function faults(): fc.Arbitrary<OperationFault> {
  return fc.oneof(
    { weight: 9, arbitrary: fc.constant<OperationFault>('none') },
    { weight: 1, arbitrary: operationFaults },
  )
}
