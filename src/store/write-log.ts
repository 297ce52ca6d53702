import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** LevelDB, doc/log_format.md: blocks, in which each record has checksum (4), length (2) and type (1) before it. */
const BLOCK = 32_768
const HEADER = 7
/** A record is whole, or the first, a middle or the last part of one. */
const TYPES = 4

/**
 * Looks through the write-ahead logs of a LevelDB folder, which is not open. LevelDB passes over a damaged record when
 * it recovers, and over all that follows in the same block, without a word: writes that were durable are then gone. A
 * record that was cut by the end of the process is the last one of its log, and is no damage.
 * @returns the path of a log in which a sound record follows on a damaged one; undefined where there is none
 */
export async function findDamagedLog(location: string): Promise<string | undefined> {
  const names = await readdir(location).catch(() => [])
  for (const name of names.filter(name => /^\d+\.log$/.test(name))) {
    const path = join(location, name)
    const file = await open(path, 'r')
    try {
      if (await isDamaged(file)) return path
    } finally {
      await file.close()
    }
  }
  return undefined
}

async function isDamaged(file: FileHandle): Promise<boolean> {
  const buffer = Buffer.alloc(BLOCK)
  let damaged = false
  for (let isLast = false; !isLast; ) {
    const { bytesRead } = await file.read(buffer, 0, BLOCK)
    isLast = bytesRead < BLOCK
    const block = buffer.subarray(0, bytesRead)
    const end = endOfSoundRecords(block)
    if (damaged && end > 0) return true
    // What is too short for a record is filled up.
    if (block.length - end < HEADER) continue
    if (hasRecordAfter(block, end)) return true
    damaged = true
  }
  return false
}

/** How far a block consists of sound records. */
function endOfSoundRecords(block: Buffer): number {
  let at = 0
  for (let size = recordSize(block, at); size > 0; size = recordSize(block, at)) at += size
  return at
}

function hasRecordAfter(block: Buffer, start: number): boolean {
  for (let at = start + 1; at <= block.length - HEADER; at++) {
    // An empty record is a few bytes that chance can give.
    if (recordSize(block, at) > HEADER) return true
  }
  return false
}

/** Size of the sound record at an offset, with its header; 0 where there is none. */
function recordSize(block: Buffer, at: number): number {
  if (at + HEADER > block.length) return 0
  const type = block.readUInt8(at + 6)
  const end = at + HEADER + block.readUInt16LE(at + 4)
  if (type < 1 || type > TYPES || end > block.length) return 0
  const crc = crc32c(block.subarray(at + 6, end))
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
  return masked === block.readUInt32LE(at) ? end - at : 0
}

/** CRC-32C (RFC 3720, appendix B.4): another polynomial than that of `node:zlib`. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (let i = 0; i < bytes.length; i++) {
    crc = (CRC32C[(crc ^ (bytes[i] as number)) & 0xff] as number) ^ (crc >>> 8)
  }
  return (crc ^ 0xffffffff) >>> 0
}

const CRC32C = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})
