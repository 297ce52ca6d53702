import { Command } from 'commander'
import { type DataFolder, dataFolder, requireDataFolder } from '../data-folder.ts'
import { withExamples, withSettings } from '../options.ts'
import { action, type Host, type Run } from '../run.ts'
import { writersIn } from '../submissions.ts'
import { safeText } from '../terminal.ts'

/** `rootline log writer`: who else may write on the log of a folder. */
export function writerCommand(host: Host): Command {
  const command = new Command('writer').description(
    'Say who else may hand in batches for the log in a folder. It counts at once, also while the node runs.',
  )
  command.addCommand(addCommand(host))
  command.addCommand(listCommand(host))
  command.addCommand(revokeCommand(host))
  return command
}

function addCommand(host: Host): Command {
  const command = new Command('add')
    .argument('<name>', 'what its leaves call it: lower-case letters, digits and hyphens')
    .description(
      'Make a writer, and print its token: once, as only a hash of it is kept. The writer puts it into a file for ' +
        '"rootline up --follow URL --write-token FILE".',
    )
  withExamples(command, 'rootline log writer add alice --data ./node > alice.token')
  return withSettings(command, 'data').action(action(host, add))
}

async function add({ settings, terminal }: Run, name = ''): Promise<undefined> {
  const token = await writersIn(folderOf(settings)).add(name, new Date())
  terminal.result({ writer: name, token }, () => token)
  if (!terminal.json)
    terminal.note('This token is shown once. Whoever has it writes in the name of this writer.')
}

function listCommand(host: Host): Command {
  const command = new Command('list').description('List the writers, and those that once were.')
  withExamples(command, 'rootline log writer list --data ./node')
  return withSettings(command, 'data').action(action(host, list))
}

async function list({ settings, terminal }: Run): Promise<undefined> {
  const writers = await writersIn(folderOf(settings)).list()
  terminal.result({ writers }, () =>
    writers.length === 0
      ? 'nobody but the node itself writes on its log'
      : writers
          .map(({ name, created, revokedAt }) => {
            const end = revokedAt === undefined ? '' : `, revoked ${revokedAt}`
            return safeText(`${name}: since ${created}${end}`)
          })
          .join('\n'),
  )
}

function revokeCommand(host: Host): Command {
  const command = new Command('revoke')
    .argument('<name>', 'the writer')
    .description(
      'End what a writer may do. What it has written stands, and what it was promised is kept; its name is not given again.',
    )
  withExamples(command, 'rootline log writer revoke alice --data ./node')
  return withSettings(command, 'data').action(action(host, revoke))
}

async function revoke({ settings, terminal }: Run, name = ''): Promise<undefined> {
  const { revokedAt } = await writersIn(folderOf(settings)).revoke(name, new Date())
  terminal.result({ writer: name, revokedAt }, () => safeText(`${name} writes no more, since ${revokedAt}`))
}

function folderOf({ data }: Run['settings']): DataFolder {
  const folder = dataFolder(data)
  requireDataFolder(folder)
  return folder
}
