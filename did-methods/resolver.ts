import type { DIDResolutionOptions, DIDResolutionResult, DIDResolver, Resolvable } from 'did-resolver'
import { parseDidUrl } from './did-url.ts'
import { DidError } from './errors.ts'
import { resolving } from './result.ts'

/**
 * A resolver over drivers, for `Resolver` of did-resolver, whose errors are those of DID Resolution v1 and which
 * looks a method up only among the drivers (a method named `constructor` is not one).
 */
export function createDidResolver(...drivers: readonly Record<string, DIDResolver>[]): Resolvable {
  const methods = new Map(drivers.flatMap(driver => Object.entries(driver)))
  const resolvable: Resolvable = {
    resolve: (didUrl: string, options: DIDResolutionOptions = {}): Promise<DIDResolutionResult> =>
      resolving(() => {
        const parsed = parse(didUrl)
        const driver = methods.get(parsed.method)
        if (driver === undefined) {
          throw new DidError('DID_METHOD_UNSUPPORTED', `did:${parsed.method} is not supported here`)
        }
        return driver(parsed.did, parsed, resolvable, options)
      }),
  }
  return resolvable
}

/** What is not even a DID URL is an invalid DID to a resolution. */
function parse(didUrl: string): ReturnType<typeof parseDidUrl> {
  try {
    return parseDidUrl(didUrl)
  } catch (error) {
    if (error instanceof DidError) throw new DidError('DID_INVALID', error.message, error)
    throw error
  }
}
