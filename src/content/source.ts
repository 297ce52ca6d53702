import type { GetOptions } from './types.ts'

/** Where content may be had that is not stored here. It is trusted with nothing: what it gives is hashed. */
export interface ContentSource {
  /** For logs and metrics. */
  readonly name: string
  /** @throws ContentError as `ContentStore.get`, or the signal's reason */
  get(cid: string, options: GetOptions): Promise<Uint8Array>
}
