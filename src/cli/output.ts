import { existsSync } from 'node:fs'
import { link, open, rm } from 'node:fs/promises'
import { systemCode } from './data-folder.ts'
import { CliError } from './errors.ts'

/**
 * Writes a file that is not there yet: it is there whole or not at all, whenever the process ends.
 * @throws CliError OUTPUT_UNWRITABLE
 */
export async function writeNewFile(path: string, bytes: Uint8Array): Promise<void> {
  const next = `${path}.${process.pid}.new`
  try {
    await writeFlushed(next, 'w', bytes)
    await link(next, path).catch((error: unknown) => {
      // Some file systems have no links: there it is written in place.
      if (!NO_LINKS.has(systemCode(error) ?? '')) throw error
      return writeFlushed(path, 'wx', bytes)
    })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CliError('OUTPUT_UNWRITABLE', `${path} cannot be written: ${reason}`, { cause })
  } finally {
    await rm(next, { force: true }).catch(() => {})
  }
}

const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

async function writeFlushed(path: string, flags: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, flags)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Looks before the work is done whose result is to be written. @throws CliError OUTPUT_UNWRITABLE */
export function requireNoFile(path: string): void {
  if (existsSync(path)) throw new CliError('OUTPUT_UNWRITABLE', `${path} is there already`)
}
