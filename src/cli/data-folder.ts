import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { encodeBase64url } from '../codec/base64url.ts'
import { EXIT } from '../trust/exit-status.ts'
import { CliError } from './errors.ts'

/** The paths in a node's folder. */
export interface DataFolder {
  path: string
  /** Databases. */
  log: string
  content: string
  node: string
  /** The map of the operations on the log: made anew where it is missing. */
  map: string
  /** The node's database while a repair makes it anew, and once that is done. */
  nodeUnfinished: string
  nodeRebuilt: string
  logKey: string
  token: string
  /** A file for each writer on another machine. */
  writers: string
  /** Database of a log that is followed, in place of `log`, and evidence that it has signed two histories. */
  followed: string
  evidence: string
  /** Receipts of the log that is followed, of batches that are not on it yet, or were not in time. */
  receipts: string
  /** The newest checkpoint that was published: outside of the databases, so that one put back is noticed. */
  checkpoint: string
}

export function dataFolder(path: string): DataFolder {
  return {
    path,
    log: join(path, 'log'),
    followed: join(path, 'followed'),
    evidence: join(path, 'log-evidence.json'),
    receipts: join(path, 'receipts'),
    content: join(path, 'content'),
    node: join(path, 'node'),
    map: join(path, 'map'),
    nodeUnfinished: join(path, 'node.unfinished'),
    nodeRebuilt: join(path, 'node.rebuilt'),
    logKey: join(path, 'log.key'),
    token: join(path, 'token'),
    writers: join(path, 'writers'),
    checkpoint: join(path, 'log-checkpoint'),
  }
}

/** Makes the folder, open to its owner only, where there is none. @throws CliError DATA_UNAVAILABLE */
export function makeDataFolder({ path }: DataFolder): Promise<void> {
  return makeFolder(path)
}

/** Makes a folder, open to its owner only, where there is none. @throws CliError DATA_UNAVAILABLE */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw unavailable(path, cause)
  }
}

/** @throws CliError DATA_UNAVAILABLE where no node has run in the folder */
export function requireDataFolder(folder: DataFolder): void {
  if (
    existsSync(folder.log) ||
    existsSync(folder.followed) ||
    existsSync(folder.node) ||
    existsSync(folder.nodeRebuilt)
  )
    return
  throw new CliError('DATA_UNAVAILABLE', `no node has run in ${folder.path}`, {
    hint: 'name the folder of the node with --data',
  })
}

/** A new token: 256 random bits. */
export function generateToken(): string {
  return encodeBase64url(randomBytes(32))
}

/**
 * The first line of a file that holds a secret and is open to its owner only.
 * @returns undefined where there is no such file
 * @throws CliError SECRET_FILE_UNSAFE, DATA_UNAVAILABLE
 */
export async function readSecretFile(path: string): Promise<string | undefined> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined
    throw unavailable(path, cause)
  }
  try {
    const { mode } = await file.stat()
    // Windows has no such mode bits.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new CliError(
        'SECRET_FILE_UNSAFE',
        `${path} is open to other users of this machine (mode ${(mode & 0o777).toString(8)})`,
        { hint: `take its secret as known to them; make a new one, or: chmod 600 ${path}` },
      )
    }
    return firstLine(await file.readFile('utf8'))
  } finally {
    await file.close()
  }
}

/**
 * Writes a new file that is open to its owner only; after a power cut it is whole or not there.
 * @throws CliError DATA_UNAVAILABLE
 */
export async function writeSecretFile(path: string, secret: string): Promise<void> {
  const next = `${path}.new`
  try {
    await rm(next, { force: true })
    await withFile(next, 'wx', async file => {
      await file.writeFile(`${secret}\n`)
      await file.sync()
    })
    await rename(next, path)
    // The new name is on disk only once its folder is. Windows cannot open folders.
    if (process.platform !== 'win32') await withFile(dirname(path), 'r', folder => folder.sync())
  } catch (cause) {
    throw unavailable(path, cause)
  }
}

export function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? ''
}

export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

async function withFile(
  path: string,
  flags: string,
  use: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const file = await open(path, flags, 0o600)
  try {
    await use(file)
  } finally {
    await file.close()
  }
}

function unavailable(path: string, cause: unknown): CliError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new CliError('DATA_UNAVAILABLE', `${path} cannot be used: ${reason}`, {
    status: EXIT.internal,
    cause,
  })
}
