import type { DIDResolutionOptions, DIDResolutionResult, DIDResolver } from 'did-resolver'
import { expect } from 'vitest'
import { DID_ERRORS, type DidErrorCode } from '../../did-methods/errors.ts'
import { createDidResolver } from '../../did-methods/resolver.ts'

/** Resolves through a driver, as did-resolver would call it. */
export function resolveWith(
  driver: Record<string, DIDResolver>,
  didUrl: string,
  options: DIDResolutionOptions = {},
): Promise<DIDResolutionResult> {
  return createDidResolver(driver).resolve(didUrl, options)
}

/** Expects a failure of that code, shaped as DID Resolution v1 says. */
export function expectFailure(result: DIDResolutionResult, code: DidErrorCode): void {
  expect(result.didResolutionMetadata).toMatchObject({ code, error: DID_ERRORS[code].error })
  expect(typeof result.didResolutionMetadata['errorMessage']).toBe('string')
  expect(result.didDocument).toBeNull()
  expect(result.didDocumentMetadata).toEqual({})
}

/** Expects a document, or a failure with one of the listed codes: never a throw, never anything between. */
export function expectOutcome(result: DIDResolutionResult): void {
  const { error, code } = result.didResolutionMetadata
  expect(result.didDocument === null).toBe(error !== undefined)
  if (error !== undefined) expect(Object.keys(DID_ERRORS)).toContain(code)
}
