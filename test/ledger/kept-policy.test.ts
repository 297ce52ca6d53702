import { describe, expect, it } from 'vitest'
import { keepPolicy, keptPolicy } from '../../src/ledger/log/kept-policy.ts'
import { POLICY_KEY } from '../../src/ledger/log/records.ts'
import { formatPolicy, parsePolicy } from '../../src/merkle/policy.ts'
import type { Change } from '../../src/store/store.ts'
import { policyOf } from './witnessed-world.ts'

function disk() {
  const values = new Map<string, Uint8Array>()
  let commits = 0
  return {
    get: (key: Uint8Array) => values.get(Buffer.from(key).toString()),
    commit: async (changes: Change[]) => {
      commits++
      for (const { key, value } of changes) {
        if (value === undefined) values.delete(Buffer.from(key).toString())
        else values.set(Buffer.from(key).toString(), Buffer.from(value))
      }
    },
    commits: () => commits,
  }
}

describe('the policy that a log was opened with', () => {
  it('is kept, written only where it differs, and gone where it asks for nobody', async () => {
    const store = disk()
    expect(keptPolicy(store)).toBeUndefined()
    for (const policy of [undefined, parsePolicy('quorum none\n')]) await keepPolicy(store, policy)
    expect(store.commits()).toBe(0)
    const policy = policyOf(2)
    for (let i = 0; i < 2; i++) await keepPolicy(store, policy)
    expect(store.commits()).toBe(1)
    expect(formatPolicy(keptPolicy(store) ?? parsePolicy('quorum none\n'))).toBe(formatPolicy(policy))
    await keepPolicy(store, parsePolicy('quorum none\n'))
    expect(keptPolicy(store)).toBeUndefined()
  })

  it('is an error where it cannot be read', async () => {
    const store = disk()
    await store.commit([{ key: POLICY_KEY, value: 'quorum nobody\n' }])
    expect(() => keptPolicy(store)).toThrow(expect.objectContaining({ code: 'LEDGER_CORRUPT' }))
  })
})
