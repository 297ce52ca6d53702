import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { openCheckpoint } from '../../src/merkle/checkpoint.ts'
import { COSIGNER_TYPES, LOG_TYPES } from '../../src/merkle/signature-types.ts'
import { parseVkey } from '../../src/merkle/vkey.ts'

it('the example of docs/spec/cosignature.md verifies with its keys, each at its time', () => {
  const text = readFileSync(new URL('../../docs/spec/cosignature.md', import.meta.url), 'utf8')
  const [note = '', keys = ''] = [...text.matchAll(/```text\n([\s\S]*?\n)```/g)].map(match => match[1])
  const [log = '', ...others] = keys.trimEnd().split('\n')
  const verifier = parseVkey(log, LOG_TYPES)
  const cosigners = others.map(vkey => parseVkey(vkey, COSIGNER_TYPES))
  const { size, signatures } = openCheckpoint(note, 'log.example', verifier, cosigners)
  expect(size).toBe(1)
  expect(signatures.map(({ verifier: { type }, timestamp }) => [type, timestamp])).toEqual([
    [0x01, undefined],
    [0x04, 1_800_000_000],
    [0x06, 1_800_000_001],
  ])
})
