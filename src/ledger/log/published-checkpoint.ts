import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { LedgerError } from '../errors.ts'

/**
 * The newest checkpoint that has left the process, kept apart from the database, so that a database that was put back
 * to an earlier state is noticed before the log signs a second history.
 */
export interface PublishedCheckpoint {
  /** The note that was written last, or undefined. */
  read(): Promise<string | undefined>
  /** Returns once the note would survive a power cut. */
  write(note: string): Promise<void>
}

/** Keeps the published checkpoint in a file, whose folder must exist. Throws LedgerError LEDGER_UNREACHABLE. */
export function publishedCheckpointFile(path: string): PublishedCheckpoint {
  return {
    async read() {
      try {
        return await readFile(path, 'utf8')
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
        throw unreachable(path, error)
      }
    },
    async write(note) {
      try {
        await replaceFile(path, note)
      } catch (error) {
        throw unreachable(path, error)
      }
    },
  }
}

/** Writes a file so that after a power cut it is whole: the old one or the new one. */
async function replaceFile(path: string, text: string): Promise<void> {
  const next = `${path}.next`
  await withFile(next, 'w', async file => {
    await file.writeFile(text)
    await file.sync()
  })
  await rename(next, path)
  // The new name is on disk only once its folder is.
  await withFile(dirname(path), 'r', folder => folder.sync())
}

async function withFile(
  path: string,
  flags: string,
  use: (file: Awaited<ReturnType<typeof open>>) => Promise<void>,
) {
  const file = await open(path, flags)
  try {
    await use(file)
  } finally {
    await file.close()
  }
}

function unreachable(path: string, cause: unknown): LedgerError {
  return new LedgerError(
    'LEDGER_UNREACHABLE',
    `the record of the published checkpoint, ${path}, cannot be used`,
    cause,
  )
}
