import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { Store } from '../../src/store/store.ts'
import { findDamagedLog } from '../../src/store/write-log.ts'
import { tempFolder } from '../temp.ts'

const RECORDS = 60

/** Opens a copy of the folder whose log was changed, and gives how many of its records can be read from the first on. */
async function readable(folder: string, change: (log: string) => void): Promise<number | string> {
  const copy = join(tempFolder(), 'db')
  cpSync(folder, copy, { recursive: true })
  change(join(copy, logOf(copy)))
  try {
    const store = await Store.open(copy)
    const found = Array.from({ length: RECORDS }, (_, i) => store.get(Buffer.from(`key-${i}`)) !== undefined)
    await store.close()
    const count = found.indexOf(false)
    expect(found.slice(count === -1 ? RECORDS : count)).not.toContain(true)
    return count === -1 ? RECORDS : count
  } catch (error) {
    return (error as { code: string }).code
  }
}

function logOf(folder: string): string {
  return readdirSync(folder).find(name => name.endsWith('.log')) ?? ''
}

describe('the write-ahead log of a database', () => {
  let folder: string
  let size: number
  beforeAll(async () => {
    const open = join(tempFolder(), 'open')
    folder = join(tempFolder(), 'killed')
    const store = await Store.open(open)
    for (let i = 0; i < RECORDS; i++) {
      await store.commit([{ key: Buffer.from(`key-${i}`), value: Buffer.alloc(100 + i * 37, i) }])
    }
    // As it is while the process runs, so as it is once that was killed.
    mkdirSync(folder)
    for (const name of readdirSync(open))
      if (name !== 'LOCK') copyFileSync(join(open, name), join(folder, name))
    await store.close()
    size = readFileSync(join(folder, logOf(folder))).length
  })

  it('is sound after a kill', async () => {
    expect(size).toBeGreaterThan(65_536)
    expect(await findDamagedLog(folder)).toBeUndefined()
    expect(await readable(folder, () => {})).toBe(RECORDS)
  })

  it('is none where there is no database yet', async () => {
    expect(await findDamagedLog(join(tempFolder(), 'none'))).toBeUndefined()
  })

  it('may end in the middle of a record, at any byte: what was before is there', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: size }), async length => {
        const count = await readable(folder, log => truncateSync(log, length))
        expect(count).toBeTypeOf('number')
        expect(count).toBeLessThanOrEqual(RECORDS)
      }),
    )
  })

  it('with a changed bit is refused, and never read without what was in it, but for the last record', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(size - 1), fc.nat(7), async (offset, bit) => {
        const outcome = await readable(folder, log => {
          const bytes = readFileSync(log)
          bytes.writeUInt8(bytes.readUInt8(offset) ^ (1 << bit), offset)
          writeFileSync(log, bytes)
        })
        // The end of a log that was cut looks the same as one that was changed.
        expect(['STORE_CORRUPT', RECORDS, RECORDS - 1]).toContain(outcome)
        if (outcome === RECORDS - 1) expect(offset).toBeGreaterThan(size - 100 - 37 * RECORDS - 100)
      }),
    )
  })

  it.each(['zeros', 'noise'])('may have %s behind its end', async filler => {
    const count = await readable(folder, log => {
      const noise = Buffer.alloc(100_000).map((_, i) => (filler === 'zeros' ? 0 : (i * 7919) >> 3))
      writeFileSync(log, Buffer.concat([readFileSync(log), noise]))
    })
    expect(count).toBe(RECORDS)
  })
})
