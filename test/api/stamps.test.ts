import fc from 'fast-check'
import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import { STAMP_PROOFS, STAMP_REQUEST } from '../../src/api/schemas.ts'
import { sha256 } from '../../src/codec/hash.ts'
import { LedgerError, type LedgerErrorCode } from '../../src/ledger/errors.ts'
import { MAX_STAMP_DIGESTS } from '../../src/ledger/stamp/make-stamp.ts'
import { parseStampProof } from '../../src/ledger/stamp/stamp-proof.ts'
import { LogWorld } from '../ledger/log-world.ts'
import { verified } from '../ledger/stamp/stamp-world.ts'
import { AUTHORIZED, serverFor } from './api.ts'

const log = { checkpoint: () => '', tile: () => undefined, entries: async () => undefined }
const hex = (text: string) => sha256(text).toString('hex')

/** A server whose stamps go to a log in memory. */
async function stamping() {
  const world = new LogWorld()
  const embedded = await world.open()
  const app = await serverFor({ log: embedded, stamp: root => embedded.stamp(root, 'local') })
  return { world, app }
}

const post = (payload: string | Buffer, headers: Record<string, string> = AUTHORIZED) =>
  ({
    method: 'POST',
    url: '/log/stamps',
    payload,
    headers: { 'content-type': 'application/json', ...headers },
  }) as const

describe('POST /log/stamps', () => {
  it('answers with a proof for each digest, in order, once they are on the log', async () => {
    const { app, world } = await stamping()
    const texts = ['a', 'b', 'a']
    const body = { digests: texts.map(hex) }
    expect(Value.Check(STAMP_REQUEST, body)).toBe(true)
    const response = await app.inject(post(JSON.stringify(body)))
    expect(response.statusCode).toBe(200)
    expect(response.headers['cache-control']).toBe('no-store')
    expect(Value.Check(STAMP_PROOFS, response.json())).toBe(true)
    expect(world.entries().length).toBe(1)
    const proofs: unknown[] = response.json().proofs
    expect(proofs.length).toBe(3)
    for (const [i, proof] of proofs.entries()) {
      const { report } = verified(parseStampProof(Buffer.from(JSON.stringify(proof))), texts[i] as string)
      expect(report.verdict).toBe('verified')
    }
  })

  it('the same digests again make another stamp, with other salts', async () => {
    const { app, world } = await stamping()
    const body = JSON.stringify({ digests: [hex('a')] })
    const [first, second] = [await app.inject(post(body)), await app.inject(post(body))]
    expect(first.json().proofs[0].salt).not.toBe(second.json().proofs[0].salt)
    expect(world.entries().length).toBe(2)
  })

  it('takes as many digests as it says, also on lines of their own, and no more', async () => {
    const { app, world } = await stamping()
    const digests = Array.from({ length: MAX_STAMP_DIGESTS }, (_, i) => hex(`${i}`))
    const all = await app.inject(post(JSON.stringify({ digests }, null, 2)))
    expect(all.json().proofs?.length).toBe(MAX_STAMP_DIGESTS)
    const more = await app.inject(post(JSON.stringify({ digests: [...digests, hex('x')] })))
    expect([more.statusCode, more.json().code]).toEqual([400, 'STAMP_REQUEST_INVALID'])
    const large = await app.inject(post(Buffer.alloc(100 * MAX_STAMP_DIGESTS, 0x20)))
    expect([large.statusCode, large.json().code]).toEqual([413, 'BODY_TOO_LARGE'])
    expect(world.entries().length).toBe(1)
  })

  it('needs the token, and a body that says that it is JSON', async () => {
    const { app, world } = await stamping()
    const body = JSON.stringify({ digests: [hex('a')] })
    expect((await app.inject(post(body, {}))).json().code).toBe('TOKEN_REQUIRED')
    expect((await app.inject(post(body, { authorization: 'Bearer x' }))).json().code).toBe('TOKEN_INVALID')
    const text = await app.inject(post(body, { ...AUTHORIZED, 'content-type': 'text/plain' }))
    expect(text.json().code).toBe('MEDIA_TYPE_UNSUPPORTED')
    const none = await app.inject({ method: 'POST', url: '/log/stamps', headers: AUTHORIZED })
    expect(none.json().code).toBe('MEDIA_TYPE_UNSUPPORTED')
    expect(world.entries()).toEqual([])
  })

  it.each([
    ['no list', '{"digests":"a"}'],
    ['an empty list', '{"digests":[]}'],
    ['another member', `{"digests":["${hex('a')}"],"salt":"x"}`],
    ['a digest in capitals', `{"digests":["${hex('a').toUpperCase()}"]}`],
    ['a digest that is too short', `{"digests":["${hex('a').slice(1)}"]}`],
    ['a digest with a line end', `{"digests":["${hex('a')}\\n"]}`],
    ['a list in the list', `{"digests":[["${hex('a')}"]]}`],
    ['a member twice', `{"digests":["${hex('a')}"],"digests":["${hex('b')}"]}`],
    ['a list in place of an object', `["${hex('a')}"]`],
    ['nothing', ' '],
  ])('refuses %s, and stamps nothing', async (_, body) => {
    const { app, world } = await stamping()
    const response = await app.inject(post(body))
    expect([response.statusCode, response.json().code]).toEqual([400, 'STAMP_REQUEST_INVALID'])
    expect(world.entries()).toEqual([])
  })

  it('refuses any other bytes with a problem', async () => {
    const { app, world } = await stamping()
    const body = fc.oneof(
      fc.uint8Array({ minLength: 1 }).map(bytes => Buffer.from(bytes)),
      fc.json().map(Buffer.from),
      fc.jsonValue().map(value => Buffer.from(JSON.stringify({ digests: value }))),
    )
    await fc.assert(
      fc.asyncProperty(body, async bytes => {
        const response = await app.inject(post(bytes))
        expect([response.statusCode, response.json().code]).toEqual([400, 'STAMP_REQUEST_INVALID'])
      }),
    )
    expect(world.entries()).toEqual([])
  })

  it('says so where the log is that of another', async () => {
    const app = await serverFor({ log })
    const response = await app.inject(post(JSON.stringify({ digests: [hex('a')] })))
    expect([response.statusCode, response.json().code]).toEqual([403, 'LEDGER_READ_ONLY'])
  })

  it.each<[LedgerErrorCode, number]>([
    ['LEDGER_OUTCOME_UNKNOWN', 503],
    ['LEDGER_QUORUM_MISSING', 503],
    ['LEDGER_CLOCK_BEHIND', 503],
    ['LEDGER_CLOSED', 503],
  ])('answers %s with its problem', async (code, status) => {
    const stamp = () => Promise.reject(new LedgerError(code, 'not now'))
    const app = await serverFor({ log, stamp })
    const response = await app.inject(post(JSON.stringify({ digests: [hex('a')] })))
    expect([response.statusCode, response.json().code]).toEqual([status, code])
    expect(response.headers).toHaveProperty('retry-after')
  })
})
