import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { CodecError } from '../codec/errors.ts'
import { type JsonValue, parseJson } from '../codec/json.ts'
import { CliError } from './errors.ts'

/** Largest file that a command reads, in bytes. */
const MAX_INPUT = 1 << 20

/** The bytes of a file, or of stdin for `-`. @throws CliError INPUT_UNREADABLE */
export async function readInput(path: string, stdin: Readable): Promise<Buffer> {
  try {
    return path === '-' ? await readAll(stdin) : await readFile(path)
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CliError('INPUT_UNREADABLE', `${path} cannot be read: ${reason}`, { cause })
  }
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

async function readAll(stdin: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    if (length > MAX_INPUT) throw new CliError('INPUT_UNREADABLE', `stdin holds more than ${MAX_INPUT} bytes`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}
