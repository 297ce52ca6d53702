import { describe, expect, it } from 'vitest'
import { rootline, runHere } from './process.ts'

describe('the command line', () => {
  it('prints its version', async () => {
    expect(await rootline(['--version'])).toMatchObject({ status: 0, stdout: '0.1.0\n', stderr: '' })
  })

  it('prints help that begins with examples', async () => {
    for (const args of [['--help'], ['did', 'create', '--help'], ['help', 'did'], ['did', 'create', '-h']]) {
      const { status, stdout, stderr } = await runHere(args)
      expect([status, stderr]).toEqual([0, ''])
      expect(stdout).toContain('Usage: rootline')
      if (args[0] !== 'help') expect(stdout).toMatch(/^Examples:\n {2}rootline /)
    }
  })

  it('refuses with 1 and a code what it does not know, and suggests what was meant', async () => {
    for (const [args, sentence] of [
      [['tuor'], "error USAGE: unknown command 'tuor'\n(Did you mean tour?)"],
      [['did', 'resolv', 'x'], '(Did you mean resolve?)'],
      [['did', 'resolve'], "error USAGE: missing required argument 'did'"],
      [['did', 'resolve', 'a', 'b'], 'error USAGE: too many arguments'],
      [['up', '--lisen', 'x'], "error USAGE: unknown option '--lisen'"],
      [['up', '--listen'], 'error USAGE: option'],
      [['key', 'generate', '--key-type', 'RSA', '--no-input'], 'error USAGE: a key is of one of these types'],
    ] as const) {
      const { status, stdout, stderr } = await runHere([...args])
      expect([args, status, stdout]).toEqual([args, 1, ''])
      expect(stderr).toContain(sentence)
    }
  })

  it('prints its help on stderr and ends with 1 where no command is given', async () => {
    const { status, stdout, stderr } = await rootline([])
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toContain('Usage: rootline')
  })

  it('has no option and no variable for a secret', async () => {
    const { stdout } = await runHere(['did', 'create', '--help'])
    expect(stdout).not.toMatch(/--(passphrase|password|token|key) /)
  })
})
