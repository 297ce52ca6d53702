import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { CodecError } from '../../codec/errors.ts'
import { parseJsonObject } from '../../codec/json.ts'
import { LedgerError } from '../../ledger/errors.ts'
import {
  type ForkEvidence,
  formatForkEvidence,
  parseForkEvidence,
  verifyForkEvidence,
} from '../../ledger/follower/fork-evidence.ts'
import { EVIDENCE_KEY } from '../../ledger/follower/records.ts'
import { BROKEN_RECEIPT_TYPE, parseBrokenReceipt } from '../../ledger/submission/broken-receipt.ts'
import { checkBrokenReceipt } from '../../ledger/submission/check-receipt.ts'
import { StoreError } from '../../store/errors.ts'
import { EXIT, exitStatus } from '../../trust/exit-status.ts'
import { renderText } from '../../trust/render-text.ts'
import { type DataFolder, dataFolder, requireDataFolder } from '../data-folder.ts'
import { CliError } from '../errors.ts'
import { withFollowed } from '../held-folder.ts'
import { readInput } from '../input.ts'
import { verifierIn } from '../log-key.ts'
import { withLog } from '../log-reading.ts'
import { withExamples, withSettings } from '../options.ts'
import { pinnedLog } from '../pinned-log.ts'
import { action, type Host, type Run } from '../run.ts'
import { safeText } from '../terminal.ts'

/** Largest file of evidence that is looked at, in bytes. */
const MAX_EVIDENCE_BYTES = 4 << 20

/** `rootline log evidence`. */
export function evidenceCommand(host: Host): Command {
  const command = new Command('evidence').description(
    'Show the evidence that a followed log has signed two histories, where the node in a folder has found some: two ' +
      'checkpoints that cannot both be of one tree. With --json it is a file for "rootline log verify-evidence".',
  )
  withExamples(
    command,
    'rootline log evidence --data ./follower',
    'rootline log evidence --data ./follower --json > evidence.json',
  )
  return withSettings(command, 'data').action(action(host, evidence))
}

async function evidence({ settings, terminal }: Run): Promise<undefined> {
  const folder = dataFolder(settings.data)
  requireDataFolder(folder)
  const found = await evidenceIn(folder)
  if (found === undefined) {
    terminal.result(null, () => 'there is no evidence: the log has shown this node one history')
    return
  }
  terminal.result(JSON.parse(formatForkEvidence(found)), () =>
    [
      'the log has signed two checkpoints that cannot both be of one tree:',
      ...found.checkpoints.flatMap(note => [
        '',
        ...safeText(note)
          .trimEnd()
          .split('\n')
          .map(line => `  ${line}`),
      ]),
      '',
      `${folder.evidence} is for anyone to verify: rootline log verify-evidence FILE --log-key VKEY`,
    ].join('\n'),
  )
}

/** The copy for operators, which a node that runs has written; else what the database has. */
async function evidenceIn(folder: DataFolder): Promise<ForkEvidence | undefined> {
  if (existsSync(folder.evidence)) return read(await readFile(folder.evidence), folder.evidence)
  if (!existsSync(folder.followed)) return undefined
  try {
    const bytes = await withFollowed(folder, async store => store.get(EVIDENCE_KEY))
    return bytes === undefined ? undefined : read(bytes, folder.followed)
  } catch (error) {
    if (error instanceof StoreError && error.code === 'STORE_LOCKED') return undefined
    throw error
  }
}

/** `rootline log verify-evidence`. */
export function verifyEvidenceCommand(host: Host): Command {
  const command = new Command('verify-evidence')
    .description(
      'Verify evidence against a log, with its key and no word of whoever found it. That it has signed two histories ' +
        'needs no network. That it has broken the promise of a receipt takes the leaves of the log, which are read from a ' +
        'node, or from a folder that --data names, and are compared with what the log has signed.',
    )
    .argument('<file>', 'file with the evidence, or - for stdin')
    .option('--explain', 'print the trust report, for evidence of a broken receipt')
  withExamples(
    command,
    'rootline log verify-evidence evidence.json --log-key VKEY',
    'rootline log verify-evidence receipt.broken.json --log-key VKEY --node https://follower.example',
  )
  withSettings(command, 'logKey', 'origin', 'policy', 'node', 'data')
  return command.action(action(host, verifyEvidence))
}

async function verifyEvidence(run: Run, file = ''): Promise<number> {
  const { settings, terminal, host } = run
  if (settings.logKey === undefined) {
    throw new CliError(
      'CONFIG_INVALID',
      'evidence is verified by the key of the log, and the setting logKey is missing',
      {
        hint: 'give it with --log-key, from a source that you trust, not from the evidence',
      },
    )
  }
  const bytes = await readInput(file, host.stdin, MAX_EVIDENCE_BYTES)
  if (isBrokenReceipt(bytes)) return verifyBrokenReceipt(run, bytes, file)
  const verifier = verifierIn(settings.logKey)
  const origin = settings.origin ?? verifier.name
  const { proven, checks } = verifyForkEvidence(read(bytes, file), origin, verifier)
  terminal.result({ log: origin, proven, checks }, () =>
    [
      proven
        ? `proven: the log ${safeText(origin)} has signed two histories`
        : 'not proven: this shows nothing against the log',
      ...checks.map(({ passed, detail }) => `- ${passed ? 'yes' : 'no'}: ${detail}`),
    ].join('\n'),
  )
  return proven ? EXIT.verified : EXIT.false
}

async function verifyBrokenReceipt(run: Run, bytes: Uint8Array, file: string): Promise<number> {
  const { settings, terminal, options } = run
  const log = await pinnedLog(settings)
  const evidence = parsed(() => parseBrokenReceipt(bytes), file)
  const { report, receipt } = await withLog(run, (source, name) => {
    terminal.progress(`reading the log from ${name}`)
    return checkBrokenReceipt(evidence, source, { ...log, now: new Date() })
  })
  const proven = report.verdict === 'verified'
  terminal.result({ log: log.origin, proven, receipt, report }, () =>
    options['explain'] === true
      ? renderText(report, { width: terminal.width, colour: terminal.colour })
      : proven
        ? `proven: the log ${safeText(log.origin)} has broken the promise of a receipt`
        : `${report.verdict}: this does not show that the log has broken a promise`,
  )
  if (options['explain'] !== true && !terminal.json) terminal.note(report.summary)
  return exitStatus(report)
}

/** Which kind of evidence a file is said to be. What is no JSON is left to the reader of the other kind. */
function isBrokenReceipt(bytes: Uint8Array): boolean {
  try {
    return (
      parseJsonObject(bytes, { maxBytes: MAX_EVIDENCE_BYTES, maxDepth: 2 })['type'] === BROKEN_RECEIPT_TYPE
    )
  } catch (error) {
    if (error instanceof CodecError) return false
    throw error
  }
}

function read(bytes: Uint8Array, path: string): ForkEvidence {
  return parsed(() => parseForkEvidence(bytes), path)
}

function parsed<T>(parse: () => T, path: string): T {
  try {
    return parse()
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause
    throw new CliError('INPUT_INVALID', `${path}: ${cause.message}`, { cause })
  }
}
