import { sha256 } from '../../codec/hash.ts'
import { type Checkpoint, contradict, isPossible, parseCheckpointLines } from '../../merkle/checkpoint.ts'
import { MerkleError } from '../../merkle/errors.ts'
import {
  appendSignatures,
  formatNote,
  type Note,
  parseNote,
  signatureLine,
  textOfNote,
  verifyNote,
} from '../../merkle/note.ts'
import type { Cosigner } from '../../merkle/signing-key.ts'
import { verifyConsistency } from '../../merkle/verify-proof.ts'
import type { NoteVerifier } from '../../merkle/vkey.ts'
import { type AddCheckpoint, parseAddCheckpoint } from '../../merkle/witness-request.ts'
import type { Store } from '../../store/store.ts'
import { decodeSeen, encodeSeen, evidenceKey, type SeenCheckpoint, seenKey } from './records.ts'

/** A log that a witness cosigns for: its checkpoints have this origin and are signed by this key. */
export interface WitnessedLog {
  origin: string
  verifier: NoteVerifier
}

/** What a witness is made of. */
export interface WitnessParts {
  store: Pick<Store, 'get' | 'commit'>
  logs: readonly WitnessedLog[]
  /** One key, which signs nothing but cosignatures. */
  cosigner: Cosigner
  /** Unix seconds. */
  now: () => number
  /**
   * Says why a checkpoint is not to be cosigned though it continues what was before; undefined where it may be. What makes a
   * mirror of a witness. Default: nothing speaks against it.
   */
  hold?: (checkpoint: string) => Promise<string | undefined>
  /** Called once for a log that has signed two checkpoints that contradict each other. */
  onEvidence?: (origin: string) => void
}

/** The answer to a request, with the HTTP status that C2SP tlog-witness gives it. */
export type WitnessAnswer =
  /** Signature lines, each with its newline. */
  | { status: 200; cosignatures: string }
  /** The size that the witness is at. */
  | { status: 409; size: number }
  | { status: 400 | 403 | 404 | 422 | 503; reason: string }

/** How a witness fares with a log. */
export interface WitnessedLogStatus {
  origin: string
  /** Size and time (Unix seconds) of its newest cosignature; undefined while there is none. */
  newest: { size: number; time: number } | undefined
  /** Whether the log has signed two checkpoints that contradict each other. */
  hasTwoHistories: boolean
}

/** How far the clock may be behind the cosignature before, in seconds: a step of a clock that is set right. */
const MAX_STEP_BACK = 300

/**
 * A witness (C2SP tlog-witness): it cosigns a checkpoint of a log if that continues what it cosigned before, so that a log
 * cannot show two histories without as many witnesses as a policy asks for. It keeps one checkpoint for each log, and
 * trusts nobody for it.
 */
export class Witness {
  readonly #parts: WitnessParts
  readonly #logs: ReadonlyMap<string, WitnessedLog>
  /** The last request of each log, which the next one waits for. */
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor(parts: WitnessParts) {
    this.#parts = parts
    this.#logs = new Map(parts.logs.map(log => [log.origin, log]))
    if (this.#logs.size !== parts.logs.length) throw new TypeError('two logs have the same origin')
  }

  get verifier(): NoteVerifier {
    return this.#parts.cosigner.verifier
  }

  /**
   * Answers `add-checkpoint`. The checkpoint is durable before its cosignature is given away, and requests of one log are
   * answered one after another, so that no two cosignatures ever disagree.
   * @throws StoreError
   */
  async addCheckpoint(body: Uint8Array): Promise<WitnessAnswer> {
    let request: Request
    try {
      request = parseRequest(body)
    } catch (error) {
      return refusal(400, error)
    }
    const { origin } = request.checkpoint
    const log = this.#logs.get(origin)
    if (log === undefined) return { status: 404, reason: 'this witness does not know the log' }
    let note: Note
    try {
      // Lines that are no signatures are no valid ones either: the same status.
      verifyNote(request.note, [log.verifier])
      note = ownPart(request.note, log.verifier)
    } catch (error) {
      return refusal(403, error)
    }
    return this.#inTurn(origin, () => this.#add(request, note))
  }

  /** How it fares with each log. @throws StoreError, LedgerError LEDGER_CORRUPT where it cannot tell */
  status(): WitnessedLogStatus[] {
    return this.#parts.logs.map(({ origin }) => {
      const seen = this.#seen(origin)
      return {
        origin,
        newest: seen && { size: seen.size, time: seen.time },
        hasTwoHistories: this.#evidence(origin) !== undefined,
      }
    })
  }

  /** Logs for which it cannot sign, since its clock is behind what it has signed for them. */
  logsAheadOfClock(): string[] {
    return this.status().flatMap(({ origin, newest }) =>
      this.#timeAfter(newest?.time) === undefined ? [origin] : [],
    )
  }

  /** The newest checkpoint that was cosigned for a log, with the cosignature; `id` is the hex of SHA-256(origin). */
  newest(id: string): string | undefined {
    const log = this.#logOf(id)
    return log === undefined ? undefined : this.#seen(log.origin)?.checkpoint
  }

  /** Two checkpoints of one size and two roots that a log has signed, if it ever sent such; `id` as for {@link newest}. */
  evidence(id: string): readonly [string, string] | undefined {
    const log = this.#logOf(id)
    return log === undefined ? undefined : this.#evidence(log.origin)
  }

  #logOf(id: string): WitnessedLog | undefined {
    return this.#parts.logs.find(({ origin }) => sha256(origin).toString('hex') === id)
  }

  #evidence(origin: string): readonly [string, string] | undefined {
    const bytes = this.#parts.store.get(evidenceKey(origin))
    if (bytes === undefined) return undefined
    const [first, second] = Buffer.from(bytes).toString('utf8').split('\n\0\n')
    return first === undefined || second === undefined ? undefined : [first, second]
  }

  async #add({ old, proof, checkpoint }: Request, note: Note): Promise<WitnessAnswer> {
    const { origin, size, root } = checkpoint
    const seen = this.#seen(origin)
    if (seen !== undefined) await this.#keepEvidence(seen, formatNote(note), checkpoint)
    if (old > size) return { status: 400, reason: `the old size ${old} is larger than the size ${size}` }
    if (old !== (seen?.size ?? 0)) return { status: 409, size: seen?.size ?? 0 }
    const problem = continues(seen, checkpoint, proof)
    if (problem !== undefined) return { status: 422, reason: problem }
    const missing = await this.#parts.hold?.(formatNote(note))
    if (missing !== undefined) return { status: 503, reason: missing }
    const time = this.#timeAfter(seen?.time)
    if (time === undefined)
      return { status: 503, reason: 'the clock of this witness is behind what it has signed' }
    let cosignature: string
    let cosigned: string
    try {
      cosignature = await signatureLine(note.text, this.#parts.cosigner.at(time))
      cosigned = appendSignatures(formatNote(note), [cosignature])
    } catch (error) {
      // Its key cannot sign it, or with the cosignature it would be larger than a note can be.
      return refusal(400, error)
    }
    await this.#store(origin, { size, root, time, checkpoint: cosigned })
    return { status: 200, cosignatures: cosignature }
  }

  #seen(origin: string): SeenCheckpoint | undefined {
    const bytes = this.#parts.store.get(seenKey(origin))
    return bytes === undefined ? undefined : decodeSeen(bytes)
  }

  #store(origin: string, seen: SeenCheckpoint): Promise<void> {
    return this.#parts.store.commit([{ key: seenKey(origin), value: encodeSeen(seen) }])
  }

  /** The first pair is enough, and no log can fill the disk with more. */
  async #keepEvidence(seen: SeenCheckpoint, note: string, checkpoint: Checkpoint): Promise<void> {
    const { origin } = checkpoint
    if (!contradict({ origin, size: seen.size, root: seen.root, extensions: [] }, checkpoint)) return
    // No verifier reads the checkpoint of a tree that cannot be, and the place of the first pair would be taken.
    if (!isPossible(checkpoint)) return
    if (this.#evidence(origin) !== undefined) return
    const value = `${seen.checkpoint}\n\0\n${note}`
    await this.#parts.store.commit([{ key: evidenceKey(origin), value }])
    this.#parts.onEvidence?.(origin)
  }

  /** Cosignatures of one log never go back in time; undefined where that would take a lie. */
  #timeAfter(before: number | undefined): number | undefined {
    const now = this.#parts.now()
    if (before === undefined || now >= before) return now
    return before - now <= MAX_STEP_BACK ? before : undefined
  }

  #inTurn<T>(origin: string, act: () => Promise<T>): Promise<T> {
    const done = (this.#turns.get(origin) ?? Promise.resolve()).then(act)
    this.#turns.set(
      origin,
      done.catch(() => {}),
    )
    return done
  }
}

/** What a request asks for. Nothing of it is verified. */
type Request = Omit<AddCheckpoint, 'checkpoint'> & { note: string; checkpoint: Checkpoint }

/** @throws MerkleError */
function parseRequest(body: Uint8Array): Request {
  const { old, proof, checkpoint: note } = parseAddCheckpoint(body)
  return { old, proof, note, checkpoint: parseCheckpointLines(textOfNote(note)) }
}

/** Why a checkpoint does not continue the one before; undefined where it does. */
function continues(
  seen: SeenCheckpoint | undefined,
  checkpoint: Checkpoint,
  proof: readonly Uint8Array[],
): string | undefined {
  const { size, root } = checkpoint
  if (!isPossible(checkpoint)) return 'an empty tree has another root'
  // Every tree begins with the empty one, which takes no proof.
  if (seen === undefined || seen.size === 0) {
    return proof.length === 0 ? undefined : 'a consistency proof from the empty tree has no hashes'
  }
  return verifyConsistency(seen.size, size, seen.root, root, proof)
    ? undefined
    : 'the consistency proof does not lead from the tree before to this one'
}

/** The note with one signature of the log alone: this witness vouches for no other. All of the log's were verified. */
function ownPart(note: string, { name, keyId }: NoteVerifier): Note {
  const { text, signatures } = parseNote(note)
  const own = signatures.filter(signature => signature.name === name && signature.keyId === keyId)
  return { text, signatures: own.slice(0, 1) }
}

function refusal(status: 400 | 403, error: unknown): WitnessAnswer {
  if (!(error instanceof MerkleError)) throw error
  return { status, reason: error.message }
}
