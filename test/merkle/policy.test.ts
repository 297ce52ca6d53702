import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MerkleError } from '../../src/merkle/errors.ts'
import { formatPolicy, meetsQuorum, parsePolicy, quorumsIntersect } from '../../src/merkle/policy.ts'
import { COSIGNATURE_V1 } from '../../src/merkle/signature-types.ts'
import { formatSigningKey, parseCosignerKey, parseSigningKey } from '../../src/merkle/signing-key.ts'

const LOG = parseSigningKey(formatSigningKey('log.example', Buffer.alloc(32, 1))).verifier.vkey
const KEYS = Array.from(
  { length: 16 },
  (_, i) =>
    parseCosignerKey(formatSigningKey(`w${i}.example`, Buffer.alloc(32, 16 + i), COSIGNATURE_V1)).verifier
      .vkey,
)

const witnesses = (count: number) => KEYS.slice(0, count).map((vkey, i) => `witness w${i} ${vkey}`)
const names = (count: number) => KEYS.slice(0, count).map((_, i) => `w${i}`)

function policy(...lines: string[]) {
  return parsePolicy(`${lines.join('\n')}\n`)
}

describe('a policy (C2SP tlog-policy)', () => {
  it('is read with its comments, tabs and URLs', () => {
    const read = policy(
      '# who watches',
      `log ${LOG} https://log.example/`,
      '',
      `witness\tw0  ${KEYS[0]} http://127.0.0.1:7801/w0/`,
      `witness w1 ${KEYS[1]}`,
      ' \t# and how many',
      'group both+all all w0 w1',
      'quorum both+all\t',
    )
    expect(read.logs).toMatchObject([{ verifier: { vkey: LOG }, url: 'https://log.example' }])
    expect(read.witnesses).toMatchObject([
      { name: 'w0', verifier: { vkey: KEYS[0] }, url: 'http://127.0.0.1:7801/w0' },
      { name: 'w1', verifier: { vkey: KEYS[1] } },
    ])
    expect(read.groups).toEqual([{ name: 'both+all', threshold: 2, members: ['w0', 'w1'] }])
    expect(read.quorum).toBe('both+all')
  })

  it('is written as what is read, without its logs', () => {
    const read = policy(`log ${LOG}`, ...witnesses(3), 'group g any w0 w1', 'group h all g w2', 'quorum h')
    const text = formatPolicy(read)
    expect(parsePolicy(text)).toMatchObject({ ...read, logs: [], witnesses: [{}, {}, {}] })
    expect(formatPolicy(parsePolicy(text))).toBe(text)
    const urls = policy(`witness w0 ${KEYS[0]} https://w0.example/a/`, 'quorum w0')
    expect(parsePolicy(formatPolicy(urls)).witnesses).toMatchObject([{ url: 'https://w0.example/a' }])
  })

  it.each([
    ['an unknown keyword', ['mirror x', 'quorum none'], 1],
    ['no key', ['witness w0', 'quorum none'], 1],
    ['a key that is none', ['witness w0 abc', 'quorum none'], 1],
    ['one key twice', [`witness a ${KEYS[0]}`, `witness b ${KEYS[0]}`, 'quorum none'], 2],
    ['one name twice', [`witness a ${KEYS[0]}`, `witness a ${KEYS[1]}`, 'quorum none'], 2],
    ['the name none', [`witness none ${KEYS[0]}`, 'quorum none'], 1],
    ['a member that has no line', ['group g any w0', 'quorum g'], 1],
    ['a group in itself', ['group g any g', 'quorum g'], 1],
    ['a member twice', [...witnesses(1), 'group g any w0', 'group h any w0', 'quorum h'], 3],
    ['a member twice in one group', [...witnesses(1), 'group g 2 w0 w0', 'quorum g'], 2],
    ['a threshold above the members', [...witnesses(1), 'group g 2 w0', 'quorum g'], 2],
    ['a threshold of zero', [...witnesses(1), 'group g 0 w0', 'quorum g'], 2],
    ['an empty group', [...witnesses(1), 'group g all', 'quorum g'], 2],
    ['a quorum of nobody', ['quorum w0'], 1],
    ['two quorums', ['quorum none', 'quorum none'], 2],
    ['a URL that is none', [`log ${LOG} ftp://log.example`, 'quorum none'], 1],
    ["a log's key as that of a witness", [`witness w0 ${LOG}`, 'quorum none'], 1],
    ["a witness's key as that of a log", [`log ${KEYS[0]}`, 'quorum none'], 1],
    ['a carriage return', ['quorum none\r'], 1],
    ['a control character in a comment', ['quorum none', '# \u0000'], 2],
    ['a word too many', [`log ${LOG} https://log.example more`, 'quorum none'], 1],
  ])('with %s is refused, with the number of the line', (_, lines, line) => {
    expect(() => policy(...lines)).toThrow(
      expect.objectContaining({ code: 'POLICY_INVALID', message: expect.stringContaining(`line ${line} `) }),
    )
  })

  it('without a quorum is refused', () => {
    expect(() => policy(...witnesses(1))).toThrow(expect.objectContaining({ code: 'POLICY_INVALID' }))
  })

  it('of any text is read, or refused with a MerkleError', () => {
    const line = fc.oneof(
      fc.string(),
      fc
        .array(
          fc.constantFrom(
            'log',
            'witness',
            'group',
            'quorum',
            'any',
            'all',
            '1',
            'w0',
            ...KEYS.slice(0, 2),
            '#',
          ),
        )
        .map(words => words.join(' ')),
    )
    fc.assert(
      fc.property(fc.array(line), lines => {
        try {
          parsePolicy(lines.join('\n'))
        } catch (error) {
          expect(error).toBeInstanceOf(MerkleError)
        }
      }),
    )
  })
})

describe('a quorum', () => {
  const signed = (...numbers: number[]) => new Set(numbers.map(i => KEYS[i] as string))

  it('is met by a threshold of witnesses, through groups of groups', () => {
    const nested = policy(
      ...witnesses(5),
      'group a 2 w0 w1 w2',
      'group b any w3 w4',
      'group c all a b',
      'quorum c',
    )
    expect(meetsQuorum(nested, signed(0, 2, 4))).toBe(true)
    expect(meetsQuorum(nested, signed(0, 1, 2))).toBe(false)
    expect(meetsQuorum(nested, signed(0, 3, 4))).toBe(false)
    expect(meetsQuorum(nested, new Set(['a', 'b', 'w0']))).toBe(false)
    expect(meetsQuorum(policy('quorum none'), signed())).toBe(true)
    expect(meetsQuorum(policy(...witnesses(1), 'quorum w0'), signed(0))).toBe(true)
  })

  it('of more than half has a witness in common with any other', () => {
    const of = (k: number, n: number) =>
      quorumsIntersect(policy(...witnesses(n), `group g ${k} ${names(n).join(' ')}`, 'quorum g'))
    expect([of(1, 1), of(1, 2), of(2, 2), of(2, 3), of(2, 4), of(3, 4)]).toEqual([
      true,
      false,
      true,
      true,
      false,
      true,
    ])
    expect([of(8, 16), of(9, 16)]).toEqual([false, true])
    expect(quorumsIntersect(policy('quorum none'))).toBe(false)
    const nested = policy(
      ...witnesses(4),
      'group a any w0 w1',
      'group b any w2 w3',
      'group c all a b',
      'quorum c',
    )
    expect(quorumsIntersect(nested)).toBe(false)
  })
})

it('what two quorums have in common is looked for once', () => {
  let looks = 0
  const read = policy(...witnesses(3), 'group g 2 w0 w1 w2', 'quorum g')
  const counting = {
    ...read,
    get groups() {
      looks++
      return read.groups
    },
  }
  expect(quorumsIntersect(counting)).toBe(true)
  const before = looks
  expect(before).toBeGreaterThan(0)
  expect([quorumsIntersect(counting), looks]).toEqual([true, before])
})
