import { CodecError, type CodecErrorCode } from '../../src/codec/errors.ts'

/** The code that an action fails with, or undefined where it succeeds; anything but a CodecError fails the test. */
export function failure(action: () => unknown): CodecErrorCode | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    return codeOf(error)
  }
}

/** As {@link failure}, of a promise. */
export async function failureOf(promise: Promise<unknown>): Promise<CodecErrorCode | undefined> {
  try {
    await promise
    return undefined
  } catch (error) {
    return codeOf(error)
  }
}

function codeOf(error: unknown): CodecErrorCode {
  if (error instanceof CodecError) return error.code
  throw error
}
