import { CodecError } from '../codec/errors.ts'
import { decodeUtf8 } from '../codec/json.ts'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { MerkleError } from './errors.ts'
import type { SignatureFacts } from './signature-types.ts'
import type { NoteSigner } from './signing-key.ts'
import { isKeyName, type NoteVerifier } from './vkey.ts'

/** Largest note, in bytes: room for a checkpoint with 100 of the longest known signatures (ML-DSA-44). */
export const MAX_NOTE_BYTES = 1 << 19

/** Most signatures on a note. C2SP signed-note asks verifiers to take at least 16. */
export const MAX_NOTE_SIGNATURES = 100

const SIGNATURE_START = '— '
/** Key ID of four bytes, and something after it. */
const MIN_SIGNATURE_BYTES = 5

/** A note, taken apart and not verified. */
export interface Note {
  /** What is signed; ends in a newline. */
  text: string
  signatures: NoteSignature[]
}

/** A signature line. */
export interface NoteSignature {
  name: string
  /** Four bytes in hex. */
  keyId: string
  signature: Uint8Array
}

/** A signature that was verified, and by which key. */
export interface VerifiedSignature extends SignatureFacts {
  verifier: NoteVerifier
}

/** A note on which at least one known key has signed, and none falsely. */
export interface VerifiedNote {
  text: string
  /** One for each known key that has signed; of several by one cosigner, the one with the latest time. */
  signatures: VerifiedSignature[]
}

/**
 * Takes a signed note apart (C2SP signed-note, Format): its text up to the last empty line, then signature lines.
 * @throws MerkleError NOTE_TOO_LARGE, NOTE_TOO_MANY_SIGNATURES, NOTE_INVALID
 */
export function parseNote(note: Uint8Array | string): Note {
  const [text, lines] = splitNote(note)
  return { text, signatures: parseSignatureLines(lines) }
}

/** The text of a note, whatever its signatures are. @throws MerkleError NOTE_TOO_LARGE, NOTE_INVALID */
export function textOfNote(note: Uint8Array | string): string {
  return splitNote(note)[0]
}

function splitNote(note: Uint8Array | string): [text: string, signatureLines: string] {
  const whole = noteText(note)
  const split = whole.lastIndexOf('\n\n')
  if (split === -1 || !whole.endsWith('\n') || split + 2 === whole.length) {
    throw invalid('it has no text and signatures with an empty line between them')
  }
  return [whole.slice(0, split + 1), whole.slice(split + 2)]
}

/**
 * Reads signature lines, each with its newline.
 * @throws MerkleError NOTE_TOO_MANY_SIGNATURES, NOTE_INVALID
 */
export function parseSignatureLines(text: string): NoteSignature[] {
  if (!text.endsWith('\n')) throw invalid('its last line does not end')
  const lines = text.slice(0, -1).split('\n', MAX_NOTE_SIGNATURES + 1)
  if (lines.length > MAX_NOTE_SIGNATURES) {
    throw new MerkleError(
      'NOTE_TOO_MANY_SIGNATURES',
      `a note has more than ${MAX_NOTE_SIGNATURES} signatures`,
    )
  }
  return lines.map(parseSignatureLine)
}

/**
 * A note with further signatures, that of a cosigner beside the log's: lines as {@link signatureLine} writes them.
 * @throws MerkleError as {@link parseNote}
 */
export function appendSignatures(note: string, lines: readonly string[]): string {
  const whole = note + lines.join('')
  // An empty line among them would make the signatures before it a part of the text.
  if (parseNote(whole).text !== textOfNote(note)) throw invalid('what is added is no signature')
  return whole
}

/** The line, with its newline, of a signature over a note text. */
export async function signatureLine(text: string, { verifier, sign }: NoteSigner): Promise<string> {
  const { name, keyId } = verifier
  return formatSignature({ name, keyId, signature: await sign(Buffer.from(text)) })
}

/** The text of a note: what {@link parseNote} takes apart. */
export function formatNote({ text, signatures }: Note): string {
  return `${text}\n${signatures.map(formatSignature).join('')}`
}

function formatSignature({ name, keyId, signature }: NoteSignature): string {
  return `${SIGNATURE_START}${name} ${encodeBase64(Buffer.concat([Buffer.from(keyId, 'hex'), signature]))}\n`
}

/**
 * Verifies a note with the keys that the caller knows. Signatures by other keys are ignored; a known key with a
 * signature that is not valid rejects the note, whatever else is on it (C2SP signed-note, Signatures).
 * @throws MerkleError as {@link parseNote}; NOTE_SIGNATURE_INVALID; NOTE_UNVERIFIED where no known key has signed;
 * VKEY_AMBIGUOUS
 */
export function verifyNote(note: Uint8Array | string, verifiers: readonly NoteVerifier[]): VerifiedNote {
  const known = byName(verifiers)
  const { text, signatures } = parseNote(note)
  const bytes = Buffer.from(text)
  const verified = new Map<string, VerifiedSignature>()
  for (const { name, keyId, signature } of signatures) {
    const verifier = known.get(`${name}+${keyId}`)
    if (verifier === undefined) continue
    const facts = verifier.check(bytes, signature)
    if (facts === undefined) {
      throw new MerkleError('NOTE_SIGNATURE_INVALID', `the signature of ${name} on the note is not valid`)
    }
    const before = verified.get(verifier.vkey)
    if (before === undefined || (facts.timestamp ?? 0) > (before.timestamp ?? 0)) {
      verified.set(verifier.vkey, { verifier, ...facts })
    }
  }
  if (verified.size === 0) throw new MerkleError('NOTE_UNVERIFIED', 'no known key has signed the note')
  return { text, signatures: [...verified.values()] }
}

/**
 * Signs a text as a note. Signatures stand in the order of the signers.
 * @param text ends in a newline, and has no control character but newlines
 * @throws MerkleError NOTE_INVALID for a text that cannot be one, or without a signer
 */
export async function signNote(text: string, signers: readonly NoteSigner[]): Promise<string> {
  if (!text.endsWith('\n') || !isNoteText(text)) throw invalid('the text is not of lines')
  if (signers.length === 0) throw invalid('nobody signs it')
  const lines: string[] = []
  for (const signer of signers) lines.push(await signatureLine(text, signer))
  return `${text}\n${lines.join('')}`
}

function noteText(note: Uint8Array | string): string {
  const length = typeof note === 'string' ? Buffer.byteLength(note) : note.length
  if (length > MAX_NOTE_BYTES) {
    throw new MerkleError('NOTE_TOO_LARGE', `a note of ${length} bytes is larger than ${MAX_NOTE_BYTES}`)
  }
  const text = typeof note === 'string' ? note : decodeNote(note)
  if (!isNoteText(text)) throw invalid('it has control characters, or is not Unicode text')
  return text
}

function decodeNote(note: Uint8Array): string {
  try {
    return decodeUtf8(note)
  } catch (cause) {
    if (cause instanceof CodecError) throw invalid('it is not UTF-8', cause)
    throw cause
  }
}

function isNoteText(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x20 && unit !== 0x0a) return false
  }
  return text.isWellFormed()
}

function parseSignatureLine(line: string): NoteSignature {
  const [name, encoded, ...more] = line.startsWith(SIGNATURE_START)
    ? line.slice(SIGNATURE_START.length).split(' ', 3)
    : []
  const bytes = encoded === undefined ? undefined : decodeBase64(encoded)
  if (name === undefined || !isKeyName(name) || bytes === undefined || more.length > 0) {
    throw invalid('a signature line is not "— <name> <base64>"')
  }
  if (bytes.length < MIN_SIGNATURE_BYTES) throw invalid('a signature is too short')
  return { name, keyId: bytes.toString('hex', 0, 4), signature: bytes.subarray(4) }
}

function byName(verifiers: readonly NoteVerifier[]): Map<string, NoteVerifier> {
  const known = new Map<string, NoteVerifier>()
  for (const verifier of verifiers) {
    const id = `${verifier.name}+${verifier.keyId}`
    if ((known.get(id)?.vkey ?? verifier.vkey) !== verifier.vkey) {
      throw new MerkleError('VKEY_AMBIGUOUS', `two keys are named ${id}`)
    }
    known.set(id, verifier)
  }
  return known
}

function invalid(why: string, cause?: unknown): MerkleError {
  return new MerkleError('NOTE_INVALID', `not a signed note: ${why}`, cause)
}
