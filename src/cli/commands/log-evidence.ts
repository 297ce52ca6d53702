import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { LedgerError } from '../../ledger/errors.ts'
import {
  type ForkEvidence,
  formatForkEvidence,
  parseForkEvidence,
  verifyForkEvidence,
} from '../../ledger/follower/fork-evidence.ts'
import { EVIDENCE_KEY } from '../../ledger/follower/records.ts'
import { StoreError } from '../../store/errors.ts'
import { EXIT } from '../../trust/exit-status.ts'
import { type DataFolder, dataFolder, requireDataFolder } from '../data-folder.ts'
import { CliError } from '../errors.ts'
import { withFollowed } from '../held-folder.ts'
import { readInput } from '../input.ts'
import { verifierIn } from '../log-key.ts'
import { withExamples, withSettings } from '../options.ts'
import { action, type Host, type Run } from '../run.ts'
import { safeText } from '../terminal.ts'

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
      'Verify evidence that a log has signed two histories, with the key of the log and nothing else: no network, and no ' +
        'word of whoever found it.',
    )
    .argument('<file>', 'file with the evidence, or - for stdin')
  withExamples(command, 'rootline log verify-evidence evidence.json --log-key VKEY')
  return withSettings(command, 'logKey', 'origin').action(action(host, verifyEvidence))
}

async function verifyEvidence({ settings, terminal, host }: Run, file = ''): Promise<number> {
  if (settings.logKey === undefined) {
    throw new CliError(
      'CONFIG_INVALID',
      'evidence is verified by the key of the log, and the setting logKey is missing',
      {
        hint: 'give it with --log-key, from a source that you trust, not from the evidence',
      },
    )
  }
  const verifier = verifierIn(settings.logKey)
  const origin = settings.origin ?? verifier.name
  const { proven, checks } = verifyForkEvidence(
    read(await readInput(file, host.stdin), file),
    origin,
    verifier,
  )
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

function read(bytes: Uint8Array, path: string): ForkEvidence {
  try {
    return parseForkEvidence(bytes)
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause
    throw new CliError('INPUT_INVALID', `${path}: ${cause.message}`, { cause })
  }
}
