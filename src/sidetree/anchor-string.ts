import { SidetreeError } from './errors.ts'
import { isCasUri } from './files/cas-uri.ts'
import type { ProtocolParameters } from './parameters.ts'

/** What an anchor string says (Sidetree v1, Transaction Anchoring). */
export interface AnchorString {
  /** Operations that the batch declares, and that a fee was paid for: from 1 to `maxOperationCount`. */
  operationCount: number
  /** Where the core index file is. */
  coreIndexFileUri: string
}

const COUNT = /^[1-9][0-9]*$/

/**
 * Reads `<count>.<core index file URI>`. The count is decimal ASCII digits without a leading zero, and there is
 * exactly one full stop. Where the profile takes any text as a URI (ion), so does this: the content store
 * refuses what it cannot fetch.
 * @throws SidetreeError ANCHOR_STRING_MALFORMED, ANCHOR_STRING_COUNT_INVALID, ANCHOR_STRING_COUNT_TOO_LARGE,
 * ANCHOR_STRING_URI_INVALID
 */
export function parseAnchorString(text: string, params: ProtocolParameters): AnchorString {
  const parts = text.split('.', 3)
  const [count, uri] = parts
  if (parts.length !== 2 || count === undefined || uri === undefined) {
    throw new SidetreeError('ANCHOR_STRING_MALFORMED', 'an anchor string is <count>.<core index file URI>')
  }
  if (!COUNT.test(count)) {
    throw new SidetreeError(
      'ANCHOR_STRING_COUNT_INVALID',
      'the operation count of an anchor string is a positive decimal number without leading zeros',
    )
  }
  const operationCount = Number(count)
  if (operationCount > params.maxOperationCount) {
    throw new SidetreeError(
      'ANCHOR_STRING_COUNT_TOO_LARGE',
      `an anchor string declares more than ${params.maxOperationCount} operations`,
    )
  }
  if (!params.lenient.casUris && !isCasUri(uri, params)) {
    throw new SidetreeError(
      'ANCHOR_STRING_URI_INVALID',
      `the core index file URI is empty, no URI, or longer than ${params.maxCasUriLength} bytes`,
    )
  }
  return { operationCount, coreIndexFileUri: uri }
}

/**
 * Writes an anchor string.
 * @throws SidetreeError as {@link parseAnchorString}, for what it would refuse to read
 */
export function formatAnchorString(anchor: AnchorString, params: ProtocolParameters): string {
  const text = `${anchor.operationCount}.${anchor.coreIndexFileUri}`
  parseAnchorString(text, params)
  return text
}
