import { cpSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { didRange, IDENTITY } from '../../src/node/keys.ts'
import { Store } from '../../src/store/store.ts'
import { type Outcome, runHere, up, workFolder } from './process.ts'

const { data, env, folder } = workFolder()
let did: string
let waiting: string

// A folder with two DIDs on the log and one operation that waits, as a kill leaves it.
beforeAll(async () => {
  const node = await up(data)
  const own = { ...env, ROOTLINE_NODE: node.url }
  did = JSON.parse((await runHere(['did', 'create', '--wait', '--json'], own)).stdout).did
  await runHere(['did', 'create', '--wait'], own)
  await node.stop()
  const slow = await up(data, [], { ROOTLINE_BATCH_INTERVAL_MS: '60000' })
  const late = await runHere(['did', 'create', '--json'], { ...env, ROOTLINE_NODE: slow.url })
  waiting = JSON.parse(late.stdout).operation.id
  slow.child.kill('SIGKILL')
  await slow.end
})

let copies = 0
/** A copy of the folder, for one test to damage. */
function copy(): string {
  const path = join(folder, `copy-${++copies}`)
  cpSync(data, path, { recursive: true })
  return path
}

/** Overwrites the value of the first key that begins with `prefix` by one without its checksum's blessing. */
async function damage(location: string, prefix: Buffer): Promise<void> {
  const { ClassicLevel } = await import('classic-level')
  const db = new ClassicLevel<Buffer, Buffer>(location, { keyEncoding: 'buffer', valueEncoding: 'buffer' })
  await db.open()
  for await (const key of db.keys({ gte: prefix })) {
    const value = await db.get(key)
    value?.writeUInt8((value.at(-1) ?? 0) ^ 1, value.length - 1)
    await db.put(key, value ?? Buffer.alloc(0))
    break
  }
  await db.close()
}

/** Has the node's database say that it is of another layout, with states that this version cannot read. */
async function makeOther(path: string): Promise<void> {
  const store = await Store.open(join(path, 'node'))
  const identity = JSON.parse(Buffer.from(store.get(IDENTITY) ?? []).toString())
  const states = await Array.fromAsync(store.keys(didRange()))
  await store.commit([
    { key: IDENTITY, value: JSON.stringify({ ...identity, layout: 0 }) },
    ...states.map(key => ({ key, value: 'of another layout' })),
  ])
  await store.close()
}

const check = (path: string): Promise<Outcome> => runHere(['check', '--data', path, '--json'])
const repair = (path: string): Promise<Outcome> => runHere(['repair', '--data', path, '--json'])

async function problems(path: string): Promise<string[]> {
  const { status, stdout } = await check(path)
  const { sound, findings } = JSON.parse(stdout)
  const found = findings.flatMap((finding: { problems: string[] }) => finding.problems)
  expect([status, sound]).toEqual(found.length === 0 ? [0, true] : [2, false])
  return found
}

/** Runs a node on the folder until what waits is applied, and resolves. */
async function expectWhole(path: string): Promise<void> {
  const node = await up(path)
  const status = async () =>
    (await (await fetch(`${node.url}/operations/${waiting}`)).json()) as { state: string }
  while ((await status()).state !== 'applied') await new Promise(resolve => setTimeout(resolve, 50))
  const resolved = await runHere(['did', 'resolve', did, '--data', path, '--node', node.url])
  expect(resolved.status, resolved.stderr).toBe(0)
  await node.stop()
}

describe('rootline check', () => {
  it('finds nothing in a sound folder and changes nothing', async () => {
    const path = copy()
    const before = readdirSync(path)
    expect(await problems(path)).toEqual([])
    expect(readdirSync(path)).toEqual(before)
    expect((await runHere(['check', '--data', path])).stdout).toMatch(
      /^log: sound .*\ncontent: sound .*\nnode: sound /,
    )
  })

  it('finds damage in each database', async () => {
    const path = copy()
    await damage(join(path, 'log'), Buffer.from('e'))
    await damage(join(path, 'content'), Buffer.from([0x12, 0x20]))
    await damage(join(path, 'node'), Buffer.from('s'))
    const found = await problems(path)
    expect(found).toHaveLength(4)
    expect(found[1]).toMatch(/^the block Qm\w+ is damaged$/)
    expect(found[2]).toMatch(/^the file Qm\w+ is not whole/)
    expect(found[3]).toMatch(/^a value is damaged/)
  })

  it('finds a page of the map that is missing, which a repair makes anew', async () => {
    const path = copy()
    const store = await Store.open(join(path, 'map'))
    const [page] = await Array.fromAsync(store.keys({ gte: Buffer.from('p'), lt: Buffer.from('q') }))
    await store.commit([{ key: page as Uint8Array }])
    await store.close()
    expect(await problems(path)).toEqual([
      'the map that the node has is another than the one that its log comes to',
    ])
    expect((await repair(path)).status).toBe(0)
    await expectWhole(path)
    expect(await problems(path)).toEqual([])
  })

  it('finds a state that is missing, and one that does not follow from its operations', async () => {
    const path = copy()
    const store = await Store.open(join(path, 'node'))
    const [first, second] = await Array.fromAsync(store.keys({ gte: Buffer.from('s'), lt: Buffer.from('t') }))
    await store.commit([
      { key: first as Uint8Array, value: store.get(second as Uint8Array) as Uint8Array },
      { key: second as Uint8Array },
    ])
    await store.close()
    expect((await problems(path)).length).toBeGreaterThan(0)
  })

  it('refuses a database of another layout, as a node does, and names the command that makes it anew', async () => {
    const path = copy()
    await makeOther(path)
    const { status, stdout, stderr } = await check(path)
    expect([status, stdout]).toEqual([70, ''])
    const refusal = /error NODE_STORE_MISMATCH: .* has layout 0, .* reads layout 1: run "rootline repair"/
    expect(stderr).toMatch(refusal)
    await expect(up(path)).rejects.toThrow(refusal)
    expect((await repair(path)).status).toBe(0)
    expect(await problems(path)).toEqual([])
    await expectWhole(path)
  })

  it('finds damage in the record of the layout itself', async () => {
    const path = copy()
    await damage(join(path, 'node'), IDENTITY)
    expect(await problems(path)).toEqual([`a value is damaged (key ${IDENTITY.toString('hex')})`])
  })

  it('refuses a folder on which a node runs, and one on which none ran', async () => {
    const path = copy()
    const node = await up(path)
    expect((await check(path)).stderr).toContain('error STORE_LOCKED')
    await node.stop()
    const none = await check(join(folder, 'none'))
    expect(none.status).toBe(1)
    expect(none.stderr).toContain('error DATA_UNAVAILABLE: no node has run in')
    expect(existsSync(join(folder, 'none'))).toBe(false)
  })
})

describe('rootline repair', () => {
  it('makes the database of the node anew and keeps what waits', async () => {
    const path = copy()
    await damage(join(path, 'node'), Buffer.from('s'))
    const { status, stdout, stderr } = await repair(path)
    expect(status, stderr).toBe(0)
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({ discarded: [], lost: [], transactions: 2, unresolvable: 0 })
    expect(existsSync(result.old)).toBe(true)
    expect(await problems(path)).toEqual([])
    await expectWhole(path)
  })

  it('names what could not be kept', async () => {
    const path = copy()
    await damage(join(path, 'node'), Buffer.from('x'))
    expect(JSON.parse((await repair(path)).stdout).lost).toMatchObject([
      expect.stringContaining('the status of an operation is damaged'),
    ])
  })

  it('takes damaged blocks out, so that they are missing rather than wrong', async () => {
    const path = copy()
    await damage(join(path, 'content'), Buffer.from([0x12, 0x20]))
    const { discarded, unresolvable } = JSON.parse((await repair(path)).stdout)
    expect([discarded.length, unresolvable]).toEqual([1, 1])
    expect(await problems(path)).toEqual([expect.stringMatching(/^the file Qm\w+ is not whole/)])
  })

  it('mends a database of the node that cannot be opened', async () => {
    const path = copy()
    for (const name of readdirSync(join(path, 'node'))) {
      if (/^(CURRENT|MANIFEST)/.test(name)) rmSync(join(path, 'node', name))
    }
    const { status, stderr } = await repair(path)
    expect(status, stderr).toBe(0)
    await expectWhole(path)
  })

  it('can be stopped at any point and run again', async () => {
    const path = copy()
    cpSync(join(path, 'node'), join(path, 'node.unfinished'), { recursive: true })
    const first = await repair(path)
    expect(first.status, first.stderr).toBe(0)
    expect(existsSync(join(path, 'node.unfinished'))).toBe(false)
    renameSync(join(path, 'node'), join(path, 'node.rebuilt'))
    const second = await repair(path)
    expect(second.status, second.stderr).toBe(0)
    expect(existsSync(join(path, 'node.rebuilt'))).toBe(false)
    await expectWhole(path)
  })

  it('leaves a damaged log alone', async () => {
    const path = copy()
    await damage(join(path, 'log'), Buffer.from('e'))
    const before = readdirSync(path)
    const { status, stderr } = await repair(path)
    expect(status).toBe(2)
    expect(stderr).toContain('error NOT_REPAIRABLE: the log is damaged')
    expect(readdirSync(path)).toEqual(before)
  })
})

describe('a log without the record of what it has published', () => {
  it('is not gone on with, unless the operator knows that it is the newest copy', async () => {
    const path = copy()
    rmSync(join(path, 'log-checkpoint'))
    await expect(up(path)).rejects.toThrow(/error LEDGER_ROLLED_BACK[\s\S]*--accept-unknown-history/)
    const node = await up(path, ['--accept-unknown-history'])
    expect((await node.stop()).status).toBe(0)
    await (await up(path)).stop()
  })

  it('is not gone on with where a copy is older than that record, whatever the operator says', async () => {
    const path = copy()
    await expectWhole(path)
    rmSync(join(path, 'log'), { recursive: true })
    cpSync(join(data, 'log'), join(path, 'log'), { recursive: true })
    await expect(up(path, ['--accept-unknown-history'])).rejects.toThrow('error LEDGER_ROLLED_BACK')
  })
})

describe('rootline log', () => {
  it('verify finds the log whole, and damage in it', async () => {
    const path = copy()
    const whole = await runHere(['log', 'verify', '--data', path])
    expect(whole.status).toBe(0)
    expect(whole.stdout).toMatch(
      /^the log localhost\/rootline-\d{8} is whole: 4 entries, root [0-9a-f]{64}\n$/,
    )
    await damage(join(path, 'log'), Buffer.from('e'))
    const damaged = await runHere(['log', 'verify', '--data', path])
    expect(damaged.status).toBe(2)
    expect(damaged.stdout).toContain('is damaged:')
  })

  it('checkpoint prints the note, or its parts', async () => {
    const path = copy()
    const node = await up(path)
    const note = await runHere(['log', 'checkpoint', '--node', node.url])
    expect(note.stdout).toMatch(
      /^localhost\/rootline-\d{8}\n\d+\n\S{44}\n\n— localhost\/rootline-\d{8} \S+\n$/,
    )
    const {
      size,
      origin,
      note: text,
    } = JSON.parse((await runHere(['log', 'checkpoint', '--node', node.url, '--json'])).stdout)
    expect(size).toBeGreaterThanOrEqual(2)
    expect(text.startsWith(`${origin}\n${size}\n`)).toBe(true)
    await node.stop()
    const absent = await runHere(['log', 'checkpoint', '--node', node.url])
    expect(absent.status).toBe(3)
  })
})
