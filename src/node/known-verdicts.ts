import { encodedSha256 } from '../codec/hash.ts'
import type { SignedDataInput, SignedDataVerdict } from '../sidetree/check.ts'
import type { ProtocolParameters } from '../sidetree/parameters.ts'
import type { CheckPool } from './check-pool.ts'
import { RecentlyUsed } from './recently-used.ts'

/** Verdicts that are remembered: those of two of the largest batches, at some 500 bytes each. */
const MAX_VERDICTS = 20_000

interface Known {
  params: ProtocolParameters
  verdict: SignedDataVerdict
}

/**
 * Signed data that were found good a short while ago, so that an operation that is accepted, anchored and read back by
 * one node has its signature verified once. A verdict follows from the signed data and the rules alone; whoever asks
 * again with the same gets the same.
 */
export class KnownVerdicts {
  readonly #known = new RecentlyUsed<Known>(MAX_VERDICTS)
  #any = false

  /** Remembers a verdict, if it is a good one: what was refused is not asked about again. */
  add(input: SignedDataInput, params: ProtocolParameters, verdict: SignedDataVerdict): void {
    if ('problem' in verdict) return
    this.#any = true
    this.#known.set(keyOf(input), { params, verdict })
  }

  get(input: SignedDataInput, params: ProtocolParameters): SignedDataVerdict | undefined {
    if (!this.#any) return undefined
    const known = this.#known.get(keyOf(input))
    return known?.params === params ? known.verdict : undefined
  }

  /** Verdicts of all inputs, in their order; what is not known is checked. @throws NodeError WORKER_FAILED */
  async check(
    inputs: SignedDataInput[],
    params: ProtocolParameters,
    pool: CheckPool,
  ): Promise<SignedDataVerdict[]> {
    if (!this.#any) return pool.check(inputs, params)
    const known = inputs.map(input => this.get(input, params))
    const unknown = inputs.filter((_, i) => known[i] === undefined)
    const checked = await pool.check(unknown, params)
    let next = 0
    return known.map(verdict => verdict ?? (checked[next++] as SignedDataVerdict))
  }
}

function keyOf({ type, didSuffix, revealValue, signedData }: SignedDataInput): string {
  return encodedSha256(JSON.stringify([type, didSuffix, revealValue, signedData]))
}
