import { timingSafeEqual } from 'node:crypto'
import { existsSync } from 'node:fs'
import { link, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Writer, Writers } from '../api/parts.ts'
import { CodecError } from '../codec/errors.ts'
import { sha256 } from '../codec/hash.ts'
import { type JsonObject, parseJsonObject } from '../codec/json.ts'
import { EXIT } from '../trust/exit-status.ts'
import { generateToken, makeFolder, systemCode, writeSecretFile } from './data-folder.ts'
import { CliError } from './errors.ts'

/** A writer as its file describes it. */
export interface WriterRecord extends Writer {
  /** When it was made, and revoked: RFC 3339. */
  created: string
  revokedAt?: string
}

/** Names of writers: one label, which no path and no token mistakes for something else. */
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const MAX_RECORD = { maxBytes: 1024, maxDepth: 1 }

/**
 * The writers of a log: one file for each in a folder of the node, so that the command which changes one works while the
 * node runs, and counts at once. A file holds the hash of a token, never the token.
 */
export class WriterFiles implements Writers {
  readonly #folder: string
  readonly #reserved: readonly string[]

  /** @param reserved names that others anchor by */
  constructor(folder: string, reserved: readonly string[]) {
    this.#folder = folder
    this.#reserved = reserved
  }

  /**
   * Makes a writer. Its token is in no file.
   * @throws CliError USAGE, WRITER_EXISTS, DATA_UNAVAILABLE
   */
  async add(name: string, now: Date): Promise<string> {
    this.#requireName(name)
    await makeFolder(this.#folder)
    const secret = generateToken()
    const path = this.#path(name)
    const next = `${path}.${secret.slice(0, 8)}`
    await writeSecretFile(next, formatRecord(name, hashOf(secret), now.toISOString()))
    try {
      // Fails where the name is taken, also by a command that runs at the same time.
      await link(next, path)
    } catch (cause) {
      if (systemCode(cause) === 'EEXIST') throw taken(name)
      throw cause
    } finally {
      await rm(next, { force: true })
    }
    return `${name}.${secret}`
  }

  /** Ends what a writer may do. What it wrote stands, so that its name is not given to another. @throws CliError WRITER_UNKNOWN */
  async revoke(name: string, now: Date): Promise<WriterRecord> {
    const found = await this.#read(name)
    if (found === undefined) throw unknown(name)
    if (found.record.revoked) return found.record
    const revokedAt = now.toISOString()
    const next = `${this.#path(name)}.revoked`
    await writeSecretFile(next, formatRecord(name, found.hash, found.record.created, revokedAt))
    await rename(next, this.#path(name))
    return { ...found.record, revoked: true, revokedAt }
  }

  /** All writers, by name. */
  async list(): Promise<WriterRecord[]> {
    if (!existsSync(this.#folder)) return []
    const names = (await readdir(this.#folder)).filter(name => NAME.test(name)).sort()
    const found = await Promise.all(names.map(name => this.#read(name)))
    return found.flatMap(entry => (entry === undefined ? [] : [entry.record]))
  }

  async find(token: string): Promise<Writer | undefined> {
    const [name = '', secret = '', ...rest] = token.split('.')
    if (rest.length > 0 || !NAME.test(name)) return undefined
    const found = await this.#read(name)
    if (found === undefined || !timingSafeEqual(Buffer.from(found.hash, 'hex'), sha256(secret)))
      return undefined
    return { name, revoked: found.record.revoked }
  }

  async #read(name: string): Promise<{ record: WriterRecord; hash: string } | undefined> {
    if (!NAME.test(name)) return undefined
    const path = this.#path(name)
    try {
      return parseRecord(await readFile(path), name, path)
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined
      throw error
    }
  }

  #path(name: string): string {
    return join(this.#folder, name)
  }

  #requireName(name: string): void {
    if (!NAME.test(name)) {
      throw new CliError(
        'USAGE',
        'the name of a writer is of lower-case letters, digits and hyphens, 63 at the most',
      )
    }
    if (this.#reserved.includes(name)) throw taken(name)
  }
}

function formatRecord(name: string, tokenHash: string, created: string, revoked?: string): string {
  return JSON.stringify({ v: 1, name, tokenHash, created, ...(revoked === undefined ? {} : { revoked }) })
}

function parseRecord(bytes: Uint8Array, name: string, path: string): { record: WriterRecord; hash: string } {
  const { v, name: own, tokenHash: hash, created, revoked, ...others } = readObject(bytes, path)
  const isHash = typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash)
  const isRevoked = typeof revoked === 'string'
  if (v !== 1 || own !== name || !isHash || typeof created !== 'string') throw damaged(path)
  if (!(revoked === undefined || isRevoked) || Object.keys(others).length > 0) throw damaged(path)
  const record = { name, created, revoked: isRevoked, ...(isRevoked ? { revokedAt: revoked } : {}) }
  return { record, hash }
}

function readObject(bytes: Uint8Array, path: string): JsonObject {
  try {
    return parseJsonObject(bytes, MAX_RECORD)
  } catch (cause) {
    if (cause instanceof CodecError) throw damaged(path, cause)
    throw cause
  }
}

function hashOf(secret: string): string {
  return sha256(secret).toString('hex')
}

function taken(name: string): CliError {
  return new CliError('WRITER_EXISTS', `there is a writer ${name} already, or was once`, {
    hint: 'choose another name: the leaves that it wrote are told apart by it',
  })
}

function unknown(name: string): CliError {
  return new CliError('WRITER_UNKNOWN', `there is no writer ${name}`, {
    hint: '"rootline log writer list" shows all',
  })
}

function damaged(path: string, cause?: unknown): CliError {
  return new CliError('DATA_UNAVAILABLE', `${path} is not what "rootline log writer" has written`, {
    hint: 'remove it, and make the writer again under another name',
    status: EXIT.internal,
    cause,
  })
}
