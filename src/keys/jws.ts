import { decodeBase64url, encodeBase64url } from '../codec/base64url.ts'
import { CodecError } from '../codec/errors.ts'
import { canonicalize } from '../codec/jcs.ts'
import { decodeUtf8, type JsonObject, parseJsonObject } from '../codec/json.ts'
import { KeyError } from './errors.ts'
import type { Signer } from './types.ts'

const DEFAULT_MAX_BYTES = 1 << 20

/** Bounds and leniences of {@link parseCompact}. */
export interface CompactJwsLimits {
  /** Largest JWS, in characters. Default 1,048,576. */
  maxBytes?: number
  /** True accepts a repeated header member, the last one wins. Default false. */
  duplicateMembers?: boolean
}

/** The parts of a compact JWS. Nothing about them is verified. */
export interface CompactJws {
  header: JsonObject
  /** The header as it was signed. */
  headerText: string
  payload: Buffer
  /** Empty where the JWS is unsecured. */
  signature: Buffer
  /** What the signature covers: the first two parts and the dot between them, all of it ASCII. */
  signingInput: string
}

/**
 * A compact JWS of the payload (RFC 7515 section 7.1). The header is written in canonical form, with the `alg`
 * of the signer.
 * @throws CodecError JCS_UNSUPPORTED_VALUE, and what the signer throws
 */
export async function signCompact(signer: Signer, header: JsonObject, payload: Uint8Array): Promise<string> {
  const alg = header['alg'] ?? signer.algorithm
  if (alg !== signer.algorithm) throw new TypeError(`the signer signs with ${signer.algorithm}, not ${alg}`)
  const protectedHeader = encodeBase64url(Buffer.from(canonicalize({ ...header, alg })))
  const signingInput = `${protectedHeader}.${encodeBase64url(payload)}`
  return `${signingInput}.${encodeBase64url(await signer.sign(Buffer.from(signingInput, 'latin1')))}`
}

/**
 * Takes a compact JWS of foreign origin apart (RFC 7515 section 5.2, steps 1 to 3): three parts in canonical
 * base64url, of which the first is a JSON object without repeated members. Whether `alg` and `crit` are
 * acceptable is for the caller to judge.
 * @throws KeyError JWS_INVALID, JWS_TOO_LARGE
 */
export function parseCompact(text: string, limits: CompactJwsLimits = {}): CompactJws {
  const maxBytes = limits.maxBytes ?? DEFAULT_MAX_BYTES
  if (text.length > maxBytes) {
    throw new KeyError('JWS_TOO_LARGE', `a JWS of ${text.length} characters is larger than ${maxBytes}`)
  }
  const headerEnd = text.indexOf('.')
  const payloadEnd = text.indexOf('.', headerEnd + 1)
  if (headerEnd < 0 || payloadEnd < 0 || text.includes('.', payloadEnd + 1)) {
    throw new KeyError('JWS_INVALID', 'a compact JWS has three parts with a dot between them')
  }
  try {
    return {
      ...parseHeader(text.slice(0, headerEnd), maxBytes, limits.duplicateMembers ?? false),
      payload: decodeBase64url(text.slice(headerEnd + 1, payloadEnd)),
      signature: decodeBase64url(text.slice(payloadEnd + 1)),
      signingInput: text.slice(0, payloadEnd),
    }
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause
    throw new KeyError('JWS_INVALID', `not a compact JWS: ${cause.message}`, { cause })
  }
}

/** The header that was parsed last: most signatures of a kind have the same. */
let last: { encoded: string; duplicateMembers: boolean; header: JsonObject; headerText: string } | undefined

function parseHeader(
  encoded: string,
  maxBytes: number,
  duplicateMembers: boolean,
): Pick<CompactJws, 'header' | 'headerText'> {
  if (last?.encoded !== encoded || last.duplicateMembers !== duplicateMembers) {
    const bytes = decodeBase64url(encoded)
    const headerText = decodeUtf8(bytes)
    const header = parseJsonObject(bytes, { maxBytes, duplicateMembers })
    last = { encoded, duplicateMembers, header: Object.freeze(header), headerText }
  }
  return { header: last.header, headerText: last.headerText }
}
