import { expect, it } from 'vitest'
import { checkOperation } from '../../src/sidetree/check.ts'
import { ION_MAINNET, type ProtocolParameters, ROOTLINE } from '../../src/sidetree/parameters.ts'
import { type PositionedOperation, resolveOperations } from '../../src/sidetree/resolution.ts'
import type { AnchoredOperation } from '../../src/sidetree/types.ts'
import { IonSdkDid, type IonSdkRequest } from './ion-sdk.ts'

it.each([
  ['ion', ION_MAINNET],
  ['rootline', ROOTLINE],
])('operations that ion-sdk makes resolve in the %s profile', async (_, parameters) => {
  const did = await IonSdkDid.new('key-1', [
    { id: 'web', type: 'Site', serviceEndpoint: 'https://example.com' },
  ])
  const requests = [
    did.create,
    await did.update({ addKeys: ['key-2'], removeKeys: ['key-1'], removeServices: ['web'] }),
    await did.recover('key-3'),
    await did.update({
      addServices: [{ id: 'mail', type: 'Mail', serviceEndpoint: 'mailto:a@example.com' }],
    }),
    await did.deactivate(),
  ]
  const states = requests.map((_request, i) => resolve(did.suffix, requests.slice(0, i + 1), parameters))
  expect(states).toEqual([
    { keys: ['key-1'], services: ['web'], deactivated: false },
    { keys: ['key-2'], services: [], deactivated: false },
    { keys: ['key-3'], services: [], deactivated: false },
    { keys: ['key-3'], services: ['mail'], deactivated: false },
    { keys: [], services: [], deactivated: true },
  ])
})

function resolve(suffix: string, requests: readonly IonSdkRequest[], parameters: ProtocolParameters): object {
  const operations = requests.map((request, i): PositionedOperation => {
    const position = {
      transactionNumber: i,
      operationIndex: 0,
      transactionTime: 700_000 + i,
      timestamp: 1_600_000_000 + i,
    }
    const anchored = { ...request, didSuffix: suffix } as AnchoredOperation
    return { operation: checkOperation(anchored, parameters), position }
  })
  const { state, ignored } = resolveOperations(operations, [parameters])
  expect(ignored).toEqual([])
  return {
    keys: (state?.document.publicKeys ?? []).map(({ id }) => id),
    services: (state?.document.services ?? []).map(({ id }) => id),
    deactivated: state?.deactivated,
  }
}
