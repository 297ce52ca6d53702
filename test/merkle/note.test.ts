import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MerkleError } from '../../src/merkle/errors.ts'
import {
  appendSignatures,
  formatNote,
  MAX_NOTE_BYTES,
  parseNote,
  signatureLine,
  signNote,
  verifyNote,
} from '../../src/merkle/note.ts'
import { formatSigningKey, parseSigningKey } from '../../src/merkle/signing-key.ts'
import { parseVkey } from '../../src/merkle/vkey.ts'
import { corpusJson, hasCorpus } from '../corpus.ts'

const signer = (name: string, seed: number) => parseSigningKey(formatSigningKey(name, Buffer.alloc(32, seed)))
const log = signer('example.com/log', 1)
const other = signer('other.example', 2)
const TEXT = 'first line\n\nafter an empty line\n'

describe('signed notes (C2SP signed-note)', () => {
  it.runIf(hasCorpus)('verifies the example of the specification', () => {
    const example = corpusJson<{ vkey: string; note: string }>('ledger/c2sp/signed-note-example.json')
    const verified = verifyNote(example.note, [parseVkey(example.vkey)])
    expect(verified.text).toBe('This is an example message.\n')
    expect(verified.signatures.map(signature => signature.verifier.name)).toEqual(['example.com/foo'])
  })

  it('signs and verifies, with several keys, and splits at the last empty line', async () => {
    const note = await signNote(TEXT, [log, other])
    const verified = verifyNote(Buffer.from(note), [other.verifier, log.verifier])
    expect(verified.text).toBe(TEXT)
    expect(verified.signatures.map(signature => signature.verifier.name)).toEqual([
      'example.com/log',
      'other.example',
    ])
  })

  it('ignores signatures by keys that it does not know, but asks for one that it knows', async () => {
    const note = await signNote(TEXT, [log, other])
    expect(verifyNote(note, [log.verifier]).signatures).toHaveLength(1)
    const stranger = signer('stranger.example', 3)
    expect(() => verifyNote(note, [stranger.verifier])).toThrow(
      expect.objectContaining({ code: 'NOTE_UNVERIFIED' }),
    )
    expect(() => verifyNote(note, [])).toThrow(expect.objectContaining({ code: 'NOTE_UNVERIFIED' }))
  })

  it('a key of the same name and another key ID is unknown', async () => {
    const note = await signNote(TEXT, [log])
    const renewed = signer('example.com/log', 9)
    expect(() => verifyNote(note, [renewed.verifier])).toThrow(
      expect.objectContaining({ code: 'NOTE_UNVERIFIED' }),
    )
  })

  it('rejects the note when a known key has signed falsely, even beside a good signature', async () => {
    const good = await signNote(TEXT, [log])
    const false1 = { verifier: other.verifier, sign: async () => Buffer.alloc(64) }
    const note = await signNote(TEXT, [log, false1])
    expect(verifyNote(note, [log.verifier]).text).toBe(TEXT)
    expect(() => verifyNote(note, [log.verifier, other.verifier])).toThrow(
      expect.objectContaining({ code: 'NOTE_SIGNATURE_INVALID' }),
    )
    const changed = good.replace('first', 'First')
    expect(() => verifyNote(changed, [log.verifier])).toThrow(
      expect.objectContaining({ code: 'NOTE_SIGNATURE_INVALID' }),
    )
  })

  it('a second, false signature by a known key is not hidden by a good first one', async () => {
    const twice = { verifier: log.verifier, sign: async () => Buffer.alloc(64) }
    const note = await signNote(TEXT, [log, twice])
    expect(() => verifyNote(note, [log.verifier])).toThrow(
      expect.objectContaining({ code: 'NOTE_SIGNATURE_INVALID' }),
    )
  })

  it('two different keys of one name and key ID are refused rather than guessed between', () => {
    const impostor = { ...other.verifier, name: log.verifier.name, keyId: log.verifier.keyId }
    expect(() => verifyNote('x\n\n— a AAAAAAA=\n', [log.verifier, impostor])).toThrow(
      expect.objectContaining({ code: 'VKEY_AMBIGUOUS' }),
    )
  })

  it('takes further signatures, as long as it is a note with them', async () => {
    const note = await signNote(TEXT, [log])
    const line = await signatureLine(TEXT, other)
    expect(appendSignatures(note, [line])).toBe(await signNote(TEXT, [log, other]))
    expect(appendSignatures(note, [])).toBe(note)
    expect(appendSignatures(note, Array(99).fill(line))).toHaveLength(note.length + 99 * line.length)
    for (const lines of [[line.trimEnd()], ['x\n'], [line, '\n', line], Array(100).fill(line)]) {
      expect(() => appendSignatures(note, lines)).toThrow(MerkleError)
    }
  })

  it('is written as it was read', async () => {
    const note = await signNote(TEXT, [log, other])
    expect(formatNote(parseNote(note))).toBe(note)
  })

  it('takes 100 signatures and no more, and no more than its size', async () => {
    const line = '— some.example AAAAAAA=\n'
    expect(parseNote(`text\n\n${line.repeat(100)}`).signatures).toHaveLength(100)
    expect(() => parseNote(`text\n\n${line.repeat(101)}`)).toThrow(
      expect.objectContaining({ code: 'NOTE_TOO_MANY_SIGNATURES' }),
    )
    expect(() => parseNote(`${'x'.repeat(MAX_NOTE_BYTES)}\n\n${line}`)).toThrow(
      expect.objectContaining({ code: 'NOTE_TOO_LARGE' }),
    )
  })

  it.each([
    ['nothing', ''],
    ['no signature', 'text\n\n'],
    ['no empty line', 'text\n— a.example AAAAAAA=\n'],
    ['no newline at the end', 'text\n\n— a.example AAAAAAA='],
    ['a hyphen for the dash', 'text\n\n- a.example AAAAAAA=\n'],
    ['no key name', 'text\n\n—  AAAAAAA=\n'],
    ['a plus in the name', 'text\n\n— a+b AAAAAAA=\n'],
    ['a white space of another kind in the name', 'text\n\n— a\u00a0b AAAAAAA=\n'],
    ['three parts', 'text\n\n— a.example AAAAAAA= x\n'],
    ['a space at the end', 'text\n\n— a.example AAAAAAA= \n'],
    ['no padding', 'text\n\n— a.example AAAAAAA\n'],
    ['unused bits set', 'text\n\n— a.example AAAAAAB=\n'],
    ['base64url', 'text\n\n— a.example AAAAAA_=\n'],
    ['a key ID only', 'text\n\n— a.example AAAAAA==\n'],
    ['a carriage return', 'text\r\n\n— a.example AAAAAAA=\n'],
    ['a tab', 'te\txt\n\n— a.example AAAAAAA=\n'],
    ['a lone surrogate', 'te\ud800xt\n\n— a.example AAAAAAA=\n'],
    ['a line that is no signature among them', 'text\n\n— a.example AAAAAAA=\nx\n— a.example AAAAAAA=\n'],
  ])('refuses a note with %s', (_, note) => {
    expect(() => parseNote(note)).toThrow(expect.objectContaining({ code: 'NOTE_INVALID' }))
  })

  it('refuses bytes that are not UTF-8', () => {
    expect(() => parseNote(Buffer.from([0xff, 0x0a, 0x0a]))).toThrow(
      expect.objectContaining({ code: 'NOTE_INVALID' }),
    )
  })

  it('signs no text that could not be read again', async () => {
    for (const text of ['no newline', 'a\rb\n', '\ud800\n']) {
      await expect(signNote(text, [log])).rejects.toMatchObject({ code: 'NOTE_INVALID' })
    }
    await expect(signNote(TEXT, [])).rejects.toMatchObject({ code: 'NOTE_INVALID' })
  })

  it('a changed or shortened note never verifies, and throws only its own error', async () => {
    const note = Buffer.from(await signNote(TEXT, [log]))
    const refused = (bytes: Uint8Array) => {
      try {
        expect(verifyNote(bytes, [log.verifier]).text).toBe(TEXT)
        return false
      } catch (error) {
        expect(error).toBeInstanceOf(MerkleError)
        return true
      }
    }
    for (let length = 0; length < note.length; length++) expect(refused(note.subarray(0, length))).toBe(true)
    fc.assert(
      fc.property(fc.nat({ max: note.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const hurt = Buffer.from(note)
        hurt[at] = (hurt[at] as number) ^ flip
        expect(refused(hurt)).toBe(true)
      }),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.string({ unit: 'binary' }).map(s => Buffer.from(s)),
        ),
        bytes => {
          expect(refused(bytes)).toBe(true)
        },
      ),
    )
  })
})
