import { gzipSync } from 'node:zlib'
import { EmbeddedContentStore } from '../../src/content/embedded/embedded-content-store.ts'
import { FaultyContentStore } from '../content/faulty.ts'
import { anchorBatch } from '../node/batches.ts'
import { Disk, memoryStore } from '../node/memory-store.ts'
import { addService, Controller } from '../node/parts.ts'
import { NodeWorld } from '../node/world.ts'

// A program that `hostile-content.test.ts` runs with little memory: it reads what writers of bad will have anchored.

/** Texts as large as a chunk file may become, of which each byte or two is a value. */
const TEXTS: { [name: string]: (bytes: number) => string } = {
  objects: bytes => `{"deltas":[${'{},'.repeat(bytes / 3)}{}]}`,
  lists: bytes => `{"deltas":[${'[],'.repeat(bytes / 3)}[]]}`,
  numbers: bytes => `{"deltas":[${'0,'.repeat(bytes / 2)}0]}`,
  'one large delta': bytes => `{"deltas":[{"patches":[${'{"a":1},'.repeat(bytes / 8)}{}]}]}`,
  nesting: bytes => '{"a":'.repeat(bytes / 5),
  white: bytes => ' '.repeat(bytes),
  text: bytes => `{"deltas":["${'\\u0041'.repeat(bytes / 6)}"]}`,
}

const world = new NodeWorld({
  content: new FaultyContentStore(new EmbeddedContentStore(memoryStore(new Disk()))),
})
const node = await world.start()
const did = new Controller('Ed25519')
await anchorBatch(world, [did.create()])
const create = () => [new Controller('Ed25519').create()]
for (const make of Object.values(TEXTS)) {
  const bomb = gzipSync(make(29_900_000))
  // Several of each, since they are read side by side.
  for (let i = 0; i < 2; i++) await anchorBatch(world, create(), { chunk: () => bomb })
}
/** Expands to more than any file may. */
const huge = gzipSync(Buffer.alloc(64 << 20))
for (const role of ['coreIndex', 'provisionalIndex', 'chunk'] as const) {
  await anchorBatch(world, create(), { [role]: () => huge })
  await anchorBatch(world, create(), { [role]: () => Buffer.alloc(20_000_000) })
}
await anchorBatch(world, [await did.update([addService('a')])])
await node.settled()
const records = await node.transactions(undefined, 1_000)
const { result } = await node.resolve(did.did)
await node.stop()
const report = {
  transactions: records.length,
  problems: [...new Set(records.flatMap(({ problems }) => problems.map(({ code }) => code)))].toSorted(),
  services: ((result.didDocument?.['service'] ?? []) as unknown[]).length,
  megabytes: Math.round(process.resourceUsage().maxRSS / 1024),
}
console.log(JSON.stringify(report))
