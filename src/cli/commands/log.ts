import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { verifyLog } from '../../ledger/log/verify-log.ts'
import type { NoteVerifier } from '../../merkle/vkey.ts'
import { Store } from '../../store/store.ts'
import { EXIT } from '../../trust/exit-status.ts'
import { type DataFolder, dataFolder, requireDataFolder } from '../data-folder.ts'
import { CliError } from '../errors.ts'
import { heldLogIn, verifyHeldLog } from '../held-folder.ts'
import { readLogKey, verifierIn } from '../log-key.ts'
import { text, withExamples, withSettings } from '../options.ts'
import { action, type Host, type Run } from '../run.ts'
import { nodeClient } from '../session.ts'
import type { Settings } from '../settings.ts'
import { safeText } from '../terminal.ts'
import { evidenceCommand, verifyEvidenceCommand } from './log-evidence.ts'
import { checkReceiptCommand } from './log-receipt.ts'
import { stampCommand, verifyStampCommand } from './log-stamp.ts'
import { writerCommand } from './log-writer.ts'

/** `rootline log`: the transparency log. */
export function logCommand(host: Host): Command {
  const log = new Command('log').description(
    'Look at the transparency log, verify it, and stamp files on it.',
  )
  log.addCommand(checkpointCommand(host))
  log.addCommand(verifyCommand(host))
  log.addCommand(keyCommand(host))
  log.addCommand(stampCommand(host))
  log.addCommand(verifyStampCommand(host))
  log.addCommand(writerCommand(host))
  log.addCommand(checkReceiptCommand(host))
  log.addCommand(evidenceCommand(host))
  log.addCommand(verifyEvidenceCommand(host))
  return log
}

function checkpointCommand(host: Host): Command {
  const command = new Command('checkpoint').description(
    'Print the newest checkpoint of the log, a signed note (C2SP tlog-checkpoint). Keep some: they show if history is rewritten.',
  )
  withExamples(command, 'rootline log checkpoint', 'rootline log checkpoint --json')
  return withSettings(command, 'node', 'data', 'tokenFile').action(action(host, checkpoint))
}

async function checkpoint({ settings, terminal }: Run): Promise<undefined> {
  const { origin, size, root, signatures, note } = await (await nodeClient(settings)).checkpoint()
  const signers = signatures.map(({ name, keyId }) => ({ name, keyId }))
  const value = { origin, size, root: Buffer.from(root).toString('hex'), signatures: signers, note }
  terminal.result(value, () => safeText(note))
  if (!terminal.json)
    terminal.note('The signature was not checked: "rootline log verify" does that, on the folder.')
}

function verifyCommand(host: Host): Command {
  const command = new Command('verify')
    .description(
      'Verify the whole log in a folder, with no node running on it: every entry and tile, the head, and that what was ' +
        'published is part of it.',
    )
    .option('--key <vkey>', "verifier key of the log (default: that of the folder's log.key)")
  withExamples(command, 'rootline log verify --data ./node')
  return withSettings(command, 'data').action(action(host, verify))
}

async function verify({ settings, terminal, options }: Run): Promise<number> {
  const folder = dataFolder(settings.data)
  requireDataFolder(folder)
  const vkey = text(options['key'])
  const key = vkey === undefined ? await verifierOf(folder) : verifierIn(vkey, '--key')
  terminal.progress(`reading ${existsSync(folder.followed) ? folder.followed : folder.log}`)
  const verification = await verifyLogIn(folder, key)
  const { size, root, problems } = verification
  terminal.result({ log: key.name, ...verification }, () =>
    problems.length === 0
      ? `the log ${key.name} is whole: ${size} entries, root ${root}`
      : [`the log ${key.name} is damaged:`, ...problems.map(problem => `- ${problem}`)].join('\n'),
  )
  return problems.length === 0 ? EXIT.verified : EXIT.false
}

function keyCommand(host: Host): Command {
  const command = new Command('key').description(
    'Print the verifier key of the log in a folder: what others need to follow the log, or to verify what it has signed.',
  )
  command.option(
    '--make',
    'make the key where the folder has no log yet, so that others can know it before it runs',
  )
  withExamples(
    command,
    'rootline log key --data ./node',
    'rootline log key --data ./node --make --log-name log.example',
  )
  return withSettings(command, 'data', 'logName').action(action(host, printKey))
}

async function printKey({ settings, terminal, options }: Run): Promise<undefined> {
  const { name, vkey, fingerprint } =
    options['make'] === true ? await madeKey(settings) : await foundKey(settings)
  terminal.result({ log: name, vkey, fingerprint: `sha256:${fingerprint}` }, () => safeText(vkey))
}

function foundKey({ data }: Settings): Promise<NoteVerifier> {
  const folder = dataFolder(data)
  requireDataFolder(folder)
  return verifierOf(folder)
}

async function madeKey(settings: Settings): Promise<NoteVerifier> {
  const { makeLogKey } = await import('../up.ts')
  return (await makeLogKey(settings)).verifier
}

/** The key of a folder's log, or of the one that it follows. @throws CliError LOG_KEY_MISSING */
export async function verifierOf(folder: DataFolder): Promise<NoteVerifier> {
  if (existsSync(folder.followed)) return (await heldLogIn(folder)).verifier
  const signer = await readLogKey(folder)
  if (signer !== undefined) return signer.verifier
  throw new CliError('LOG_KEY_MISSING', `there is no key ${folder.logKey}`, {
    hint: 'give the verifier key with --key',
  })
}

/** Verifies the log in a folder. @throws StoreError where its database cannot be opened */
export async function verifyLogIn(folder: DataFolder, key: NoteVerifier) {
  if (existsSync(folder.followed)) return verifyHeldLog(folder, key)
  const store = await Store.open(folder.log)
  try {
    const published = existsSync(folder.checkpoint) ? await readFile(folder.checkpoint, 'utf8') : undefined
    return await verifyLog(store, key.name, key, published)
  } finally {
    await store.close()
  }
}
