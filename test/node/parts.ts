import { join } from 'node:path'
import { EmbeddedContentStore } from '../../src/content/embedded/embedded-content-store.ts'
import type { ContentStore } from '../../src/content/types.ts'
import { generatePrivateJwk } from '../../src/keys/generate.ts'
import { signerFromJwk } from '../../src/keys/signer.ts'
import type { KeyCurve, PrivateJwk, Signer } from '../../src/keys/types.ts'
import { systemClock } from '../../src/ledger/log/clock.ts'
import { generateLogKey } from '../../src/ledger/log/key.ts'
import { publishedCheckpointFile } from '../../src/ledger/log/published-checkpoint.ts'
import { TransparencyLog } from '../../src/ledger/log/transparency-log.ts'
import type { Ledger } from '../../src/ledger/types.ts'
import { parseSigningKey } from '../../src/merkle/signing-key.ts'
import { BatchAdmission } from '../../src/node/admission.ts'
import { OperationMap } from '../../src/node/map/operation-map.ts'
import { type NodeParts, startNode } from '../../src/node/node.ts'
import type { SubmissionsParts } from '../../src/node/submissions.ts'
import type { SidetreeNode } from '../../src/node/types.ts'
import { buildCreate, buildDeactivate, buildRecover, buildUpdate } from '../../src/sidetree/build.ts'
import { ROOTLINE } from '../../src/sidetree/parameters.ts'
import { didSuffixOf } from '../../src/sidetree/suffix-data.ts'
import type { OperationRequest, Patch } from '../../src/sidetree/types.ts'
import { Store } from '../../src/store/store.ts'

export const METHOD = { name: 'rootline' }

/** A node on its own log and content store in a folder, as `up` makes it, with hooks for faults. */
export interface TestNode {
  node: SidetreeNode
  ledger: Ledger
  content: ContentStore
  /** What `Submissions` take of a node. */
  own: Pick<SubmissionsParts, 'log' | 'store' | 'signer' | 'origin' | 'admission' | 'content' | 'versions'>
  close(): Promise<void>
}

const LOG_KEY = generateLogKey('log.example/test')
/** Verifies what the log of a test node signs. */
export const LOG_VKEY = parseSigningKey(LOG_KEY).verifier.vkey

export interface TestNodeOptions {
  /** True where the log's checkpoints end in a map, as those of `rootline up` do. */
  mapped?: boolean
  /** True for a log that judges nothing, as any ledger but a node's own log may be. */
  anyEntry?: boolean
  /** What the log sees of the content, where that is not what the node sees. */
  heldContent?: (content: ContentStore) => ContentStore
}

/** Starts a node in `folder`; `wrap` may put something between it and its parts. */
export async function startTestNode(
  folder: string,
  wrap: (parts: NodeParts) => NodeParts = parts => parts,
  { mapped = false, anyEntry = false, heldContent = held => held }: TestNodeOptions = {},
): Promise<TestNode> {
  const open = (name: string) => Store.open(join(folder, name))
  const [logStore, contentStore, store] = [await open('log'), await open('content'), await open('node')]
  const mapStore = mapped ? await open('map') : undefined
  const content = new EmbeddedContentStore(contentStore)
  const map = mapStore && new OperationMap({ store: mapStore, content, versions: [ROOTLINE] })
  const signer = parseSigningKey(LOG_KEY)
  const admission = new BatchAdmission({ content: heldContent(content) })
  const ledger = await TransparencyLog.open({
    store: logStore,
    published: publishedCheckpointFile(join(folder, 'checkpoint')),
    signer,
    origin: 'log.example/test',
    clock: systemClock,
    ...(map === undefined ? {} : { map }),
    ...(anyEntry ? {} : { admission }),
  })
  const parts = wrap({
    method: METHOD,
    versions: [ROOTLINE],
    store,
    content,
    ledger,
    admission,
    writer: 'test',
    settings: { batchIntervalMs: 5, pollMs: 200, workers: 1 },
    ...(map === undefined ? {} : { map: { operations: map, leaves: ledger } }),
  })
  const node = await startNode(parts)
  const own = { log: ledger, store: logStore, signer, origin: 'log.example/test', admission }
  const close = async () => {
    await node.stop()
    await parts.content.close()
    await parts.ledger.close()
    await map?.close()
    await Promise.all([logStore.close(), contentStore.close(), mapStore?.close()])
  }
  return {
    node,
    ledger: parts.ledger,
    content: parts.content,
    own: { ...own, content, versions: [ROOTLINE] },
    close,
  }
}

/** The keys of one DID, and requests made with them. */
export class Controller {
  readonly curve: KeyCurve
  #update: PrivateJwk
  #recovery: PrivateJwk
  readonly #spent = new Map<OperationRequest, PrivateJwk>()
  suffix = ''

  constructor(curve: KeyCurve = 'secp256k1') {
    this.curve = curve
    this.#update = generatePrivateJwk(curve)
    this.#recovery = generatePrivateJwk(curve)
  }

  get did(): string {
    return `did:rootline:${this.suffix}`
  }

  create(patches: Patch[] = [addKey('key-1', generatePrivateJwk(this.curve))]): OperationRequest {
    const request = buildCreate(
      { updateKey: publicOf(this.#update), recoveryKey: publicOf(this.#recovery), patches },
      ROOTLINE,
    )
    this.suffix = didSuffixOf(request.suffixData)
    return request
  }

  async update(patches: Patch[]): Promise<OperationRequest> {
    const next = generatePrivateJwk(this.curve)
    const signer = signerOf(this.#update)
    const request = await buildUpdate(
      { didSuffix: this.suffix, signer, nextUpdateKey: publicOf(next), patches },
      ROOTLINE,
    )
    this.#spent.set(request, this.#update)
    this.#update = next
    return request
  }

  /** Another update that reveals the key which `update` reveals, made by whoever holds that key too. */
  async fork(update: OperationRequest, patches: Patch[]): Promise<OperationRequest> {
    const key = this.#spent.get(update)
    if (key === undefined) throw new TypeError('not an update of this controller')
    const nextUpdateKey = publicOf(generatePrivateJwk(this.curve))
    return buildUpdate({ didSuffix: this.suffix, signer: signerOf(key), nextUpdateKey, patches }, ROOTLINE)
  }

  async recover(patches: Patch[]): Promise<OperationRequest> {
    const nextUpdate = generatePrivateJwk(this.curve)
    const nextRecovery = generatePrivateJwk(this.curve)
    const request = await buildRecover(
      {
        didSuffix: this.suffix,
        signer: signerOf(this.#recovery),
        nextUpdateKey: publicOf(nextUpdate),
        nextRecoveryKey: publicOf(nextRecovery),
        patches,
      },
      ROOTLINE,
    )
    this.#spent.set(request, this.#recovery)
    this.#update = nextUpdate
    this.#recovery = nextRecovery
    return request
  }

  /** A deactivate that reveals the key which `recover` reveals. */
  async deactivateInstead(recover: OperationRequest): Promise<OperationRequest> {
    const key = this.#spent.get(recover)
    if (key === undefined) throw new TypeError('not a recover of this controller')
    return buildDeactivate({ didSuffix: this.suffix, signer: signerOf(key) }, ROOTLINE)
  }

  deactivate(): Promise<OperationRequest> {
    return buildDeactivate({ didSuffix: this.suffix, signer: signerOf(this.#recovery) }, ROOTLINE)
  }
}

/** A patch that adds a signing key. */
export function addKey(id: string, jwk: PrivateJwk): Patch {
  const { d: _, ...publicKeyJwk } = jwk
  const key = {
    id,
    type: 'JsonWebKey2020',
    publicKeyJwk: { ...publicKeyJwk },
    purposes: ['assertionMethod' as const],
  }
  return { action: 'add-public-keys', publicKeys: [key] }
}

/** A patch that adds a service. */
export function addService(id: string): Patch {
  const service = { id, type: 'Linked', serviceEndpoint: `https://example.com/${id}` }
  return { action: 'add-services', services: [service] }
}

/** A request as the bytes of its body. */
export function bodyOf(request: OperationRequest): Buffer {
  return Buffer.from(JSON.stringify(request))
}

function publicOf({ d: _, ...jwk }: PrivateJwk) {
  return jwk
}

function signerOf(jwk: PrivateJwk): Signer {
  return signerFromJwk(jwk)
}
