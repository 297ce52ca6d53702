import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StoreError } from '../../src/store/errors.ts'
import { type Change, Store } from '../../src/store/store.ts'
import { tempFolder } from '../temp.ts'

const bytes = (text: string) => Buffer.from(text)
const text = (value: Uint8Array | undefined) =>
  value === undefined ? undefined : Buffer.from(value).toString()

async function fill(store: Store, count: number, size = 500): Promise<void> {
  const changes: Change[] = []
  for (let i = 0; i < count; i++) {
    changes.push({ key: bytes(`k${String(i).padStart(6, '0')}`), value: Buffer.alloc(size, i % 251) })
  }
  await store.commit(changes)
}

describe('store', () => {
  it('gives back what was written, after a reopen too', async () => {
    const folder = tempFolder()
    const store = await Store.open(folder)
    await store.commit([{ key: bytes('a'), value: bytes('1') }])
    await store.write([{ key: bytes('b'), value: bytes('') }])
    await store.close()
    const again = await Store.open(folder)
    expect(text(again.get(bytes('a')))).toBe('1')
    expect(text(again.get(bytes('b')))).toBe('')
    expect(again.get(bytes('c'))).toBeUndefined()
    expect((await again.getMany([bytes('c'), bytes('a')])).map(text)).toEqual([undefined, '1'])
    await again.close()
    await again.close()
  })

  it('keeps the order of keys and the ends of a range', async () => {
    const store = await Store.open(tempFolder())
    await store.write(['b', 'a', 'd', 'c'].map(key => ({ key: bytes(key), value: bytes(key) })))
    const found: (string | undefined)[] = []
    for await (const [key] of store.entries({ gte: bytes('b'), lt: bytes('d') })) found.push(text(key))
    expect(found).toEqual(['b', 'c'])
    const last: (string | undefined)[] = []
    for await (const [key] of store.entries({ gte: bytes('a'), lt: bytes('z'), reverse: true, limit: 1 }))
      last.push(text(key))
    expect(last).toEqual(['d'])
    await store.close()
  })

  it('commits that wait together are all applied, each as one', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }), { maxLength: 12 }),
        async commits => {
          const store = await Store.open(tempFolder())
          const model = new Map<string, string>()
          await Promise.all(
            commits.map((ids, n) => {
              for (const id of ids) model.set(`k${id}`, `${n}`)
              return store.commit(ids.map(id => ({ key: bytes(`k${id}`), value: bytes(`${n}`) })))
            }),
          )
          for (const [key, value] of model) expect(text(store.get(bytes(key)))).toBe(value)
          await store.close()
        },
      ),
      { numRuns: 20 },
    )
  })

  it('a second process or handle is told that the folder is in use', async () => {
    const folder = tempFolder()
    const store = await Store.open(folder)
    await expect(Store.open(folder)).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    await store.close()
  })

  it('a closed store says so', async () => {
    const store = await Store.open(tempFolder())
    await store.close()
    expect(() => store.get(bytes('a'))).toThrow(StoreError)
    await expect(store.commit([{ key: bytes('a'), value: bytes('b') }])).rejects.toMatchObject({
      code: 'STORE_CLOSED',
    })
  })

  it('a flipped bit in a table file is an error or has no effect, never another value', async () => {
    const folder = tempFolder()
    const first = await Store.open(folder, { writeBufferBytes: 64 << 10 })
    await fill(first, 400)
    await first.close()
    await (await Store.open(folder)).close()
    const table = readdirSync(folder).find(name => name.endsWith('.ldb')) as string
    expect(table).toBeDefined()
    const intact = readFileSync(join(folder, table))
    for (let offset = 7; offset < intact.length; offset += Math.ceil(intact.length / 40)) {
      const damaged = Buffer.from(intact)
      damaged.writeUInt8(damaged.readUInt8(offset) ^ 0x10, offset)
      writeFileSync(join(folder, table), damaged)
      await expectNoWrongValue(folder, 400)
    }
  })
})

/** Reads all keys: each gives its value, an error, or (a damaged key or index) nothing; never other bytes. */
async function expectNoWrongValue(folder: string, count: number): Promise<void> {
  let store: Store | undefined
  try {
    store = await Store.open(folder)
    for (let i = 0; i < count; i++) readOne(store, i)
  } catch (error) {
    expect(error).toBeInstanceOf(StoreError)
  } finally {
    await store?.close()
  }
}

function readOne(store: Store, i: number): void {
  try {
    const value = store.get(bytes(`k${String(i).padStart(6, '0')}`))
    if (value !== undefined) expect(Buffer.from(value).equals(Buffer.alloc(500, i % 251))).toBe(true)
  } catch (error) {
    expect(error).toBeInstanceOf(StoreError)
    expect((error as StoreError).code).toBe('STORE_CORRUPT')
  }
}
