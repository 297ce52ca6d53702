import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '../../src/codec/hash.ts'
import { type MapChange, MerkleMap } from '../../src/merkle/map/map.ts'
import { formatMapProof, verifyMapProof } from '../../src/merkle/map/proof.ts'
import { type Change, Store } from '../../src/store/store.ts'
import { type Figure, medianRates, rate } from './measure.ts'
import { nativeVerifyRate } from './native-verifier.ts'

const SIZES = [1_000, 100_000, Number(process.env['BENCH_DIDS'] ?? 1_000_000)]
/** Keys that are changed together, of those that are there. */
const BATCH = 10_000
/** Keys that are put in together while a map is made. */
const FILL = 100_000
const PROOFS = 2_000
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5)

/** A map whose pages are in a database, and the keys in it. */
interface World {
  keys: Uint8Array[]
  store: Store
  map: MerkleMap
}

/**
 * The Merkle map by itself: what each changed key costs where many change together, in maps of several sizes, beside the
 * bare database that takes the same pages, and the signature check that each operation needs too; and proofs of single
 * keys.
 */
export async function benchMap(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'rootline-bench-'))
  const worlds: World[] = []
  try {
    for (const size of SIZES) worlds.push(await makeMap(join(folder, String(size)), size))
    const raw = await Store.open(join(folder, 'raw'))
    const figures = [...(await benchChanges(worlds, raw)), ...(await benchProofs(worlds))]
    await raw.close()
    return figures
  } finally {
    for (const { store } of worlds) await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function makeMap(location: string, size: number): Promise<World> {
  const store = await Store.open(location)
  const keys = Array.from({ length: size }, (_, i) => sha256(`key ${i}`))
  const world = { keys, store, map: new MerkleMap(store) }
  for (let first = 0; first < size; first += FILL) {
    await store.write(pagesOf(world, changesTo(keys.slice(first, first + FILL))))
  }
  return world
}

async function benchChanges(worlds: readonly World[], raw: Store): Promise<Figure[]> {
  const pages = worlds.map((): Change[] => [])
  const rates = await medianRates(
    ROUNDS,
    worlds.flatMap((world, i) => {
      const count = Math.min(BATCH, world.keys.length)
      return [
        () => {
          const changes = changesTo(someOf(world.keys, count))
          return rate(count, async () => {
            const updated = pagesOf(world, changes)
            pages[i] = updated
            await world.store.commit(updated)
          })
        },
        () => rate(count, () => raw.commit(pages[i] ?? [])),
        () => {
          const changes = changesTo(someOf(world.keys, 1))
          return rate(1, () => world.store.commit(pagesOf(world, changes)))
        },
      ]
    }),
  )
  const verifier = { name: 'the bare native verifier, one thread', perSecond: await nativeVerifyRate(1) }
  return worlds.flatMap(({ keys }, i) => {
    const [together, bare, alone] = rates.slice(3 * i, 3 * i + 3) as [number, number, number]
    const [least] = rates as [number]
    const count = Math.min(BATCH, keys.length)
    return [
      {
        name: `${text(count)} keys of a map of ${text(keys.length)} changed together`,
        perSecond: together,
        against: [
          { name: 'the bare database, the same pages', perSecond: bare },
          verifier,
          ...(i === 0 ? [] : [{ name: `in a map of ${text(SIZES[0] ?? 0)}`, perSecond: least }]),
        ],
        note: `${micros(together)} each, ${text(pages[i]?.length ?? 0)} pages`,
      },
      { name: 'one key changed alone, and flushed', perSecond: alone, note: `${micros(alone)} each` },
    ]
  })
}

async function benchProofs(worlds: readonly World[]): Promise<Figure[]> {
  const rates = await medianRates(
    ROUNDS,
    worlds.flatMap(world => {
      const keys = someOf(world.keys, PROOFS)
      const proofs = keys.map(key => world.map.prove(key))
      const root = world.map.root()
      return [
        () =>
          rate(keys.length, () => {
            for (const key of keys) world.map.prove(key)
          }),
        () =>
          rate(keys.length, () => {
            for (const [i, key] of keys.entries()) requireShown(root, key, proofs[i])
          }),
      ]
    }),
  )
  return worlds.flatMap((world, i) => {
    const [made, checked] = rates.slice(2 * i, 2 * i + 2) as [number, number]
    const keys = someOf(world.keys, PROOFS)
    const bytes = keys.reduce((sum, key) => sum + formatMapProof(world.map.prove(key)).length, 0)
    const size = `${text(Math.round(bytes / keys.length))} bytes`
    return [
      {
        name: `proof of a key in a map of ${text(world.keys.length)}, made`,
        perSecond: made,
        note: `${micros(made)} each, ${size}`,
      },
      { name: 'the same, checked', perSecond: checked, note: `${micros(checked)} each` },
    ]
  })
}

function requireShown(root: Uint8Array, key: Uint8Array, proof: ReturnType<MerkleMap['prove']> | undefined) {
  if (proof === undefined || verifyMapProof(root, key, proof).shown !== 'present') {
    throw new TypeError('a proof shows nothing')
  }
}

function pagesOf({ map }: World, changes: readonly MapChange[]): Change[] {
  return map.update(changes).pages.map(({ prefix, bytes }) => ({ key: prefix, value: bytes }))
}

function changesTo(keys: readonly Uint8Array[]): MapChange[] {
  return keys.map(key => ({ key, value: randomBytes(32) }))
}

/** So many different keys, by chance. */
function someOf(keys: readonly Uint8Array[], count: number): Uint8Array[] {
  const most = Math.min(count, keys.length)
  const chosen = new Set<number>()
  while (chosen.size < most) chosen.add(Math.floor(Math.random() * keys.length))
  return [...chosen].map(i => keys[i] as Uint8Array)
}

function text(count: number): string {
  return count.toLocaleString('en')
}

function micros(perSecond: number): string {
  return `${(1e6 / perSecond).toFixed(1)} us`
}
