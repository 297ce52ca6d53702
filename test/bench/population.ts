import { generatePrivateJwk } from '../../src/keys/generate.ts'
import { signerFromJwk } from '../../src/keys/signer.ts'
import type { PrivateJwk, PublicJwk } from '../../src/keys/types.ts'
import { cutBatch } from '../../src/sidetree/batch-cut.ts'
import { type QueuedOperation, storeBatch } from '../../src/sidetree/batch-write.ts'
import { buildCreate, buildUpdate } from '../../src/sidetree/build.ts'
import { ROOTLINE } from '../../src/sidetree/parameters.ts'
import { didSuffixOf } from '../../src/sidetree/suffix-data.ts'
import type { Patch } from '../../src/sidetree/types.ts'

/** DIDs with their update keys, and the operations of each round. */
export class Population {
  readonly #keys: PrivateJwk[] = []
  readonly #recovery: PublicJwk
  readonly suffixes: string[] = []
  #round = 0

  constructor() {
    this.#recovery = publicOf(generatePrivateJwk('secp256k1'))
  }

  /** Create operations of `count` new DIDs, each with one key and one service. */
  creates(count: number): QueuedOperation[] {
    return Array.from({ length: count }, () => {
      const key = generatePrivateJwk('secp256k1')
      const patches: Patch[] = [
        {
          action: 'replace',
          document: {
            publicKeys: [
              {
                id: 'key-1',
                type: 'JsonWebKey2020',
                publicKeyJwk: { ...publicOf(key) },
                purposes: ['assertionMethod'],
              },
            ],
            services: [{ id: 'service-1', type: 'LinkedDomains', serviceEndpoint: 'https://example.com/' }],
          },
        },
      ]
      const request = buildCreate(
        { updateKey: publicOf(key), recoveryKey: this.#recovery, patches },
        ROOTLINE,
      )
      const didSuffix = didSuffixOf(request.suffixData)
      this.suffixes.push(didSuffix)
      this.#keys.push(key)
      return { didSuffix, request }
    })
  }

  /** One update of each DID, signed with ES256K. */
  async updates(count = this.suffixes.length): Promise<QueuedOperation[]> {
    const round = ++this.#round
    const operations: QueuedOperation[] = []
    for (let i = 0; i < count; i++) operations.push(await this.update(i, round))
    return operations
  }

  /** One more update of one DID. */
  async update(i: number, round: number): Promise<QueuedOperation> {
    const key = this.#keys[i] as PrivateJwk
    const didSuffix = this.suffixes[i] as string
    const next = generatePrivateJwk('secp256k1')
    this.#keys[i] = next
    const service = {
      id: 'service-2',
      type: 'LinkedDomains',
      serviceEndpoint: `https://example.com/${round}`,
    }
    const request = await buildUpdate(
      {
        didSuffix,
        signer: signerFromJwk(key),
        nextUpdateKey: publicOf(next),
        patches: [{ action: 'add-services', services: [service] }],
      },
      ROOTLINE,
    )
    return { didSuffix, request }
  }
}

/** Stores a batch of exactly these operations, and gives its anchor string. */
export async function batchOf(
  operations: QueuedOperation[],
  put: (bytes: Uint8Array) => Promise<string>,
): Promise<string> {
  const { batch } = cutBatch(operations, ROOTLINE)
  if (batch === undefined || batch.operations.length !== operations.length) {
    throw new TypeError('the operations do not fit one batch')
  }
  return (await storeBatch(batch, ROOTLINE, put)).anchorString
}

function publicOf({ d: _, ...jwk }: PrivateJwk): PublicJwk {
  return jwk
}
