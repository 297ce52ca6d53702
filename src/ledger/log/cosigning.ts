import { setTimeout } from 'node:timers/promises'
import { appendSignatures } from '../../merkle/note.ts'
import { meetsQuorum, type PolicyWitness, type TlogPolicy } from '../../merkle/policy.ts'
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
  /** With a quorum, unless `before` has one: where neither has, nobody is to be asked. */
  policy: TlogPolicy
  /**
   * The policy that the log was opened with before this one. At the start its witnesses are asked too, and so many of them
   * must have cosigned that any quorum of them has one: who is new knows nothing of what this log has signed. Default: none.
   */
  before?: TlogPolicy
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
   * True at the start of a log: then so many must have cosigned that any quorum of the past has one of them, of this policy
   * and of the one before, and a witness that is ahead, or has another history, shows that this log was put back to an
   * earlier state. Default false.
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
  /** Witnesses of the policy before, who are asked at the start alone. */
  readonly #former: readonly WitnessClient[]
  /** Failures that were told, by witness, and not over yet. */
  readonly #told = new Map<string, WitnessFailure['code']>()
  readonly #released = new AbortController()
  readonly #graceOver = Promise.withResolvers<void>()
  #waitingSince: number | undefined

  constructor(parts: CosigningParts) {
    const { policy, before } = parts
    if (asksForNobody(policy) && (before === undefined || asksForNobody(before)))
      throw new TypeError('the policy asks for no cosignature')
    this.#parts = parts
    this.#clients = this.#clientsOf(policy.witnesses)
    const asked = new Set(this.#clients.map(({ vkey }) => vkey))
    const former = before?.witnesses.filter(({ verifier }) => !asked.has(verifier.vkey)) ?? []
    this.#former = this.#clientsOf(former, ' (of the policy before)')
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
        const own = this.#parts.policy.witnesses.flatMap(({ verifier }) => lines.get(verifier.vkey) ?? [])
        return appendSignatures(head.checkpoint, own)
      }
      this.#waits(lines, atStart)
      // Also where it asks only once: who calls it again and again does not ask at every turn.
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
    const asked = this.#asked(atStart).map(async client => {
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
    const { policy, before } = this.#parts
    if (!meetsQuorum(policy, new Set(lines.keys()))) return false
    if (!atStart) return true
    return [policy, ...(before === undefined ? [] : [before])].every(one => isInEachQuorum(one, lines))
  }

  #asked(atStart: boolean): readonly WitnessClient[] {
    return atStart ? [...this.#clients, ...this.#former] : this.#clients
  }

  #clientsOf(witnesses: readonly PolicyWitness[], suffix = ''): WitnessClient[] {
    const { post, now } = this.#parts
    return witnesses.flatMap(({ name, verifier, url }) =>
      url === undefined ? [] : [new WitnessClient({ name: name + suffix, verifier, url, post, now })],
    )
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

  #waits(lines: ReadonlyMap<string, string>, atStart: boolean): void {
    if (this.#waitingSince !== undefined) return
    this.#waitingSince = this.#parts.now()
    const missing = this.#asked(atStart)
      .filter(({ vkey }) => !lines.has(vkey))
      .map(({ name }) => name)
    this.#tell({ type: 'waiting-for-witnesses', witnesses: missing })
  }

  #tell(event: CosigningEvent): void {
    this.#parts.onEvent?.(event)
  }
}

function asksForNobody(policy: TlogPolicy): boolean {
  return meetsQuorum(policy, new Set())
}

/** Whether no quorum of the policy is without one of these. */
function isInEachQuorum(policy: TlogPolicy, lines: ReadonlyMap<string, string>): boolean {
  const others = policy.witnesses.map(({ verifier }) => verifier.vkey).filter(vkey => !lines.has(vkey))
  return asksForNobody(policy) || !meetsQuorum(policy, new Set(others))
}

function rolledBack(witness: string, detail: string): LedgerError {
  return new LedgerError(
    'LEDGER_ROLLED_BACK',
    `the witness ${witness} ${detail}: the database is not the newest that this log has signed, and going on would fork the log`,
  )
}
