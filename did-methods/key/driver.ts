import type { DIDResolutionOptions, DIDResolver } from 'did-resolver'
import type { PublicJwk } from '../../src/keys/types.ts'
import { parseDid, refuseVersions } from '../did-url.ts'
import { DidError } from '../errors.ts'
import { found, negotiate, resolving } from '../result.ts'
import { type KeyDocumentOptions, keyDocument, PUBLIC_KEY_FORMATS, type PublicKeyFormat } from './document.ts'
import { multikeyOfJwk } from './jwk.ts'
import { decodeMultikey, encodeMultikey } from './multikey.ts'

/**
 * Resolves did:key (W3C CCG, v0.7 and v0.9). A resolution can override the options by options of the same names.
 * Failures are in the result, see `DID_ERRORS`.
 */
export function keyDriver(defaults: KeyDocumentOptions = {}): Record<'key', DIDResolver> {
  return {
    key: (did, parsed, _resolver, options) =>
      resolving(() => {
        const contentType = negotiate(options)
        refuseVersions(parsed, options)
        const document = keyDocument(
          did,
          decodeMultikey(parseDid(did).id),
          documentOptions(options, defaults),
        )
        return found(document, contentType, { basis: 'computed' })
      }),
  }
}

/** The did:key of a public key. */
export function encodeDidKey(jwk: PublicJwk): string {
  return `did:key:${encodeMultikey(multikeyOfJwk(jwk))}`
}

function documentOptions(options: DIDResolutionOptions, defaults: KeyDocumentOptions): KeyDocumentOptions {
  const format: unknown = options['publicKeyFormat'] ?? defaults.publicKeyFormat ?? 'Multikey'
  if (!isFormat(format)) {
    throw new DidError('KEY_FORMAT_UNSUPPORTED', `publicKeyFormat is one of ${PUBLIC_KEY_FORMATS.join(', ')}`)
  }
  const derive: unknown =
    options['enableEncryptionKeyDerivation'] ?? defaults.enableEncryptionKeyDerivation ?? false
  if (typeof derive !== 'boolean') {
    throw new DidError('DID_OPTION_INVALID', 'enableEncryptionKeyDerivation is true or false')
  }
  return { publicKeyFormat: format, enableEncryptionKeyDerivation: derive }
}

function isFormat(value: unknown): value is PublicKeyFormat {
  return PUBLIC_KEY_FORMATS.some(format => format === value)
}
