import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Command } from 'commander'
import { ContentError } from '../../content/errors.ts'
import { SourcedContentStore } from '../../content/sourced-content-store.ts'
import { checkNodeStore, rebuildNodeStore } from '../../node/repair.ts'
import { PROTOCOL_VERSIONS } from '../../sidetree/parameters.ts'
import { StoreError } from '../../store/errors.ts'
import { Store } from '../../store/store.ts'
import { EXIT } from '../../trust/exit-status.ts'
import { checkMap } from '../check-map.ts'
import { type DataFolder, dataFolder, requireDataFolder } from '../data-folder.ts'
import { CliError } from '../errors.ts'
import { withExamples, withSettings } from '../options.ts'
import { action, type Host, type Run } from '../run.ts'
import type { Settings } from '../settings.ts'
import type { Terminal } from '../terminal.ts'
import { verifierOf, verifyLogIn } from './log.ts'

/** What was found in one of a folder's databases. */
interface Finding {
  database: 'log' | 'content' | 'node' | 'map'
  /** What was read, in a sentence. */
  read: string
  /** Empty where all is well. */
  problems: string[]
}

/** `rootline check`. */
export function checkCommand(host: Host): Command {
  const command = new Command('check').description(
    "Check a node's folder, with no node running on it: every entry of the log, every block of content, every value and " +
      "state of the node's database, and the map that the log states of the operations, made anew from the files. " +
      'Changes nothing.',
  )
  withExamples(command, 'rootline check --data ./node')
  return withSettings(command, 'data', 'method', 'protocol', 'kubo').action(action(host, check))
}

async function check({ settings, terminal }: Run): Promise<number> {
  const folder = dataFolder(settings.data)
  requireDataFolder(folder)
  const findings = await checkFolder(folder, settings, terminal)
  const sound = findings.every(({ problems }) => problems.length === 0)
  terminal.result({ data: folder.path, sound, findings }, () => findings.map(described).join('\n'))
  if (!sound && !terminal.json) terminal.note('Repair it with: rootline repair')
  return sound ? EXIT.verified : EXIT.false
}

/** `rootline repair`. */
export function repairCommand(host: Host): Command {
  const command = new Command('repair').description(
    "Repair a node's folder, with no node running on it. Damaged blocks of content are taken out, so that they are " +
      "missing rather than wrong; the node's database is made anew from the log and the content, and the operations that " +
      'wait are kept. The old database stays beside it. A damaged log is not repaired: only a copy can replace it.',
  )
  withExamples(command, 'rootline repair --data ./node')
  return withSettings(command, 'data', 'method', 'network', 'protocol', 'policy', 'kubo').action(
    action(host, repair),
  )
}

async function repair({ settings, terminal }: Run): Promise<undefined> {
  const folder = dataFolder(settings.data)
  requireDataFolder(folder)
  await finishUnfinished(folder, terminal)
  await requireSoundLog(folder, terminal)
  await salvage(folder.content, terminal)
  const { discarded, forgotten } = await mendContent(folder, settings, terminal)
  await salvage(folder.node, terminal)
  // It follows from the log and the content, and the next start makes it anew.
  await rm(folder.map, { recursive: true, force: true })
  const rebuilt = await rebuild(folder, settings, terminal)
  const result = { data: folder.path, discarded, forgotten, ...rebuilt }
  terminal.result(result, () =>
    [
      `content: ${discarded.length} damaged blocks were taken out`,
      ...discarded.map(cid => `- ${cid}`),
      ...(forgotten > 0 ? [`- Kubo is asked again about ${forgotten} files when the node runs`] : []),
      `node: made anew from ${rebuilt.transactions} transactions; ${rebuilt.kept} records of its own were kept`,
      ...rebuilt.lost.map(lost => `- lost: ${lost}`),
      ...(rebuilt.unresolvable > 0
        ? [`- the files of ${rebuilt.unresolvable} transactions are missing`]
        : []),
      `the old database is in ${rebuilt.old}`,
    ].join('\n'),
  )
}

async function checkFolder(folder: DataFolder, settings: Settings, terminal: Terminal): Promise<Finding[]> {
  const verifier = await verifierOf(folder)
  let leaves = 0
  return [
    await finding('log', terminal, async () => {
      const { size, root, problems } = await verifyLogIn(folder, verifier)
      leaves = size
      return { read: `${size} entries, root ${root}`, problems }
    }),
    await finding('content', terminal, () => checkContent(folder, settings, terminal)),
    await finding('node', terminal, () =>
      withStore(folder.node, async store => {
        const { values, dids, problems } = await checkNodeStore(store, PROTOCOL_VERSIONS[settings.protocol])
        return { read: `${values} values, the states of ${dids} DIDs`, problems }
      }),
    ),
    await finding('map', terminal, () => checkMapIn(folder, settings, leaves)),
  ]
}

async function checkMapIn(folder: DataFolder, settings: Settings, size: number) {
  const { contentIn } = await composition()
  const location = existsSync(folder.followed) ? folder.followed : folder.log
  const versions = PROTOCOL_VERSIONS[settings.protocol]
  return withStore(location, log =>
    withStore(folder.content, async store => {
      const mapped = { log, size, content: contentIn(store), versions }
      if (!existsSync(folder.map)) return checkMap(mapped)
      return withStore(folder.map, stored => checkMap({ ...mapped, stored }))
    }),
  )
}

/** One database; one that cannot be opened or walked is a finding too. */
async function finding(
  database: Finding['database'],
  terminal: Terminal,
  look: () => Promise<Omit<Finding, 'database'>>,
): Promise<Finding> {
  terminal.progress(`checking ${database}`)
  try {
    return { database, ...(await look()) }
  } catch (error) {
    const damaged =
      (error instanceof StoreError && error.code === 'STORE_CORRUPT') ||
      (error instanceof ContentError && error.code === 'CONTENT_NOT_REACHABLE')
    if (!damaged) throw error
    return { database, read: 'not to its end', problems: [error.message] }
  }
}

/** Each block; each file that was put or kept, whole; and, where Kubo is to hold it too, that it is pinned there. */
async function checkContent({ content: location }: DataFolder, { kubo: url }: Settings, terminal: Terminal) {
  const { contentIn, kuboAt } = await composition()
  const kubo = url === undefined ? undefined : kuboAt(url)
  return withStore(location, async store => {
    const content = contentIn(store)
    const problems: string[] = []
    let blocks = 0
    for await (const { cid, sound } of content.verify()) {
      if (++blocks % 1000 === 0) terminal.progress(`checking content: ${blocks} blocks`)
      if (!sound) problems.push(`the block ${cid} is damaged`)
    }
    let files = 0
    for await (const cid of content.files.all()) {
      if (++files % 100 === 0) terminal.progress(`checking content: ${files} files`)
      if (!(await content.has(cid)))
        problems.push(`the file ${cid} is not whole: name a source of it (--source, --kubo)`)
      if (kubo !== undefined && !(await kubo.isPinned(cid)))
        problems.push(`the file ${cid} is not pinned in Kubo`)
    }
    return { read: `${blocks} blocks, ${files} files`, problems }
  })
}

/** Loaded only where it is needed: it brings the HTTP server with it. */
function composition() {
  return import('../up.ts')
}

async function withStore<T>(location: string, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await Store.open(location)
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

function described({ database, read, problems }: Finding): string {
  if (problems.length === 0) return `${database}: sound (${read})`
  return [`${database}: damaged (${read})`, ...problems.map(problem => `- ${problem}`)].join('\n')
}

/** Goes on where a repair was stopped: the new database is complete once it has its second name. */
async function finishUnfinished(folder: DataFolder, terminal: Terminal): Promise<void> {
  const { node, nodeRebuilt, nodeUnfinished } = folder
  if (!existsSync(node) && existsSync(nodeRebuilt)) {
    terminal.note('finishing a repair that was stopped just before its end')
    await rename(nodeRebuilt, node)
  }
  await rm(nodeUnfinished, { recursive: true, force: true })
  await rm(nodeRebuilt, { recursive: true, force: true })
}

/** Everything else follows from the log, so nothing is done where it is not whole. @throws CliError NOT_REPAIRABLE */
async function requireSoundLog(folder: DataFolder, terminal: Terminal): Promise<void> {
  const follows = existsSync(folder.followed)
  await salvage(follows ? folder.followed : folder.log, terminal)
  const verifier = await verifierOf(folder)
  terminal.progress('verifying the log')
  const { problems } = await verifyLogIn(folder, verifier)
  if (problems.length === 0) return
  throw new CliError('NOT_REPAIRABLE', `the log is damaged: ${problems.slice(0, 3).join('; ')}`, {
    hint: follows
      ? `take away ${folder.followed}: the node reads the log again from where it follows it`
      : 'put back a copy of the folder that is no older than its file log-checkpoint; "rootline check" lists all problems',
    status: EXIT.false,
  })
}

/** Opens a database, and has LevelDB mend its files where it cannot be opened: what cannot be read is left out. */
async function salvage(location: string, terminal: Terminal): Promise<void> {
  try {
    await withStore(location, async () => {})
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'STORE_CORRUPT') throw error
    terminal.note(`${location} cannot be opened: mending its files`)
    await Store.repair(location)
  }
}

/** Takes damaged blocks out, and has Kubo, where there is one, be given again what it may have lost. */
async function mendContent({ content: location }: DataFolder, { kubo }: Settings, terminal: Terminal) {
  const { contentIn } = await composition()
  terminal.progress('checking content')
  return withStore(location, async store => {
    const content = contentIn(store)
    const damaged: string[] = []
    for await (const { cid, sound } of content.verify()) if (!sound) damaged.push(cid)
    for (const cid of damaged) await content.discard(cid)
    const forgotten = kubo === undefined ? 0 : await content.files.forget()
    return { discarded: damaged, forgotten }
  })
}

/**
 * Makes the node's database anew beside the old one and then puts it in its place, so that a stop at any point leaves
 * one of the two whole.
 */
async function rebuild(folder: DataFolder, settings: Settings, terminal: Terminal) {
  const { node, nodeUnfinished, nodeRebuilt } = folder
  const { methodOf, openLedger } = await composition()
  const { log, content: local, sources, close } = await openLedger(settings)
  const content = new SourcedContentStore({ local, sources })
  const made = await withStore(node, from =>
    withStore(nodeUnfinished, to =>
      rebuildNodeStore({
        from,
        to,
        ledger: log,
        content,
        versions: PROTOCOL_VERSIONS[settings.protocol],
        method: methodOf(settings),
        now: Date.now,
        onTransaction: count => terminal.progress(`reading the ledger again: ${count} transactions`),
      }),
    ),
  ).finally(close)
  const old = `${node}.${new Date().toISOString().replaceAll(/[:.]/g, '-')}`
  await rename(nodeUnfinished, nodeRebuilt)
  await rename(node, old)
  await rename(nodeRebuilt, node)
  return { ...made, old }
}
