import { describe, expect, it } from 'vitest'
import { checkWitnesses } from '../../src/ledger/log/check-witnesses.ts'
import { witnessRoot } from '../../src/ledger/log/description.ts'
import { formatCheckpoint, openCheckpoint } from '../../src/merkle/checkpoint.ts'
import { signNote } from '../../src/merkle/note.ts'
import { parsePolicy } from '../../src/merkle/policy.ts'
import { COSIGNATURE_V1, ML_DSA_44 } from '../../src/merkle/signature-types.ts'
import { formatSigningKey, parseCosignerKey } from '../../src/merkle/signing-key.ts'
import { EMPTY_ROOT } from '../../src/merkle/tree.ts'
import { KEY, ORIGIN, START } from './log-world.ts'

const COSIGNERS = Array.from({ length: 12 }, (_, i) =>
  parseCosignerKey(formatSigningKey(`w${i}`, Buffer.alloc(32, 60 + i), COSIGNATURE_V1)),
)
const lines = COSIGNERS.map(({ verifier }) => `witness ${verifier.name} ${verifier.vkey}`)
const policyOf = (...more: string[]) => parsePolicy([...lines, ...more, ''].join('\n'))

/** What is found of a checkpoint that these have cosigned, each a second after the one before. */
async function found(policy: ReturnType<typeof policyOf>, ...who: number[]) {
  const signers = who.map((i, at) => (COSIGNERS[i] as (typeof COSIGNERS)[number]).at(START + at))
  const note = await signNote(formatCheckpoint(ORIGIN, 0, EMPTY_ROOT), [KEY, ...signers])
  const keys = policy.witnesses.map(({ verifier }) => verifier)
  return checkWitnesses(openCheckpoint(note, ORIGIN, KEY.verifier, keys), policy)
}

const namesOf = (quorums: readonly string[][] = []) =>
  quorums.map(set =>
    set.map(id => COSIGNERS.findIndex(({ verifier }) => witnessRoot({ name: '', verifier }).id === id)),
  )

describe('the cosignatures on a checkpoint', () => {
  const twoOfThree = policyOf('group g 2 w0 w1 w2', 'quorum g')

  it('are each told with its time, and in which sets they are enough', async () => {
    const check = await found(twoOfThree, 0, 2)
    expect(check).toMatchObject({
      code: 'CHECKPOINT_WITNESSED',
      result: 'pass',
      detail:
        'A quorum of witnesses has cosigned the checkpoint: w0 at 2027-01-15T08:00:00Z, w2 at 2027-01-15T08:00:01Z.',
    })
    expect(check.cosignatures?.map(({ detail }) => detail)).toEqual([
      'w0 has cosigned the checkpoint, at 2027-01-15T08:00:00Z.',
      'w2 has cosigned the checkpoint, at 2027-01-15T08:00:01Z.',
    ])
    expect(namesOf(check.quorums)).toEqual([[0, 2]])
    expect(namesOf((await found(twoOfThree, 0, 1, 2)).quorums).sort()).toEqual([
      [0, 1],
      [0, 2],
      [1, 2],
    ])
  })

  it('are told where they are too few, and decide nothing', async () => {
    const check = await found(twoOfThree, 1)
    expect(check).toMatchObject({
      result: 'undecided',
      detail: 'The quorum of the policy has not cosigned the checkpoint: w1 at 2027-01-15T08:00:00Z has.',
    })
    expect([check.cosignatures?.length, check.quorums]).toEqual([1, undefined])
    expect((await found(twoOfThree)).detail).toContain('nobody has')
    expect(checkWitnesses(undefined, twoOfThree).result).toBe('skipped')
  })

  it('are enough by the groups of the policy, nested ones too, and without those that no group needs', async () => {
    const nested = policyOf('group a 2 w0 w1', 'group b any w2 w3', 'group both all a b', 'quorum both')
    expect(namesOf((await found(nested, 0, 1, 2, 3, 4)).quorums).sort()).toEqual([
      [0, 1, 2],
      [0, 1, 3],
    ])
    expect((await found(nested, 0, 2, 3)).result).toBe('undecided')
  })

  it('of very many, are one set', async () => {
    const most = policyOf(`group g 5 ${COSIGNERS.map(({ verifier }) => verifier.name).join(' ')}`, 'quorum g')
    const { result, quorums } = await found(most, ...COSIGNERS.keys())
    expect([result, namesOf(quorums)]).toEqual(['pass', [[...COSIGNERS.keys()]]])
  })

  it('of two types count alike, and one without a time is told as that', async () => {
    const mlDsa = parseCosignerKey(formatSigningKey('pq', Buffer.alloc(32, 80), ML_DSA_44))
    const policy = policyOf(`witness pq ${mlDsa.verifier.vkey}`, 'group g all w0 pq', 'quorum g')
    const keys = policy.witnesses.map(({ verifier }) => verifier)
    for (const [time, detail] of [
      [START, 'w0 at 2027-01-15T08:00:00Z, pq at 2027-01-15T08:00:00Z.'],
      [0, 'w0 at 2027-01-15T08:00:00Z, pq without a time.'],
    ] as const) {
      const signers = [KEY, (COSIGNERS[0] as (typeof COSIGNERS)[number]).at(START), mlDsa.at(time)]
      const note = await signNote(formatCheckpoint(ORIGIN, 0, EMPTY_ROOT), signers)
      const check = checkWitnesses(openCheckpoint(note, ORIGIN, KEY.verifier, keys), policy)
      expect(check).toMatchObject({ result: 'pass', detail: expect.stringContaining(detail) })
    }
  })
})
