import { describe, expect, test } from 'vitest'
import { cidText } from '../../src/codec/cid.ts'
import { fileBlocks } from '../../src/codec/unixfs.ts'
import { parseAnchorString } from '../../src/sidetree/anchor-string.ts'
import { BatchReader, readBatch } from '../../src/sidetree/batch-read.ts'
import { checkOperation } from '../../src/sidetree/check.ts'
import { parseDid } from '../../src/sidetree/did.ts'
import { type SidetreeResolutionResult, toResolutionResult } from '../../src/sidetree/document.ts'
import {
  ION_TESTNET,
  PROTOCOL_VERSIONS,
  type ProtocolParameters,
  parametersAt,
} from '../../src/sidetree/parameters.ts'
import { resolveOperations } from '../../src/sidetree/resolution.ts'
import type { AnchoredOperation } from '../../src/sidetree/types.ts'
import { corpusJson, hasCorpus } from '../corpus.ts'

/** A real transaction of ION on Bitcoin's test network, with the files that it leads to. */
interface Transaction {
  height: number
  number: number
  anchorString: string
  coreIndex: string
  provisionalIndex: string
  chunk: string
}

interface Anchored {
  opReturn: string
  blockHeight: number
  transactionNumber_ION: number
  dids: string[]
  coreIndexFileCid: string
  provisionalIndexFileCid: string
  chunkFileCid: string
  coreIndexFileGzHex: string
  provisionalIndexFileGzHex: string
  chunkFileGzHex: string
}

interface Bundle {
  core_index_fileHex: string
  provisional_index_fileHex: string
  chunk_fileHex: string
}

interface Resolved {
  didDocument: { id: string; verificationMethod: object[] }
  didDocumentMetadata: {
    method: { published: boolean; recoveryCommitment: string; updateCommitment: string }
  }
}

const VERSIONS = PROTOCOL_VERSIONS['ion-testnet']
const METHOD = { name: 'ion', network: 'test' }

async function cidOf(bytes: Uint8Array): Promise<string> {
  return cidText((await fileBlocks(bytes)).root)
}

/** Operations of a transaction, from files found by the CID of their bytes. */
async function operationsOf(
  transaction: Transaction,
  params: ProtocolParameters,
): Promise<AnchoredOperation[]> {
  const files = new Map<string, Buffer>()
  for (const hex of [transaction.coreIndex, transaction.provisionalIndex, transaction.chunk]) {
    const bytes = Buffer.from(hex, 'hex')
    files.set(await cidOf(bytes), bytes)
  }
  const reader = new BatchReader(parseAnchorString(transaction.anchorString, params), params)
  const outcome = await readBatch(reader, async ({ uri }) => files.get(uri) ?? 'unavailable')
  if (outcome.status !== 'complete') throw new TypeError(JSON.stringify(outcome))
  expect(outcome).not.toHaveProperty('problem')
  return outcome.operations
}

/** Resolution result of a DID that one transaction created, as of that transaction. */
async function resolve(did: string, transaction: Transaction): Promise<SidetreeResolutionResult> {
  const params = parametersAt(VERSIONS, transaction.height) ?? ION_TESTNET
  const parsed = parseDid(did, METHOD, params)
  const operations = (await operationsOf(transaction, params)).map((operation, operationIndex) => ({
    operation: checkOperation(operation, params),
    position: {
      transactionNumber: transaction.number,
      operationIndex,
      transactionTime: transaction.height,
      timestamp: 0,
    },
  }))
  const own = operations.filter(({ operation }) => operation.didSuffix === parsed.suffix)
  const { state } = resolveOperations(own, VERSIONS)
  if (state === undefined) throw new TypeError(`${did} is not created`)
  return toResolutionResult(state, parsed, { published: true, profile: 'ion' })
}

/** What a DID is known to have become shows what it was created with, where it was updated in between too. */
function expectBeginningOf(known: Resolved, created: SidetreeResolutionResult): void {
  const { method } = created.didDocumentMetadata
  expect(method.recoveryCommitment).toBe(known.didDocumentMetadata.method.recoveryCommitment)
  expect(created.didDocument.id).toBe(known.didDocument.id)
  const { verificationMethod = [] } = created.didDocument
  expect(known.didDocument.verificationMethod).toEqual(expect.arrayContaining(verificationMethod))
}

describe.runIf(hasCorpus)('a batch of three creates on testnet3', () => {
  const anchored = corpusJson<Anchored>('ledger/ion-testnet/testnet3-2377445-3.json')
  const transaction: Transaction = {
    height: anchored.blockHeight,
    number: anchored.transactionNumber_ION,
    anchorString: anchored.opReturn.replace(/^ion:/, ''),
    coreIndex: anchored.coreIndexFileGzHex,
    provisionalIndex: anchored.provisionalIndexFileGzHex,
    chunk: anchored.chunkFileGzHex,
  }
  const chain = corpusJson<{ didChain: Resolved[] }>('ledger/ion-testnet/testnet3-rootplus2-chain.json')

  test('its files have the CIDs that name them', async () => {
    expect(await cidOf(Buffer.from(transaction.coreIndex, 'hex'))).toBe(anchored.coreIndexFileCid)
    expect(await cidOf(Buffer.from(transaction.provisionalIndex, 'hex'))).toBe(
      anchored.provisionalIndexFileCid,
    )
    expect(await cidOf(Buffer.from(transaction.chunk, 'hex'))).toBe(anchored.chunkFileCid)
  })

  test('its operations create the DIDs that it is known for', async () => {
    for (const params of [VERSIONS[0], PROTOCOL_VERSIONS.rootline[0]]) {
      const operations = await operationsOf(transaction, params)
      expect(operations.map(({ didSuffix }) => `did:ion:test:${didSuffix}`)).toEqual(anchored.dids)
    }
  })

  test('its files resolve to the document of the DID that was never updated', async () => {
    const [root] = chain.didChain
    if (root === undefined) throw new TypeError('the chain is empty')
    expect(await resolve(root.didDocument.id, transaction)).toMatchObject({
      didDocument: root.didDocument,
      didDocumentMetadata: { method: root.didDocumentMetadata.method },
    })
  })

  test.for(chain.didChain)('its files resolve to the beginning of $didDocument.id', async known => {
    expectBeginningOf(known, await resolve(known.didDocument.id, transaction))
  })
})

describe.runIf(hasCorpus)('a create on testnet4', () => {
  const bundle = corpusJson<Bundle>('ledger/ion-testnet/testnet4-rootplus2-bundle.json')
  const known = corpusJson<Resolved>('ledger/ion-testnet/testnet4-rootplus2-resolved.json')

  test('its files resolve to the beginning of the DID', async () => {
    // Its transaction is not in the corpus; the rules are the same at every height after genesis.
    const height = 2_000_000
    const transaction: Transaction = {
      height,
      number: height * 1_000_000,
      anchorString: `1.${await cidOf(Buffer.from(bundle.core_index_fileHex, 'hex'))}`,
      coreIndex: bundle.core_index_fileHex,
      provisionalIndex: bundle.provisional_index_fileHex,
      chunk: bundle.chunk_fileHex,
    }
    expectBeginningOf(known, await resolve(known.didDocument.id, transaction))
  })
})
