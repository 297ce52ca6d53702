import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import { cidText, RAW, requireBlock } from '../../src/codec/cid.ts'
import { type Block, fileBlocks, readFile } from '../../src/codec/unixfs.ts'
import { decodeVarint } from '../../src/codec/varint.ts'
import { packCar, readCar, writeCar } from '../../src/content/car.ts'
import { leaf, node, parent, pattern, source, TYPE, unixfs } from '../codec/unixfs-blocks.ts'
import { failureOf } from './failure.ts'

const ENOUGH = { maxBytes: 4 << 20 }

/** Splits a CAR into its frames: the header, then the sections. */
function frames(car: Buffer): Buffer[] {
  const found: Buffer[] = []
  for (let at = 0; at < car.length; ) {
    const { value, end } = decodeVarint(car, at)
    found.push(car.subarray(end, end + value))
    at = end + value
  }
  return found
}

function sections(car: Buffer): Block[] {
  return frames(car)
    .slice(1)
    .map(frame => {
      const [cid, bytes] = CID.decodeFirst(frame)
      return { cid, bytes }
    })
}

async function carOf(root: Block, others: Block[] = []): Promise<Buffer> {
  const parts = await Array.fromAsync(writeCar(cidText(root.cid), source([root, ...others]).getBlock, ENOUGH))
  return Buffer.concat(parts)
}

describe('writeCar', () => {
  it('writes header and block of one file byte for byte (CARv1)', async () => {
    const block = leaf(Buffer.from('hello world\n'))
    const cid = Buffer.from(block.cid.bytes).toString('hex')
    const header = `38a265726f6f747381d82a582300${cid}6776657273696f6e01`
    const section = `36${cid}0a120802120c68656c6c6f20776f726c640a180c`
    expect((await carOf(block)).toString('hex')).toBe(header + section)
  })

  it('writes a root of version 1, raw, with a header that is two bytes longer', async () => {
    const { cid, bytes } = leaf(Buffer.from('x'))
    const raw = { cid: CID.createV1(RAW, cid.multihash), bytes }
    const [header] = frames(await carOf(raw))
    expect(header?.toString('hex')).toBe(
      `a265726f6f747381d82a582500${Buffer.from(raw.cid.bytes).toString('hex')}6776657273696f6e01`,
    )
  })

  it('writes the blocks depth first, each once', async () => {
    const [a, b] = [leaf(Buffer.from('a')), leaf(Buffer.from('b'))]
    const inner = parent([b, 1], [a, 1])
    const root = parent([a, 1], [inner, 2], [b, 1])
    const written = sections(await carOf(root, [inner, a, b]))
    expect(written.map(block => cidText(block.cid))).toEqual(
      [root, a, inner, b].map(block => cidText(block.cid)),
    )
  })

  it('can be read back to the file', async () => {
    const { root, blocks } = await fileBlocks(pattern(600_000))
    const { getBlock } = source(blocks)
    const written = sections(Buffer.concat(await Array.fromAsync(writeCar(cidText(root), getBlock, ENOUGH))))
    expect(written).toHaveLength(blocks.length)
    for (const { cid, bytes } of written) requireBlock(cid, bytes)
    const content = await readFile(root, source(written).getBlock, ENOUGH)
    expect(Buffer.compare(content, pattern(600_000))).toBe(0)
  })

  it('fails before its first byte where the root cannot be had, is too large, or is no file', async () => {
    const { root, blocks } = await fileBlocks(pattern(600_000))
    const first = async (cid: string, held: Block[], maxBytes = 4 << 20) =>
      await failureOf(writeCar(cid, source(held).getBlock, { maxBytes }).next())
    const directory = node(unixfs({ type: TYPE.directory }))
    expect(await first('hello', [])).toBe('CONTENT_CID_INVALID')
    expect(await first(cidText(root), blocks, 599_999)).toBe('CONTENT_TOO_LARGE')
    expect(await first(cidText(directory.cid), [directory])).toBe('CONTENT_NOT_A_FILE')
    expect(await first(cidText(root), [{ cid: root, bytes: directory.bytes }])).toBe('CONTENT_MISMATCH')
  })

  it('ends at a damaged block, which is not written', async () => {
    const { root, blocks } = await fileBlocks(pattern(600_000))
    const damaged = blocks.map((block, i) => (i === 1 ? { ...block, bytes: Buffer.from('damaged') } : block))
    const written: Uint8Array[] = []
    const all = async () => {
      for await (const part of writeCar(cidText(root), source(damaged).getBlock, ENOUGH)) written.push(part)
    }
    expect(await failureOf(all())).toBe('CONTENT_MISMATCH')
    for (const { cid, bytes } of sections(Buffer.concat(written))) requireBlock(cid, bytes)
    expect(sections(Buffer.concat(written)).length).toBeLessThan(blocks.length)
  })

  it('ends at the signal', async () => {
    const { root, blocks } = await fileBlocks(pattern(600_000))
    const controller = new AbortController()
    const reason = new RangeError('enough')
    const parts = writeCar(cidText(root), source(blocks).getBlock, { ...ENOUGH, signal: controller.signal })
    expect((await parts.next()).done).toBe(false)
    controller.abort(reason)
    await expect(Array.fromAsync(parts)).rejects.toBe(reason)
  })
})

describe('a CAR of several files', () => {
  const content = [pattern(600_000), pattern(10), Buffer.alloc(0)]
  const root = leaf(Buffer.from('root')).cid

  async function packed(): Promise<{ blocks: Block[]; roots: CID[]; car: Buffer }> {
    const files = await Promise.all(content.map(bytes => fileBlocks(bytes)))
    const blocks = files.flatMap(file => file.blocks)
    return { blocks, roots: files.map(file => file.root), car: packCar(root, blocks) }
  }

  it('gives back every file, whatever the version of the CIDs', async () => {
    const { roots, car } = await packed()
    const held = readCar(car, root)
    const getBlock = async (cid: CID) => held(cid) ?? Buffer.from('nothing')
    for (const [i, cid] of roots.entries()) {
      for (const version of [cid, cid.toV1()]) {
        expect(Buffer.compare(await readFile(version, getBlock, ENOUGH), content[i] as Uint8Array)).toBe(0)
      }
    }
    expect(held(leaf(Buffer.from('other')).cid)).toBeUndefined()
  })

  it('has every block once, and its sections can be in any order', async () => {
    const { blocks, car } = await packed()
    expect(packCar(root, [...blocks, ...blocks])).toEqual(car)
    const held = readCar(packCar(root, blocks.toReversed()), root)
    for (const { cid, bytes } of blocks) expect(held(cid)).toEqual(Buffer.from(bytes))
  })

  it('reads what writeCar writes', async () => {
    const { root: file, blocks } = await fileBlocks(pattern(300_000))
    const car = Buffer.concat(await Array.fromAsync(writeCar(cidText(file), source(blocks).getBlock, ENOUGH)))
    const held = readCar(car, file)
    for (const { cid, bytes } of blocks) expect(held(cid)).toEqual(Buffer.from(bytes))
  })

  it('is refused with another root, and with a block that does not hash to its CID', async () => {
    const { car, roots } = await packed()
    expect(() => readCar(car, roots[0] as CID)).toThrow(expect.objectContaining({ code: 'CAR_INVALID' }))
    const damaged = Buffer.from(car)
    damaged[car.length - 1] = (damaged[car.length - 1] ?? 0) ^ 1
    expect(() => readCar(damaged, root)).toThrow(expect.objectContaining({ code: 'CID_MISMATCH' }))
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a length that no block has', Buffer.from('ffffffff0f', 'hex')],
    ['a length that is no varint', Buffer.from('ff', 'hex')],
    ['a section without a CID', Buffer.from('0100', 'hex')],
    ['a CID of another hash', Buffer.concat([Buffer.from('24015513', 'hex'), Buffer.alloc(33)])],
  ])('is refused with %s in place of its sections', async (what, rest) => {
    const { car } = await packed()
    const header = packCar(root, [])
    const bytes = what === 'nothing' ? car.subarray(0, header.length - 1) : Buffer.concat([header, rest])
    expect(() => readCar(bytes, root)).toThrow(expect.objectContaining({ code: 'CAR_INVALID' }))
  })

  it('is read or refused with a code of its own, whatever it is', async () => {
    const { blocks } = await packed()
    const small = packCar(root, blocks.slice(-1))
    const read = (bytes: Uint8Array) => {
      try {
        readCar(bytes, root)
      } catch (error) {
        expect(['CAR_INVALID', 'CID_MISMATCH']).toContain((error as { code?: string }).code)
      }
    }
    const header = packCar(root, [])
    fc.assert(fc.property(fc.uint8Array(), rest => read(Buffer.concat([header, rest]))))
    fc.assert(
      fc.property(fc.nat(small.length - 1), fc.nat(255), (at, value) => {
        const changed = Buffer.from(small)
        changed[at] = value
        read(changed)
      }),
    )
  })
})
