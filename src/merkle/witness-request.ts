import { CodecError } from '../codec/errors.ts'
import { decodeUtf8 } from '../codec/json.ts'
import { MerkleError } from './errors.ts'
import { formatHashes, parseDecimal, parseHashLine } from './hash-lines.ts'
import { MAX_NOTE_BYTES, MAX_NOTE_SIGNATURES, parseSignatureLines } from './note.ts'

/** What a log asks of a witness (C2SP tlog-witness, add-checkpoint). */
export interface AddCheckpoint {
  /** Size that the log takes the witness to be at. */
  old: number
  /** Consistency proof from there to the checkpoint: at most 63 hashes of 32 bytes. */
  proof: Uint8Array[]
  /** The checkpoint, a signed note. */
  checkpoint: string
}

/** Media type of an answer 409, whose body is the size that the witness is at. */
export const SIZE_TYPE = 'text/x.tlog.size'

const MAX_HASHES = 63
/** Largest body: a note, the hashes, and the line before them. */
export const MAX_REQUEST_BYTES = MAX_NOTE_BYTES + MAX_HASHES * 64 + 64

/** The body of a request: `old <size>`, the hashes, an empty line, the checkpoint. */
export function formatAddCheckpoint({ old, proof, checkpoint }: AddCheckpoint): string {
  return `old ${old}\n${formatHashes(proof)}\n${checkpoint}`
}

/** @throws MerkleError WITNESS_REQUEST_INVALID; the checkpoint is not looked at */
export function parseAddCheckpoint(body: Uint8Array): AddCheckpoint {
  if (body.length > MAX_REQUEST_BYTES) throw invalid('it is too large')
  const text = textOf(body)
  const end = text.indexOf('\n\n')
  const [first, ...lines] = end === -1 ? [] : text.slice(0, end).split('\n', MAX_HASHES + 2)
  const old = first?.startsWith('old ') ? parseDecimal(first.slice(4)) : undefined
  if (old === undefined) throw invalid('it does not begin with "old <size>", hashes and an empty line')
  if (lines.length > MAX_HASHES) throw invalid(`its proof has more than ${MAX_HASHES} hashes`)
  const proof = lines.map(line => {
    const hash = parseHashLine(line)
    if (hash === undefined) throw invalid('a line of its proof is not base64 of 32 bytes')
    return hash
  })
  return { old, proof, checkpoint: text.slice(end + 2) }
}

/**
 * The lines of an answer 200, each with its newline: signatures of the witness on the checkpoint. They are not verified.
 * @throws MerkleError NOTE_INVALID, NOTE_TOO_MANY_SIGNATURES, WITNESS_REQUEST_INVALID
 */
export function parseCosignatures(body: Uint8Array): string[] {
  if (body.length > MAX_NOTE_BYTES) throw invalid('the answer is too large')
  const text = textOf(body)
  parseSignatureLines(text)
  return text
    .slice(0, -1)
    .split('\n', MAX_NOTE_SIGNATURES)
    .map(line => `${line}\n`)
}

function textOf(body: Uint8Array): string {
  try {
    return decodeUtf8(body)
  } catch (cause) {
    if (cause instanceof CodecError) throw invalid('it is not UTF-8', cause)
    throw cause
  }
}

function invalid(why: string, cause?: unknown): MerkleError {
  return new MerkleError('WITNESS_REQUEST_INVALID', `not an exchange with a witness: ${why}`, cause)
}
