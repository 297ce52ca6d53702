import { ContentError } from './errors.ts'

/** Milliseconds for a whole file, where nothing else is said: a source may be slow with each of its blocks. */
export const FILE_TIMEOUT_MS = 60_000

/**
 * Runs a call that is given up after a while.
 * @param who is asked, for the message
 * @throws the caller's reason where its signal ended the call; ContentError CONTENT_NOT_REACHABLE where time did;
 * whatever `call` throws
 */
export async function within<T>(
  { ms, who, signal: caller }: { ms: number; who: string; signal?: AbortSignal | undefined },
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  caller?.throwIfAborted()
  const timeout = AbortSignal.timeout(ms)
  const signal = caller === undefined ? timeout : AbortSignal.any([timeout, caller])
  try {
    return await call(signal)
  } catch (cause) {
    caller?.throwIfAborted()
    if (!timeout.aborted) throw cause
    throw new ContentError('CONTENT_NOT_REACHABLE', `${who} gave no complete answer within ${ms} ms`, {
      cause,
    })
  }
}
