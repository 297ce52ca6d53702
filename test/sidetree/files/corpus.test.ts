import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../../src/codec/json.ts'
import { parseChunkFile } from '../../../src/sidetree/files/chunk.ts'
import { parseCoreIndexFile } from '../../../src/sidetree/files/core-index.ts'
import { parseCoreProofFile } from '../../../src/sidetree/files/core-proof.ts'
import type { FileRole } from '../../../src/sidetree/files/file.ts'
import { parseProvisionalIndexFile } from '../../../src/sidetree/files/provisional-index.ts'
import { parseProvisionalProofFile } from '../../../src/sidetree/files/provisional-proof.ts'
import { ION_MAINNET, type ProtocolParameters, ROOTLINE } from '../../../src/sidetree/parameters.ts'
import { corpusJson, hasCorpus } from '../../corpus.ts'
import { failure } from '../failure.ts'

interface Case {
  file: FileRole
  name: string
  json?: JsonValue
  gzipBase64?: string
  /** `accepted`, or the error of the reference implementation. */
  referenceResult: string
}

/** The DID that the core proof files of the corpus deactivate. */
const DEACTIVATED = ['EiC9YAyJM2XWO8OSDrkZUBmJf_UQt8hV01INlY7sIOsm2g']

const PARSERS: { [role in FileRole]: (bytes: Uint8Array, params: ProtocolParameters) => unknown } = {
  coreIndex: parseCoreIndexFile,
  coreProof: (bytes, params) => parseCoreProofFile(bytes, DEACTIVATED, params),
  provisionalIndex: parseProvisionalIndexFile,
  provisionalProof: parseProvisionalProofFile,
  chunk: parseChunkFile,
}

/** What `rootline` makes of each body that it does not accept. */
const REFUSED: { [file in FileRole]: { [name: string]: string } } = {
  coreIndex: {
    'unknown top property': 'FILE_MEMBER_UNKNOWN',
    'writerLockId not string': 'WRITER_LOCK_ID_INVALID',
    'writerLockId 201 bytes': 'WRITER_LOCK_ID_TOO_LONG',
    'missing provisionalIndexFileUri with creates': 'PROVISIONAL_INDEX_URI_MISSING',
    'missing coreProofFileUri with recovers': 'CORE_PROOF_URI_MISSING',
    'create reference has extra property': 'FILE_ENTRY_INVALID',
    'same DID in recover and deactivate': 'FILE_DID_REPEATED',
    'create not array': 'FILE_LIST_INVALID',
    'didSuffix not a multihash': 'DID_SUFFIX_INVALID',
    'sha3 multihash 0x16': 'DID_SUFFIX_INVALID',
    'completely empty object': 'PROVISIONAL_INDEX_URI_MISSING',
    'type longer than 4': 'SUFFIX_DATA_TYPE_INVALID',
    'not gzip': 'FILE_NOT_GZIP',
    'not JSON': 'FILE_NOT_JSON',
    'trailing garbage after gzip member': 'FILE_NOT_GZIP',
    'two concatenated gzip members': 'FILE_NOT_GZIP',
    'JSON array at top': 'FILE_NOT_OBJECT',
    'JSON null at top': 'FILE_NOT_OBJECT',
  },
  provisionalIndex: {
    'unknown property': 'FILE_MEMBER_UNKNOWN',
    'no chunks': 'CHUNKS_INVALID',
    'chunks missing': 'CHUNKS_INVALID',
    'proof uri missing with updates': 'PROVISIONAL_PROOF_URI_MISSING',
    'proof uri without updates': 'PROVISIONAL_PROOF_URI_NOT_ALLOWED',
    'operations has create': 'FILE_MEMBER_UNKNOWN',
    'empty update array with proof uri': 'PROVISIONAL_PROOF_URI_NOT_ALLOWED',
  },
  coreProof: {
    'unknown top property (spec: MUST invalidate)': 'FILE_MEMBER_UNKNOWN',
    'unknown operations property': 'FILE_MEMBER_UNKNOWN',
    'no proofs': 'FILE_WITHOUT_PROOFS',
    'entry extra property': 'FILE_ENTRY_INVALID',
    'header alg none': 'SIGNED_DATA_ALGORITHM_INVALID',
    'deactivate signed didSuffix differs from index': 'SIGNED_DATA_SUFFIX_MISMATCH',
  },
  provisionalProof: {
    'unknown top property (spec: MUST invalidate)': 'FILE_MEMBER_UNKNOWN',
    'update missing': 'FILE_LIST_INVALID',
  },
  chunk: {
    'deltas missing': 'FILE_LIST_INVALID',
    'delta null': 'DELTA_INVALID',
    'delta bad patch action (whole file invalid)': 'PATCH_ACTION_UNKNOWN',
    'delta 1001 bytes canonical': 'DELTA_TOO_LARGE',
    'service type 31 chars': 'SERVICE_TYPE_INVALID',
    'serviceEndpoint array': 'SERVICE_ENDPOINT_INVALID',
    'serviceEndpoint not a URI "abc def"': 'SERVICE_ENDPOINT_INVALID',
    'serviceEndpoint without scheme "abc"': 'SERVICE_ENDPOINT_INVALID',
    'publicKeyMultibase (spec MAY, reference rejects)': 'PUBLIC_KEY_PURPOSES_INVALID',
    'purposes duplicate': 'PUBLIC_KEY_PURPOSES_INVALID',
    'purposes unknown': 'PUBLIC_KEY_PURPOSES_INVALID',
    'publicKeyJwk null': 'PUBLIC_KEY_JWK_INVALID',
    'public key JWK carries private d (accepted!)': 'PUBLIC_KEY_PRIVATE',
    'replace patch extra property beside document': 'PATCH_MEMBERS_INVALID',
  },
}

describe.runIf(hasCorpus)('file bodies of the corpus', () => {
  const { cases } = corpusJson<{ cases: Case[] }>('sidetree/generated/file-validation.json')

  test.for(cases)('ion decides as the reference implementation: $file, $name', example => {
    const code = failure(() => PARSERS[example.file](bytesOf(example), ION_MAINNET))
    expect(code === undefined).toBe(example.referenceResult === 'accepted')
  })

  test.for(cases)('rootline decides as the specification: $file, $name', example => {
    const code = failure(() => PARSERS[example.file](bytesOf(example), ROOTLINE))
    expect(code).toBe(REFUSED[example.file][example.name])
  })
})

function bytesOf({ json, gzipBase64 }: Case): Uint8Array {
  return gzipBase64 === undefined ? gzipSync(JSON.stringify(json)) : Buffer.from(gzipBase64, 'base64')
}
