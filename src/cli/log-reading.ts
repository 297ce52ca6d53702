import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { heldLogOf } from '../ledger/follower/held-log.ts'
import { httpLogSource, type LogSource } from '../ledger/follower/log-source.ts'
import { storedLog } from '../ledger/follower/stored-log.ts'
import { Store } from '../store/store.ts'
import { dataFolder, requireDataFolder } from './data-folder.ts'
import { CliError } from './errors.ts'
import { withFollowed } from './held-folder.ts'
import type { Run } from './run.ts'

/**
 * Reads a log for a command: from the folder that --data names, of the log itself or of a follower, on which no node runs;
 * else from the node in the settings. Nothing of it is trusted either way.
 * @throws CliError USAGE, CONFIG_INVALID, DATA_UNAVAILABLE; StoreError where a node runs on the folder
 */
export async function withLog<T>(
  { settings, origins }: Run,
  use: (source: LogSource, name: string) => Promise<T>,
): Promise<T> {
  const given = (name: 'data' | 'node') => origins.get(name) === 'flag'
  if (given('data') && given('node')) throw new CliError('USAGE', 'name a node or a folder, not both')
  if (given('data')) return withFolder(settings.data, use)
  if (!URL.canParse(settings.node)) {
    throw new CliError('CONFIG_INVALID', `the setting node: ${settings.node} is no URL`)
  }
  const url = settings.node.replace(/\/+$/, '')
  return use(httpLogSource(`${url}/log/`), url)
}

async function withFolder<T>(data: string, use: (source: LogSource, name: string) => Promise<T>): Promise<T> {
  const folder = dataFolder(data)
  requireDataFolder(folder)
  if (existsSync(folder.followed)) {
    return withFollowed(folder, store => use(storedLog(store, heldLogOf(store).published ?? ''), data))
  }
  const note = existsSync(folder.checkpoint) ? await readFile(folder.checkpoint, 'utf8') : ''
  const store = await Store.open(folder.log)
  try {
    return await use(storedLog(store, note), data)
  } finally {
    await store.close()
  }
}
