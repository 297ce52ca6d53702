import type { FastifyBaseLogger } from 'fastify'
import { Cosigning, type CosigningEvent } from '../ledger/log/cosigning.ts'
import { MAX_NOTE_SIGNATURES } from '../merkle/note.ts'
import { meetsQuorum, type PolicyWitness, type TlogPolicy } from '../merkle/policy.ts'
import type { NoteVerifier } from '../merkle/vkey.ts'
import { guardedFetch } from '../net/guarded-fetch.ts'
import { CliError } from './errors.ts'
import { readPolicyOf } from './policy-file.ts'
import { PLAIN_URL, type Settings } from './settings.ts'

/** Longest answer of a witness, in bytes, and longest wait for it, in milliseconds. */
const MAX_ANSWER_BYTES = 1 << 16
const WITNESS_TIMEOUT_MS = 10_000

const NOBODY: TlogPolicy = { logs: [], witnesses: [], groups: [], quorum: 'none' }

/** Whose cosignatures a log asks for. */
export interface LogCosigning {
  /** Undefined where it asks for nobody's. */
  policy: TlogPolicy | undefined
  /** Undefined where nobody is to be asked, now or at the start. */
  cosigning: Cosigning | undefined
}

/**
 * Who cosigns for the node's own log, by its policy.
 * @param before the policy that the log was opened with before, whose witnesses are asked at its start too
 * @throws CliError INPUT_UNREADABLE, INPUT_INVALID; CONFIG_INVALID where the policy is of other logs, the witnesses that
 * can be asked are no quorum, or those that cannot be asked are one
 */
export async function cosigningBy(
  { policy: file }: Settings,
  log: NoteVerifier,
  { before, logger }: { before?: TlogPolicy | undefined; logger?: FastifyBaseLogger | undefined } = {},
): Promise<LogCosigning> {
  const given = await readPolicyOf(file, log)
  const policy = given === undefined || meetsQuorum(given, new Set()) ? undefined : given
  if (policy !== undefined) requireAskable(policy, String(file))
  const asked = policy ?? (before && NOBODY)
  if (asked === undefined) return { policy, cosigning: undefined }
  const cosigning = new Cosigning({
    policy: asked,
    ...(before === undefined ? {} : { before }),
    post,
    now: () => Math.floor(Date.now() / 1000),
    ...(logger === undefined ? {} : { onEvent: event => logEvent(logger, event) }),
  })
  return { policy, cosigning }
}

/** @throws CliError CONFIG_INVALID */
function requireAskable(policy: TlogPolicy, file: string): void {
  if (policy.witnesses.length >= MAX_NOTE_SIGNATURES) {
    const message = `the policy ${file} names more witnesses than a checkpoint can carry cosignatures of`
    throw new CliError('CONFIG_INVALID', message, { hint: `name at most ${MAX_NOTE_SIGNATURES - 1}` })
  }
  const odd = policy.witnesses.find(({ url }) => url !== undefined && !new RegExp(PLAIN_URL).test(url))
  if (odd !== undefined) {
    throw new CliError('CONFIG_INVALID', `the URL of the witness ${odd.name} in ${file} cannot be asked`, {
      hint: 'give the URL that /add-checkpoint comes after: without a query, a fragment and a password',
    })
  }
  const [asked, silent] = [true, false].map(
    withUrl => new Set(keysOf(policy.witnesses.filter(({ url }) => (url !== undefined) === withUrl))),
  ) as [Set<string>, Set<string>]
  if (!meetsQuorum(policy, asked))
    throw tooFewUrls(`${file} names too few witnesses with a URL for its quorum`)
  if (meetsQuorum(policy, silent)) {
    throw tooFewUrls(
      `of the witnesses of ${file}, those without a URL are a quorum: the log could not learn what they have cosigned`,
    )
  }
}

function keysOf(witnesses: readonly PolicyWitness[]): string[] {
  return witnesses.map(({ verifier }) => verifier.vkey)
}

function tooFewUrls(message: string): CliError {
  const hint = 'add the URL of each witness to its line: witness NAME VKEY URL'
  return new CliError('CONFIG_INVALID', `the policy cannot be met: ${message}`, { hint })
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
  switch (event.type) {
    case 'waiting-for-witnesses':
      logger.warn({ witnesses: event.witnesses }, 'the newest checkpoint waits for more witnesses to cosign')
      break
    case 'witness-failed': {
      const { code, detail } = event.failure
      logger.warn({ witness: event.witness, code, detail }, 'a witness has not cosigned')
      break
    }
    case 'witness-back':
      logger.info({ witness: event.witness }, 'a witness cosigns again')
      break
  }
}
