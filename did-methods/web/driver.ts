import type { DIDDocument, DIDResolver } from 'did-resolver'
import { CodecError } from '../../src/codec/errors.ts'
import { type JsonObject, parseJsonObject } from '../../src/codec/json.ts'
import { type FetchOptions, type FetchResult, guardedFetch } from '../../src/net/guarded-fetch.ts'
import { parseDid, refuseVersions } from '../did-url.ts'
import { checkDocument } from '../document.ts'
import { DidError } from '../errors.ts'
import { found, negotiate, resolving } from '../result.ts'
import { didWebUrl } from './url.ts'

/** Bounds of the fetch, and where it may go. A did:web is always fetched over https. */
export type WebDriverOptions = Pick<
  FetchOptions,
  'maxBytes' | 'timeoutMs' | 'maxRedirects' | 'allowPrivate' | 'ports' | 'ca' | 'lookup' | 'signal'
>

/** Largest document, in bytes, unless the options say otherwise. */
const DEFAULT_MAX_BYTES = 262_144

/**
 * Resolves did:web (W3C CCG). The document is the word of whoever answers for the host at this moment: its result
 * has the basis `remote`. Failures are in the result, see `DID_ERRORS`.
 */
export function webDriver(fetchOptions: WebDriverOptions = {}): Record<'web', DIDResolver> {
  return {
    web: (did, parsed, _resolver, options) =>
      resolving(async () => {
        const contentType = negotiate(options)
        refuseVersions(parsed, options)
        const url = didWebUrl(parseDid(did).id)
        const response = await guardedFetch(url.href, {
          maxBytes: DEFAULT_MAX_BYTES,
          ...fetchOptions,
          headers: { accept: 'application/did, application/did+ld+json, application/json;q=0.9, */*;q=0.1' },
        })
        const document = readDocument(response, did)
        return found(document, contentType, { basis: 'remote', source: response.finalUrl })
      }),
  }
}

/** The media type is not looked at: most hosts serve what they take the file's ending for (did:web, Key Material). */
function readDocument({ status, body }: FetchResult, did: string): DIDDocument {
  if (status === 404 || status === 410) {
    throw new DidError('WEB_NOT_FOUND', `the host has no such document (status ${status})`)
  }
  if (status !== 200) throw new DidError('WEB_STATUS', `the host answered with status ${status}`)
  // All DID URLs in the document must be absolute (did:web, Key Material and Document Handling).
  return checkDocument(parse(body), { isSubject: id => id === did, relativeUrls: 'refuse' })
}

function parse(body: Uint8Array): JsonObject {
  try {
    return parseJsonObject(body, { maxBytes: body.length })
  } catch (error) {
    if (error instanceof CodecError) throw new DidError('WEB_NOT_JSON', error.message, error)
    throw error
  }
}
