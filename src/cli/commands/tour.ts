import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { isJsonObject, type JsonObject } from '../../codec/json.ts'
import { Keystore } from '../../keys/keystore.ts'
import { PROTOCOL_VERSIONS } from '../../sidetree/parameters.ts'
import { EXIT } from '../../trust/exit-status.ts'
import { renderText } from '../../trust/render-text.ts'
import type { TrustReport } from '../../trust/types.ts'
import { NodeClient } from '../client.ts'
import {
  createDid,
  deactivateDid,
  type HandedIn,
  recoverDid,
  updateDid,
  waitUntilApplied,
} from '../did-operations.ts'
import { documentOf, readEntries } from '../document-input.ts'
import { CliError } from '../errors.ts'
import { withExamples } from '../options.ts'
import { type Resolved, resolveDid } from '../resolution.ts'
import { action, type Host, type Run } from '../run.ts'
import type { DidSession } from '../session.ts'
import { defaultSettings } from '../settings.ts'
import type { Terminal } from '../terminal.ts'
import { table } from '../terminal.ts'

const CURVE = 'Ed25519'
/** Long enough that a DID is seen before it is anchored, short enough to wait for. */
const BATCH_INTERVAL_MS = 300
const TIMEOUT_MS = 30_000

/** `rootline tour`. */
export function tourCommand(host: Host): Command {
  const command = new Command('tour').description(
    "Show a DID's life, from its keys to its end, on a node of its own in a temporary folder, which is removed afterwards. " +
      'Ends with 0 only if every step did what it says.',
  )
  withExamples(command, 'rootline tour')
  return command.action(action(host, tour))
}

async function tour(run: Run): Promise<undefined> {
  const began = Date.now()
  const folder = await mkdtemp(join(tmpdir(), 'rootline-tour-'))
  const guide = new Guide(run.terminal)
  try {
    const settings = {
      ...defaultSettings({ data: folder }, run.host),
      listen: '127.0.0.1:0',
      'batch.intervalMs': BATCH_INTERVAL_MS,
      'observer.pollMs': 500,
    }
    const { openNode } = await import('../up.ts')
    const node = await openNode(settings)
    try {
      guide.step('A node starts: one process, with its own log and its own content store.', node.url)
      await live(await openTourSession(folder, node), guide)
    } finally {
      await node.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  guide.end((Date.now() - began) / 1000)
}

async function openTourSession(folder: string, node: { url: string; token: string }): Promise<DidSession> {
  return {
    client: new NodeClient({ url: node.url, token: node.token, timeoutMs: TIMEOUT_MS }),
    // Gone with the folder in a moment: a passphrase that nobody could guess needs no stretching.
    keystore: await Keystore.create(join(folder, 'keystore.json'), randomBytes(32), { iterations: 1000 }),
    method: { name: 'rootline' },
    parameters: PROTOCOL_VERSIONS.rootline[0],
    timeoutMs: TIMEOUT_MS,
    progress: () => {},
  }
}

/** The life of one DID. */
async function live(session: DidSession, guide: Guide): Promise<void> {
  const { did, first } = await create(session, guide)
  const second = await change(session, guide, did)
  await recover(session, guide, did)
  await lookBack(session, guide, did, { first, second })
  await explain(session, guide, did)
  await end(session, guide, did)
  await review(session, guide, did)
}

async function create(session: DidSession, guide: Guide): Promise<{ did: string; first: string }> {
  const handedIn = await createDid(session, await documentWith(['generate'], []), CURVE)
  const { status, longFormDid = '' } = handedIn
  const { did } = status
  guide.step('Keys are made, and with them a DID; its create operation goes to the node.', did)
  const early = await resolve(session, longFormDid)
  guide.require(isJsonObject(early.resolution['didDocument']), 'the long form resolves at once')
  guide.step(
    'Its long form carries the first document with it, so that it resolves at once, before anything is anchored.',
    `${longFormDid.slice(0, 96)}...`,
    early.report.summary,
  )
  const applied = await waitUntilApplied(session, handedIn)
  guide.step(
    'The operation is batched, its files are stored by their hashes, and the batch is anchored in the log.',
    `${applied.state} in transaction ${applied.transactionNumber}`,
  )
  const now = await resolve(session, did)
  const { verdict, summary } = now.report
  guide.require(verdict === 'verified', 'the short form is verified once it is anchored', summary)
  return { did, first: versionOf(now) }
}

async function change(session: DidSession, guide: Guide, did: string): Promise<string> {
  const services = [{ id: 'files', type: 'LinkedDomains', serviceEndpoint: 'https://example.com' }]
  const patches = [{ action: 'add-services' as const, services }]
  await done(session, await updateDid(session, did, { patches, generated: [] }))
  const now = await resolve(session, did)
  guide.require(count(now, 'service') === 1, 'the update adds the service')
  guide.step(
    'An update adds a service. It reveals the key that the create committed to, and commits to the next one.',
    `${count(now, 'verificationMethod')} key, ${count(now, 'service')} service`,
  )
  return versionOf(now)
}

async function recover(session: DidSession, guide: Guide, did: string): Promise<void> {
  const document = await documentWith(['new-key=generate'], ['site,LinkedDomains,https://example.org'])
  await done(session, await recoverDid(session, did, document))
  const now = await resolve(session, did)
  const [method] = entries(now, 'verificationMethod')
  guide.require(method?.['id'] === '#new-key', 'the recovery replaces the keys of the document')
  guide.step(
    'A recovery, signed by the recovery key, replaces the document and all keys: this helps when keys are stolen.',
    `its key is now ${String(method?.['id'])}`,
  )
}

async function lookBack(
  session: DidSession,
  guide: Guide,
  did: string,
  { first, second }: { first: string; second: string },
): Promise<void> {
  const [before, after] = [await resolve(session, did, first), await resolve(session, did, second)]
  guide.require(count(before, 'service') === 0, 'the first version has no service')
  guide.require(count(after, 'service') === 1, 'the second version has one')
  guide.step(
    'Older versions can be asked for by their id, and stay the same for ever.',
    `${first}: ${count(before, 'service')} services`,
    `${second}: ${count(after, 'service')} service`,
  )
}

async function explain(session: DidSession, guide: Guide, did: string): Promise<void> {
  const { report, status } = await resolve(session, did)
  guide.require(report.verdict === 'verified' && status === EXIT.verified, 'it is verified', report.summary)
  guide.step(
    'This is the trust report of the DID as it is now: what was checked, and who must still be trusted.',
  )
  guide.report(report)
}

async function end(session: DidSession, guide: Guide, did: string): Promise<void> {
  await done(session, await deactivateDid(session, did))
  const { report, resolution, status } = await resolve(session, did)
  const metadata = resolution['didDocumentMetadata']
  guide.require(isJsonObject(metadata) && metadata['deactivated'] === true, 'the DID is deactivated')
  guide.require(status === EXIT.ended, `a command that resolves it ends with ${EXIT.ended}`)
  guide.step('The DID is deactivated, for good.', report.summary)
}

async function review(session: DidSession, guide: Guide, did: string): Promise<void> {
  const operations = await session.client.history(did)
  const types = operations.map(({ type }) => type).join(' ')
  guide.require(types === 'create update recover deactivate', 'its history has the four operations')
  guide.step(
    'All of it stays on record.',
    ...table(
      operations.map(({ time, type, transactionNumber }) => [time, type, `transaction ${transactionNumber}`]),
    ).split('\n'),
  )
  const { size, note } = await session.client.checkpoint()
  guide.require(
    size === 2 * operations.length,
    'the log has a leaf for each operation, and one for the map after it',
  )
  guide.step(
    'The log signs a checkpoint over all of its entries; who keeps one can show it if history is rewritten.',
    ...note.trimEnd().split('\n'),
  )
}

async function done(session: DidSession, handedIn: HandedIn): Promise<void> {
  await waitUntilApplied(session, handedIn)
}

async function documentWith(keys: string[], services: string[]) {
  // Nothing is read from stdin, as no key or document is named by '-'.
  const options = { keys, services, purposes: undefined, curve: CURVE, chooseIds: true } as const
  const made = await readEntries(options, process.stdin)
  return { document: documentOf(made), generated: made.generated }
}

function resolve({ client }: DidSession, did: string, versionId?: string): Promise<Resolved> {
  const version = versionId === undefined ? {} : { versionId }
  return resolveDid(did, { client, version, accept: [], allowPrivate: false, timeoutMs: TIMEOUT_MS })
}

function versionOf({ resolution }: Resolved): string {
  const metadata = resolution['didDocumentMetadata']
  return isJsonObject(metadata) ? String(metadata['versionId']) : ''
}

function entries({ resolution }: Resolved, member: 'service' | 'verificationMethod'): JsonObject[] {
  const document = resolution['didDocument']
  const list = isJsonObject(document) ? document[member] : undefined
  return Array.isArray(list) ? list.filter(isJsonObject) : []
}

function count(resolved: Resolved, member: 'service' | 'verificationMethod'): number {
  return entries(resolved, member).length
}

/** Tells the steps as they are done. */
class Guide {
  readonly #terminal: Terminal
  readonly #steps: { step: number; sentence: string; details: string[] }[] = []
  #report: TrustReport | undefined

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  step(sentence: string, ...details: string[]): void {
    const step = this.#steps.length + 1
    this.#steps.push({ step, sentence, details })
    if (this.#terminal.json) this.#terminal.progress(`${step}. ${sentence}`)
    else
      this.#print([`${step}. ${sentence}`, ...details.map(detail => `   ${detail}`.trimEnd()), ''].join('\n'))
  }

  report(report: TrustReport): void {
    this.#report = report
    const { width, colour, json } = this.#terminal
    if (!json) this.#print(renderText(report, { width, colour }))
  }

  require(condition: boolean, what: string, found = ''): void {
    if (condition) return
    const instead = found === '' ? '' : `; instead: ${found}`
    throw new CliError('TOUR_FAILED', `this did not hold: ${what}${instead}`, { status: EXIT.internal })
  }

  end(seconds: number): void {
    const value = { steps: this.#steps, report: this.#report, seconds }
    this.#terminal.result(
      value,
      () =>
        `Every step did what it says, in ${seconds.toFixed(1)} s. Start a node of your own with: rootline up`,
    )
  }

  #print(text: string): void {
    this.#terminal.result(undefined, () => text)
  }
}
