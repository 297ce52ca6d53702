import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ROOTLINE } from '../../src/sidetree/parameters.ts'
import { type PositionedOperation, resolveOperations } from '../../src/sidetree/resolution.ts'
import type { CheckedOperation, Patch } from '../../src/sidetree/types.ts'
import { ION_VERSIONS, keyEntry, positioned, ROOTLINE_VERSIONS } from './operations.ts'

/** Operations as `checkOperation` gives them; commitments are named by the key that they commit to. */
function digestOf(name: string): string {
  return createHash('sha256').update(name).digest('base64url')
}

function addKey(id: string): Patch[] {
  return [{ action: 'add-public-keys', publicKeys: [keyEntry(id)] }]
}

function create(change: Partial<CheckedOperation> = {}): CheckedOperation {
  return {
    type: 'create',
    didSuffix: 'suffix',
    digest: digestOf(`create${JSON.stringify(change)}`),
    nextRecoveryCommitment: 'r0',
    nextUpdateCommitment: 'u0',
    patches: [{ action: 'replace', document: { publicKeys: [keyEntry('first')] } }],
    ...change,
  }
}

function update(reveals: string, next: string, change: Partial<CheckedOperation> = {}): CheckedOperation {
  return {
    type: 'update',
    didSuffix: 'suffix',
    digest: digestOf(`${reveals}>${next}${JSON.stringify(change)}`),
    reveals,
    nextUpdateCommitment: next,
    patches: addKey(`by-${reveals}-${next}`),
    ...change,
  }
}

function recover(
  reveals: string,
  next: string,
  nextUpdate: string,
  change: Partial<CheckedOperation> = {},
): CheckedOperation {
  return {
    type: 'recover',
    didSuffix: 'suffix',
    digest: digestOf(`${reveals}>${next},${nextUpdate}${JSON.stringify(change)}`),
    reveals,
    nextRecoveryCommitment: next,
    nextUpdateCommitment: nextUpdate,
    patches: [{ action: 'replace', document: { publicKeys: [keyEntry(`recovered-${next}`)] } }],
    ...change,
  }
}

function deactivate(reveals: string): CheckedOperation {
  return { type: 'deactivate', didSuffix: 'suffix', digest: digestOf(`-${reveals}`), reveals }
}

function history(...operations: CheckedOperation[]): PositionedOperation[] {
  return operations.map((operation, i) => positioned(operation, i + 1))
}

function resolve(operations: PositionedOperation[], options = {}) {
  const resolution = resolveOperations(operations, ROOTLINE_VERSIONS, options)
  return {
    ...resolution,
    keys: resolution.state?.document.publicKeys?.map(({ id }) => id),
    codes: resolution.ignored.map(({ operation, code }) => `${operation.reveals ?? 'create'} ${code}`),
  }
}

describe('resolution', () => {
  test('no create, no state', () => {
    const { state, codes } = resolve(history(update('u0', 'u1')))
    expect(state).toBeUndefined()
    expect(codes).toEqual(['u0 DID_NOT_CREATED'])
  })

  test('follows commitments, not the ledger', () => {
    const { keys } = resolve(history(update('u1', 'u2'), update('u0', 'u1'), create()))
    expect(keys).toEqual(['first', 'by-u0-u1', 'by-u1-u2'])
  })

  test('among operations that open one commitment the earliest valid one counts', () => {
    const { keys, codes } = resolve(
      history(
        create(),
        update('u0', 'x', { problem: 'SIGNATURE_INVALID' }),
        update('u0', 'u1'),
        update('u0', 'u2'),
      ),
    )
    expect(keys).toEqual(['first', 'by-u0-u1'])
    expect(codes).toEqual(['u0 SIGNATURE_INVALID', 'u0 COMMITMENT_SPENT'])
  })

  test('the operation index decides within a transaction', () => {
    const [first] = history(create())
    const second = positioned(update('u0', 'u2'), 2)
    const third = positioned(update('u0', 'u1'), 2)
    second.position.operationIndex = 7
    third.position.operationIndex = 3
    expect(resolve([first as PositionedOperation, second, third]).keys).toEqual(['first', 'by-u0-u1'])
  })

  test('discards the operation that commits to what it opens (sidetree#1169)', () => {
    const { keys, codes } = resolve(history(create(), update('u0', 'u0'), update('u0', 'u1')))
    expect(keys).toEqual(['first', 'by-u0-u1'])
    expect(codes).toEqual(['u0 COMMITMENT_REUSED'])
  })

  test('discards the operation that commits to what was opened before', () => {
    const { keys, codes } = resolve(
      history(create(), update('u0', 'u1'), update('u1', 'u0'), update('u1', 'u2')),
    )
    expect(keys).toEqual(['first', 'by-u0-u1', 'by-u1-u2'])
    expect(codes).toEqual(['u1 COMMITMENT_REUSED'])
    const recovers = resolve(
      history(create(), recover('r0', 'r1', 'a'), recover('r1', 'r0', 'b'), recover('r1', 'r2', 'c')),
    )
    expect(recovers.keys).toEqual(['recovered-r2'])
    expect(recovers.codes).toEqual(['r1 COMMITMENT_REUSED'])
  })

  test('a commitment is spent only by the operation that counted', () => {
    const { keys } = resolve(history(create(), update('u0', 'u1'), update('u2', 'u3'), update('u1', 'u2')))
    expect(keys).toEqual(['first', 'by-u0-u1', 'by-u1-u2', 'by-u2-u3'])
  })

  test('an update does not open a recovery commitment, nor a recover an update commitment', () => {
    const { codes } = resolve(history(create(), update('r0', 'u1'), recover('u0', 'r1', 'u1')))
    expect(codes).toEqual(['r0 COMMITMENT_UNKNOWN', 'u0 COMMITMENT_UNKNOWN'])
  })

  test('nothing applies after a deactivate', () => {
    const { state, codes } = resolve(
      history(create(), update('u0', 'u1'), deactivate('r0'), recover('r0', 'r1', 'u5'), update('u1', 'u2')),
    )
    expect(state).toMatchObject({ deactivated: true, document: {} })
    expect(state).not.toHaveProperty('recoveryCommitment')
    expect(state).not.toHaveProperty('updateCommitment')
    expect(codes).toEqual(['r0 COMMITMENT_SPENT', 'u1 COMMITMENT_REPLACED'])
  })

  test('a patch that fails leaves the document, and the commitment advances (sidetree#997)', () => {
    const failing: Patch[] = [
      ...addKey('lost'),
      { action: 'ietf-json-patch', patches: [{ op: 'remove', path: '/services' }] },
    ]
    const { keys, applied } = resolve(
      history(create(), update('u0', 'u1', { patches: failing }), update('u1', 'u2')),
    )
    expect(keys).toEqual(['first', 'by-u1-u2'])
    expect(applied[1]?.patchProblem).toBe('PATCH_FAILED')
    const recovered = resolve(history(create(), recover('r0', 'r1', 'u9', { patches: failing })))
    expect(recovered.state).toMatchObject({ document: {}, updateCommitment: 'u9', recoveryCommitment: 'r1' })
  })

  test('a recover without a delta that counts advances, to an empty document that no update changes', () => {
    const { nextUpdateCommitment: _, patches: __, ...bare } = recover('r0', 'r1', '')
    const { state } = resolve(history(create(), { ...bare, deltaProblem: 'DELTA_UNAVAILABLE' }))
    expect(state).toMatchObject({ document: {}, recoveryCommitment: 'r1' })
    expect(state).not.toHaveProperty('updateCommitment')
  })
})

describe('several creates', () => {
  const { nextUpdateCommitment: _, patches: __, ...bare } = create()
  const empty: CheckedOperation = { ...bare, digest: digestOf('other'), deltaProblem: 'DELTA_HASH_MISMATCH' }

  test('rootline takes the earliest with the delta that the suffix commits to', () => {
    const { keys, codes } = resolve(history(empty, create(), update('u0', 'u1')))
    expect(keys).toEqual(['first', 'by-u0-u1'])
    expect(codes).toEqual(['create CREATE_SUPERSEDED'])
    expect(resolve(history(empty)).state?.document).toEqual({})
  })

  test('ion takes the earliest, whatever its delta', () => {
    const { state } = resolveOperations(history(empty, create()), ION_VERSIONS)
    expect(state).toMatchObject({ document: {}, recoveryCommitment: 'r0' })
  })

  test('the same create twice counts once', () => {
    const { applied, codes } = resolve(history(create(), create()))
    expect(applied).toHaveLength(1)
    expect(codes).toEqual(['create CREATE_SUPERSEDED'])
  })
})

describe('anchoring time', () => {
  test.for<[Partial<CheckedOperation>, string | undefined]>([
    [{ anchorFrom: 2 }, undefined],
    [{ anchorUntil: 2 }, undefined],
    [{ anchorFrom: 3 }, 'ANCHORED_TOO_EARLY'],
    [{ anchorUntil: 1 }, 'ANCHORED_TOO_LATE'],
    [{ anchorFrom: 2, anchorUntil: 2 }, undefined],
    [{ anchorFrom: 5, anchorUntil: 1 }, 'ANCHORED_TOO_EARLY'],
  ])('an operation of time 2 with %j: %s', ([times, code]) => {
    const { applied, ignored } = resolve(history(create(), update('u0', 'u1', times)))
    expect(ignored[0]?.code).toBe(code)
    expect(applied).toHaveLength(code === undefined ? 2 : 1)
  })

  test('an operation out of its time is passed over for the next', () => {
    const late = update('u0', 'x', { anchorUntil: 1 })
    expect(resolve(history(create(), late, update('u0', 'u1'))).keys).toEqual(['first', 'by-u0-u1'])
  })

  test('operations before genesis do not count', () => {
    const versions = [{ ...ROOTLINE, genesisTime: 2 }]
    const { state, ignored } = resolveOperations(history(create(), update('u0', 'u1')), versions)
    expect(state).toBeUndefined()
    expect(ignored.map(({ code }) => code)).toEqual(['BEFORE_GENESIS', 'DID_NOT_CREATED'])
  })
})

describe('versions', () => {
  test('a version is the digest of the version before, the position and the operation', () => {
    const operations = history(create(), update('u0', 'u1'))
    const [first, second] = operations
    const link = (previous: Buffer, item: PositionedOperation | undefined) => {
      const position = Buffer.alloc(12)
      position.writeBigUInt64BE(BigInt(item?.position.transactionNumber ?? 0))
      position.writeUInt32BE(item?.position.operationIndex ?? 0, 8)
      const digest = Buffer.from(item?.operation.digest ?? '', 'base64url')
      return createHash('sha256')
        .update(Buffer.concat([previous, position, digest]))
        .digest()
    }
    const one = link(Buffer.alloc(32), first)
    const two = link(one, second)
    const { applied, state } = resolve(operations)
    expect(applied.map(({ versionId }) => versionId)).toEqual([
      one.toString('base64url'),
      two.toString('base64url'),
    ])
    expect(state?.versionId).toBe(two.toString('base64url'))
  })

  const life = history(
    create(),
    update('u0', 'u1'),
    update('u1', 'u2'),
    recover('r0', 'r1', 'v0'),
    update('v0', 'v1'),
    deactivate('r1'),
  )

  test('each version can be asked for, and says what followed', () => {
    const { applied } = resolve(life)
    expect(applied.map(({ replaced }) => replaced)).toEqual([false, true, true, false, true, false])
    const seen = applied.map(({ versionId }) => {
      const { state, keys, nextVersionId } = resolve(life, { versionId })
      expect(state?.versionId).toBe(versionId)
      return { keys, next: applied.findIndex(entry => entry.versionId === nextVersionId) }
    })
    expect(seen).toEqual([
      { keys: ['first'], next: 1 },
      { keys: ['first', 'by-u0-u1'], next: 2 },
      { keys: ['first', 'by-u0-u1', 'by-u1-u2'], next: 3 },
      { keys: ['recovered-r1'], next: 4 },
      { keys: ['recovered-r1', 'by-v0-v1'], next: 5 },
      { keys: undefined, next: -1 },
    ])
  })

  test('each state up to a time is the version that was in force then', () => {
    const { applied } = resolve(life)
    for (const [i, { versionId }] of applied.entries()) {
      expect(resolve(life, { until: i + 1 }).state).toEqual(resolve(life, { versionId }).state)
    }
    expect(resolve(life, { until: 0 }).state).toBeUndefined()
  })

  test('an unknown version has no state', () => {
    const { state, applied } = resolve(life, { versionId: 'x'.repeat(43) })
    expect(state).toBeUndefined()
    expect(applied).toHaveLength(6)
  })

  test('who stole an update key cannot make a version of before the recover', () => {
    const stolen = update('u0', 'evil')
    const operations = history(create(), recover('r0', 'r1', 'v0'), stolen)
    const { applied, codes } = resolve(operations)
    expect(applied).toHaveLength(2)
    expect(codes).toEqual(['u0 COMMITMENT_REPLACED'])
  })

  test('an update that is anchored before the recover but waits for one after it is no version', () => {
    const { applied } = resolve(
      history(create(), update('u1', 'u2'), recover('r0', 'r1', 'v0'), update('u0', 'u1')),
    )
    expect(applied.map(({ operation }) => operation.type)).toEqual(['create', 'recover'])
  })

  test('a late file of an earlier operation changes the version, as it changes the history', () => {
    const before = resolve([life[0], life[2], life[1]].filter(item => item !== undefined))
    const early = positioned(update('u0', 'u9'), 1.5)
    early.position.transactionNumber = 1
    early.position.operationIndex = 1
    const after = resolve([...life.slice(0, 3), early])
    expect(after.keys).toEqual(['first', 'by-u0-u9'])
    expect(after.state?.versionId).not.toBe(before.state?.versionId)
    expect(
      resolve([...life.slice(0, 3), early], { versionId: before.state?.versionId }).state,
    ).toBeUndefined()
  })

  test('the state does not grow with the number of updates', () => {
    const updates = Array.from({ length: 200 }, (_, i) =>
      update(`n${i}`, `n${i + 1}`, { patches: addKey('same') }),
    )
    const sizes = [10, 200].map(count => {
      const operations = history(create({ nextUpdateCommitment: 'n0' }), ...updates.slice(0, count))
      return JSON.stringify(resolve(operations).state).length
    })
    expect((sizes[1] ?? 0) - (sizes[0] ?? 0)).toBeLessThan(20)
  })
})
