import type { FastifyBaseLogger } from 'fastify'
import { Cosigning, type CosigningEvent } from '../ledger/log/cosigning.ts'
import { meetsQuorum } from '../merkle/policy.ts'
import { guardedFetch } from '../net/guarded-fetch.ts'
import { CliError } from './errors.ts'
import { readPolicyFile } from './policy-file.ts'
import type { Settings } from './settings.ts'

/** Longest answer of a witness, in bytes, and longest wait for it, in milliseconds. */
const MAX_ANSWER_BYTES = 1 << 16
const WITNESS_TIMEOUT_MS = 10_000

/**
 * Who cosigns for the node's own log, by its policy; undefined without one.
 * @throws CliError INPUT_UNREADABLE, INPUT_INVALID, CONFIG_INVALID where the witnesses that can be asked are no quorum
 */
export async function cosigningBy(
  { policy: file }: Settings,
  logger: FastifyBaseLogger | undefined,
): Promise<Cosigning | undefined> {
  if (file === undefined) return undefined
  const policy = await readPolicyFile(file)
  const asked = policy.witnesses.filter(({ url }) => url !== undefined)
  if (!meetsQuorum(policy, new Set(asked.map(({ verifier }) => verifier.vkey)))) {
    throw new CliError(
      'CONFIG_INVALID',
      `the policy ${file} names too few witnesses with a URL for its quorum`,
      {
        hint: 'add the URL of each witness to its line: witness NAME VKEY URL',
      },
    )
  }
  return new Cosigning({
    policy,
    post,
    now: () => Math.floor(Date.now() / 1000),
    ...(logger === undefined ? {} : { onEvent: event => logEvent(logger, event) }),
  })
}

/** The operator has named the witnesses, so that they may be of this network. */
function post(url: string, body: string) {
  return guardedFetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    maxBytes: MAX_ANSWER_BYTES,
    timeoutMs: WITNESS_TIMEOUT_MS,
    allowHttp: true,
    allowPrivate: true,
  })
}

function logEvent(logger: FastifyBaseLogger, event: CosigningEvent): void {
  if (event.type === 'waiting-for-witnesses') {
    logger.warn({ witnesses: event.witnesses }, 'the newest checkpoint waits for more witnesses to cosign')
    return
  }
  const { witness, failure } = event
  logger.warn({ witness, code: failure.code, detail: failure.detail }, 'a witness has not cosigned')
}
