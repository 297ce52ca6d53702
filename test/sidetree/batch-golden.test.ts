import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { cidText } from '../../src/codec/cid.ts'
import type { JsonValue } from '../../src/codec/json.ts'
import { fileBlocks } from '../../src/codec/unixfs.ts'
import { parseAnchorString } from '../../src/sidetree/anchor-string.ts'
import { cutBatch } from '../../src/sidetree/batch-cut.ts'
import { BatchReader, readBatch } from '../../src/sidetree/batch-read.ts'
import { type QueuedOperation, storeBatch } from '../../src/sidetree/batch-write.ts'
import type { FileRole } from '../../src/sidetree/files/file.ts'
import { ION_MAINNET, ROOTLINE } from '../../src/sidetree/parameters.ts'
import { didSuffixOf } from '../../src/sidetree/suffix-data.ts'
import type { OperationRequest, OperationType } from '../../src/sidetree/types.ts'
import { corpusJson, hasCorpus } from '../corpus.ts'

interface GoldenFile {
  cidV0: string
  gzipBase64: string
  json: JsonValue
}

interface GoldenBatch {
  operations: { [type in OperationType]: OperationRequest[] }
  anchorString: string
  files: { [role in FileRole]: GoldenFile }
}

describe.runIf(hasCorpus)('the golden batch of the reference implementation', () => {
  const golden = corpusJson<GoldenBatch>('sidetree/generated/golden-batch.json')
  const { create, recover, deactivate, update } = golden.operations
  const inOrder = [create, recover, deactivate, update].flat().map(asQueued)
  const roles = Object.keys(golden.files) as FileRole[]

  test.for(roles)('the CID of its %s file', async role => {
    const { gzipBase64, cidV0 } = golden.files[role]
    const { root } = await fileBlocks(Buffer.from(gzipBase64, 'base64'))
    expect(cidText(root)).toBe(cidV0)
  })

  test.for([ROOTLINE, ION_MAINNET])('is read in profile $profile', async params => {
    const byCid = new Map(Object.values(golden.files).map(file => [file.cidV0, file.gzipBase64]))
    const reader = new BatchReader(parseAnchorString(golden.anchorString, params), params)
    const outcome = await readBatch(reader, async ({ uri }) => Buffer.from(byCid.get(uri) ?? '', 'base64'))
    if (outcome.status !== 'complete') throw new TypeError(outcome.status)
    expect(outcome).not.toHaveProperty('problem')
    const read = outcome.operations.map(({ canonicalDelta: _, ...operation }) => operation)
    expect(read).toEqual(inOrder.map(({ didSuffix, request }) => ({ didSuffix, ...request })))
  })

  test.for([ROOTLINE, ION_MAINNET])(
    'is written in profile $profile, whatever the order of the queue',
    async params => {
      const { batch, refused } = cutBatch([...inOrder].reverse(), params)
      expect(refused).toEqual([])
      if (batch === undefined) throw new TypeError('no batch')
      expect(new Set(batch.operations)).toEqual(new Set(inOrder))
      const inSameOrder = cutBatch(inOrder, params).batch ?? batch
      const written = new Map<FileRole, string>()
      const stored = await storeBatch(inSameOrder, params, async (bytes, role) => {
        written.set(role, gunzipSync(bytes).toString())
        return golden.files[role].cidV0
      })
      expect(stored.anchorString).toBe(golden.anchorString)
      expect(stored.files.at(-1)?.role).toBe('coreIndex')
      for (const role of roles) expect(JSON.parse(written.get(role) ?? '')).toEqual(golden.files[role].json)
    },
  )
})

function asQueued(request: OperationRequest): QueuedOperation {
  return {
    didSuffix: request.type === 'create' ? didSuffixOf(request.suffixData) : request.didSuffix,
    request,
  }
}
