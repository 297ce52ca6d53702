import { SidetreeError, type SidetreeErrorCode } from '../../src/sidetree/errors.ts'

/** The code that an action fails with, or undefined where it succeeds; anything but a SidetreeError fails the test. */
export function failure(action: () => unknown): SidetreeErrorCode | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    if (error instanceof SidetreeError) return error.code
    throw error
  }
}
