import { CodecError } from '../../codec/errors.ts'
import { sha256 } from '../../codec/hash.ts'
import { canonicalize } from '../../codec/jcs.ts'
import { type JsonObject, parseJsonObject } from '../../codec/json.ts'
import { MAX_NOTE_BYTES } from '../../merkle/note.ts'
import { isTreeSize } from '../../merkle/tree.ts'
import { LedgerError } from '../errors.ts'

/**
 * Layout of a witness's database.
 *
 *   c <SHA-256 of the origin>   the newest checkpoint that was cosigned
 *   x <SHA-256 of the origin>   two checkpoints that contradict each other
 *   k                           verifier key of the witness
 */
export const OWNER_KEY = Buffer.from('k')
/** All the keys that begin with `c`. */
export const SEEN_RANGE = { gte: Buffer.from('c'), lt: Buffer.from('d') }

export function seenKey(origin: string): Buffer {
  return Buffer.concat([Buffer.from('c'), sha256(origin)])
}

export function evidenceKey(origin: string): Buffer {
  return Buffer.concat([Buffer.from('x'), sha256(origin)])
}

/** As JSON, a note takes up to twice its bytes: quotation marks are escaped, and so are line ends. */
const MAX_RECORD_BYTES = 2 * MAX_NOTE_BYTES + 4096

/** What a witness has cosigned last for a log. */
export interface SeenCheckpoint {
  size: number
  /** 32 bytes. */
  root: Uint8Array
  /** Of the cosignature: Unix seconds. */
  time: number
  /** The note, with the signatures of the log and of this witness. */
  checkpoint: string
}

export function encodeSeen({ size, root, time, checkpoint }: SeenCheckpoint): string {
  return canonicalize({ size, root: Buffer.from(root).toString('hex'), time, checkpoint })
}

/** @throws LedgerError LEDGER_CORRUPT */
export function decodeSeen(bytes: Uint8Array): SeenCheckpoint {
  const { size, root, time, checkpoint } = parse(bytes)
  const whole = (value: unknown): value is number => typeof value === 'number' && isTreeSize(value)
  if (!whole(size) || !whole(time) || typeof checkpoint !== 'string') throw corrupt()
  if (typeof root !== 'string' || !/^[0-9a-f]{64}$/.test(root)) throw corrupt()
  return { size, root: Buffer.from(root, 'hex'), time, checkpoint }
}

function parse(bytes: Uint8Array): JsonObject {
  try {
    return parseJsonObject(bytes, { maxBytes: MAX_RECORD_BYTES, maxDepth: 1 })
  } catch (cause) {
    if (cause instanceof CodecError) throw corrupt(cause)
    throw cause
  }
}

function corrupt(cause?: unknown): LedgerError {
  return new LedgerError('LEDGER_CORRUPT', "a record of the witness's database cannot be read", cause)
}
