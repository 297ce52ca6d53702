import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import * as keys from '../../src/node/keys.ts'
import { startNode } from '../../src/node/node.ts'
import { OperationStore } from '../../src/node/operation-store.ts'
import type { SidetreeNode } from '../../src/node/types.ts'
import { Store } from '../../src/store/store.ts'
import { tempFolder } from '../temp.ts'
import { anchorBatch } from './batches.ts'
import { addService, Controller, METHOD } from './parts.ts'
import { NodeWorld } from './world.ts'

/** What may come of a damaged database: a failure that says so. */
const HONEST = /^(STORE_CORRUPT|STORE_UNAVAILABLE)$/

const world = new NodeWorld()
const dids = Array.from({ length: 12 }, () => new Controller('Ed25519'))

/** Starts a node on a database in a folder. */
async function startOn(folder: string): Promise<SidetreeNode> {
  const { ledger, content, versions, settings } = world
  const store = await Store.open(folder)
  try {
    return await startNode({ method: METHOD, versions, store, content, ledger, writer: 'test', settings })
  } catch (error) {
    await store.close()
    throw error
  }
}

/** All that a node answers: bodies, histories, versions, or the codes of its failures. */
async function answers(folder: string): Promise<string[]> {
  const code = (error: { code?: string }) => String(error.code ?? error)
  let node: SidetreeNode
  try {
    node = await startOn(folder)
  } catch (error) {
    return [code(error as { code?: string })]
  }
  try {
    await node.settled()
    const all: string[] = []
    for (const { did } of dids) {
      all.push(await node.resolve(did).then(({ body }) => body.toString(), code))
      all.push(await node.history(did).then(entries => JSON.stringify(entries), code))
      const second = new Date((world.ledger.chain[2]?.timestamp ?? 0) * 1000).toISOString()
      all.push(await node.resolve(did, { versionTime: second }).then(({ body }) => body.toString(), code))
    }
    return all
  } catch (error) {
    return [code(error as { code?: string })]
  } finally {
    await node.stop()
  }
}

/** Copies a database, changes it, and holds what the node then answers to what is right. */
async function expectHonest(
  folder: string,
  right: readonly string[],
  change: (copy: string) => void,
): Promise<string[]> {
  const copy = join(tempFolder(), 'node')
  cpSync(folder, copy, { recursive: true })
  change(copy)
  const found = await answers(copy)
  if (found.length !== right.length) expect(found[0]).toMatch(HONEST)
  else for (const [i, answer] of found.entries()) if (!HONEST.test(answer)) expect(answer).toBe(right[i])
  return found
}

describe('a database that was damaged', () => {
  let folder: string
  let right: string[]
  beforeAll(async () => {
    await anchorBatch(
      world,
      dids.map(did => did.create()),
    )
    for (let round = 0; round < 8; round++) {
      const updates = dids.map(did => (round === 5 ? did.recover([]) : did.update([addService(`s${round}`)])))
      await anchorBatch(world, await Promise.all(updates))
    }
    folder = join(tempFolder(), 'node')
    await answers(folder)
    // Opened again, so that the records are in a table and not only in the write-ahead log.
    right = await answers(folder)
    expect(right).toHaveLength(36)
    expect(right.every(answer => answer.startsWith('{') || answer.startsWith('['))).toBe(true)
    expect(await answers(folder)).toEqual(right)
    expect(readdirSync(folder).some(name => name.endsWith('.ldb'))).toBe(true)
  })

  it('in any one bit answers what is right, or says that it is damaged', async () => {
    let refused = 0
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        fc.nat(7),
        async (where, bit) => {
          const found = await expectHonest(folder, right, copy => flip(copy, where, bit))
          if (found.some(answer => HONEST.test(answer))) refused++
        },
      ),
    )
    expect(refused).toBeGreaterThan(0)
  })

  it('by a file that is missing answers what is right, or says that it is damaged', async () => {
    for (const name of readdirSync(folder).filter(name => !/^(LOG|LOCK)/.test(name))) {
      await expectHonest(folder, right, copy => writeFileSync(join(copy, name), ''))
    }
  })

  it('by a state that is gone says so, and not that the DID is unknown', async () => {
    const found = await tampered([keys.didKey(dids[0]?.suffix ?? '')])
    expect(found.slice(0, 3)).toEqual(['STORE_CORRUPT', 'STORE_CORRUPT', 'STORE_CORRUPT'])
    expect(found.slice(3)).toEqual(right.slice(3))
  })

  it('by operations that are gone answers by the state, and says so where the past is asked for', async () => {
    const { suffix = '' } = dids[0] ?? {}
    const store = await Store.open(folder)
    const newest = (await new OperationStore(store).operations(suffix)).at(-1)
    await store.close()
    for (const commitment of [undefined, newest?.checked.reveals]) {
      const found = await tampered([keys.operationKey(suffix, commitment)])
      expect(found.slice(0, 3)).toEqual([right[0], 'STORE_CORRUPT', 'STORE_CORRUPT'])
    }
  })

  it('by a cursor that is gone reads the ledger again, and nothing counts twice', async () => {
    expect(await tampered([keys.CURSOR])).toEqual(right)
  })

  /** The answers of a copy without some records. */
  async function tampered(gone: Uint8Array[]): Promise<string[]> {
    const copy = join(tempFolder(), 'node')
    cpSync(folder, copy, { recursive: true })
    const store = await Store.open(copy)
    await store.commit(gone.map(key => ({ key })))
    await store.close()
    return answers(copy)
  }

  /** Flips a bit somewhere in the files of a database, the larger ones more often. */
  function flip(copy: string, where: number, bit: number): void {
    const files = readdirSync(copy)
      .filter(name => !/^(LOG|LOCK)/.test(name))
      .map(name => ({ path: join(copy, name), size: statSync(join(copy, name)).size }))
    let offset = Math.floor(where * files.reduce((sum, { size }) => sum + size, 0))
    for (const { path, size } of files) {
      if (offset < size) {
        const bytes = readFileSync(path)
        bytes.writeUInt8(bytes.readUInt8(offset) ^ (1 << bit), offset)
        writeFileSync(path, bytes)
        return
      }
      offset -= size
    }
  }
})
