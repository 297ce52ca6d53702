import type { ContentStore } from '../../src/content/types.ts'
import type { Ledger, LedgerTransaction } from '../../src/ledger/types.ts'
import { parseAnchorString } from '../../src/sidetree/anchor-string.ts'
import { cutBatch } from '../../src/sidetree/batch-cut.ts'
import { BatchReader, readBatch } from '../../src/sidetree/batch-read.ts'
import { storeBatch } from '../../src/sidetree/batch-write.ts'
import { checkOperation } from '../../src/sidetree/check.ts'
import type { FileRole } from '../../src/sidetree/files/file.ts'
import { operationIdOf } from '../../src/sidetree/operation-id.ts'
import { ROOTLINE } from '../../src/sidetree/parameters.ts'
import { didSuffixOf } from '../../src/sidetree/suffix-data.ts'
import type { OperationRequest } from '../../src/sidetree/types.ts'

/** A batch in the content store. */
export interface StoredFiles {
  anchorString: string
  /** CID of each file. */
  files: { [role in FileRole]?: string }
}

export function suffixOf(request: OperationRequest): string {
  return request.type === 'create' ? didSuffixOf(request.suffixData) : request.didSuffix
}

/** Changes a file of a batch before it is stored; those that name it name what it became. */
export type Tamper = { readonly [role in FileRole]?: (bytes: Uint8Array) => Uint8Array }

/**
 * Stores a batch of exactly these operations, as any writer could: they need not be valid, only of the right form,
 * and the files not even that.
 */
export async function storeFiles(
  content: ContentStore,
  requests: readonly OperationRequest[],
  tamper: Tamper = {},
): Promise<StoredFiles> {
  const queue = requests.map(request => ({ didSuffix: suffixOf(request), request }))
  const { batch } = cutBatch(queue, ROOTLINE)
  if (batch === undefined || batch.operations.length !== requests.length) throw new TypeError('no one batch')
  const stored = await storeBatch(batch, ROOTLINE, (bytes, role) =>
    content.put(tamper[role]?.(bytes) ?? bytes),
  )
  return {
    anchorString: stored.anchorString,
    files: Object.fromEntries(stored.files.map(({ role, uri }) => [role, uri])),
  }
}

/** Stores a batch and anchors it, as another node does. */
export async function anchorBatch(
  { content, ledger }: { content: ContentStore; ledger: Ledger },
  requests: readonly OperationRequest[],
  tamper: Tamper = {},
): Promise<StoredFiles & { transaction: LedgerTransaction }> {
  const stored = await storeFiles(content, requests, tamper)
  return { ...stored, transaction: await ledger.anchor(stored.anchorString, 'other') }
}

/** Ids of all operations in the batches that are on a ledger, in order; an id twice was anchored twice. */
export async function anchoredIds({
  content,
  ledger,
}: {
  content: Pick<ContentStore, 'get'>
  ledger: Pick<Ledger, 'transactions'>
}): Promise<string[]> {
  const ids: string[] = []
  for (let after: number | undefined; ; ) {
    const page = await ledger.transactions(after, 100)
    for (const { anchorString } of page) {
      const reader = new BatchReader(parseAnchorString(anchorString, ROOTLINE), ROOTLINE)
      const outcome = await readBatch(reader, ({ uri, maxBytes }) => content.get(uri, { maxBytes }))
      if (outcome.status !== 'complete') throw new TypeError(`the batch ${anchorString} is ${outcome.status}`)
      ids.push(...outcome.operations.map(operation => idOfDigest(checkOperation(operation, ROOTLINE).digest)))
    }
    after = page.at(-1)?.number
    if (after === undefined) return ids
  }
}

export function idOf(request: OperationRequest): string {
  return operationIdOf(request)
}

/** With its delta, an operation's digest is the one inside of its id. */
function idOfDigest(digest: string): string {
  return Buffer.concat([Buffer.from([0x12, 0x20]), Buffer.from(digest, 'base64url')]).toString('base64url')
}
