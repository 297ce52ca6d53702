import { resolve } from 'node:path'
import { Command } from 'commander'
import { LedgerError } from '../../ledger/errors.ts'
import { MAX_STAMP_DIGESTS } from '../../ledger/stamp/make-stamp.ts'
import {
  encodeStampProof,
  MAX_STAMP_PROOF_BYTES,
  parseStampProof,
  type StampProof,
} from '../../ledger/stamp/stamp-proof.ts'
import { type StampReport, verifyStamp } from '../../ledger/stamp/verify-stamp.ts'
import { rfc3339 } from '../../ledger/time.ts'
import { exitStatus } from '../../trust/exit-status.ts'
import { renderText } from '../../trust/render-text.ts'
import { printable } from '../../trust/wrap.ts'
import { CliError } from '../errors.ts'
import { digestInput, readInput } from '../input.ts'
import { text, withExamples, withSettings } from '../options.ts'
import { requireNoFile, writeNewFile } from '../output.ts'
import { pinnedLog } from '../pinned-log.ts'
import { action, type Host, type Run } from '../run.ts'
import { writingClient } from '../session.ts'
import { safeText } from '../terminal.ts'

/** `rootline log stamp`. */
export function stampCommand(host: Host): Command {
  const command = new Command('stamp')
    .argument('<file...>', 'what to stamp; - for stdin')
    .option('-o, --output <file>', 'where to write the proof, of one file (default: the file and .stamp)')
    .description(
      'Stamp files on the log of a node, so that they can be shown to have existed by now. Only their SHA-256 leaves this ' +
        'machine. A proof of each is written beside it.',
    )
  withExamples(
    command,
    'rootline log stamp contract.pdf',
    'rootline log stamp contract.pdf annex.pdf',
    'rootline log stamp contract.pdf -o contract.proof',
  )
  return withSettings(command, 'node', 'data', 'tokenFile').action(action(host, stamp))
}

async function stamp({ settings, options, terminal, host }: Run, ...files: string[]): Promise<undefined> {
  const proofPaths = outputsOf(files, text(options['output']))
  for (const path of proofPaths) requireNoFile(path)
  const client = await writingClient(settings)
  const digests: Buffer[] = []
  for (const file of files) digests.push(await digestInput(file, host.stdin))
  const proofs = await client.stamp(digests)
  await writeAll(proofs, proofPaths)
  const written = proofs.map((proof, i) => ({
    file: files[i] as string,
    digest: Buffer.from(proof.digest).toString('hex'),
    proof: proofPaths[i] as string,
    leaf: proof.log.index,
  }))
  terminal.result({ stamps: written }, () =>
    written.map(({ digest, proof, leaf }) => printable(`${proof}: ${digest} in leaf ${leaf}`)).join('\n'),
  )
  if (!terminal.json)
    terminal.note(
      'The proof was not checked: "rootline log verify-stamp" does that, with the key of the log.',
    )
}

/** No proof can be had again, so one that cannot be written keeps back no other. @throws CliError OUTPUT_UNWRITABLE */
async function writeAll(proofs: readonly StampProof[], paths: readonly string[]): Promise<void> {
  const failures: CliError[] = []
  for (const [i, proof] of proofs.entries()) {
    await writeNewFile(paths[i] as string, encodeStampProof(proof)).catch((error: unknown) => {
      if (!(error instanceof CliError)) throw error
      failures.push(error)
    })
  }
  const [first, ...others] = failures
  if (first === undefined) return
  const more = others.length === 0 ? '' : `; ${others.length} more`
  throw new CliError('OUTPUT_UNWRITABLE', `${first.message}${more}`, {
    hint: 'stamp again what has no proof now; the other proofs are written',
    cause: first,
  })
}

/** Where the proof of each file goes. @throws CliError USAGE */
function outputsOf(files: readonly string[], output: string | undefined): string[] {
  if (files.length > MAX_STAMP_DIGESTS) {
    throw new CliError('USAGE', `at most ${MAX_STAMP_DIGESTS} files are stamped at a time`)
  }
  if (output !== undefined && files.length > 1) {
    throw new CliError('USAGE', 'with --output, one file is stamped')
  }
  if (output === undefined && files.includes('-')) {
    throw new CliError('USAGE', 'with stdin, say where the proof goes with --output')
  }
  if (new Set(files.map(file => resolve(file))).size < files.length)
    throw new CliError('USAGE', 'a file is named twice')
  return output === undefined ? files.map(file => `${file}.stamp`) : [output]
}

/** `rootline log verify-stamp`. */
export function verifyStampCommand(host: Host): Command {
  const command = new Command('verify-stamp')
    .argument('<file>', 'what was stamped; - for stdin')
    .option('--proof <file>', 'the proof (default: the file and .stamp)')
    .option('--explain', 'print the trust report: what was checked, what is undecided, who must be trusted')
    .description(
      'Show with a proof alone, with no network and no node, that a file existed before a time. With a policy, that is ' +
        'when a quorum of its witnesses had cosigned; without one, it is the word of the log.',
    )
  withExamples(
    command,
    'rootline log verify-stamp contract.pdf --log-key VKEY',
    'rootline log verify-stamp contract.pdf --proof contract.proof --policy policy --explain',
  )
  return withSettings(command, 'logKey', 'origin', 'policy').action(action(host, verify))
}

async function verify({ settings, options, terminal, host }: Run, file = ''): Promise<number> {
  const log = await pinnedLog(settings)
  const path = text(options['proof']) ?? `${file}.stamp`
  if (file === '-' && text(options['proof']) === undefined) {
    throw new CliError('USAGE', 'with stdin, say where the proof is with --proof')
  }
  const proof = readProof(await readInput(path, host.stdin, MAX_STAMP_PROOF_BYTES), path)
  const digest = await digestInput(file, host.stdin)
  const outcome = verifyStamp(proof, { ...log, digest, now: new Date() })
  const { report, existedBefore } = outcome
  const explain = options['explain'] === true
  const value = {
    file,
    digest: digest.toString('hex'),
    log: log.origin,
    ...(existedBefore === undefined
      ? {}
      : { existedBefore: rfc3339(existedBefore), byTheWordOf: outcome.by }),
    report,
  }
  terminal.result(value, () =>
    explain
      ? renderText(report, { width: terminal.width, colour: terminal.colour })
      : safeText(sentence(file, log.origin, outcome)),
  )
  if (!explain && !terminal.json) terminal.note(report.summary)
  return exitStatus(report)
}

/** What the report comes to, and no more. */
function sentence(file: string, origin: string, { report, existedBefore, by }: StampReport): string {
  const what = file === '-' ? 'what came on stdin' : file
  if (existedBefore === undefined) return `${report.verdict}: when ${what} existed is not shown`
  const who = by === 'log' ? `the log ${origin} alone` : `a quorum of the witnesses of the log ${origin}`
  return `${what} existed before ${rfc3339(existedBefore)}, by the word of ${who}`
}

function readProof(bytes: Uint8Array, path: string): StampProof {
  try {
    return parseStampProof(bytes)
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause
    throw new CliError('INPUT_INVALID', `${path}: ${cause.message}`, { cause })
  }
}
