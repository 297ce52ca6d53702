import { MerkleError } from '../../merkle/errors.ts'
import { signNote, verifyNote } from '../../merkle/note.ts'
import type { NoteSigner } from '../../merkle/signing-key.ts'
import { isKeyName, type NoteVerifier } from '../../merkle/vkey.ts'
import { LedgerError } from '../errors.ts'
import { MAX_LEAF_TEXT_BYTES, MAX_LEAF_TIME } from '../log/leaf.ts'

/** What a log promises whoever has handed in an entry (docs/spec/submission-receipt.md). */
export interface Receipt {
  /** Of the log. */
  origin: string
  anchorString: string
  /** As the leaf will name it. */
  writer: string
  /** When the log promised it: Unix seconds. */
  time: number
  /** The time that the leaf has at the latest: Unix seconds. */
  deadline: number
}

/**
 * First line of a receipt. The origin of a log, which is the first line of its checkpoints, has no white space (C2SP
 * signed-note, tlog-checkpoint), so neither is taken for the other.
 */
const FIRST_LINE = 'rootline submission receipt v1'
const SECONDS = /^(?:0|[1-9][0-9]{0,11})$/

/** Largest receipt that is read, in bytes: its texts, and room for signatures of others. */
export const MAX_RECEIPT_BYTES = 1 << 14

/**
 * The text that is signed, six lines.
 * @throws LedgerError LEDGER_RECEIPT_INVALID for a member that no receipt can have
 */
export function formatReceipt(receipt: Receipt): string {
  const { origin, anchorString, writer, time, deadline } = requireReceipt(receipt)
  return [FIRST_LINE, origin, anchorString, writer, time, deadline, ''].join('\n')
}

/** Reads the text of a receipt, strictly. @throws LedgerError LEDGER_RECEIPT_INVALID */
export function parseReceipt(text: string): Receipt {
  const [first, origin = '', anchorString = '', writer = '', time = '', deadline = '', ...rest] =
    text.split('\n')
  if (first !== FIRST_LINE) throw invalid('its first line is another')
  if (rest.length !== 1 || rest[0] !== '') throw invalid('it has not six lines')
  if (!SECONDS.test(time) || !SECONDS.test(deadline)) throw invalid('its times are not Unix seconds')
  return requireReceipt({ origin, anchorString, writer, time: Number(time), deadline: Number(deadline) })
}

/** Signs a receipt as a note (C2SP signed-note). @throws LedgerError LEDGER_RECEIPT_INVALID */
export async function signReceipt(receipt: Receipt, signer: NoteSigner): Promise<string> {
  return signNote(formatReceipt(receipt), [signer])
}

/**
 * Reads a receipt that a log has signed. Signatures of others are ignored.
 * @param origin of the log, and `verifier` its key: both pinned by whoever reads
 * @throws LedgerError LEDGER_RECEIPT_INVALID, also where it is of another log or not signed by the key
 */
export function verifyReceipt(note: Uint8Array | string, origin: string, verifier: NoteVerifier): Receipt {
  if (note.length > MAX_RECEIPT_BYTES) throw invalid('it is too large')
  const receipt = parseReceipt(signedText(note, verifier))
  if (receipt.origin !== origin) throw invalid(`it is of the log ${receipt.origin}`)
  return receipt
}

function signedText(note: Uint8Array | string, verifier: NoteVerifier): string {
  try {
    return verifyNote(note, [verifier]).text
  } catch (cause) {
    if (cause instanceof MerkleError) throw invalid(cause.message, cause)
    throw cause
  }
}

function requireReceipt(receipt: Receipt): Receipt {
  const { origin, anchorString, writer, time, deadline } = receipt
  if (!isKeyName(origin)) throw invalid('its origin is none of a log')
  // A full stop is in no base64, so that the third line is no root of a checkpoint either.
  if (!isLine(anchorString) || !anchorString.includes('.')) throw invalid('it has no anchor string')
  if (!isLine(writer)) throw invalid('it has no writer')
  if (!isTime(time) || !isTime(deadline)) throw invalid('its times are not Unix seconds')
  if (deadline <= time) throw invalid('its deadline is not after its time')
  return receipt
}

function isLine(text: string): boolean {
  return (
    text !== '' &&
    Buffer.byteLength(text) <= MAX_LEAF_TEXT_BYTES &&
    text.isWellFormed() &&
    !/\p{Cc}/u.test(text)
  )
}

function isTime(seconds: number): boolean {
  return Number.isSafeInteger(seconds) && seconds >= 0 && seconds <= MAX_LEAF_TIME
}

function invalid(why: string, cause?: unknown): LedgerError {
  return new LedgerError('LEDGER_RECEIPT_INVALID', `not a receipt of the log: ${why}`, cause)
}
