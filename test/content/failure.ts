import { ContentError, type ContentErrorCode } from '../../src/content/errors.ts'

/** The code that a promise fails with, or undefined where it succeeds; anything but a ContentError fails the test. */
export async function failureOf(promise: Promise<unknown>): Promise<ContentErrorCode | undefined> {
  try {
    await promise
    return undefined
  } catch (error) {
    if (error instanceof ContentError) return error.code
    throw error
  }
}
