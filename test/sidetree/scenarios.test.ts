import { describe, expect, test } from 'vitest'
import { checkOperation } from '../../src/sidetree/check.ts'
import { parseDid } from '../../src/sidetree/did.ts'
import { toDidDocument, toResolutionResult } from '../../src/sidetree/document.ts'
import { type ProtocolVersions, ROOTLINE } from '../../src/sidetree/parameters.ts'
import { type Resolution, resolveOperations } from '../../src/sidetree/resolution.ts'
import type { OperationRequest } from '../../src/sidetree/types.ts'
import { corpusJson, hasCorpus } from '../corpus.ts'
import { anchoredFrom, ION_VERSIONS, ROOTLINE_VERSIONS } from './operations.ts'

interface Scenario {
  name: string
  didSuffix: string
  anchoredOperations: {
    transactionTime: number
    transactionNumber: number
    operationIndex: number
    operation: OperationRequest
  }[]
  referenceResult: {
    threw?: string
    httpStatusInReference?: number
    resolutionResult?: { didDocument: { id: string } }
  }
}

const METHOD = { name: 'sidetree' }

function resolve(scenario: Scenario, versions: ProtocolVersions): Resolution {
  const params = versions[0] ?? ROOTLINE
  const operations = scenario.anchoredOperations.map(({ operation, ...position }) => ({
    operation: checkOperation(anchoredFrom(operation, scenario.didSuffix), params),
    position: { ...position, timestamp: position.transactionTime },
  }))
  return resolveOperations(operations, versions)
}

function ionResult(scenario: Scenario): unknown {
  const { state } = resolve(scenario, ION_VERSIONS)
  if (state === undefined) return undefined
  const did = parseDid(`did:sidetree:${scenario.didSuffix}`, METHOD, ROOTLINE)
  return toResolutionResult(state, did, { published: true, profile: 'ion' })
}

/**
 * The reference implementation throws on these, as one operation cannot be parsed; what is left out here instead, in the
 * `ion` profile, and how many operations apply.
 */
const THREW: { [name: string]: { code: string; applied: number } } = {
  'update-unknown-patch-action': { code: 'PATCH_ACTION_UNKNOWN', applied: 2 },
  'update-also-known-as': { code: 'PATCH_ACTION_UNKNOWN', applied: 1 },
  'deactivate-wrong-signed-suffix': { code: 'SIGNED_DATA_SUFFIX_MISMATCH', applied: 1 },
}

/** Where the specification's options make another document than ION's rules do. */
const ONLY_ROOTLINE = new Set(['update-also-known-as'])

describe.runIf(hasCorpus)('resolution scenarios of the reference implementation', () => {
  const { scenarios } = corpusJson<{ scenarios: Scenario[] }>('sidetree/generated/resolution-scenarios.json')

  test.for(scenarios.filter(scenario => scenario.referenceResult.threw === undefined))(
    'ion gives what the reference gives: $name',
    scenario => {
      expect(ionResult(scenario)).toEqual(scenario.referenceResult.resolutionResult)
    },
  )

  test.for(scenarios.filter(scenario => scenario.referenceResult.threw !== undefined))(
    'ion ignores the operation that the reference throws on: $name',
    scenario => {
      const expected = THREW[scenario.name]
      const { applied, ignored } = resolve(scenario, ION_VERSIONS)
      expect(ignored.map(({ code }) => code)).toEqual([expected?.code])
      expect(applied).toHaveLength(expected?.applied ?? 0)
    },
  )

  test.for(scenarios.filter(scenario => !ONLY_ROOTLINE.has(scenario.name)))(
    'rootline gives the same document as ion: $name',
    scenario => {
      const ion = resolve(scenario, ION_VERSIONS).state
      const rootline = resolve(scenario, ROOTLINE_VERSIONS).state
      if (ion === undefined || rootline === undefined) throw new TypeError('no state')
      const id = `did:sidetree:${scenario.didSuffix}`
      expect(toDidDocument(rootline, id)).toEqual(toDidDocument(ion, id))
      expect(rootline.updateCommitment).toBe(ion.updateCommitment)
      expect(rootline.recoveryCommitment).toBe(ion.recoveryCommitment)
    },
  )

  test('rootline applies add-also-known-as', () => {
    const scenario = scenarios.find(({ name }) => name === 'update-also-known-as')
    const state = scenario === undefined ? undefined : resolve(scenario, ROOTLINE_VERSIONS).state
    expect(state?.document.alsoKnownAs).toHaveLength(1)
  })

  test('an order of arrival that is reversed gives the same state', () => {
    for (const scenario of scenarios) {
      const reversed = { ...scenario, anchoredOperations: scenario.anchoredOperations.toReversed() }
      for (const versions of [ION_VERSIONS, ROOTLINE_VERSIONS]) {
        expect(resolve(reversed, versions).state).toEqual(resolve(scenario, versions).state)
      }
    }
  })
})
