import { DidError, RESOLUTION_ERRORS, type ResolutionErrorName } from '../../did-methods/index.ts'
import { NodeError, type NodeErrorCode } from '../node/errors.ts'
import { SidetreeError } from '../sidetree/errors.ts'
import { ApiError, type ApiErrorCode, ResolutionError } from './errors.ts'

/** An error of DID Resolution v1 as its HTTP(S) binding answers it. */
export interface ResolutionProblem {
  status: number
  /** The `error` of the metadata: RFC 9457 members, and this project's code. */
  error: { type: string; title: string; detail: string; code: string; reason?: string }
}

const TITLES: Readonly<Record<ResolutionErrorName, string>> = {
  invalidDid: 'The DID is invalid.',
  invalidDidUrl: 'The DID URL is invalid.',
  invalidDidDocument: 'The DID document is malformed.',
  invalidOptions: 'The options are invalid.',
  notFound: 'The DID or the resource was not found.',
  representationNotSupported: 'No representation that the client accepts is supported.',
  methodNotSupported: 'DIDs of this method are not resolved here.',
  featureNotSupported: 'The feature is not supported.',
  internalError: 'The resolver failed.',
}

const NODE_ERRORS: { readonly [code in NodeErrorCode]?: ResolutionErrorName } = {
  DID_UNKNOWN: 'notFound',
  VERSION_UNKNOWN: 'notFound',
  // Not `notFound`: whether the DID exists at that time is not known yet.
  VERSION_TIME_AHEAD: 'invalidOptions',
  VERSION_TIME_INVALID: 'invalidOptions',
}

const API_ERRORS: { readonly [code in ApiErrorCode]?: ResolutionErrorName } = {
  NOT_ACCEPTABLE: 'representationNotSupported',
  DID_OPTION_UNSUPPORTED: 'featureNotSupported',
  ENDPOINT_NOT_REDIRECTED: 'featureNotSupported',
}

/** The problem of a resolution, with its URI and status (DID Resolution v1, Errors and HTTP(S) Binding). */
export function resolutionProblem(
  name: ResolutionErrorName,
  code: string,
  detail: string,
  reason?: string,
): ResolutionProblem {
  const { type, status } = RESOLUTION_ERRORS[name]
  const error = { type, title: TITLES[name], detail, code }
  return { status, error: reason === undefined ? error : { ...error, reason } }
}

/**
 * The resolution problem that an error is; undefined for what is no outcome of a resolution: a failure of this
 * server, or a refusal that has nothing to do with DIDs.
 */
export function problemOf(error: unknown): ResolutionProblem | undefined {
  if (error instanceof ResolutionError) return resolutionProblem(error.error, error.code, error.message)
  if (error instanceof DidError) return resolutionProblem(error.resolutionError, error.code, error.message)
  if (error instanceof SidetreeError) {
    const elsewhere = error.code === 'DID_METHOD_UNKNOWN' || error.code === 'DID_NETWORK_UNKNOWN'
    return resolutionProblem(elsewhere ? 'methodNotSupported' : 'invalidDid', error.code, error.message)
  }
  if (error instanceof NodeError) {
    const name = NODE_ERRORS[error.code]
    return name === undefined ? undefined : resolutionProblem(name, error.code, error.message, error.reason)
  }
  if (error instanceof ApiError) {
    const name = API_ERRORS[error.code]
    return name === undefined ? undefined : resolutionProblem(name, error.code, error.message)
  }
  return undefined
}

/** The failure that a driver's result names in its metadata; undefined where it names none. */
export function failureIn(metadata: {
  error?: unknown
  code?: unknown
  errorMessage?: unknown
}): ResolutionError | undefined {
  const { error, code, errorMessage } = metadata
  if (error === undefined) return undefined
  const name =
    (Object.keys(TITLES) as ResolutionErrorName[]).find(known => known === error) ?? 'internalError'
  const detail = typeof errorMessage === 'string' ? errorMessage : TITLES[name]
  return new ResolutionError(name, typeof code === 'string' ? code : 'INTERNAL_ERROR', detail)
}
