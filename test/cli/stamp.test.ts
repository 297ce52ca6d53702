import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateLogKey } from '../../src/ledger/log/key.ts'
import { parseStampProof } from '../../src/ledger/stamp/stamp-proof.ts'
import { COSIGNATURE_V1 } from '../../src/merkle/signature-types.ts'
import { formatSigningKey, parseCosignerKey, parseSigningKey } from '../../src/merkle/signing-key.ts'
import { readyUrl, spawnCommand } from '../faults/process.ts'
import { tempFolder } from '../temp.ts'
import { type NodeProcess, rootline, runHere, up, workFolder } from './process.ts'

const { data, folder, env } = workFolder()
let node: NodeProcess
let vkey: string

beforeAll(async () => {
  node = await up(data)
  vkey = (await runHere(['log', 'key', '--data', data])).stdout.trim()
})
afterAll(async () => {
  await node.stop()
})

const stamp = (...args: string[]) => runHere(['log', 'stamp', ...args], { ...env, ROOTLINE_NODE: node.url })
/** With no settings, no home and no node. */
const verify = (...args: string[]) =>
  runHere(['log', 'verify-stamp', ...args], { ROOTLINE_NODE: 'http://127.0.0.1:9' })

/** A file in a folder of its own. */
function file(content: string | Buffer, name = 'file'): string {
  const path = join(tempFolder(), name)
  writeFileSync(path, content)
  return path
}

describe('rootline log stamp', () => {
  it('writes a proof beside each file, under one leaf, and sends no more than digests', async () => {
    const [first, second] = [file('one'), file(Buffer.alloc(3 << 20, 1))] as const
    const { status, stdout, stderr } = await stamp(first, second, '--json')
    expect([status, stderr]).toEqual([0, ''])
    const { stamps } = JSON.parse(stdout)
    expect(stamps.map((each: { proof: string }) => each.proof)).toEqual([`${first}.stamp`, `${second}.stamp`])
    const proofs = [first, second].map(path => parseStampProof(readFileSync(`${path}.stamp`)))
    for (const [i, path] of [first, second].entries()) {
      const digest = createHash('sha256').update(readFileSync(path)).digest()
      expect(Buffer.from(proofs[i]?.digest ?? [])).toEqual(digest)
      expect(stamps[i].digest).toBe(digest.toString('hex'))
    }
    expect(proofs.map(({ leaf }) => leaf)).toEqual([proofs[0]?.leaf, proofs[0]?.leaf])
    const entries = await fetch(`${node.url}/log/tile/entries/000.p/${(proofs[0]?.log.index ?? 0) + 1}`)
    expect(await entries.text()).not.toContain(stamps[0].digest)
  })

  it('stamps stdin, with the proof where it is told', async () => {
    const proof = join(tempFolder(), 'proof')
    const { status, stderr } = await rootline(['log', 'stamp', '-', '-o', proof], {
      env: { ...env, ROOTLINE_NODE: node.url },
      stdin: 'from stdin',
    })
    expect([status, stderr]).toEqual([0, expect.stringContaining('was not checked')])
    const path = file('from stdin')
    expect((await verify(path, '--proof', proof, '--log-key', vkey)).status).toBe(0)
    const again = await rootline(['log', 'verify-stamp', '-', '--proof', proof, '--log-key', vkey], {
      stdin: 'from stdin',
    })
    expect([again.status, again.stdout]).toEqual([
      0,
      expect.stringContaining('what came on stdin existed before'),
    ])
  })

  it.each([
    ['nothing', () => [], 'missing required argument'],
    ['a file that is not there', () => ['/nonexistent/file'], 'INPUT_UNREADABLE'],
    ['a folder', () => [tempFolder()], 'INPUT_UNREADABLE'],
    ['stdin without a place for the proof', () => ['-'], 'USAGE'],
    ['two files with one place for the proof', () => [file('a'), file('b'), '-o', 'x'], 'USAGE'],
    ['one file twice', () => ['a', 'a'], 'USAGE'],
    ['one file twice, by two names', () => [file('a'), file('b'), './x/../a', 'a'], 'USAGE'],
    ['more files than a stamp is of', () => Array.from({ length: 1025 }, (_, i) => `${i}`), 'USAGE'],
  ])('refuses %s', async (_, args, code) => {
    const { status, stdout, stderr } = await stamp(...args())
    expect([status, stdout, stderr]).toEqual([1, '', expect.stringContaining(code)])
  })

  it('overwrites nothing, and stamps nothing whose proof it could not write', async () => {
    const path = file('a')
    writeFileSync(`${path}.stamp`, 'mine')
    const before = await (await fetch(`${node.url}/log/checkpoint`)).text()
    const { status, stderr } = await stamp(file('b'), path)
    expect([status, stderr]).toEqual([1, expect.stringContaining('OUTPUT_UNWRITABLE')])
    expect(readFileSync(`${path}.stamp`, 'utf8')).toBe('mine')
    expect(await (await fetch(`${node.url}/log/checkpoint`)).text()).toBe(before)
  })

  it('writes the other proofs where one cannot be written', async () => {
    const place = tempFolder()
    const names = ['a', 'b', 'c'].map(name => join(place, name))
    for (const name of names) writeFileSync(name, name)
    // Its proof has a name that is too long: there is no such file before the stamp is made, nor after.
    const long = join(place, 'l'.repeat(250))
    writeFileSync(long, 'long')
    const { status, stdout, stderr } = await stamp(names[0] ?? '', long, ...names.slice(1))
    expect([status, stdout, stderr]).toEqual([1, '', expect.stringContaining('OUTPUT_UNWRITABLE')])
    expect(readdirSync(place).filter(name => name.includes('.'))).toEqual(['a.stamp', 'b.stamp', 'c.stamp'])
    for (const name of names) expect((await verify(name, '--log-key', vkey)).status).toBe(0)
  })

  it('needs the token, and a node', async () => {
    const path = file('a')
    const without = await runHere(['log', 'stamp', path], { ROOTLINE_NODE: node.url })
    expect([without.status, without.stderr]).toEqual([1, expect.stringContaining('TOKEN_MISSING')])
    const nowhere = await runHere(['log', 'stamp', path], { ...env, ROOTLINE_NODE: 'http://127.0.0.1:9' })
    expect([nowhere.status, nowhere.stderr]).toEqual([3, expect.stringContaining('NODE_UNREACHABLE')])
    expect(existsSync(`${path}.stamp`)).toBe(false)
  })

  it('is refused by a node that follows the log of another', async () => {
    const place = join(folder, 'follower')
    const follower = await up(place, ['--follow', node.url, '--log-key', vkey])
    const { status, stderr } = await runHere(['log', 'stamp', file('a')], {
      ROOTLINE_DATA: place,
      ROOTLINE_NODE: follower.url,
    })
    await follower.stop()
    expect([status, stderr]).toEqual([1, expect.stringContaining('LEDGER_READ_ONLY')])
  })
})

describe('rootline log verify-stamp', () => {
  let path: string
  beforeAll(async () => {
    path = file('text')
    expect((await stamp(path)).status).toBe(0)
  })

  it('says before when the file existed, and by whose word, with nothing but the proof and the key', async () => {
    const { status, stdout, stderr } = await verify(path, '--log-key', vkey)
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(/existed before 20\S+Z, by the word of the log \S+ alone\n$/),
    ])
    expect(stderr).toMatch(/^Verified\. 3 checks computed here\./)
    const json = JSON.parse((await verify(path, '--log-key', vkey, '--json')).stdout)
    expect(json).toMatchObject({ file: path, byTheWordOf: 'log', report: { verdict: 'verified' } })
    const explained = await verify(path, '--log-key', vkey, '--explain')
    expect(explained.stdout).toContain('date it back')
  })

  it.each<[string, () => string[], number, string]>([
    ['another file', () => [file('other'), '--proof', `${path}.stamp`], 2, 'STAMP_ROOT'],
    ['the key of another log', () => [path, '--log-key', OTHER], 2, 'CHECKPOINT_SIGNATURE'],
    ['another name of the log', () => [path, '--origin', 'other.example'], 2, 'CHECKPOINT_SIGNATURE'],
    ['a policy that nobody has met', () => [path, '--policy', policyFile()], 3, 'CHECKPOINT_WITNESSED'],
  ])('with %s shows nothing, and says no time', async (_, args, expected, code) => {
    const { status, stdout, stderr } = await verify('--log-key', vkey, ...args())
    expect([status, stdout]).toEqual([expected, expect.stringMatching(/^(rejected|undecided): when/)])
    expect(stdout).not.toMatch(/\d{4}-\d\d-\d\d/)
    expect(stderr).toContain(code)
  })

  it.each<[string, () => string[], string]>([
    ['no key', () => [path], 'USAGE'],
    ['a key that is none', () => [path, '--log-key', 'x'], 'CONFIG_INVALID'],
    ['no proof there', () => [file('b'), '--log-key', vkey], 'INPUT_UNREADABLE'],
    ['a proof that is none', () => [path, '--log-key', vkey, '--proof', file('{}')], 'INPUT_INVALID'],
    ['stdin for a file whose proof is not named', () => ['-', '--log-key', vkey], 'USAGE'],
    [
      'no file there',
      () => ['/nonexistent/x', '--log-key', vkey, '--proof', `${path}.stamp`],
      'INPUT_UNREADABLE',
    ],
  ])('with %s is refused', async (_, args, code) => {
    const { status, stdout, stderr } = await verify(...args())
    expect([status, stdout, stderr]).toEqual([1, '', expect.stringContaining(code)])
  })
})

describe('a node whose log has stamps among its anchors', () => {
  it('is ready behind any number of them, and resolves to a verified document', async () => {
    const create = await runHere(['did', 'create', '--wait', '--json'], { ...env, ROOTLINE_NODE: node.url })
    expect(create.status, create.stderr).toBe(0)
    const { did } = JSON.parse(create.stdout)
    for (const text of ['1', '2', '3']) expect((await stamp(file(text))).status).toBe(0)
    const read = async (path: string) => JSON.parse(await (await fetch(node.url + path)).text())
    const { observer, ledger } = await read('/status')
    expect([observer.lag, observer.cursor]).toEqual([0, ledger.newest])
    const { transactions } = await read('/transactions')
    expect(transactions.map(({ number }: { number: number }) => number)).toEqual([ledger.newest])
    const resolved = await runHere(['did', 'resolve', did, '--json'], { ...env, ROOTLINE_NODE: node.url })
    expect([resolved.status, JSON.parse(resolved.stdout).report.verdict]).toEqual([0, 'verified'])
    // The same from the start, as after a restart.
    await node.stop()
    const check = await runHere(['log', 'verify', '--data', data])
    expect([check.status, check.stdout]).toEqual([0, expect.stringContaining('is whole')])
    node = await up(data)
    const again = await runHere(['did', 'resolve', did, '--json'], { ...env, ROOTLINE_NODE: node.url })
    expect([again.status, JSON.parse(again.stdout).report.verdict]).toEqual([0, 'verified'])
  })
})

describe('a stamp on a log with a witness', () => {
  it.each(['ed25519', 'ml-dsa-44'])(
    'of a key of %s is shown to have existed before the witness cosigned, by its word',
    async type => {
      const logKey = generateLogKey('log.example/stamped')
      const { verifier } = parseSigningKey(logKey)
      const place = workFolder()
      mkdirSync(place.data, { recursive: true, mode: 0o700 })
      writeFileSync(join(place.data, 'log.key'), `${logKey}\n`, { mode: 0o600 })
      const witnessData = join(place.folder, 'witness')
      // The key is there before the witness, and the witness takes it up.
      const made = await runHere(['witness', 'key', '--data', witnessData, '--make', '--type', type])
      expect(made.status, made.stderr).toBe(0)
      const witnessKey = made.stdout.trim()
      const witness = spawnCommand([
        'witness',
        ...['--data', witnessData, '--listen', '127.0.0.1:0', '--log', verifier.vkey],
      ])
      const url = await readyUrl(witness)
      expect((await (await fetch(`${url}/vkey`)).text()).trim()).toBe(witnessKey)
      const policy = join(place.folder, 'policy')
      writeFileSync(policy, `log ${verifier.vkey}\nwitness w ${witnessKey} ${url}\nquorum w\n`)
      const log = await up(place.data, ['--policy', policy])
      const path = file('witnessed')
      const stamping = await runHere(['log', 'stamp', path], { ...place.env, ROOTLINE_NODE: log.url })
      await log.stop()
      witness.child.kill('SIGKILL')
      await witness.end
      expect(stamping.status, stamping.stderr).toBe(0)
      // Neither the log nor the witness is there any more.
      const { status, stdout } = await verify(path, '--policy', policy)
      expect([status, stdout]).toEqual([
        0,
        expect.stringMatching(/existed before 20\S+Z, by the word of a quorum/),
      ])
      const alone = await verify(path, '--log-key', verifier.vkey, '--policy', 'none')
      expect([alone.status, alone.stdout]).toEqual([0, expect.stringContaining('by the word of the log')])
    },
  )
})

const WITNESS = parseCosignerKey(formatSigningKey('w.example', Buffer.alloc(32, 7), COSIGNATURE_V1))
const OTHER = 'log.example+1cc758f9+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c'

function policyFile(): string {
  return file(`witness w ${WITNESS.verifier.vkey}\nquorum w\n`, 'policy')
}
