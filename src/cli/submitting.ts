import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyBaseLogger } from 'fastify'
import { sha256 } from '../codec/hash.ts'
import type { ContentStore } from '../content/types.ts'
import type { SubmittingParts } from '../ledger/follower/submitted-anchors.ts'
import { rfc3339 } from '../ledger/time.ts'
import { BatchSubmitter } from '../node/batch-submitter.ts'
import { PROTOCOL_VERSIONS } from '../sidetree/parameters.ts'
import { NodeClient } from './client.ts'
import { type DataFolder, makeFolder, readSecretFile, writeSecretFile } from './data-folder.ts'
import { CliError } from './errors.ts'
import type { Followed } from './follow.ts'
import type { Settings } from './settings.ts'

/**
 * How a node hands in batches to the log that it follows; undefined where it is no writer of it.
 * @throws CliError TOKEN_MISSING, TOKEN_NOT_SENT, SECRET_FILE_UNSAFE
 */
export async function submittingTo(
  { url }: Followed,
  parts: {
    settings: Settings
    folder: DataFolder
    content: ContentStore
    logger: FastifyBaseLogger | undefined
  },
): Promise<SubmittingParts | undefined> {
  const { settings, folder, content, logger } = parts
  if (settings.writeToken === undefined) return undefined
  const token = (await readSecretFile(settings.writeToken))?.trim()
  if (token === undefined || token === '') {
    throw new CliError('TOKEN_MISSING', `there is no token in ${settings.writeToken}`, {
      hint: 'the operator of the log makes one with "rootline log writer add NAME"',
    })
  }
  new NodeClient({ url, token, timeoutMs: settings.timeout * 1000 }).requireSafeWrites()
  const versions = PROTOCOL_VERSIONS[settings.protocol]
  return {
    submitter: new BatchSubmitter({ url, token, content, versions, now: Date.now }),
    keepReceipt: (anchorString, receipt) => keepReceipt(folder, anchorString, receipt),
    onOverdue: ({ anchorString, deadline }) =>
      logger?.error(
        { anchorString, deadline: rfc3339(deadline), receipt: receiptPath(folder, anchorString) },
        'the log has not honoured a receipt: "rootline log check-receipt" says what it shows',
      ),
  }
}

/** Where the receipt of a batch is kept. Anchor strings may be longer than names of files. */
function receiptPath({ receipts }: DataFolder, anchorString: string): string {
  return join(receipts, `${sha256(anchorString).toString('hex', 0, 16)}.receipt`)
}

/** The database has it too; this is a copy for whoever looks while the node runs. */
async function keepReceipt(
  folder: DataFolder,
  anchorString: string,
  receipt: string | undefined,
): Promise<void> {
  const path = receiptPath(folder, anchorString)
  if (receipt === undefined) {
    await rm(path, { force: true })
    return
  }
  await makeFolder(folder.receipts)
  await writeSecretFile(path, receipt.replace(/\n$/, ''))
}
