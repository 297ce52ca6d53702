import { type CID, cidText } from '../codec/cid.ts'
import { type GetBlock, walkFile } from '../codec/unixfs.ts'
import { encodeVarint } from '../codec/varint.ts'
import { cancellable, contentError, parseContentCid } from './read.ts'
import type { GetOptions } from './types.ts'

/**
 * A file as a CAR, version 1 (IPLD, CARv1): the header, then the blocks depth first, each once and each checked
 * against its CID before it is yielded. What `format=car` of a trustless gateway answers.
 * @throws ContentError as {@link ContentStore.get}, also after the first part has been yielded; or the signal's reason
 */
export async function* writeCar(
  text: string,
  getBlock: GetBlock,
  { maxBytes, signal }: GetOptions,
): AsyncGenerator<Uint8Array> {
  const root = parseContentCid(text)
  const written = new Set<string>()
  let header: Uint8Array | undefined = carHeader(root)
  try {
    for await (const { cid, bytes } of walkFile(root, cancellable(getBlock, signal), { maxBytes })) {
      // After the first block is there, so that a file that cannot be had fails before anything is sent.
      if (header !== undefined) yield header
      header = undefined
      const name = cidText(cid)
      if (written.has(name)) continue
      written.add(name)
      yield frame([cid.bytes, bytes])
    }
  } catch (cause) {
    throw contentError(text, cause)
  }
}

/**
 * The header {"roots": [root], "version": 1} in DAG-CBOR: a map of two; an array of one CID, which is tag 42 and a
 * byte string that starts with 00; and the number 1.
 */
function carHeader(root: CID): Buffer {
  const link = Buffer.concat([Buffer.from([0xd8, 42, 0x58, root.bytes.length + 1, 0]), root.bytes])
  return frame([
    Buffer.from([0xa2, 0x65]),
    Buffer.from('roots'),
    Buffer.from([0x81]),
    link,
    Buffer.from([0x67]),
    Buffer.from('version'),
    Buffer.from([1]),
  ])
}

/** Parts as one, after their length. */
function frame(parts: Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([encodeVarint(length), ...parts])
}
