import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { CodecError } from '../codec/errors.ts'
import { type JsonValue, parseJson } from '../codec/json.ts'
import { CliError } from './errors.ts'

/** Largest input of a command, in bytes, where it does not say otherwise. */
const MAX_INPUT = 1 << 20

/** The bytes of a file, or of stdin for `-`, up to a limit. @throws CliError INPUT_UNREADABLE */
export async function readInput(path: string, stdin: Readable, maxBytes = MAX_INPUT): Promise<Buffer> {
  return path === '-' ? readAll(stdin, 'stdin', maxBytes) : readFileUpTo(path, maxBytes)
}

/** The bytes of a file up to a limit, whatever its size is said to be. @throws CliError INPUT_UNREADABLE */
export function readFileUpTo(path: string, maxBytes: number): Promise<Buffer> {
  return readAll(createReadStream(path), path, maxBytes)
}

/** SHA-256 of a file of any size, or of stdin for `-`. @throws CliError INPUT_UNREADABLE */
export async function digestInput(path: string, stdin: Readable): Promise<Buffer> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of path === '-' ? stdin : createReadStream(path)) hash.update(chunk)
  } catch (cause) {
    throw unreadable(path, cause)
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

async function readAll(from: Readable, name: string, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of from) {
      const bytes = Buffer.from(chunk)
      length += bytes.length
      if (length > maxBytes)
        throw new CliError('INPUT_UNREADABLE', `${name} holds more than ${maxBytes} bytes`)
      chunks.push(bytes)
    }
  } catch (cause) {
    throw cause instanceof CliError ? cause : unreadable(name, cause)
  }
  return Buffer.concat(chunks)
}

function unreadable(name: string, cause: unknown): CliError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new CliError('INPUT_UNREADABLE', `${name} cannot be read: ${reason}`, { cause })
}
