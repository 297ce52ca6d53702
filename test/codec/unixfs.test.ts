import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { exporter } from 'ipfs-unixfs-exporter'
import { CID } from 'multiformats/cid'
import * as digest from 'multiformats/hashes/digest'
import { describe, expect, it } from 'vitest'
import { cidText, cidV0OfBlock, cidV0OfDigest, parseCid, RAW } from '../../src/codec/cid.ts'
import { sha256 } from '../../src/codec/hash.ts'
import { type Block, fileBlocks, MAX_BLOCK_BYTES, readFile, walkFile } from '../../src/codec/unixfs.ts'
import { encodeVarint } from '../../src/codec/varint.ts'
import { corpusJson, hasCorpus } from '../corpus.ts'
import { tempFolder } from '../temp.ts'
import { failure, failureOf } from './failure.ts'
import { leaf, node, parent, pattern, source, TYPE, unixfs } from './unixfs-blocks.ts'

const CHUNK = 256 << 10
const LIMITS = { maxBytes: 1 << 20 }
const UNLIMITED = { maxBytes: 1 << 30 }

/** `ipfs_cid` of Debian (package ipfs-cid): an importer that shares nothing with the one used here. */
const hasIpfsCid = spawnSync('ipfs_cid', ['--version']).error === undefined
if (!hasIpfsCid) console.log('skipped: no ipfs_cid on this machine (Debian package ipfs-cid)')

const read = (root: CID, blocks: Block[], limits = LIMITS) => readFile(root, source(blocks).getBlock, limits)
const codeOf = (root: Block, ...others: Block[]) => failureOf(read(root.cid, [root, ...others]))
const rawBlock = (bytes: Uint8Array): Block => ({
  cid: CID.createV1(RAW, cidV0OfDigest(sha256(bytes)).multihash),
  bytes,
})

describe('fileBlocks', () => {
  // The CIDs are those that ipfs_cid 0.0~git20200813 gives; the first is also Kubo's well-known empty file.
  it.each([
    [0, 'QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH', 1],
    [1, 'QmS9JArPwa55ePgDnyg6TzX24mYTS1b1vLqWNebyVotKxQ', 1],
    [CHUNK, 'QmQrVyp1a4SsUrTQ7Mt6xxCArMcbMEHMt5oKPLfA4CuREz', 1],
    [CHUNK + 1, 'QmPfvcYc9AY6McAKEj88pUVsy6EjQJVabPpEW9CB5fJUK9', 3],
    [(1 << 20) + 1, 'QmQzVKLkYYVVXi4VNzR538e3ku8rd9c72WSRb7ukYtFxvM', 6],
    [10_000_000, 'QmcGCH8Md1oabEkrqj9JJR7i9TByH1pyXiyyqteU6tBR5i', 40],
    [174 * CHUNK, 'Qmav3Cib9Ssez4F9BAWzeEL2fASo8gDBHVzTsV8gSXt4KV', 175],
    [174 * CHUNK + 1, 'Qmes1GZb2qmDqbm1th86qgNz6sRiRAvpZmA2Wd9U9XCuzk', 178],
  ])('names a file of %d bytes as other importers do', async (size, cid, count) => {
    const bytes = pattern(size)
    const { root, blocks } = await fileBlocks(bytes)
    expect(cidText(root)).toBe(cid)
    expect(blocks).toHaveLength(count)
    expect(blocks.at(-1)?.cid.equals(root)).toBe(true)
    expect(Buffer.compare(await read(root, blocks, UNLIMITED), bytes)).toBe(0)
  })

  it('names "hello world" as Kubo does', async () => {
    const { root } = await fileBlocks(Buffer.from('hello world\n'))
    expect(cidText(root)).toBe('QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o')
  })

  it.runIf(hasIpfsCid)('agrees with ipfs_cid', async () => {
    const path = join(tempFolder(), 'file')
    for (const size of [0, 1, 300, CHUNK - 1, CHUNK, CHUNK + 1, (1 << 20) + 1, 175 * CHUNK]) {
      const bytes = pattern(size)
      writeFileSync(path, bytes)
      const { stdout } = spawnSync('ipfs_cid', [path])
      const { CIDv0: expected } = JSON.parse(stdout.toString()) as { CIDv0: string }
      expect(cidText((await fileBlocks(bytes)).root), `${size} bytes`).toBe(expected)
    }
  })

  it.runIf(hasCorpus)('names the files of the golden batch and of ION on testnet as published', async () => {
    type Golden = { files: { [role: string]: { gzipBase64: string; cidV0: string } } }
    const golden = corpusJson<Golden>('sidetree/generated/golden-batch.json')
    const ion = corpusJson<{ [name: string]: string }>('ledger/ion-testnet/testnet3-2377445-3.json')
    const files = Object.values(golden.files).map(file => ({
      bytes: Buffer.from(file.gzipBase64, 'base64'),
      cid: file.cidV0,
    }))
    for (const role of ['coreIndexFile', 'provisionalIndexFile', 'chunkFile']) {
      files.push({ bytes: Buffer.from(`${ion[`${role}GzHex`]}`, 'hex'), cid: `${ion[`${role}Cid`]}` })
    }
    expect(files).toHaveLength(8)
    for (const { bytes, cid } of files) expect(cidText((await fileBlocks(bytes)).root)).toBe(cid)
  })
})

describe('readFile', () => {
  it('reads back what fileBlocks made, as ipfs-unixfs-exporter does', async () => {
    const size = fc.oneof(fc.nat(300), fc.integer({ min: CHUNK - 2, max: CHUNK + 2 }))
    await fc.assert(
      fc.asyncProperty(size, async size => {
        const { root, blocks } = await fileBlocks(pattern(size))
        const { getBlock } = source(blocks)
        const entry = await exporter(root, {
          async *get(cid: CID) {
            yield await getBlock(cid)
          },
        } as unknown as Parameters<typeof exporter>[1])
        const exported: Uint8Array[] = []
        if (entry.type !== 'file') throw new TypeError(`${entry.type} is not a file`)
        for await (const part of entry.content()) exported.push(part)
        const content = await readFile(root, getBlock, LIMITS)
        expect(Buffer.compare(content, Buffer.concat(exported))).toBe(0)
        expect(content).toHaveLength(size)
      }),
    )
  })

  it('reads a raw block, and raw leaves under a node', async () => {
    const one = rawBlock(Buffer.from('one,'))
    const two = rawBlock(Buffer.from('two'))
    const root = parent([one, 4], [two, 3])
    expect(Buffer.from(await read(one.cid, [one])).toString()).toBe('one,')
    expect(Buffer.from(await read(root.cid, [root, one, two])).toString()).toBe('one,two')
  })

  it('reads version 1 of a CID as version 0', async () => {
    const block = leaf(Buffer.from('content'))
    const v1 = CID.createV1(block.cid.code, block.cid.multihash)
    const content = await readFile(v1, async () => block.bytes, LIMITS)
    expect(Buffer.from(content).toString()).toBe('content')
  })

  it('reads content of a node before that of its children, and a block again where it is used again', async () => {
    const b = leaf(Buffer.from('b'))
    const data = unixfs({ type: TYPE.file, content: Buffer.from('a'), fileSize: 3, blockSizes: [1, 1] })
    const root = node(data, [b.cid, b.cid])
    expect(Buffer.from(await read(root.cid, [root, b])).toString()).toBe('abb')
  })

  it('reads a node whose size is not given, and leaves of type raw', async () => {
    const raw = node(unixfs({ type: TYPE.raw, content: Buffer.from('x') }))
    const root = node(unixfs({ type: TYPE.file, blockSizes: [1] }), [raw.cid])
    expect(Buffer.from(await read(root.cid, [root, raw])).toString()).toBe('x')
  })

  it('lets through what the source throws', async () => {
    const root = parent([leaf(Buffer.from('a')), 1])
    await expect(read(root.cid, [root])).rejects.toThrow(RangeError)
  })

  it('refuses a block that is not the one that was asked for, at the root and below', async () => {
    const good = leaf(Buffer.from('good'))
    const bad = leaf(Buffer.from('evil'))
    const root = parent([good, 4])
    const swapped = { cid: good.cid, bytes: bad.bytes }
    expect(await failureOf(read(good.cid, [swapped]))).toBe('CID_MISMATCH')
    expect(await failureOf(read(root.cid, [root, swapped]))).toBe('CID_MISMATCH')
  })

  it('finds any flipped bit in any block', async () => {
    const { root, blocks } = await fileBlocks(pattern(CHUNK + 100))
    await fc.assert(
      fc.asyncProperty(fc.nat(blocks.length - 1), fc.nat(), fc.nat(7), async (index, position, bit) => {
        const damaged = blocks.map((block, i) => {
          const bytes = Buffer.from(block.bytes)
          const at = position % bytes.length
          if (i === index) bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at)
          return { cid: block.cid, bytes }
        })
        expect(await failureOf(read(root, damaged))).toBe('CID_MISMATCH')
      }),
    )
  })

  it.each([
    ['a directory', unixfs({ type: TYPE.directory })],
    ['a sharded directory', unixfs({ type: TYPE.shard })],
    ['a symbolic link', unixfs({ type: TYPE.symlink, content: Buffer.from('/etc/passwd') })],
    ['metadata', unixfs({ type: TYPE.metadata })],
    ['an unknown type', unixfs({ type: 6 })],
    ['no type', unixfs({ content: Buffer.from('x') })],
    ['no UnixFS message', Buffer.alloc(0)],
    ['a size that is not true', unixfs({ type: TYPE.file, content: Buffer.from('x'), fileSize: 2 })],
    ['a size for a child that is not there', unixfs({ type: TYPE.file, blockSizes: [1] })],
  ])('refuses %s', async (_, data) => {
    expect(await codeOf(node(data))).toBe('UNIXFS_INVALID')
  })

  it('refuses bytes that are no dag-pb node', async () => {
    for (const hex of ['', 'ff', '0a', '0aff', '1200', '0a001200', 'a16161f6']) {
      const bytes = Buffer.from(hex, 'hex')
      expect(await codeOf({ cid: cidV0OfBlock(bytes), bytes }), hex).toBe('UNIXFS_INVALID')
    }
  })

  it('refuses a link that has no size', async () => {
    const child = leaf(Buffer.from('x'))
    expect(await codeOf(node(unixfs({ type: TYPE.file }), [child.cid]), child)).toBe('UNIXFS_INVALID')
  })

  it('refuses a directory as a part of a file', async () => {
    const directory = node(unixfs({ type: TYPE.directory }))
    expect(await codeOf(parent([directory, 0]), directory)).toBe('UNIXFS_INVALID')
  })

  it('does not follow a link that is not SHA-256', async () => {
    const identity = CID.createV1(RAW, digest.create(0, Buffer.from('hello\n')))
    const root = parent([{ cid: identity, bytes: Buffer.from('hello\n') }, 6])
    const { getBlock, asked } = source([root])
    expect(await failureOf(readFile(root.cid, getBlock, LIMITS))).toBe('CID_UNSUPPORTED')
    expect(asked).toEqual([cidText(root.cid)])
  })

  it('refuses a child that is larger, or smaller, than its parent says', async () => {
    const child = leaf(Buffer.alloc(100))
    const inner = parent([child, 100])
    for (const declared of [0, 99, 101]) {
      expect(await codeOf(parent([child, declared]), child)).toBe('UNIXFS_INVALID')
      expect(await codeOf(parent([inner, declared]), inner, child)).toBe('UNIXFS_INVALID')
    }
  })

  it('bounds the size, the bound included, before it asks for a child', async () => {
    const { root, blocks } = await fileBlocks(pattern(CHUNK + 1))
    const { getBlock, asked } = source(blocks)
    expect(await failureOf(readFile(root, getBlock, { maxBytes: CHUNK }))).toBe('UNIXFS_TOO_LARGE')
    expect(asked).toEqual([cidText(root)])
    expect(await readFile(root, getBlock, { maxBytes: CHUNK + 1 })).toHaveLength(CHUNK + 1)
  })

  it('bounds a raw block and a single node', async () => {
    const bytes = Buffer.from('12345')
    for (const block of [rawBlock(bytes), leaf(bytes)]) {
      expect(await failureOf(read(block.cid, [block], { maxBytes: 4 }))).toBe('UNIXFS_TOO_LARGE')
      expect(await read(block.cid, [block], { maxBytes: 5 })).toHaveLength(5)
    }
  })

  it('is not misled by sizes whose sum is beyond exact numbers', async () => {
    const child = leaf(Buffer.from('x'))
    const huge = Number.MAX_SAFE_INTEGER
    const data = unixfs({ type: TYPE.file, blockSizes: [huge, huge, huge] })
    expect(await codeOf(node(data, [child.cid, child.cid, child.cid]), child)).toBe('UNIXFS_TOO_LARGE')
  })

  it('refuses a block that no IPFS node would send', async () => {
    const block = rawBlock(new Uint8Array(MAX_BLOCK_BYTES + 1))
    expect(await failureOf(read(block.cid, [block], UNLIMITED))).toBe('UNIXFS_TOO_LARGE')
  })

  it('bounds the depth', async () => {
    const blocks = [leaf(Buffer.from('x'))]
    const grow = (levels: number) => {
      for (let i = 0; i < levels; i++) blocks.unshift(parent([blocks[0] ?? leaf(Buffer.alloc(0)), 1]))
    }
    grow(16)
    expect(await codeOf(...(blocks as [Block]))).toBeUndefined()
    grow(1)
    expect(await codeOf(...(blocks as [Block]))).toBe('UNIXFS_INVALID')
  })

  it('bounds the number of blocks of a tree that multiplies without content', async () => {
    const empty = leaf(Buffer.alloc(0))
    const blocks = [empty]
    let top = empty
    for (let level = 0; level < 8; level++) {
      top = parent(...Array<[Block, number]>(100).fill([top, 0]))
      blocks.push(top)
    }
    const { getBlock, asked } = source(blocks)
    expect(await failureOf(readFile(top.cid, getBlock, { maxBytes: 0 }))).toBe('UNIXFS_TOO_LARGE')
    expect(asked.length).toBeLessThan(300)
  })

  it('bounds the bytes of blocks that carry little content', async () => {
    const padded = node(Buffer.concat([unixfs({ type: TYPE.file }), unknownField(1 << 20)]))
    const root = parent(...Array<[Block, number]>(20).fill([padded, 0]))
    const { getBlock, asked } = source([root, padded])
    expect(await failureOf(readFile(root.cid, getBlock, { maxBytes: 10 }))).toBe('UNIXFS_TOO_LARGE')
    expect(asked.length).toBeLessThan(5)
  })

  it('counts no bytes that are not of the file: who makes up a block cannot make the file one that is too large', async () => {
    const child = leaf(Buffer.from('x'))
    const data = unixfs({ type: TYPE.file, fileSize: 1, blockSizes: [1] })
    const root = node(Buffer.concat([data, unknownField(1000)]), [child.cid])
    const limits = { maxBytes: 10 }
    expect(Buffer.from(await read(root.cid, [root, child], limits)).toString()).toBe('x')
    for (const size of [MAX_BLOCK_BYTES - 500, MAX_BLOCK_BYTES, MAX_BLOCK_BYTES + 1]) {
      const madeUp = { cid: child.cid, bytes: new Uint8Array(size) }
      expect(await failureOf(read(root.cid, [root, madeUp], limits)), `${size} bytes`).toBe('CID_MISMATCH')
    }
  })

  it('throws nothing but CodecError on any block', async () => {
    const valid = parent([leaf(Buffer.from('a')), 1], [leaf(Buffer.from('b')), 1]).bytes
    const mutated = fc
      .tuple(fc.nat(valid.length), fc.nat(3), fc.uint8Array({ maxLength: 3 }))
      .map(([at, removed, put]) => Buffer.concat([valid.subarray(0, at), put, valid.subarray(at + removed)]))
    const message = fc.uint8Array({ maxLength: 20 }).map(data => node(data).bytes)
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array(), mutated, message), async bytes => {
        const root = { cid: cidV0OfBlock(bytes), bytes }
        const blocks = [root, leaf(Buffer.from('a')), leaf(Buffer.from('b'))]
        const asked = source(blocks)
        try {
          expect((await readFile(root.cid, asked.getBlock, LIMITS)).length).toBeLessThanOrEqual(20)
        } catch (error) {
          // A mutated link names a block that is not there.
          if (!(error instanceof RangeError))
            failure(() => {
              throw error
            })
        }
      }),
    )
  })

  it('refuses a node cut short at any length', async () => {
    const whole = leaf(Buffer.from('content')).bytes
    for (let length = 0; length < whole.length; length++) {
      const bytes = whole.subarray(0, length)
      expect(await codeOf({ cid: cidV0OfBlock(bytes), bytes }), `${length} bytes`).toBe('UNIXFS_INVALID')
    }
  })
})

describe('walkFile', () => {
  it('gives the blocks depth first, each with its part of the content', async () => {
    const a = leaf(Buffer.from('a'))
    const b = leaf(Buffer.from('b'))
    const inner = parent([a, 1], [b, 1])
    const root = parent([inner, 2], [a, 1])
    const walked: [string, string][] = []
    const { getBlock } = source([root, inner, a, b])
    for await (const block of walkFile(root.cid, getBlock, LIMITS)) {
      walked.push([cidText(block.cid), Buffer.from(block.content).toString()])
    }
    const names = [root, inner, a, b, a].map(block => cidText(block.cid))
    expect(walked).toEqual(names.map((name, i) => [name, ['', '', 'a', 'b', 'a'][i]]))
  })

  it('asks for nothing that nobody takes', async () => {
    const { root, blocks } = await fileBlocks(pattern(4 * CHUNK))
    const { getBlock, asked } = source(blocks)
    for await (const block of walkFile(root, getBlock, LIMITS)) {
      expect(block.cid.equals(root)).toBe(true)
      break
    }
    expect(asked).toEqual([cidText(root)])
    expect(parseCid(cidText(root)).equals(root)).toBe(true)
  })
})

/** Field 15 of a message: so many zero bytes. */
function unknownField(size: number): Buffer {
  return Buffer.concat([Buffer.from([0x7a]), encodeVarint(size), Buffer.alloc(size)])
}
