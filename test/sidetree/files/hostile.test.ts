import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cutBatch } from '../../../src/sidetree/batch-cut.ts'
import { parseChunkFile } from '../../../src/sidetree/files/chunk.ts'
import { parseCoreIndexFile } from '../../../src/sidetree/files/core-index.ts'
import { parseCoreProofFile } from '../../../src/sidetree/files/core-proof.ts'
import { type FileRole, maxFileBytes } from '../../../src/sidetree/files/file.ts'
import { parseProvisionalIndexFile } from '../../../src/sidetree/files/provisional-index.ts'
import { parseProvisionalProofFile } from '../../../src/sidetree/files/provisional-proof.ts'
import { ION_MAINNET, type ProtocolParameters, ROOTLINE } from '../../../src/sidetree/parameters.ts'
import { queued, store } from '../batch-support.ts'
import { failure } from '../failure.ts'

const PARSERS: { [role in FileRole]: (bytes: Uint8Array, params: ProtocolParameters) => unknown } = {
  coreIndex: parseCoreIndexFile,
  coreProof: (bytes, params) => parseCoreProofFile(bytes, [queued('deactivate', '3').didSuffix], params),
  provisionalIndex: parseProvisionalIndexFile,
  provisionalProof: parseProvisionalProofFile,
  chunk: parseChunkFile,
}
const ROLES = Object.keys(PARSERS) as FileRole[]
const PROFILES = [ROOTLINE, ION_MAINNET]

/** A valid file of each kind. */
async function validFiles(): Promise<Map<FileRole, Uint8Array>> {
  const operations = [
    queued('create', '0'),
    queued('update', '1'),
    queued('recover', '2'),
    queued('deactivate', '3'),
  ]
  const { batch } = cutBatch(operations, ROOTLINE)
  if (batch === undefined) throw new TypeError('no batch')
  return (await store(batch, ROOTLINE)).byRole
}

const files = await validFiles()
const fileOf = (role: FileRole): Uint8Array => files.get(role) ?? new Uint8Array()
const verdict = (role: FileRole, bytes: Uint8Array, params: ProtocolParameters) =>
  failure(() => PARSERS[role](bytes, params))

describe.for(ROLES)('a hostile %s file', role => {
  test('the valid one is accepted', () => {
    for (const params of PROFILES) expect(verdict(role, fileOf(role), params)).toBeUndefined()
  })

  test('cut short anywhere is no gzip', () => {
    const bytes = fileOf(role)
    for (let length = 0; length < bytes.length; length++) {
      for (const params of PROFILES)
        expect(verdict(role, bytes.subarray(0, length), params)).toBe('FILE_NOT_GZIP')
    }
  })

  test('larger than its limit is refused before it is read', () => {
    const bytes = new Uint8Array(maxFileBytes(role, ROOTLINE) + 1)
    for (const params of PROFILES) expect(verdict(role, bytes, params)).toBe('FILE_TOO_LARGE')
  })

  test('that expands beyond the factor is refused', () => {
    const bomb = gzipSync(Buffer.alloc(3 * maxFileBytes(role, ROOTLINE) + 1, ' '))
    for (const params of PROFILES) expect(verdict(role, bomb, params)).toBe('FILE_EXPANDS_TOO_FAR')
  })

  test('nested a hundred thousand deep is refused', () => {
    const deep = gzipSync('['.repeat(100_000) + ']'.repeat(100_000))
    for (const params of PROFILES) expect(verdict(role, deep, params)).toBe('FILE_TOO_DEEP')
  })

  test.for([
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['UTF-16', Buffer.from('\ufeff{}', 'utf16le')],
    ['a byte order mark', Buffer.from('\ufeff{}')],
    ['a lone surrogate', Buffer.from('{"\\ud800":1}')],
    ['nothing', Buffer.alloc(0)],
    ['two values', Buffer.from('{}{}')],
  ] as const)('of %s is no JSON', ([, text]) => {
    for (const params of PROFILES) expect(verdict(role, gzipSync(text), params)).toBe('FILE_NOT_JSON')
  })

  test('random bytes throw nothing but a SidetreeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...PROFILES), (bytes, params) => {
        expect(verdict(role, bytes, params)).toBe('FILE_NOT_GZIP')
      }),
    )
  })

  test('random JSON throws nothing but a SidetreeError', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(...PROFILES), (json, params) => {
        const code = verdict(role, gzipSync(json), params)
        expect(code === undefined || /^[A-Z_]+$/.test(code)).toBe(true)
      }),
    )
  })

  test('a valid file with bytes changed throws nothing but a SidetreeError', () => {
    const bytes = fileOf(role)
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255))
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...PROFILES),
        (changes, params) => {
          const changed = Buffer.from(bytes)
          for (const [at, byte] of changes) changed[at] = byte
          const code = verdict(role, changed, params)
          expect(code === undefined || /^[A-Z_]+$/.test(code)).toBe(true)
        },
      ),
    )
  })
})
