import { Command } from 'commander'
import { NodeError } from '../../node/errors.ts'
import type { PinnedLog } from '../../node/proof/proof-ledger.ts'
import {
  MAX_PROOF_BYTES,
  parseResolutionProof,
  type ResolutionProof,
} from '../../node/proof/resolution-proof.ts'
import type { Explanation } from '../../node/types.ts'
import { PROTOCOL_VERSIONS } from '../../sidetree/parameters.ts'
import { EXIT, exitStatus } from '../../trust/exit-status.ts'
import { renderText } from '../../trust/render-text.ts'
import type { TrustReport } from '../../trust/types.ts'
import { CliError } from '../errors.ts'
import { readInput } from '../input.ts'
import { text, withExamples, withSettings } from '../options.ts'
import { writeNewFile } from '../output.ts'
import { pinnedLog } from '../pinned-log.ts'
import { action, type Host, type Run, type Settings } from '../run.ts'
import { nodeClient } from '../session.ts'
import { safeJson } from '../terminal.ts'

/** `rootline did prove`: everything that a resolution stands on, in one file. */
export function proveCommand(host: Host): Command {
  const command = new Command('prove')
    .argument('<did>', 'the DID')
    .option('-o, --output <file>', 'where to write the proof (default: the DID suffix and .proof.json)')
    .description(
      'Write everything that the resolution of a DID stands on to one file, which anyone can check with no network: ' +
        'operations, files, and proofs that they are on the log.',
    )
  withExamples(command, 'rootline did prove DID', 'rootline did prove DID -o proof.json')
  return withSettings(command, 'node', 'data', 'tokenFile').action(action(host, prove))
}

async function prove({ settings, options, terminal }: Run, did: string | undefined): Promise<undefined> {
  const bytes = await (await nodeClient(settings)).proof(String(did))
  const proof = proofFrom(bytes, String(did))
  const path = text(options['output']) ?? `${proof.did.slice(proof.did.lastIndexOf(':') + 1)}.proof.json`
  await writeNewFile(path, bytes)
  const { transactions, files } = proof
  const value = {
    did: proof.did,
    file: path,
    bytes: bytes.length,
    transactions: transactions.length,
    files: files.size,
  }
  terminal.result(
    value,
    () => `${path}: ${transactions.length} transactions and ${files.size} files, ${bytes.length} bytes`,
  )
}

/** @throws CliError NODE_ANSWER_INVALID where it is none, or of another DID */
function proofFrom(bytes: Uint8Array, did: string): ResolutionProof {
  try {
    const proof = parseResolutionProof(bytes)
    if (`${did}:`.startsWith(`${proof.did}:`)) return proof
    throw new CliError('NODE_ANSWER_INVALID', `the node gave a proof of ${proof.did}`, {
      status: EXIT.undecided,
    })
  } catch (cause) {
    if (!(cause instanceof NodeError)) throw cause
    throw new CliError('NODE_ANSWER_INVALID', `the node gave no proof: ${cause.message}`, {
      status: EXIT.undecided,
      cause,
    })
  }
}

/** `rootline did verify-proof`: the resolution of a DID from such a file alone. */
export function verifyProofCommand(host: Host): Command {
  const command = new Command('verify-proof')
    .argument('<file>', 'the proof; - for stdin')
    .option('--explain', 'print the trust report: what was checked, what is undecided, who must be trusted')
    .description(
      'Resolve a DID from a proof alone, with no network and no node. Whether it is the newest state stays undecided: ' +
        'operations may have been left out. Exit status 3 is what a sound proof gives, and 4 where its operations end the DID.',
    )
  withExamples(
    command,
    'rootline did verify-proof proof.json --log-key VKEY',
    'rootline did verify-proof proof.json --policy policy --explain',
  )
  withSettings(command, 'logKey', 'origin', 'policy', 'method', 'network', 'protocol')
  return command.action(action(host, verifyProof))
}

async function verifyProof(run: Run, file: string | undefined): Promise<number> {
  const { settings, options, terminal, host } = run
  const log = await pinnedLog(settings)
  const path = String(file)
  const bytes = await readInput(path, host.stdin, MAX_PROOF_BYTES)
  const { resolution, report } = await resolveAlone(bytes, path, log, settings)
  const explain = options['explain'] === true
  terminal.result({ resolution: resolution.result, report }, () =>
    explain
      ? renderText(report, { width: terminal.width, colour: terminal.colour })
      : safeJson(resolution.result.didDocument),
  )
  if (!explain && !terminal.json) terminal.note(report.summary)
  return exitStatus(report, { ended: resolution.deactivated && isShown(report) })
}

/** Whether the operations are shown to be on the log, and to come to the document. */
function isShown({ claims }: TrustReport): boolean {
  return claims.some(({ id, verdict }) => id === 'document' && verdict === 'verified')
}

/** @throws CliError INPUT_INVALID; SidetreeError the DID is of another method */
async function resolveAlone(
  bytes: Uint8Array,
  path: string,
  log: PinnedLog,
  settings: Settings,
): Promise<Explanation> {
  const { verifyResolutionProof } = await import('../../node/proof/verify-proof.ts')
  const { method, network, protocol } = settings
  try {
    return await verifyResolutionProof(parseResolutionProof(bytes), {
      log,
      method: network === undefined ? { name: method } : { name: method, network },
      versions: PROTOCOL_VERSIONS[protocol],
      now: Date.now(),
    })
  } catch (cause) {
    if (!(cause instanceof NodeError)) throw cause
    throw new CliError('INPUT_INVALID', `${path}: ${cause.message}`, { cause })
  }
}
