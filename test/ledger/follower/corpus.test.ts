import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { LedgerError } from '../../../src/ledger/errors.ts'
import { Follower } from '../../../src/ledger/follower/follower.ts'
import { verifyForkEvidence } from '../../../src/ledger/follower/fork-evidence.ts'
import { httpLogSource, type LogSource } from '../../../src/ledger/follower/log-source.ts'
import { RemoteTree } from '../../../src/ledger/follower/remote-tree.ts'
import { openCheckpoint, parseCheckpoint } from '../../../src/merkle/checkpoint.ts'
import { parseNote } from '../../../src/merkle/note.ts'
import { parsePolicy } from '../../../src/merkle/policy.ts'
import { parseTilePath } from '../../../src/merkle/tile-path.ts'
import { parseVkey } from '../../../src/merkle/vkey.ts'
import { corpusBytes, corpusJson, corpusPath, hasCorpus } from '../../corpus.ts'
import { serveHttp } from '../../net/servers.ts'
import { Disk, memoryStore } from '../../node/memory-store.ts'

const SIGNAL = new AbortController().signal
const TESSERA = 'ledger/tessera-log'
const DERIVED = 'ledger/derived/tlog-good-and-fork.json'

/** A published folder over HTTP, whose checkpoint is the note that `note` gives. */
async function served(
  folder: string,
  note: () => Uint8Array | string,
): Promise<LogSource & { close(): Promise<void> }> {
  const server = await serveHttp((request, response) => {
    const path = (request.url ?? '').slice(1)
    const file = corpusPath(folder, path === 'checkpoint' ? path : tile(path))
    if (path === 'checkpoint') response.end(note())
    else if (existsSync(file)) response.end(readFileSync(file))
    else response.writeHead(404).end()
  })
  return { ...httpLogSource(`${server.origin}/`), close: server.close }
}

/** The path of a tile, and of nothing else. */
function tile(path: string): string {
  parseTilePath(path)
  return path
}

/** Follows the log of Tessera's tests, whose entries are plain words. */
async function followTessera() {
  const { vkey, origin, entries } = corpusJson<{ vkey: string; origin: string; entries: string[] }>(
    TESSERA,
    'KEY.json',
  )
  const log = { note: corpusBytes(TESSERA, 'checkpoint.0') as Uint8Array | string }
  const source = await served(TESSERA, () => log.note)
  const verifier = parseVkey(vkey)
  const seen: string[] = []
  const leaves = {
    admit(some: readonly Uint8Array[]) {
      seen.push(...some.map(entry => Buffer.from(entry).toString()))
      return 0
    },
  }
  const store = memoryStore(new Disk())
  const follower = await Follower.open({ store, source, origin, verifier, leaves })
  const look = async (note: Uint8Array | string) => {
    log.note = note
    return follower.look(SIGNAL).then(
      () => undefined,
      (error: unknown) => (error instanceof LedgerError ? error.code : Promise.reject(error)),
    )
  }
  return { follower, look, entries, seen, source, origin, verifier }
}

describe.runIf(hasCorpus)('the log of the tests of Tessera', () => {
  it('is followed checkpoint by checkpoint to its end', async () => {
    const { follower, look, entries, seen, source } = await followTessera()
    for (let size = 0; size <= 15; size++) {
      expect(await look(corpusBytes(TESSERA, `checkpoint.${size}`))).toBeUndefined()
      expect(follower.published?.signed.size).toBe(size)
    }
    expect(seen).toEqual(entries)
    expect(await look(corpusBytes(TESSERA, 'checkpoint.3'))).toBe('LEDGER_CHECKPOINT_OLD')
    await source.close()
  })

  it('is followed in one step', async () => {
    const { follower, look, entries, seen, source } = await followTessera()
    expect(await look(corpusBytes(TESSERA, 'checkpoint'))).toBeUndefined()
    expect([follower.published?.signed.size, seen]).toEqual([15, entries])
    await source.close()
  })
})

describe.runIf(hasCorpus)('the published fork of that log', () => {
  const set = hasCorpus
    ? corpusJson<{
        witnessVkey: string
        good: { [name: string]: string }
        fork: { [name: string]: string }
      }>(DERIVED)
    : { witnessVkey: '', good: {}, fork: {} }
  const [ten, fifteen] = [set.good['checkpoint10'] ?? '', set.good['checkpoint15'] ?? '']
  const [fork14, fork15] = [set.fork['fork14'] ?? '', set.fork['fork15'] ?? '']

  it.each([
    ['at its own size', fork15, [15, 15]],
    ['at a smaller one', fork14, [14, 15]],
  ])('freezes who has followed to 15: %s', async (_, note, sizes) => {
    const { follower, look, origin, verifier, source } = await followTessera()
    await look(fifteen)
    expect(await look(note)).toBe('LEDGER_FROZEN')
    const evidence = follower.evidence
    if (evidence === undefined) throw new TypeError('no evidence was kept')
    expect(verifyForkEvidence(evidence, origin, verifier).proven).toBe(true)
    expect(evidence.checkpoints.map(text => openCheckpoint(text, origin, verifier).size)).toEqual(sizes)
    expect(await look(fifteen)).toBe('LEDGER_FROZEN')
    await source.close()
  })

  it('is not told from an extension by who has seen size 10 alone; both notes of size 15 freeze it', async () => {
    const { follower, look, source } = await followTessera()
    await look(ten)
    // The tiles that are published are those of the good tree.
    expect(await look(fork15)).toBe('LEDGER_SOURCE_INVALID')
    expect(follower.published?.signed.size).toBe(10)
    expect(await look(fifteen)).toBe('LEDGER_FROZEN')
    await source.close()
  })

  it('rolled back to 10 it changes nothing', async () => {
    const { follower, look, source } = await followTessera()
    await look(fifteen)
    expect(await look(ten)).toBe('LEDGER_CHECKPOINT_OLD')
    expect(follower.published?.signed.size).toBe(15)
    expect(follower.evidence).toBeUndefined()
    await source.close()
  })

  it('without the witness of a policy a checkpoint is not applied, and with it is', async () => {
    const { origin, verifier, source: files } = await followTessera()
    const log = { note: fifteen }
    const policy = parsePolicy(`log ${verifier.vkey}\nwitness w ${set.witnessVkey}\nquorum w\n`)
    const source = { ...files, checkpoint: async () => Buffer.from(log.note) }
    const leaves = { admit: () => 0 }
    const follower = await Follower.open({
      store: memoryStore(new Disk()),
      source,
      origin,
      verifier,
      policy,
      leaves,
    })
    await expect(follower.look(SIGNAL)).rejects.toMatchObject({ code: 'LEDGER_QUORUM_MISSING' })
    log.note = set.good['checkpoint15_cosigned'] ?? ''
    await follower.look(SIGNAL)
    expect(follower.published?.signed.size).toBe(15)
    expect(follower.quorumTime()).toBe(1_700_000_015)
    log.note = set.fork['fork15_cosigned_by_misbehaving_witness'] ?? ''
    await expect(follower.look(SIGNAL)).rejects.toMatchObject({ code: 'LEDGER_FROZEN' })
    await files.close()
  })
})

describe.runIf(hasCorpus)('the log of the tests of Sunlight', () => {
  const ROME = '000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706'
  const MIRROR = `ledger/sunlight/witness/mirror/${ROME}`
  const origin = 'rome2026h1.example.org'
  const keyOf = (file: string) =>
    parseVkey(corpusJson<{ verifier_keys: [string] }>('ledger/sunlight', file).verifier_keys[0])
  const checkpointOf = (folder: string) => parseCheckpoint(parseNote(corpusBytes(folder, 'checkpoint')).text)

  it('its tiles lead to its root, cut after any number of leaves', async () => {
    const source = await served(MIRROR, () => corpusBytes(MIRROR, 'checkpoint'))
    const tree = new RemoteTree(source, checkpointOf(MIRROR))
    for (let prefix = 1; prefix <= 300; prefix++) await tree.split(prefix, SIGNAL)
    await source.close()
  })

  it('its tiles do not lead to the root that the witness has cosigned, and placeholders to none', async () => {
    const source = await served(MIRROR, () => '')
    const other = checkpointOf(`ledger/sunlight/witness/${ROME}`)
    await expect(new RemoteTree(source, other).split(200, SIGNAL)).rejects.toMatchObject({
      code: 'LEDGER_SOURCE_INVALID',
    })
    await source.close()
    const placeholders = await served('ledger/sunlight/tree', () => '')
    await expect(new RemoteTree(placeholders, other).split(200, SIGNAL)).rejects.toMatchObject({
      code: 'LEDGER_SOURCE_INVALID',
    })
    await placeholders.close()
  })

  it('its entries are not published, so that nothing is applied', async () => {
    const source = await served(MIRROR, () => corpusBytes(MIRROR, 'checkpoint'))
    const verifier = keyOf('witness/mirror/mirror.v0.json')
    const parts = { store: memoryStore(new Disk()), source, origin, verifier, leaves: { admit: () => 0 } }
    const follower = await Follower.open(parts)
    await expect(follower.look(SIGNAL)).rejects.toMatchObject({ code: 'LEDGER_UNREACHABLE' })
    expect(follower.published).toBeUndefined()
    await source.close()
  })

  it('two checkpoints of one size are evidence against a key only where both are signed by it', () => {
    const notes = [`ledger/sunlight/witness/${ROME}`, MIRROR].map(folder =>
      corpusBytes(folder, 'checkpoint').toString(),
    )
    const evidence = { checkpoints: notes as [string, string], hashes: [] }
    for (const key of ['witness/witness.v0.json', 'witness/mirror/mirror.v0.json']) {
      const { proven, checks } = verifyForkEvidence(evidence, origin, keyOf(key))
      expect(proven).toBe(false)
      expect(checks.filter(({ passed }) => passed).length).toBe(1)
    }
  })
})
