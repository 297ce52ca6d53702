import { setTimeout } from 'node:timers/promises'
import { CodecError } from '../../codec/errors.ts'
import { canonicalize } from '../../codec/jcs.ts'
import { parseJsonObject } from '../../codec/json.ts'
import type { NoteVerifier } from '../../merkle/vkey.ts'
import { LedgerError } from '../errors.ts'
import { findAnchor } from '../find-anchor.ts'
import type { LogStore } from '../log/records.ts'
import { type Receipt, verifyReceipt } from '../submission/receipt.ts'
import { rfc3339 } from '../time.ts'
import type { Ledger, LedgerTransaction } from '../types.ts'
import { RECEIPTS, receiptKey } from './records.ts'

/** Hands batches in to a log, with their files (docs/spec/submission-receipt.md). */
export interface Submitter {
  /**
   * @returns what was answered as a receipt, which nobody has verified
   * @throws LedgerError LEDGER_ENTRY_REFUSED, LEDGER_FILES_MISSING; LEDGER_WRITER_REFUSED, LEDGER_UNREACHABLE where
   * nothing was promised; LEDGER_OUTCOME_UNKNOWN; StoreError
   */
  submit(anchorString: string, signal: AbortSignal): Promise<string>
}

/** How a follower hands in batches. */
export interface SubmittingParts {
  submitter: Submitter
  /** Keeps a receipt where an operator finds it, until it is honoured: undefined. The database has it too. */
  keepReceipt?: (anchorString: string, receipt: string | undefined) => Promise<void>
  /** The log has not honoured a receipt, which is kept. */
  onOverdue?: (receipt: Receipt) => void
  /** Longest wait for a leaf before it is looked for again later, in milliseconds. Default 60,000. */
  waitMs?: number
}

/** What handing in batches takes beside. */
export interface SubmittedAnchorsParts extends SubmittingParts {
  /** The follower's own database. */
  store: LogStore
  origin: string
  verifier: NoteVerifier
  /** The log as it is shown here. */
  log: Pick<Ledger, 'transactions' | 'head'> & { look(signal: AbortSignal): Promise<void> }
  /** Unix milliseconds. */
  now: () => number
}

/** A receipt that waits for its leaf. */
interface Kept extends Receipt {
  note: string
  /** Number of the newest transaction that was shown when the batch was handed in. */
  after: number | undefined
}

const DEFAULT_WAIT_MS = 60_000
/** First and longest pause between looks for a leaf, in milliseconds. */
const PAUSE = { first: 100, longest: 2_000 }

/**
 * Anchors by handing in: a batch is on the ledger once its leaf is shown here, and until then there is a receipt. A
 * receipt is durable before its leaf is waited for, so that a stop loses neither the promise nor the proof of it.
 */
export class SubmittedAnchors {
  readonly #parts: SubmittedAnchorsParts
  readonly #released = new AbortController()
  /** Receipts whose leaf is not shown yet, by anchor string. */
  readonly #waiting = new Map<string, Kept>()

  constructor(parts: SubmittedAnchorsParts) {
    this.#parts = parts
  }

  /** Takes up the receipts that the last process was waiting with. @throws LedgerError LEDGER_CORRUPT; StoreError */
  async load(): Promise<void> {
    for await (const [, bytes] of this.#parts.store.entries(RECEIPTS)) {
      const kept = this.#open(bytes)
      this.#waiting.set(kept.anchorString, kept)
    }
  }

  /** Lets go of receipts whose leaf is shown by now, whoever waits for it. */
  async settle(): Promise<void> {
    for (const kept of this.#waiting.values()) {
      const found = await findAnchor(this.#parts.log, kept, kept.after)
      if (found !== undefined) await this.#settle(kept, found)
    }
  }

  /** @throws LedgerError as {@link Submitter}; LEDGER_OUTCOME_UNKNOWN where no leaf is shown yet; LEDGER_FROZEN */
  async anchor(anchorString: string): Promise<LedgerTransaction> {
    const kept = (await this.#kept(anchorString)) ?? (await this.#handIn(anchorString))
    const found = await this.#wait(kept)
    await this.#settle(kept, found)
    return found
  }

  /** Ends the waiting, now and in the time to come. */
  release(): void {
    this.#released.abort()
  }

  /** The receipt of a batch that was handed in before, unless its deadline is over: then it is handed in again. */
  async #kept(anchorString: string): Promise<Kept | undefined> {
    const kept = this.#waiting.get(anchorString)
    if (kept === undefined || kept.deadline * 1000 >= this.#parts.now()) return kept
    this.#waiting.delete(anchorString)
    await this.#giveUp(kept)
    return undefined
  }

  async #handIn(anchorString: string): Promise<Kept> {
    const { store, submitter, keepReceipt, log, origin, verifier } = this.#parts
    const after = (await log.head()).number
    const note = await submitter.submit(anchorString, this.#released.signal)
    const receipt = verifyReceipt(note, origin, verifier)
    if (receipt.anchorString !== anchorString) {
      throw new LedgerError('LEDGER_RECEIPT_INVALID', 'the receipt of the log is of another batch')
    }
    await store.commit([{ key: receiptKey(anchorString), value: encode(note, after) }])
    await keepReceipt?.(anchorString, note)
    const kept = { ...receipt, note, after }
    this.#waiting.set(anchorString, kept)
    return kept
  }

  async #wait(kept: Kept): Promise<LedgerTransaction> {
    const { log, now, waitMs = DEFAULT_WAIT_MS } = this.#parts
    const { signal } = this.#released
    const { anchorString, writer, after, deadline } = kept
    const end = now() + waitMs
    for (let pause = PAUSE.first; ; pause = Math.min(2 * pause, PAUSE.longest)) {
      const found = await findAnchor(log, { anchorString, writer }, after)
      if (found !== undefined) return found
      if (signal.aborted || now() >= end) break
      await setTimeout(pause, undefined, { signal }).catch(() => {})
      await log.look(signal).catch(requireNotFrozen)
    }
    throw new LedgerError(
      'LEDGER_OUTCOME_UNKNOWN',
      `the log has promised a leaf by ${rfc3339(deadline)}, and shows none yet`,
    )
  }

  #open(bytes: Uint8Array): Kept {
    const { origin, verifier } = this.#parts
    const { note, after } = decode(bytes)
    return { ...verifyReceipt(note, origin, verifier), note, after }
  }

  async #settle(kept: Kept, { time }: LedgerTransaction): Promise<void> {
    if (!this.#waiting.delete(kept.anchorString)) return
    if (time > kept.deadline) await this.#giveUp(kept)
    else await this.#drop(kept)
  }

  /** The receipt was honoured: it shows nothing any more. */
  async #drop({ anchorString }: Kept): Promise<void> {
    await this.#parts.store.commit([{ key: receiptKey(anchorString) }])
    await this.#parts.keepReceipt?.(anchorString, undefined)
  }

  /** The receipt was not honoured: it stays where the operator finds it. */
  async #giveUp(kept: Kept): Promise<void> {
    await this.#parts.keepReceipt?.(kept.anchorString, kept.note)
    await this.#parts.store.commit([{ key: receiptKey(kept.anchorString) }])
    this.#parts.onOverdue?.(kept)
  }
}

/** What keeps a look from being made is told elsewhere; that nothing is shown any more is not waited out. */
function requireNotFrozen(error: unknown): void {
  if (error instanceof LedgerError && error.code === 'LEDGER_FROZEN') throw error
}

function encode(note: string, after: number | undefined): Buffer {
  return Buffer.from(canonicalize(after === undefined ? { note } : { note, after }))
}

function decode(bytes: Uint8Array): { note: string; after: number | undefined } {
  try {
    const { note, after } = parseJsonObject(bytes, { maxDepth: 1 })
    if (typeof note === 'string' && (after === undefined || typeof after === 'number')) return { note, after }
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause
    throw corrupt(cause)
  }
  throw corrupt()
}

function corrupt(cause?: unknown): LedgerError {
  return new LedgerError('LEDGER_CORRUPT', 'the record of a receipt cannot be read', cause)
}
