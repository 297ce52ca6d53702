import { CodecError } from '../../codec/errors.ts'
import { type JsonValue, parseJsonObject } from '../../codec/json.ts'
import { decodeBase64, encodeBase64 } from '../../merkle/base64.ts'
import { openCheckpoint, type SignedCheckpoint } from '../../merkle/checkpoint.ts'
import { MerkleError } from '../../merkle/errors.ts'
import { MAX_NOTE_BYTES } from '../../merkle/note.ts'
import { HASH_BYTES } from '../../merkle/tree.ts'
import type { NoteVerifier } from '../../merkle/vkey.ts'
import { LedgerError } from '../errors.ts'
import { rootsOfSplit } from './subtrees.ts'

/**
 * Two checkpoints of one log that cannot both be of one tree (docs/spec/fork-evidence.md). It convinces whoever knows
 * the log's key, and nobody without that key could have made it.
 */
export interface ForkEvidence {
  /** Notes signed by the log; the second tree is not smaller than the first. */
  checkpoints: readonly [string, string]
  /**
   * Where the sizes differ: hashes that lead to the root of the second, cut after as many leaves as the first has, so
   * that they show which root the second has for these leaves. Empty where the sizes are equal.
   */
  hashes: readonly Uint8Array[]
}

/** One thing that evidence has to show. */
export interface EvidenceCheck {
  passed: boolean
  /** One plain sentence. */
  detail: string
}

/** What a file of evidence comes to. */
export interface EvidenceReport {
  /** True where the log has signed two histories, whoever says so. */
  proven: boolean
  checks: EvidenceCheck[]
}

const TYPE = 'log-fork'
const MEMBERS = 'checkpoints hashes type v'
/** Two of the largest notes, with each newline escaped, and twice 53 hashes. */
const MAX_EVIDENCE_BYTES = 4 * MAX_NOTE_BYTES + (1 << 14)

/** The text of evidence, for a file: JSON. */
export function formatForkEvidence({ checkpoints, hashes }: ForkEvidence): string {
  const file = { v: 1, type: TYPE, checkpoints, hashes: hashes.map(encodeBase64) }
  return `${JSON.stringify(file, undefined, 2)}\n`
}

/** Reads evidence, and verifies nothing of it. @throws LedgerError LEDGER_EVIDENCE_INVALID */
export function parseForkEvidence(bytes: Uint8Array): ForkEvidence {
  const file = readObject(bytes)
  if (file['v'] !== 1 || file['type'] !== TYPE) throw invalid('its version is not 1 or its type is another')
  if (Object.keys(file).sort().join(' ') !== MEMBERS) throw invalid('it has other members')
  const [first, second, ...more] = texts(file['checkpoints'])
  if (first === undefined || second === undefined || more.length > 0)
    throw invalid('it has no two checkpoints')
  const hashes = texts(file['hashes']).map(text => {
    const hash = decodeBase64(text)
    if (hash?.length !== HASH_BYTES) throw invalid('a hash is not base64 of 32 bytes')
    return hash
  })
  return { checkpoints: [first, second], hashes }
}

/**
 * Whether a log has signed two histories. Needs nothing but the evidence and the log's name and key, pinned by whoever
 * asks; evidence that shows nothing is a failed check, never an error.
 */
export function verifyForkEvidence(
  { checkpoints, hashes }: ForkEvidence,
  origin: string,
  verifier: NoteVerifier,
): EvidenceReport {
  const [first, second] = checkpoints.map(note => opened(note, origin, verifier)) as [Opened, Opened]
  const checks = [signatureCheck('first', first), signatureCheck('second', second)]
  if (!(first instanceof MerkleError || second instanceof MerkleError)) {
    checks.push(contradiction(first, second, hashes))
  }
  return { proven: checks.length === 3 && checks.every(({ passed }) => passed), checks }
}

type Opened = SignedCheckpoint | MerkleError

function contradiction(
  first: SignedCheckpoint,
  second: SignedCheckpoint,
  hashes: readonly Uint8Array[],
): EvidenceCheck {
  const [m, n] = [first.size, second.size]
  if (m > n) return { passed: false, detail: 'The first checkpoint is of the larger tree.' }
  if (m === n) {
    return equal(first.root, second.root)
      ? { passed: false, detail: `Both checkpoints of size ${m} have the same root.` }
      : {
          passed: true,
          detail: `The log has signed two roots for size ${m}: ${hex(first.root)} and ${hex(second.root)}.`,
        }
  }
  const roots = rootsOfSplit(m, n, hashes)
  if (roots === undefined || !equal(roots.root, second.root)) {
    return { passed: false, detail: `The hashes do not lead to the root of the checkpoint of size ${n}.` }
  }
  if (equal(roots.prefixRoot, first.root)) {
    return { passed: false, detail: `The tree of size ${n} extends the one of size ${m}.` }
  }
  return {
    passed: true,
    detail:
      `By the hashes, which lead to the root signed for size ${n}, the first ${m} leaves of that tree have the root ` +
      `${hex(roots.prefixRoot)}; for size ${m} the log has signed ${hex(first.root)}.`,
  }
}

function opened(note: string, origin: string, verifier: NoteVerifier): Opened {
  try {
    return openCheckpoint(note, origin, verifier)
  } catch (error) {
    if (error instanceof MerkleError) return error
    throw error
  }
}

function signatureCheck(which: string, checkpoint: Opened): EvidenceCheck {
  return checkpoint instanceof MerkleError
    ? { passed: false, detail: `The ${which} checkpoint does not count: ${checkpoint.message}.` }
    : { passed: true, detail: `The ${which} checkpoint, of size ${checkpoint.size}, is signed by the log.` }
}

function readObject(bytes: Uint8Array): { [name: string]: JsonValue } {
  try {
    return parseJsonObject(bytes, { maxBytes: MAX_EVIDENCE_BYTES, maxDepth: 2 })
  } catch (cause) {
    if (cause instanceof CodecError) throw invalid('it is not a JSON object', cause)
    throw cause
  }
}

function texts(value: JsonValue | undefined): string[] {
  if (!Array.isArray(value)) throw invalid('a list is missing')
  return value.map(item => {
    if (typeof item !== 'string') throw invalid('a list has something else than texts')
    return item
  })
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function invalid(why: string, cause?: unknown): LedgerError {
  return new LedgerError('LEDGER_EVIDENCE_INVALID', `not evidence of two histories: ${why}`, cause)
}
