import { setTimeout as sleep } from 'node:timers/promises'
import { KeyError } from '../keys/errors.ts'
import { generatePrivateJwk } from '../keys/generate.ts'
import { publicJwkOf, thumbprint } from '../keys/jwk.ts'
import type { Keystore, NewKey } from '../keys/keystore.ts'
import type { KeyCurve, PrivateJwk, Signer } from '../keys/types.ts'
import type { OperationStatus, Submission } from '../node/types.ts'
import { buildCreate, buildDeactivate, buildRecover, buildUpdate } from '../sidetree/build.ts'
import { commitmentOf } from '../sidetree/commitment.ts'
import { didPrefix, parseDid } from '../sidetree/did.ts'
import { didSuffixOf } from '../sidetree/suffix-data.ts'
import type { DocumentState, OperationRequest, Patch } from '../sidetree/types.ts'
import { EXIT } from '../trust/exit-status.ts'
import type { DidCommitments } from './client.ts'
import { CliError, NodeProblem } from './errors.ts'
import type { DidSession } from './session.ts'

/** Wait between looks at something that is under way, in milliseconds. */
const POLL_MS = 150
/** Operations that are made anew when another one of the same DID came first. */
const ATTEMPTS = 3

/** A document to begin with, and the private keys that belong to it. */
export interface NewDocument {
  document: DocumentState
  generated: readonly NewKey[]
}

/** An operation that was handed in. */
export interface HandedIn extends Submission {
  /** Thumbprints of the keys that are of no use once it is applied. */
  spent: string[]
}

/**
 * Makes a DID. Its keys are in the keystore before the node hears of it, so that no stop in between leaves a DID
 * without them.
 */
export async function createDid(
  session: DidSession,
  { document, generated }: NewDocument,
  curve: KeyCurve,
): Promise<HandedIn> {
  const [update, recovery] = [generatePrivateJwk(curve), generatePrivateJwk(curve)]
  const keys = { updateKey: publicJwkOf(update), recoveryKey: publicJwkOf(recovery) }
  const request = buildCreate({ ...keys, document }, session.parameters)
  const did = `${didPrefix(session.method)}${didSuffixOf(request.suffixData)}`
  await addKeys(session, did, { update, recovery }, generated)
  try {
    return { ...(await session.client.submit(request)), spent: [] }
  } catch (cause) {
    if (!(cause instanceof CliError)) throw cause
    const hint = `it may have taken the operation: its keys are in your keystore, and the DID is ${did}`
    throw new CliError(cause.code, cause.message, { hint, status: cause.status, cause })
  }
}

/** Changes the document of a DID. */
export async function updateDid(
  session: DidSession,
  did: string,
  { patches, generated }: { patches: Patch[]; generated: readonly NewKey[] },
): Promise<HandedIn> {
  return signed(session, did, async ({ shortForm, didSuffix }, { updateCommitment }) => {
    const [signer, spent] = signerFor(session, updateCommitment, 'update')
    const update = generatePrivateJwk(signer.publicJwk.crv)
    const input = { didSuffix, signer, nextUpdateKey: publicJwkOf(update), patches }
    const request = await buildUpdate(input, session.parameters)
    return { request, spent: [spent], addKeys: () => addKeys(session, shortForm, { update }, generated) }
  })
}

/** Gives a DID a new document and new operation keys, by its recovery key. */
export async function recoverDid(
  session: DidSession,
  did: string,
  { document, generated }: NewDocument,
): Promise<HandedIn> {
  return signed(session, did, async ({ shortForm, didSuffix }, commitments) => {
    const [signer, spent] = recoverySigner(session, commitments)
    const { crv } = signer.publicJwk
    const [update, recovery] = [generatePrivateJwk(crv), generatePrivateJwk(crv)]
    const next = { nextUpdateKey: publicJwkOf(update), nextRecoveryKey: publicJwkOf(recovery) }
    const request = await buildRecover({ didSuffix, signer, ...next, document }, session.parameters)
    return { request, spent, addKeys: () => addKeys(session, shortForm, { update, recovery }, generated) }
  })
}

/** Ends a DID, for good. */
export async function deactivateDid(session: DidSession, did: string): Promise<HandedIn> {
  return signed(session, did, async ({ didSuffix }, commitments) => {
    const [signer, spent] = recoverySigner(session, commitments)
    const request = await buildDeactivate({ didSuffix, signer }, session.parameters)
    return { request, spent, addKeys: async () => {} }
  })
}

/**
 * Waits until an operation is applied, and then removes the keys that it has spent; but only where the node is the
 * operator's own: another could say so of an operation that it has thrown away.
 * @throws CliError OPERATION_REJECTED, WAITED_TOO_LONG
 */
export async function waitUntilApplied(
  session: DidSession,
  { status, spent }: HandedIn,
): Promise<OperationStatus> {
  const applied = await outcomeOf(session, status.id)
  for (const kid of session.client.isOwn ? spent : []) await removeKey(session.keystore, kid)
  return applied
}

/** Another command may have removed it already. */
async function removeKey(keystore: Keystore, kid: string): Promise<void> {
  try {
    await keystore.remove(kid)
  } catch (error) {
    if (!(error instanceof KeyError) || error.code !== 'KEY_NOT_FOUND') throw error
  }
}

async function outcomeOf(session: DidSession, id: string): Promise<OperationStatus> {
  const deadline = Date.now() + session.timeoutMs
  for (;;) {
    const status = await session.client.operation(id)
    session.progress(`${status.type}: ${describe(status)}`)
    if (status.state === 'applied') return status
    if (status.state === 'rejected') {
      const reason = `${status.reason ?? 'it counts for nothing'} (${status.code ?? 'no code'})`
      throw new CliError('OPERATION_REJECTED', `the operation ${id} was rejected: ${reason}`, {
        hint: 'look at the DID with "rootline did history", and try again',
      })
    }
    if (Date.now() > deadline) throw tooLong(`the operation ${id} is ${status.state}`)
    await sleep(POLL_MS)
  }
}

interface Target {
  shortForm: string
  didSuffix: string
}

interface Made {
  request: OperationRequest
  spent: string[]
  /** Puts the keys that the operation commits to into the keystore. */
  addKeys: () => Promise<void>
}

/**
 * Makes and hands in an operation that follows on the DID's state on the ledger. Which key signs is decided by the
 * commitment in that state alone, so that keys of an operation that was never handed in, or lost, do no harm.
 */
async function signed(
  session: DidSession,
  did: string,
  make: (target: Target, commitments: DidCommitments) => Promise<Made>,
): Promise<HandedIn> {
  const { suffix: didSuffix, shortForm } = parseDid(did, session.method, session.parameters)
  for (let attempt = 1; ; attempt++) {
    const commitments = await settledCommitments(session, shortForm)
    // Another command may have added the key that the DID commits to by now.
    await session.keystore.refresh()
    const made = await make({ shortForm, didSuffix }, commitments)
    await made.addKeys()
    try {
      return { ...(await session.client.submit(made.request)), spent: made.spent }
    } catch (error) {
      // Another operation of the DID was anchored in between: what follows on it has to be made anew.
      const isLate = error instanceof NodeProblem && error.reason === 'COMMITMENT_UNKNOWN'
      if (!isLate || attempt === ATTEMPTS) throw error
    }
  }
}

/** The DID's commitments once none of its operations waits to be anchored. @throws CliError WAITED_TOO_LONG */
async function settledCommitments(session: DidSession, did: string): Promise<DidCommitments> {
  const deadline = Date.now() + session.timeoutMs
  for (;;) {
    const commitments = await unlessQueued(session.client.commitments(did))
    if (commitments?.deactivated === true) {
      throw new CliError('OPERATION_REJECTED', `${did} is deactivated, for good`, { status: EXIT.ended })
    }
    if (commitments?.pending === 0) return commitments
    if (Date.now() > deadline) throw tooLong('operations of the DID wait to be anchored')
    session.progress('waiting for an operation of this DID to be anchored')
    await sleep(POLL_MS)
  }
}

/** Undefined where the DID's create operation waits to be anchored. */
async function unlessQueued(commitments: Promise<DidCommitments>): Promise<DidCommitments | undefined> {
  try {
    return await commitments
  } catch (error) {
    if (error instanceof NodeProblem && error.code === 'DID_UNKNOWN' && error.reason === 'QUEUED')
      return undefined
    throw error
  }
}

/** The key that opens a commitment, as a signer, and its thumbprint. @throws CliError KEY_OF_DID_MISSING */
function signerFor(
  { keystore }: DidSession,
  commitment: string | undefined,
  role: 'update' | 'recovery',
): [Signer, string] {
  const kid = keyOpening(keystore, commitment)
  if (kid !== undefined) return [keystore.signer(kid), kid]
  const hint =
    role === 'update'
      ? 'name the keystore that holds it with --keystore, or give the DID new keys with "rootline did recover"'
      : 'name the keystore that holds it with --keystore'
  throw new CliError(
    'KEY_OF_DID_MISSING',
    `${keystore.path} does not hold the ${role} key that the DID commits to`,
    {
      hint,
    },
  )
}

/** The recovery key, and the keys that are of no use after it was used: itself, and the update key. */
function recoverySigner(session: DidSession, commitments: DidCommitments): [Signer, string[]] {
  const [signer, kid] = signerFor(session, commitments.recoveryCommitment, 'recovery')
  const update = keyOpening(session.keystore, commitments.updateCommitment)
  return [signer, update === undefined ? [kid] : [kid, update]]
}

function keyOpening(keystore: Keystore, commitment: string | undefined): string | undefined {
  return keystore.list().find(({ publicJwk }) => commitmentOf(publicJwk) === commitment)?.kid
}

async function addKeys(
  { keystore }: DidSession,
  did: string,
  operationKeys: { update: PrivateJwk; recovery?: PrivateJwk },
  generated: readonly NewKey[],
): Promise<void> {
  const { update, recovery } = operationKeys
  // An operation that is made anew has the keys of its document in the keystore already.
  const held = new Set(keystore.list().map(({ kid }) => kid))
  await keystore.add([
    { jwk: update, did, role: 'update' },
    ...(recovery === undefined ? [] : [{ jwk: recovery, did, role: 'recovery' as const }]),
    ...generated.filter(({ jwk }) => !held.has(thumbprint(jwk))).map(key => ({ ...key, did })),
  ])
}

function describe({ state, ahead, transactionNumber }: OperationStatus): string {
  if (state === 'queued') return ahead === undefined ? 'queued' : `queued, ${ahead} ahead of it`
  return transactionNumber === undefined ? state : `${state}, transaction ${transactionNumber}`
}

function tooLong(what: string): CliError {
  return new CliError('WAITED_TOO_LONG', what, {
    hint: 'it goes on by itself: look again later, or wait longer with --timeout',
    status: EXIT.undecided,
  })
}
