import { CodecError } from '../codec/errors.ts'
import { decodeUtf8 } from '../codec/json.ts'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { MerkleError } from './errors.ts'
import { formatHashes, parseDecimal, parseHashLine } from './hash-lines.ts'
import { MAX_NOTE_BYTES } from './note.ts'

/** That an entry is in a log, for whoever has the entry (C2SP tlog-proof). Nothing about it is verified. */
export interface TlogProof {
  /** What the application adds; nothing signs it. */
  extra?: Uint8Array
  index: number
  /** Sibling hashes, that of the leaf first; 32 bytes each. */
  hashes: Uint8Array[]
  /** The checkpoint with its signatures, a note. */
  checkpoint: string
}

const HEADER = 'c2sp.org/tlog-proof@v1'
const MAX_HASHES = 63
const MAX_EXTRA_BYTES = 1 << 16
/** Longest proof, in bytes. */
const MAX_BYTES = MAX_NOTE_BYTES + (1 << 17)

export function formatTlogProof({ extra, index, hashes, checkpoint }: TlogProof): string {
  const extraLine = extra === undefined ? '' : `extra ${encodeBase64(extra)}\n`
  return `${HEADER}\n${extraLine}index ${index}\n${formatHashes(hashes)}\n${checkpoint}`
}

/** @throws MerkleError TLOG_PROOF_INVALID; the checkpoint is not looked at */
export function parseTlogProof(proof: Uint8Array | string): TlogProof {
  const text = textOf(proof)
  const end = text.indexOf('\n\n')
  const lines = end === -1 ? [] : text.slice(0, end).split('\n', MAX_HASHES + 4)
  if (lines.shift() !== HEADER)
    throw invalid(`its first line is not ${HEADER}, or nothing follows its hashes`)
  const extra = lines[0]?.startsWith('extra ') ? extraOf(lines.shift() as string) : undefined
  const indexLine = lines.shift()
  const index = indexLine?.startsWith('index ') ? parseDecimal(indexLine.slice(6)) : undefined
  if (index === undefined) throw invalid('it has no line "index <number>"')
  if (lines.length > MAX_HASHES) throw invalid(`it has more than ${MAX_HASHES} hashes`)
  const hashes = lines.map(line => {
    const hash = parseHashLine(line)
    if (hash === undefined) throw invalid('a line is not base64 of 32 bytes')
    return hash
  })
  return { ...(extra && { extra }), index, hashes, checkpoint: text.slice(end + 2) }
}

function extraOf(line: string): Uint8Array {
  const extra = decodeBase64(line.slice('extra '.length))
  if (extra === undefined || extra.length > MAX_EXTRA_BYTES) throw invalid('its extra data are no base64')
  return extra
}

function textOf(proof: Uint8Array | string): string {
  if (proof.length > MAX_BYTES) throw invalid('it is too large')
  if (typeof proof === 'string') return proof
  try {
    return decodeUtf8(proof)
  } catch (cause) {
    if (cause instanceof CodecError) throw invalid('it is not UTF-8', cause)
    throw cause
  }
}

function invalid(why: string, cause?: unknown): MerkleError {
  return new MerkleError('TLOG_PROOF_INVALID', `not a proof of a log entry: ${why}`, cause)
}
