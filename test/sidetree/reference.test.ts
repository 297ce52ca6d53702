import { createRequire } from 'node:module'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { canonicalize } from '../../src/codec/jcs.ts'
import type { JsonObject, JsonValue } from '../../src/codec/json.ts'
import { encodedMultihash } from '../../src/codec/multihash.ts'
import { buildCreate } from '../../src/sidetree/build.ts'
import { checkOperation } from '../../src/sidetree/check.ts'
import { commitmentOf, revealValueOf } from '../../src/sidetree/commitment.ts'
import { parseDid } from '../../src/sidetree/did.ts'
import { toResolutionResult } from '../../src/sidetree/document.ts'
import { SidetreeError } from '../../src/sidetree/errors.ts'
import { requireMultihash } from '../../src/sidetree/input.ts'
import { validatePatches } from '../../src/sidetree/patches.ts'
import { resolveOperations } from '../../src/sidetree/resolution.ts'
import { didSuffixOf, validateSuffixData } from '../../src/sidetree/suffix-data.ts'
import type { AnchoredOperation, Delta, OperationRequest } from '../../src/sidetree/types.ts'
import {
  anchoredFrom,
  at,
  ION,
  ION_VERSIONS,
  keyEntry,
  publicKey,
  serviceEntry,
  signer,
} from './operations.ts'

/** The parts of the peer that run in process (components of @decentralized-identity/sidetree 1.0.6). */
interface Peer {
  validatePatches(patches: unknown): void
  validateSuffixData(data: unknown): void
  validateMultihash(text: unknown): void
  parse(operation: Buffer): Promise<unknown>
  apply(operation: object, state: object): Promise<object | undefined>
  resolve(suffix: string, operations: object[]): Promise<object | undefined>
  document(state: object, did: string): Promise<unknown>
}

let peer: Peer

beforeAll(() => {
  const require = createRequire(import.meta.url)
  const core = '@decentralized-identity/sidetree/dist/lib/core'
  const load = (path: string): { default: unknown } => require(`${core}/${path}`)
  const silent = () => {}
  const logger = load('../common/Logger').default as { initialize(logger: object): void }
  logger.initialize({ info: silent, warn: silent, error: silent })
  peer = assemble(path => load(path).default)
})

type Static = Record<string, (...args: unknown[]) => unknown>

function assemble(load: (path: string) => unknown): Peer {
  const composer = load('versions/latest/DocumentComposer') as Static
  const input = load('versions/latest/InputValidator') as Static
  const operation = load('versions/latest/Operation') as Static
  const Processor = load('versions/latest/OperationProcessor') as new () => Static
  const Resolver = load('Resolver') as new (versions: object, store: object) => Static
  const did = load('versions/latest/Did') as Static
  const processor = new Processor()
  return {
    validatePatches: patches => composer['validateDocumentPatches']?.(patches),
    validateSuffixData: data => input['validateSuffixData']?.(data),
    validateMultihash: text => input['validateEncodedMultihash']?.(text, 'test'),
    parse: async bytes => operation['parse']?.(bytes),
    apply: async (model, state) => processor['apply']?.(model, state) as Promise<object | undefined>,
    resolve: async (suffix, operations) => {
      const versions = { getOperationProcessor: () => processor }
      const resolver = new Resolver(versions, { get: async () => operations })
      return resolver['resolve']?.(suffix) as Promise<object | undefined>
    },
    document: async (state, text) =>
      composer['transformToExternalDocument']?.(state, await did['create']?.(text, 'sidetree'), true),
  }
}

function accepts(check: () => unknown): boolean {
  try {
    check()
    return true
  } catch {
    return false
  }
}

/** Ours may throw nothing but SidetreeError. */
function weAccept(check: () => unknown): boolean {
  try {
    check()
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(SidetreeError)
    return false
  }
}

/** JSON in which every value had its chance to be something else. */
function spoilt(value: JsonValue): fc.Arbitrary<JsonValue> {
  const other = fc.constantFrom<JsonValue>(null, {}, [], '', 'x', 'a b', 0, true, 'https://a.example')
  const children =
    typeof value !== 'object' || value === null
      ? fc.constant(value)
      : Array.isArray(value)
        ? fc.tuple(...value.map(spoilt)).chain(items => {
            const doubled = [...items, ...items.slice(0, 1)]
            return fc.constantFrom<JsonValue[]>(items, items, items, doubled, items.slice(1))
          })
        : fc
            .record(Object.fromEntries(Object.entries(value).map(([k, v]) => [k, spoilt(v)])), {
              requiredKeys: [],
            })
            .chain(object =>
              fc.constantFrom<JsonObject>(
                object as JsonObject,
                { ...value, ...(object as JsonObject) },
                { ...value, ...(object as JsonObject) },
                { ...(object as JsonObject), extra: 1 },
              ),
            )
  return fc.oneof({ weight: 12, arbitrary: children }, { weight: 1, arbitrary: other })
}

const uriLike = fc.oneof(
  fc.webUrl(),
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc
        .constantFrom(
          'http',
          'https',
          'HTTP',
          'urn',
          'urn:uuid',
          'mailto',
          'ws',
          'did',
          ':',
          '//',
          '/',
          '?',
          '#',
        )
        .chain(token =>
          fc.constantFrom(
            token,
            token,
            `${token}:`,
            'a',
            '@',
            'a@b',
            ',',
            'to=',
            '&',
            '[::1]',
            '\u2028',
            '\n',
          ),
        ),
      { maxLength: 8 },
    )
    .map(tokens => tokens.join('')),
  fc.uuid().map(uuid => `urn:uuid:${uuid}`),
)

const multihashLike = fc.oneof(
  fc.string(),
  fc
    .tuple(fc.constantFrom(0x12, 0x16, 0x92), fc.nat(40), fc.uint8Array({ maxLength: 40 }))
    .map(([code, length, digest]) => Buffer.from([code, length, ...digest]).toString('base64url')),
  fc
    .uint8Array({ minLength: 1, maxLength: 40 })
    .map(digest => Buffer.from([0x12, digest.length, ...digest]).toString('base64url')),
  fc
    .tuple(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.constantFrom('A', 'B', 'Q', 'R', 'w', 'x', '='),
    )
    .map(([digest, last]) => {
      const text = Buffer.from([0x12, 32, ...digest]).toString('base64url')
      return text.slice(0, -1) + last
    }),
)

describe('verdicts of the reference implementation, in the ion profile', () => {
  const document = { publicKeys: [keyEntry('k1'), keyEntry('k2')], services: [serviceEntry('s1')] }
  const patches: JsonValue[] = [
    { action: 'replace', document },
    { action: 'add-public-keys', publicKeys: document.publicKeys },
    { action: 'add-services', services: document.services },
    { action: 'remove-public-keys', ids: ['k1'] },
    { action: 'remove-services', ids: ['s1'] },
  ] as unknown as JsonValue[]

  test('patches', () => {
    fc.assert(
      fc.property(fc.oneof(...patches.map(patch => spoilt([patch]))), value => {
        expect(weAccept(() => validatePatches(value, ION))).toBe(accepts(() => peer.validatePatches(value)))
      }),
    )
  })

  test('service endpoints', () => {
    fc.assert(
      fc.property(uriLike, serviceEndpoint => {
        const value = [{ action: 'add-services', services: [{ id: 's', type: 'T', serviceEndpoint }] }]
        expect(weAccept(() => validatePatches(value, ION))).toBe(accepts(() => peer.validatePatches(value)))
      }),
    )
  })

  test('multihashes', () => {
    fc.assert(
      fc.property(multihashLike, text => {
        expect(weAccept(() => requireMultihash(text, ION, 'DELTA_HASH_INVALID', 'x'))).toBe(
          accepts(() => peer.validateMultihash(text)),
        )
      }),
    )
  })

  test('suffix data', () => {
    const valid = { deltaHash: encodedMultihash('a'), recoveryCommitment: encodedMultihash('b') }
    const type = fc.oneof(
      fc.constantFrom('', 'a', 'abcd', 'abcde', 'a=', 'ab\n'),
      fc.string({ maxLength: 5 }),
    )
    const data = fc.oneof(
      spoilt({ ...valid, type: 'did' }),
      type.map(text => ({ ...valid, type: text })),
    )
    fc.assert(
      fc.property(data, value => {
        expect(weAccept(() => validateSuffixData(value, ION))).toBe(
          accepts(() => peer.validateSuffixData(value)),
        )
      }),
    )
  })
})

/** Other spellings of base64url text that decode to the same bytes, or nearly. */
function respellings(text: string): fc.Arbitrary<string> {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(text.at(-1) ?? '')
  const twin = text.slice(0, -1) + (alphabet[last ^ 1] ?? 'A')
  return fc.constantFrom(
    text,
    text,
    text,
    twin,
    `${text}=`,
    `${text}A`,
    text.replace('-', '+'),
    text.slice(1),
  )
}

interface Signed {
  revealValue: string
  signedData: string
}

/** Signed data of an update by the key u0, with something about it changed, correctly signed or not. */
function changedUpdate(delta: Delta): fc.Arbitrary<Promise<Signed>> {
  const key = publicKey('u0')
  const valid = { updateKey: { ...key }, deltaHash: encodedMultihash(canonicalize(delta as never)) }
  const headers = [
    '{"alg":"ES256K"}',
    '{ "alg": "ES256K" }',
    '{"alg":"none","alg":"ES256K"}',
    '{"alg":"ES256K","kid":"x"}',
    '{"alg":"ES256"}',
    '{"alg":"none"}',
    '{}',
    'null',
    '[]',
  ]
  const keys = fc.oneof(
    fc.constant<JsonValue>({ ...key }),
    respellings(key.x).map<JsonValue>(x => ({ ...key, x })),
    respellings(key.y ?? '').map<JsonValue>(y => ({ ...key, y })),
    fc.constantFrom<JsonValue>({ ...publicKey('u1') }, { ...key, nonce: 'x' }, { ...key, kid: 'x' }, null),
  )
  const payload = fc.oneof(
    fc.constant<JsonValue>(valid),
    keys.map<JsonValue>(updateKey => ({ ...valid, updateKey })),
    fc.constantFrom<JsonValue>(
      { ...valid, anchorFrom: 1 },
      { ...valid, deltaHash: encodedMultihash('x') },
      { updateKey: valid.updateKey },
      [],
    ),
  )
  return fc
    .record({
      header: fc.oneof(fc.constant(headers[0] ?? ''), fc.constantFrom(...headers)),
      payload,
      spellHeader: fc.nat(7),
      part: fc.constantFrom(0, 1, 2, 3),
    })
    .chain(({ header, payload, part }) => {
      const parts = [header, JSON.stringify(payload)].map(text => Buffer.from(text).toString('base64url'))
      return respellings(parts[part] ?? 'x').chain(respelled => {
        const [first = '', second = ''] = parts.map((text, i) => (i === part ? respelled : text))
        const { updateKey } = payload as { updateKey?: typeof key }
        const revealValue = updateKey ? revealValueOf(updateKey) : encodedMultihash('x')
        const signature = signer('u0').sign(Buffer.from(`${first}.${second}`))
        return fc.tuple(fc.constantFrom(0, 0, 0, 1, 2), fc.boolean()).map(async ([change, flip]) => {
          const bytes = Buffer.from(await signature)
          if (change === 1 && flip) bytes.writeUInt8(bytes.readUInt8(5) ^ 1, 5)
          const cut = change === 1 ? bytes.subarray(0, flip ? 64 : 63) : bytes
          const spelled = cut.toString('base64url')
          const third = change === 2 ? fc.sample(respellings(spelled), 1)[0] : spelled
          return { revealValue, signedData: `${first}.${second}.${third}` }
        })
      })
    })
}

describe('signed data, as the reference implementation parses and verifies them', () => {
  const delta: Delta = {
    patches: [{ action: 'remove-services', ids: ['s'] }],
    updateCommitment: commitmentOf(publicKey('u9')),
  }
  const didSuffix = encodedMultihash('suffix')

  test('updates', async () => {
    const count = { valid: 0, invalid: 0 }
    await fc.assert(
      fc.asyncProperty(changedUpdate(delta), async signed => {
        const request = { type: 'update', didSuffix, ...(await signed), delta } as OperationRequest
        const ours = checkOperation(anchoredFrom(request, didSuffix), ION)
        const model = {
          type: 'update',
          didUniqueSuffix: didSuffix,
          operationBuffer: Buffer.from(JSON.stringify(request)),
          transactionNumber: 2,
          transactionTime: 2,
          operationIndex: 0,
        }
        const state = {
          document: {},
          nextRecoveryCommitmentHash: encodedMultihash('r'),
          nextUpdateCommitmentHash: ours.reveals,
          lastOperationTransactionNumber: 1,
        }
        const theirs = await peer.apply(model, state).catch(() => undefined)
        count[theirs === undefined ? 'invalid' : 'valid']++
        expect(ours.problem === undefined).toBe(theirs !== undefined)
      }),
    )
    expect(count.valid).toBeGreaterThan(0)
    expect(count.invalid).toBeGreaterThan(0)
  })
})

interface Step {
  kind: 'update' | 'recover' | 'deactivate'
  key: number
  next: number
  damage: 'none' | 'signature' | 'delta' | 'missing'
  time: number
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('update', 'update', 'update', 'recover', 'deactivate'),
  key: fc.nat(3),
  next: fc.nat(4),
  damage: fc.constantFrom('none', 'none', 'none', 'signature', 'delta', 'missing'),
  time: fc.nat(30),
})

const suffixData = buildCreate(
  { updateKey: publicKey('u0'), recoveryKey: publicKey('r0'), document: { publicKeys: [keyEntry('k0')] } },
  ION,
)
const suffix = didSuffixOf(suffixData.suffixData)

/** Built by hand, as the builders refuse what is in vain. */
async function anchored(kind: Step['kind'], { key, next, damage }: Step): Promise<AnchoredOperation> {
  const name = `${kind === 'update' ? 'u' : 'r'}${key}`
  const delta: Delta = {
    patches: [{ action: 'add-public-keys', publicKeys: [keyEntry(`k${key}${next}`)] }],
    updateCommitment: commitmentOf(publicKey(`u${next}`)),
  }
  const deltaHash = encodedMultihash(canonicalize(delta as never))
  const payload = {
    ...(kind === 'deactivate' ? { didSuffix: suffix } : { deltaHash }),
    ...(kind === 'recover' ? { recoveryCommitment: commitmentOf(publicKey(`r${next}`)) } : {}),
    [kind === 'update' ? 'updateKey' : 'recoveryKey']: publicKey(name),
  }
  const text = ['{"alg":"ES256K"}', JSON.stringify(payload)]
    .map(part => Buffer.from(part).toString('base64url'))
    .join('.')
  const signature = await signer(damage === 'signature' ? 'evil' : name).sign(Buffer.from(text))
  const operation: AnchoredOperation = {
    type: kind,
    didSuffix: suffix,
    revealValue: revealValueOf(publicKey(name)),
    signedData: `${text}.${Buffer.from(signature).toString('base64url')}`,
  }
  if (kind === 'deactivate' || (damage === 'missing' && kind === 'recover')) return operation
  operation.delta = damage === 'delta' ? { ...delta, patches: [] } : delta
  return operation
}

function modelOf(operation: AnchoredOperation, transactionNumber: number): object {
  const { type, didSuffix, suffixData, revealValue, signedData, delta } = operation
  const request =
    type === 'create' ? { type, suffixData, delta } : { type, didSuffix, revealValue, signedData, delta }
  return {
    type,
    didUniqueSuffix: didSuffix,
    operationBuffer: Buffer.from(JSON.stringify(request)),
    transactionNumber,
    transactionTime: transactionNumber,
    operationIndex: 0,
  }
}

describe('histories, as the reference implementation resolves them', () => {
  test('resolution results', async () => {
    const seen = new Set<number>()
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(step, { selector: ({ time }) => time, maxLength: 8 }), async steps => {
        const operations = [{ operation: anchoredFrom(suffixData, suffix), time: 12.5 }]
        for (const each of steps)
          operations.push({ operation: await anchored(each.kind, each), time: each.time })
        const numbered = operations
          .toSorted((a, b) => a.time - b.time)
          .map(({ operation }, i) => ({ operation, number: i + 1 }))
        const state = await peer.resolve(
          suffix,
          numbered.map(({ operation, number }) => modelOf(operation, number)),
        )
        const ours = resolveOperations(
          numbered.map(({ operation, number }) => ({
            operation: checkOperation(operation, ION),
            position: at(number),
          })),
          ION_VERSIONS,
        )
        if (state === undefined || ours.state === undefined) throw new TypeError('no state')
        seen.add(ours.applied.length)
        const did = `did:sidetree:${suffix}`
        const result = toResolutionResult(ours.state, parseDid(did, { name: 'sidetree' }, ION), {
          published: true,
          profile: 'ion',
        })
        expect(result).toEqual(JSON.parse(JSON.stringify(await peer.document(state, did))))
      }),
    )
    expect(seen.size).toBeGreaterThan(2)
  })

  test('a create of which the delta is missing does not apply', async () => {
    const operation: AnchoredOperation = {
      type: 'create',
      didSuffix: suffix,
      suffixData: suffixData.suffixData,
    }
    expect(await peer.resolve(suffix, [modelOf(operation, 1)])).toBeUndefined()
    const ours = { operation: checkOperation(operation, ION), position: at(1) }
    expect(resolveOperations([ours], ION_VERSIONS).state).toBeUndefined()
  })
})
