import { Command, CommanderError } from 'commander'
import { EXIT } from '../trust/exit-status.ts'
import { printable } from '../trust/wrap.ts'
import { configCommand } from './commands/config.ts'
import { didCommand } from './commands/did.ts'
import { keyCommand } from './commands/key.ts'
import { logCommand } from './commands/log.ts'
import { mirrorCommand } from './commands/mirror.ts'
import { checkCommand, repairCommand } from './commands/repair.ts'
import { tourCommand } from './commands/tour.ts'
import { upCommand } from './commands/up.ts'
import { witnessCommand } from './commands/witness.ts'
import { failureOf } from './failure.ts'
import { withExamples, withSettings } from './options.ts'
import type { Host } from './run.ts'
import { packageVersion } from './version.ts'

/** The command line with all of its commands. */
export function buildProgram(host: Host): Command {
  const program = new Command('rootline')
    .description('A decentralized-identity node: DIDs whose every step can be checked.')
    .version(packageVersion(), '-v, --version', 'print the version')
    .option('--config <file>', 'file of settings, JSON (default: that of ROOTLINE_CONFIG, or none)')
    .option('--json', 'print the result as JSON')
    .option('--no-input', 'never ask for anything')
    .option('--no-color', 'never colour anything; so does NO_COLOR in the environment')
  withSettings(program, 'timeout')
  withExamples(
    program,
    'rootline tour',
    'rootline up',
    'rootline did create --wait',
    'rootline did resolve DID --explain',
  )
  program.addHelpText('after', EXIT_TEXT)
  const commands = [
    upCommand,
    tourCommand,
    didCommand,
    keyCommand,
    logCommand,
    witnessCommand,
    mirrorCommand,
    checkCommand,
    repairCommand,
    configCommand,
  ]
  for (const make of commands) program.addCommand(make(host))
  prepare(program, host)
  return program
}

const EXIT_TEXT = `
Exit status:
  0   verified, or done
  1   the command or its input cannot be done as given
  2   false: something does not match what was signed or hashed
  3   undecided: something could not be had or is not settled yet; the same may work later
  4   expired, revoked or deactivated
  5   a policy refuses it, or a root is not trusted
  70  a failure of this machine or of this program`

/** Runs a command line and gives its exit status. */
export async function run(argv: readonly string[], host: Host): Promise<number> {
  try {
    await buildProgram(host).parseAsync(argv, { from: 'user' })
    return host.exitStatus
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    // Commander has written its own sentence.
    if (error instanceof CommanderError) return EXIT.usage
    return fail(error, host)
  }
}

function fail(error: unknown, host: Host): number {
  const { code, message, hint, status, stack } = failureOf(error)
  const lines = [`error ${code}: ${message.replaceAll(/\s+/g, ' ')}`]
  if (hint !== undefined) lines.push(`  ${hint}`)
  if (stack !== undefined) lines.push(...stack.split('\n').slice(1))
  host.stderr.write(`${lines.map(printable).join('\n')}\n`)
  return status
}

/** What every command has: one way to fail, options of the program in each help, and where to write. */
function prepare(command: Command, host: Host): void {
  command
    .exitOverride()
    .showHelpAfterError('(see --help)')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: text => host.stdout.write(text),
      writeErr: text => host.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'error USAGE: ')),
    })
  for (const inner of command.commands) prepare(inner, host)
}
