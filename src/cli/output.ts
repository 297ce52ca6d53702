import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { CliError } from './errors.ts'

/** Writes a file that is not there yet. @throws CliError OUTPUT_UNWRITABLE */
export async function writeNewFile(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes, { flag: 'wx' })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CliError('OUTPUT_UNWRITABLE', `${path} cannot be written: ${reason}`, { cause })
  }
}

/** Looks before the work is done whose result is to be written. @throws CliError OUTPUT_UNWRITABLE */
export function requireNoFile(path: string): void {
  if (existsSync(path)) throw new CliError('OUTPUT_UNWRITABLE', `${path} is there already`)
}
