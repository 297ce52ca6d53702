import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { LedgerError } from '../../src/ledger/errors.ts'
import type { FileRole } from '../../src/sidetree/files/file.ts'
import { ROOTLINE } from '../../src/sidetree/parameters.ts'
import { anchorBatch, storeFiles } from './batches.ts'
import { addService, Controller } from './parts.ts'
import { delegate, NodeWorld, until, type WorldNode } from './world.ts'

const ROLES: readonly FileRole[] = ['coreIndex', 'coreProof', 'provisionalIndex', 'provisionalProof', 'chunk']

/** DIDs on a chain that no node has read yet, and a batch of all kinds of operations that nobody has anchored. */
async function scene() {
  const world = new NodeWorld()
  const [updated, recovered, deactivated, created] = Array.from(
    { length: 4 },
    () => new Controller('Ed25519'),
  ) as [Controller, Controller, Controller, Controller]
  await anchorBatch(
    world,
    [updated, recovered, deactivated].map(did => did.create()),
  )
  const batch = [
    created.create(),
    await recovered.recover([addService('recovered')]),
    await deactivated.deactivate(),
    await updated.update([addService('updated')]),
  ]
  return { world, created, recovered, deactivated, updated, batch }
}

/** What a node answers for DIDs: the bodies, or the codes. */
async function answers(node: WorldNode, dids: readonly Controller[]): Promise<string[]> {
  return Promise.all(
    dids.map(({ did }) =>
      node.resolve(did).then(
        ({ body }) => body.toString(),
        (error: { code: string }) => error.code,
      ),
    ),
  )
}

async function namedIn(node: WorldNode, { did }: Controller): Promise<unknown> {
  const resolution = await node.resolve(did).catch(() => undefined)
  return resolution?.result.didDocumentMetadata['unavailableTransactions']
}

describe('files that cannot be had', () => {
  it.each(ROLES)(
    '(the %s file) are listed with their cause, hold nothing else up, and count once they appear (ion#335)',
    async role => {
      const { world, created, recovered, deactivated, updated, batch } = await scene()
      const { files, transaction } = await anchorBatch(world, batch)
      world.content.failReads('absent', files[role])
      const later = new Controller('Ed25519')
      await anchorBatch(world, [later.create()])
      const node = await world.start()
      await node.settled()
      expect((await answers(node, [later]))[0]).toContain('didDocument')
      const { unresolvable } = await node.status()
      expect(unresolvable.count).toBe(1)
      expect(unresolvable.oldest).toBe(new Date(world.time).toISOString())
      expect(unresolvable.transactions[0]).toMatchObject({
        transactionNumber: transaction.number,
        anchorString: transaction.anchorString,
        code: 'CONTENT_NOT_FOUND',
      })
      // Those that a readable index names say so. Only the provisional index file names updates.
      const names = role === 'coreIndex' ? undefined : [transaction.number]
      expect(await namedIn(node, recovered)).toEqual(names)
      expect(await namedIn(node, deactivated)).toEqual(names)
      expect(await namedIn(node, updated)).toEqual(role === 'provisionalIndex' ? undefined : names)
      world.content.heal()
      world.time += 10_000
      await node.settled()
      await until(async () => (await node.status()).unresolvable.count === 0)
      const fresh = await world.fresh().start()
      await fresh.settled()
      const all = [created, recovered, deactivated, updated, later]
      expect(await answers(node, all)).toEqual(await answers(fresh, all))
      expect((await node.resolve(deactivated.did)).deactivated).toBe(true)
      expect((await node.resolve(updated.did)).result.didDocument?.['service']).toHaveLength(1)
      expect(node.events.filter(event => event.type === 'applied' && event.late)).toHaveLength(1)
    },
  )

  it('are listed still after a restart, and read then', async () => {
    const { world, updated, batch } = await scene()
    const { files } = await anchorBatch(world, batch)
    world.content.failReads('absent', files.chunk)
    const first = await world.start()
    await first.settled()
    await first.kill()
    const node = await world.start()
    await node.settled()
    expect((await node.status()).unresolvable.count).toBe(1)
    world.content.heal()
    world.time += 3_600_000
    await node.settled()
    await until(async () => (await node.status()).unresolvable.count === 0)
    expect((await node.resolve(updated.did)).result.didDocument?.['service']).toHaveLength(1)
  })

  it.each([
    ['absent', 'CONTENT_NOT_FOUND'],
    ['unreachable', 'CONTENT_NOT_REACHABLE'],
    ['lying', 'CONTENT_MISMATCH'],
    ['hanging', 'CONTENT_NOT_REACHABLE'],
  ] as const)('as the source is %s are tried again', async (fault, code) => {
    const { world, updated, batch } = await scene()
    world.settings = { ...world.settings, fetchTimeoutMs: 20 }
    const { files } = await anchorBatch(world, batch)
    world.content.failReads(fault, files.provisionalProof)
    const node = await world.start()
    await node.settled()
    expect((await node.status()).unresolvable.transactions.map(record => record.code)).toEqual([code])
    world.content.heal()
    world.time += 10_000
    await node.settled()
    await until(async () => (await node.status()).unresolvable.count === 0)
    expect((await node.resolve(updated.did)).result.didDocument?.['service']).toHaveLength(1)
  })

  it('are asked for again after waits that double, up to a bound', async () => {
    const { world, batch } = await scene()
    const { files } = await anchorBatch(world, batch)
    world.content.failReads('absent', files.chunk)
    const node = await world.start()
    await node.settled()
    const attempts = () => world.content.asked.filter(cid => cid === files.chunk).length
    const waits: number[] = []
    for (let tries = 1; tries <= 14; tries++) {
      await until(async () => (await node.status()).unresolvable.transactions[0]?.attempts === tries)
      expect(attempts()).toBe(tries)
      const next = Date.parse((await node.status()).unresolvable.transactions[0]?.nextAttempt ?? '')
      waits.push(next - world.time)
      world.time = next - 1
      await node.settled()
      expect(attempts()).toBe(tries)
      world.time = next
      await node.settled()
    }
    // The jitter of these tests is a quarter off.
    const expected = Array.from({ length: 14 }, (_, i) => Math.min(1000 * 2 ** i, 900_000) * 0.75)
    expect(waits).toEqual(expected)
  })

  it('of many transactions are all tried again, and hold new transactions up in none of it', async () => {
    const { world } = await scene()
    world.content.failReads('absent')
    for (let i = 0; i < 40; i++) await anchorBatch(world, [new Controller('Ed25519').create()])
    const node = await world.start()
    await node.settled()
    expect((await node.status()).unresolvable.count).toBe(41)
    // From now on each read waits until the test lets it go.
    const gate = Promise.withResolvers<void>()
    world.content.heal()
    world.content.failReads({ slow: gate.promise })
    world.time += 10_000
    const did = new Controller('Ed25519')
    const { files } = await anchorBatch(world, [did.create()])
    for (const cid of Object.values(files)) world.content.failReads({ slow: Promise.resolve() }, cid)
    await node.settled()
    expect((await answers(node, [did]))[0]).toContain('didDocument')
    gate.resolve()
    await until(async () => {
      await node.settled()
      return (await node.status()).unresolvable.count === 0
    })
  })

  it('do not let the cursor pass where that could not be noted (sidetree PR#1136)', async () => {
    const { world, updated, batch } = await scene()
    const { files } = await anchorBatch(world, batch)
    world.content.failReads('absent', files.chunk)
    // The identity of the store, the first transaction, and this one.
    world.fault = { step: 3, applied: false, kills: false }
    const node = await world.start()
    await until(() => node.events.some(({ type }) => type === 'failed'))
    expect((await node.status()).observer).toMatchObject({ cursor: 1_000_000, lastError: 'no space is left' })
    await node.settled()
    expect((await node.status()).unresolvable.count).toBe(1)
    world.content.heal()
    world.time += 10_000
    await node.settled()
    await until(async () => (await node.status()).unresolvable.count === 0)
    expect((await node.resolve(updated.did)).result.didDocument?.['service']).toHaveLength(1)
  })
})

describe('files that are invalid', () => {
  const notGzip = () => Buffer.from('not gzip')
  /** A chunk file in which the delta of one operation breaks a rule. */
  const oneBadDelta = (bytes: Uint8Array) => {
    const chunk = JSON.parse(gunzipSync(bytes).toString())
    chunk.deltas[0].extra = true
    return gzipSync(JSON.stringify(chunk))
  }

  it.each(['coreIndex', 'coreProof'] as const)(
    '(the %s file) take the whole transaction with them',
    async role => {
      const { world, created, recovered, deactivated, updated, batch } = await scene()
      await anchorBatch(world, batch, { [role]: notGzip })
      const node = await world.start()
      await node.settled()
      const [record] = (await node.transactions(undefined, 10)).slice(1)
      expect(record).toMatchObject({
        outcome: 'invalid',
        operations: 0,
        problems: [{ file: role, code: 'FILE_NOT_GZIP' }],
      })
      expect((await answers(node, [created]))[0]).toBe('DID_UNKNOWN')
      expect(await node.history(recovered.did)).toHaveLength(1)
      expect((await node.resolve(deactivated.did)).deactivated).toBe(false)
      expect(await node.history(updated.did)).toHaveLength(1)
    },
  )

  it.each([
    ['provisionalIndex', notGzip, 'FILE_NOT_GZIP'],
    ['provisionalProof', notGzip, 'FILE_NOT_GZIP'],
    ['chunk', notGzip, 'FILE_NOT_GZIP'],
    ['chunk', oneBadDelta, 'DELTA_MEMBERS_INVALID'],
  ] as const)(
    '(the %s file) take the updates and all deltas with them; creates, recovers and deactivates stay',
    async (role, tamper, code) => {
      const { world, created, recovered, deactivated, updated, batch } = await scene()
      await anchorBatch(world, batch, { [role]: tamper })
      const node = await world.start()
      await node.settled()
      const [record] = (await node.transactions(undefined, 10)).slice(1)
      expect(record).toMatchObject({ outcome: 'applied', operations: 3, problems: [{ file: role, code }] })
      const empty = (await node.resolve(created.did)).result.didDocument
      expect(empty).not.toHaveProperty('verificationMethod')
      expect((await node.history(created.did))[0]).toMatchObject({ applied: true, code: 'DELTA_UNAVAILABLE' })
      expect((await node.history(recovered.did))[1]).toMatchObject({
        applied: true,
        code: 'DELTA_UNAVAILABLE',
      })
      expect((await node.resolve(deactivated.did)).deactivated).toBe(true)
      expect(await node.history(updated.did)).toHaveLength(1)
    },
  )

  it('as they are larger than allowed do not count, and are not asked for again', async () => {
    const { world, created, batch } = await scene()
    const { files } = await anchorBatch(world, batch, { chunk: () => Buffer.alloc(2_000, 1) })
    world.versions = [{ ...ROOTLINE, maxChunkFileBytes: 1_500 }]
    const node = await world.start()
    await node.settled()
    expect((await node.status()).unresolvable.count).toBe(0)
    const [record] = (await node.transactions(undefined, 10)).slice(1)
    expect(record?.problems).toMatchObject([{ file: 'chunk', code: 'FILE_UNUSABLE' }])
    expect((await node.history(created.did))[0]).toMatchObject({ code: 'DELTA_UNAVAILABLE' })
    expect(world.content.asked.filter(cid => cid === files.chunk)).toHaveLength(1)
  })

  it.each([
    ['that expands too far', () => gzipSync(Buffer.alloc(40_000_000)), 'FILE_EXPANDS_TOO_FAR'],
    ['that is nested too deep', () => gzipSync('['.repeat(100_000)), 'FILE_TOO_DEEP'],
    ['with a member twice', () => gzipSync('{"deltas":[],"deltas":[]}'), 'FILE_MEMBER_REPEATED'],
    ['that is cut', (bytes: Uint8Array) => bytes.subarray(0, -5), 'FILE_NOT_GZIP'],
    [
      'with something after it',
      (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.alloc(3)]),
      'FILE_NOT_GZIP',
    ],
    ['that is not UTF-8', () => gzipSync(Buffer.from([0x22, 0xff, 0x22])), 'FILE_NOT_JSON'],
  ] as const)('(a chunk file %s) are known by their code', async (_, chunk, code) => {
    const { world, batch } = await scene()
    await anchorBatch(world, batch, { chunk })
    const node = await world.start()
    await node.settled()
    const [record] = (await node.transactions(undefined, 10)).slice(1)
    expect(record?.problems).toMatchObject([{ file: 'chunk', code }])
  })
})

describe('transactions that are none of Sidetree', () => {
  it.each([
    ['before the first version of the protocol (ion#99)', 'BEFORE_GENESIS'],
    ['with an anchor string that is none', 'ANCHOR_STRING_MALFORMED'],
  ])('%s are passed over', async (_, code) => {
    const world = new NodeWorld()
    const early = new Controller('Ed25519')
    if (code === 'BEFORE_GENESIS') await anchorBatch(world, [early.create()])
    else await world.ledger.anchor('hello', 'stranger')
    world.versions = [{ ...ROOTLINE, genesisTime: code === 'BEFORE_GENESIS' ? 2 : 0 }]
    const did = new Controller('Ed25519')
    await anchorBatch(world, [did.create()])
    const node = await world.start()
    await node.settled()
    const records = await node.transactions(undefined, 10)
    expect(records.map(({ outcome }) => outcome)).toEqual(['invalid', 'applied'])
    expect(records[0]?.problems[0]?.code).toBe(code)
    expect((await node.resolve(did.did)).result.didDocument).not.toBeNull()
    expect((await node.status()).observer).toMatchObject({ lag: 0, running: true })
  })

  it.each([
    '',
    '1',
    '0.Qm',
    '1.Qm.Qm',
    '99999999999999999999.Qm',
    '-1.QmX',
    `1.${'x'.repeat(5000)}`,
    '１.Qm',
  ])('such as %j are invalid, whatever else they are', async anchorString => {
    const world = new NodeWorld()
    world.wrapLedger = ledger => ({
      ...delegate(ledger),
      transactions: async (after, limit) =>
        (await ledger.transactions(after, limit)).map(transaction => ({ ...transaction, anchorString })),
    })
    await world.ledger.anchor('1.x', 'stranger')
    const node = await world.start()
    await node.settled()
    expect((await node.transactions(undefined, 10)).map(({ outcome }) => outcome)).toEqual(['invalid'])
  })
})

describe('the observer', () => {
  it('goes on after an outage of the ledger (sidetree#1050), and answers meanwhile', async () => {
    const { world, updated, batch } = await scene()
    world.settings = { ...world.settings, pollMs: 2 }
    const node = await world.start()
    await node.settled()
    world.ledger.failWith(new LedgerError('LEDGER_UNREACHABLE', 'the chain is away'))
    await until(async () => (await node.status()).observer.lastError === 'the chain is away')
    expect((await node.resolve(updated.did)).result.didDocument).not.toBeNull()
    expect((await node.status()).observer.running).toBe(true)
    world.ledger.failWith(undefined)
    await anchorBatch(world, batch)
    await until(async () => (await node.history(updated.did)).length === 2)
    expect((await node.status()).observer).not.toHaveProperty('lastError')
    await node.stop()
  })

  it('hears of new transactions without polling', async () => {
    const { world, updated, batch } = await scene()
    const node = await world.start()
    await node.settled()
    await anchorBatch(world, batch)
    await until(async () => (await node.history(updated.did)).length === 2)
  })

  it('applies transactions in the order of the ledger, whichever can be read first', async () => {
    const world = new NodeWorld()
    const did = new Controller('Ed25519')
    const gate = Promise.withResolvers<void>()
    const { files } = await anchorBatch(world, [did.create()])
    for (let i = 0; i < 5; i++) await anchorBatch(world, [await did.update([addService(`s${i}`)])])
    world.content.failReads({ slow: gate.promise }, files.chunk)
    const node = await world.start()
    const settled = node.settled()
    await until(() => world.content.asked.length > 20)
    expect(await node.transactions(undefined, 10)).toEqual([])
    gate.resolve()
    await settled
    const applied = node.events.flatMap(event => (event.type === 'applied' ? [event.transaction.number] : []))
    expect(applied).toEqual(world.ledger.chain.map(({ number }) => number))
  })

  it('reads a batch that was anchored twice once', async () => {
    const world = new NodeWorld()
    const did = new Controller('Ed25519')
    const stored = await storeFiles(world.content, [did.create()])
    await world.ledger.anchor(stored.anchorString, 'a')
    await world.ledger.anchor(stored.anchorString, 'b')
    const node = await world.start()
    await node.settled()
    expect((await node.history(did.did)).map(({ applied, code }) => [applied, code])).toEqual([
      [true, undefined],
      [false, 'CREATE_SUPERSEDED'],
    ])
  })
})
