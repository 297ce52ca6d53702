import { join } from 'node:path'
import { encodeBase64url } from '../../src/codec/base64url.ts'
import { sha256 } from '../../src/codec/hash.ts'
import { NONE_OPENED } from '../../src/node/opened-commitments.ts'
import { OperationStore } from '../../src/node/operation-store.ts'
import type { StoredOperation } from '../../src/node/records.ts'
import { ROOTLINE } from '../../src/sidetree/parameters.ts'
import { applyOperation } from '../../src/sidetree/state.ts'
import type { CheckedOperation, Patch } from '../../src/sidetree/types.ts'
import { Store } from '../../src/store/store.ts'

/** DIDs of a transaction, as batches of the protocol's size have them. */
const BATCH = 10_000

/** The suffix of the DID with this number in a filled folder: a multihash like any other, in no order. */
export function suffixOf(number: number): string {
  return multihashOf(`did ${number}`)
}

/**
 * Puts `count` DIDs into the database of a node that is to be started in `folder`: of each the create operation, as
 * the node stores it once it is checked, and the state that it comes to. Nothing is signed, anchored or checked, so
 * that a million takes a minute; the records have the shape and size of real ones, with one key and one service.
 */
export async function fillNode(
  folder: string,
  count: number,
  onProgress: (done: number) => void,
): Promise<void> {
  const store = await Store.open(join(folder, 'node'))
  const operations = new OperationStore(store)
  for (let first = 0; first < count; first += BATCH) {
    const batch = operations.batch()
    for (let i = first; i < Math.min(first + BATCH, count); i++) {
      const checked = createOf(i)
      const position = {
        transactionNumber: Math.floor(first / BATCH),
        operationIndex: i - first,
        transactionTime: 1_750_000_000,
        timestamp: 1_750_000_000,
      }
      const stored: StoredOperation = { checked, position }
      const applied = applyOperation(undefined, checked, position, [ROOTLINE])
      if (!('state' in applied)) throw new TypeError('the create does not apply')
      batch.setOperations(checked.didSuffix, undefined, [stored])
      batch.setState(checked.didSuffix, applied.state, NONE_OPENED)
    }
    await batch.write()
    await batch.close()
    onProgress(Math.min(first + BATCH, count))
  }
  await store.close()
}

/** A create that was checked, with coordinates and hashes that are nothing but digests. */
function createOf(number: number): CheckedOperation {
  const coordinate = (name: string): string => encodeBase64url(sha256(`${name} ${number}`))
  const publicKeyJwk = { kty: 'EC', crv: 'secp256k1', x: coordinate('x'), y: coordinate('y') }
  const patches: Patch[] = [
    {
      action: 'replace',
      document: {
        publicKeys: [{ id: 'key-1', type: 'JsonWebKey2020', publicKeyJwk, purposes: ['assertionMethod'] }],
        services: [{ id: 'service-1', type: 'LinkedDomains', serviceEndpoint: 'https://example.com/' }],
      },
    },
  ]
  return {
    type: 'create',
    didSuffix: suffixOf(number),
    digest: coordinate('operation'),
    nextRecoveryCommitment: multihashOf(`recovery ${number}`),
    nextUpdateCommitment: multihashOf(`update ${number}`),
    patches,
  }
}

function multihashOf(text: string): string {
  return encodeBase64url(Buffer.concat([Buffer.from([0x12, 0x20]), sha256(text)]))
}
