import { CodecError } from '../../codec/errors.ts'
import { type JsonObject, parseJsonObject } from '../../codec/json.ts'
import { MAX_NOTE_BYTES } from '../../merkle/note.ts'
import { LedgerError } from '../errors.ts'
import { MAX_RECEIPT_BYTES } from './receipt.ts'

/**
 * A receipt that was not honoured, and a checkpoint that shows it (docs/spec/submission-receipt.md). Both are signed by
 * the log; that its leaves lack the promised one is for whoever verifies it to read.
 */
export interface BrokenReceipt {
  /** Notes, verbatim. */
  receipt: string
  checkpoint: string
}

export const BROKEN_RECEIPT_TYPE = 'broken-receipt'

/** Two notes, with every byte of them escaped. */
const MAX_BYTES = 6 * (MAX_NOTE_BYTES + MAX_RECEIPT_BYTES)

/** The text of evidence, for a file: JSON. */
export function formatBrokenReceipt({ receipt, checkpoint }: BrokenReceipt): string {
  return `${JSON.stringify({ v: 1, type: BROKEN_RECEIPT_TYPE, receipt, checkpoint }, undefined, 2)}\n`
}

/** Reads evidence, and verifies nothing of it. @throws LedgerError LEDGER_EVIDENCE_INVALID */
export function parseBrokenReceipt(bytes: Uint8Array): BrokenReceipt {
  const { v, type, receipt, checkpoint, ...others } = readObject(bytes)
  if (v !== 1 || type !== BROKEN_RECEIPT_TYPE) throw invalid('its version is not 1 or its type is another')
  if (typeof receipt !== 'string' || typeof checkpoint !== 'string') throw invalid('it lacks a note')
  if (Object.keys(others).length > 0) throw invalid('it has other members')
  return { receipt, checkpoint }
}

function readObject(bytes: Uint8Array): JsonObject {
  try {
    return parseJsonObject(bytes, { maxBytes: MAX_BYTES, maxDepth: 1 })
  } catch (cause) {
    if (cause instanceof CodecError) throw invalid('it is not a JSON object', cause)
    throw cause
  }
}

function invalid(why: string, cause?: unknown): LedgerError {
  return new LedgerError('LEDGER_EVIDENCE_INVALID', `not evidence of a broken receipt: ${why}`, cause)
}
