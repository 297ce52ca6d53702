import { parseCid } from '../codec/cid.ts'
import { CodecError } from '../codec/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue, parseJsonObject } from '../codec/json.ts'
import { type Block, fileBlocks } from '../codec/unixfs.ts'
import { packCar } from '../content/car.ts'
import { ContentError } from '../content/errors.ts'
import type { ContentStore } from '../content/types.ts'
import type { OperationRefusal } from '../ledger/admission.ts'
import { LedgerError } from '../ledger/errors.ts'
import type { Submitter } from '../ledger/follower/submitted-anchors.ts'
import { NetError } from '../net/errors.ts'
import { type FetchResult, guardedFetch } from '../net/guarded-fetch.ts'
import { parseAnchorString } from '../sidetree/anchor-string.ts'
import { parseCoreIndexFile } from '../sidetree/files/core-index.ts'
import { type FileRole, maxFileBytes } from '../sidetree/files/file.ts'
import { parseProvisionalIndexFile } from '../sidetree/files/provisional-index.ts'
import { type ProtocolParameters, type ProtocolVersions, parametersAt } from '../sidetree/parameters.ts'

/** What handing in batches over HTTP takes. */
export interface BatchSubmitterParts {
  /** Of the node that the log is part of; chosen by the operator, so that it may be on this machine or network. */
  url: string
  /** As `rootline log writer add` has shown it. */
  token: string
  content: Pick<ContentStore, 'get'>
  versions: ProtocolVersions
  /** Unix milliseconds. */
  now: () => number
  /** Certificate authorities in PEM, in place of those that Node.js carries. */
  ca?: string
}

/** Largest answer, in bytes, and its deepest nesting: 10,000 refusals with their reasons. */
const ANSWER = { maxBytes: 8 << 20, maxDepth: 8 }
/** Longest wait for an answer, in milliseconds: the files are on their way, and the log reads all of them. */
const TIMEOUT_MS = 120_000

/**
 * Hands batches in to the node of a log over HTTP (docs/spec/submission-receipt.md), with all their files. What it
 * answers is checked for its form alone.
 */
export class BatchSubmitter implements Submitter {
  readonly #parts: BatchSubmitterParts

  constructor(parts: BatchSubmitterParts) {
    this.#parts = parts
  }

  async submit(anchorString: string, signal: AbortSignal): Promise<string> {
    const body = await this.#pack(anchorString, signal)
    const response = await this.#post(anchorString, body, signal)
    const answer = parseAnswer(response)
    if (response.status !== 200 && response.status !== 202) throw refusalIn(response.status, answer)
    const receipt = answer?.['receipt']
    if (typeof receipt === 'string') return receipt
    throw new LedgerError('LEDGER_RECEIPT_INVALID', 'the node of the log has answered with no receipt')
  }

  async #post(anchorString: string, body: Uint8Array, signal: AbortSignal): Promise<FetchResult> {
    const { url, token, ca } = this.#parts
    try {
      return await guardedFetch(`${url}/log/submissions?${new URLSearchParams({ anchorString })}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/vnd.ipld.car',
          'content-length': String(body.length),
          accept: 'application/json',
        },
        body,
        maxBytes: ANSWER.maxBytes,
        timeoutMs: TIMEOUT_MS,
        maxRedirects: 0,
        allowHttp: true,
        allowPrivate: true,
        signal,
        ...(ca === undefined ? {} : { ca }),
      })
    } catch (cause) {
      if (!(cause instanceof NetError)) throw cause
      const why = `it is not known whether the log has taken the batch: ${cause.message}`
      throw new LedgerError('LEDGER_OUTCOME_UNKNOWN', why, cause)
    }
  }

  /** The files of a batch, as the one body that they are sent in. */
  async #pack(anchorString: string, signal: AbortSignal): Promise<Buffer> {
    const params = parametersAt(this.#parts.versions, Math.floor(this.#parts.now() / 1000))
    if (params === undefined) throw new TypeError('there are no rules')
    const root = parseAnchorString(anchorString, params).coreIndexFileUri
    const blocks: Block[] = []
    const add = async (role: FileRole, uri: string): Promise<Uint8Array> => {
      const bytes = await this.#read(role, uri, params, signal)
      blocks.push(...(await fileBlocks(bytes)).blocks)
      return bytes
    }
    const core = parseCoreIndexFile(await add('coreIndex', root), params)
    if (core.coreProofFileUri !== undefined) await add('coreProof', core.coreProofFileUri)
    if (core.provisionalIndexFileUri !== undefined) {
      const index = parseProvisionalIndexFile(
        await add('provisionalIndex', core.provisionalIndexFileUri),
        params,
      )
      if (index.provisionalProofFileUri !== undefined)
        await add('provisionalProof', index.provisionalProofFileUri)
      await add('chunk', index.chunkFileUri)
    }
    return packCar(parseCid(root), blocks)
  }

  async #read(
    role: FileRole,
    uri: string,
    params: ProtocolParameters,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    try {
      return await this.#parts.content.get(uri, { maxBytes: maxFileBytes(role, params), signal })
    } catch (cause) {
      if (!(cause instanceof ContentError)) throw cause
      throw new LedgerError('LEDGER_FILES_MISSING', `the file ${uri} is not here any more`, cause)
    }
  }
}

/** What a problem of the log's node (RFC 9457) means to a writer. */
function refusalIn(status: number, answer: JsonObject | undefined): LedgerError {
  const { code, detail, reason, refusals } = answer ?? {}
  const said = typeof detail === 'string' && detail !== '' ? detail : `HTTP status ${status}`
  if (code === 'LEDGER_ENTRY_REFUSED') {
    return new LedgerError(code, said, undefined, {
      ...(isCode(reason) ? { reason } : {}),
      refusals: Array.isArray(refusals) ? refusals.flatMap(refusalOf) : [],
    })
  }
  if (code === 'LEDGER_FILES_MISSING') return new LedgerError(code, said)
  const named = isCode(code) ? `${code}: ${said}` : said
  if (status >= 500) return new LedgerError('LEDGER_UNREACHABLE', `the log takes no batch now: ${named}`)
  return new LedgerError('LEDGER_WRITER_REFUSED', `the log does not take what this node hands in: ${named}`)
}

function refusalOf(value: JsonValue): OperationRefusal[] {
  if (!isJsonObject(value)) return []
  const { index, didSuffix, code, reason } = value
  if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0) return []
  if (typeof didSuffix !== 'string' || !isCode(code) || typeof reason !== 'string') return []
  return [{ index, didSuffix, code, reason: reason.slice(0, 500) }]
}

function isCode(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(value)
}

function parseAnswer({ body }: FetchResult): JsonObject | undefined {
  try {
    return parseJsonObject(body, ANSWER)
  } catch (error) {
    if (error instanceof CodecError) return undefined
    throw error
  }
}
