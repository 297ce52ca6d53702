import { StoreError } from '../../store/errors.ts'
import { LedgerError, type LedgerErrorCode } from '../errors.ts'
import type { LedgerProblem } from '../types.ts'

/** What the log itself has signed and is refused all the same: whoever sent it could not have made it up. */
const LOG_AT_FAULT: ReadonlySet<string> = new Set<LedgerErrorCode>([
  'LEDGER_LEAF_INVALID',
  'LEDGER_LEAF_TIME',
])

/** A failure, for an operator. */
export interface LookFailure {
  code: string
  detail: string
}

/** What became of the looks at a log. */
export class Looks {
  readonly #since: number
  readonly #failures = new Map<string, number>()
  #last: unknown
  #confirmedAt: number | undefined

  /** @param since when following began: Unix milliseconds, as all times here */
  constructor(since: number) {
    this.#since = since
  }

  /** When a look last found nothing newer than what is shown. */
  get confirmedAt(): number | undefined {
    return this.#confirmedAt
  }

  /** Why the last look failed, if it did. */
  get failure(): LookFailure | undefined {
    return this.#last === undefined ? undefined : described(this.#last)
  }

  /** Failed looks, by code. */
  get failures(): ReadonlyMap<string, number> {
    return this.#failures
  }

  succeeded(now: number): void {
    this.#last = undefined
    this.#confirmedAt = now
  }

  failed(error: unknown): void {
    const { code } = described(error)
    this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1)
    this.#last = error
  }

  /**
   * What an operator must look at: leaves that the log has signed and that are refused, and a newest checkpoint that
   * was not confirmed for longer than `staleMs`.
   * @param witnessedAt when witnesses have confirmed it last; undefined where none are asked
   */
  problems(now: number, staleMs: number, witnessedAt: number | undefined): LedgerProblem[] {
    const problems: LedgerProblem[] = []
    const last = this.#last
    if (last instanceof LedgerError && LOG_AT_FAULT.has(last.code)) {
      problems.push({ code: last.code, detail: last.message })
    }
    const confirmed = this.#confirmedAt ?? this.#since
    const age = now - Math.min(confirmed, witnessedAt ?? confirmed)
    if (age > staleMs) {
      const why = this.failure === undefined ? '' : `; the last look at it ended with ${this.failure.code}`
      const detail = `the newest checkpoint of the log was not confirmed for ${Math.floor(age / 1000)} s${why}`
      problems.push({ code: 'LEDGER_STALE', detail })
    }
    return problems
  }
}

function described(error: unknown): LookFailure {
  if (error instanceof LedgerError || error instanceof StoreError) {
    return { code: error.code, detail: error.message }
  }
  return { code: 'INTERNAL', detail: error instanceof Error ? error.message : String(error) }
}
