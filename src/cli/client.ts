import { isIP } from 'node:net'
import { Value } from 'typebox/value'
import { CodecError } from '../codec/errors.ts'
import { decodeUtf8, isJsonObject, type JsonObject, type JsonValue, parseJsonObject } from '../codec/json.ts'
import { LedgerError } from '../ledger/errors.ts'
import { readStampProof, type StampProof } from '../ledger/stamp/stamp-proof.ts'
import { type Checkpoint, parseCheckpoint } from '../merkle/checkpoint.ts'
import { MerkleError } from '../merkle/errors.ts'
import { type NoteSignature, parseNote } from '../merkle/note.ts'
import { classifyAddress } from '../net/address.ts'
import { NetError } from '../net/errors.ts'
import { type FetchResult, guardedFetch } from '../net/guarded-fetch.ts'
import { MAX_PROOF_BYTES, RESOLUTION_PROOF_TYPE } from '../node/proof/resolution-proof.ts'
import type { HistoryEntry, NodeStatus, OperationStatus, Submission, VersionOptions } from '../node/types.ts'
import type { OperationRequest } from '../sidetree/types.ts'
import { EXIT } from '../trust/exit-status.ts'
import { NEEDS_SCHEMA, TRUST_REPORT_SCHEMA } from '../trust/schema.ts'
import type { TrustReport } from '../trust/types.ts'
import { CliError, NodeProblem } from './errors.ts'

/** Largest answer that is read, in bytes, and its deepest nesting: a report of a DID with thousands of updates. */
const ANSWER = { maxBytes: 64 << 20, maxDepth: 128 }

export interface ClientOptions {
  /** Where the node is. */
  url: string
  /** For writes; sent to this machine or over https only. */
  token?: string
  /** Longest wait for one answer, in milliseconds. */
  timeoutMs: number
}

/** A resolution with its report, as a node answers it. */
export interface NodeExplanation {
  resolution: {
    didDocument: JsonObject | null
    didDocumentMetadata: JsonObject
    didResolutionMetadata: JsonObject
  } & JsonObject
  report: TrustReport
}

/** A checkpoint, and the note that it stands in. */
export interface NodeCheckpoint extends Checkpoint {
  signatures: NoteSignature[]
  note: string
}

/** What the operations of a DID follow on. */
export interface DidCommitments {
  published: boolean
  deactivated: boolean
  updateCommitment?: string
  recoveryCommitment?: string
  /** Operations of the DID that the node has not anchored yet. */
  pending: number
}

/** A node, asked over HTTP. What it answers is checked for its form, and is otherwise its word. */
export class NodeClient {
  readonly url: string
  readonly #options: ClientOptions

  constructor(options: ClientOptions) {
    this.url = options.url.replace(/\/+$/, '')
    this.#options = options
  }

  /**
   * True where the node can be taken as the operator's own: it is on this machine, and its token is at hand.
   */
  get isOwn(): boolean {
    return this.#options.token !== undefined && this.#isLocal
  }

  /** @throws CliError TOKEN_NOT_SENT where the token would leave this machine unencrypted */
  requireSafeWrites(): void {
    if (this.#isLocal || new URL(this.url).protocol === 'https:') return
    throw new CliError('TOKEN_NOT_SENT', `the token would go to ${this.url} unencrypted`, {
      hint: 'use an https URL, or run the command on the machine of the node',
    })
  }

  async status(): Promise<NodeStatus> {
    const answer = await this.#get('/status')
    if (typeof answer['method'] !== 'string') throw unexpected('a status')
    return answer as unknown as NodeStatus
  }

  /** Hands in an operation; the node answers once it is durable. */
  async submit(request: OperationRequest): Promise<Submission> {
    const answer = await this.#exchange('/operations', {
      method: 'POST',
      headers: { ...this.#authorization(), 'content-type': 'application/json' },
      body: JSON.stringify(request),
    })
    return { ...answer, status: operationStatus(answer['status']) } as unknown as Submission
  }

  async operation(id: string): Promise<OperationStatus> {
    return operationStatus(await this.#get(`/operations/${encodeURIComponent(id)}`))
  }

  async explain(did: string, version: VersionOptions): Promise<NodeExplanation> {
    const query = new URLSearchParams({ ...version })
    const answer = await this.#get(
      `/dids/${encodeURIComponent(did)}/report${query.size > 0 ? `?${query}` : ''}`,
    )
    const { resolution, report } = answer
    if (
      !isResolution(resolution) ||
      !Value.Check({ TrustNeeds: NEEDS_SCHEMA }, TRUST_REPORT_SCHEMA, report)
    ) {
      throw unexpected('a resolution with its report')
    }
    return { resolution, report: report as unknown as TrustReport } as NodeExplanation
  }

  /** @throws NodeProblem DID_UNKNOWN; its `reason` is QUEUED while the create operation waits to be anchored */
  async commitments(did: string): Promise<DidCommitments> {
    const response = await this.#fetch(`/1.0/identifiers/${encodeURIComponent(did)}`, {
      headers: { accept: 'application/did-resolution' },
    })
    const answer = parseAnswer(response)
    // 410: the DID is deactivated, and the answer is complete (DID Resolution v1, HTTP(S) Binding).
    if (response.status !== 200 && response.status !== 410) throw resolutionProblem(response, answer)
    const metadata = answer?.['didDocumentMetadata']
    if (!isJsonObject(metadata)) throw unexpected('a resolution')
    const { method, deactivated, pendingOperations } = metadata
    if (!isJsonObject(method)) throw unexpected('the commitments of the DID')
    const { published, updateCommitment, recoveryCommitment } = method
    return {
      published: published === true,
      deactivated: deactivated === true,
      ...(typeof updateCommitment === 'string' ? { updateCommitment } : {}),
      ...(typeof recoveryCommitment === 'string' ? { recoveryCommitment } : {}),
      pending: Array.isArray(pendingOperations) ? pendingOperations.length : 0,
    }
  }

  /** The bytes of the proof of a DID. */
  async proof(did: string): Promise<Uint8Array> {
    const response = await this.#fetch(`/dids/${encodeURIComponent(did)}/proof`, {
      headers: { accept: RESOLUTION_PROOF_TYPE },
      maxBytes: MAX_PROOF_BYTES,
    })
    if (response.status === 200) return response.body
    throw problemOf(response)
  }

  async history(did: string): Promise<HistoryEntry[]> {
    const { operations } = await this.#get(`/dids/${encodeURIComponent(did)}/history`)
    if (!Array.isArray(operations) || !operations.every(isHistoryEntry)) throw unexpected('a history')
    return operations as unknown as HistoryEntry[]
  }

  /** Stamps digests (SHA-256) on the node's log: their proofs, in order. Nothing is verified but that they are of these. */
  async stamp(digests: readonly Uint8Array[]): Promise<StampProof[]> {
    const texts = digests.map(digest => Buffer.from(digest).toString('hex'))
    const answer = await this.#exchange('/log/stamps', {
      method: 'POST',
      headers: { ...this.#authorization(), 'content-type': 'application/json' },
      body: JSON.stringify({ digests: texts }),
    })
    const { proofs } = answer
    if (!Array.isArray(proofs) || proofs.length !== digests.length) throw unexpected('proofs of a stamp')
    return proofs.map((object, i) => stampProofOf(object, digests[i] as Uint8Array))
  }

  /** The newest checkpoint of the node's log. Its signatures are not verified. */
  async checkpoint(): Promise<NodeCheckpoint> {
    const response = await this.#fetch('/log/checkpoint', { headers: { accept: 'text/plain' } })
    if (response.status !== 200) throw problemOf(response)
    try {
      const note = decodeUtf8(response.body)
      const { text, signatures } = parseNote(note)
      return { ...parseCheckpoint(text), signatures, note }
    } catch (error) {
      if (error instanceof MerkleError || error instanceof CodecError) throw unexpected('a checkpoint')
      throw error
    }
  }

  get #isLocal(): boolean {
    const host = new URL(this.url).hostname.replace(/^\[(.*)\]$/, '$1')
    return host === 'localhost' || (isIP(host) !== 0 && classifyAddress(host) === 'loopback')
  }

  #authorization(): { authorization: string } {
    const { token } = this.#options
    if (token === undefined) throw new TypeError('a write needs the token')
    this.requireSafeWrites()
    return { authorization: `Bearer ${token}` }
  }

  #get(path: string): Promise<JsonObject> {
    return this.#exchange(path, { headers: { accept: 'application/json' } })
  }

  async #exchange(path: string, options: RequestParts): Promise<JsonObject> {
    const response = await this.#fetch(path, options)
    if (response.status < 200 || response.status > 299) throw problemOf(response)
    return parseAnswer(response) ?? fail(unexpected('JSON'))
  }

  async #fetch(path: string, options: RequestParts): Promise<FetchResult> {
    try {
      return await guardedFetch(`${this.url}${path}`, {
        timeoutMs: this.#options.timeoutMs,
        maxBytes: ANSWER.maxBytes,
        ...options,
        allowHttp: true,
        // The user names the node; it is on this machine more often than not.
        allowPrivate: true,
      })
    } catch (cause) {
      if (!(cause instanceof NetError)) throw cause
      throw new CliError('NODE_UNREACHABLE', `the node at ${this.url} did not answer: ${cause.message}`, {
        hint: this.#isLocal
          ? 'start one with "rootline up", or name another with --node'
          : 'check the URL and the network',
        status: EXIT.undecided,
        cause,
      })
    }
  }
}

interface RequestParts {
  /** Largest answer. */
  maxBytes?: number
  method?: 'GET' | 'POST'
  headers: Record<string, string>
  body?: string
}

/** A resolution that failed says why in its metadata; a refusal of the server is a problem like others. */
function resolutionProblem(response: FetchResult, answer: JsonObject | undefined): NodeProblem | CliError {
  const metadata = answer?.['didResolutionMetadata']
  const error = isJsonObject(metadata) ? metadata['error'] : undefined
  return problemOf(response, isJsonObject(error) ? error : answer)
}

function problemOf(response: FetchResult, answer = parseAnswer(response)): NodeProblem | CliError {
  const { code, detail, reason } = answer ?? {}
  if (typeof code !== 'string' || !/^[A-Z][A-Z0-9_]{0,63}$/.test(code)) {
    return unexpected(`something other than status ${response.status}`)
  }
  const message = typeof detail === 'string' && detail !== '' ? detail : `the node answered ${code}`
  return new NodeProblem(response.status, code, message, typeof reason === 'string' ? reason : undefined)
}

function parseAnswer({ body }: FetchResult): JsonObject | undefined {
  try {
    return parseJsonObject(body, ANSWER)
  } catch (error) {
    if (error instanceof CodecError) return undefined
    throw error
  }
}

function operationStatus(value: unknown): OperationStatus {
  if (!isJsonObject(value)) throw unexpected('the status of an operation')
  const { id, did, type, state } = value
  if ([id, did, type, state].every(member => typeof member === 'string'))
    return value as unknown as OperationStatus
  throw unexpected('the status of an operation')
}

function stampProofOf(object: JsonValue, digest: Uint8Array): StampProof {
  try {
    const proof = isJsonObject(object) ? readStampProof(object) : undefined
    if (proof !== undefined && Buffer.compare(proof.digest, digest) === 0) return proof
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error
  }
  throw unexpected('proofs of a stamp')
}

function isResolution(value: unknown): boolean {
  return (
    isJsonObject(value) && isJsonObject(value['didDocumentMetadata']) && value['didDocument'] !== undefined
  )
}

function isHistoryEntry(value: unknown): boolean {
  return isJsonObject(value) && typeof value['type'] === 'string' && typeof value['time'] === 'string'
}

function unexpected(what: string): CliError {
  return new CliError(
    'NODE_ANSWER_INVALID',
    `what answered is no node of this version: ${what} was expected`,
    {
      hint: 'check the URL that --node gives',
      status: EXIT.undecided,
    },
  )
}

function fail(error: Error): never {
  throw error
}
