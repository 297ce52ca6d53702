import type { DIDResolutionResult, DIDResolver } from 'did-resolver'
import { requestedVersion, type VersionRequest } from '../did-url.ts'
import { negotiate, resolving } from '../result.ts'
import { shortForm } from './form.ts'

/** What resolves Sidetree DIDs: the node in this process, or another one over HTTP. */
export interface SidetreeResolver {
  /** Resolves a short or long form. Failures are in the result (DID Resolution v1). */
  resolve(did: string, version: VersionRequest): Promise<DIDResolutionResult>
}

export interface SidetreeDriverOptions {
  /** DID method names that `resolver` answers for, for example `rootline` and `ion`. */
  methods: readonly string[]
  resolver: SidetreeResolver
}

/**
 * Resolves the DIDs of Sidetree methods through a node. Whatever is no Sidetree DID is refused before the node is
 * asked. Failures are in the result, see `DID_ERRORS`.
 */
export function sidetreeDriver({ methods, resolver }: SidetreeDriverOptions): Record<string, DIDResolver> {
  const driver: DIDResolver = (did, parsed, _resolver, options) =>
    resolving(async () => {
      const contentType = negotiate(options)
      const version = requestedVersion(parsed, options)
      shortForm(did)
      const result = await resolver.resolve(did, version)
      return result.didDocument === null
        ? result
        : { ...result, didResolutionMetadata: { contentType, ...result.didResolutionMetadata } }
    })
  return Object.fromEntries(methods.map(method => [method, driver]))
}
