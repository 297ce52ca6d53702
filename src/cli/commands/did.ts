import { Command } from 'commander'
import type { NewKey } from '../../keys/keystore.ts'
import type { KeyCurve } from '../../keys/types.ts'
import type { VersionOptions } from '../../node/types.ts'
import type { Patch } from '../../sidetree/types.ts'
import { renderText } from '../../trust/render-text.ts'
import { printable } from '../../trust/wrap.ts'
import {
  createDid,
  deactivateDid,
  type HandedIn,
  type NewDocument,
  recoverDid,
  updateDid,
  waitUntilApplied,
} from '../did-operations.ts'
import { documentOf, readDocument, readEntries, readPatches } from '../document-input.ts'
import { CliError } from '../errors.ts'
import { collect, list, text, withExamples, withSettings } from '../options.ts'
import { ask } from '../prompt.ts'
import { type Resolved, resolveDid } from '../resolution.ts'
import { action, type Host, type Run } from '../run.ts'
import { type DidSession, nodeClient, openSession, operationCurve, protocolParameters } from '../session.ts'
import { safeJson, table } from '../terminal.ts'
import { proveCommand, verifyProofCommand } from './did-proof.ts'

/** `rootline did`: everything about DIDs. */
export function didCommand(host: Host): Command {
  const did = new Command('did').description('Create, change, end and resolve DIDs.')
  did.addCommand(createCommand(host))
  did.addCommand(updateCommand(host))
  did.addCommand(recoverCommand(host))
  did.addCommand(deactivateCommand(host))
  did.addCommand(resolveCommand(host))
  did.addCommand(historyCommand(host))
  did.addCommand(proveCommand(host))
  did.addCommand(verifyProofCommand(host))
  return did
}

function createCommand(host: Host): Command {
  const command = new Command('create').description(
    'Make a DID: its keys go into your keystore, its create operation to the node.',
  )
  withExamples(
    command,
    'rootline did create --passphrase-file pass.txt --wait',
    'rootline did create --service files,LinkedDomains,https://example.com --json',
    'rootline did create --document document.json',
  )
  documentOptions(command)
  return changing(command).action(action(host, create))
}

async function create(run: Run): Promise<undefined> {
  const document = await newDocument(run)
  const session = await openSession(run, { makeKeystore: true })
  await finish(run, session, await createDid(session, document, wantedCurve(run)))
}

function updateCommand(host: Host): Command {
  const command = new Command('update')
    .argument('<did>', 'the DID')
    .description('Change the document of a DID.')
  withExamples(
    command,
    'rootline did update DID --add-service files,LinkedDomains,https://example.com --wait',
    'rootline did update DID --remove-key key-1 --add-key key-2=generate',
    'rootline did update DID --patches patches.json',
  )
  command
    .option(
      '--add-service <id,type,url>',
      'add a service, or replace the one of this id; can be repeated',
      collect,
    )
    .option('--remove-service <id>', 'remove a service; can be repeated', collect)
    .option(
      '--add-key <[id=]file>',
      'add a public key from a JWK file; "generate" for FILE makes one; can be repeated',
      collect,
    )
    .option('--remove-key <id>', 'remove a key; can be repeated', collect)
    .option(
      '--purpose <list>',
      'purposes of the keys that are added (default: authentication,assertionMethod)',
    )
    .option('--key-type <type>', 'type of keys that are generated (default: as the protocol prefers)')
    .option('--patches <file>', 'patches of Sidetree as JSON, in place of the options above; - for stdin')
  return changing(command).action(action(host, update))
}

async function update(run: Run, did: string | undefined): Promise<undefined> {
  const changes = await readChanges(run)
  if (changes.patches.length === 0) throw new CliError('USAGE', 'nothing is to be changed: say what')
  const session = await openSession(run, { makeKeystore: false })
  await finish(run, session, await updateDid(session, String(did), changes))
}

function recoverCommand(host: Host): Command {
  const command = new Command('recover')
    .argument('<did>', 'the DID')
    .description(
      'Give a DID a new document and new keys, by its recovery key. The old document is gone with it.',
    )
  withExamples(
    command,
    'rootline did recover DID --wait',
    'rootline did recover DID --document document.json',
  )
  documentOptions(command)
  return changing(command).action(action(host, recover))
}

async function recover(run: Run, did: string | undefined): Promise<undefined> {
  const document = await newDocument(run)
  const session = await openSession(run, { makeKeystore: false })
  await finish(run, session, await recoverDid(session, String(did), document))
}

function deactivateCommand(host: Host): Command {
  const command = new Command('deactivate')
    .argument('<did>', 'the DID')
    .description('End a DID, for good, by its recovery key.')
    .option('--yes', 'do not ask whether this is meant')
  withExamples(command, 'rootline did deactivate DID --yes --wait')
  return changing(command).action(action(host, deactivate))
}

async function deactivate(run: Run, did: string | undefined): Promise<undefined> {
  await confirm(run, `${did} ends for good. Type yes to go on: `)
  const session = await openSession(run, { makeKeystore: false })
  await finish(run, session, await deactivateDid(session, String(did)))
}

function resolveCommand(host: Host): Command {
  const command = new Command('resolve')
    .argument('<did>', 'the DID, in its short or long form, of any method')
    .description(
      'Resolve a DID, and say what was checked. did:key and did:jwk need no node; did:web asks its host; every other ' +
        'DID is asked of the node.',
    )
  withExamples(
    command,
    'rootline did resolve DID',
    'rootline did resolve DID --explain',
    'rootline did resolve DID --version-time 2026-05-02T10:00:00Z --json',
  )
  command
    .option('--version-id <id>', 'the version of this id')
    .option('--version-time <time>', 'the version at this time (RFC 3339)')
    .option('--explain', 'print the trust report: what was checked, what is undecided, who must be trusted')
    .option('--accept <root>', 'take a root as trusted, by its id in the report; can be repeated', collect)
  withSettings(command, 'node', 'data', 'tokenFile')
  return command.action(action(host, resolve))
}

async function resolve(run: Run, did: string | undefined): Promise<number> {
  const { settings, options, terminal } = run
  const resolved = await resolveDid(String(did), {
    client: await nodeClient(settings),
    version: versionOf(options),
    accept: list(options['accept']),
    allowPrivate: settings['web.allowPrivate'],
    timeoutMs: settings.timeout * 1000,
  })
  const { resolution, report, origin, theirs } = resolved
  const explain = options['explain'] === true
  terminal.result({ resolution, report, ...(theirs === undefined ? {} : { nodeReport: theirs }) }, () =>
    explain ? explained(run, resolved) : safeJson(resolution['didDocument']),
  )
  if (!explain && !terminal.json) terminal.note(report.summary)
  if (origin !== undefined && !terminal.json) terminal.note(`The report is that of ${origin}.`)
  return resolved.status
}

function explained({ terminal }: Run, { report, theirs }: Resolved): string {
  const options = { width: terminal.width, colour: terminal.colour }
  const own = renderText(report, options)
  if (theirs === undefined) return own
  return `${own}\nThe node's own report. It is its word, and nothing of it was checked here.\n\n${renderText(theirs, options)}`
}

function historyCommand(host: Host): Command {
  const command = new Command('history')
    .argument('<did>', 'the DID')
    .description('List the operations of a DID, and what became of each, as the node says.')
  withExamples(command, 'rootline did history DID')
  withSettings(command, 'node', 'data', 'tokenFile')
  return command.action(action(host, history))
}

async function history({ settings, terminal }: Run, did: string | undefined): Promise<undefined> {
  const operations = await (await nodeClient(settings)).history(String(did))
  terminal.result({ did, operations }, () =>
    table([
      ['TIME', 'OPERATION', 'TRANSACTION', 'OUTCOME', 'VERSION'],
      ...operations.map(entry => [
        entry.time,
        entry.type,
        `${entry.transactionNumber}.${entry.operationIndex}`,
        entry.applied ? 'applied' : 'ignored',
        `${entry.versionId ?? ''}${entry.code === undefined ? '' : ` ${entry.code}`}`.trim(),
      ]),
    ]),
  )
}

/** Options of every command that hands in an operation. */
function changing(command: Command): Command {
  command.option('--wait', 'wait until the operation is applied')
  return withSettings(
    command,
    'node',
    'data',
    'tokenFile',
    'keystore',
    'passphraseFile',
    'method',
    'network',
    'protocol',
  )
}

function documentOptions(command: Command): void {
  command
    .option(
      '--key-type <type>',
      'type of the keys that are made: Ed25519, P-256 or secp256k1 (default: Ed25519; secp256k1 for did:ion)',
    )
    .option(
      '--public-key <[id=]file>',
      'a public key for the document from a JWK file, in place of a generated one; can be repeated',
      collect,
    )
    .option(
      '--purpose <list>',
      'purposes of the keys in the document (default: authentication,assertionMethod)',
    )
    .option('--service <id,type,url>', 'a service for the document; can be repeated', collect)
    .option(
      '--document <file>',
      'the whole document as JSON (publicKeys, services), in place of the options above; - for stdin',
    )
}

function wantedCurve({ options, settings }: Run): KeyCurve {
  return operationCurve(text(options['keyType']), protocolParameters(settings))
}

async function newDocument(run: Run): Promise<NewDocument> {
  const { options, host } = run
  const file = text(options['document'])
  const [keys, services] = [list(options['publicKey']), list(options['service'])]
  if (file !== undefined) {
    if (keys.length + services.length > 0) {
      throw new CliError('USAGE', '--document is the whole document: put the keys and services in it')
    }
    return { document: await readDocument(file, host.stdin), generated: [] }
  }
  const entries = await readEntries(
    {
      keys: keys.length === 0 ? ['generate'] : keys,
      services,
      purposes: text(options['purpose']),
      curve: wantedCurve(run),
      chooseIds: true,
    },
    host.stdin,
  )
  return { document: documentOf(entries), generated: entries.generated }
}

async function readChanges(run: Run): Promise<{ patches: Patch[]; generated: NewKey[] }> {
  const { options, host } = run
  const [added, services] = [list(options['addKey']), list(options['addService'])]
  const [removedKeys, removedServices] = [list(options['removeKey']), list(options['removeService'])]
  const file = text(options['patches'])
  if (file !== undefined) {
    if (added.length + services.length + removedKeys.length + removedServices.length > 0) {
      throw new CliError('USAGE', '--patches is the whole change: put the keys and services in it')
    }
    return { patches: await readPatches(file, host.stdin), generated: [] }
  }
  const purposes = text(options['purpose'])
  const entries = await readEntries(
    { keys: added, services, purposes, curve: wantedCurve(run), chooseIds: false },
    host.stdin,
  )
  const patches: Patch[] = []
  if (removedKeys.length > 0) patches.push({ action: 'remove-public-keys', ids: removedKeys })
  if (removedServices.length > 0) patches.push({ action: 'remove-services', ids: removedServices })
  if (entries.publicKeys.length > 0)
    patches.push({ action: 'add-public-keys', publicKeys: entries.publicKeys })
  if (entries.services.length > 0) patches.push({ action: 'add-services', services: entries.services })
  return { patches, generated: entries.generated }
}

/** Waits if that is wanted, and prints what became of an operation. */
async function finish(run: Run, session: DidSession, handedIn: HandedIn): Promise<void> {
  const { terminal, options } = run
  const status = options['wait'] === true ? await waitUntilApplied(session, handedIn) : handedIn.status
  const { longFormDid } = handedIn
  const result = { did: status.did, ...(longFormDid === undefined ? {} : { longFormDid }), operation: status }
  terminal.result(result, () =>
    [
      ['did', status.did],
      ...(longFormDid === undefined ? [] : [['long form', longFormDid]]),
      ['operation', status.id],
      ['state', status.state],
    ]
      .map(([name = '', value = '']) => `${`${name}:`.padEnd(11)}${printable(value)}`)
      .join('\n'),
  )
  if (terminal.json) return
  const did = status.state === 'applied' ? status.did : (longFormDid ?? status.did)
  terminal.note(`Look at it with: rootline did resolve ${did} --explain`)
}

async function confirm({ options, interactive, host }: Run, question: string): Promise<void> {
  if (options['yes'] === true) return
  const terminal = { input: host.stdin, output: host.stderr as NodeJS.WriteStream, echo: true }
  if (interactive && (await ask(question, terminal)) === 'yes') return
  throw new CliError('NOT_CONFIRMED', 'this cannot be taken back, and was not confirmed', {
    hint: 'say --yes if it is meant',
  })
}

function versionOf(options: Run['options']): VersionOptions {
  const [versionId, versionTime] = [text(options['versionId']), text(options['versionTime'])]
  if (versionId !== undefined && versionTime !== undefined) {
    throw new CliError('USAGE', 'give --version-id or --version-time, not both')
  }
  if (versionId !== undefined) return { versionId }
  return versionTime === undefined ? {} : { versionTime }
}
