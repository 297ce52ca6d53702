import { appendSignatures } from '../../merkle/note.ts'
import { meetsQuorum, type TlogPolicy } from '../../merkle/policy.ts'
import { LedgerError } from '../errors.ts'
import {
  type PostToWitness,
  type SignedHead,
  WitnessClient,
  type WitnessFailure,
  type WitnessStatus,
} from './witness-client.ts'

/** What collecting cosignatures takes. */
export interface CosigningParts {
  policy: TlogPolicy
  post: PostToWitness
  /** Unix seconds. */
  now: () => number
  onEvent?: (event: CosigningEvent) => void
}

export type CosigningEvent =
  | { type: 'witness-failed'; witness: string; failure: WitnessFailure }
  /** Nothing is published until enough of these have cosigned. */
  | { type: 'waiting-for-witnesses'; witnesses: string[] }

/** First and longest wait before witnesses are asked again, in milliseconds. */
const RETRY = { first: 250, longest: 10_000 }

/**
 * Gets the cosignatures on the checkpoints of a log that its policy asks for (C2SP tlog-witness). All witnesses are asked
 * side by side, and the checkpoint counts as soon as they are a quorum: who is slow or gone holds nobody up.
 */
export class Cosigning {
  readonly #parts: CosigningParts
  readonly #clients: readonly WitnessClient[]
  readonly #released = Promise.withResolvers<void>()
  #isReleased = false
  #waitingSince: number | undefined

  constructor(parts: CosigningParts) {
    this.#parts = parts
    this.#clients = parts.policy.witnesses.flatMap(({ name, verifier, url }) =>
      url === undefined ? [] : [new WitnessClient({ name, verifier, url, post: parts.post, now: parts.now })],
    )
  }

  /**
   * The checkpoint with the cosignatures of a quorum. Asks again until there is one.
   * @param atStart true at the start of a log: then so many must have cosigned that any quorum of the past has one of them,
   * and a witness that is ahead shows that this log was put back to an earlier state
   * @throws LedgerError LEDGER_QUORUM_MISSING once it was released; LEDGER_ROLLED_BACK
   */
  async cosign(head: SignedHead, atStart: boolean): Promise<string> {
    for (let wait = RETRY.first; ; wait = Math.min(2 * wait, RETRY.longest)) {
      const lines = await this.#ask(head, atStart)
      if (this.#isEnough(lines, atStart)) {
        this.#waitingSince = undefined
        return appendSignatures(head.checkpoint, [...lines.values()])
      }
      this.#waitingSince ??= this.#parts.now()
      this.#tell({ type: 'waiting-for-witnesses', witnesses: this.#missing(lines) })
      if (this.#isReleased) break
      await Promise.race([new Promise(resolve => setTimeout(resolve, wait)), this.#released.promise])
    }
    throw new LedgerError('LEDGER_QUORUM_MISSING', 'too few witnesses have cosigned the newest checkpoint')
  }

  /** Gives up waiting, now and in the time to come: each witness is asked once more at the most. */
  release(): void {
    this.#isReleased = true
    this.#released.resolve()
  }

  get policy(): TlogPolicy {
    return this.#parts.policy
  }

  /** Since when a checkpoint waits for witnesses: Unix seconds; undefined where none does. */
  get waitingSince(): number | undefined {
    return this.#waitingSince
  }

  status(): WitnessStatus[] {
    return this.#clients.map(client => client.status())
  }

  /** Asks all witnesses, until those that have answered are enough. Gives their signature lines by verifier key. */
  async #ask(head: SignedHead, atStart: boolean): Promise<Map<string, string>> {
    const lines = new Map<string, string>()
    const enough = Promise.withResolvers<void>()
    const asked = this.#clients.map(async client => {
      const answer = await client.ask(head)
      if ('line' in answer) {
        lines.set(client.vkey, answer.line)
        if (this.#isEnough(lines, atStart)) enough.resolve()
        return
      }
      if (answer.failure.code === 'superseded') return
      this.#tell({ type: 'witness-failed', witness: client.name, failure: answer.failure })
      if (atStart && answer.failure.code === 'ahead')
        enough.reject(rolledBack(client.name, answer.failure.detail))
    })
    await Promise.race([enough.promise, Promise.all(asked)])
    return new Map(lines)
  }

  #isEnough(lines: ReadonlyMap<string, string>, atStart: boolean): boolean {
    const { policy } = this.#parts
    if (!meetsQuorum(policy, new Set(lines.keys()))) return false
    if (!atStart || policy.quorum === 'none') return true
    const others = policy.witnesses.map(({ verifier }) => verifier.vkey).filter(vkey => !lines.has(vkey))
    return !meetsQuorum(policy, new Set(others))
  }

  #missing(lines: ReadonlyMap<string, string>): string[] {
    return this.#clients.filter(({ vkey }) => !lines.has(vkey)).map(({ name }) => name)
  }

  #tell(event: CosigningEvent): void {
    this.#parts.onEvent?.(event)
  }
}

function rolledBack(witness: string, detail: string): LedgerError {
  return new LedgerError(
    'LEDGER_ROLLED_BACK',
    `the witness ${witness} ${detail}: the database is older than what this log has signed, and going on would fork the log`,
  )
}
