import { setTimeout } from 'node:timers/promises'
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
  /** With a quorum: where it is `none`, nobody is to be asked. */
  policy: TlogPolicy
  post: PostToWitness
  /** Unix seconds. */
  now: () => number
  onEvent?: (event: CosigningEvent) => void
}

/** What is new with the witnesses. What goes on as before is told once. */
export type CosigningEvent =
  | { type: 'witness-failed'; witness: string; failure: WitnessFailure }
  /** It cosigns again. */
  | { type: 'witness-back'; witness: string }
  /** Nothing is published until enough of these have cosigned. */
  | { type: 'waiting-for-witnesses'; witnesses: string[] }

/** How a quorum is to be got. */
export interface CosigningOptions {
  /**
   * True at the start of a log: then so many must have cosigned that any quorum of the past has one of them, and a
   * witness that is ahead, or has another history, shows that this log was put back to an earlier state. Default false.
   */
  atStart?: boolean
  /** True asks once, in place of until there is a quorum. Default false. */
  once?: boolean
}

/** First and longest wait before witnesses are asked again, in milliseconds. */
const RETRY = { first: 250, longest: 10_000 }
/** How long answers are still waited for after `release`, in milliseconds. */
const GRACE_MS = 2_000

/**
 * Gets the cosignatures on the checkpoints of a log that its policy asks for (C2SP tlog-witness). All witnesses are asked
 * side by side, and the checkpoint counts as soon as they are a quorum: who is slow or gone holds nobody up.
 */
export class Cosigning {
  readonly #parts: CosigningParts
  readonly #clients: readonly WitnessClient[]
  /** Failures that were told, by witness, and not over yet. */
  readonly #told = new Map<string, WitnessFailure['code']>()
  readonly #released = new AbortController()
  readonly #graceOver = Promise.withResolvers<void>()
  #waitingSince: number | undefined

  constructor(parts: CosigningParts) {
    if (meetsQuorum(parts.policy, new Set())) throw new TypeError('the policy asks for no cosignature')
    this.#parts = parts
    this.#clients = parts.policy.witnesses.flatMap(({ name, verifier, url }) =>
      url === undefined ? [] : [new WitnessClient({ name, verifier, url, post: parts.post, now: parts.now })],
    )
  }

  /**
   * The checkpoint with the cosignatures of a quorum. Asks again until there is one.
   * @throws LedgerError LEDGER_QUORUM_MISSING where it was released, or asks only once; LEDGER_ROLLED_BACK at the
   * start; whatever keeps a proof from being made
   */
  async cosign(head: SignedHead, { atStart = false, once = false }: CosigningOptions = {}): Promise<string> {
    for (let wait = RETRY.first; ; wait = Math.min(2 * wait, RETRY.longest)) {
      const lines = await this.#ask(head, atStart)
      if (this.#isEnough(lines, atStart)) {
        this.#waitingSince = undefined
        return appendSignatures(head.checkpoint, [...lines.values()])
      }
      this.#waits(lines)
      await this.#pause(wait)
      if (once || this.#released.signal.aborted) break
    }
    throw new LedgerError('LEDGER_QUORUM_MISSING', 'too few witnesses have cosigned the newest checkpoint')
  }

  /** Gives up waiting, now and in the time to come: each witness is asked once more at the most, and not for long. */
  release(): void {
    if (this.#released.signal.aborted) return
    this.#released.abort()
    void setTimeout(GRACE_MS, undefined, { ref: false }).then(this.#graceOver.resolve)
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
        this.#cosigned(client)
        lines.set(client.vkey, answer.line)
        if (this.#isEnough(lines, atStart)) enough.resolve()
        return
      }
      this.#failed(client, answer.failure)
      const { code, detail } = answer.failure
      if (atStart && (code === 'ahead' || code === 'conflict')) enough.reject(rolledBack(client.name, detail))
    })
    await Promise.race([enough.promise, Promise.all(asked), this.#graceOver.promise])
    return new Map(lines)
  }

  #isEnough(lines: ReadonlyMap<string, string>, atStart: boolean): boolean {
    const { policy } = this.#parts
    if (!meetsQuorum(policy, new Set(lines.keys()))) return false
    if (!atStart) return true
    const others = policy.witnesses.map(({ verifier }) => verifier.vkey).filter(vkey => !lines.has(vkey))
    return !meetsQuorum(policy, new Set(others))
  }

  #pause(milliseconds: number): Promise<void> {
    const { signal } = this.#released
    return setTimeout(milliseconds, undefined, { signal }).catch(() => {})
  }

  #cosigned({ name: witness }: WitnessClient): void {
    if (this.#told.delete(witness)) this.#tell({ type: 'witness-back', witness })
  }

  #failed({ name: witness }: WitnessClient, failure: WitnessFailure): void {
    if (failure.code === 'superseded' || this.#told.get(witness) === failure.code) return
    this.#told.set(witness, failure.code)
    this.#tell({ type: 'witness-failed', witness, failure })
  }

  #waits(lines: ReadonlyMap<string, string>): void {
    if (this.#waitingSince !== undefined) return
    this.#waitingSince = this.#parts.now()
    const missing = this.#clients.filter(({ vkey }) => !lines.has(vkey)).map(({ name }) => name)
    this.#tell({ type: 'waiting-for-witnesses', witnesses: missing })
  }

  #tell(event: CosigningEvent): void {
    this.#parts.onEvent?.(event)
  }
}

function rolledBack(witness: string, detail: string): LedgerError {
  return new LedgerError(
    'LEDGER_ROLLED_BACK',
    `the witness ${witness} ${detail}: the database is not the newest that this log has signed, and going on would fork the log`,
  )
}
