import { writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import { formatBrokenReceipt } from '../../ledger/submission/broken-receipt.ts'
import { type CheckedReceipt, checkReceipt } from '../../ledger/submission/check-receipt.ts'
import { MAX_RECEIPT_BYTES, type Receipt } from '../../ledger/submission/receipt.ts'
import { rfc3339 } from '../../ledger/time.ts'
import { formatTlogProof } from '../../merkle/tlog-proof.ts'
import { exitStatus } from '../../trust/exit-status.ts'
import { renderText } from '../../trust/render-text.ts'
import { CliError } from '../errors.ts'
import { readInput } from '../input.ts'
import { withLog } from '../log-reading.ts'
import { text, withExamples, withSettings } from '../options.ts'
import { pinnedLog } from '../pinned-log.ts'
import { action, type Host, type Run } from '../run.ts'
import { safeText } from '../terminal.ts'

/** `rootline log check-receipt`. */
export function checkReceiptCommand(host: Host): Command {
  const command = new Command('check-receipt')
    .argument('<file>', 'the receipt of a submission; - for stdin')
    .option(
      '--evidence <file>',
      'where evidence goes, if the receipt was broken (default: the file and .broken.json)',
    )
    .option('--explain', 'print the trust report: what was checked, what is undecided, who must be trusted')
    .description(
      'Say whether a log has done what it promised by a receipt: a leaf, by a deadline. Reads the log from a node, or from ' +
        'a folder that --data names. That a promise was broken is written to a file, which others can verify.',
    )
  withExamples(
    command,
    'rootline log check-receipt ./writer/receipts/FILE --log-key VKEY --node https://log.example',
    'rootline log check-receipt FILE --log-key VKEY --policy witnesses.txt --data ./follower --explain',
  )
  return withSettings(command, 'node', 'data', 'logKey', 'origin', 'policy').action(action(host, check))
}

async function check(run: Run, file = ''): Promise<number> {
  const { settings, options, terminal, host } = run
  const log = await pinnedLog(settings)
  const evidencePath = evidencePathOf(file, text(options['evidence']))
  const note = (await readInput(file, host.stdin, MAX_RECEIPT_BYTES)).toString('utf8')
  const checked = await withLog(run, (source, name) => {
    terminal.progress(`reading the log from ${name}`)
    return checkReceipt(note, source, { ...log, now: new Date() })
  })
  const { outcome, report, receipt, proof, checkpoint } = checked
  const evidence = outcome === 'broken' && checkpoint !== undefined ? evidencePath : undefined
  if (evidence !== undefined && checkpoint !== undefined) {
    await writeEvidence(evidence, formatBrokenReceipt({ receipt: note, checkpoint }))
  }
  const value = {
    file,
    log: log.origin,
    outcome,
    ...(receipt === undefined ? {} : { receipt: described(receipt) }),
    ...(proof === undefined
      ? {}
      : { leaf: proof.index, proof: formatTlogProof({ ...proof, hashes: proof.inclusion }) }),
    ...(evidence === undefined ? {} : { evidence }),
    report,
  }
  const explain = options['explain'] === true
  terminal.result(value, () =>
    explain
      ? renderText(report, { width: terminal.width, colour: terminal.colour })
      : safeText(sentence(log.origin, checked)),
  )
  if (!explain && !terminal.json) terminal.note(report.summary)
  if (evidence !== undefined && !terminal.json) {
    terminal.note(
      `evidence for others is in ${safeText(evidence)}: rootline log verify-evidence FILE --log-key VKEY`,
    )
  }
  return exitStatus(report)
}

function evidencePathOf(file: string, given: string | undefined): string {
  if (given !== undefined) return given
  if (file === '-') return 'receipt.broken.json'
  return `${file}.broken.json`
}

/** The same receipt checked again gives evidence of the same; the newer takes its place. */
async function writeEvidence(path: string, content: string): Promise<void> {
  try {
    await writeFile(path, content, { flush: true })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CliError('OUTPUT_UNWRITABLE', `${path} cannot be written: ${reason}`, { cause })
  }
}

function described({ anchorString, writer, time, deadline }: Receipt) {
  return { anchorString, writer, time: rfc3339(time), deadline: rfc3339(deadline) }
}

/** What the report comes to, and no more. */
function sentence(origin: string, { outcome, receipt, proof }: CheckedReceipt): string {
  if (outcome === 'void' || receipt === undefined)
    return `void: this is no receipt that the log ${origin} has signed`
  const by = `by ${rfc3339(receipt.deadline)}`
  if (outcome === 'honoured')
    return `honoured: leaf ${proof?.index} of the log ${origin} is there, as promised ${by}`
  if (outcome === 'broken') return `broken: the log ${origin} has no leaf as it promised ${by}`
  return `undecided: whether the log ${origin} does what it promised ${by} is not shown yet`
}
