import type {
  DIDDocument,
  DIDDocumentMetadata,
  DIDResolutionOptions,
  DIDResolutionResult,
} from 'did-resolver'
import { NetError } from '../src/net/errors.ts'
import type { Basis } from '../src/trust/types.ts'
import { DidError, type ResolutionErrorName } from './errors.ts'

/** Media types of a DID document, the first is the default (DID v1.1; DID Core v1.0 section 6). */
export const DOCUMENT_MEDIA_TYPES = [
  'application/did',
  'application/did+ld+json',
  'application/did+json',
] as const

/** How a document became known. */
export interface Origin {
  /** `computed`: from the DID alone. `remote`: the word of `source`, taken as it is. */
  basis: Exclude<Basis, 'assumed'>
  /** URL that the document came from. */
  source?: string
}

/** A resolution that found a document. */
export function found(
  didDocument: DIDDocument,
  contentType: string,
  origin: Origin,
  didDocumentMetadata: DIDDocumentMetadata = {},
): DIDResolutionResult {
  return { didResolutionMetadata: { contentType, ...origin }, didDocument, didDocumentMetadata }
}

/** A resolution that failed, as DID Resolution v1 words it, with this project's code and a sentence. */
export function failed(error: DidError): DIDResolutionResult {
  return {
    didResolutionMetadata: {
      error: error.resolutionError,
      code: error.code,
      errorMessage: error.message,
      ...(error.transient ? { transient: true } : {}),
    },
    didDocument: null,
    didDocumentMetadata: {},
  }
}

/** Runs a resolution and words what it refuses as a result, so that a driver never throws on foreign input. */
export async function resolving(
  resolve: () => DIDResolutionResult | Promise<DIDResolutionResult>,
): Promise<DIDResolutionResult> {
  try {
    return await resolve()
  } catch (error) {
    if (error instanceof DidError) return failed(error)
    if (error instanceof NetError) return failed(fetchError(error))
    throw error
  }
}

function fetchError(error: NetError): DidError {
  const code = error.transient ? 'FETCH_FAILED' : 'FETCH_REFUSED'
  return new DidError(code, `${error.code}: ${error.message}`, error)
}

/**
 * The media type that answers `accept` (RFC 9110 section 12.5.1): the default where anything will do.
 * @throws DidError DID_REPRESENTATION_UNSUPPORTED, DID_OPTION_INVALID
 */
export function negotiate({ accept }: DIDResolutionOptions): string {
  if (accept === undefined || accept === '') return DOCUMENT_MEDIA_TYPES[0]
  if (typeof accept !== 'string') throw new DidError('DID_OPTION_INVALID', 'accept is not a string')
  let best: { type: string; quality: number } | undefined
  for (const item of accept.split(',')) {
    const [range = '', ...parameters] = item.split(';').map(part => part.trim().toLowerCase())
    const type = documentType(range)
    const quality = qualityOf(parameters)
    if (type !== undefined && quality > (best?.quality ?? 0)) best = { type, quality }
  }
  if (best !== undefined) return best.type
  throw new DidError(
    'DID_REPRESENTATION_UNSUPPORTED',
    `a DID document is given as ${DOCUMENT_MEDIA_TYPES.join(', ')}`,
  )
}

/** `application/did-resolution` asks for the whole result, in which any representation of the document will do. */
function documentType(range: string): string | undefined {
  if (range === '*/*' || range === 'application/*' || range === 'application/did-resolution') {
    return DOCUMENT_MEDIA_TYPES[0]
  }
  return DOCUMENT_MEDIA_TYPES.find(type => type === range)
}

function qualityOf(parameters: string[]): number {
  const quality = parameters.find(parameter => parameter.startsWith('q='))
  return quality === undefined ? 1 : Number(quality.slice(2))
}

/** URI and HTTP status of each error (DID Resolution v1, sections Errors and HTTP(S) Binding). */
export const RESOLUTION_ERRORS: Readonly<Record<ResolutionErrorName, { type: string; status: number }>> = {
  invalidDid: { type: 'https://www.w3.org/ns/did#INVALID_DID', status: 400 },
  invalidDidUrl: { type: 'https://www.w3.org/ns/did#INVALID_DID_URL', status: 400 },
  invalidDidDocument: { type: 'https://www.w3.org/ns/did#INVALID_DID_DOCUMENT', status: 500 },
  invalidOptions: { type: 'https://www.w3.org/ns/did#INVALID_OPTIONS', status: 400 },
  notFound: { type: 'https://www.w3.org/ns/did#NOT_FOUND', status: 404 },
  representationNotSupported: {
    type: 'https://www.w3.org/ns/did#REPRESENTATION_NOT_SUPPORTED',
    status: 406,
  },
  methodNotSupported: { type: 'https://www.w3.org/ns/did#METHOD_NOT_SUPPORTED', status: 501 },
  featureNotSupported: { type: 'https://www.w3.org/ns/did#FEATURE_NOT_SUPPORTED', status: 501 },
  internalError: { type: 'https://www.w3.org/ns/did#INTERNAL_ERROR', status: 500 },
}
