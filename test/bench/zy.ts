import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRequire } from 'node:module'
import { BatchReader, readBatch } from '../../src/sidetree/batch-read.ts'
import { parseAnchorString } from '../../src/sidetree/anchor-string.ts'
import { ROOTLINE } from '../../src/sidetree/parameters.ts'
import { checkOperation, checkSignedData, signedDataInputOf } from '../../src/sidetree/check.ts'
import { OperationStore } from '../../src/node/operation-store.ts'
import { TransactionApplier } from '../../src/node/transaction-applier.ts'
import { Store } from '../../src/store/store.ts'
import { batchOf, Population } from './population.ts'
import { parseCompact } from '../../src/keys/jws.ts'
import { encodePoint } from '../../src/keys/jwk.ts'
import { es256k } from '../../src/keys/es256k.ts'
const native = createRequire(import.meta.url)('secp256k1/bindings.js')
const N = 5000
const cpu = async (name: string, f: () => unknown) => { const c = process.threadCpuUsage(); const r = await f(); const e = process.threadCpuUsage(c); console.log(name.padEnd(30), ((e.user + e.system) / N).toFixed(2)); return r }
const files = new Map<string, Uint8Array>(); let n = 0
const put = async (b: Uint8Array) => { const id = `Qm${'x'.repeat(43)}${String(n++)}`.slice(0, 46).replace(/[0OIl]/g, 'z') + n; files.set(id, b); return id }
const pop = new Population()
const a0 = await batchOf(pop.creates(N), put)
const a1 = await batchOf(await pop.updates(), put), a2 = await batchOf(await pop.updates(), put)
const store = await Store.open(join(mkdtempSync(join(tmpdir(), 'zy')), 'n'))
const ops = new OperationStore(store), applier = new TransactionApplier(ops, [ROOTLINE])
let num = 0
for (const a of [a0, a1, a2]) {
  console.log('--', a.slice(0, 10))
  const tx = { number: num++, time: 1000 + num, timestamp: 1000 + num, timeHash: 'x', anchorString: a, writer: 'w' }
  const reader = new BatchReader(parseAnchorString(a, ROOTLINE), ROOTLINE, 'defer')
  const outcome: any = await cpu('read batch', () => readBatch(reader, async f => files.get(f.uri)!))
  const inputs: any = await cpu('inputs', () => outcome.operations.map(signedDataInputOf).filter((x: any) => x))
  const cloned: any = await cpu('clone inputs', () => structuredClone(inputs))
  const verdicts: any = await cpu('checkSignedData', () => inputs.map((i: any) => checkSignedData(i, ROOTLINE)))
  await cpu('clone verdicts', () => structuredClone(verdicts))
  const raw = inputs.map((i: any) => { const j = parseCompact(i.signedData); const p = JSON.parse(Buffer.from(j.payload).toString()); return { d: j.signingInput, s: j.signature, k: encodePoint(p.updateKey) } })
  await cpu('es256k.verify', () => raw.map((r: any) => es256k.verify(r.k, r.d, r.s)))
  const { sha256 } = await import('../../src/codec/hash.ts')
  const raw2 = raw.map((r: any) => ({ ...r, h: sha256(r.d) }))
  await cpu('raw verify', () => raw2.map((r: any) => native.ecdsaVerify(r.s, r.h, r.k)))
  let i = 0
  const stored: any = await cpu('checkOperation', () => outcome.operations.map((operation: any, operationIndex: number) => { const checked = checkOperation(operation, ROOTLINE, operation.type === 'create' ? undefined : verdicts[i++]); return { position: { transactionNumber: tx.number, operationIndex, transactionTime: tx.time, timestamp: tx.timestamp }, operation, checked, checkedAt: 1 } }))
  const t = performance.now()
  await cpu('apply (thread)', () => applier.apply({ transaction: tx, outcome: 'applied', operations: N, problems: [], files: [], firstSeen: 1, decidedAt: 2 }, stored, { number: tx.number, timeHash: 'x' }))
  console.log('apply wall/op', ((performance.now() - t) * 1000 / N).toFixed(2))
}
