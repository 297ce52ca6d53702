import { describe, expect, it } from 'vitest'
import { AdmittedBatches, type CompleteBatch } from '../../src/node/admitted-batches.ts'
import { CheckPool } from '../../src/node/check-pool.ts'
import { KnownVerdicts } from '../../src/node/known-verdicts.ts'
import { checkSignedData, type SignedDataInput } from '../../src/sidetree/check.ts'
import { ROOTLINE } from '../../src/sidetree/parameters.ts'
import { addService, Controller } from './parts.ts'

async function input(): Promise<SignedDataInput> {
  const controller = new Controller()
  controller.create()
  const request = await controller.update([addService('a')])
  if (request.type !== 'update') throw new TypeError('no update')
  const { didSuffix, revealValue, signedData, type } = request
  return { type, didSuffix, revealValue, signedData }
}

describe('verdicts that are known', () => {
  it('are those of the same signed data by the same rules, and of nothing else', async () => {
    const known = new KnownVerdicts()
    const one = await input()
    const verdict = checkSignedData(one, ROOTLINE)
    expect(known.get(one, ROOTLINE)).toBeUndefined()
    known.add(one, ROOTLINE, verdict)
    expect(known.get({ ...one }, ROOTLINE)).toBe(verdict)
    expect(known.get(one, { ...ROOTLINE })).toBeUndefined()
    const other = await input()
    for (const member of ['didSuffix', 'revealValue', 'signedData'] as const)
      expect(known.get({ ...one, [member]: other[member] }, ROOTLINE)).toBeUndefined()
    expect(known.get({ ...one, type: 'recover' }, ROOTLINE)).toBeUndefined()
  })

  it('are none of what was refused', async () => {
    const known = new KnownVerdicts()
    const one = await input()
    const forged = { ...one, signedData: `${one.signedData.slice(0, -4)}AAAA` }
    known.add(forged, ROOTLINE, checkSignedData(forged, ROOTLINE))
    expect(known.get(forged, ROOTLINE)).toBeUndefined()
  })

  it('come in the order of what was asked, among those that are checked', async () => {
    const known = new KnownVerdicts()
    const inputs = await Promise.all(Array.from({ length: 5 }, input))
    const forged = inputs.map((one, i) => (i % 2 === 0 ? one : { ...one, signedData: `${one.signedData}x` }))
    const expected = forged.map(one => checkSignedData(one, ROOTLINE))
    for (const i of [0, 4])
      known.add(forged[i] as SignedDataInput, ROOTLINE, expected[i] as (typeof expected)[number])
    expect(await known.check(forged, ROOTLINE, new CheckPool({ workers: 0 }))).toEqual(expected)
  })
})

describe('batches that were admitted', () => {
  const batch = (count: number): CompleteBatch => ({
    status: 'complete',
    files: [],
    operations: Array.from({ length: count }, () => ({
      checked: { type: 'create', didSuffix: 'x', digest: 'y' },
    })),
  })

  it('are given once, by the rules that they were read by', () => {
    const admitted = new AdmittedBatches()
    const one = batch(1)
    admitted.add('1.a', ROOTLINE, one)
    expect(admitted.take('1.b', ROOTLINE)).toBeUndefined()
    expect(admitted.take('1.a', ROOTLINE)).toBe(one)
    expect(admitted.take('1.a', ROOTLINE)).toBeUndefined()
    admitted.add('1.a', ROOTLINE, one)
    expect(admitted.take('1.a', { ...ROOTLINE })).toBeUndefined()
  })

  it('are bounded by their operations, the oldest forgotten first, and never the newest', () => {
    const admitted = new AdmittedBatches()
    const [a, b, c, d] = [batch(10_000), batch(10_000), batch(10_000), batch(40_000)]
    for (const [name, one] of Object.entries({ a, b, c })) admitted.add(name, ROOTLINE, one)
    expect(admitted.take('a', ROOTLINE)).toBeUndefined()
    expect(admitted.take('b', ROOTLINE)).toBe(b)
    admitted.add('d', ROOTLINE, d)
    expect(admitted.take('c', ROOTLINE)).toBeUndefined()
    expect(admitted.take('d', ROOTLINE)).toBe(d)
  })
})
