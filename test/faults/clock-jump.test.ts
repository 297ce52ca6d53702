import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tempFolder } from '../temp.ts'
import { Client, HttpClient, untilApplied } from './load.ts'
import { type Network, type Role, startNetwork, textAt, until } from './network.ts'
import { claimsOf, clock, evidenceOf, reasonsOf } from './told.ts'

const HOUR = 3_600
const client = new Client()
const [logTime, witnessTime, followerTime] = [clock(), clock(), clock()]
let network: Network
let http: HttpClient
let follower: Role

/** Hands in one more operation, which is acknowledged whatever the clock says. */
async function submit(): Promise<void> {
  while ((await client.step(http)).status !== 202);
}

/** Whether the follower is ready, and answers as the log's node. */
async function agrees(): Promise<boolean> {
  const path = `/1.0/identifiers/${client.controller.did}`
  const [own, other] = await Promise.all(
    [network.log, follower].map(({ url }) => textAt(url, path).catch(() => url)),
  )
  return own === other && (await reasonsOf(follower)).length === 0
}

function checkpoint(): Promise<string> {
  return textAt(network.log.url, '/log/checkpoint')
}

/** How often the log has got no cosignature that counts from a witness. */
async function failuresOf(witness: string): Promise<number> {
  const line = new RegExp(`^rootline_log_cosignature_failures_total{witness="${witness}"} (\\d+)$`, 'm')
  return Number(line.exec(await textAt(network.log.url, '/metrics'))?.[1])
}

async function expectNoEvidence(): Promise<void> {
  const { text } = await evidenceOf(follower, network.signer.verifier.vkey)
  expect(text).toContain('there is no evidence')
}

beforeAll(async () => {
  network = await startNetwork(join(tempFolder(), 'network'), [], { log: logTime.env, w0: witnessTime.env })
  http = new HttpClient(network.log.url, network.log.data)
  follower = await network.follower('follower', { env: followerTime.env })
  await follower.start()
  await submit()
  await untilApplied(http, [client])
  await until(agrees)
}, 120_000)
afterAll(() => network.stop())

describe("the log's clock", () => {
  it.each([
    ['an hour back', -HOUR],
    ['two days ahead', 48 * HOUR],
  ])(
    'jumps %s: what was acknowledged waits, nothing is signed, and goes on once it is right',
    async (_, by) => {
      const before = await checkpoint()
      logTime.set(by)
      await submit()
      await until(async () => (await reasonsOf(network.log)).some(({ code }) => code === 'QUEUE_FAILING'))
      expect(await checkpoint()).toBe(before)
      logTime.set(0)
      await untilApplied(http, [client])
      await until(agrees)
      expect(await claimsOf(follower, client.controller.did)).toMatchObject({ all: 'verified' })
      await expectNoEvidence()
    },
  )
})

describe("a witness's clock", () => {
  it('jumps an hour ahead, and back: its cosignature does not count, and the others are enough', async () => {
    for (const by of [HOUR, 0]) {
      witnessTime.set(by)
      await submit()
      await untilApplied(http, [client])
      await until(agrees)
      const note = await checkpoint()
      const cosigned = [...note.matchAll(/^— (w\d)\.example /gm)].map(([, name]) => name)
      expect(cosigned.toSorted()).toEqual(['w1', 'w2'])
    }
    expect(await failuresOf('w0')).toBeGreaterThan(0)
    // It has cosigned for a time to come, and does not go back behind that.
    const [witness] = network.witnesses
    expect((await fetch(`${witness?.url}/health/ready`)).status).toBe(503)
    expect(await claimsOf(follower, client.controller.did)).toMatchObject({ all: 'verified' })
  })
})

describe("a follower's clock", () => {
  it('jumps an hour back: leaves of its future are refused, and taken once it is right', async () => {
    followerTime.set(-HOUR)
    await submit()
    await untilApplied(http, [client])
    await until(async () => (await reasonsOf(follower)).length > 0)
    expect(await reasonsOf(follower)).toMatchObject([{ code: 'LEDGER_LEAF_TIME' }])
    expect(await claimsOf(follower, client.controller.did)).toMatchObject({
      document: 'verified',
      newest: 'undecided',
    })
    followerTime.set(0)
    await until(agrees)
    await expectNoEvidence()
  })

  it('jumps an hour ahead: what it has is too old to be the newest, until it is right', async () => {
    followerTime.set(HOUR)
    await until(async () => (await reasonsOf(follower)).length > 0)
    expect(await reasonsOf(follower)).toMatchObject([{ code: 'LEDGER_STALE' }])
    expect(await claimsOf(follower, client.controller.did)).toMatchObject({
      document: 'verified',
      newest: 'undecided',
    })
    followerTime.set(0)
    await until(agrees)
    expect(await claimsOf(follower, client.controller.did)).toMatchObject({ all: 'verified' })
  })
})

describe('a leaf from the future, since the clock of the log was an hour ahead and nothing told it', () => {
  it('is published once witnesses and log agree on the time, and is taken by followers once it is time', async () => {
    const before = await checkpoint()
    const failures = Math.max(await failuresOf('w1'), await failuresOf('w2'))
    logTime.set(HOUR)
    await submit()
    const waited = async () => (await reasonsOf(network.log)).map(({ code }) => code)
    await until(async () => (await failuresOf('w1')) > failures && (await failuresOf('w2')) > failures)
    expect(await checkpoint()).toBe(before)
    logTime.set(0)
    await untilApplied(http, [client])
    await until(async () => (await reasonsOf(follower)).length > 0)
    expect(await reasonsOf(follower)).toMatchObject([{ code: 'LEDGER_LEAF_TIME' }])
    // The log goes back behind no leaf of its own either.
    await submit()
    await until(async () => (await waited()).includes('QUEUE_FAILING'))
    for (const time of [logTime, followerTime]) time.set(HOUR)
    await until(async () => !(await reasonsOf(follower)).some(({ code }) => code === 'LEDGER_LEAF_TIME'))
    await expectNoEvidence()
  })
})
