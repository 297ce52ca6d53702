import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { CodecError } from '../codec/errors.ts'
import { type JsonValue, parseJson } from '../codec/json.ts'
import { CliError } from './errors.ts'

/** Largest input of a command, in bytes, where it does not say otherwise. */
const MAX_INPUT = 1 << 20

/** The bytes of a file, or of stdin, up to a limit, for `-`. @throws CliError INPUT_UNREADABLE */
export async function readInput(path: string, stdin: Readable, maxBytes = MAX_INPUT): Promise<Buffer> {
  try {
    return path === '-' ? await readAll(stdin, maxBytes) : await readFile(path)
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CliError('INPUT_UNREADABLE', `${path} cannot be read: ${reason}`, { cause })
  }
}

/** SHA-256 of a file of any size, or of stdin for `-`. @throws CliError INPUT_UNREADABLE */
export async function digestInput(path: string, stdin: Readable): Promise<Buffer> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of path === '-' ? stdin : createReadStream(path)) hash.update(chunk)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CliError('INPUT_UNREADABLE', `${path} cannot be read: ${reason}`, { cause })
  }
  return hash.digest()
}

/** The JSON in a file, or on stdin for `-`. @throws CliError INPUT_UNREADABLE, INPUT_INVALID */
export async function readJsonInput(path: string, stdin: Readable): Promise<JsonValue> {
  const bytes = await readInput(path, stdin)
  try {
    return parseJson(bytes, { maxBytes: MAX_INPUT })
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause
    const where = path === '-' ? 'stdin' : path
    throw new CliError('INPUT_INVALID', `${where} holds no JSON: ${cause.message}`, { cause })
  }
}

async function readAll(stdin: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    if (length > maxBytes) throw new CliError('INPUT_UNREADABLE', `stdin holds more than ${maxBytes} bytes`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}
