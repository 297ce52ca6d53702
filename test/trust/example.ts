import { base58btc } from 'multiformats/bases/base58'
import { sha256 } from '../../src/codec/hash.ts'
import { encodedMultihash, multihashOfDigest } from '../../src/codec/multihash.ts'
import { ReportBuilder } from '../../src/trust/builder.ts'
import { fingerprintOf, machineClock } from '../../src/trust/roots.ts'
import type { CheckCode, TrustReport } from '../../src/trust/types.ts'

const cid = (content: string): string => base58btc.baseEncode(multihashOfDigest(sha256(content)))

/** The report of docs/trust-report.md: a DID that was created and updated once, read from the node's own log. */
export function exampleReport(): TrustReport {
  const report = new ReportBuilder({ now: new Date('2026-11-01T12:00:00Z') })
  const log = report.root({
    id: 'log',
    kind: 'ledger',
    name: 'the log log.example.org',
    fingerprint: fingerprintOf(Buffer.from('example log key')),
    pinnedBy: 'operator',
    trustedFor: ['ledger-order', 'ledger-time'],
    ifItLies: 'It can show others another history, or one that it made up later.',
  })
  const clock = report.root(machineClock())
  const pass = (code: CheckCode, from: string, to: string, detail: string): string =>
    report.edge({ from, to, code, result: 'pass', detail })
  const file = (id: string, label: string): string =>
    report.node({ id, kind: 'file', label, digest: cid(id), source: 'content store of this node' })

  const suffix = encodedMultihash('example')
  const did = report.node({ id: 'did', kind: 'did', label: `did:rootline:${suffix}` })
  const create = report.node({ id: 'operation-1', kind: 'operation', label: 'create in transaction 3' })
  const update = report.node({ id: 'operation-2', kind: 'operation', label: 'update in transaction 3' })
  const key = report.node({ id: 'key-2', kind: 'key', label: 'update key', digest: encodedMultihash('key') })
  const core = file('core-index', 'core index file')
  const index = file('provisional-index', 'provisional index file')
  const chunk = file('chunk', 'chunk file')
  const anchor = report.node({ id: 'anchor', kind: 'anchor', label: 'transaction 3' })
  const leaf = report.node({ id: 'leaf', kind: 'leaf', label: 'log leaf 3' })
  const checkpoint = report.node({ id: 'checkpoint', kind: 'checkpoint', label: 'checkpoint of size 12' })

  const state = [
    pass('SUFFIX_HASH', did, create, 'SHA-256 of the suffix data'),
    pass('PATCHES_APPLIED', did, update, '1 of 1 patches applied'),
    pass('OPERATION_SIGNATURE', update, key, 'ES256K'),
    pass('REVEAL_COMMITMENT', key, create, 'the commitment of the create operation'),
    pass('DELTA_HASH', update, chunk, 'delta 2 of 2'),
    pass('CREATE_DELTA_HASH', create, chunk, 'delta 1 of 2'),
    pass('FILE_LISTS_OPERATION', create, core, 'create 1 of 1'),
    pass('FILE_CID', chunk, index, '1 block'),
    pass('FILE_CID', index, core, '1 block'),
    pass('ANCHOR_STRING', core, anchor, '2 operations'),
    pass('LEAF_ANCHOR', anchor, leaf, 'the same anchor string'),
    pass('LOG_INCLUSION', leaf, checkpoint, 'audit path of 4 hashes'),
    pass('CHECKPOINT_SIGNATURE', checkpoint, log, 'Ed25519'),
  ]
  const newest = [
    pass('COMPLETENESS', did, checkpoint, '12 of 12 leaves read, every file at hand'),
    pass('CHECKPOINT_FRESH', checkpoint, clock, '4 seconds old, at most 3600 allowed'),
    pass('CHECKPOINT_SIGNATURE', checkpoint, log, 'Ed25519'),
  ]
  report.claim({
    id: 'state',
    statement: 'The document is what the operations of the DID make of it.',
    node: did,
    needs: { all: state },
  })
  report.claim({
    id: 'newest',
    statement: 'No later operation of the DID is on the ledger.',
    node: did,
    needs: { all: newest },
  })
  report.notShown('Who controls the DID. Nobody is named by it.')
  report.notShown('That the log shows everyone the same tree: it has no witnesses.')
  return report.build()
}
