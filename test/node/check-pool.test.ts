import { beforeAll, describe, expect, it } from 'vitest'
import { CheckPool } from '../../src/node/check-pool.ts'
import { type SignedDataInput, signedDataInputOf } from '../../src/sidetree/check.ts'
import { ION_MAINNET, ROOTLINE } from '../../src/sidetree/parameters.ts'
import { parseRequest } from '../../src/sidetree/request.ts'
import { bodyOf, Controller } from './parts.ts'

/** Signed data of updates; every third has the signature of another. */
const inputs: SignedDataInput[] = []
const problems: (string | undefined)[] = []

beforeAll(async () => {
  const did = new Controller('secp256k1')
  did.create()
  const parsed: SignedDataInput[] = []
  for (let i = 0; i < 600; i++) {
    const { operation } = parseRequest(bodyOf(await did.update([])), ROOTLINE)
    parsed.push(signedDataInputOf(operation) as SignedDataInput)
  }
  for (const [i, input] of parsed.entries()) {
    const other = parsed[(i + 1) % parsed.length] as SignedDataInput
    const broken = `${input.signedData.split('.').slice(0, 2).join('.')}.${other.signedData.split('.')[2]}`
    inputs.push(i % 3 === 0 ? { ...input, signedData: broken } : input)
    problems.push(i % 3 === 0 ? 'SIGNATURE_INVALID' : undefined)
  }
})

const problemOf = (verdict: object) => ('problem' in verdict ? verdict.problem : undefined)

describe('checks of signatures', () => {
  it.each([0, 1, 3])('by %s threads give their verdicts in the order of what was asked', async workers => {
    const pool = new CheckPool({ workers })
    expect((await pool.check(inputs, ROOTLINE)).map(problemOf)).toEqual(problems)
    const single = await Promise.all(inputs.slice(0, 60).map(input => pool.checkOne(input, ROOTLINE)))
    expect(single.map(problemOf)).toEqual(problems.slice(0, 60))
    expect(await pool.check([], ROOTLINE)).toEqual([])
    await pool.close()
  })

  it('asked for one by one at the same time go by the rules of each', async () => {
    const pool = new CheckPool({ workers: 1 })
    const rules = [ROOTLINE, ION_MAINNET]
    const asked = inputs.slice(0, 40).map((input, i) => pool.checkOne(input, rules[i % 2] ?? ROOTLINE))
    expect((await Promise.all(asked)).map(problemOf)).toEqual(problems.slice(0, 40))
    await pool.close()
  })

  it('that wait or run when the pool is closed are refused, and none hangs', async () => {
    const pool = new CheckPool({ workers: 1 })
    const asked = Array.from({ length: 5 }, () => pool.check(inputs, ROOTLINE))
    const outcomes = Promise.allSettled(asked)
    await pool.close()
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'NODE_STOPPING' } })
    }
    await expect(pool.check(inputs, ROOTLINE)).rejects.toMatchObject({ code: 'NODE_STOPPING' })
  })
})
