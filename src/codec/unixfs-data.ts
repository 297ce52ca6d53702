import { CodecError } from './errors.ts'
import { decodeVarint } from './varint.ts'

/** What a dag-pb node is (UnixFS, message Data, enum DataType), by number. */
const TYPES = ['raw', 'directory', 'file', 'metadata', 'symlink', 'HAMT shard'] as const

export type UnixfsType = (typeof TYPES)[number]

/** The UnixFS part of a dag-pb node. Sizes are in bytes. */
export interface UnixfsData {
  type: UnixfsType
  /** Content of this node itself. */
  content: Uint8Array
  /** Content of this node and all its children, where it is given. */
  fileSize?: number
  /** Content of each child. */
  blockSizes: number[]
}

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5

/** Keys of the fields that are read: field number and wire type (UnixFS, message Data). */
const FIELD = {
  type: (1 << 3) | VARINT,
  content: (2 << 3) | BYTES,
  fileSize: (3 << 3) | VARINT,
  blockSize: (4 << 3) | VARINT,
}

/**
 * Decodes the UnixFS message of a node. Other fields (mode, time of modification, fan-out, unknown ones) are skipped;
 * as in protocol buffers, the last of several values counts.
 * @throws CodecError UNIXFS_INVALID
 */
export function decodeUnixfsData(bytes: Uint8Array): UnixfsData {
  const data: Omit<UnixfsData, 'type'> = { content: new Uint8Array(), blockSizes: [] }
  let type: UnixfsType | undefined
  for (let at = 0; at < bytes.length; ) {
    const key = readVarint(bytes, at)
    const field = readField(bytes, key.end, key.value)
    at = field.end
    if (key.value === FIELD.type) type = typeOf(field.value)
    else if (key.value === FIELD.content) data.content = bytes.subarray(field.start, field.end)
    else if (key.value === FIELD.fileSize) data.fileSize = field.value
    else if (key.value === FIELD.blockSize) data.blockSizes.push(field.value)
    else if (isKnown(key.value)) throw invalid('a field has the wrong type', key.end)
  }
  if (type === undefined) throw invalid('it has no type', bytes.length)
  return { type, ...data }
}

/** Reads one field: its number where it is a varint, else 0; and where its bytes start and end. */
function readField(
  bytes: Uint8Array,
  at: number,
  key: number,
): { value: number; start: number; end: number } {
  const field = { value: 0, start: at, end: at }
  switch (key & 7) {
    case VARINT:
      return { ...field, ...readVarint(bytes, at) }
    case FIXED64:
      field.end += 8
      break
    case FIXED32:
      field.end += 4
      break
    case BYTES: {
      const length = readVarint(bytes, at)
      field.start = length.end
      field.end = length.end + length.value
      break
    }
    default:
      throw invalid('a field has a wire type that is not in use', at)
  }
  if (field.end > bytes.length) throw invalid('a field is cut short', at)
  return field
}

/** Fields 1 to 4 have one wire type each, and 0 is no field. */
function isKnown(key: number): boolean {
  return Math.floor(key / 8) <= 4
}

function typeOf(value: number): UnixfsType {
  const type = TYPES[value]
  if (type === undefined) throw invalid(`its type ${value} is unknown`, 0)
  return type
}

function readVarint(bytes: Uint8Array, at: number): { value: number; end: number } {
  try {
    return decodeVarint(bytes, at)
  } catch (cause) {
    throw new CodecError('UNIXFS_INVALID', 'not UnixFS: a number is cut short or too large', {
      offset: at,
      cause,
    })
  }
}

function invalid(reason: string, offset: number): CodecError {
  return new CodecError('UNIXFS_INVALID', `not UnixFS: ${reason}`, { offset })
}
