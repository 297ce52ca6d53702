import { encodeBase64url } from '../../src/codec/base64url.ts'
import { sha256 } from '../../src/codec/hash.ts'
import type { JsonObject } from '../../src/codec/json.ts'
import { NodeError } from '../../src/node/errors.ts'
import type { TransactionRecord } from '../../src/node/records.ts'
import type {
  Explanation,
  HistoryEntry,
  NodeStatus,
  OperationStatus,
  Resolution,
  SidetreeNode,
  Submission,
  VersionOptions,
} from '../../src/node/types.ts'
import { parseDid } from '../../src/sidetree/did.ts'
import { SidetreeError } from '../../src/sidetree/errors.ts'
import { ROOTLINE } from '../../src/sidetree/parameters.ts'
import { exampleReport } from '../trust/example.ts'

/** A DID that the fake node knows. */
export const DID = 'did:rootline:EiBQ2FjgmF7Mf2BBiq8MxatYf0LCVwqIQJWp6Mys0PZUXA'
/** One that is deactivated, and one that is not there. */
export const ENDED_DID = 'did:rootline:EiAscOEregZG-SJ59CfHs45zNNjlOJz_Fnodww5z-Ca2gw'
export const UNKNOWN_DID = 'did:rootline:EiDKIkwqO69IPG3pOlHkdb86nYt0aNxSHZu2r-bhEznjdA'

export const VERSION_ID = 'EiVersion1'

export const DOCUMENT: JsonObject = {
  id: DID,
  '@context': ['https://www.w3.org/ns/did/v1', { '@base': DID }],
  verificationMethod: [
    { id: '#key-1', controller: DID, type: 'JsonWebKey2020', publicKeyJwk: { kty: 'OKP' } },
  ],
  authentication: ['#key-1'],
  service: [
    { id: '#files', type: 'Files', serviceEndpoint: 'https://example.com/base/index' },
    { id: '#script', type: 'Bad', serviceEndpoint: 'javascript:alert(1)' },
    { id: '#mail', type: 'Mail', serviceEndpoint: 'mailto:someone@example.com' },
    { id: '#map', type: 'Map', serviceEndpoint: { uri: 'https://example.com' } },
    { id: '#odd', type: 'Odd', serviceEndpoint: 'https://example.com/a b\u0007ü' },
  ],
}

/** Answers as a node would; what it was asked is in `asked`. */
export class FakeNode implements SidetreeNode {
  readonly method = 'rootline'
  readonly asked: unknown[][] = []
  /** Thrown by every call, if set. */
  failure: unknown
  /** True: nothing is at hand. */
  slow = false
  /** What `submit` waits for. */
  transactionRecords: TransactionRecord[] = []
  nodeStatus: NodeStatus = healthy()

  async submit(request: Uint8Array): Promise<Submission> {
    this.#ask('submit', Buffer.from(request).toString())
    if (request[0] !== 0x7b) throw new SidetreeError('REQUEST_JSON_INVALID', 'the request is not JSON')
    return { status: operationStatus('EiOperation'), accepted: true, longFormDid: `${DID}:e30` }
  }

  async operation(id: string): Promise<OperationStatus> {
    this.#ask('operation', id)
    if (id !== 'EiOperation') throw new NodeError('OPERATION_UNKNOWN', 'no operation with this id')
    return operationStatus(id)
  }

  atHand(text: string): Resolution | undefined {
    return this.slow ? undefined : this.#resolve(text, {})
  }

  async resolve(text: string, options: VersionOptions = {}): Promise<Resolution> {
    return this.#resolve(text, options)
  }

  #resolve(text: string, options: VersionOptions): Resolution {
    this.#ask('resolve', text, options)
    const { shortForm } = parseDid(text, { name: this.method }, ROOTLINE)
    if (shortForm === UNKNOWN_DID) throw new NodeError('DID_UNKNOWN', 'not known', { reason: 'NOT_ANCHORED' })
    if (options.versionId !== undefined && options.versionId !== VERSION_ID) {
      throw new NodeError('VERSION_UNKNOWN', 'no such version')
    }
    if (options.versionTime?.startsWith('2099')) throw new NodeError('VERSION_TIME_AHEAD', 'not read yet')
    if (options.versionTime === 'noon') throw new NodeError('VERSION_TIME_INVALID', 'not a time')
    const deactivated = shortForm === ENDED_DID
    const result = {
      '@context': 'https://w3id.org/did-resolution/v1',
      didDocument: deactivated ? { id: ENDED_DID } : DOCUMENT,
      didResolutionMetadata: { contentType: 'application/did' },
      didDocumentMetadata: { deactivated, equivalentId: [shortForm] },
    }
    const body = JSON.stringify(result)
    const etag = `"${encodeBase64url(sha256(body))}"`
    return { result, body, deactivated, immutable: options.versionId !== undefined, etag }
  }

  async explain(did: string, options: VersionOptions = {}): Promise<Explanation> {
    this.#ask('explain', did, options)
    return { resolution: await this.resolve(did, options), report: exampleReport() }
  }

  async prove(did: string): Promise<Uint8Array> {
    this.#ask('prove', did)
    await this.resolve(did)
    return Buffer.from('{"a":"proof"}')
  }

  async history(did: string): Promise<HistoryEntry[]> {
    this.#ask('history', did)
    await this.resolve(did)
    return [
      {
        type: 'create',
        transactionNumber: 3,
        operationIndex: 0,
        time: '2026-05-02T10:00:00Z',
        applied: true,
        versionId: VERSION_ID,
      },
    ]
  }

  async transactions(after: number | undefined, limit: number): Promise<TransactionRecord[]> {
    this.#ask('transactions', after, limit)
    return this.transactionRecords
      .filter(({ transaction }) => transaction.number > (after ?? -1))
      .slice(0, limit)
  }

  async status(): Promise<NodeStatus> {
    this.#ask('status')
    return this.nodeStatus
  }

  async settled(): Promise<void> {}
  async stop(): Promise<void> {}

  #ask(...call: unknown[]): void {
    this.asked.push(call)
    if (this.failure !== undefined) throw this.failure
  }
}

export function healthy(): NodeStatus {
  return {
    method: 'rootline',
    ledger: { kind: 'log', id: 'log.example', newest: 41, time: '2026-05-02T10:00:00.000Z' },
    observer: { cursor: 41, lag: 0, reorganisations: 2, running: true },
    queue: { operations: 3, batching: false },
    unresolvable: { count: 0, transactions: [] },
  }
}

export function transactionRecord(number: number): TransactionRecord {
  return {
    transaction: {
      number,
      time: 1_777_000_000,
      timestamp: 1_777_000_000,
      timeHash: '00',
      anchorString: '1.QmY',
      writer: 'w',
    },
    outcome: 'applied',
    operations: 1,
    problems: [],
    files: [{ role: 'core-index', uri: 'QmY' }],
    firstSeen: 1_777_000_000_000,
    decidedAt: 1_777_000_000_001,
  }
}

function operationStatus(id: string): OperationStatus {
  return { id, did: DID, type: 'create', state: 'queued', acceptedAt: '2026-05-02T10:00:00.000Z', ahead: 0 }
}
