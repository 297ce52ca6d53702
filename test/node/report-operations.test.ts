import { describe, expect, it } from 'vitest'
import { generatePrivateJwk } from '../../src/keys/generate.ts'
import { publicJwkOf } from '../../src/keys/jwk.ts'
import { signerFromJwk } from '../../src/keys/signer.ts'
import type { PrivateJwk, Signer } from '../../src/keys/types.ts'
import { LedgerError } from '../../src/ledger/errors.ts'
import type { StoredOperation } from '../../src/node/records.ts'
import { buildCreate, buildDeactivate, buildRecover, buildUpdate } from '../../src/sidetree/build.ts'
import { commitmentOf } from '../../src/sidetree/commitment.ts'
import { ROOTLINE } from '../../src/sidetree/parameters.ts'
import { didSuffixOf } from '../../src/sidetree/suffix-data.ts'
import type { CreateRequest, UpdateRequest } from '../../src/sidetree/types.ts'
import { exitStatus } from '../../src/trust/exit-status.ts'
import type { TrustReport } from '../../src/trust/types.ts'
import { addService } from './parts.ts'
import { checksOf, openChecks, ReportWorld, resultsOf, verdictsOf } from './report-world.ts'

const newKey = (): PrivateJwk => generatePrivateJwk('P-256')

/** A DID with its keys in the open, so that a test can use them wrongly. */
class Keys {
  readonly first = newKey()
  readonly second = newKey()
  readonly recovery = newKey()
  readonly create: CreateRequest
  readonly suffix: string

  constructor() {
    const [updateKey, recoveryKey] = [publicJwkOf(this.first), publicJwkOf(this.recovery)]
    this.create = buildCreate({ updateKey, recoveryKey, patches: [addService('born')] }, ROOTLINE)
    this.suffix = didSuffixOf(this.create.suffixData)
  }

  get did(): string {
    return `did:rootline:${this.suffix}`
  }

  update(signer: Signer = signerFromJwk(this.first), window: object = {}): Promise<UpdateRequest> {
    const nextUpdateKey = publicJwkOf(this.second)
    const input = { didSuffix: this.suffix, signer, nextUpdateKey, patches: [addService('new')], ...window }
    return buildUpdate(input, ROOTLINE)
  }
}

/** A stored operation as if it counted, with what its request says. */
function countedAs(stored: StoredOperation, { delta }: UpdateRequest, reveals?: string): StoredOperation {
  const { problem: _, deltaProblem: __, ...checked } = stored.checked
  const made = { ...checked, patches: delta.patches, nextUpdateCommitment: delta.updateCommitment }
  return { ...stored, checked: reveals === undefined ? made : { ...made, reveals } }
}

const started = () => new ReportWorld().start()

/** Nothing is verified, and the answer is not what the files come to. */
function expectRefused(report: TrustReport): void {
  expect(report.verdict).toBe('rejected')
  expect(exitStatus(report)).toBe(2)
  expect(resultsOf(report, 'STATE_RECOMPUTED')).not.toContain('pass')
  expect(resultsOf(report, 'DID_ACTIVE')).toEqual(['undecided'])
  const { document, active } = verdictsOf(report)[1]
  expect(document).toBe('rejected')
  expect(active).not.toBe('verified')
}

describe('a database that answers from what its files do not say', () => {
  it('an operation that another key has signed, under the right reveal value', async () => {
    const [world, keys] = [await started(), new Keys()]
    const thief = signerFromJwk(newKey())
    const forger: Signer = { ...thief, publicJwk: publicJwkOf(keys.first), sign: bytes => thief.sign(bytes) }
    const update = await keys.update(forger)
    await world.anchor([keys.create])
    await world.anchor([update])
    const honest = await world.explain(keys.did)
    expect(honest.verdict).toBe('verified')
    expect(checksOf(honest, 'OPERATION_IGNORED')[0]?.detail).toContain('left out for SIGNATURE_INVALID')
    await world.plant(
      keys.suffix,
      ([create, forged]) => [create, countedAs(forged as never, update)] as never,
    )
    const report = await world.explain(keys.did)
    expectRefused(report)
    expect(resultsOf(report, 'OPERATION_SIGNATURE')).toEqual(['fail'])
    expect(resultsOf(report, 'REVEAL_COMMITMENT')).toEqual(['pass'])
    expect(resultsOf(report, 'DELTA_HASH')).toEqual(['pass'])
  })

  it('what is wrong in files that no ledger vouches for is undecided, not false', async () => {
    const [world, keys] = [await started(), new Keys()]
    const thief = signerFromJwk(newKey())
    const update = await keys.update({
      ...thief,
      publicJwk: publicJwkOf(keys.first),
      sign: bytes => thief.sign(bytes),
    })
    await world.anchor([keys.create])
    const { number } = await world.anchor([update])
    await world.plant(
      keys.suffix,
      ([create, forged]) => [create, countedAs(forged as never, update)] as never,
    )
    world.lies.proof = async (position, honest) => {
      if (position.number === number) throw new LedgerError('LEDGER_UNREACHABLE', 'it does not answer')
      return honest
    }
    const report = await world.explain(keys.did)
    expect(resultsOf(report, 'OPERATION_SIGNATURE')).toEqual(['undecided'])
    expect(resultsOf(report, 'STATE_RECOMPUTED')).toEqual(['undecided'])
    expect([report.verdict, exitStatus(report)]).toEqual(['undecided', 3])
  })

  it('an operation of another DID under the name of this one', async () => {
    const [world, keys, neighbour] = [await started(), new Keys(), new Keys()]
    await world.anchor([keys.create, neighbour.create])
    let foreign: StoredOperation | undefined
    await world.tamper(async store => {
      foreign = (await store.operations(neighbour.suffix))[0]
    })
    await world.plant(keys.suffix, () => (foreign === undefined ? [] : [foreign]))
    const report = await world.explain(keys.did)
    expectRefused(report)
    expect(checksOf(report, 'FILE_LISTS_OPERATION')).toMatchObject([
      { result: 'fail', detail: 'The files list no operation of this DID at its place.' },
    ])
  })

  it('an operation whose key nobody committed to', async () => {
    const [world, keys] = [await started(), new Keys()]
    const update = await keys.update(signerFromJwk(newKey()))
    await world.anchor([keys.create])
    await world.anchor([update])
    const commitment = commitmentOf(publicJwkOf(keys.first))
    await world.plant(
      keys.suffix,
      ([create, foreign]) => [create, countedAs(foreign as never, update, commitment)] as never,
    )
    const report = await world.explain(keys.did)
    expectRefused(report)
    expect(resultsOf(report, 'REVEAL_COMMITMENT')).toEqual(['fail'])
    expect(resultsOf(report, 'OPERATION_SIGNATURE')).toEqual(['pass'])
  })

  it('an operation whose delta is another one', async () => {
    const [world, keys, neighbour] = [await started(), new Keys(), new Keys()]
    const updates = [await keys.update(), await neighbour.update()] as const
    await world.anchor([keys.create, neighbour.create])
    await world.anchor([...updates], deltas => deltas.toReversed())
    expect((await world.explain(keys.did)).verdict).toBe('verified')
    await world.plant(
      keys.suffix,
      ([create, swapped]) => [create, countedAs(swapped as never, updates[1])] as never,
    )
    const report = await world.explain(keys.did)
    expectRefused(report)
    expect(resultsOf(report, 'DELTA_HASH')).toEqual(['fail'])
    expect(resultsOf(report, 'OPERATION_SIGNATURE')).toEqual(['pass'])
  })

  it('a create whose delta is another one: by the protocol, its document is empty', async () => {
    const [world, keys, neighbour] = [await started(), new Keys(), new Keys()]
    await world.anchor([keys.create, neighbour.create], deltas => deltas.toReversed())
    const honest = await world.explain(keys.did)
    expect(honest.verdict).toBe('verified')
    expect(checksOf(honest, 'PATCHES_IGNORED')[0]?.detail).toContain('DELTA_HASH_MISMATCH')
    expect(checksOf(honest, 'CREATE_DELTA_HASH')).toEqual([])
    await world.plant(keys.suffix, ([create]) => [countedAs(create as never, neighbour.create as never)])
    const report = await world.explain(keys.did)
    expectRefused(report)
    expect(resultsOf(report, 'CREATE_DELTA_HASH')).toEqual(['fail'])
  })

  it('an operation at a place where the files list that of another DID', async () => {
    const [world, keys, neighbour] = [await started(), new Keys(), new Keys()]
    await world.anchor([keys.create, neighbour.create])
    await world.plant(keys.suffix, ([create]) => {
      const { checked, position } = create as StoredOperation
      return [{ checked, position: { ...position, operationIndex: 1 - position.operationIndex } }]
    })
    const report = await world.explain(keys.did)
    expectRefused(report)
    expect(openChecks(report)).toContain('FILE_LISTS_OPERATION fail')
  })

  it('an operation that is not the one which the files list', async () => {
    const [world, keys] = [await started(), new Keys()]
    await world.anchor([keys.create])
    await world.plant(keys.suffix, ([create]) => {
      const { checked, ...rest } = create as StoredOperation
      return [{ ...rest, checked: { ...checked, digest: Buffer.alloc(32, 7).toString('base64url') } }]
    })
    const report = await world.explain(keys.did)
    expectRefused(report)
    expect(resultsOf(report, 'FILE_LISTS_OPERATION')).toEqual(['fail'])
  })

  it('a state that its operations do not come to', async () => {
    const [world, keys] = [await started(), new Keys()]
    await world.anchor([keys.create])
    await world.tamper((store, batch) => {
      const state = store.state(keys.suffix)
      if (state === undefined) throw new TypeError('no state')
      batch.setState(keys.suffix, { ...state, document: {} })
    })
    const report = await world.explain(keys.did)
    expectRefused(report)
    expect(openChecks(report)).toEqual(['DID_ACTIVE undecided', 'STATE_RECOMPUTED fail'])
  })

  it('patches that the delta does not have', async () => {
    const [world, keys] = [await started(), new Keys()]
    await world.anchor([keys.create])
    await world.plant(keys.suffix, ([create]) => {
      const { checked, position } = create as StoredOperation
      return [{ position, checked: { ...checked, patches: [addService('planted')] } }]
    })
    expectRefused(await world.explain(keys.did))
  })

  it('an operation that counts and is held to be void', async () => {
    const [world, keys] = [await started(), new Keys()]
    await world.anchor([keys.create])
    await world.anchor([await keys.update()])
    await world.plant(keys.suffix, ([create, update]) => {
      const { checked, ...rest } = update as StoredOperation
      return [create as StoredOperation, { ...rest, checked: { ...checked, problem: 'SIGNATURE_INVALID' } }]
    })
    const report = await world.explain(keys.did)
    expectRefused(report)
    expect(resultsOf(report, 'OPERATION_IGNORED')).toEqual(['undecided'])
    expect(verdictsOf(report)[1]['newest']).toBe('undecided')
  })

  it('no operations at all', async () => {
    const [world, keys] = [await started(), new Keys()]
    await world.anchor([keys.create])
    await world.tamper(async (store, batch) => {
      for (const { checked } of await store.operations(keys.suffix)) {
        batch.setOperations(keys.suffix, checked.reveals, [])
      }
    })
    const report = await world.explain(keys.did)
    expect(report.verdict).toBe('undecided')
    expect(openChecks(report)).toEqual(['DID_ACTIVE undecided', 'STATE_RECOMPUTED undecided'])
  })

  it('a transaction that the ledger has otherwise', async () => {
    const [world, keys] = [await started(), new Keys()]
    const { number } = await world.anchor([keys.create])
    await world.anchor([new Keys().create])
    await world.tamper((store, batch) => {
      const record = store.transaction(number)
      if (record === undefined) throw new TypeError('no record')
      const anchorString = record.transaction.anchorString.replace('1.', '2.')
      const changed = { ...record, transaction: { ...record.transaction, anchorString } }
      batch.set(Buffer.from(`t${'\0'.repeat(7)}${String.fromCharCode(number)}`, 'latin1'), changed)
    })
    const report = await world.explain(keys.did)
    expect(openChecks(report)).toEqual(['DID_ACTIVE undecided', 'LEAF_ANCHOR fail'])
    expect(exitStatus(report)).toBe(2)
  })
})

describe('operations that count for nothing', () => {
  it('are read again, and each says why', async () => {
    const [world, keys] = [await started(), new Keys()]
    await world.anchor([keys.create])
    await world.anchor([keys.create])
    await world.anchor([await keys.update(signerFromJwk(newKey()))])
    const report = await world.explain(keys.did)
    expect(openChecks(report)).toEqual([])
    expect(checksOf(report, 'OPERATION_IGNORED').map(({ detail }) => detail)).toEqual([
      'Operation 0 of transaction 1 (create) was read again and is left out for CREATE_SUPERSEDED.',
      'Operation 0 of transaction 2 (update) was read again and is left out for COMMITMENT_UNKNOWN.',
    ])
    const uri = (await world.node.transactions(1, 1))[0]?.files[0]?.uri
    world.lies.content = (cid, get) => (cid === uri ? Promise.resolve(Buffer.from('lie')) : get())
    const lied = await world.explain(keys.did)
    expect(verdictsOf(lied)).toEqual([
      'undecided',
      { document: 'verified', active: 'verified', newest: 'undecided' },
    ])
  })

  it('are listed up to a number, and counted beyond it', async () => {
    const [world, keys] = [await started(), new Keys()]
    await world.anchor([keys.create])
    for (let i = 0; i < 60; i++) await world.anchor([keys.create])
    const report = await world.explain(keys.did)
    expect(report.verdict).toBe('verified')
    expect(checksOf(report, 'OPERATION_IGNORED')).toHaveLength(51)
    expect(checksOf(report, 'OPERATION_IGNORED').at(-1)?.detail).toContain(
      '10 more operations were read again',
    )
    world.lies.proof = ({ number }, honest) => (number === 59 ? { ...honest, inclusion: [] } : honest)
    const lied = await world.explain(keys.did)
    expect(openChecks(lied)).toEqual(['LOG_INCLUSION fail', 'OPERATION_IGNORED undecided'])
    expect(verdictsOf(lied)).toEqual([
      'undecided',
      { document: 'verified', active: 'verified', newest: 'undecided' },
    ])
  })
})

describe('the life of a DID', () => {
  it('a deactivated DID is rejected, with the status of what is no longer in force', async () => {
    const [world, keys] = [await started(), new Keys()]
    await world.anchor([keys.create])
    await world.anchor([await keys.update()])
    const before = (await world.node.resolve(keys.did)).result.didDocumentMetadata['versionId'] as string
    world.wait(60)
    const deactivate = await buildDeactivate(
      { didSuffix: keys.suffix, signer: signerFromJwk(keys.recovery) },
      ROOTLINE,
    )
    const { uris } = await world.anchor([deactivate])
    const report = await world.explain(keys.did)
    expect(openChecks(report)).toEqual(['DID_ACTIVE fail'])
    expect(verdictsOf(report)).toEqual([
      'rejected',
      { document: 'verified', active: 'rejected', newest: 'verified' },
    ])
    expect(exitStatus(report)).toBe(4)
    expect(checksOf(report, 'DID_ACTIVE')[0]?.to).toBe(checksOf(report, 'STATE_RECOMPUTED')[0]?.to)
    const version = await world.explain(keys.did, { versionId: before })
    expect(verdictsOf(version)).toEqual(['verified', { document: 'verified', active: 'verified' }])
    expect(version.claims[1]?.statement).toBe('The DID was active at this version.')
    world.lies.content = (cid, get) =>
      cid === uris['coreProof'] ? Promise.resolve(Buffer.from('lie')) : get()
    const lied = await world.explain(keys.did)
    expect([lied.verdict, exitStatus(lied)]).toEqual(['undecided', 3])
    expect((await world.explain(keys.did, { versionId: before })).verdict).toBe('undecided')
  })

  it('a recovered DID stands on its recoveries, and says that what was before is replaced', async () => {
    const [world, keys] = [await started(), new Keys()]
    await world.anchor([keys.create])
    await world.anchor([await keys.update()])
    const recover = await buildRecover(
      {
        didSuffix: keys.suffix,
        signer: signerFromJwk(keys.recovery),
        nextUpdateKey: publicJwkOf(newKey()),
        nextRecoveryKey: publicJwkOf(newKey()),
        patches: [addService('recovered')],
      },
      ROOTLINE,
    )
    await world.anchor([recover])
    const report = await world.explain(keys.did)
    expect(report.verdict).toBe('verified')
    expect(checksOf(report, 'PATCHES_APPLIED').map(({ detail }) => detail)).toEqual([
      '1 patch was applied; a later recover or deactivate replaced what they made.',
      '1 patch was applied.',
    ])
    expect(checksOf(report, 'OPERATION_IGNORED')).toMatchObject([
      { result: 'pass', detail: expect.stringContaining('replaced by a later recover') },
    ])
    const [reveal] = checksOf(report, 'REVEAL_COMMITMENT')
    expect(reveal?.to).toBe('operation-0')
  })

  it('an operation with a time window stands on the word of the ledger about its time', async () => {
    const [world, keys] = [await started(), new Keys()]
    const now = Math.floor(world.log.time / 1000)
    await world.anchor([keys.create])
    await world.anchor([
      await keys.update(signerFromJwk(keys.first), { anchorFrom: now - 9, anchorUntil: now + 9 }),
    ])
    const report = await world.explain(keys.did)
    expect(report.verdict).toBe('verified')
    expect(resultsOf(report, 'ANCHOR_WINDOW')).toEqual(['pass'])
    expect(checksOf(report, 'LEAF_TIME')).toHaveLength(1)
    expect(report.claims[0]?.needs).toMatchObject({
      all: expect.arrayContaining([{ edge: checksOf(report, 'LEAF_TIME')[0]?.id }]),
    })
  })
})
