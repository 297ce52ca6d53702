import { canonicalize } from '../codec/jcs.ts'
import type { JsonValue } from '../codec/json.ts'
import type { TrustReport } from './types.ts'

/**
 * The report as canonical JSON (RFC 8785): the same report always has the same bytes. `version` names the format,
 * `schema.ts` describes it.
 */
export function renderJson(report: TrustReport): string {
  return canonicalize(report as unknown as JsonValue)
}
