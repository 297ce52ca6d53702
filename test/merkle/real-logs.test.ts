import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/codec/hash.ts'
import { contradict, openCheckpoint, parseCheckpoint } from '../../src/merkle/checkpoint.ts'
import { encodeBundle, parseBundle } from '../../src/merkle/entry-bundle.ts'
import { consistencyProof, inclusionProof, treeRoot } from '../../src/merkle/make-proof.ts'
import { verifyNote } from '../../src/merkle/note.ts'
import { parseTile, tileHashes } from '../../src/merkle/tile.ts'
import { TileBuilder } from '../../src/merkle/tile-builder.ts'
import { tilePath } from '../../src/merkle/tile-path.ts'
import { hashLeaf } from '../../src/merkle/tree.ts'
import { verifyConsistency, verifyInclusion } from '../../src/merkle/verify-proof.ts'
import { parseVkey } from '../../src/merkle/vkey.ts'
import { corpusBytes, corpusJson, hasCorpus } from '../corpus.ts'

describe.runIf(hasCorpus)('the test log of Tessera', () => {
  const folder = 'ledger/tessera-log'
  const sizes = Array.from({ length: 16 }, (_, size) => size)
  const setUp = () => {
    const key = corpusJson<{ vkey: string; origin: string; entries: string[] }>(folder, 'KEY.json')
    const verifier = parseVkey(key.vkey)
    const open = (size: number) =>
      openCheckpoint(corpusBytes(folder, `checkpoint.${size}`), key.origin, verifier)
    return { ...key, open, leafHashes: key.entries.map(entry => hashLeaf(Buffer.from(entry))) }
  }

  it.each(sizes)('its checkpoint of size %d: signature, root, tile and entries', size => {
    const { open, entries, leafHashes } = setUp()
    const checkpoint = open(size)
    expect(checkpoint.size).toBe(size)
    const builder = new TileBuilder()
    builder.append(leafHashes.slice(0, size))
    expect(Buffer.from(builder.root())).toEqual(Buffer.from(checkpoint.root))
    if (size === 0) return
    expect(builder.tail(0)).toEqual(corpusBytes(folder, tilePath({ level: 0, index: 0, width: size })))
    const bundle = corpusBytes(folder, tilePath({ level: 'entries', index: 0, width: size }))
    expect(parseBundle(bundle, size).map(entry => Buffer.from(entry).toString())).toEqual(
      entries.slice(0, size),
    )
    expect(encodeBundle(entries.slice(0, size).map(entry => Buffer.from(entry)))).toEqual(bundle)
  })

  it('each of its checkpoints extends each smaller one, and includes each entry', () => {
    const { open, leafHashes } = setUp()
    const read = (size: number) =>
      tileHashes(size, (level, index, width) => corpusBytes(folder, tilePath({ level, index, width })))
    for (const n of sizes.slice(1)) {
      const { root } = open(n)
      for (let m = 1; m <= n; m++) {
        expect(verifyConsistency(m, n, open(m).root, root, consistencyProof(m, n, read(n)))).toBe(true)
        const proof = inclusionProof(m - 1, n, read(n))
        expect(verifyInclusion(m - 1, n, leafHashes[m - 1] as Buffer, proof, root)).toBe(true)
      }
    }
  })

  it('its newest checkpoint is that of size 15', () => {
    expect(corpusBytes(folder, 'checkpoint')).toEqual(corpusBytes(folder, 'checkpoint.15'))
  })
})

describe.runIf(hasCorpus)('the test logs, witnesses and mirror of Sunlight', () => {
  const folder = 'ledger/sunlight'
  const ROME = '000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706'
  const MILAN = '88ad7a28caeb0b2aa890fdf0304c2fcaf59fca2ee140134ff8c1300bac493482'
  const MIRROR = `${folder}/witness/mirror/${ROME}`
  const keyOf = (file: string) => {
    const { verifier_keys: keys } = corpusJson<{ verifier_keys: [string] }>(folder, file)
    return parseVkey(keys[0])
  }

  it.each([
    ['witness', `witness/${ROME}/checkpoint`, 'witness/witness.v0.json', 'rome2026h1.example.org'],
    ['second witness', `witness2/${MILAN}/checkpoint`, 'witness2/witness.v0.json', 'milan2026h1.example.org'],
    [
      'mirror',
      `witness/mirror/${ROME}/checkpoint`,
      'witness/mirror/mirror.v0.json',
      'rome2026h1.example.org',
    ],
  ])('the %s cosigned, and its folder is the hash of the origin', (_, file, key, origin) => {
    const { text, signatures } = verifyNote(corpusBytes(folder, file), [keyOf(key)])
    expect(signatures.map(signature => [signature.verifier.type, signature.timestamp])).toEqual([
      [0x04, 1_767_139_200],
    ])
    const checkpoint = parseCheckpoint(text)
    expect(checkpoint).toMatchObject({ origin, size: 300 })
    expect(file).toContain(sha256(checkpoint.origin).toString('hex'))
  })

  it('the tiles of the mirror, at two levels, have the root that it cosigned', () => {
    const tile = (level: number, index: number, width: number) =>
      corpusBytes(MIRROR, tilePath({ level, index, width }))
    const root = treeRoot(300, tileHashes(300, tile))
    const { text } = verifyNote(corpusBytes(MIRROR, 'checkpoint'), [keyOf('witness/mirror/mirror.v0.json')])
    expect(Buffer.from(root)).toEqual(Buffer.from(parseCheckpoint(text).root))

    const builder = new TileBuilder()
    const leaves = [...parseTile(tile(0, 0, 256), 256), ...parseTile(tile(0, 1, 44), 44)].map(hash =>
      Buffer.from(hash),
    )
    const changed = builder.append(leaves)
    expect(changed.map(({ level, index, bytes }) => [level, index, bytes])).toEqual([
      [0, 0, tile(0, 0, 256)],
      [1, 0, tile(1, 0, 1)],
    ])
    expect(builder.tail(0)).toEqual(tile(0, 1, 44))
  })

  it('witness and mirror hold checkpoints of one log that contradict', () => {
    const [ofWitness, ofMirror] = [
      verifyNote(corpusBytes(folder, `witness/${ROME}/checkpoint`), [keyOf('witness/witness.v0.json')]),
      verifyNote(corpusBytes(MIRROR, 'checkpoint'), [keyOf('witness/mirror/mirror.v0.json')]),
    ].map(note => parseCheckpoint(note.text)) as [
      ReturnType<typeof parseCheckpoint>,
      ReturnType<typeof parseCheckpoint>,
    ]
    expect(contradict(ofWitness, ofMirror)).toBe(true)
    expect(contradict(ofWitness, ofWitness)).toBe(false)
  })

  it('tiles that are placeholders are refused', () => {
    for (const [level, index, width] of [
      [0, 0, 256],
      [0, 1, 44],
      [1, 0, 1],
    ] as const) {
      const bytes = corpusBytes(folder, 'tree', tilePath({ level, index, width }))
      expect(() => parseTile(bytes, width)).toThrow(expect.objectContaining({ code: 'TILE_INVALID' }))
    }
  })

  it('a file beside the checkpoints that is none is refused', () => {
    expect(() => verifyNote(corpusBytes(folder, 'witness/checkpoint'), [])).toThrow(
      expect.objectContaining({ code: 'NOTE_INVALID' }),
    )
  })
})
