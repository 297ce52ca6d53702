import { describe, expect, it } from 'vitest'
import type { SubmissionParts } from '../../src/api/parts.ts'
import type { Entry } from '../../src/ledger/admission.ts'
import { LedgerError } from '../../src/ledger/errors.ts'
import type { SubmissionAnswer } from '../../src/node/submissions.ts'
import { AUTHORIZED, serverFor } from './api.ts'

const log = { checkpoint: () => '', tile: () => undefined, entries: async () => undefined }
const ANCHOR = '1.QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG'
const ALICE = { authorization: 'Bearer alice.secret' }
const MAX_BYTES = 1_000

interface Taken extends Entry {
  bytes: number
}

/** A server that takes submissions of alice, and once did of bob. */
async function taking(
  answer: (entry: Entry) => Promise<SubmissionAnswer> = async () => ({ receipt: 'note\n', leaf: undefined }),
  more: Parameters<typeof serverFor>[0] = {},
) {
  const taken: Taken[] = []
  const submissions: SubmissionParts = {
    maxBytes: MAX_BYTES,
    submit: async (entry, car) => {
      taken.push({ ...entry, bytes: car.length })
      return answer(entry)
    },
    writers: {
      find: async token => {
        if (token === 'alice.secret') return { name: 'alice', revoked: false }
        return token === 'bob.secret' ? { name: 'bob', revoked: true } : undefined
      },
    },
  }
  return { taken, app: await serverFor({ log, submissions, ...more }) }
}

const post = (
  headers: Record<string, string> = ALICE,
  payload = Buffer.alloc(10),
  url = `/log/submissions?anchorString=${ANCHOR}`,
) =>
  ({
    method: 'POST',
    url,
    payload,
    headers: { 'content-type': 'application/vnd.ipld.car', ...headers },
  }) as const

describe('POST /log/submissions', () => {
  it('answers with the receipt, and names the writer by its token', async () => {
    const { app, taken } = await taking()
    const response = await app.inject(post())
    expect(response.statusCode).toBe(202)
    expect(response.headers['cache-control']).toBe('no-store')
    expect(response.json()).toEqual({ receipt: 'note\n' })
    expect(taken).toEqual([{ anchorString: ANCHOR, writer: 'alice', bytes: 10 }])
  })

  it('answers with the leaf where it is there already', async () => {
    const { app } = await taking(async () => ({ receipt: 'note\n', leaf: 7 }))
    const response = await app.inject(post())
    expect(response.statusCode).toBe(200)
    expect(response.json()).toEqual({ receipt: 'note\n', leaf: 7 })
  })

  it.each([
    ['no token', {}, 401, 'TOKEN_REQUIRED'],
    ['a token of nobody', { authorization: 'Bearer alice.other' }, 401, 'TOKEN_INVALID'],
    ['the token of the node itself', AUTHORIZED, 401, 'TOKEN_INVALID'],
    ['the token of a writer who is revoked', { authorization: 'Bearer bob.secret' }, 403, 'WRITER_REVOKED'],
  ])('refuses %s before it reads the body', async (_, headers, status, code) => {
    const { app, taken } = await taking()
    const response = await app.inject(post(headers, Buffer.alloc(MAX_BYTES + 1)))
    expect(response.statusCode).toBe(status)
    expect(response.json().code).toBe(code)
    expect(taken).toEqual([])
  })

  it.each([
    ['a body that is too large', post(ALICE, Buffer.alloc(MAX_BYTES + 1)), 413, 'BODY_TOO_LARGE'],
    [
      'a body of another type',
      post({ ...ALICE, 'content-type': 'application/json' }),
      415,
      'MEDIA_TYPE_UNSUPPORTED',
    ],
    ['a form', post({ ...ALICE, 'content-type': 'multipart/form-data' }), 415, 'MEDIA_TYPE_UNSUPPORTED'],
    ['no anchor string', post(ALICE, undefined, '/log/submissions'), 400, 'PARAMETER_INVALID'],
    [
      'two anchor strings',
      post(ALICE, undefined, '/log/submissions?anchorString=a&anchorString=b'),
      400,
      'PARAMETER_INVALID',
    ],
    [
      'an anchor string that no leaf can hold',
      post(ALICE, undefined, `/log/submissions?anchorString=${'1'.repeat(1025)}`),
      400,
      'PARAMETER_INVALID',
    ],
  ])('refuses %s', async (_, request, status, code) => {
    const { app, taken } = await taking()
    const response = await app.inject(request)
    expect(response.statusCode).toBe(status)
    expect(response.json().code).toBe(code)
    expect(taken).toEqual([])
  })

  it('does not take a body of its type anywhere else', async () => {
    const { app } = await taking()
    const response = await app.inject(post(AUTHORIZED, undefined, '/operations'))
    expect(response.json().code).toBe('MEDIA_TYPE_UNSUPPORTED')
  })

  it('says which operations are refused and why', async () => {
    const refusals = [{ index: 0, didSuffix: 'x', code: 'COMMITMENT_UNKNOWN', reason: 'no' }]
    const { app } = await taking(async () => {
      throw new LedgerError('LEDGER_ENTRY_REFUSED', 'no', undefined, { refusals })
    })
    const response = await app.inject(post())
    expect(response.statusCode).toBe(422)
    expect(response.json()).toMatchObject({ code: 'LEDGER_ENTRY_REFUSED', refusals })
  })

  it('says which rule a batch breaks', async () => {
    const { app } = await taking(async () => {
      throw new LedgerError('LEDGER_ENTRY_REFUSED', 'no', undefined, { reason: 'FILE_NOT_GZIP' })
    })
    const response = await app.inject(post())
    expect(response.json()).toMatchObject({ code: 'LEDGER_ENTRY_REFUSED', reason: 'FILE_NOT_GZIP' })
    expect(response.json().refusals).toBeUndefined()
  })

  it('counts the requests of each writer, also those that are refused later', async () => {
    let time = 0
    const limits = { submissionsPerMinute: 2 }
    const { app } = await taking(undefined, { limits, now: () => time })
    const statuses = async (count: number) => {
      const found: number[] = []
      for (let i = 0; i < count; i++) found.push((await app.inject(post())).statusCode)
      return found
    }
    expect(await statuses(3)).toEqual([202, 202, 429])
    time += 60_000
    expect(await statuses(1)).toEqual([202])
    // A clock that goes back keeps nobody out for ever.
    time = -1
    expect(await statuses(1)).toEqual([202])
  })

  it('counts the bytes of each writer', async () => {
    const { app } = await taking(undefined, { limits: { submissionBytesPerMinute: 100 } })
    const sizes = [99, 99, 1]
    const found: number[] = []
    for (const size of sizes) found.push((await app.inject(post(ALICE, Buffer.alloc(size)))).statusCode)
    expect(found).toEqual([202, 202, 429])
  })

  it('takes a few at a time, and gives the place back', async () => {
    const gate = Promise.withResolvers<void>()
    const answer = async () => {
      await gate.promise
      return { receipt: 'note\n', leaf: undefined }
    }
    const { app, taken } = await taking(answer, { limits: { submissions: 1 } })
    const first = app.inject(post())
    while (taken.length === 0) await new Promise(resolve => setImmediate(resolve))
    expect((await app.inject(post())).json().code).toBe('BUSY')
    gate.resolve()
    expect((await first).statusCode).toBe(202)
    expect((await app.inject(post())).statusCode).toBe(202)
  })

  it('of a node that follows the log of another sends the writer there', async () => {
    const app = await serverFor({ log })
    const response = await app.inject(post())
    expect(response.statusCode).toBe(403)
    expect(response.json().code).toBe('LEDGER_READ_ONLY')
  })
})
