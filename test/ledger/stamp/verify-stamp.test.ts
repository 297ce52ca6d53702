import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LedgerError } from '../../../src/ledger/errors.ts'
import { encodeLeaf } from '../../../src/ledger/log/leaf.ts'
import { encodeStampProof, parseStampProof, type StampProof } from '../../../src/ledger/stamp/stamp-proof.ts'
import type { StampReport } from '../../../src/ledger/stamp/verify-stamp.ts'
import { formatCheckpoint } from '../../../src/merkle/checkpoint.ts'
import { appendSignatures, signatureLine, signNote, textOfNote } from '../../../src/merkle/note.ts'
import { parsePolicy } from '../../../src/merkle/policy.ts'
import { ML_DSA_44 } from '../../../src/merkle/signature-types.ts'
import { formatSigningKey, parseCosignerKey, parseSigningKey } from '../../../src/merkle/signing-key.ts'
import { hashLeaf } from '../../../src/merkle/tree.ts'
import { evaluate } from '../../../src/trust/evaluate.ts'
import { exitStatus } from '../../../src/trust/exit-status.ts'
import { DEFAULT_POLICY } from '../../../src/trust/policy.ts'
import { KEY, ORIGIN, START } from '../log-world.ts'
import { COSIGNERS, cosigned, digestOf, policyOf, stamped, verified } from './stamp-world.ts'

const [PROOF, SECOND] = (await stamped('text', 'another', 'a third')) as [StampProof, StampProof]
const [ELSEWHERE] = (await stamped('text')) as [StampProof]

/** Checks by code, with their results. */
const results = ({ report }: StampReport) =>
  Object.fromEntries(report.edges.map(({ code, result }) => [code, result]))
const claims = ({ report }: StampReport) =>
  Object.fromEntries(report.claims.map(({ id, verdict }) => [id, verdict]))
const statement = ({ report }: StampReport, id: string) =>
  report.claims.find(claim => claim.id === id)?.statement

describe('a stamp without witnesses', () => {
  it('shows that it existed before the time of the leaf, by the word of the log', () => {
    const outcome = verified(PROOF, 'text')
    expect(outcome).toMatchObject({ existedBefore: START, by: 'log' })
    expect(results(outcome)).toEqual({
      STAMP_ROOT: 'pass',
      LOG_INCLUSION: 'pass',
      CHECKPOINT_SIGNATURE: 'pass',
      LEAF_TIME: 'pass',
    })
    expect(statement(outcome, 'existed')).toBe(
      'It existed before 2027-01-15T08:00:00Z, by the word of the log.',
    )
    const { report } = outcome
    expect(report.roots.map(({ id }) => id)).toEqual(['log-key'])
    expect(report.notShown.join(' ')).toMatch(/date it back.*show them another/)
    expect(exitStatus(report)).toBe(0)
  })

  it('says nothing of the place and the number of digests, which no root holds', async () => {
    const [one] = (await stamped('text', 'another')) as [StampProof]
    // The same path leads to the root in a tree of another size.
    const [, second] = (await stamped('a', 'text')) as [StampProof, StampProof]
    const third = { ...second, index: 2, size: 3 }
    expect(verified(third, 'text').report.verdict).toBe('verified')
    for (const proof of [one, second, third]) {
      const edge = verified(proof, 'text').report.edges.find(({ code }) => code === 'STAMP_ROOT')
      expect(edge?.detail).toBe('With its salt, the digest leads to the root that the leaf holds.')
    }
  })

  it('counts cosignatures for nothing, also under a policy that asks for none', async () => {
    const proof = await cosigned(PROOF, [5])
    const none = parsePolicy(`witness w ${COSIGNERS[0]?.verifier.vkey}\nquorum none\n`)
    for (const outcome of [verified(proof, 'text'), verified(proof, 'text', { policy: none })]) {
      expect(outcome).toMatchObject({ existedBefore: START, by: 'log' })
      expect(results(outcome)).not.toHaveProperty('CHECKPOINT_WITNESSED')
    }
  })
})

describe('a stamp with witnesses', () => {
  const policy = policyOf(2)

  it('shows that it existed before so many had cosigned that they are a quorum', async () => {
    for (const [times, before] of [
      [[30, 10, 20], 20],
      [[undefined, 40, 15], 40],
      [[7, 7, 7], 7],
    ] as const) {
      const outcome = verified(await cosigned(PROOF, times), 'text', { policy })
      expect(outcome).toMatchObject({ existedBefore: START + before, by: 'witnesses' })
      expect(results(outcome)).toMatchObject({ CHECKPOINT_WITNESSED: 'pass', COSIGNED_TIME: 'pass' })
    }
  })

  it('of whom one is enough shows the time of the earliest', async () => {
    const proof = await cosigned(PROOF, [30, 10, 20])
    expect(verified(proof, 'text', { policy: policyOf(1) }).existedBefore).toBe(START + 10)
  })

  it('names log and witnesses as roots, and keeps the word of the log apart', async () => {
    const outcome = verified(await cosigned(PROOF, [3, 4]), 'text', { policy })
    expect(outcome.report.roots.map(({ name, trustedFor }) => [name, trustedFor])).toEqual([
      [expect.stringContaining('log.example'), ['ledger-order', 'ledger-time']],
      [expect.stringContaining('w0, w1, w2'), ['one-history']],
      ['the witness w0', ['one-history', 'cosigning-time']],
      ['the witness w1', ['one-history', 'cosigning-time']],
    ])
    expect(claims(outcome)).toEqual({
      stamped: 'verified',
      existed: 'verified',
      'existed-by-log': 'verified',
    })
    expect(statement(outcome, 'existed')).toMatch(/2027-01-15T08:00:04Z, by the word of a quorum/)
    expect(statement(outcome, 'existed-by-log')).toMatch(/2027-01-15T08:00:00Z, by the word of the log alone/)
    expect(outcome.report.notShown.length).toBe(1)
  })

  it('stands on those alone whose cosignatures are needed for the time', async () => {
    const { report } = verified(await cosigned(PROOF, [30, 10, 20]), 'text', { policy })
    const dated = report.edges.filter(({ code }) => code === 'COSIGNED_TIME')
    const names = dated.map(({ to }) => report.roots.find(({ id }) => id === to)?.name)
    expect(names).toEqual(['the witness w1', 'the witness w2'])
    const without = (name: string) => {
      const refuse = report.roots.filter(root => root.name === name).map(({ id }) => ({ id }))
      return evaluate(report, { ...DEFAULT_POLICY, refuse }).verdict
    }
    expect(['w0', 'w1', 'w2'].map(name => without(`the witness ${name}`))).toEqual([
      'verified',
      'undecided',
      'undecided',
    ])
  })

  it('is undecided where too few of those that have cosigned say when', async () => {
    const cosigner = parseCosignerKey(formatSigningKey('pq.example', Buffer.alloc(32, 80), ML_DSA_44))
    const lines = [COSIGNERS[0], cosigner].map((one, i) => `witness v${i} ${one?.verifier.vkey}`)
    const both = parsePolicy([...lines, 'group g all v0 v1', 'quorum g\n'].join('\n'))
    const { log } = await cosigned(PROOF, [3])
    const line = (time: number) => signatureLine(textOfNote(log.checkpoint), cosigner.at(time))
    const dated = async (time: number) =>
      verified(
        { ...PROOF, log: { ...log, checkpoint: appendSignatures(log.checkpoint, [await line(time)]) } },
        'text',
        { policy: both },
      )
    expect(await dated(START + 5)).toMatchObject({ existedBefore: START + 5, by: 'witnesses' })
    const outcome = await dated(0)
    expect(outcome.existedBefore).toBeUndefined()
    expect(claims(outcome)).toMatchObject({ stamped: 'verified', existed: 'undecided' })
    expect(results(outcome)).toMatchObject({ CHECKPOINT_WITNESSED: 'pass', COSIGNED_TIME: 'undecided' })
  })

  it.each([
    ['none of them has cosigned', []],
    ['too few have cosigned', [3]],
  ])('is undecided where %s', async (_, times) => {
    const outcome = verified(await cosigned(PROOF, times), 'text', { policy })
    expect(outcome.existedBefore).toBeUndefined()
    expect(outcome.report.verdict).toBe('undecided')
    expect(results(outcome)).toMatchObject({ CHECKPOINT_WITNESSED: 'undecided' })
    expect(results(outcome)).not.toHaveProperty('COSIGNED_TIME')
    expect(exitStatus(outcome.report)).toBe(3)
    expect(statement(outcome, 'existed')).not.toMatch(/\d{4}-/)
  })

  it('is rejected where a witness has not signed what stands there under its name', async () => {
    const proof = await cosigned(PROOF, [3, 4])
    const line = proof.log.checkpoint.trimEnd().split('\n').at(-1) as string
    const bytes = Buffer.from(line.split(' ')[2] as string, 'base64')
    bytes[11] = (bytes[11] as number) ^ 1
    const checkpoint = proof.log.checkpoint.replace(line.split(' ')[2] as string, bytes.toString('base64'))
    const outcome = verified({ ...proof, log: { ...proof.log, checkpoint } }, 'text', { policy })
    expect([outcome.report.verdict, outcome.existedBefore]).toEqual(['rejected', undefined])
  })

  it('takes a time that no calendar has, and says it in seconds', async () => {
    const time = Number.MAX_SAFE_INTEGER - START
    const outcome = verified(await cosigned(PROOF, [time, time]), 'text', { policy })
    expect(outcome.existedBefore).toBe(Number.MAX_SAFE_INTEGER)
    expect(statement(outcome, 'existed')).toContain(`${Number.MAX_SAFE_INTEGER} s`)
  })
})

describe('a stamp that shows nothing', () => {
  const log = { ...PROOF.log }
  const stranger = parseSigningKey(formatSigningKey(ORIGIN, Buffer.alloc(32, 99)))
  it.each<[string, StampProof, string, Record<string, string>]>([
    ['of another file', PROOF, 'something else', { STAMP_ROOT: 'fail' }],
    ['of another digest of the stamp', SECOND, 'text', { STAMP_ROOT: 'fail' }],
    ['with the digest put in', { ...SECOND, digest: digestOf('text') }, 'text', { STAMP_ROOT: 'fail' }],
    ['with another salt', { ...PROOF, salt: SECOND.salt }, 'text', { STAMP_ROOT: 'fail' }],
    ['with another place in the stamp', { ...PROOF, index: 1 }, 'text', { STAMP_ROOT: 'fail' }],
    ['with another size of the stamp', { ...PROOF, size: 5 }, 'text', { STAMP_ROOT: 'fail' }],
    ['with a path cut short', { ...PROOF, path: PROOF.path.slice(1) }, 'text', { STAMP_ROOT: 'fail' }],
    [
      'with the leaf of another stamp',
      { ...PROOF, leaf: ELSEWHERE.leaf },
      'text',
      { STAMP_ROOT: 'fail', LOG_INCLUSION: 'fail' },
    ],
    [
      'with the log proof of another stamp',
      { ...PROOF, log: ELSEWHERE.log },
      'text',
      { LOG_INCLUSION: 'fail' },
    ],
    [
      'with another place on the log',
      { ...PROOF, log: { ...log, index: 2 } },
      'text',
      { LOG_INCLUSION: 'fail' },
    ],
    ['with no hashes', { ...PROOF, log: { ...log, hashes: [] } }, 'text', { LOG_INCLUSION: 'fail' }],
    [
      'with a leaf that is dated back',
      {
        ...PROOF,
        leaf: Buffer.from(
          Buffer.from(PROOF.leaf)
            .toString()
            .replace(`${START}`, `${START - 1}`),
        ),
      },
      'text',
      { STAMP_ROOT: 'pass', LOG_INCLUSION: 'fail' },
    ],
    [
      'in a leaf that is an anchor',
      { ...PROOF, leaf: encodeLeaf({ type: 'anchor', time: START, anchorString: '1.a', writer: 'w' }) },
      'text',
      { STAMP_ROOT: 'fail', LOG_INCLUSION: 'fail' },
    ],
    [
      'in a leaf that cannot be read',
      { ...PROOF, leaf: Buffer.from('{}') },
      'text',
      { STAMP_ROOT: 'fail', LEAF_TIME: 'skipped' },
    ],
    [
      'under a checkpoint that is none',
      { ...PROOF, log: { ...log, checkpoint: 'x\n\ny' } },
      'text',
      { CHECKPOINT_SIGNATURE: 'fail', LOG_INCLUSION: 'skipped' },
    ],
  ])('%s is rejected', (_, proof, text, expected) => {
    const outcome = verified(proof, text)
    expect(outcome.report.verdict).toBe('rejected')
    expect(outcome.existedBefore).toBeUndefined()
    expect(results(outcome)).toMatchObject(expected)
    expect(exitStatus(outcome.report)).toBe(2)
  })

  it('under a checkpoint of another key, or of another log of that key, is rejected', async () => {
    const text = (origin: string) => formatCheckpoint(origin, 1, hashLeaf(PROOF.leaf))
    const alone = { ...log, index: 0, hashes: [] }
    for (const checkpoint of [
      await signNote(text(ORIGIN), [stranger]),
      await signNote(text('other.example'), [KEY]),
    ]) {
      const outcome = verified({ ...PROOF, log: { ...alone, checkpoint } }, 'text')
      expect(outcome.report.verdict).toBe('rejected')
      expect(results(outcome)).toMatchObject({ CHECKPOINT_SIGNATURE: 'fail' })
    }
    const right = await signNote(text(ORIGIN), [KEY])
    expect(verified({ ...PROOF, log: { ...alone, checkpoint: right } }, 'text').report.verdict).toBe(
      'verified',
    )
  })
})

describe('a file of a proof with any byte changed', () => {
  it('never makes another text verified, and this one with no other time', async () => {
    const policy = policyOf(2)
    const whole = await cosigned(PROOF, [10, 20])
    const bytes = encodeStampProof(whole)
    const times = new Map([
      ['log', START],
      ['witnesses', START + 20],
    ])
    const look = (input: Uint8Array) => {
      let proof: StampProof
      try {
        proof = parseStampProof(input)
      } catch (error) {
        expect(error).toBeInstanceOf(LedgerError)
        return
      }
      for (const others of [{}, { policy }]) {
        for (const text of ['another', 'a third', 'texu']) {
          expect(verified(proof, text, others).report.verdict).toBe('rejected')
        }
        const { existedBefore, by } = verified(proof, 'text', others)
        if (existedBefore !== undefined) expect(existedBefore).toBe(times.get(by))
      }
    }
    look(bytes)
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const input = Buffer.from(bytes)
        input[at] = (input[at] as number) ^ change
        look(input)
      }),
    )
    // Of the changes to one byte, those that stay within the alphabets of the format reach deepest.
    for (let at = 0; at < bytes.length; at += 3) {
      const input = Buffer.from(bytes)
      input[at] = input[at] === 0x41 ? 0x42 : 0x41
      look(input)
    }
  })
})
