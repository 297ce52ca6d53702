import { chmodSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { ask } from '../../src/cli/prompt.ts'
import { parsePublicJwk } from '../../src/keys/jwk.ts'
import { rootline, workFolder } from './process.ts'

describe('rootline key', () => {
  it('makes keys in an encrypted keystore and lists them without their private parts', async () => {
    const { env } = workFolder()
    const made = await rootline(['key', 'generate', '--key-type', 'P-384', '--label', 'mine'], { env })
    expect(made.status, made.stderr).toBe(0)
    const { kid, alg, ...jwk } = JSON.parse(made.stdout)
    expect(alg).toBe('ES384')
    expect(parsePublicJwk(jwk)).toEqual(jwk)
    const listed = await rootline(['key', 'list', '--json'], { env })
    expect(JSON.parse(listed.stdout).keys).toMatchObject([{ kid, label: 'mine', algorithm: 'ES384' }])
    expect(listed.stdout).not.toContain('"d"')
    expect((await rootline(['key', 'list'], { env })).stdout).toMatch(new RegExp(`^THUMBPRINT .*\n${kid} `))
  })

  it('refuses a keystore that others can read, and one that is not there', async () => {
    const { env, keystore } = workFolder()
    const absent = await rootline(['key', 'list'], { env })
    expect(absent.status).toBe(1)
    expect(absent.stderr).toContain('error KEYSTORE_NOT_FOUND')
    await rootline(['key', 'generate'], { env })
    chmodSync(keystore, 0o644)
    const open = await rootline(['key', 'list'], { env })
    expect(open.status).toBe(1)
    expect(open.stderr).toContain('error KEYSTORE_PERMISSIONS')
  })
})

describe('a question on the terminal', () => {
  function terminal() {
    const input = Object.assign(new PassThrough(), {
      modes: [] as boolean[],
      setRawMode(mode: boolean) {
        this.modes.push(mode)
      },
    })
    const output = new PassThrough()
    const shown: string[] = []
    output.on('data', (chunk: Buffer) => shown.push(chunk.toString()))
    return { input, output, shown }
  }

  it('shows nothing of a passphrase, takes backspace, and leaves the terminal as it was', async () => {
    const { input, output, shown } = terminal()
    const answer = ask('Passphrase: ', { input, output, echo: false })
    for (const text of ['gehx', '\u007f', 'eim\u0007', '\r']) input.write(text)
    expect(await answer).toBe('geheim')
    expect(shown.join('')).toBe('Passphrase: \n')
    expect(input.modes).toEqual([true, false])
  })

  it('ends with INTERRUPTED on ctrl-C and at the end of the input', async () => {
    for (const end of [
      (input: PassThrough) => input.write('abc\u0003'),
      (input: PassThrough) => input.end(),
    ]) {
      const { input, output } = terminal()
      const answer = ask('Passphrase: ', { input, output, echo: false })
      end(input)
      await expect(answer).rejects.toMatchObject({ code: 'INTERRUPTED' })
      expect(input.modes).toEqual([true, false])
    }
  })
})
