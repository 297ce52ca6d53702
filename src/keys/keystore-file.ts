import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { KeyError, type KeyErrorCode } from './errors.ts'

/** Largest keystore that is read or written, in bytes: some ten thousand keys. */
const MAX_BYTES = 8 << 20
const OWNER_ONLY = 0o600
const LOCK_POLL_MS = 25
const LOCK_HOLDER = /^process \d+ since [\dTZ:.-]+$/

/**
 * The bytes of a keystore file.
 * @throws KeyError KEYSTORE_NOT_FOUND, KEYSTORE_PERMISSIONS, KEYSTORE_TOO_LARGE, KEYSTORE_DAMAGED,
 * KEYSTORE_UNAVAILABLE
 */
export async function readKeystoreFile(path: string): Promise<Buffer> {
  return guard(path, async () => {
    // Without O_NONBLOCK, opening a named pipe would wait for its writer.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      return await readPrivateFile(path, file)
    } finally {
      await file.close()
    }
  })
}

/**
 * Replaces a keystore file as one: after a crash it is the old one or the new one, whole. The caller holds the
 * lock.
 * @throws KeyError KEYSTORE_TOO_LARGE, KEYSTORE_UNAVAILABLE
 */
export async function writeKeystoreFile(path: string, bytes: Uint8Array): Promise<void> {
  if (bytes.length > MAX_BYTES) throw tooLarge(path, bytes.length)
  const temporary = `${path}.new`
  await guard(path, async () => {
    // It may be there from a crash. A new file follows no link and takes over no permissions.
    await rm(temporary, { force: true })
    try {
      await createDurably(temporary, bytes)
      await rename(temporary, path)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
    await syncFolder(dirname(path))
  })
}

/** Makes the folder of a keystore file, for its owner only, where there is none. */
export async function makeKeystoreFolder(path: string): Promise<void> {
  await guard(path, () => mkdir(dirname(path), { recursive: true, mode: 0o700 }))
}

/**
 * Does `work` while holding the lock file beside a keystore file, which keeps every other writer out.
 * @param waitMs how long to wait for another holder, in milliseconds
 * @throws KeyError KEYSTORE_LOCKED, KEYSTORE_UNAVAILABLE
 */
export async function withKeystoreLock<T>(path: string, waitMs: number, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`
  const deadline = performance.now() + waitMs
  while (!(await guard(path, () => tryLock(lock)))) {
    if (performance.now() >= deadline) throw await locked(path, lock)
    await sleep(LOCK_POLL_MS)
  }
  try {
    return await work()
  } finally {
    await guard(path, () => rm(lock, { force: true }))
  }
}

async function readPrivateFile(path: string, file: FileHandle): Promise<Buffer> {
  const status = await file.stat()
  if (!status.isFile()) throw new KeyError('KEYSTORE_UNAVAILABLE', `${path} is not a file`, { path })
  // Windows has no such mode bits.
  if (process.platform !== 'win32' && (status.mode & 0o077) !== 0) {
    const mode = (status.mode & 0o777).toString(8)
    throw new KeyError(
      'KEYSTORE_PERMISSIONS',
      `${path} is open to other users (mode ${mode}): chmod 600 it`,
      { path },
    )
  }
  if (status.size > MAX_BYTES) throw tooLarge(path, status.size)
  const buffer = Buffer.alloc(status.size)
  const { bytesRead } = await file.read(buffer, 0, status.size, 0)
  if (bytesRead === status.size) return buffer
  throw new KeyError('KEYSTORE_DAMAGED', `${path} became shorter while it was read`, { path })
}

async function createDurably(path: string, content: Uint8Array | string): Promise<void> {
  const file = await open(path, 'wx', OWNER_ONLY)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A rename is durable once its folder is. Windows cannot open folders. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function tryLock(lock: string): Promise<boolean> {
  let file: FileHandle
  try {
    file = await open(lock, 'wx', OWNER_ONLY)
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  }
  try {
    await file.writeFile(`process ${process.pid} since ${new Date().toISOString()}`)
    return true
  } catch (error) {
    await rm(lock, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

async function locked(path: string, lock: string): Promise<KeyError> {
  const text = await readFile(lock, 'utf8').catch(() => '')
  const holder = LOCK_HOLDER.test(text) ? text : 'another process'
  return new KeyError(
    'KEYSTORE_LOCKED',
    `${path} is being written by ${holder}. If that process no longer runs, delete ${lock}`,
    { path },
  )
}

function tooLarge(path: string, size: number): KeyError {
  return new KeyError('KEYSTORE_TOO_LARGE', `${path}: ${size} bytes are more than ${MAX_BYTES}`, { path })
}

async function guard<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof KeyError) throw cause
    const missing = systemCode(cause) === 'ENOENT'
    const code: KeyErrorCode = missing ? 'KEYSTORE_NOT_FOUND' : 'KEYSTORE_UNAVAILABLE'
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new KeyError(code, missing ? `there is no keystore ${path}` : `${path}: ${reason}`, { path, cause })
  }
}

function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
