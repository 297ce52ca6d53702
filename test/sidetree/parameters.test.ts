import { describe, expect, test } from 'vitest'
import { PROTOCOL_VERSIONS, parametersAt, ROOTLINE } from '../../src/sidetree/parameters.ts'

describe('protocol versions', () => {
  const first = { ...ROOTLINE, version: '1', genesisTime: 10 }
  const second = { ...ROOTLINE, version: '2', genesisTime: 20 }

  test('the newest that has begun holds', () => {
    const versions = [first, second]
    expect([10, 19, 20, 99].map(time => parametersAt(versions, time)?.version)).toEqual(['1', '1', '2', '2'])
  })

  test('none holds before genesis (ion#99)', () => {
    expect(parametersAt([first, second], 9)).toBeUndefined()
    expect(parametersAt(PROTOCOL_VERSIONS['ion-mainnet'], 666_999)).toBeUndefined()
    expect(parametersAt(PROTOCOL_VERSIONS['ion-mainnet'], 667_000)?.profile).toBe('ion')
    expect(parametersAt(PROTOCOL_VERSIONS['ion-testnet'], 1_900_000)?.fees?.initialNormalizedFee).toBe(400)
  })

  test('rootline is lenient in nothing', () => {
    expect(Object.values(ROOTLINE.lenient)).not.toContain(true)
  })
})
