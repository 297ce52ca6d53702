import { cidText, parseCid, sameContent } from '../codec/cid.ts'
import { CodecError } from '../codec/errors.ts'
import { readCar } from '../content/car.ts'
import { ContentError } from '../content/errors.ts'
import { parseContentCid, readContent } from '../content/read.ts'
import type { ContentStore, GetOptions } from '../content/types.ts'
import type { AnchorOptions, Entry } from '../ledger/admission.ts'
import { findAnchor } from '../ledger/find-anchor.ts'
import type { LogStore } from '../ledger/log/records.ts'
import { type Promised, Promises } from '../ledger/submission/promises.ts'
import { signReceipt } from '../ledger/submission/receipt.ts'
import type { Ledger, LedgerTransaction } from '../ledger/types.ts'
import type { NoteSigner } from '../merkle/signing-key.ts'
import { parseAnchorString } from '../sidetree/anchor-string.ts'
import { maxFileBytes } from '../sidetree/files/file.ts'
import { type ProtocolParameters, type ProtocolVersions, parametersAt } from '../sidetree/parameters.ts'
import type { BatchAdmission } from './admission.ts'
import { NodeError } from './errors.ts'

/** What submissions take of the log. */
export interface PromisingLog extends Pick<Ledger, 'transactions' | 'head'> {
  anchor(anchorString: string, writer: string, options: AnchorOptions): Promise<LedgerTransaction>
}

/** What taking submissions takes. */
export interface SubmissionsParts {
  log: PromisingLog
  /** The log's own database. */
  store: LogStore
  /** Signs the log's checkpoints, and receipts. */
  signer: NoteSigner
  /** Names the log. */
  origin: string
  admission: Pick<BatchAdmission, 'withFiles'>
  /** Where files are stored for good. */
  content: Pick<ContentStore, 'put'>
  versions: ProtocolVersions
  /** How long after its receipt a leaf may come, in seconds. */
  deadlineSeconds: number
  /** Unix milliseconds. */
  now: () => number
  onEvent?: (event: SubmissionEvent) => void
}

/** What became of submissions, for the operator. */
export type SubmissionEvent =
  | { type: 'promised'; anchorString: string; writer: string; deadline: number }
  | { type: 'kept'; anchorString: string; writer: string; leaf: number }
  /** A leaf that is promised could not be made yet; it is tried again. */
  | { type: 'owed'; anchorString: string; writer: string; deadline: number; error: unknown }

/** What whoever has handed in a batch is told. */
export interface SubmissionAnswer {
  /** A signed note (docs/spec/submission-receipt.md). */
  receipt: string
  /** Index of the leaf; undefined where it is still to come. */
  leaf: number | undefined
}

/** Room for what a CAR has beside the content of its files, in bytes. */
const CAR_ROOM = 65_536
/** First and longest wait before a leaf that is promised is tried again, in milliseconds. */
const RETRY = { first: 1_000, longest: 60_000 }

/** Largest body of a submission, in bytes: as much as the protocol allows the files of a batch. */
export function maxSubmissionBytes(params: ProtocolParameters): number {
  const roles = ['coreIndex', 'coreProof', 'provisionalIndex', 'provisionalProof', 'chunk'] as const
  return roles.reduce((sum, role) => sum + maxFileBytes(role, params), CAR_ROOM)
}

/**
 * Takes batches of writers on other machines (docs/spec/submission-receipt.md): admits them with the files that came
 * along, stores these, promises a leaf by a signed receipt, and makes it. A promise is durable before anyone learns of
 * it; what the last process has promised and not kept is made up for at the start.
 */
export class Submissions {
  readonly #parts: SubmissionsParts
  readonly #promises: Promises
  /** Submissions that are not answered yet, by entry. */
  readonly #underWay = new Map<string, Promise<SubmissionAnswer>>()
  readonly #owed = new Map<string, Promised>()
  #retry: NodeJS.Timeout | undefined
  #failures = 0
  #stopped = false

  constructor(parts: SubmissionsParts) {
    this.#parts = parts
    this.#promises = new Promises(parts.store)
  }

  /** Makes the leaves that the last process has promised and did not come to. @throws LedgerError LEDGER_CORRUPT; StoreError */
  async start(): Promise<void> {
    for (const promised of await this.#promises.open()) this.#owed.set(idOf(promised), promised)
    await this.#makeUp()
  }

  /** Tries nothing again from now on. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#retry)
  }

  /**
   * Takes a batch, or says again what was promised for it.
   * @param car its files
   * @throws NodeError SUBMISSION_INVALID, NODE_STOPPING; SidetreeError for the anchor string; LedgerError as
   * `Admission.admit`; ContentError, StoreError
   */
  submit(entry: Entry, car: Uint8Array): Promise<SubmissionAnswer> {
    const id = idOf(entry)
    const answer = this.#underWay.get(id) ?? this.#answer(entry, car).finally(() => this.#underWay.delete(id))
    this.#underWay.set(id, answer)
    return answer
  }

  async #answer(entry: Entry, car: Uint8Array): Promise<SubmissionAnswer> {
    const known = this.#promises.find(entry)
    const promised = known ?? (await this.#take(entry, car))
    const { deadline, time, anchorString, writer } = promised
    const { origin, signer } = this.#parts
    const receipt = await signReceipt({ origin, anchorString, writer, time, deadline }, signer)
    return { receipt, leaf: known?.leaf }
  }

  /** Returns once the leaf is promised; it is made after that. */
  async #take(entry: Entry, car: Uint8Array): Promise<Promised> {
    if (this.#stopped) throw new NodeError('NODE_STOPPING', 'the node is stopping')
    const { log, admission, content } = this.#parts
    const files = new SubmittedFiles(car, this.#rootOf(entry.anchorString))
    const { promise, resolve, reject } = Promise.withResolvers<Promised>()
    let promised: Promised | undefined
    const admitted = async () => {
      await files.store(content)
      promised = await this.#give(entry)
      resolve(promised)
    }
    const { anchorString, writer } = entry
    void admission
      .withFiles(entry, files, () => log.anchor(anchorString, writer, { admitted }))
      .then(async ({ number }) => promised && this.#keep(promised, number))
      .catch((error: unknown) => {
        if (promised === undefined) reject(error)
        else this.#owe(promised, error)
      })
    return promise
  }

  async #give(entry: Entry): Promise<Promised> {
    const { log, now, deadlineSeconds, onEvent } = this.#parts
    const time = Math.floor(now() / 1000)
    const after = (await log.head()).number
    const promised = { ...entry, time, deadline: time + deadlineSeconds, after, leaf: undefined }
    await this.#promises.give(promised)
    onEvent?.({ type: 'promised', ...entry, deadline: promised.deadline })
    return promised
  }

  async #keep(promised: Promised, leaf: number): Promise<void> {
    await this.#promises.keep(promised, leaf)
    this.#owed.delete(idOf(promised))
    const { anchorString, writer } = promised
    this.#parts.onEvent?.({ type: 'kept', anchorString, writer, leaf })
  }

  #owe(promised: Promised, error: unknown): void {
    const { anchorString, writer, deadline } = promised
    this.#owed.set(idOf(promised), promised)
    if (this.#stopped) return
    this.#parts.onEvent?.({ type: 'owed', anchorString, writer, deadline, error })
    if (this.#retry !== undefined) return
    const wait = Math.min(RETRY.first * 2 ** Math.min(this.#failures++, 20), RETRY.longest)
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      void this.#makeUp()
    }, wait).unref()
  }

  /** Makes every leaf that is owed, in the order of the promises. */
  async #makeUp(): Promise<void> {
    const owed = [...this.#owed.values()].map(promised =>
      this.#makeUpFor(promised).then(
        () => true,
        error => {
          this.#owe(promised, error)
          return false
        },
      ),
    )
    if ((await Promise.all(owed)).every(Boolean)) this.#failures = 0
  }

  async #makeUpFor(promised: Promised): Promise<void> {
    if (this.#stopped) return
    const { log } = this.#parts
    const { anchorString, writer, after } = promised
    const found = await findAnchor(log, { anchorString, writer }, after)
    const { number } = found ?? (await log.anchor(anchorString, writer, { promised: true }))
    await this.#keep(promised, number)
  }

  #rootOf(anchorString: string): string {
    const params = parametersAt(this.#parts.versions, Math.floor(this.#parts.now() / 1000))
    if (params === undefined) throw new NodeError('SUBMISSION_INVALID', 'the protocol has not begun')
    return parseAnchorString(anchorString, params).coreIndexFileUri
  }
}

/** The files in the body of a submission. */
class SubmittedFiles implements Pick<ContentStore, 'get'> {
  readonly #block: ReturnType<typeof readCar>
  /** Those that were asked for, by the CID that they were asked for by: the files of the batch. */
  readonly #read = new Map<string, Uint8Array>()

  /** @throws NodeError SUBMISSION_INVALID; ContentError CONTENT_CID_INVALID */
  constructor(car: Uint8Array, root: string) {
    const cid = parseContentCid(root)
    try {
      this.#block = readCar(car, cid)
    } catch (cause) {
      if (!(cause instanceof CodecError)) throw cause
      throw new NodeError('SUBMISSION_INVALID', cause.message, { cause })
    }
  }

  async get(text: string, options: GetOptions): Promise<Uint8Array> {
    const bytes = await readContent(
      text,
      async cid => {
        const block = this.#block(cid)
        if (block !== undefined) return block
        throw new ContentError('CONTENT_NOT_FOUND', `the submission has no block ${cidText(cid)}`, {
          cid: text,
        })
      },
      options,
    )
    this.#read.set(text, bytes)
    return bytes
  }

  /** Stores the files that were read. @throws NodeError SUBMISSION_INVALID, where one gets another CID so */
  async store(content: Pick<ContentStore, 'put'>): Promise<void> {
    for (const [cid, bytes] of this.#read) {
      const stored = await content.put(bytes)
      if (sameContent(parseCid(stored), parseCid(cid))) continue
      throw new NodeError(
        'SUBMISSION_INVALID',
        `the file ${cid} is laid out in another way than files are stored here, which gives it the CID ${stored}`,
      )
    }
  }
}

/** Neither text has a line end, where a leaf can hold it. */
function idOf({ writer, anchorString }: Entry): string {
  return `${writer}\n${anchorString}`
}
