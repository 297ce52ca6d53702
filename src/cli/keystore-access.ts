import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Keystore } from '../keys/keystore.ts'
import { firstLine } from './data-folder.ts'
import { CliError } from './errors.ts'
import { ask } from './prompt.ts'
import type { Run } from './run.ts'

/**
 * Opens the keystore of the settings.
 * @param options.make true makes one where there is none
 * @throws CliError PASSPHRASE_MISSING, PASSPHRASES_DIFFER; KeyError as `Keystore.open`
 */
export async function openKeystore(run: Run, options: { make: boolean }): Promise<Keystore> {
  const path = run.settings.keystore
  if (existsSync(path) || !options.make) return Keystore.open(path, await passphrase(run, 'open'))
  const keystore = await Keystore.create(path, await passphrase(run, 'make'))
  run.terminal.note(
    `made the keystore ${path}: keep a copy of it, and its passphrase; nothing can replace them`,
  )
  return keystore
}

async function passphrase(run: Run, purpose: 'open' | 'make'): Promise<string> {
  const { passphraseFile, keystore } = run.settings
  if (passphraseFile !== undefined) return readPassphraseFile(passphraseFile)
  if (!run.interactive) {
    throw new CliError('PASSPHRASE_MISSING', `the passphrase of ${keystore} is not given`, {
      hint: 'put it in a file that only you can read, and name that with --passphrase-file',
    })
  }
  const terminal = { input: run.host.stdin, output: run.host.stderr as NodeJS.WriteStream, echo: false }
  if (purpose === 'open') return ask(`Passphrase of ${keystore}: `, terminal)
  const first = await ask(`New passphrase for ${keystore}: `, terminal)
  if (first === (await ask('The same again: ', terminal))) return first
  throw new CliError('PASSPHRASES_DIFFER', 'the two passphrases differ')
}

async function readPassphraseFile(path: string): Promise<string> {
  try {
    return firstLine(await readFile(path, 'utf8'))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CliError('PASSPHRASE_MISSING', `the passphrase file ${path} cannot be read: ${reason}`, {
      cause,
    })
  }
}
