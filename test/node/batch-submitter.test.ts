import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readCar } from '../../src/content/car.ts'
import { EmbeddedContentStore } from '../../src/content/embedded/embedded-content-store.ts'
import { readContent } from '../../src/content/read.ts'
import { BatchSubmitter } from '../../src/node/batch-submitter.ts'
import { ROOTLINE } from '../../src/sidetree/parameters.ts'
import { type LocalServer, serveHttp } from '../net/servers.ts'
import { storeFiles } from './batches.ts'
import { Disk, memoryStore } from './memory-store.ts'
import { addService, Controller } from './parts.ts'
import { rootOf } from './submission-car.ts'

interface Asked {
  url: string
  headers: IncomingMessage['headers']
  body: Buffer
}

let server: LocalServer
let answer: (response: ServerResponse) => void
const asked: Asked[] = []
beforeAll(async () => {
  server = await serveHttp(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    asked.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(parts) })
    answer(response)
  })
})
afterAll(() => server.close())
beforeEach(() => {
  asked.length = 0
})

const says = (status: number, body: unknown) => (response: ServerResponse) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

async function submitting() {
  const content = new EmbeddedContentStore(memoryStore(new Disk()))
  const [controller, other, third] = [new Controller(), new Controller(), new Controller()]
  for (const one of [controller, other]) one.create()
  const requests = [third.create(), await controller.update([addService('a')]), await other.recover([])]
  const { anchorString, files } = await storeFiles(content, requests)
  const submitter = new BatchSubmitter({
    url: server.origin,
    token: 'alice.secret',
    content,
    versions: [ROOTLINE],
    now: Date.now,
  })
  const submit = (anchor = anchorString) => submitter.submit(anchor, new AbortController().signal)
  return { content, anchorString, files, submit }
}

describe('handing in a batch over HTTP', () => {
  it('sends all of its files and the token in one request, and gives the receipt', async () => {
    answer = says(202, { receipt: 'note\n' })
    const { submit, anchorString, files, content } = await submitting()
    expect(await submit()).toBe('note\n')
    expect(asked).toHaveLength(1)
    const [{ url, headers, body }] = asked as [Asked]
    expect(url).toBe(`/log/submissions?${new URLSearchParams({ anchorString })}`)
    expect(headers).toMatchObject({
      authorization: 'Bearer alice.secret',
      'content-type': 'application/vnd.ipld.car',
      'content-length': String(body.length),
    })
    const block = readCar(body, rootOf(anchorString))
    expect(Object.keys(files)).toHaveLength(5)
    for (const cid of Object.values(files)) {
      const sent = await readContent(cid, async one => block(one) ?? Buffer.from('none'), {
        maxBytes: 1 << 24,
      })
      expect(Buffer.from(sent)).toEqual(Buffer.from(await content.get(cid, { maxBytes: 1 << 24 })))
    }
  })

  it('hands on which operations are refused, as far as that is told in the right form', async () => {
    const refusal = { index: 1, didSuffix: 'x', code: 'COMMITMENT_UNKNOWN', reason: 'no' }
    const odd = [
      null,
      1,
      {},
      { ...refusal, index: -1 },
      { ...refusal, code: 'not a code' },
      { ...refusal, reason: 2 },
    ]
    answer = says(422, {
      code: 'LEDGER_ENTRY_REFUSED',
      detail: 'some do not apply',
      reason: 'FILE_NOT_GZIP',
      refusals: [refusal, ...odd],
    })
    const { submit } = await submitting()
    await expect(submit()).rejects.toMatchObject({
      code: 'LEDGER_ENTRY_REFUSED',
      message: 'some do not apply',
      reason: 'FILE_NOT_GZIP',
      refusals: [refusal],
    })
  })

  it.each<[string, number, unknown, string]>([
    ['missing files', 422, { code: 'LEDGER_FILES_MISSING', detail: 'x' }, 'LEDGER_FILES_MISSING'],
    ['a wrong token', 401, { code: 'TOKEN_INVALID', detail: 'x' }, 'LEDGER_WRITER_REFUSED'],
    ['a revoked writer', 403, { code: 'WRITER_REVOKED', detail: 'x' }, 'LEDGER_WRITER_REFUSED'],
    ['too many requests', 429, { code: 'RATE_LIMITED', detail: 'x' }, 'LEDGER_WRITER_REFUSED'],
    ['a busy log', 503, { code: 'BUSY', detail: 'x' }, 'LEDGER_UNREACHABLE'],
    ['a redirect', 302, {}, 'LEDGER_OUTCOME_UNKNOWN'],
    ['no receipt', 200, { leaf: 1 }, 'LEDGER_RECEIPT_INVALID'],
    ['something that is no object', 202, [], 'LEDGER_RECEIPT_INVALID'],
    ['a refusal of another form', 422, 'no', 'LEDGER_WRITER_REFUSED'],
  ])('says what %s comes to', async (_, status, body, code) => {
    answer = says(status, body)
    const { submit } = await submitting()
    await expect(submit()).rejects.toMatchObject({ code })
  })

  it.each<[string, (response: ServerResponse) => void]>([
    ['ends the connection', response => response.destroy()],
    ['answers without end', response => void endless(response)],
  ])('does not know what became of it where the log %s', async (_, how) => {
    answer = how
    const { submit } = await submitting()
    await expect(submit()).rejects.toMatchObject({ code: 'LEDGER_OUTCOME_UNKNOWN' })
  })

  it('sends nothing where a file is gone', async () => {
    answer = says(202, { receipt: 'note\n' })
    const { submit } = await submitting()
    const { anchorString } = await submitting()
    await expect(submit(anchorString)).rejects.toMatchObject({ code: 'LEDGER_FILES_MISSING' })
    expect(asked).toEqual([])
  })
})

/** More than any answer has. */
async function endless(response: ServerResponse): Promise<void> {
  response.writeHead(200)
  const part = Buffer.alloc(1 << 20, 0x20)
  for (let open = true; open && !response.destroyed; ) {
    open = await new Promise<boolean>(resolve =>
      response.write(part, error => resolve(error === undefined || error === null)),
    )
  }
}
