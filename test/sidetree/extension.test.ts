import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../src/codec/hash.ts'
import { extendState } from '../../src/sidetree/extension.ts'
import type { ProtocolVersions } from '../../src/sidetree/parameters.ts'
import { type PositionedOperation, resolveOperations } from '../../src/sidetree/resolution.ts'
import type { DidState } from '../../src/sidetree/state.ts'
import type { CheckedOperation } from '../../src/sidetree/types.ts'
import { ION_VERSIONS, keyEntry, positioned, ROOTLINE_VERSIONS } from './operations.ts'

/** Few commitments, so that forks, loops, reuse and waiting operations are frequent. */
const commitment = fc.constantFrom('a', 'b', 'c', 'd', 'e')

const operation: fc.Arbitrary<CheckedOperation> = fc
  .record({
    type: fc.constantFrom<CheckedOperation['type']>(
      'create',
      'update',
      'update',
      'update',
      'recover',
      'deactivate',
    ),
    reveals: commitment,
    nextUpdate: commitment,
    nextRecovery: commitment,
    broken: fc.constantFrom(false, false, false, true),
    withoutDelta: fc.constantFrom(false, false, false, true),
    anchorUntil: fc.option(fc.nat(20), { nil: undefined, freq: 6 }),
    id: fc.nat(3),
  })
  .map(({ type, reveals, nextUpdate, nextRecovery, broken, withoutDelta, anchorUntil, id }) => {
    const checked: CheckedOperation = {
      type,
      didSuffix: 'suffix',
      digest: sha256(JSON.stringify([type, reveals, nextUpdate, nextRecovery, id])).toString('base64url'),
    }
    if (type !== 'create') checked.reveals = reveals
    if (broken) checked.problem = 'SIGNATURE_INVALID'
    // Suffix data are the same in every create of a DID.
    if (type === 'create') checked.nextRecoveryCommitment = 'a'
    if (type === 'recover') checked.nextRecoveryCommitment = nextRecovery
    if (anchorUntil !== undefined && type !== 'create') checked.anchorUntil = anchorUntil
    if (type === 'deactivate') return checked
    if (withoutDelta) {
      checked.deltaProblem = 'DELTA_UNAVAILABLE'
      if (type === 'update') checked.problem = 'DELTA_UNAVAILABLE'
      return checked
    }
    checked.nextUpdateCommitment = type === 'create' ? 'a' : nextUpdate
    checked.patches = [{ action: 'add-public-keys', publicKeys: [keyEntry(`k${id}`)] }]
    return checked
  })

const arrivals = fc.array(operation, { maxLength: 12 }).chain(operations =>
  fc.shuffledSubarray(
    operations.map((each, i) => positioned(each, i + 1)),
    { minLength: operations.length },
  ),
)

/** As a node keeps the state of a DID. */
function keep(items: PositionedOperation[], versions: ProtocolVersions, onStep: (rebuilt: boolean) => void) {
  const seen: PositionedOperation[] = []
  let state: DidState | undefined
  for (const { operation, position } of items) {
    const revealed = (value: string) => seen.some(other => other.operation.reveals === value)
    const extension = extendState(state, operation, position, versions, revealed)
    seen.push({ operation, position })
    if ('state' in extension) state = extension.state
    if ('rebuild' in extension) state = resolveOperations(seen, versions).state
    onStep('rebuild' in extension)
    expect(state).toEqual(resolveOperations(seen, versions).state)
  }
}

describe('extendState', () => {
  test.for([
    ['rootline', ROOTLINE_VERSIONS],
    ['ion', ION_VERSIONS],
  ] as const)('every order of arrival gives the state from scratch: %s', ([, versions]) => {
    const steps = { rebuilt: 0, extended: 0 }
    fc.assert(
      fc.property(arrivals, items => {
        keep(items, versions, rebuilt => {
          steps[rebuilt ? 'rebuilt' : 'extended']++
        })
      }),
    )
    expect(steps.rebuilt).toBeGreaterThan(0)
    expect(steps.extended).toBeGreaterThan(0)
  })

  test('the order of arrival does not matter to a resolution from scratch', () => {
    fc.assert(
      fc.property(arrivals, items => {
        const ordered = items.toSorted((a, b) => a.position.transactionNumber - b.position.transactionNumber)
        const { state, applied } = resolveOperations(ordered, ROOTLINE_VERSIONS)
        const other = resolveOperations(items, ROOTLINE_VERSIONS)
        expect(other.state).toEqual(state)
        expect(other.applied).toEqual(applied)
      }),
    )
  })

  test('every operation is applied or has a reason', () => {
    fc.assert(
      fc.property(arrivals, items => {
        const { applied, ignored } = resolveOperations(items, ROOTLINE_VERSIONS)
        const told = new Set([...applied, ...ignored].map(({ position }) => position.transactionNumber))
        expect(told.size).toBe(items.length)
      }),
    )
  })

  test('every version that was ever in force stays one, with the same state', () => {
    fc.assert(
      fc.property(arrivals, items => {
        const last = items.length
        for (let until = 1; until <= last; until++) {
          const { state } = resolveOperations(items, ROOTLINE_VERSIONS, { until })
          // A create that has no delta gives way to a later one that has.
          if (state === undefined || !state.createdWithDelta) continue
          const { versionId } = state
          expect(resolveOperations(items, ROOTLINE_VERSIONS, { versionId }).state).toEqual(state)
        }
      }),
    )
  })

  test('an update in its order costs no rebuild', () => {
    const updates = Array.from({ length: 50 }, (_, i) => ({
      type: 'update' as const,
      didSuffix: 'suffix',
      digest: sha256(String(i)).toString('base64url'),
      reveals: `n${i}`,
      nextUpdateCommitment: `n${i + 1}`,
      patches: [],
    }))
    const create: CheckedOperation = {
      type: 'create',
      didSuffix: 'suffix',
      digest: sha256('create').toString('base64url'),
      nextRecoveryCommitment: 'r',
      nextUpdateCommitment: 'n0',
      patches: [],
    }
    const rebuilds: boolean[] = []
    keep(
      [create, ...updates].map((each, i) => positioned(each, i + 1)),
      ROOTLINE_VERSIONS,
      rebuilt => rebuilds.push(rebuilt),
    )
    expect(rebuilds).not.toContain(true)
  })
})
