import fc from 'fast-check'
import { sha256 } from '../../src/codec/hash.ts'
import { encodedMultihash } from '../../src/codec/multihash.ts'
import { parseAnchorString } from '../../src/sidetree/anchor-string.ts'
import { type BatchOutcome, BatchReader, readBatch } from '../../src/sidetree/batch-read.ts'
import { type Batch, type QueuedOperation, storeBatch } from '../../src/sidetree/batch-write.ts'
import type { FileRole } from '../../src/sidetree/files/file.ts'
import type { ProtocolParameters } from '../../src/sidetree/parameters.ts'
import { didSuffixOf } from '../../src/sidetree/suffix-data.ts'
import type { Delta, OperationRequest, OperationType } from '../../src/sidetree/types.ts'

/** 32 bytes as base64url that no compression shortens, the same for the same name. */
function noise(name: string): string {
  return sha256(name).toString('base64url')
}

function jwk(name: string): { kty: 'EC'; crv: 'secp256k1'; x: string; y: string } {
  return { kty: 'EC', crv: 'secp256k1', x: noise(`x ${name}`), y: noise(`y ${name}`) }
}

function delta(name: string): Delta {
  const key = { id: name.slice(0, 50), type: 'JsonWebKey2020', publicKeyJwk: jwk(`key ${name}`) }
  return {
    patches: [{ action: 'add-public-keys', publicKeys: [{ ...key, purposes: ['authentication'] }] }],
    updateCommitment: encodedMultihash(`commitment ${name}`),
  }
}

function jws(payload: object, name: string): string {
  const [header, body] = [{ alg: 'ES256K' }, payload].map(part =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  const signature = Buffer.concat([sha256(`r ${name}`), sha256(`s ${name}`)]).toString('base64url')
  return `${header}.${body}.${signature}`
}

/** An operation of the right form and incompressible, of a DID of that name. Its signature and hashes are noise. */
export function queued(type: OperationType, name: string): QueuedOperation {
  if (type === 'create') {
    const suffixData = {
      deltaHash: encodedMultihash(`delta ${name}`),
      recoveryCommitment: encodedMultihash(`recovery ${name}`),
    }
    return { didSuffix: didSuffixOf(suffixData), request: { type, suffixData, delta: delta(name) } }
  }
  const didSuffix = encodedMultihash(`did ${name}`)
  return { didSuffix, request: signedRequest(type, didSuffix, name) }
}

function signedRequest(
  type: 'update' | 'recover' | 'deactivate',
  didSuffix: string,
  name: string,
): OperationRequest {
  const revealValue = encodedMultihash(`reveal ${name}`)
  const deltaHash = encodedMultihash(`delta ${name}`)
  switch (type) {
    case 'update': {
      const signedData = jws({ updateKey: jwk(name), deltaHash }, name)
      return { type, didSuffix, revealValue, delta: delta(name), signedData }
    }
    case 'recover': {
      const recoveryCommitment = encodedMultihash(`recovery ${name}`)
      const signedData = jws({ recoveryKey: jwk(name), recoveryCommitment, deltaHash }, name)
      return { type, didSuffix, revealValue, delta: delta(name), signedData }
    }
    case 'deactivate':
      return { type, didSuffix, revealValue, signedData: jws({ recoveryKey: jwk(name), didSuffix }, name) }
  }
}

/** Queues of up to 12 operations, at times several of one DID. */
export const queues: fc.Arbitrary<QueuedOperation[]> = fc.array(
  fc
    .tuple(fc.constantFrom<OperationType>('create', 'update', 'recover', 'deactivate'), fc.nat(15))
    .map(([type, n]) => queued(type, `${n}`)),
  { maxLength: 12 },
)

/** Files by the URI that they were stored under. */
export interface Files {
  anchorString: string
  byRole: Map<FileRole, Uint8Array>
  byUri: Map<string, Uint8Array>
}

/** Stores a batch in memory, under URIs as long as a CID. */
export async function store(batch: Batch, params: ProtocolParameters): Promise<Files> {
  const byRole = new Map<FileRole, Uint8Array>()
  const byUri = new Map<string, Uint8Array>()
  const { anchorString } = await storeBatch(batch, params, async (bytes, role) => {
    const uri = `Qm${noise(`${role} ${sha256(bytes).toString('hex')}`)}A`
    byRole.set(role, bytes)
    byUri.set(uri, bytes)
    return uri
  })
  return { anchorString, byRole, byUri }
}

/** What a reader makes of stored files. */
export async function read(files: Files, params: ProtocolParameters): Promise<BatchOutcome> {
  const reader = new BatchReader(parseAnchorString(files.anchorString, params), params)
  return await readBatch(reader, async ({ uri }) => files.byUri.get(uri) ?? 'unavailable')
}
