import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cosigningBy } from '../../src/cli/cosigning.ts'
import { loadSettings } from '../../src/cli/load-settings.ts'
import { COSIGNATURE_V1 } from '../../src/merkle/signature-types.ts'
import { formatSigningKey, parseCosignerKey, parseSigningKey } from '../../src/merkle/signing-key.ts'
import { tempFolder } from '../temp.ts'

const folder = tempFolder()
const { verifier: LOG } = parseSigningKey(formatSigningKey('log.example', Buffer.alloc(32, 1)))
const { verifier: OTHER } = parseSigningKey(formatSigningKey('other.example', Buffer.alloc(32, 2)))
const VKEYS = ['w0', 'w1', 'w2'].map(
  (name, i) =>
    parseCosignerKey(formatSigningKey(name, Buffer.alloc(32, 3 + i), COSIGNATURE_V1)).verifier.vkey,
)
const many = (i: number) =>
  parseCosignerKey(formatSigningKey(`m${i}`, Buffer.alloc(32, 100 + i), COSIGNATURE_V1)).verifier.vkey
const witness = (i: number, url = '') => `witness w${i} ${VKEYS[i]} ${url}`
const asked = (i: number) => witness(i, `https://w${i}.example`)

function cosigning(...lines: string[]) {
  const policy = join(folder, 'policy')
  writeFileSync(policy, `${lines.join('\n')}\n`)
  const { settings } = loadSettings({ env: {}, platform: 'linux', flags: { policy } })
  return cosigningBy(settings, LOG)
}

describe('the policy of the witnesses of a log, at its start', () => {
  it('names who is asked', async () => {
    const made = await cosigning(asked(0), asked(1), witness(2), 'group g 2 w0 w1 w2', 'quorum g')
    expect(made.cosigning?.status().map(({ name }) => name)).toEqual(['w0', 'w1'])
  })

  it('asks nobody where it asks for no quorum', async () => {
    expect((await cosigning(asked(0), 'quorum none')).cosigning).toBeUndefined()
    const { settings } = loadSettings({ env: {}, platform: 'linux', flags: {} })
    expect((await cosigningBy(settings, LOG)).cosigning).toBeUndefined()
  })

  it.each([
    [
      'those with a URL are no quorum',
      [asked(0), witness(1), witness(2), 'group g 2 w0 w1 w2', 'quorum g'],
      'too few',
    ],
    ['those without a URL are one', [asked(0), witness(1), 'group g any w0 w1', 'quorum g'], 'without a URL'],
    ['a URL has a query', [`${witness(0, 'https://w0.example/?a')}`, 'quorum w0'], 'cannot be asked'],
    [
      'it names more than a checkpoint can carry',
      [...Array.from({ length: 100 }, (_, i) => `witness m${i} ${many(i)} https://w.example`), 'quorum m0'],
      'more witnesses than',
    ],
    ['it is of another log', [`log ${OTHER.vkey}`, asked(0), 'quorum w0'], 'other logs'],
  ])('is refused where %s', async (_, lines, why) => {
    await expect(cosigning(...lines)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(why),
    })
  })

  it.each([
    ['a quorum that nobody is', [asked(0), 'quorum nobody']],
    ['a member that nobody is', [asked(0), 'group g any w0 nobody', 'quorum g']],
    ['more than there are', [asked(0), asked(1), 'group g 3 w0 w1', 'quorum g']],
    ['no quorum at all', [asked(0)]],
  ])('is refused where it names %s', async (_, lines) => {
    await expect(cosigning(...lines)).rejects.toMatchObject({ code: 'INPUT_INVALID' })
  })
})
