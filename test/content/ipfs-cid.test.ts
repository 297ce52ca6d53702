import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { EmbeddedContentStore } from '../../src/content/embedded/embedded-content-store.ts'
import { Store } from '../../src/store/store.ts'
import { tempFolder } from '../temp.ts'

/** `ipfs_cid` of Debian (package ipfs-cid): Rust, an importer that shares nothing with the one used here. */
const isThere = spawnSync('ipfs_cid', ['--version']).error === undefined
if (!isThere) console.log('skipped: no ipfs_cid on this machine (Debian package ipfs-cid)')

const CHUNK = 262_144
const folder = tempFolder()
const database = await Store.open(join(folder, 'content'))
const store = new EmbeddedContentStore(database)
afterAll(() => database.close())

/** What the other importer names a file. */
function named(bytes: Uint8Array): { CIDv0: string; CIDv1: string } {
  const path = join(folder, 'file')
  writeFileSync(path, bytes)
  return JSON.parse(spawnSync('ipfs_cid', [path]).stdout.toString()) as { CIDv0: string; CIDv1: string }
}

/** Random bytes from a seed, so that a size that fails can be tried again: xorshift, 32 bits. */
function randomBytes(size: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(size / 4))
  let state = seed | 1
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state
  }
  return new Uint8Array(words.buffer, 0, size)
}

async function expectSame(size: number, seed: number): Promise<void> {
  const bytes = randomBytes(size, seed)
  const { CIDv0, CIDv1 } = named(bytes)
  expect(await store.put(bytes), `${size} bytes, seed ${seed}`).toBe(CIDv0)
  expect(Buffer.compare(await store.get(CIDv1, { maxBytes: size }), bytes)).toBe(0)
}

describe.runIf(isThere)('an independent importer', () => {
  it('names random files around whole numbers of chunks, up to a second level, as the store does', async () => {
    for (const chunks of [0, 1, 2, 3, 4, 16, 174]) {
      for (const more of [-1, 0, 1]) {
        const size = chunks * CHUNK + more
        if (size >= 0) await expectSame(size, chunks * 31 + more + 7)
      }
    }
  })

  it('names random files of any size as the store does', async () => {
    const near = fc.tuple(fc.nat(5), fc.integer({ min: -40, max: 40 }))
    const size = fc.oneof(
      fc.nat(2_000),
      fc.nat(4 * CHUNK),
      near.map(([n, more]) => Math.max(0, n * CHUNK + more)),
    )
    await fc.assert(fc.asyncProperty(size, fc.nat(), expectSame), { numRuns: 40 })
  })
})
