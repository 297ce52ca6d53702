import { describe, expect, it } from 'vitest'
import { sha256 } from '../../../src/codec/hash.ts'
import { parseForkEvidence, verifyForkEvidence } from '../../../src/ledger/follower/fork-evidence.ts'
import { encodeBase64 } from '../../../src/merkle/base64.ts'
import { formatCheckpoint } from '../../../src/merkle/checkpoint.ts'
import { signNote, verifyNote } from '../../../src/merkle/note.ts'
import { formatSigningKey, parseSigningKey } from '../../../src/merkle/signing-key.ts'
import { hashLeaf, rootOf } from '../../../src/merkle/tree.ts'
import { formatVkey, parseVkey } from '../../../src/merkle/vkey.ts'
import { corpusJson, hasCorpus } from '../../corpus.ts'
import { readyUrl, spawnCommand } from '../../faults/process.ts'
import { tempFolder } from '../../temp.ts'

interface Case {
  path: string
  body: string
  status: number
  asserts: string
}

/** `litewitness` says 403 to a log that it does not know; C2SP tlog-witness 1.0 says 404. */
const UNKNOWN_LOG = 'unknown log'

function spawnWitness(data: string, ...logs: string[]) {
  const named = logs.flatMap(log => ['--log', log])
  return spawnCommand([
    'witness',
    '--data',
    data,
    '--listen',
    '127.0.0.1:0',
    '--name',
    'example.com/witness',
    ...named,
  ])
}

async function post(
  url: string,
  body: string,
): Promise<{ status: number; type: string | null; text: string }> {
  const response = await fetch(`${url}/add-checkpoint`, { method: 'POST', body })
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
}

function litewitness(): { cases: Case[]; origin: string; vkey: string } {
  const { cases, logPublicKeyHex_ed25519: key } = corpusJson<{
    cases: Case[]
    logPublicKeyHex_ed25519: string
  }>('ledger', 'litewitness', 'add-checkpoint-cases.json')
  const origin = cases[0]?.body.split('\n')[2] ?? ''
  return { cases, origin, vkey: formatVkey(origin, 0x01, Buffer.from(key, 'hex')) }
}

describe.runIf(hasCorpus)('rootline witness, with the exchanges of litewitness', () => {
  it('answers each as C2SP tlog-witness says', async () => {
    const { cases, vkey } = litewitness()
    const data = tempFolder()
    const witness = spawnWitness(data, vkey)
    const url = await readyUrl(witness)
    const own = parseVkey((await (await fetch(`${url}/vkey`)).text()).trim())
    expect(own.name).toBe('example.com/witness')
    expect(cases).toHaveLength(9)
    for (const { body, status, asserts } of cases) {
      const answer = await post(url, body)
      expect(answer.status).toBe(asserts.includes(UNKNOWN_LOG) ? 404 : status)
      if (status === 409)
        expect([answer.type, answer.text]).toEqual([
          'text/x.tlog.size',
          asserts.includes('5') ? '5\n' : '3\n',
        ])
      if (status === 200) {
        const note = body.slice(body.indexOf('\n\n') + 2) + answer.text
        expect(verifyNote(note, [own]).signatures).toHaveLength(1)
      }
    }
    witness.child.kill('SIGTERM')
    expect((await witness.end).status).toBe(0)
  })

  it('lets one of two requests through that come at the same time, and never goes back (roll-back race)', async () => {
    const { cases, origin, vkey } = litewitness()
    const url = await readyUrl(spawnWitness(tempFolder(), vkey))
    // From nothing to 1; then from 1 to 3 and from 1 to 5 together, several times each.
    const [start, short, long] = [cases[0], cases[5], cases[6]].map(one => one?.body ?? '') as [
      string,
      string,
      string,
    ]
    expect((await post(url, start)).status).toBe(200)
    const answers = await Promise.all([short, long, short, long].map(body => post(url, body)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409])
    const path = `${url}/${sha256(origin).toString('hex')}/checkpoint`
    const size = (await (await fetch(path)).text()).split('\n')[1]
    const won = [short, long, short, long][answers.findIndex(({ status }) => status === 200)] ?? ''
    expect(won).toContain(`${origin}\n${size}\n`)
    expect(answers.filter(({ status }) => status === 409).map(({ text }) => text)).toEqual(
      Array.from({ length: 3 }, () => `${size}\n`),
    )
  })

  it('takes a log whose origin is not the name of its key', async () => {
    const { origin, logVkey, cases } = corpusJson<{ origin: string; logVkey: string; cases: Case[] }>(
      'ledger',
      'litewitness',
      'sumdb-checkpoint-cases.json',
    )
    const url = await readyUrl(spawnWitness(tempFolder(), `${origin}=${logVkey}`))
    for (const { body, status } of cases) expect((await post(url, body)).status).toBe(status)
  })
})

describe.runIf(hasCorpus)('a witness to which a log shows two histories', () => {
  it('gives the evidence, which anyone can verify', async () => {
    const { good, fork, logVkey } = corpusJson<{
      good: { [name: string]: string }
      fork: { [name: string]: string }
      logVkey: string
    }>('ledger', 'derived', 'tlog-good-and-fork.json')
    const url = await readyUrl(spawnWitness(tempFolder(), logVkey))
    const { name } = parseVkey(logVkey)
    const path = `${url}/${sha256(name).toString('hex')}/evidence`
    expect((await post(url, `old 0\n\n${good['checkpoint10']}`)).status).toBe(200)
    expect((await post(url, good['addCheckpointRequest_10_to_15'] as string)).status).toBe(200)
    expect((await fetch(path)).status).toBe(404)
    expect((await post(url, `old 15\n\n${fork['fork15']}`)).status).toBe(422)
    const evidence = parseForkEvidence(Buffer.from(await (await fetch(path)).arrayBuffer()))
    expect(verifyForkEvidence(evidence, name, parseVkey(logVkey)).proven).toBe(true)
  })
})

describe('a witness that is killed', () => {
  it('at any moment never goes back behind what it has answered, and signs one history', async () => {
    const log = parseSigningKey(formatSigningKey('log.example', Buffer.alloc(32, 5)))
    const data = tempFolder()
    let answered = 0
    // A log that grows by one entry with each request, and that asks again until it is answered.
    const checkpoint = (size: number) => signNote(formatCheckpoint('log.example', size, rootAt(size)), [log])
    for (let life = 0; life < 6; life++) {
      const witness = spawnWitness(data, log.verifier.vkey)
      const url = await readyUrl(witness)
      const killed = new Promise<void>(resolve => setTimeout(resolve, 20 + 15 * life)).then(() =>
        witness.child.kill('SIGKILL'),
      )
      for (let alive = true; alive; ) {
        const next = answered + 1
        const body = `old ${answered}\n${proofLines(answered)}\n${await checkpoint(next)}`
        const answer = await post(url, body).catch(() => undefined)
        if (answer === undefined) alive = false
        else if (answer.status === 200) answered = next
        else {
          // It was killed after it stored, and before it answered.
          expect([answer.status, answer.text]).toEqual([409, `${next}\n`])
          answered = next
        }
      }
      await killed
      await witness.end
    }
    expect(answered).toBeGreaterThan(6)
    const last = await readyUrl(spawnWitness(data, log.verifier.vkey))
    const { text } = await post(last, `old 0\n\n${await checkpoint(answered)}`)
    expect([`${answered}\n`, `${answered + 1}\n`]).toContain(text)
    answered = Number(text)
    expect((await post(last, `old ${answered}\n\n${await checkpoint(answered)}`)).status).toBe(200)
    expect((await post(last, `old ${answered - 1}\n\n${await checkpoint(answered)}`)).status).toBe(409)
  })
})

function leaves(size: number): Buffer[] {
  return Array.from({ length: size }, (_, i) => hashLeaf(Buffer.from(String(i))))
}

function rootAt(size: number): Uint8Array {
  return rootOf(leaves(size))
}

/** Consistency proof from a size to the next one (RFC 9162 section 2.1.4.1), by its definition. */
function proofLines(size: number): string {
  if (size === 0) return ''
  return subproof(size, leaves(size + 1), true)
    .map(hash => `${encodeBase64(hash)}\n`)
    .join('')
}

function subproof(m: number, all: Buffer[], whole: boolean): Uint8Array[] {
  if (m === all.length) return whole ? [] : [rootOf(all)]
  let k = 1
  while (k * 2 < all.length) k *= 2
  return m <= k
    ? [...subproof(m, all.slice(0, k), whole), rootOf(all.slice(k))]
    : [...subproof(m - k, all.slice(k), false), rootOf(all.slice(0, k))]
}
