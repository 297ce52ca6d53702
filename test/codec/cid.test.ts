import fc from 'fast-check'
import { base32 } from 'multiformats/bases/base32'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import {
  cidText,
  cidV0OfBlock,
  cidV0OfDigest,
  DAG_PB,
  isCid,
  parseCid,
  RAW,
  requireBlock,
  sameContent,
} from '../../src/codec/cid.ts'
import { sha256 } from '../../src/codec/hash.ts'
import { multihashOfDigest } from '../../src/codec/multihash.ts'
import { failure } from './failure.ts'

/** `ipfs add` of "hello world\n", as version 0 and the same as version 1. */
const HELLO = 'QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o'
const HELLO_V1 = 'bafybeicg2rebjoofv4kbyovkw7af3rpiitvnl6i7ckcywaq6xjcxnc2mby'
/** `ipfs add --raw-leaves` of "hello world\n". */
const HELLO_RAW = 'bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4'

const MULTIHASH = multihashOfDigest(sha256('x'))
const b = (...bytes: number[]) => base32.encode(Uint8Array.from(bytes))
const qm = (...bytes: number[]) => base58btc.baseEncode(Uint8Array.from(bytes))

describe('parseCid', () => {
  it.each([
    [HELLO, 0, DAG_PB],
    [HELLO_V1, 1, DAG_PB],
    [HELLO_RAW, 1, RAW],
  ])('reads %s', (text, version, codec) => {
    const cid = parseCid(text)
    expect([cid.version, cid.code]).toEqual([version, codec])
    expect(cidText(cid)).toBe(text)
    expect(isCid(text)).toBe(true)
  })

  it('gives the digest of a raw block', () => {
    expect(Buffer.from(parseCid(HELLO_RAW).multihash.digest)).toEqual(sha256('hello world\n'))
  })

  it.each([
    ['nothing', ''],
    ['version 0 in lower case', HELLO.toLowerCase()],
    ['version 0 with a multibase prefix', `z${HELLO}`],
    ['version 0 that is a character short', HELLO.slice(0, -1)],
    ['version 0 with a character more', `${HELLO}1`],
    ['version 0 with white space', ` ${HELLO}`],
    ['version 0 with white space in place of a character', `${HELLO.slice(0, -1)} `],
    ['version 0 with a character outside the alphabet', `${HELLO.slice(0, -1)}0`],
    ['version 0 in base32', base32.encode(MULTIHASH)],
    ['version 1 in upper case', base32.encode(parseCid(HELLO_V1).bytes).toUpperCase()],
    ['version 1 in base58btc', base58btc.encode(parseCid(HELLO_V1).bytes)],
    ['version 1 with padding', `${HELLO_V1}=`],
    ['version 1 with unused bits that are set', `${HELLO_V1.slice(0, -1)}z`],
    ['version 1 with a byte more', b(1, DAG_PB, ...MULTIHASH, 0)],
    ['version 1 with a byte less', b(1, DAG_PB, ...MULTIHASH.subarray(0, -1))],
    ['version 1 with a codec not in its shortest spelling', b(1, 0xf0, 0x00, ...MULTIHASH)],
    ['version 2', b(2, DAG_PB, ...MULTIHASH)],
    ['version 0 written as version 1 is', b(0, DAG_PB, ...MULTIHASH)],
    ['a path', `/ipfs/${HELLO}`],
    ['a URL', `ipfs://${HELLO}`],
    ['a very long text', `b${'a'.repeat(1 << 16)}`],
  ])('refuses %s as invalid', (_, text) => {
    expect(failure(() => parseCid(text))).toBe('CID_INVALID')
    expect(isCid(text)).toBe(false)
  })

  it.each([
    ['another codec, dag-cbor', b(1, 0x71, ...MULTIHASH)],
    ['another codec, libp2p-key', b(1, 0x72, ...MULTIHASH)],
    ['the identity hash', b(1, RAW, 0x00, 2, 1, 2)],
    ['SHA2-512', b(1, RAW, 0x13, 64, ...sha256('x'), ...sha256('y'))],
    ['BLAKE2b-256', b(1, RAW, 0xa0, 0xe4, 0x02, 32, ...sha256('x'))],
    ['a SHA-256 digest that is cut off', b(1, RAW, 0x12, 20, ...sha256('x').subarray(12))],
  ])('refuses %s as unsupported', (_, text) => {
    expect(failure(() => parseCid(text))).toBe('CID_UNSUPPORTED')
    expect(isCid(text)).toBe(false)
  })

  it('has one spelling of each CID, and throws nothing but CodecError', () => {
    const mutated = fc
      .tuple(fc.constantFrom(HELLO, HELLO_V1, HELLO_RAW), fc.nat(60), fc.nat(1), fc.string({ maxLength: 1 }))
      .map(([text, at, removed, inserted]) => text.slice(0, at) + inserted + text.slice(at + removed))
    const binary = fc.uint8Array({ maxLength: 40 })
    const foreign = fc.oneof(
      fc.string(),
      mutated,
      binary.map(bytes => base32.encode(bytes)),
      binary.map(bytes => qm(0x12, 0x20, ...bytes)),
    )
    fc.assert(
      fc.property(foreign, text => {
        if (failure(() => parseCid(text)) !== undefined) return
        const { version, code, multihash } = parseCid(text)
        const rebuilt = CID.create(version, code, CID.decode(parseCid(text).bytes).multihash)
        expect(rebuilt.toString()).toBe(text)
        expect(Buffer.from(multihash.bytes)).toEqual(multihashOfDigest(multihash.digest))
      }),
    )
  })
})

describe('CIDs of blocks', () => {
  it('names a dag-pb block, version 0', () => {
    // The block of an empty UnixFS file.
    expect(cidText(cidV0OfBlock(Buffer.from('0a0408021800', 'hex')))).toBe(
      'QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH',
    )
  })

  it('round-trips every digest', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), digest => {
        const text = cidText(cidV0OfDigest(digest))
        expect(text).toMatch(/^Qm\w{44}$/)
        expect(Uint8Array.from(parseCid(text).multihash.digest)).toEqual(digest)
      }),
    )
  })

  it('takes a digest of another length as misuse', () => {
    expect(() => cidV0OfDigest(new Uint8Array(20))).toThrow(TypeError)
  })

  it('tells the block of a CID from every other', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (block, other) => {
        expect(failure(() => requireBlock(cidV0OfBlock(block), block))).toBeUndefined()
        const same = Buffer.compare(block, other) === 0
        expect(failure(() => requireBlock(cidV0OfBlock(block), other))).toBe(
          same ? undefined : 'CID_MISMATCH',
        )
      }),
    )
  })

  it('does not hash with what is not SHA-256', () => {
    const identity = CID.parse(b(1, RAW, 0x00, 2, 1, 2))
    expect(failure(() => requireBlock(identity, Uint8Array.of(1, 2)))).toBe('CID_UNSUPPORTED')
  })

  it('compares content across versions, and by codec', () => {
    expect(sameContent(parseCid(HELLO), parseCid(HELLO_V1))).toBe(true)
    expect(sameContent(parseCid(HELLO), parseCid(HELLO_RAW))).toBe(false)
    const asRaw = CID.createV1(RAW, parseCid(HELLO).multihash)
    expect(sameContent(parseCid(HELLO), asRaw)).toBe(false)
  })
})
