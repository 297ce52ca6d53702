import { KeyError, type KeyErrorCode } from '../../src/keys/errors.ts'

/** The code of the KeyError that `work` throws, undefined where it throws nothing; other errors pass. */
export function codeOf(work: () => unknown): KeyErrorCode | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof KeyError) return error.code
    throw error
  }
}

/** The same of a promise. */
export async function codeOfAsync(work: Promise<unknown>): Promise<KeyErrorCode | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    if (error instanceof KeyError) return error.code
    throw error
  }
}
